"""Row 14: facts can be older than orders, and silence is no refusal: the link stalls, or the gateway dies, then."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from consults import (
    NUMBER,
    NUMBER_DIALLED,
    conference,
    consulting,
    matrix,
    resumed,
    settled,
    site_with_conferences,
    talk,
)
from steps import Cable, at_work, connected, eventually, hear_each_other, hears_music, the_call

from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC

TURN = 45.0
"""Seconds that no turn of waiting takes."""
STALL = 11.0
"""Seconds: three times what a move may take, and less than the watchdog's patience."""


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab, cable_of_the_module: Cable) -> AsyncIterator[Site]:
    far_end = {"host": "127.0.0.1", "port": cable_of_the_module.port}
    async with site_with_conferences(lab_of_the_session, pbx=far_end) as site:
        yield site


async def vouch(lab: Lab, seconds: int) -> None:
    await (await lab.ami()).action("Setvar", Variable="CALLBRIDGE_ALIVE", Value=int(time.time()) + seconds)


async def next_turn(lab: Lab, channel: str) -> None:
    """Returns once this caller has begun another turn of waiting; there is no event of it."""
    ami = await lab.ami()

    async def began() -> str:
        answer = await ami.action("Getvar", Channel=channel, Variable="CALLBRIDGE_TURN")
        return str(answer["Value"])

    before = await began()
    await eventually(began, lambda seen: seen not in ("", before), "the next turn begins", TURN)


# ---------------------------------------------------------------- C1: facts older than orders


@pytest.mark.parametrize("what", ["hold and resume", "consult and cancel"])
async def test_given_two_orders_at_once_when_the_gateway_is_killed_then_the_turns_end_hangs_nobody_up(
    site: Site, lab: Lab, what: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await vouch(lab, 1)  # a short turn
    if what == "hold and resume":
        await anna.person.hold(pop["call"])
        await anna.person.resume(pop["call"])
    else:
        transfer = await anna.person.consult(pop["call"], "agent", carla.name)
        await anna.person.cancel(transfer["id"])
    await site.kill()
    await vouch(lab, 3600)
    [row] = [row for row in await lab.channels() if row["Channel"].startswith("PJSIP/carrier-")]
    if not row["BridgeId"]:
        await next_turn(lab, row["Channel"])
        await hears_music(lab, caller)
    else:
        await hear_each_other(lab, caller, anna.phone)
    await site.start()
    await hear_each_other(lab, caller, anna.phone)


@pytest.mark.parametrize("what", ["hold and resume", "consult and cancel"])
async def test_given_two_orders_at_once_then_talking_is_said_only_once_they_talk(
    site: Site, lab: Lab, cable: Cable, what: str
) -> None:
    """The events are late by a second: what was last seen is not where the order has brought the caller."""
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    cable.stall()
    if what == "hold and resume":
        await anna.person.hold(pop["call"])
        await anna.person.resume(pop["call"])
    else:
        transfer = await anna.person.consult(pop["call"], "agent", carla.name)
        await anna.person.cancel(transfer["id"])
    assert (await the_call(site))["state"] == "consulting"
    cable.flow()
    await resumed(site, anna, pop["call"])
    await matrix(site, pop["call"], caller, {caller: {anna.phone}, anna.phone: {caller}})


# ---------------------------------------------------------------- C2: silence


async def stalled(site: Site, cable: Cable) -> None:
    """Returns after so long that every try would have been made, with the link flowing again and the PBX seen."""
    silences, looks = site.log.count('"ami_silent"'), site.log.count('"ami_speaks"')
    await eventually(lambda: _count(site, '"ami_silent"'), lambda n: n > silences, "the silence is noticed", STALL)
    await eventually(lambda: _status(site), lambda seen: seen == 503, "/readyz says so")
    await _sleep(STALL)
    cable.flow()
    await eventually(lambda: _count(site, '"ami_speaks"'), lambda n: n > looks, "the link speaks", 10)
    await eventually(lambda: _status(site), lambda seen: seen == 200, "/readyz says so", 10)


async def _sleep(seconds: float) -> None:
    """The stall itself: nothing happens that could be waited for."""
    await asyncio.sleep(seconds)


async def _count(site: Site, word: str) -> int:
    return site.log.count(word)


async def _status(site: Site) -> int:
    async with site.http.get("/readyz") as answer:
        return answer.status


async def test_given_complete_to_an_external_when_the_link_stalls_then_the_caller_has_them_once_it_speaks(
    site: Site, lab: Lab, cable: Cable
) -> None:
    [anna] = await at_work(site, "anna")
    outside = await lab.bank.outside(NUMBER_DIALLED)
    caller, pop = await connected(site, anna)
    transfer = await anna.person.consult(pop["call"], "number", NUMBER)
    await settled(site, pop["call"], "consulting", caller=None, agent="target", target="agent")
    cable.stall()
    await anna.person.complete(transfer["id"])
    await stalled(site, cable)
    await hear_each_other(lab, caller, outside)
    await the_call(site, lambda call: (call["id"], call["state"]) == (pop["call"], "external"))
    await anna.phone.wait_ended()


async def test_given_merge_when_the_link_stalls_then_all_three_talk_once_it_speaks(
    site: Site, lab: Lab, cable: Cable
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await consulting(site, anna, carla)
    cable.stall()
    await anna.person.merge(transfer["id"])
    await stalled(site, cable)
    await talk(site, pop["call"], "caller", "agent", "target")
    await hear_each_other(lab, caller, anna.phone, carla.phone)


async def test_given_silence_when_somebody_asks_for_anything_then_they_are_told_so_and_nothing_happens(
    site: Site, lab: Lab, cable: Cable
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await conference(site, anna, carla)
    cable.stall()
    await anna.person.party(pop["call"], "caller", "hold")
    await eventually(lambda: _status(site), lambda seen: seen == 503, "the silence is noticed", STALL)
    with pytest.raises(ApiError, match="503 pbx_unavailable"):
        await anna.person.complete(transfer["id"])
    cable.flow()
    await eventually(lambda: _status(site), lambda seen: seen == 200, "/readyz says so", 10)
    everybody = {anna.phone: {carla.phone}, carla.phone: {anna.phone}, caller: {HOLD_MUSIC}}
    await matrix(site, pop["call"], caller, everybody)

"""Rows 13 and 14: the gateway is killed, stopped or cut off, the PBX or a phone dies. Callers stay and are served."""

import signal
from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio
from steps import (
    LISTEN,
    Cable,
    Desk,
    agent,
    agent_is,
    at_work,
    connected,
    ended_call,
    eventually,
    faults,
    hear_each_other,
    hears_fallback,
    hears_music,
    logged_in,
    open_site,
    ring,
    the_call,
    waiting,
)

from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import FALLBACK, HOLD_MUSIC

LEASE = 5
"""Seconds, the least that is allowed."""
FALLBACK_AFTER = 30.0
"""Seconds within which a waiting caller gets the fallback: the lease, a turn of 15 s in the dialplan, 5 s of grace."""


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab, cable_of_the_module: Cable) -> AsyncIterator[Site]:
    far_end = {"host": "127.0.0.1", "port": cable_of_the_module.port}
    async with open_site(lab_of_the_session, pbx=far_end, lease=LEASE) as site:
        yield site


async def ready(site: Site) -> int:
    """The status of `/readyz`; 0: nobody answers."""
    try:
        async with site.http.get("/readyz") as answer:
            return answer.status
    except aiohttp.ClientError:
        return 0


async def readiness(site: Site, status: int, within: float = 20) -> None:
    await eventually(lambda: ready(site), lambda seen: seen == status, f"/readyz says {status}", within)


async def start_again(site: Site, *desks: Desk) -> None:
    """Returns once the gateway is ready and these browsers have come back by themselves, with their old tokens."""
    known = [len(desk.seen("snapshot")) for desk in desks]
    await site.start()
    for desk, count in zip(desks, known, strict=True):
        await eventually(
            lambda desk=desk: _snapshots(desk), lambda seen, count=count: seen > count, "the stream is back"
        )


async def _snapshots(desk: Desk) -> int:
    return len(desk.seen("snapshot"))


# ---------------------------------------------------------------- the gateway is killed


async def test_given_a_waiting_caller_when_the_gateway_is_killed_then_the_music_goes_on_and_they_are_served_after(
    site: Site, lab: Lab
) -> None:
    [anna] = await logged_in(site, "anna")
    first, first_call = await waiting(site, lab)
    await site.kill()
    second = await ring(lab, number="+4930222")  # arrives while nobody is there
    await hears_music(lab, first, second)
    await start_again(site, anna)
    await anna.person.available()
    assert (await anna.take())["call"] == first_call["id"]
    await lab.assert_hears({first: {anna.phone}, anna.phone: {first}, second: {HOLD_MUSIC}}, seconds=LISTEN)
    await first.hang_up()
    assert (await anna.take())["caller_number"] == "+4930222"
    await hear_each_other(lab, second, anna.phone)


async def test_given_a_ringing_phone_when_the_gateway_is_killed_then_it_rings_on_and_the_same_offer_is_answered(
    site: Site, lab: Lab
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await site.kill()
    await hears_music(lab, caller)
    assert anna.phone.ringing is not None
    await start_again(site, anna)
    [snapshot] = anna.seen("snapshot")[1:]
    assert [each["id"] for each in snapshot["offers"]] == [offer["id"]]
    await anna.take_ringing(offer["call"])
    await hear_each_other(lab, caller, anna.phone)
    assert (await anna.pop())["id"] == offer["preview"]["id"]
    assert bernd.seen("offer.made") == []


async def test_given_a_phone_picked_up_while_the_gateway_is_dead_then_both_are_joined_when_it_is_back(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await site.kill()
    await anna.phone.answer()
    await lab.assert_hears({caller: {HOLD_MUSIC}, anna.phone: set()}, seconds=LISTEN)
    await site.start()
    await hear_each_other(lab, caller, anna.phone)
    assert (await the_call(site, lambda call: call["state"] == "talking"))["id"] == offer["call"]
    assert (await agent(site, "anna"))["state"] == "on_call"


async def test_given_a_caller_who_hangs_up_while_the_gateway_is_dead_then_the_phone_stops_when_it_is_back(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await site.kill()
    await caller.hang_up()
    assert anna.phone.ringing is not None
    await start_again(site, anna)
    await anna.stops_ringing()
    await agent_is(site, "anna", "available")
    assert (await ended_call(site, offer["call"]))["outcome"] == "lost_sight"
    await connected(site, anna)


async def test_given_two_who_talk_when_the_gateway_is_killed_then_they_go_on_and_it_knows_them_again(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    async with lab.recording(caller) as recording:
        await site.kill()
        await hear_each_other(lab, caller, anna.phone)
        await start_again(site, anna)
        await hear_each_other(lab, caller, anna.phone)
    assert recording.track.longest_gap("anna") < 200
    [call] = (await anna.person.get("/v1/calls"))["items"]
    assert (call["id"], call["state"], call["pop"]["id"]) == (pop["call"], "talking", pop["id"])
    await anna.person.transfer(pop["call"], "group", "empty")
    await hears_music(lab, caller)


@pytest.mark.parametrize("who", ["caller", "agent"])
async def test_given_two_who_talk_when_one_hangs_up_while_the_gateway_is_dead_then_the_other_is_not_left_alone(
    site: Site, lab: Lab, who: str
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await hear_each_other(lab, caller, anna.phone)
    await site.kill()
    await (caller if who == "caller" else anna.phone).hang_up()
    if who == "agent":
        await caller.wait_ended()
    await start_again(site, anna)
    await anna.phone.wait_ended()
    await agent_is(site, "anna", "available")
    assert (await ended_call(site, pop["call"]))["outcome"] == "lost_sight"
    await connected(site, anna)


async def test_given_a_transfer_that_waits_when_the_gateway_is_killed_then_the_target_gets_it_when_it_is_back(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    await carla.person.busy("break")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla", reason="billing")
    await anna.transfer_is("waiting")
    await site.kill()
    await hears_music(lab, caller)
    await start_again(site, carla)
    await hears_music(lab, caller)
    await carla.person.available()
    mine = await carla.take()
    assert (mine["call"], mine["transferred_by"]["id"], mine["transfer_reason"]) == (pop["call"], "anna", "billing")
    await hear_each_other(lab, caller, carla.phone)
    await agent_is(site, "anna", "available")


async def test_given_a_transfer_just_accepted_when_the_gateway_is_killed_then_it_is_completed_when_it_is_back(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla", reason="billing")
    await site.kill()
    await site.start()
    await carla.pick_up()
    await hear_each_other(lab, caller, carla.phone)
    assert (await the_call(site, lambda call: call["state"] == "talking"))["agent"] == "carla"
    await anna.phone.wait_ended()
    transfers = (await site.crm.get(f"/v1/transfers?call={pop['call']}"))["items"]
    assert [(each["state"], each["taken_by"]) for each in transfers] == [("completed", "carla")]
    await agent_is(site, "anna", "available")


async def test_given_an_upgrade_in_order_when_calls_are_in_every_state_then_nobody_notices(
    site: Site, lab: Lab
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    talks, _ = await connected(site, anna)
    rings = await ring(lab)
    offer = await bernd.offer()
    await bernd.phone.wait_ringing()
    waits, call = await waiting(site, lab)
    await site.stop()
    expected = {talks: {anna.phone}, anna.phone: {talks}, rings: {HOLD_MUSIC}, waits: {HOLD_MUSIC}}
    await lab.assert_hears(expected, seconds=LISTEN)
    await start_again(site, bernd)
    await lab.assert_hears(expected, seconds=LISTEN)
    await bernd.take_ringing(offer["call"])
    await hear_each_other(lab, rings, bernd.phone)
    await talks.hang_up()
    assert (await anna.take())["call"] == call["id"]


async def test_given_a_gateway_that_stays_away_longer_than_the_lease_then_new_callers_hear_the_fallback_and_keep_it(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    await site.kill()
    ami = await lab.ami()
    # As if the lease had run out meanwhile; the next test waits for it.
    await ami.action("Setvar", Variable="CALLBRIDGE_ALIVE", Value="1")
    early = await ring(lab)
    await hears_music(lab, early)
    await hears_fallback(lab, early, within=10)
    await start_again(site, anna)
    caller, _ = await connected(site, anna)
    # The site's own fallback has the first one: nobody takes them away from there.
    await lab.assert_hears({early: {FALLBACK}, caller: {anna.phone}, anna.phone: {caller}}, seconds=LISTEN)


async def test_given_a_gateway_that_hangs_beyond_the_lease_then_who_waits_gets_the_fallback_and_who_talks_goes_on(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    talks, _ = await connected(site, anna)
    moved, pop = await connected(site, carla, "5550200")
    await carla.person.transfer(pop["call"], "group", "empty")
    await carla.transfer_is("waiting")
    waits, call = await waiting(site, lab)
    site.signal(signal.SIGSTOP)
    try:
        expected = {talks: {anna.phone}, anna.phone: {talks}, waits: {FALLBACK}, moved: {FALLBACK}}
        await lab.assert_hears(expected, seconds=LISTEN, within=FALLBACK_AFTER)
    finally:
        site.signal(signal.SIGCONT)
    for lost in (call["id"], pop["call"]):
        assert (await ended_call(site, lost))["outcome"] == "fallback"
    await readiness(site, 200)
    await lab.assert_hears(expected, seconds=LISTEN)
    await talks.hang_up()
    await connected(site, anna)
    faults(site)  # that it hung is worth an error in the log


# ---------------------------------------------------------------- AMI is cut, or stalls


async def test_given_ami_cut_while_a_phone_rings_then_readyz_says_so_and_the_call_is_joined_afterwards(
    site: Site, lab: Lab, cable: Cable
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    cable.cut()
    await readiness(site, 503)
    for verb in ("accept", "reject"):
        with pytest.raises(ApiError, match="503 pbx_unavailable"):
            await anna.person.post(f"/v1/offers/{offer['id']}:{verb}")
    await hears_music(lab, caller)
    await anna.phone.answer()
    cable.plug()
    await readiness(site, 200)
    await anna.is_talking(offer["call"])
    await hear_each_other(lab, caller, anna.phone)


async def test_given_ami_cut_during_a_call_then_it_goes_on_is_not_transferred_and_its_end_is_seen_afterwards(
    site: Site, lab: Lab, cable: Cable
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    cable.cut()
    await readiness(site, 503)
    with pytest.raises(ApiError, match="503 pbx_unavailable"):
        await anna.person.transfer(pop["call"], "agent", "carla")
    await hear_each_other(lab, caller, anna.phone)
    assert (await agent(site, "anna"))["state"] == "on_call"
    await caller.hang_up()
    second = await ring(lab)
    await hears_music(lab, second)
    cable.plug()
    await readiness(site, 200)
    await anna.take()
    await hear_each_other(lab, second, anna.phone)
    assert (await ended_call(site, pop["call"]))["outcome"] == "lost_sight"
    assert carla.seen("offer.made") == []


async def test_given_a_network_that_stalls_then_what_happened_meanwhile_is_caught_up(
    site: Site, lab: Lab, cable: Cable
) -> None:
    [anna] = await at_work(site, "anna")
    first, pop = await connected(site, anna)
    cable.stall()
    await first.hang_up()
    second = await ring(lab)
    await hears_music(lab, second)
    assert (await agent(site, "anna"))["state"] == "on_call"
    cable.flow()
    await anna.take()
    await hear_each_other(lab, second, anna.phone)
    assert (await ended_call(site, pop["call"]))["outcome"] == "handled"


async def test_given_the_managers_sessions_are_kicked_then_the_gateway_is_back_and_nobody_noticed(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    waits, _ = await waiting(site, lab)
    ami = await lab.ami()
    ups = site.log.count('"ami_up"')
    rows = [line.split() for line in (await ami.command("manager show connected")).splitlines()]
    for row in [row for row in rows if row and row[0].startswith("callbridge-")]:
        await ami.command(f"manager kick session {row[4]}")
    await eventually(lambda: _ups(site), lambda seen: seen > ups, "the gateway logs in again")
    await readiness(site, 200)
    await lab.assert_hears({caller: {anna.phone}, anna.phone: {caller}, waits: {HOLD_MUSIC}}, seconds=LISTEN)
    await anna.person.hang_up(pop["call"])
    await anna.take()
    await hear_each_other(lab, waits, anna.phone)


async def _ups(site: Site) -> int:
    return site.log.count('"ami_up"')


# ---------------------------------------------------------------- a phone, or the PBX dies


async def test_given_a_phone_that_dies_during_a_call_then_the_caller_goes_on_waiting_and_the_next_agent_is_asked(
    site: Site, lab: Lab
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller, pop = await connected(site, anna)
    await hear_each_other(lab, caller, anna.phone)
    await _dies(lab, "anna")
    assert (await bernd.offer())["call"] == pop["call"]
    await hears_music(lab, caller)
    await bernd.phone.wait_ringing()
    await bernd.take_ringing(pop["call"])
    await hear_each_other(lab, caller, bernd.phone)


async def _dies(lab: Lab, name: str) -> None:
    """44 is what Asterisk itself gives when a phone's sound has stopped for rtp_timeout seconds."""
    [channel] = [row["Channel"] for row in await lab.channels() if row["Channel"].startswith(f"PJSIP/{name}-")]
    await (await lab.ami()).action("Hangup", Channel=channel, Cause=44)


async def test_given_a_phone_that_dies_while_the_gateway_is_dead_then_the_caller_waits_and_is_served_after(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await hear_each_other(lab, caller, anna.phone)
    await site.kill()
    await _dies(lab, "anna")
    await hears_music(lab, caller)
    await anna.phone.wait_ended()
    await site.start()
    # The agent is free again and the only one: it is their phone that rings.
    await anna.phone.wait_ringing()
    assert (await the_call(site))["id"] == pop["call"]
    await hears_music(lab, caller)
    await anna.phone.answer()
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_pbx_that_dies_then_readyz_says_so_and_agents_are_free_when_it_is_back(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    _, pop = await connected(site, anna)
    await waiting(site, lab, "5550300")
    await ring(lab, "5550200")
    offer = await carla.offer()
    await lab.pbx.kill()
    await readiness(site, 503)
    assert (await agent(site, "anna"))["state"] == "on_call"
    await lab.pbx.start()
    await lab.bank.hang_up_all()
    await readiness(site, 200)
    for name in ("anna", "carla"):
        await agent_is(site, name, "available")
    assert (await ended_call(site, pop["call"]))["outcome"] == "lost_sight"
    assert (await ended_call(site, offer["call"]))["outcome"] == "lost_sight"
    caller, _ = await connected(site, anna)
    await hear_each_other(lab, caller, anna.phone)

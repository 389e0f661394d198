"""Row 14 for supervised transfers: the gateway is killed in every stage, the sound stays, and the verbs work after."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from consults import RINGING, consulting, four, matrix, ringing, settled, site_with_conferences, talk
from steps import Desk, agent_is, at_work, connected, eventually, hear_each_other, hears_music

from callbridge.demo.bank_lines import Line
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session) as site:
        yield site


async def start_again(site: Site, *desks: Desk) -> None:
    """Returns once the gateway is ready and these browsers have come back by themselves."""
    known = [len(desk.seen("snapshot")) for desk in desks]
    await site.start()

    async def streams() -> list[int]:
        return [len(desk.seen("snapshot")) for desk in desks]

    await eventually(streams, lambda seen: all(a > b for a, b in zip(seen, known, strict=True)), "the streams are back")


async def test_given_a_ringing_target_when_the_gateway_is_killed_then_it_rings_on_and_the_consultation_begins_after(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await ringing(site, anna, carla)
    await site.kill()
    await hears_music(lab, caller)
    assert carla.phone.ringing is not None
    await start_again(site, anna, carla)
    await matrix(site, pop["call"], caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    await carla.phone.answer()
    await matrix(
        site, pop["call"], caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}}
    )
    await anna.person.complete(transfer["id"])
    assert (await carla.pop())["preview"] is False
    await hear_each_other(lab, caller, carla.phone)
    assert len(carla.phone.legs) == 1


async def test_given_a_consultation_when_the_gateway_is_killed_then_the_talk_goes_on_and_every_verb_works_after(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await consulting(site, anna, carla)
    call = pop["call"]
    talks = {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}}
    await site.kill()
    await lab.assert_hears(talks, seconds=0.6)
    await start_again(site, anna, carla)
    await matrix(site, call, caller, talks)
    await anna.person.alternate(transfer["id"])
    back = {caller: {anna.phone}, anna.phone: {caller}, carla.phone: {HOLD_MUSIC}}
    await matrix(site, call, caller, back)
    await site.kill()
    await lab.assert_hears(back, seconds=0.6)
    await start_again(site, anna, carla)
    await matrix(site, call, caller, back)
    await anna.person.merge(transfer["id"])
    await talk(site, call, "caller", "agent", "target")
    await anna.person.cancel(transfer["id"])
    await carla.phone.wait_ended()
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}})


async def test_given_four_who_talk_when_the_gateway_is_killed_then_they_talk_on_and_agent_1_can_leave_after(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer, fourth, _ = await four(site, anna, carla)
    lines: tuple[Line, ...] = (caller, anna.phone, carla.phone, fourth)
    await site.kill()
    await hear_each_other(lab, *lines)
    await start_again(site, anna, carla)
    await matrix(site, pop["call"], caller, {line: set(lines) - {line} for line in lines})
    await anna.person.leave_conference(transfer["id"])
    await anna.phone.wait_ended()
    await hear_each_other(lab, caller, carla.phone, fourth)


@pytest.mark.parametrize("who", ["caller", "target", "agent 1"])
async def test_given_a_consultation_when_somebody_hangs_up_while_the_gateway_is_dead_then_the_rest_is_put_right_after(
    site: Site, lab: Lab, who: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, _ = await consulting(site, anna, carla)
    await site.kill()
    await {"caller": caller, "target": carla.phone, "agent 1": anna.phone}[who].hang_up()
    if who != "caller":
        await hears_music(lab, caller)
    await start_again(site, anna, carla)
    if who == "caller":
        await hear_each_other(lab, anna.phone, carla.phone)
        await anna.phone.hang_up()
        await carla.phone.wait_ended()
        await agent_is(site, "carla", "available")
    else:
        stays = anna if who == "target" else carla
        await matrix(site, pop["call"], caller, {caller: {stays.phone}, stays.phone: {caller}})


async def test_given_a_held_caller_when_the_gateway_is_killed_then_the_music_goes_on_and_agent_1_can_resume_after(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await anna.person.hold(pop["call"])
    await settled(site, pop["call"], "held", caller=None, agent=None)
    await site.kill()
    await lab.assert_hears({caller: {HOLD_MUSIC}, anna.phone: set()}, seconds=0.6)
    await start_again(site, anna)
    await anna.person.resume(pop["call"])
    await matrix(site, pop["call"], caller, {caller: {anna.phone}, anna.phone: {caller}})

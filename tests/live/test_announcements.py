"""What a number outside says before it answers, on sound: agent 1 hears it, and nobody else."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from consults import (
    NUMBER,
    NUMBER_DIALLED,
    RECORDED,
    hears_ringing,
    matrix,
    resumed,
    settled,
    site_with_conferences,
)
from steps import LISTEN, SUPPORT, Desk, at_work, configure, connected, hear_each_other, hears_music

from callbridge.demo.bank_lines import NOT_FOUND, Caller, Outside
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC

LOST = 200.0
"""Milliseconds of sound that a busy machine may lose."""


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session) as site:
        yield site


async def announced(site: Site, *, sound: bool = True, did: str = SUPPORT) -> tuple[Desk, Caller, Outside, str, str]:
    """Anna has called a number outside that speaks before it answers: also gives call and transfer."""
    outside = await site.lab.bank.outside(NUMBER_DIALLED, "outside")
    await outside.announce(sound=sound)
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna, did)
    transfer = await anna.person.consult(pop["call"], "number", NUMBER)
    await outside.wait_ringing()
    return anna, caller, outside, pop["call"], transfer["id"]


async def anna_hears_it(lab: Lab, anna: Desk, caller: Caller, outside: Outside) -> None:
    await lab.assert_hears({anna.phone: {outside}, caller: {HOLD_MUSIC}}, seconds=LISTEN, within=8)


async def test_given_an_announcement_when_the_number_answers_then_they_talk_and_the_caller_heard_music_all_along(
    site: Site, lab: Lab
) -> None:
    anna, caller, outside, call, _ = await announced(site)
    await anna_hears_it(lab, anna, caller, outside)
    async with lab.recording(caller) as recording:
        await outside.answer()
        await settled(site, call, "consulting", caller=None, agent="target", target="agent")
        await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {outside}, outside: {anna.phone}})
    assert recording.track.longest_gap(HOLD_MUSIC) < LOST
    assert recording.track.first_heard(outside.name) is None


async def test_given_an_announcement_when_the_number_fails_then_it_was_heard_to_its_end_and_the_reason_is_told(
    site: Site, lab: Lab
) -> None:
    anna, caller, outside, call, _ = await announced(site)
    await anna_hears_it(lab, anna, caller, outside)
    async with lab.recording(anna.phone) as recording:
        await lab.hear([anna.phone], LISTEN)
        failed_at = recording.now()
        await outside.decline(cause=NOT_FOUND)
        ended = await anna.transfer_is("failed")
    said = {"reason": "no_such_number", "cause": 1, "sip_status": 404}
    assert (ended["failure"], ended["said"]) == ("no_such_number", said)
    assert recording.track.longest_gap(outside.name, until=failed_at) < LOST
    await anna.is_talking(call)
    await hear_each_other(lab, caller, anna.phone)


async def test_given_an_announcement_when_agent_1_cancels_then_they_have_the_caller_at_once(
    site: Site, lab: Lab
) -> None:
    anna, caller, outside, call, transfer = await announced(site)
    await anna_hears_it(lab, anna, caller, outside)
    await anna.person.cancel(transfer)
    await anna.is_talking(call)
    await hear_each_other(lab, caller, anna.phone)
    await outside.wait_ended()


async def test_given_a_word_of_sound_and_none_then_agent_1_hears_ringing_until_it_comes(site: Site, lab: Lab) -> None:
    anna, caller, outside, _, _ = await announced(site, sound=False)
    await hears_ringing(lab, anna.phone)
    await hears_music(lab, caller)
    await outside.speak()
    await anna_hears_it(lab, anna, caller, outside)


async def test_given_the_gateway_killed_while_agent_1_listens_then_they_hear_it_on_and_talk_once_it_is_back(
    site: Site, lab: Lab
) -> None:
    anna, caller, outside, call, _ = await announced(site)
    await anna_hears_it(lab, anna, caller, outside)
    await site.kill()
    await anna_hears_it(lab, anna, caller, outside)
    await site.start()
    await anna_hears_it(lab, anna, caller, outside)
    await outside.answer()
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {outside}, outside: {anna.phone}})


@pytest.mark.parametrize("ends", [False, True], ids=["it goes on", "it has ended"])
async def test_given_agent_1_hangs_up_while_they_listen_then_they_are_rung_again_for_the_caller_at_once(
    site: Site, lab: Lab, *, ends: bool
) -> None:
    anna, caller, outside, call, _ = await announced(site)
    await anna_hears_it(lab, anna, caller, outside)
    if ends:
        await outside.speak(sound=False)
        await lab.assert_hears({anna.phone: set()}, seconds=LISTEN)
    await anna.phone.hang_up()
    await anna.phone.wait_ringing()
    await hears_music(lab, caller)
    await outside.wait_ended()
    await anna.take_ringing(call)
    await hear_each_other(lab, caller, anna.phone)


async def test_given_no_gateway_when_the_number_fails_then_agent_1_hears_ringing_until_it_is_back(
    site: Site, lab: Lab
) -> None:
    anna, caller, outside, call, _ = await announced(site)
    await anna_hears_it(lab, anna, caller, outside)
    await site.kill()
    await outside.decline(cause=NOT_FOUND)
    await hears_ringing(lab, anna.phone)
    await hears_music(lab, caller)
    await site.start()
    await resumed(site, anna, call)
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_recorded_consultation_when_the_number_answers_then_they_talk_as_in_any_other(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"record_consultations": True})
    anna, caller, outside, call, _ = await announced(site, did=RECORDED)
    await anna_hears_it(lab, anna, caller, outside)
    await outside.answer()
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {outside}, outside: {anna.phone}})

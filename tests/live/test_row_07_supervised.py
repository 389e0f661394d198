"""Row 7: a supervised transfer to an agent, every verb of it, on sound."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from consults import (
    RINGING,
    conference,
    consulting,
    goes_on_hearing,
    heard_soon,
    matrix,
    resumed,
    ringing,
    settled,
    site_with_conferences,
    talk,
)
from steps import (
    LISTEN,
    agent,
    agent_is,
    at_work,
    configure,
    connected,
    hear_each_other,
    hears_music,
    history,
)

from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session) as site:
        yield site


async def test_given_a_consultation_then_each_verb_changes_who_hears_whom_at_once_and_call_and_pop_move_at_its_end(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"wrap_up": 60.0})
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    transfer = await heard_soon(
        lab, "consult", lambda: anna.person.consult(call, "agent", "carla", reason="billing"), {caller: HOLD_MUSIC}
    )
    verb = transfer["id"]
    await carla.phone.wait_ringing()
    assert carla.phone.caller_id_shown == ("+493012345", "Max")
    offer = await carla.offer()
    assert (offer["kind"], offer["preview"]["preview"]) == ("consult", True)
    assert (offer["preview"]["caller_number"], offer["preview"]["transferred_by"]["id"]) == ("+493012345", "anna")
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    await heard_soon(lab, "answer", carla.phone.answer, {anna.phone: carla.phone})
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}})
    for _ in range(2):
        await heard_soon(
            lab,
            "alternate to the caller",
            lambda: anna.person.alternate(verb),
            {caller: anna.phone, anna.phone: caller, carla.phone: HOLD_MUSIC},
        )
        await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}, carla.phone: {HOLD_MUSIC}})
        await heard_soon(
            lab,
            "alternate to the target",
            lambda: anna.person.alternate(verb),
            {caller: HOLD_MUSIC, anna.phone: carla.phone, carla.phone: anna.phone},
        )
        await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}})
    await heard_soon(
        lab, "merge", lambda: anna.person.merge(verb), {caller: anna.phone, anna.phone: caller, carla.phone: caller}
    )
    three = {caller, anna.phone, carla.phone}
    await matrix(site, call, caller, {line: three - {line} for line in three})
    assert [each["pop"]["preview"] for each in carla.seen("pop")] == []
    await heard_soon(
        lab,
        "leave",
        lambda: anna.person.leave_conference(verb),
        {caller: carla.phone, carla.phone: caller},
        new=False,
    )
    mine = await carla.pop()
    assert (mine["call"], mine["preview"], mine["transferred_by"]["id"]) == (call, False, "anna")
    assert mine["transfer_reason"] == "billing"
    assert (await anna.transfer_is("completed"))["taken_by"] == "carla"
    await anna.phone.wait_ended()
    await agent_is(site, "anna", "wrap_up")
    await talk(site, call, "caller", "agent")
    await matrix(site, call, caller, {caller: {carla.phone}, carla.phone: {caller}})
    await caller.hang_up()
    await carla.phone.wait_ended()
    await agent_is(site, "carla", "wrap_up")


@pytest.mark.parametrize("side", ["target", "caller"])
async def test_given_agent_1_talks_with_either_when_completed_then_caller_and_target_talk_at_once(
    site: Site, lab: Lab, side: str
) -> None:
    assert await configure(site, options={"wrap_up": 60.0})
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await consulting(site, anna, carla)
    call = pop["call"]
    if side == "caller":
        await anna.person.alternate(transfer["id"])
        await settled(site, call, "with_caller", caller="agent", agent="caller", target=None)
    await heard_soon(
        lab,
        f"complete from the {side}",
        lambda: anna.person.complete(transfer["id"]),
        {caller: carla.phone, carla.phone: caller},
    )
    await anna.phone.wait_ended()
    assert (await carla.pop())["preview"] is False
    assert (await anna.transfer_is("completed"))["taken_by"] == "carla"
    await talk(site, call, "caller", "agent")
    await matrix(site, call, caller, {caller: {carla.phone}, carla.phone: {caller}})
    await agent_is(site, "anna", "wrap_up")
    await agent_is(site, "carla", "on_call")
    # The same verb once more says so, and disturbs nobody.
    with pytest.raises(ApiError, match="transfer_ended"):
        await anna.person.complete(transfer["id"])
    await hear_each_other(lab, caller, carla.phone)


@pytest.mark.parametrize("stage", ["ringing", "consulting", "with_caller", "conference"])
async def test_given_any_stage_when_cancelled_then_agent_1_has_the_caller_at_once_and_the_target_is_free(
    site: Site, lab: Lab, stage: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    begin = {"ringing": ringing, "conference": conference}.get(stage, consulting)
    caller, pop, transfer = await begin(site, anna, carla)
    call = pop["call"]

    if stage == "with_caller":
        await anna.person.alternate(transfer["id"])
        await settled(site, call, stage, caller="agent", agent="caller", target=None)
    await heard_soon(
        lab,
        f"cancel while {stage}",
        lambda: anna.person.cancel(transfer["id"]),
        {caller: anna.phone, anna.phone: caller},
        new=stage in ("ringing", "consulting"),
    )
    await carla.phone.wait_ended()
    await resumed(site, anna, call)
    assert (await anna.transfer_is("cancelled"))["taken_by"] is None
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}})
    await agent_is(site, "carla", "available")
    assert carla.seen("pop") == []
    if stage == "consulting":
        # The call can be transferred again, and ends as every other.
        second = await anna.person.consult(call, "agent", "carla")
        await carla.phone.wait_ringing()
        await anna.person.cancel(second["id"])
        await resumed(site, anna, call)
        await anna.phone.hang_up()
        await caller.wait_ended()


async def test_given_a_call_when_held_then_music_and_silence_and_when_resumed_they_talk_at_once(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    await heard_soon(lab, "hold", lambda: anna.person.hold(call), {caller: HOLD_MUSIC})
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: set()})
    await anna.person.hold(call)
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: set()})
    await heard_soon(lab, "resume", lambda: anna.person.resume(call), {caller: anna.phone, anna.phone: caller})
    await resumed(site, anna, call)
    await anna.person.resume(call)
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}})


async def test_given_a_held_caller_when_consulting_then_the_music_goes_on_without_a_hole(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.hold(pop["call"])
    await settled(site, pop["call"], "held", caller=None, agent=None)
    async with goes_on_hearing(lab, {caller: HOLD_MUSIC}, 100):
        transfer = await anna.person.consult(pop["call"], "agent", "carla")
        await carla.phone.wait_ringing()
        await matrix(site, pop["call"], caller, {anna.phone: RINGING, caller: {HOLD_MUSIC}})
        await carla.phone.answer()
        await settled(site, pop["call"], "consulting", caller=None, agent="target", target="agent")
    await anna.person.complete(transfer["id"])
    await hear_each_other(lab, caller, carla.phone)


async def test_given_two_calls_then_one_is_active_and_the_other_hears_music_and_they_can_be_switched(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, agents={"anna": {"max_sessions": 2}})
    anna, carla = await at_work(site, "anna", "carla")
    first, first_pop = await connected(site, anna)
    first_leg = anna.phone.up
    second, second_pop = await connected(site, anna)
    await hears_music(lab, first)
    await lab.assert_hears({first: {HOLD_MUSIC}, second: {anna.phone}, anna.phone: {second}}, seconds=LISTEN)
    await heard_soon(
        lab, "switch", lambda: anna.person.resume(first_pop["call"]), {first: anna.phone, second: HOLD_MUSIC}
    )
    await heard_soon(
        lab, "switch back", lambda: anna.person.resume(second_pop["call"]), {second: anna.phone, first: HOLD_MUSIC}
    )
    await lab.assert_hears({first: {HOLD_MUSIC}, second: {anna.phone}, anna.phone: {second}}, seconds=LISTEN)
    transfer = await anna.person.consult(second_pop["call"], "agent", "carla")
    await carla.phone.wait_ringing()
    await carla.phone.answer()
    both = {first: {HOLD_MUSIC}, second: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}}
    await matrix(site, second_pop["call"], second, both, first)
    await anna.person.complete(transfer["id"])
    await hear_each_other(lab, second, carla.phone)
    await hears_music(lab, first)
    await anna.person.resume(first_pop["call"])
    await hear_each_other(lab, first, anna.phone)
    assert anna.phone.up is first_leg


async def test_given_a_busy_target_when_deferred_then_the_caller_stays_with_agent_1_until_they_are_available(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    await carla.person.busy("break")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    with pytest.raises(ApiError, match="target_not_available"):
        await anna.person.consult(call, "agent", "carla")
    check = await anna.person.check(call, "agent", "carla")
    assert (check["allowed"], check["code"], check["can_wait"]) == (False, "target_not_available", True)
    assert [(other["id"], other["code"]) for other in check["others"]] == [("carla", "busy")]
    transfer = await anna.person.consult(call, "agent", "carla", deferred=True)
    assert (await anna.transfer_is("deferred"))["id"] == transfer["id"]
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}})
    assert carla.phone.leg is None
    await heard_soon(lab, "target is available", carla.person.available, {caller: HOLD_MUSIC})
    await carla.phone.wait_ringing()
    assert carla.phone.caller_id_shown == ("+493012345", "Max")
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    await carla.phone.answer()
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}})
    await anna.person.complete(transfer["id"])
    await hear_each_other(lab, caller, carla.phone)


async def test_given_a_deferred_consultation_when_cancelled_then_it_never_starts(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    await carla.person.busy("break")
    caller, pop = await connected(site, anna)
    transfer = await anna.person.consult(pop["call"], "agent", "carla", deferred=True)
    await anna.transfer_is("deferred")
    async with goes_on_hearing(lab, {caller: anna.phone, anna.phone: caller}, 100):
        await anna.person.cancel(transfer["id"])
        await anna.transfer_is("cancelled")
        await carla.person.available()
        await agent_is(site, "carla", "available")
        await hear_each_other(lab, caller, anna.phone)
    assert carla.seen("offer.made") == []
    assert "offer.made" not in (await history(site, pop["call"]))[:2]


async def test_given_a_target_who_accepts_on_the_page_then_answering_the_phone_starts_the_consultation(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await ringing(site, anna, carla)
    offer = await carla.offer()
    await carla.person.accept(offer["id"])
    assert (await carla.offer_ended())["state"] == "accepted"
    assert (await agent(site, "carla"))["state"] == "on_call"
    await matrix(site, pop["call"], caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    await carla.phone.answer()
    await matrix(
        site, pop["call"], caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}}
    )
    answers = await asyncio.gather(*(anna.person.complete(transfer["id"]) for _ in range(2)), return_exceptions=True)
    assert not isinstance(answers[0], Exception)
    await hear_each_other(lab, caller, carla.phone)

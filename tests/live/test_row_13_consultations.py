"""Row 13 for supervised transfers: whatever fails, the caller is back with agent 1, or where the order says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio
from consults import (
    NUMBER,
    NUMBER_DIALLED,
    RINGING,
    conference,
    consulting,
    everybody_rings_no_more,
    matrix,
    resumed,
    ringing,
    settled,
    site_with_conferences,
    talk,
)
from steps import (
    IMPATIENT,
    Desk,
    agent_is,
    at_work,
    configure,
    connected,
    ended_call,
    hear_each_other,
    hears_fallback,
    hears_music,
    history,
)

from callbridge.demo.bank_lines import BUSY, NOT_FOUND, REJECTED, UNAVAILABLE
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session, options={"offer_timeout": 8.0}) as site:
        yield site


async def is_busy(carla: Desk) -> None:
    await carla.phone.decline(cause=BUSY)


async def declines(carla: Desk) -> None:
    await carla.phone.decline(cause=REJECTED)


async def rejects(carla: Desk) -> None:
    await carla.person.reject((await carla.offer())["id"])


async def logs_out(carla: Desk) -> None:
    await carla.person.leave()


async def hangs_up_while_talking(carla: Desk) -> None:
    await carla.phone.answer()
    # While the phone rings the call is in a consultation too.
    await carla.next("call.updated", lambda data: data["call"]["stage"] == "consulting")
    await carla.phone.hang_up()


@pytest.mark.parametrize(
    ("target", "failure", "state"),
    [
        (is_busy, "rejected", "available"),
        (declines, "rejected", "available"),
        (rejects, "rejected", "available"),
        (logs_out, "agent_left", "offline"),
        (hangs_up_while_talking, "target_hung_up", "available"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_given_a_target_who_fails_then_agent_1_and_the_caller_talk_again_without_a_phone_ringing(
    site: Site, lab: Lab, target: Callable[[Desk], Awaitable[None]], failure: str, state: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, _ = await ringing(site, anna, carla)
    await target(carla)
    failed = await anna.transfer_is("failed")
    assert (failed["failure"], failed["taken_by"]) == (failure, None)
    await resumed(site, anna, pop["call"])
    await matrix(site, pop["call"], caller, {caller: {anna.phone}, anna.phone: {caller}})
    await everybody_rings_no_more(carla.phone)
    await agent_is(site, "carla", state)
    assert len(anna.phone.legs) == 1, "agent 1 was never hung up"


async def test_given_a_target_who_does_not_answer_or_cannot_be_reached_then_agent_1_has_the_caller_each_time(
    site: Site, lab: Lab
) -> None:
    anna, carla, dora = await at_work(site, "anna", "carla", "dora")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    # No answer within the administrator's interval.
    assert await configure(site, options={"offer_timeout": 1.0})
    await anna.person.consult(call, "agent", "carla")
    assert (await anna.transfer_is("failed"))["failure"] == "no_answer"
    await resumed(site, anna, call)
    await agent_is(site, "carla", "busy")
    assert await configure(site, options={"offer_timeout": 8.0})
    # SIP 503.
    await dora.phone.auto_refuse(UNAVAILABLE)
    await anna.person.consult(call, "agent", "dora")
    assert (await anna.transfer_is("failed"))["failure"] == "network_trouble"
    await resumed(site, anna, call)
    await agent_is(site, "dora", "available")
    # A phone that is unplugged is known beforehand.
    await carla.phone.unregister()
    await carla.person.available()
    with pytest.raises(ApiError, match="target_not_available"):
        await anna.person.consult(call, "agent", "carla")
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}})
    assert len(anna.phone.legs) == 1


async def test_given_a_number_outside_that_is_busy_wrong_silent_or_hangs_up_then_agent_1_has_the_caller_each_time(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"transfers": {"external_timeout": 1.0}})
    [anna] = await at_work(site, "anna")
    outside = await lab.bank.outside(NUMBER_DIALLED, "outside")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    for cause, failure in [(BUSY, "busy"), (NOT_FOUND, "no_such_number"), (UNAVAILABLE, "network_trouble")]:
        await outside.auto_refuse(cause)
        await anna.person.consult(call, "number", NUMBER)
        assert (await anna.transfer_is("failed"))["failure"] == failure
        await resumed(site, anna, call)
        await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}})
    await outside.auto_answer(86400)
    await anna.person.consult(call, "number", NUMBER)
    await outside.wait_ringing()
    assert (await anna.transfer_is("failed"))["failure"] == "no_answer"
    await outside.wait_ended()
    await resumed(site, anna, call)
    await outside.auto_answer()
    await anna.person.consult(call, "number", NUMBER)
    await anna.transfer_is("consulting")
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    await outside.hang_up()
    assert (await anna.transfer_is("failed"))["failure"] == "target_hung_up"
    await resumed(site, anna, call)
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}})


# ---------------------------------------------------------------- the caller hangs up


@pytest.mark.parametrize("stage", ["ringing", "consulting", "with_caller", "conference"])
async def test_given_a_caller_who_hangs_up_then_agent_1_and_the_target_may_go_on_talking(
    site: Site, lab: Lab, stage: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    begin = {"ringing": ringing, "conference": conference}.get(stage, consulting)
    caller, pop, transfer = await begin(site, anna, carla)
    if stage == "with_caller":
        await anna.person.alternate(transfer["id"])
        await settled(site, pop["call"], stage, caller="agent", agent="caller", target=None)
    await caller.hang_up()
    assert (await anna.transfer_is("failed"))["failure"] == "caller_hung_up"
    if stage == "ringing":
        await everybody_rings_no_more(carla.phone)
        await anna.phone.wait_ended()
    else:
        await hear_each_other(lab, anna.phone, carla.phone)
        await (anna if stage == "consulting" else carla).phone.hang_up()
        await (carla if stage == "consulting" else anna).phone.wait_ended()
    assert (await ended_call(site, pop["call"]))["outcome"] == "handled"
    for name in ("anna", "carla"):
        await agent_is(site, name, "available")
    await lab.wait_no_channels()


# ---------------------------------------------------------------- agent 1 hangs up


async def test_given_agent_1_hangs_up_while_the_target_rings_then_who_answers_has_the_caller(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, _ = await ringing(site, anna, carla)
    await anna.phone.hang_up()
    await hears_music(lab, caller)
    await agent_is(site, "anna", "available")
    await carla.take_ringing(pop["call"])
    await hear_each_other(lab, caller, carla.phone)
    assert (await anna.transfer_is("completed"))["taken_by"] == "carla"
    assert (await carla.pop())["preview"] is False


async def test_given_agent_1_hung_up_and_nobody_answers_then_agent_1_is_rung_then_the_group_then_the_fallback(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"offer_timeout": 1.0})
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna, IMPATIENT)
    await anna.person.consult(pop["call"], "agent", "carla")
    await carla.phone.wait_ringing()
    await anna.phone.hang_up()
    recall = await anna.next("offer.made", lambda data: data["offer"]["kind"] == "recall")
    await hears_music(lab, caller)
    assert recall["offer"]["call"] == pop["call"]
    await hears_fallback(lab, caller)
    assert (await ended_call(site, pop["call"]))["outcome"] == "fallback"
    kinds = list(reversed(await history(site, pop["call"])))
    order = ["transfer.failed", "call.recall", "call.to_group", "call.to_fallback", "call.ended"]
    assert [kind for kind in kinds if kind in order] == order


async def test_given_agent_1_hangs_up_while_a_number_outside_rings_then_it_stops_and_they_are_rung(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    outside = await lab.bank.outside(NUMBER_DIALLED, "outside")
    await outside.auto_answer(86400)
    caller, pop = await connected(site, anna)
    await anna.person.consult(pop["call"], "number", NUMBER)
    await outside.wait_ringing()
    await anna.phone.hang_up()
    await outside.wait_ended()
    await anna.phone.wait_ringing()
    await hears_music(lab, caller)
    await anna.take_ringing(pop["call"])
    await matrix(site, pop["call"], caller, {caller: {anna.phone}, anna.phone: {caller}})


@pytest.mark.parametrize("hangup", ["completes", "recalls"])
@pytest.mark.parametrize("stage", ["consulting", "with_caller"])
async def test_given_agent_1_hangs_up_while_consulting_then_it_is_as_the_administrator_set_it(
    site: Site, lab: Lab, hangup: str, stage: str
) -> None:
    assert await configure(site, options={"transfers": {"hangup": hangup}})
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await consulting(site, anna, carla)
    if stage == "with_caller":
        await anna.person.alternate(transfer["id"])
        await settled(site, pop["call"], stage, caller="agent", agent="caller", target=None)
    await anna.phone.hang_up()
    if hangup == "completes":
        assert (await carla.pop())["preview"] is False
        await hear_each_other(lab, caller, carla.phone)
        return
    await carla.phone.wait_ended()
    await anna.phone.wait_ringing()
    await hears_music(lab, caller)
    await anna.take_ringing(pop["call"])
    await hear_each_other(lab, caller, anna.phone)
    await agent_is(site, "carla", "available")


# ---------------------------------------------------------------- two at once


async def test_given_two_verbs_at_once_or_the_same_twice_then_one_state_comes_of_it_and_both_are_answered(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await consulting(site, anna, carla)
    call, verb, person = pop["call"], transfer["id"], anna.person
    # Alternating twice is to the caller and back.
    await asyncio.gather(person.alternate(verb), person.alternate(verb))
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}})
    await asyncio.gather(person.alternate(verb), person.merge(verb), person.merge(verb))
    three = {caller, anna.phone, carla.phone}
    await talk(site, call, "caller", "agent", "target")
    await matrix(site, call, caller, {line: three - {line} for line in three})
    answers = await asyncio.gather(
        person.cancel(verb), person.complete(verb), person.cancel(verb), return_exceptions=True
    )
    refused = [str(each) for each in answers if isinstance(each, Exception)]
    assert all(isinstance(each, ApiError) for each in answers if isinstance(each, Exception)), answers
    assert len(refused) <= 2, refused
    state = (await site.crm.get(f"/v1/transfers/{verb}"))["state"]
    stays = anna if state == "cancelled" else carla
    assert state in ("cancelled", "completed")
    await matrix(site, call, caller, {caller: {stays.phone}, stays.phone: {caller}})


async def test_given_consultations_asked_for_twice_at_once_then_only_one_phone_rings(site: Site, lab: Lab) -> None:
    anna, carla, dora = await at_work(site, "anna", "carla", "dora")
    caller, pop = await connected(site, anna)
    answers = await asyncio.gather(
        *(anna.person.consult(pop["call"], "agent", name) for name in ("carla", "dora")), return_exceptions=True
    )
    [refused] = [each for each in answers if isinstance(each, ApiError)]
    assert refused.code == "transfer_under_way"
    chosen, other = (carla, dora) if isinstance(answers[1], ApiError) else (dora, carla)
    await chosen.phone.wait_ringing()
    assert other.phone.leg is None
    await matrix(site, pop["call"], caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})

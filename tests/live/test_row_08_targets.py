"""Row 8: whom a supervised transfer may go to: an agent of a group, a preset, a number; and what is refused."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from consults import (
    NUMBER,
    NUMBER_DIALLED,
    RINGING,
    everybody_rings_no_more,
    goes_on_hearing,
    heard_soon,
    matrix,
    parties,
    resumed,
    settled,
    site_with_conferences,
)
from steps import (
    PRESET_NUMBER,
    agent_is,
    at_work,
    configure,
    connected,
    ended_call,
    eventually,
    hear_each_other,
    history,
)

from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC

GROUPS = {"support": ["anna"], "sales": ["carla", "dora"], "empty": []}
NUMBERS = {"allow": ["+49", "+4315"], "deny": ["+4940666"]}


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session, groups=GROUPS, numbers=NUMBERS) as site:
        yield site


async def test_given_a_group_when_its_first_agent_rejects_then_the_next_is_rung_and_consulted(
    site: Site, lab: Lab
) -> None:
    anna, carla, dora = await at_work(site, "anna", "carla", "dora")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    check = await anna.person.check(call, "group", "sales")
    assert (check["allowed"], [each["id"] for each in check["eligible"]]) == (True, ["carla", "dora"])
    transfer = await anna.person.consult(call, "group", "sales", reason="a new contract")
    offer = await carla.offer()
    assert (offer["kind"], offer["group"]["id"], offer["preview"]["preview"]) == ("consult", "sales", True)
    await carla.phone.wait_ringing()
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    await carla.person.reject(offer["id"])
    await dora.phone.wait_ringing()
    await everybody_rings_no_more(carla.phone)
    assert dora.phone.caller_id_shown == ("+493012345", "Max")
    # The ringing goes on for agent 1, and the music for the caller.
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    await heard_soon(lab, "answer", dora.phone.answer, {anna.phone: dora.phone})
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {dora.phone}, dora.phone: {anna.phone}})
    await anna.person.complete(transfer["id"])
    mine = await dora.pop()
    assert (mine["call"], mine["preview"], mine["transfer_reason"]) == (call, False, "a new contract")
    await hear_each_other(lab, caller, dora.phone)
    assert carla.seen("pop") == []
    await agent_is(site, "carla", "available")


async def test_given_a_group_whose_agents_do_not_answer_in_time_then_agent_1_has_the_caller_again(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"offer_timeout": 1.0}, groups={"sales": {"max_wait": 2.0}})
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.consult(pop["call"], "group", "sales")
    await carla.phone.wait_ringing()
    assert (await carla.offer_ended())["state"] == "timed_out"
    assert (await anna.transfer_is("failed"))["failure"] == "waited_too_long"
    await resumed(site, anna, pop["call"])
    await matrix(site, pop["call"], caller, {caller: {anna.phone}, anna.phone: {caller}})
    await agent_is(site, "carla", "busy")
    check = await anna.person.check(pop["call"], "group", "sales")
    assert {each["id"]: each["code"] for each in check["others"]} == {"carla": "missed_offer", "dora": "offline"}


async def test_given_a_group_with_nobody_when_an_agent_comes_then_they_are_rung_meanwhile_agent_1_hears_ringing(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    transfer = await anna.person.consult(pop["call"], "group", "sales")
    await anna.transfer_is("ringing")
    await matrix(site, pop["call"], caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    [dora] = await at_work(site, "dora")
    await dora.phone.wait_ringing()
    await dora.phone.answer()
    await settled(site, pop["call"], "consulting", caller=None, agent="target", target="agent")
    await anna.person.cancel(transfer["id"])
    await hear_each_other(lab, caller, anna.phone)


@pytest.mark.parametrize("kind", ["preset", "number"])
async def test_given_an_external_target_when_completed_then_caller_and_they_talk_until_one_hangs_up(
    site: Site, lab: Lab, kind: str
) -> None:
    dialled, value = (PRESET_NUMBER, "plumber") if kind == "preset" else (NUMBER_DIALLED, NUMBER)
    outside = await lab.bank.outside(dialled, "outside")
    await outside.auto_answer(86400)
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    check = await anna.person.check(call, kind, value)
    assert check["allowed"], check
    transfer = await anna.person.consult(call, kind, value)
    await outside.wait_ringing()
    # The number outside sees the caller, not agent 1.
    assert outside.caller_id_shown[0] == "+493012345"
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: RINGING})
    with pytest.raises(ApiError, match="external_not_allowed"):
        await anna.person.complete(transfer["id"])  # not before they answer
    await heard_soon(lab, "external answers", outside.answer, {anna.phone: outside})
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {outside}, outside: {anna.phone}})
    target = (await parties(site, call))["target"]
    assert (target["external"], target["number"].replace(" ", "")) == (True, f"+{dialled.lstrip('+')}")
    await heard_soon(
        lab,
        "alternate from an external",
        lambda: anna.person.alternate(transfer["id"]),
        {caller: anna.phone, anna.phone: caller, outside: HOLD_MUSIC},
    )
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}, outside: {HOLD_MUSIC}})
    await heard_soon(
        lab,
        "complete to an external",
        lambda: anna.person.complete(transfer["id"]),
        {caller: outside, outside: caller},
    )
    await anna.phone.wait_ended()
    await matrix(site, call, caller, {caller: {outside}, outside: {caller}})
    assert (await anna.transfer_is("completed"))["taken_by"] is None
    await agent_is(site, "anna", "available")
    await (caller if kind == "preset" else outside).hang_up()
    await (outside if kind == "preset" else caller).wait_ended()
    assert (await ended_call(site, call))["outcome"] == "handled"


async def test_given_a_phone_with_a_codec_of_its_own_when_alternating_again_and_again_then_each_is_heard_each_time(
    site: Site, lab: Lab
) -> None:
    """Caller and target speak ulaw, the agent's phone alaw. Debian's Asterisk lets nothing of the second through where
    the agent's channel goes straight from the one to the other, in half of all cases: so it is tried four times."""
    outside = await lab.bank.outside(NUMBER_DIALLED, "outside")
    await outside.auto_answer(86400)
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    formats = {row["Nativeformats"] for row in await (await lab.ami()).list_action("Status")}
    assert formats == {"(alaw)", "(ulaw)"}
    transfer = await anna.person.consult(call, "number", NUMBER)
    await outside.wait_ringing()
    await outside.answer()
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    for _ in range(4):
        await anna.person.alternate(transfer["id"])
        await settled(site, call, "with_caller", caller="agent", agent="caller", target=None)
        await hear_each_other(lab, caller, anna.phone)
        await anna.person.alternate(transfer["id"])
        await settled(site, call, "consulting", caller=None, agent="target", target="agent")
        await hear_each_other(lab, outside, anna.phone)


REFUSED = [
    ("number", "+49 40 666123", "number_not_allowed"),
    ("number", "+33 1 23456789", "number_not_allowed"),
    ("number", "112", "number_not_allowed"),
    ("number", "0900 1 234567", "number_not_allowed"),
    ("number", "carla", "invalid_number"),
    ("number", "+49 40 555111 ext 5", "invalid_number"),
    ("number", "PJSIP/carla", "invalid_number"),
    ("number", "+49", "invalid_number"),
    ("preset", "nobody", "unknown_destination"),
    ("group", "nobody", "unknown_destination"),
    ("agent", "anna", "same_agent"),
    ("agent", "dora", "target_not_available"),
]


async def test_given_a_target_that_is_not_allowed_then_it_is_refused_as_the_check_said_and_both_go_on_talking(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    async with goes_on_hearing(lab, {caller: anna.phone, anna.phone: caller}, 100):
        for kind, value, code in REFUSED:
            check = await anna.person.check(pop["call"], kind, value)
            assert (check["allowed"], check["code"]) == (False, code), value
            assert check["reason"]
            with pytest.raises(ApiError) as refused:
                await anna.person.consult(pop["call"], kind, value)
            assert refused.value.code == code, value
            assert (await history(site, pop["call"]))[0] == "transfer.refused", value
    await matrix(site, pop["call"], caller, {caller: {anna.phone}, anna.phone: {caller}})


async def test_given_supervised_transfers_off_or_a_group_with_rules_of_its_own_then_they_decide(
    site: Site, lab: Lab
) -> None:
    anna, _ = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    assert await configure(site, options={"transfers": {"supervised": False}})
    with pytest.raises(ApiError, match="supervised_disabled"):
        await anna.person.consult(pop["call"], "agent", "carla")
    own = {"numbers": {"allow": [f"+{PRESET_NUMBER}"]}}
    assert await configure(site, options={"transfers": {"supervised": True}}, groups={"support": own})
    # A check reads what is decided on now; that is told of the new file a moment before it is in force.
    await eventually(
        lambda: anna.person.check(pop["call"], "preset", "plumber"), lambda found: found["allowed"], "the rules are new"
    )
    with pytest.raises(ApiError, match="number_not_allowed"):
        await anna.person.consult(pop["call"], "number", NUMBER)
    await hear_each_other(lab, caller, anna.phone)

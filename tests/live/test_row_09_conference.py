"""Row 9: four in one conversation, each of whom can be muted, held or dropped, and the others go on."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from consults import (
    FOURTH,
    FOURTH_DIALLED,
    NUMBER,
    NUMBER_DIALLED,
    conference,
    consulting,
    four,
    heard_soon,
    matrix,
    parties,
    party_id,
    resumed,
    site_with_conferences,
    talk,
)
from steps import agent_is, at_work, configure, connected, ended_call, eventually, hear_each_other

from callbridge.demo.bank_lines import BUSY, Line
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session, options={"wrap_up": 60.0}) as site:
        yield site


def everybody(*lines: Line) -> dict[Line, set[Line]]:
    return {line: set(lines) - {line} for line in lines}


async def test_given_a_consultation_when_a_fourth_party_answers_then_four_talk_and_agent_1_leaves_the_rest_to_go_on(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    fourth = await lab.bank.outside(FOURTH_DIALLED, "the fourth")
    await fourth.auto_answer(86400)
    caller, pop, transfer = await consulting(site, anna, carla)
    call = pop["call"]
    await anna.person.fourth(call, FOURTH)
    await fourth.wait_ringing()
    # Until they answer the consultation goes on.
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}})
    with pytest.raises(ApiError, match="fourth_present"):
        await anna.person.fourth(call, FOURTH)
    lines = (caller, anna.phone, carla.phone, fourth)
    await heard_soon(
        lab, "fourth party answers", fourth.answer, {caller: carla.phone, anna.phone: fourth, carla.phone: caller}
    )
    await talk(site, call, "caller", "agent", "target", "fourth")
    await matrix(site, call, caller, everybody(*lines))
    await anna.person.leave_conference(transfer["id"])
    assert (await carla.pop())["preview"] is False
    await anna.phone.wait_ended()
    await agent_is(site, "anna", "wrap_up")
    await matrix(site, call, caller, everybody(caller, carla.phone, fourth))
    assert {(role, found["external"]) for role, found in (await parties(site, call)).items()} == {
        ("caller", False),
        ("agent", False),
        ("fourth", True),
    }
    await carla.person.party(call, await party_id(site, call, "fourth"), "drop")
    await fourth.wait_ended()
    await resumed(site, carla, call)
    await matrix(site, call, caller, everybody(caller, carla.phone))
    await caller.hang_up()
    await carla.phone.wait_ended()


@pytest.mark.parametrize("role", ["caller", "target", "fourth"])
async def test_given_four_when_one_is_muted_held_resumed_and_dropped_then_exactly_they_are(
    site: Site, lab: Lab, role: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, _, fourth, _ = await four(site, anna, carla)
    call = pop["call"]
    lines: tuple[Line, ...] = (caller, anna.phone, carla.phone, fourth)
    one: Line = {"caller": caller, "target": carla.phone, "fourth": fourth}[role]
    party = await party_id(site, call, role)
    others = [line for line in lines if line is not one]
    muted = {line: set(lines) - {line, one} for line in others} | {one: set(others)}
    await anna.person.party(call, party, "mute")
    assert (await parties(site, call))[role]["muted"] is True
    await matrix(site, call, caller, muted)
    await heard_soon(
        lab, f"unmute the {role}", lambda: anna.person.party(call, party, "unmute"), dict.fromkeys(others, one)
    )
    await anna.person.party(call, party, "hold")
    assert (await parties(site, call))[role]["held"] is True
    await matrix(site, call, caller, everybody(*others) | {one: {HOLD_MUSIC}})
    await heard_soon(
        lab,
        f"resume the {role} of a conference",
        lambda: anna.person.party(call, party, "resume"),
        dict.fromkeys(others, one) | {one: anna.phone},
    )
    await matrix(site, call, caller, everybody(*lines))
    if role == "caller":
        with pytest.raises(ApiError, match="caller_not_dropped"):
            await anna.person.party(call, party, "drop")
        await hear_each_other(lab, *lines)
        return
    await anna.person.party(call, party, "drop")
    await one.wait_ended()
    await matrix(site, call, caller, everybody(*others))
    if role == "target":
        await agent_is(site, "carla", "available")


async def test_given_agent_1_muted_then_nobody_hears_them_also_after_alternating(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await consulting(site, anna, carla)
    call = pop["call"]
    await anna.person.party(call, await party_id(site, call, "agent"), "mute")
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: set()})
    await anna.person.alternate(transfer["id"])
    await matrix(site, call, caller, {caller: set(), anna.phone: {caller}, carla.phone: {HOLD_MUSIC}})
    await anna.person.party(call, await party_id(site, call, "agent"), "unmute")
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}, carla.phone: {HOLD_MUSIC}})


@pytest.mark.parametrize("who", ["caller", "target", "fourth", "agent"])
async def test_given_four_when_one_hangs_up_then_the_other_three_go_on(site: Site, lab: Lab, who: str) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, _, fourth, _ = await four(site, anna, carla)
    call = pop["call"]
    lines: tuple[Line, ...] = (caller, anna.phone, carla.phone, fourth)
    gone: Line = {"caller": caller, "target": carla.phone, "fourth": fourth, "agent": anna.phone}[who]
    await gone.hang_up()
    left = [line for line in lines if line is not gone]
    await lab.assert_hears(everybody(*left), seconds=0.6)
    if who == "agent":
        assert (await carla.pop())["preview"] is False
        await agent_is(site, "anna", "wrap_up")
        await matrix(site, call, caller, everybody(*left))
    for line in left[:-1]:
        before = len(await lab.channels())
        await line.hang_up()
        # One after the other also as the PBX sees it: who is last decides how the call has ended.
        await eventually(lab.channels, lambda seen, before=before: len(seen) < before, f"{line.name} is gone")
    await left[-1].wait_ended()
    assert (await ended_call(site, call))["outcome"] == "handled"
    await lab.wait_no_channels()


async def test_given_only_externals_would_remain_then_agent_1_may_leave_only_where_the_administrator_allows_it(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    target = await lab.bank.outside(NUMBER_DIALLED, "target outside")
    fourth = await lab.bank.outside(FOURTH_DIALLED, "fourth outside")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    transfer = await anna.person.consult(call, "number", NUMBER)
    await anna.transfer_is("consulting")
    await anna.person.fourth(call, FOURTH)
    await talk(site, call, "caller", "agent", "target", "fourth")
    await matrix(site, call, caller, everybody(caller, anna.phone, target, fourth))
    assert await configure(site, options={"transfers": {"four_way": True, "externals_may_stay": True}})
    await anna.person.leave_conference(transfer["id"])
    await anna.phone.wait_ended()
    await matrix(site, call, caller, everybody(caller, target, fourth))
    await fourth.hang_up()
    await matrix(site, call, caller, everybody(caller, target))
    await caller.hang_up()
    await target.wait_ended()


async def test_given_a_fourth_party_who_is_busy_or_does_not_answer_or_is_forbidden_then_the_others_go_on(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"transfers": {"four_way": True, "external_timeout": 1.0}})
    anna, carla = await at_work(site, "anna", "carla")
    fourth = await lab.bank.outside(FOURTH_DIALLED, "the fourth")
    caller, pop, transfer = await consulting(site, anna, carla)
    call = pop["call"]
    hears = {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}}
    await fourth.auto_refuse(BUSY)
    await anna.person.fourth(call, FOURTH)
    await fourth.wait_ended()
    await matrix(site, call, caller, hears)
    await fourth.auto_answer(86400)
    await anna.person.merge(transfer["id"])
    await talk(site, call, "caller", "agent", "target")
    await anna.person.fourth(call, FOURTH)
    await fourth.wait_ringing()
    await fourth.wait_ended()
    await matrix(site, call, caller, everybody(caller, anna.phone, carla.phone))
    with pytest.raises(ApiError, match="number_not_allowed"):
        await anna.person.fourth(call, "112")
    assert await configure(site, options={"transfers": {"four_way": False}})
    with pytest.raises(ApiError, match="four_way_disabled"):
        await anna.person.fourth(call, FOURTH)
    await matrix(site, call, caller, everybody(caller, anna.phone, carla.phone))


async def test_given_a_conference_when_all_but_agent_1_and_the_caller_are_dropped_then_it_is_an_ordinary_call(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await conference(site, anna, carla)
    call = pop["call"]
    own = await party_id(site, call, "agent")
    with pytest.raises(ApiError, match="own_leg"):
        await anna.person.party(call, own, "drop")
    with pytest.raises(ApiError, match="unknown_party"):
        await anna.person.party(call, "leg-9", "mute")
    await anna.person.party(call, await party_id(site, call, "target"), "drop")
    await carla.phone.wait_ended()
    await resumed(site, anna, call)
    assert (await anna.transfer_is("failed"))["id"] == transfer["id"]
    await matrix(site, call, caller, everybody(caller, anna.phone))
    await anna.phone.hang_up()
    await caller.wait_ended()

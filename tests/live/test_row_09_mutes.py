"""Row 9: a mute lasts as long as its conference, and can be undone; who is handed a conference can go on with it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from consults import conference, consulting, four, matrix, party_id, resumed, settled, site_with_conferences, talk
from steps import Desk, agent_is, at_work, hear_each_other, the_call

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session) as site:
        yield site


async def muted(site: Site, call: str) -> set[str]:
    found = (await site.crm.get(f"/v1/calls/{call}/parties"))["items"]
    return {party["role"] for party in found if party["muted"]}


async def _mute(site: Site, anna: Desk, call: str, *roles: str) -> None:
    for role in roles:
        await anna.person.party(call, await party_id(site, call, role), "mute")
    assert await muted(site, call) == set(roles)


@pytest.mark.parametrize("who", ["caller", "agent", "target"])
@pytest.mark.parametrize("how", ["leave", "cancel", "target hangs up", "agent hangs up"])
async def test_given_a_mute_when_the_conference_is_over_then_those_who_stay_hear_each_other(
    site: Site, lab: Lab, how: str, who: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await conference(site, anna, carla)
    call = pop["call"]
    await _mute(site, anna, call, who)
    await {
        "leave": lambda: anna.person.leave_conference(transfer["id"]),
        "cancel": lambda: anna.person.cancel(transfer["id"]),
        "target hangs up": carla.phone.hang_up,
        "agent hangs up": anna.phone.hang_up,
    }[how]()
    stays = carla if how in ("leave", "agent hangs up") else anna
    await resumed(site, stays, call)
    assert await muted(site, call) == set()
    await hear_each_other(lab, caller, stays.phone)


async def test_given_a_muted_target_when_the_consultation_is_completed_then_they_and_the_caller_hear_each_other(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await consulting(site, anna, carla)
    await _mute(site, anna, pop["call"], "target")
    await anna.person.complete(transfer["id"])
    await resumed(site, carla, pop["call"])
    await hear_each_other(lab, caller, carla.phone)


async def test_given_a_mute_when_the_gateway_is_started_again_then_it_can_be_undone(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, _ = await conference(site, anna, carla)
    await _mute(site, anna, pop["call"], "caller")
    await site.kill()
    await site.start()
    assert await muted(site, pop["call"]) == {"caller"}
    await lab.assert_hears({caller: {anna.phone, carla.phone}, anna.phone: {carla.phone}, carla.phone: {anna.phone}})
    await anna.person.party(pop["call"], "caller", "unmute")
    await hear_each_other(lab, caller, anna.phone, carla.phone)


async def test_given_two_who_talk_when_unmute_is_asked_for_then_it_is_no_error(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop, transfer = await conference(site, anna, carla)
    await anna.person.cancel(transfer["id"])
    await resumed(site, anna, pop["call"])
    await anna.person.party(pop["call"], "caller", "unmute")
    await hear_each_other(lab, caller, anna.phone)


# ---------------------------------------------------------------- C7: handed a conference


async def _handed(site: Site, anna: Desk, carla: Desk) -> tuple[Any, str, Any, Any]:
    """Carla has Anna's caller and the fourth party, and Anna is gone."""
    caller, pop, transfer, fourth, _ = await four(site, anna, carla)
    await anna.person.complete(transfer["id"])
    await anna.phone.wait_ended()
    await talk(site, pop["call"], "caller", "agent", "fourth")
    return caller, pop["call"], transfer, fourth


async def test_given_a_conference_that_was_handed_over_then_its_new_agent_holds_resumes_and_drops_the_fourth(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, call, transfer, fourth = await _handed(site, anna, carla)
    party = await party_id(site, call, "fourth")
    await carla.person.party(call, party, "hold")
    await settled(site, call, "conference", caller="agent", agent="caller", fourth=None)
    await carla.person.merge(transfer["id"])
    await talk(site, call, "caller", "agent", "fourth")
    await hear_each_other(lab, caller, carla.phone, fourth)
    await carla.person.party(call, party, "drop")
    await resumed(site, carla, call)
    await matrix(site, call, caller, {caller: {carla.phone}, carla.phone: {caller}})


async def test_given_a_conference_that_was_handed_over_when_its_new_agent_cancels_then_they_can_consult_themselves(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, call, transfer, fourth = await _handed(site, anna, carla)
    await carla.person.cancel(transfer["id"])
    await fourth.wait_ended()
    await resumed(site, carla, call)
    await agent_is(site, "anna", "available")
    own = await carla.person.consult(call, "agent", "anna")
    await anna.phone.wait_ringing()
    await anna.phone.answer()
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    await carla.person.complete(own["id"])
    await the_call(site, lambda seen: (seen["id"], seen["agent"], seen["state"]) == (call, "anna", "talking"))
    await hear_each_other(lab, caller, anna.phone)

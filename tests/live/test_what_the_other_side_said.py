"""Whoever is not reached: the one word for it, with Q.850 cause and SIP status, as real phones say it."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio
from consults import FOURTH, FOURTH_DIALLED, NUMBER, NUMBER_DIALLED, consulting, parties, site_with_conferences
from steps import GROUPS, agent_is, at_work, connected, eventually, hear_each_other, ring

from callbridge.demo.bank_lines import BUSY
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

# What the carrier is told to end the call with -> what it says on the line, and what is made of that. Asterisk's own
# words for a cause: it has no SIP status for 41 and says "603 Decline", so that nobody could know better.
SAID = {
    17: ("busy", 17, 486),
    21: ("declined", 21, 403),
    22: ("number_changed", 22, 410),
    1: ("no_such_number", 1, 404),
    28: ("no_such_number", 28, 484),
    34: ("network_trouble", 34, 503),
    38: ("network_trouble", 38, 500),
    41: ("declined", 21, 603),
    20: ("no_answer", 19, 480),
    18: ("no_answer", 18, 408),
    27: ("unreachable", 27, 502),
}


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with site_with_conferences(lab_of_the_session, groups=GROUPS) as site:
        yield site


async def entries(site: Site, call: str, kind: str) -> list[Mapping[str, Any]]:
    """The details of this call's entries of this kind, the newest first."""
    found = (await site.crm.get(f"/v1/calls/{call}/history?limit=200"))["items"]
    return [entry["detail"] for entry in found if entry["kind"] == kind]


async def test_given_numbers_outside_that_are_not_reached_then_each_is_told_why_and_the_caller_is_back(
    site: Site, lab: Lab
) -> None:
    outside = await lab.bank.outside(NUMBER_DIALLED, "outside")
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    call = pop["call"]
    for cause, (reason, shown, status) in SAID.items():
        await outside.auto_refuse(cause)
        await anna.person.consult(call, "number", NUMBER)
        ended = await anna.transfer_is("failed")
        assert (ended["failure"], ended["said"]) == (
            reason,
            {"reason": reason, "cause": shown, "sip_status": status},
        ), cause
        await anna.is_talking(call)
        entry = (await entries(site, call, "leg.ended"))[0]
        assert (entry["said"], entry["cause"], entry["sip_status"]) == (reason, shown, status), cause
        assert (await entries(site, call, "transfer.failed"))[0]["failure"] == reason
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_preset_whose_number_has_changed_then_that_is_told(site: Site, lab: Lab) -> None:
    plumber = await lab.bank.outside("+4940555777", "plumber")
    await plumber.auto_refuse(22)
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await anna.person.consult(pop["call"], "preset", "plumber")
    ended = await anna.transfer_is("failed")
    assert (ended["failure"], ended["said"]["cause"], ended["said"]["sip_status"]) == ("number_changed", 22, 410)
    await anna.is_talking(pop["call"])
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_colleague_whose_phone_is_busy_then_agent_1_is_told_and_nobody_is_blamed(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.consult(pop["call"], "agent", "carla")
    await carla.phone.wait_ringing()
    await carla.phone.decline(cause=BUSY)
    ended = await anna.transfer_is("failed")
    said = {"reason": "busy", "cause": 17, "sip_status": 486}
    assert (ended["failure"], ended["said"]) == ("rejected", said)
    assert (await carla.offer_ended())["said"] == said
    await agent_is(site, "carla", "available")
    await anna.is_talking(pop["call"])
    await hear_each_other(lab, caller, anna.phone)


@pytest.mark.parametrize(
    ("cause", "reason", "state"),
    [(27, "unreachable", "busy"), (38, "network_trouble", "available")],
)
async def test_given_an_offer_when_the_phone_or_the_network_fails_then_the_agent_is_busy_only_for_the_phone(
    site: Site, lab: Lab, cause: int, reason: str, state: str
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    await anna.phone.auto_refuse(cause)
    await ring(lab)
    ended = await anna.offer_ended()
    assert (ended["state"], ended["reason"], ended["said"]["reason"]) == ("rescinded", reason, reason)
    await bernd.phone.wait_ringing()
    await agent_is(site, "anna", state)


async def test_given_a_fourth_party_who_is_not_reached_then_the_call_says_why_and_the_others_talk_on(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    _, pop, _ = await consulting(site, anna, carla)
    call = pop["call"]
    fourth = await lab.bank.outside(FOURTH_DIALLED, "the fourth")
    await fourth.auto_refuse(1)
    await anna.person.fourth(call, FOURTH)
    told = await anna.next("call.updated", lambda data: data["call"]["fourth_failure"] is not None)
    failure = told["call"]["fourth_failure"]
    assert failure["number"].replace(" ", "") == FOURTH_DIALLED.replace(" ", "")
    assert failure["said"] == {"reason": "no_such_number", "cause": 1, "sip_status": 404}
    assert (await entries(site, call, "fourth.not_reached"))[0]["said"] == "no_such_number"
    await eventually(lambda: parties(site, call), lambda found: "fourth" not in found, "the fourth party is gone")
    await hear_each_other(lab, anna.phone, carla.phone)

"""A call outlives its channels: ring groups, a reception that transfers its caller, another phone that takes over."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from sip_phone import Dialog, SipPhone
from steps import (
    Desk,
    at_work,
    ended_call,
    eventually,
    hear_each_other,
    hears_music,
    history,
    live_calls,
    logged_in,
    ring,
    the_call,
)

from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

RECEPTION, RING_GROUP, CHAINED, SUPPORT = "5550700", "5550710", "5550720", "5550100"
NUMBER = "+493012345"
RECEPTION_SHOWS, WAREHOUSE_SHOWS = "+49309990010", "+49309990011"
"""Numbers of the lab's inside phones."""


@pytest_asyncio.fixture
async def reception(lab: Lab) -> AsyncIterator[SipPhone]:
    async with SipPhone(lab, "reception") as phone:
        yield phone


async def asked(lab: Lab, reception: SipPhone) -> tuple[Caller, Dialog, Dialog]:
    """The reception has a caller on hold and calls the group for them: caller, and the reception's two calls."""
    caller = await lab.bank.call(from_number=NUMBER, did=RECEPTION, name="Max")
    first = await reception.answer()
    await caller.wait_up()
    await reception.hold(first)
    return caller, first, await reception.call(SUPPORT)


async def shows(site: Site, call: str, number: str = NUMBER) -> Any:
    """The call, once it is this number's."""
    return await eventually(
        lambda: site.crm.get(f"/v1/calls/{call}"), lambda seen: seen["caller_number"] == number, f"it is {number}'s"
    )


async def goes_on(site: Site, caller: Caller, desk: Desk, call: str) -> None:
    """Whoever talks can do all that others can: hold, talk, hang up."""
    await hear_each_other(site.lab, caller, desk.phone)
    before = desk.person.mark()
    await desk.person.hold(call)
    await hears_music(site.lab, caller)
    await desk.person.resume(call)
    await desk.person.event("call.updated", lambda data: data["call"]["state"] == "talking", since=before)
    await hear_each_other(site.lab, caller, desk.phone)
    await desk.phone.hang_up()
    await caller.wait_ended(5)
    assert (await ended_call(site, call))["outcome"] == "handled"


# ---------------------------------------------------------------- ring groups


@pytest.mark.parametrize("did", [RING_GROUP, CHAINED], ids=["one Local channel", "two chained"])
async def test_given_a_ring_group_in_front_then_the_talk_goes_on_with_hold_and_all(
    site: Site, lab: Lab, did: str
) -> None:
    (anna,) = await at_work(site, "anna")
    caller = await ring(lab, did)
    pop = await anna.take()
    assert pop["caller_number"] == NUMBER
    # Asterisk would have optimized the Local channels away by the second time.
    for _ in range(3):
        await hear_each_other(lab, caller, anna.phone)
    await goes_on(site, caller, anna, pop["call"])


# ---------------------------------------------------------------- a reception that transfers


async def test_given_a_reception_that_waits_when_it_transfers_then_its_caller_has_the_place_and_the_pop(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    caller, first, second = await asked(lab, reception)
    call = await the_call(site)
    assert call["caller_number"] == RECEPTION_SHOWS
    assert await reception.transfer(first, second) == 202
    assert (await shows(site, call["id"]))["state"] == "waiting"
    await hears_music(lab, caller)
    (anna,) = await at_work(site, "anna")
    pop = await anna.take()
    assert (pop["call"], pop["caller_number"], pop["caller_name"]) == (call["id"], NUMBER, "Max")
    assert "call.caller_replaced" in await history(site, call["id"])
    await goes_on(site, caller, anna, call["id"])


async def test_given_a_phone_that_rings_for_the_reception_when_it_transfers_then_the_preview_shows_the_caller(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    (anna,) = await at_work(site, "anna")
    caller, first, second = await asked(lab, reception)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    assert await reception.transfer(first, second) == 202
    again = await anna.next("offer.made", lambda data: data["offer"]["preview"]["caller_number"] == NUMBER)
    assert (again["offer"]["id"], again["offer"]["state"]) == (offer["id"], "pending")
    await anna.take_ringing(offer["call"])
    assert (await anna.pop())["caller_number"] == NUMBER
    await goes_on(site, caller, anna, offer["call"])


async def talking(lab: Lab, reception: SipPhone, anna: Desk) -> tuple[Caller, Dialog, Dialog, str]:
    """Anna talks with the reception: the reception's caller, its two calls, and the call."""
    caller, first, second = await asked(lab, reception)
    pop = await anna.take()
    assert pop["caller_number"] == RECEPTION_SHOWS
    return caller, first, second, pop["call"]


async def test_given_an_agent_who_talks_with_the_reception_when_it_transfers_then_they_talk_with_the_caller(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    (anna,) = await at_work(site, "anna")
    caller, first, second, call = await talking(lab, reception, anna)
    assert await reception.transfer(first, second) == 202
    assert (await anna.pop())["caller_number"] == NUMBER
    for _ in range(3):
        await hear_each_other(lab, caller, anna.phone)
    await goes_on(site, caller, anna, call)


async def test_given_a_consultation_when_the_reception_transfers_then_the_new_agent_gets_the_caller(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, first, second, call = await talking(lab, reception, anna)
    transfer = await anna.person.consult(call, "agent", "carla")
    await carla.phone.wait_ringing()
    await carla.phone.answer()
    await anna.transfer_is("consulting")
    await hear_each_other(lab, anna.phone, carla.phone)
    assert await reception.transfer(first, second) == 202
    await shows(site, call)
    await hears_music(lab, caller)
    await anna.person.complete(transfer["id"])
    assert (await carla.pop())["caller_number"] == NUMBER
    await carla.is_talking(call)
    await goes_on(site, caller, carla, call)


async def test_given_a_conference_when_the_reception_transfers_then_all_talk_with_the_caller(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, first, second, call = await talking(lab, reception, anna)
    transfer = await anna.person.consult(call, "agent", "carla")
    await carla.phone.wait_ringing()
    await carla.phone.answer()
    await anna.transfer_is("consulting")
    await anna.person.merge(transfer["id"])
    await hear_each_other(lab, anna.phone, carla.phone)
    assert await reception.transfer(first, second) == 202
    await shows(site, call)
    for _ in range(2):
        await hear_each_other(lab, caller, anna.phone, carla.phone)
    await anna.person.leave_conference(transfer["id"])
    await carla.is_talking(call)
    await goes_on(site, caller, carla, call)


# ---------------------------------------------------------------- the gateway is away


async def test_given_a_gateway_that_is_away_when_the_reception_transfers_then_the_talk_is_the_callers_after(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    (anna,) = await at_work(site, "anna")
    caller, first, second, call = await talking(lab, reception, anna)
    await site.kill()
    assert await reception.transfer(first, second) == 202
    await hear_each_other(lab, caller, anna.phone)
    await site.start()
    assert (await shows(site, call))["state"] == "talking"
    await goes_on(site, caller, anna, call)


async def test_given_a_gateway_that_is_away_when_the_waiting_reception_transfers_then_its_caller_is_served_after(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    (anna,) = await logged_in(site, "anna")
    caller, first, second = await asked(lab, reception)
    call = await the_call(site)
    await site.kill()
    assert await reception.transfer(first, second) == 202
    await hears_music(lab, caller)
    await site.start()
    assert (await shows(site, call["id"]))["state"] == "waiting"
    await anna.person.available()
    assert (await anna.take())["caller_number"] == NUMBER
    await goes_on(site, caller, anna, call["id"])


# ---------------------------------------------------------------- other ways


async def test_given_a_waiting_phone_when_another_one_takes_its_call_over_then_that_one_is_served(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    """INVITE with Replaces: a call that is continued at another phone."""
    second = await reception.call(SUPPORT)
    call = await the_call(site)
    async with SipPhone(lab, "warehouse") as warehouse:
        await warehouse.call(SUPPORT, replaces=second)
        assert (await shows(site, call["id"], WAREHOUSE_SHOWS))["state"] == "waiting"
        assert len(await live_calls(site)) == 1
        (anna,) = await at_work(site, "anna")
        assert (await anna.take())["caller_number"] == WAREHOUSE_SHOWS


async def test_given_a_reception_that_transfers_blindly_then_its_caller_arrives_as_themselves(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    (anna,) = await at_work(site, "anna")
    caller = await lab.bank.call(from_number=NUMBER, did=RECEPTION, name="Max")
    first = await reception.answer()
    await caller.wait_up()
    assert await reception.transfer(first, SUPPORT) == 202
    pop = await anna.take()
    assert pop["caller_number"] == NUMBER
    await goes_on(site, caller, anna, pop["call"])


async def test_given_an_agent_who_talks_with_the_reception_when_it_sends_them_outside_then_the_talk_goes_on(
    site: Site, lab: Lab, reception: SipPhone
) -> None:
    """Also who may dial outside themselves opens no way there for an agent's phone."""
    outside = await lab.bank.outside("5550777")
    (anna,) = await at_work(site, "anna")
    caller, first, second, call = await talking(lab, reception, anna)
    await reception.transfer(second, "005550777")
    assert await reception.transfer(first, second) == 202
    assert (await anna.pop())["caller_number"] == NUMBER
    await hear_each_other(lab, caller, anna.phone)
    assert outside.legs == []
    await goes_on(site, caller, anna, call)

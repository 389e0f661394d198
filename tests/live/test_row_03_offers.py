"""Row 3: an offer is accepted, rejected or missed, by button or by phone."""

import asyncio

import pytest
from steps import (
    Desk,
    agent,
    agent_is,
    at_work,
    configure,
    connected,
    ended_call,
    hear_each_other,
    hears_music,
    ring,
    the_call,
)

from callbridge.demo.bank_lines import BUSY, OUT_OF_ORDER, REJECTED
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site


async def refused(desk: Desk, verb: str, offer: str) -> tuple[int, str]:
    with pytest.raises(ApiError) as refusal:
        await desk.person.post(f"/v1/offers/{offer}:{verb}")
    return refusal.value.status, str(refusal.value.code)


async def test_given_accept_by_button_then_pop_at_once_and_sound_when_the_phone_is_picked_up(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await anna.person.accept(offer["id"])
    pop = await anna.pop()
    assert (pop["id"], pop["preview"]) == (offer["preview"]["id"], False)
    assert (await anna.offer_ended())["state"] == "accepted"
    await agent_is(site, "anna", "on_call")
    assert anna.phone.ringing is not None
    await hears_music(lab, caller)
    await anna.person.accept(offer["id"])  # pressed twice
    await anna.pick_up()
    await anna.is_talking(pop["call"])
    await hear_each_other(lab, caller, anna.phone)
    assert len(anna.seen("pop")) == 1


async def test_given_the_phone_is_picked_up_then_this_is_accept(site: Site, lab: Lab) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.pick_up()
    assert (await anna.offer_ended())["state"] == "accepted"
    pop = await anna.pop()
    await anna.is_talking(pop["call"])
    await hear_each_other(lab, caller, anna.phone)
    assert await refused(anna, "reject", offer["id"]) == (409, "offer_ended")
    await anna.person.hang_up(pop["call"])
    await caller.wait_ended()
    await anna.phone.wait_ended()
    assert (await ended_call(site, pop["call"]))["outcome"] == "handled"


async def test_given_reject_by_button_then_the_phone_stops_and_the_next_agent_is_asked(site: Site, lab: Lab) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await anna.person.reject(offer["id"])
    assert (await anna.offer_ended())["state"] == "rejected"
    await anna.stops_ringing()
    await agent_is(site, "anna", "available")
    second = await bernd.offer()
    assert (second["call"], second["id"] != offer["id"]) == (offer["call"], True)
    await hears_music(lab, caller)
    assert await refused(anna, "accept", offer["id"]) == (409, "offer_ended")
    await bernd.pick_up()
    await bernd.is_talking(offer["call"])
    await hear_each_other(lab, caller, bernd.phone)
    assert anna.phone.leg is None


async def test_given_the_only_agent_rejects_then_the_caller_waits_and_is_offered_again_after_the_pause(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"reject_pause": 1.0})
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.person.reject(offer["id"])
    await anna.offer_ended()
    await hears_music(lab, caller)
    assert (await anna.take())["call"] == offer["call"]
    await hear_each_other(lab, caller, anna.phone)


@pytest.mark.parametrize("cause", [BUSY, REJECTED], ids=["486", "603"])
async def test_given_the_phone_declines_then_this_is_reject(site: Site, lab: Lab, cause: int) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    await anna.offer()
    await anna.phone.wait_ringing()
    await anna.phone.decline(cause=cause)
    ended = await anna.offer_ended()
    assert (ended["state"], ended["reason"]) == ("rejected", "phone")
    assert (await agent(site, "anna"))["state"] == "available"
    await bernd.take()
    await hear_each_other(lab, caller, bernd.phone)


async def test_given_no_answer_then_the_agent_becomes_busy_the_next_is_tried_and_the_first_stays_busy(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"offer_timeout": 1.0})
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    await anna.offer()
    await anna.phone.wait_ringing()
    assert (await anna.offer_ended())["state"] == "timed_out"
    await anna.stops_ringing()
    me = await anna.next("agent", lambda data: data["state"] == "busy")
    assert (me["reason"], me["missed_offer"]) == ("missed_offer", True)
    await bernd.take()
    await hear_each_other(lab, caller, bernd.phone)
    # Stays Busy: the next caller is not offered to them.
    second = await ring(lab)
    await the_call(site, lambda call: call["state"] == "waiting")
    await hears_music(lab, second)
    assert len(anna.seen("offer.made")) == 1
    # Returns to Available: now he is.
    await anna.person.available()
    await anna.take()
    await lab.assert_hears(
        {caller: {bernd.phone}, bernd.phone: {caller}, second: {anna.phone}, anna.phone: {second}}, seconds=0.6
    )


async def test_given_nobody_answers_at_all_then_the_caller_goes_on_waiting_until_somebody_returns(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"offer_timeout": 1.0, "reject_pause": 0.0})
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    assert (await anna.offer_ended())["state"] == "timed_out"
    assert (await bernd.offer_ended())["state"] == "timed_out"
    await agent_is(site, "bernd", "busy", "missed_offer")
    await hears_music(lab, caller)
    await bernd.person.busy("lunch")
    await bernd.person.available()
    await bernd.next("offer.made")
    await bernd.take()
    await hear_each_other(lab, caller, bernd.phone)


async def test_given_accept_by_button_and_a_phone_that_nobody_picks_up_then_busy_and_the_next_agent(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"answer_timeout": 1.0})
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await anna.person.accept(offer["id"])
    await hears_music(lab, caller)
    await bernd.take()
    await agent_is(site, "anna", "busy", "missed_offer")
    await anna.stops_ringing()
    await hear_each_other(lab, caller, bernd.phone)


async def test_given_a_ringing_phone_when_the_caller_hangs_up_then_it_stops_and_the_agent_is_free(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await caller.hang_up()
    assert (await anna.offer_ended())["state"] == "cancelled"
    await anna.stops_ringing()
    await agent_is(site, "anna", "available")
    assert (await ended_call(site, offer["call"]))["outcome"] == "abandoned"
    assert anna.seen("pop") == []
    again = await ring(lab)
    await anna.next("offer.made")
    await anna.pick_up()
    await hear_each_other(lab, again, anna.phone)


async def test_given_accepted_by_button_when_the_caller_hangs_up_before_pick_up_then_nobody_is_left(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    await anna.phone.wait_ringing()
    await anna.person.accept(offer["id"])
    await caller.hang_up()
    await anna.stops_ringing()
    await agent_is(site, "anna", "available")
    await lab.wait_no_channels()


async def test_given_an_unregistered_phone_then_its_agent_is_passed_over_until_it_is_back(site: Site, lab: Lab) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    await anna.phone.unregister()
    await _phone_is(site, "unreachable")
    caller, pop = await connected(site, bernd)
    await hear_each_other(lab, caller, bernd.phone)
    history = (await site.crm.get(f"/v1/calls/{pop['call']}/history"))["items"]
    [made] = [entry for entry in history if entry["kind"] == "offer.made"]
    assert made["detail"]["passed_over"] == {"anna": "phone_unreachable"}
    waits = await ring(lab)
    await hears_music(lab, waits)
    assert anna.seen("offer.made") == []
    await anna.phone.register()
    await anna.take()
    await hear_each_other(lab, waits, anna.phone)


async def _phone_is(site: Site, state: str) -> None:
    async with asyncio.timeout(10):
        while (await agent(site, "anna"))["phone"] != state:  # noqa: ASYNC110 - phones' states are not pushed
            await asyncio.sleep(0.02)


async def test_given_a_phone_that_cannot_be_rung_then_its_agent_is_busy_and_the_next_is_asked(
    site: Site, lab: Lab
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    await anna.phone.auto_refuse(OUT_OF_ORDER)
    caller = await ring(lab)
    assert (await anna.offer_ended())["state"] == "rescinded"
    await agent_is(site, "anna", "busy", "phone_unreachable")
    await bernd.take()
    await hear_each_other(lab, caller, bernd.phone)


async def test_given_anothers_offer_when_answered_then_it_is_unknown_and_still_theirs(site: Site, lab: Lab) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    offer = await anna.offer()
    for verb in ("accept", "reject"):
        assert await refused(bernd, verb, offer["id"]) == (404, "unknown_offer")
    await anna.pick_up()
    await anna.is_talking(offer["call"])
    await hear_each_other(lab, caller, anna.phone)
    assert bernd.seen("offer.made") == []


@pytest.mark.parametrize("leaves", ["logs out", "becomes busy"])
async def test_given_a_pending_offer_when_its_agent_leaves_then_the_next_is_asked(
    site: Site, lab: Lab, leaves: str
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller = await ring(lab)
    await anna.offer()
    await anna.phone.wait_ringing()
    if leaves == "logs out":
        await anna.person.leave()
    else:
        await anna.person.busy("fire drill")
    await anna.stops_ringing()
    await bernd.take()
    await hear_each_other(lab, caller, bernd.phone)
    await agent_is(site, "anna", "offline" if leaves == "logs out" else "busy")

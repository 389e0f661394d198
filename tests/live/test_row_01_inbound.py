"""Row 1: an inbound call reaches the first available agent of its group."""

import pytest
from steps import (
    EMPTY,
    HOSTILE_DATA,
    NOWHERE,
    SALES,
    WITH_DATA,
    agent_is,
    at_work,
    configure,
    connected,
    ended_call,
    eventually,
    faults,
    hear_each_other,
    hears_fallback,
    hears_music,
    history,
    logged_in,
    no_calls,
    ring,
    the_call,
    waiting,
)

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


async def test_given_nobody_available_when_somebody_calls_then_he_hears_music_until_an_agent_takes_it(
    site: Site, lab: Lab
) -> None:
    [anna] = await logged_in(site, "anna")
    caller, call = await waiting(site, lab)
    assert (call["state"], call["group"]["id"], call["called"]) == ("waiting", "support", "5550100")
    await hears_music(lab, caller)
    assert anna.seen("offer.made") == []
    await anna.person.available()
    offer = await anna.offer()
    assert (offer["call"], offer["kind"], offer["group"]["id"]) == (call["id"], "group", "support")
    await anna.phone.wait_ringing()
    await hears_music(lab, caller)
    assert anna.phone.caller_id_shown == ("+493012345", "Max")
    await anna.pick_up()
    await anna.is_talking(call["id"])
    await hear_each_other(lab, caller, anna.phone)
    await caller.hang_up()
    await anna.phone.wait_ended()
    kept = await ended_call(site, call["id"])
    assert (kept["outcome"], kept["agent"]) == ("handled", None)


async def test_given_an_agent_at_a_time_when_two_talk_then_neither_conversation_hears_the_other(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    first, _ = await connected(site, anna)
    second, _ = await connected(site, carla, SALES)
    third = await ring(lab)
    await lab.assert_hears(
        {first: {anna.phone}, anna.phone: {first}, second: {carla.phone}, carla.phone: {second}, third: {"hold music"}}
    )


async def test_given_a_called_number_then_only_agents_of_its_group_are_asked(site: Site, lab: Lab) -> None:
    anna, bernd, carla = await at_work(site, "anna", "bernd", "carla")
    await connected(site, carla, SALES)
    assert anna.seen("offer.made") + bernd.seen("offer.made") == []
    await ring(lab, SALES)
    call = await the_call(site, lambda call: call["state"] == "waiting")
    assert call["group"]["id"] == "sales"
    assert anna.phone.leg is bernd.phone.leg is None


async def test_given_several_callers_when_an_agent_is_free_then_they_come_in_order_of_arrival(
    site: Site, lab: Lab
) -> None:
    [anna] = await logged_in(site, "anna")
    first, first_call = await waiting(site, lab)
    second, second_call = await waiting(site, lab)
    third, third_call = await waiting(site, lab)
    await first.hang_up()
    assert (await ended_call(site, first_call["id"]))["outcome"] == "abandoned"
    await anna.person.available()
    assert (await anna.take())["call"] == second_call["id"]
    await lab.assert_hears({second: {anna.phone}, anna.phone: {second}, third: {"hold music"}})
    await second.hang_up()
    assert (await anna.take())["call"] == third_call["id"]
    await hear_each_other(lab, third, anna.phone)


async def test_given_several_available_then_the_longest_idle_is_asked_and_who_talked_goes_to_the_end(
    site: Site, lab: Lab
) -> None:
    bernd, anna = await at_work(site, "bernd", "anna")
    caller, _ = await connected(site, bernd)
    await caller.hang_up()
    await agent_is(site, "bernd", "available")
    caller, _ = await connected(site, anna)
    await caller.hang_up()
    await agent_is(site, "anna", "available")
    await connected(site, bernd)
    assert len(anna.seen("offer.made")) == 1


async def test_given_priorities_then_the_first_is_asked_before_the_longest_idle(site: Site, lab: Lab) -> None:
    members = [{"agent": "anna", "priority": 2}, {"agent": "bernd", "priority": 1}]
    assert await configure(site, groups={"support": {"members": members}})
    anna, bernd = await at_work(site, "anna", "bernd")
    await connected(site, bernd)
    assert anna.seen("offer.made") == []
    await connected(site, anna)


async def test_given_a_busy_and_an_offline_member_then_neither_is_asked(site: Site, lab: Lab) -> None:
    assert await configure(site, groups={"support": {"members": ["anna", "bernd", "carla"]}})
    anna, carla = await at_work(site, "anna", "carla")
    await anna.person.busy("paperwork")
    _, pop = await connected(site, carla)
    assert anna.seen("offer.made") == []
    [made] = [
        entry
        for entry in (await site.crm.get(f"/v1/calls/{pop['call']}/history"))["items"]
        if entry["kind"] == "offer.made"
    ]
    assert made["detail"]["passed_over"] == {"anna": "busy", "bernd": "offline"}


async def test_given_data_in_the_dialplan_whatever_it_holds_then_the_pop_has_it_unchanged(site: Site, lab: Lab) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab, WITH_DATA)
    assert (await anna.offer())["preview"]["data"] == HOSTILE_DATA
    await anna.pick_up()
    pop = await anna.pop()
    assert pop["data"] == HOSTILE_DATA
    assert pop["called"] == WITH_DATA
    await anna.is_talking(pop["call"])
    await hear_each_other(lab, caller, anna.phone)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Zoë Łukasz 東京 🎷", "Zoë Łukasz 東京 🎷"),
        ("Max 'Fax' O'Brien", "Max 'Fax' O'Brien"),
        ('Max "The Fax" Müller', "Max  The Fax  Müller"),
        ("a & b <x> \\ ; Event: Hangup", "a & b  x      Event: Hangup"),
        ("${SHELL(id)} $[1+1]", "${SHELL id } $[1+1]"),
        ("", ""),
    ],
    ids=["unicode", "apostrophes", "quotes", "signs", "dialplan", "none"],
)
async def test_given_a_callers_name_whatever_it_is_then_the_pop_has_it_and_the_phone_shows_it(
    site: Site, lab: Lab, name: str, shown: str
) -> None:
    [anna] = await at_work(site, "anna")
    caller = await ring(lab, name=name)
    offer = await anna.offer()
    assert offer["preview"]["caller_name"] == name
    assert offer["preview"]["caller_number"] == "+493012345"
    await anna.phone.wait_ringing()
    number, on_the_phone = anna.phone.caller_id_shown
    # Signs that mean something in a caller id or a dialplan are spaces on the phone.
    assert (number, on_the_phone.split()) == ("+493012345", shown.split())
    await anna.pick_up()
    await anna.is_talking(offer["call"])
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_caller_who_waits_when_he_hangs_up_then_nobody_is_asked_any_more(site: Site, lab: Lab) -> None:
    caller, call = await waiting(site, lab)
    await caller.hang_up()
    kept = await ended_call(site, call["id"])
    assert kept["outcome"] == "abandoned"
    [anna] = await at_work(site, "anna")
    await connected(site, anna)
    assert {data["offer"]["call"] for data in anna.seen("offer.made")} != {call["id"]}
    await eventually(
        lambda: history(site, call["id"]), lambda seen: seen == ["call.ended", "call.arrived"], "all there is to tell"
    )


async def test_given_a_group_without_agents_then_the_caller_waits_with_music(site: Site, lab: Lab) -> None:
    anna, _, _ = await at_work(site, "anna", "bernd", "carla")
    caller, call = await waiting(site, lab, EMPTY)
    await hears_music(lab, caller)
    assert (await site.crm.get(f"/v1/calls/{call['id']}"))["state"] == "waiting"
    assert anna.seen("offer.made") == []


async def test_given_a_number_of_a_group_that_is_not_configured_then_the_dialplans_fallback_has_the_caller(
    site: Site, lab: Lab
) -> None:
    caller = await ring(lab, NOWHERE)
    await hears_fallback(lab, caller)
    await no_calls(site)
    [told] = faults(site)
    assert "the group 'nowhere', which is not configured" in told

"""Row 5: an unsupervised transfer to a group with zero, one, or several agents."""

from steps import (
    LISTEN,
    agent_is,
    at_work,
    configure,
    connected,
    ended_call,
    hear_each_other,
    hears_fallback,
    hears_music,
    logged_in,
    the_call,
)

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


async def test_given_a_group_with_nobody_in_it_then_the_call_waits_there_and_nothing_else_happens(
    site: Site, lab: Lab
) -> None:
    anna, bernd, carla = await at_work(site, "anna", "bernd", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "empty", reason="wrong department")
    await anna.transfer_is("waiting")
    await anna.phone.wait_ended()
    await agent_is(site, "anna", "available")
    await hears_music(lab, caller)
    call = await the_call(site)
    assert (call["state"], call["group"]["id"], call["agent"]) == ("waiting", "empty", None)
    assert len(anna.seen("offer.made")) == 1
    assert bernd.seen("offer.made") == carla.seen("offer.made") == []
    assert (await site.crm.get("/v1/groups/empty"))["waiting"] == 1
    # Somebody joins the group: now there is one.
    assert await configure(site, groups={"empty": {"members": ["carla"]}})
    taken = await carla.take()
    assert (taken["transferred_by"]["id"], taken["transfer_reason"]) == ("anna", "wrong department")
    assert taken["group"]["id"] == "empty"
    await hear_each_other(lab, caller, carla.phone)


async def test_given_one_agent_who_is_not_logged_in_then_they_get_it_when_logged_in_and_available(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "sales")
    await anna.transfer_is("waiting")
    await hears_music(lab, caller)
    [carla] = await logged_in(site, "carla")
    await agent_is(site, "carla", "busy", "logged_in")
    assert carla.seen("offer.made") == []
    await carla.person.available()
    offer = await carla.offer()
    assert (offer["kind"], offer["group"]["id"]) == ("group", "sales")
    await carla.phone.wait_ringing()
    await carla.take_ringing(pop["call"])
    await hear_each_other(lab, caller, carla.phone)
    assert (await anna.transfer_is("completed"))["taken_by"] == "carla"


async def test_given_one_available_agent_then_they_get_it_at_once(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "sales")
    await carla.take()
    await hear_each_other(lab, caller, carla.phone)


async def test_given_several_agents_then_the_first_available_gets_it(site: Site, lab: Lab) -> None:
    assert await configure(site, groups={"sales": {"members": ["bernd", "carla", "dora"]}})
    bernd, carla, dora, anna = await at_work(site, "bernd", "carla", "dora", "anna")
    await bernd.person.busy("break")
    other, _ = await connected(site, carla, "5550200")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "sales")
    assert (await dora.take())["call"] == pop["call"]
    await lab.assert_hears(
        {caller: {dora.phone}, dora.phone: {caller}, other: {carla.phone}, carla.phone: {other}}, seconds=LISTEN
    )
    assert bernd.seen("offer.made") == []


async def test_given_several_who_do_not_want_it_then_it_goes_round_and_waits(site: Site, lab: Lab) -> None:
    assert await configure(site, groups={"sales": {"members": ["carla", "dora"]}}, options={"reject_pause": 1.0})
    carla, dora, anna = await at_work(site, "carla", "dora", "anna")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "sales")
    await carla.person.reject((await carla.offer())["id"])
    await dora.person.reject((await dora.offer())["id"])
    await hears_music(lab, caller)
    assert (await carla.take())["call"] == pop["call"]
    await hear_each_other(lab, caller, carla.phone)
    # A group's agents who reject do not end the transfer: the caller never came back to agent 1.
    assert (await anna.transfer_is("completed"))["taken_by"] == "carla"
    assert len(anna.seen("offer.made")) == 1


async def test_given_a_transfer_back_to_the_own_group_then_agent_1_is_one_of_its_agents_again(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "support")
    again = await anna.take()
    assert again["id"] != pop["id"]
    await hear_each_other(lab, caller, anna.phone)


async def test_given_calls_that_wait_when_one_is_transferred_in_then_it_queues_behind_them(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    first, _ = await connected(site, carla, "5550200")
    caller, pop = await connected(site, anna)
    second = await lab.bank.call(from_number="+4930999", did="5550200")
    waits = await the_call(site, lambda call: call["caller_number"] == "+4930999")
    await anna.person.transfer(pop["call"], "group", "sales")
    await anna.transfer_is("waiting")
    await lab.assert_hears({second: {HOLD_MUSIC}, caller: {HOLD_MUSIC}}, seconds=LISTEN)
    await first.hang_up()
    assert (await carla.take())["call"] == waits["id"]
    await second.hang_up()
    assert (await carla.take())["call"] == pop["call"]
    await hear_each_other(lab, caller, carla.phone)


async def test_given_a_group_with_a_longest_wait_then_agent_1_gets_the_caller_back_and_without_them_the_fallback(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, groups={"impatient": {"members": []}})
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "impatient")
    assert (await anna.transfer_is("failed"))["failure"] == "waited_too_long"
    await anna.phone.wait_ringing()
    await hears_music(lab, caller)
    await anna.take_ringing(pop["call"])
    await hear_each_other(lab, caller, anna.phone)
    await anna.person.transfer(pop["call"], "group", "impatient")
    await anna.transfer_is("waiting")
    await anna.person.leave()
    await hears_fallback(lab, caller)
    assert (await ended_call(site, pop["call"]))["outcome"] == "fallback"

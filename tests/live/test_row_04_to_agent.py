"""Rows 4 and 13: an unsupervised transfer to an agent, and where the caller goes when it fails."""

from collections.abc import Awaitable, Callable

import pytest
from steps import (
    IMPATIENT,
    LISTEN,
    Desk,
    agent,
    agent_is,
    at_work,
    configure,
    connected,
    ended_call,
    eventually,
    hear_each_other,
    hears_fallback,
    hears_music,
    history,
    logged_in,
    the_call,
)

from callbridge.demo.bank_lines import OUT_OF_ORDER
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


async def refusal(desk: Desk, call: str, kind: str, value: str, **more: str) -> tuple[int, str]:
    with pytest.raises(ApiError) as refused:
        await desk.person.transfer(call, kind, value, **more)
    return refused.value.status, str(refused.value.code)


async def test_given_a_busy_target_when_transferred_softly_then_the_caller_waits_until_they_are_available(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    await carla.person.busy("break")
    caller, pop = await connected(site, anna)
    answer = await anna.person.transfer(pop["call"], "agent", "carla", reason="billing", mode="soft")
    assert (answer["mode"], answer["destination"]["name"]) == ("soft", "Carla")
    await anna.transfer_is("waiting")
    # Agent 1 is free at once: their phone is put down for them, they can take the next call.
    await anna.phone.wait_ended()
    await agent_is(site, "anna", "available")
    await hears_music(lab, caller)
    assert carla.phone.leg is None
    await carla.person.available()
    offer = await carla.offer()
    assert (offer["kind"], offer["group"]) == ("agent_soft", None)
    await anna.transfer_is("offered")
    await carla.phone.wait_ringing()
    await hears_music(lab, caller)
    await carla.take_ringing(pop["call"])
    await hear_each_other(lab, caller, carla.phone)
    done = await anna.transfer_is("completed")
    assert (done["taken_by"], done["failure"]) == ("carla", None)
    assert (await anna.person.get(f"/v1/transfers/{done['id']}"))["state"] == "completed"
    assert anna.phone.leg is None


async def test_given_a_target_in_a_call_when_transferred_softly_then_they_get_it_when_that_ends(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    other, _ = await connected(site, carla, "5550200")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla")
    await anna.transfer_is("waiting")
    await lab.assert_hears({caller: {HOLD_MUSIC}, other: {carla.phone}, carla.phone: {other}}, seconds=LISTEN)
    assert len(carla.seen("offer.made")) == 1
    await other.hang_up()
    assert (await carla.take())["call"] == pop["call"]
    await hear_each_other(lab, caller, carla.phone)


async def test_given_an_offline_target_when_transferred_hard_then_call_and_pop_are_there_at_once(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    phone = lab.bank.phone("carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla", mode="hard")
    await phone.wait_ringing()
    await hears_music(lab, caller)
    assert phone.caller_id_shown == ("+493012345", "Max")
    await phone.answer()
    assert (await anna.transfer_is("completed"))["taken_by"] == "carla"
    await hear_each_other(lab, caller, phone)
    assert (await agent(site, "carla"))["state"] == "on_call"
    await phone.hang_up()
    await caller.wait_ended()
    await agent_is(site, "carla", "offline")


@pytest.mark.parametrize("target_is", ["busy", "in a call"])
async def test_given_a_target_who_is_not_available_when_transferred_hard_then_it_rings_with_the_pop(
    site: Site, lab: Lab, target_is: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    if target_is == "busy":
        await carla.person.busy("break")
    else:
        await connected(site, carla, "5550200")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla", mode="hard")
    mine = await carla.next("pop", lambda data: data["pop"]["call"] == pop["call"])
    assert (mine["pop"]["preview"], mine["pop"]["transferred_by"]["id"]) == (False, "anna")
    await carla.phone.wait_ringing()
    await carla.take_ringing(pop["call"])
    await lab.assert_hears({caller: {carla.phone}, carla.phone: {caller}}, seconds=LISTEN)


async def test_given_the_administrators_rule_then_it_decides_the_mode(site: Site, lab: Lab) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    await carla.person.busy("break")
    caller, pop = await connected(site, anna)
    assert await configure(site, options={"transfers": {"to_agent": "soft"}})
    assert await refusal(anna, pop["call"], "agent", "carla", mode="hard") == (403, "mode_not_allowed")
    assert (await anna.person.get("/v1/me"))["capabilities"]["agent_transfer_modes"] == ["soft"]
    assert await configure(site, options={"transfers": {"to_agent": "hard"}})
    assert await refusal(anna, pop["call"], "agent", "carla", mode="soft") == (403, "mode_not_allowed")
    await hear_each_other(lab, caller, anna.phone)
    answer = await anna.person.transfer(pop["call"], "agent", "carla")
    assert answer["mode"] == "hard"
    await carla.phone.wait_ringing()
    await carla.take_ringing(pop["call"])
    assert await configure(site, options={"transfers": {"to_agent": "agent_chooses"}})
    assert (await carla.person.transfer(pop["call"], "agent", "anna"))["mode"] == "soft"
    await anna.take()
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_target_that_is_no_good_then_the_transfer_is_refused_and_both_go_on_talking(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    assert await refusal(anna, pop["call"], "agent", "nobody") == (422, "unknown_destination")
    assert await refusal(anna, pop["call"], "group", "nobody") == (422, "unknown_destination")
    assert await refusal(anna, pop["call"], "agent", "anna") == (422, "same_agent")
    assert await refusal(carla, pop["call"], "agent", "carla") == (404, "unknown_call")
    assert await refusal(anna, "c-1-1", "agent", "carla") == (404, "unknown_call")
    await hear_each_other(lab, caller, anna.phone)


async def test_given_wrap_up_then_agent_1_is_in_it_as_soon_as_the_caller_is_on_the_way(site: Site, lab: Lab) -> None:
    assert await configure(site, options={"wrap_up": 60.0})
    [anna] = await at_work(site, "anna")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "group", "empty")
    await anna.next("agent", lambda data: data["state"] == "wrap_up")
    await anna.phone.wait_ended()
    await hears_music(lab, caller)


# ---------------------------------------------------------------- failures: the caller is back with agent 1


async def rejects(carla: Desk) -> None:
    await carla.person.reject((await carla.offer())["id"])


async def does_not_answer(carla: Desk) -> None:
    await carla.offer()


async def declines(carla: Desk) -> None:
    await carla.phone.wait_ringing()
    await carla.phone.decline()


async def logs_out(carla: Desk) -> None:
    await carla.phone.wait_ringing()
    await carla.person.leave()


async def cannot_be_reached(carla: Desk) -> None:
    """The phone is told beforehand to answer 503."""


async def puts_down_at_once(carla: Desk) -> None:
    """Accepts on the page and then declines on the phone."""
    await carla.phone.wait_ringing()
    await carla.person.accept((await carla.offer())["id"])
    await carla.phone.decline()


@pytest.mark.parametrize(
    ("target", "failure"),
    [
        (rejects, "rejected"),
        (does_not_answer, "no_answer"),
        (declines, "rejected"),
        (logs_out, "agent_left"),
        (cannot_be_reached, "unreachable"),
        (puts_down_at_once, "agent_lost"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
async def test_given_a_transfer_that_fails_then_the_caller_is_back_with_agent_1(
    site: Site, lab: Lab, target: Callable[[Desk], Awaitable[None]], failure: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    if target is does_not_answer:
        assert await configure(site, options={"offer_timeout": 3.0})
    if target is cannot_be_reached:
        await carla.phone.auto_refuse(OUT_OF_ORDER)
    await anna.person.transfer(pop["call"], "agent", "carla")
    await target(carla)
    if target is does_not_answer:
        # Carla's offer keeps the time that it was made with; the recall must ring for longer than the music is heard.
        assert await configure(site, options={"offer_timeout": 20.0})
    failed = await anna.transfer_is("failed")
    assert (failed["failure"], failed["taken_by"]) == (failure, None)
    await carla.stops_ringing()
    recall = await anna.next("offer.made", lambda data: data["offer"]["kind"] == "recall")
    assert recall["offer"]["call"] == pop["call"]
    await anna.phone.wait_ringing()
    await hears_music(lab, caller)
    await anna.take_ringing(pop["call"])
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_hard_transfer_to_an_unplugged_phone_then_the_caller_is_back_with_agent_1(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await carla.phone.unregister()
    await anna.person.transfer(pop["call"], "agent", "carla", mode="hard")
    assert (await anna.transfer_is("failed"))["failure"] == "unreachable"
    await agent_is(site, "carla", "busy", "phone_unreachable")
    await anna.phone.wait_ringing()
    await anna.take_ringing(pop["call"])
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_target_who_never_becomes_available_then_after_the_longest_wait_agent_1_has_the_caller(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    await carla.person.busy("break")
    caller, pop = await connected(site, anna)
    assert await configure(site, options={"transfers": {"max_wait": 1.0}})
    await anna.person.transfer(pop["call"], "agent", "carla")
    assert (await anna.transfer_is("failed"))["failure"] == "waited_too_long"
    await anna.phone.wait_ringing()
    await anna.take_ringing(pop["call"])
    await hear_each_other(lab, caller, anna.phone)


async def test_given_agent_1_talks_to_the_next_caller_when_the_transfer_fails_then_the_group_has_the_first(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla")
    offer = await carla.offer()
    await agent_is(site, "anna", "available")
    second, _ = await connected(site, anna)
    bernd, *_ = await at_work(site, "bernd")
    await carla.person.reject(offer["id"])
    assert (await bernd.take())["call"] == pop["call"]
    await lab.assert_hears(
        {caller: {bernd.phone}, bernd.phone: {caller}, second: {anna.phone}, anna.phone: {second}}, seconds=LISTEN
    )


async def test_given_agent_1_has_gone_home_when_the_transfer_fails_then_the_calls_group_takes_it(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla")
    offer = await carla.offer()
    await anna.person.leave()
    bernd, *_ = await at_work(site, "bernd")
    await carla.person.reject(offer["id"])
    mine = await bernd.take()
    assert (mine["call"], mine["group"]["id"]) == (pop["call"], "support")
    await hear_each_other(lab, caller, bernd.phone)


async def test_given_agent_1_does_not_take_the_caller_back_then_the_group_does(site: Site, lab: Lab) -> None:
    anna, bernd, carla = await at_work(site, "anna", "bernd", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla")
    await rejects(carla)
    recall = await anna.next("offer.made", lambda data: data["offer"]["kind"] == "recall")
    await anna.phone.wait_ringing()
    await anna.person.reject(recall["offer"]["id"])
    assert (await bernd.take())["call"] == pop["call"]
    await hear_each_other(lab, caller, bernd.phone)


async def test_given_agent_1_is_gone_and_nobody_in_the_group_then_the_dialplans_fallback_is_heard(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna, IMPATIENT)
    await anna.person.transfer(pop["call"], "agent", "carla")
    offer = await carla.offer()
    await anna.person.leave()
    await carla.person.reject(offer["id"])
    await hears_music(lab, caller)
    await hears_fallback(lab, caller)
    assert (await ended_call(site, pop["call"]))["outcome"] == "fallback"
    kinds = await eventually(lambda: history(site, pop["call"]), lambda seen: seen[0] == "call.ended", "its last entry")
    kinds.reverse()
    order = ["transfer.failed", "call.recall", "call.to_group", "call.to_fallback", "call.ended"]
    assert [kind for kind in kinds if kind in order] == order


async def test_given_a_waiting_transfer_when_the_caller_hangs_up_then_it_is_over_and_all_are_free(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla")
    await carla.phone.wait_ringing()
    await caller.hang_up()
    await carla.stops_ringing()
    assert (await anna.transfer_is("failed"))["failure"] == "caller_hung_up"
    assert (await ended_call(site, pop["call"]))["outcome"] == "abandoned"
    for name in ("anna", "carla"):
        await agent_is(site, name, "available")
    await lab.wait_no_channels()


@pytest.mark.parametrize("when", ["waiting", "ringing"])
async def test_given_a_transfer_that_is_under_way_when_cancelled_then_agent_1_has_the_caller_back(
    site: Site, lab: Lab, when: str
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    if when == "waiting":
        await carla.person.busy("break")
    caller, pop = await connected(site, anna)
    transfer = await anna.person.transfer(pop["call"], "agent", "carla")
    await anna.transfer_is("waiting" if when == "waiting" else "offered")
    if when == "ringing":
        await carla.phone.wait_ringing()
    await anna.person.post(f"/v1/transfers/{transfer['id']}:cancel")
    await anna.transfer_is("cancelled")
    await carla.stops_ringing()
    await anna.phone.wait_ringing()
    await anna.take_ringing(pop["call"])
    await hear_each_other(lab, caller, anna.phone)
    with pytest.raises(ApiError, match="transfer_ended"):
        await anna.person.post(f"/v1/transfers/{transfer['id']}:cancel")


async def test_given_agent_1s_phone_is_put_down_while_the_caller_is_moved_then_the_transfer_goes_on(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    await anna.person.transfer(pop["call"], "agent", "carla")
    await anna.phone.hang_up()
    await carla.take()
    await hear_each_other(lab, caller, carla.phone)


async def test_given_transfers_to_and_fro_then_each_agents_pop_is_their_own_and_one_call_is_kept(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    pops = [pop["id"]]
    for giver, taker in [(anna, carla), (carla, anna), (anna, carla)]:
        await giver.person.transfer(pop["call"], "agent", taker.name)
        pops.append((await taker.take())["id"])
    assert len(set(pops)) == 4
    await hear_each_other(lab, caller, carla.phone)
    assert (await the_call(site))["id"] == pop["call"]
    transfers = (await site.crm.get(f"/v1/transfers?call={pop['call']}"))["items"]
    assert [each["state"] for each in transfers] == ["completed"] * 3


async def test_given_only_a_crm_has_a_login_when_it_transfers_for_the_agent_then_it_works(site: Site, lab: Lab) -> None:
    [anna] = await at_work(site, "anna")
    [carla] = await logged_in(site, "carla")
    await site.crm.call("PUT", "/v1/agents/carla/state", {"state": "available"})
    caller, pop = await connected(site, anna)
    body = {"destination": {"kind": "agent", "value": "carla"}, "agent": "anna"}
    await site.crm.post(f"/v1/calls/{pop['call']}/transfers", body)
    await carla.take()
    await hear_each_other(lab, caller, carla.phone)

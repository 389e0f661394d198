"""Row 11: the administrator's options, and changing them while calls go on."""

from datetime import datetime

import pytest
from steps import (
    LISTEN,
    agent_is,
    at_work,
    configure,
    connected,
    faults,
    hear_each_other,
    hears_music,
    ring,
    the_call,
    waiting,
)

from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


def seconds_between(earlier: str, later: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


async def test_given_transfers_off_then_every_transfer_is_refused_and_both_go_on_talking(site: Site, lab: Lab) -> None:
    anna, _ = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    assert await configure(site, options={"transfers": {"enabled": False}})
    for kind, value in [("agent", "carla"), ("group", "sales"), ("number", "+49405551"), ("preset", "plumber")]:
        with pytest.raises(ApiError, match="403 transfers_disabled"):
            await anna.person.transfer(pop["call"], kind, value)
    capabilities = (await anna.person.get("/v1/me"))["capabilities"]
    assert (capabilities["transfers"], capabilities["agent_transfer_modes"]) == (False, [])
    await hear_each_other(lab, caller, anna.phone)
    assert await configure(site, options={"transfers": {"enabled": True}})
    await anna.person.transfer(pop["call"], "group", "empty")
    await hears_music(lab, caller)


async def test_given_an_offer_timeout_then_an_offer_lasts_as_long(site: Site, lab: Lab) -> None:
    assert await configure(site, options={"offer_timeout": 2.0})
    [anna] = await at_work(site, "anna")
    caller = await ring(lab)
    offer = await anna.offer()
    assert seconds_between(offer["made_at"], offer["deadline"]) == 2.0
    ended = await anna.offer_ended()
    assert 2.0 <= seconds_between(ended["made_at"], ended["ended_at"]) < 3.0
    await hears_music(lab, caller)


async def test_given_a_wrap_up_time_then_no_call_comes_during_it_and_the_next_one_after_it(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, options={"wrap_up": 2.0})
    [anna] = await at_work(site, "anna")
    first, _ = await connected(site, anna)
    second, _ = await waiting(site, lab)
    await first.hang_up()
    me = await anna.next("agent", lambda data: data["state"] == "wrap_up")
    assert 1.5 < seconds_between(me["since"], me["wrap_up_until"]) <= 2.0
    await hears_music(lab, second)
    assert len(anna.seen("offer.made")) == 1
    pop = await anna.take()
    made = anna.seen("offer.made")[-1]["offer"]["made_at"]
    assert seconds_between(me["wrap_up_until"], made) >= 0
    assert pop["preview"] is False
    await hear_each_other(lab, second, anna.phone)


async def test_given_wrap_up_when_the_agent_ends_it_then_the_next_call_comes_at_once(site: Site, lab: Lab) -> None:
    assert await configure(site, options={"wrap_up": 600.0})
    [anna] = await at_work(site, "anna")
    first, _ = await connected(site, anna)
    second, _ = await waiting(site, lab)
    await first.hang_up()
    await anna.next("agent", lambda data: data["state"] == "wrap_up")
    await anna.person.post("/v1/me/state:end-wrap-up")
    await anna.take()
    await hear_each_other(lab, second, anna.phone)


async def test_given_an_agent_at_the_maximum_then_no_group_call_comes_and_the_caller_waits(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    first, _ = await connected(site, anna)
    second, _ = await waiting(site, lab)
    await lab.assert_hears({second: {HOLD_MUSIC}, first: {anna.phone}, anna.phone: {first}}, seconds=LISTEN)
    assert len(anna.seen("offer.made")) == 1


async def test_given_two_sessions_then_a_second_call_comes_a_third_waits_and_the_callers_never_hear_each_other(
    site: Site, lab: Lab
) -> None:
    assert await configure(site, agents={"anna": {"max_sessions": 2}})
    [anna] = await at_work(site, "anna")
    first, first_pop = await connected(site, anna)
    second, second_pop = await connected(site, anna)
    third, _ = await waiting(site, lab)
    assert (await anna.person.get("/v1/me"))["calls"] == [first_pop["call"], second_pop["call"]]
    # One is active, the other hears music as the one who waits.
    await lab.assert_hears(
        {first: {HOLD_MUSIC}, second: {anna.phone}, anna.phone: {second}, third: {HOLD_MUSIC}}, seconds=LISTEN
    )
    await anna.person.hang_up(first_pop["call"])
    await first.wait_ended()
    assert (await anna.take())["call"] not in (first_pop["call"], second_pop["call"])
    await lab.assert_hears({second: {HOLD_MUSIC}, third: {anna.phone}, anna.phone: {third}}, seconds=LISTEN)


async def test_given_two_sessions_when_one_is_transferred_then_the_other_goes_on(site: Site, lab: Lab) -> None:
    assert await configure(site, options={"max_sessions": 2})
    anna, carla = await at_work(site, "anna", "carla")
    first, first_pop = await connected(site, anna)
    second, _ = await connected(site, anna)
    await anna.person.transfer(first_pop["call"], "agent", "carla")
    await carla.take()
    await lab.assert_hears(
        {first: {carla.phone}, carla.phone: {first}, second: {anna.phone}, anna.phone: {second}}, seconds=LISTEN
    )
    assert (await anna.person.state()) == "on_call"


async def test_given_calls_in_every_state_when_the_configuration_is_reloaded_then_all_of_them_go_on(
    site: Site, lab: Lab
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    talks, _ = await connected(site, anna)
    rings = await ring(lab)
    offer = await bernd.offer()
    await bernd.phone.wait_ringing()
    waits, _ = await waiting(site, lab)
    moved, pop = await connected(site, (await at_work(site, "carla"))[0], "5550200")
    await site.person("carla").transfer(pop["call"], "group", "empty")
    await the_call(site, lambda call: (call["id"], call["state"]) == (pop["call"], "waiting"))
    document = len(site.log)
    assert await configure(
        site,
        options={"offer_timeout": 60.0, "wrap_up": 1.0},
        agents={"anna": {"name": "Anna Zwei"}},
        groups={"support": {"name": "Support (new)"}},
    )
    assert '"reloaded"' in site.log[document:]
    await lab.assert_hears(
        {
            talks: {anna.phone},
            anna.phone: {talks},
            rings: {HOLD_MUSIC},
            waits: {HOLD_MUSIC},
            moved: {HOLD_MUSIC},
        },
        seconds=LISTEN,
    )
    assert (await site.crm.get("/v1/agents/anna"))["name"] == "Anna Zwei"
    assert bernd.phone.ringing is not None
    await bernd.take_ringing(offer["call"])
    await hear_each_other(lab, rings, bernd.phone)


BROKEN = {
    "a wrong value": "options: {offer_timeout: -1}\n",
    "no YAML": "groups: [unclosed\n",
    "empty": "",
    "incomplete": "pbx: {host: 127.0.0.1}\nagents: []\n",
    "binary": "\x00\x01binary",
}


async def test_given_a_broken_configuration_when_reloaded_then_it_is_refused_and_nothing_changes(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, pop = await connected(site, anna)
    before = [each["id"] for each in (await site.crm.get("/v1/groups"))["items"]]
    for what, text in BROKEN.items():
        site.config_file.write_text(text)
        assert not await site.reload(), what
        [told] = faults(site)
        assert "reload_refused" in told
        assert [each["id"] for each in (await site.crm.get("/v1/groups"))["items"]] == before
    await hear_each_other(lab, caller, anna.phone)
    await anna.person.transfer(pop["call"], "agent", "carla")
    await carla.take()
    await hear_each_other(lab, caller, carla.phone)
    site.write_config()
    assert await site.reload()


async def test_given_an_agent_with_a_call_when_removed_by_a_reload_then_the_call_is_finished_and_no_other_comes(
    site: Site, lab: Lab
) -> None:
    anna, carla = await at_work(site, "anna", "carla")
    caller, _ = await connected(site, carla, "5550200")
    site.document["agents"] = [each for each in site.document["agents"] if each["id"] != "carla"]
    assert await configure(site, groups={"sales": {"members": ["anna"]}})
    await hear_each_other(lab, caller, carla.phone)
    second, _ = await connected(site, anna, "5550200")
    await hear_each_other(lab, second, anna.phone)
    await caller.hang_up()
    await carla.phone.wait_ended()
    await agent_is(site, "anna", "on_call")


async def test_given_a_waiting_callers_group_when_removed_by_a_reload_then_the_dialplans_fallback_has_them(
    site: Site, lab: Lab
) -> None:
    caller, _ = await waiting(site, lab, "5550300")
    site.document["groups"] = [each for each in site.document["groups"] if each["id"] != "empty"]
    site.write_config()
    assert await site.reload()
    await lab.assert_hears({caller: {"fallback"}}, seconds=LISTEN)

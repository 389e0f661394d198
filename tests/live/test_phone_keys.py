"""Phones' own keys: who holds is put together with nobody in silence, and do not disturb is noticed."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from consults import NUMBER, NUMBER_DIALLED, parties, settled, talk
from desk_phone import SipCall, SipPhone
from steps import (
    LISTEN,
    agent_is,
    at_work,
    configure,
    eventually,
    faults,
    hears_music,
    history,
    no_calls,
    open_site,
    ring,
)

from callbridge.demo.bank_lines import Caller, Line
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError, Person
from callbridge.demo.site import Site

PRIVATE = "5551009"
"""Paul's own number, past callbridge."""


@pytest_asyncio.fixture(scope="module")
async def site_with_keys() -> AsyncIterator[Site]:
    """Paul's phone has a hold key; the phone bank's have none."""
    groups = {"support": ["paul"], "sales": ["carla"]}
    dids = {"5550100": "support", "5550200": "sales"}
    dialplan = f"[from-carrier]\nexten => {PRIVATE},1,Answer()\n same => n,Dial(PJSIP/paul,60)\n"
    async with Lab(agents=("anna", "carla"), foreign_agents=("paul",), dids=dids, dialplan=dialplan) as lab:
        options = {"wrap_up": 0.0, "transfers": {"four_way": True}}
        async with open_site(lab, groups=groups, options=options) as site:
            yield site


@pytest_asyncio.fixture
async def site(site_with_keys: Site) -> AsyncIterator[Site]:
    yield site_with_keys
    await site_with_keys.lab.reset()
    await no_calls(site_with_keys)
    await site_with_keys.send_home()
    assert faults(site_with_keys) == []


@pytest_asyncio.fixture
async def paul(site: Site) -> AsyncIterator[SipPhone]:
    async with SipPhone(site.lab, "paul") as phone:
        yield phone


async def hears(line: Line, site: Site, *names: str) -> None:
    await site.lab.assert_hears({line: set(names)}, seconds=LISTEN)


async def heard(call: SipCall, name: str) -> None:
    """Waits until Paul hears this one and nobody else."""

    async def sources() -> frozenset[str]:
        return (await call.hears()).sources

    await eventually(sources, lambda found: found == {name}, f"Paul hears {name}")


async def talking(site: Site, paul: SipPhone, *, address: str = "") -> tuple[Caller, SipCall, Person, Any]:
    """A caller who talks with Paul: caller, Paul's end of the call, Paul at his page, and the pop."""
    [desk] = await site.at_work("paul")
    caller = await ring(site.lab)
    call = await (await paul.rings()).answer(address=address)
    pop = (await desk.event("pop", lambda data: not data["pop"]["preview"]))["pop"]
    await talk(site, pop["call"], "caller", "agent")
    return caller, call, desk, pop


async def held_by_phone(site: Site, call: str) -> None:
    """Waits until the API shows the caller with the music, and that it is Paul's phone that holds."""
    await eventually(
        lambda: parties(site, call),
        lambda found: (
            {role: (party["state"], party["hears"]) for role, party in found.items()}
            == {"caller": ("held", []), "agent": ("held", [])}
            and found["agent"]["phone_holds"]
        ),
        "the caller is on hold by the phone",
    )


async def test_given_talking_when_the_phone_holds_then_the_caller_hears_music_until_it_takes_them_back(
    site: Site, paul: SipPhone
):
    caller, call, _, pop = await talking(site, paul)
    await hears(caller, site, "paul")
    assert (await call.hears()).sources == {caller.name}
    await call.hold()
    await held_by_phone(site, pop["call"])
    await hears_music(site.lab, caller)
    await call.take_back()
    await talk(site, pop["call"], "caller", "agent")
    await hears(caller, site, "paul")
    assert (await call.hears()).sources == {caller.name}


async def test_given_a_number_that_speaks_before_it_answers_when_the_phone_holds_then_they_talk_once_it_is_taken_back(
    site: Site, paul: SipPhone
):
    outside = await site.lab.bank.outside(NUMBER_DIALLED, "outside")
    await outside.announce()
    caller, call, desk, pop = await talking(site, paul)
    await desk.consult(pop["call"], "number", NUMBER)
    await outside.wait_ringing()
    await heard(call, outside.name)
    await call.hold()
    await eventually(
        lambda: parties(site, pop["call"]), lambda found: found["agent"]["phone_holds"], "Paul's phone holds"
    )
    await outside.answer()
    await hears_music(site.lab, caller, outside)
    await call.take_back()
    await settled(site, pop["call"], "consulting", caller=None, agent="target", target="agent")
    await hears(outside, site, "paul")
    await heard(call, outside.name)
    await hears_music(site.lab, caller)


async def test_given_a_phone_that_holds_when_the_target_declines_then_the_caller_keeps_the_music(
    site: Site, paul: SipPhone
):
    caller, call, desk, pop = await talking(site, paul)
    await call.hold()
    await held_by_phone(site, pop["call"])
    await hears_music(site.lab, caller)
    [carla] = await at_work(site, "carla")
    await desk.consult(pop["call"], "agent", "carla")
    await carla.phone.wait_ringing()
    await carla.person.post(f"/v1/offers/{(await carla.offer())['id']}:reject")
    await held_by_phone(site, pop["call"])
    await hears_music(site.lab, caller)
    with pytest.raises(ApiError) as refused:
        await desk.post(f"/v1/calls/{pop['call']}:resume")
    assert refused.value.code == "phone_on_hold"
    await call.take_back()
    await talk(site, pop["call"], "caller", "agent")
    await hears(caller, site, "paul")
    assert (await call.hears()).sources == {caller.name}


async def test_given_a_phone_that_holds_when_the_target_picks_up_then_they_hear_music_until_it_is_taken_back(
    site: Site, paul: SipPhone
):
    caller, call, desk, pop = await talking(site, paul)
    await call.hold()
    [carla] = await at_work(site, "carla")
    await held_by_phone(site, pop["call"])
    transfer = await desk.consult(pop["call"], "agent", "carla")
    await carla.pick_up()
    await hears_music(site.lab, caller, carla.phone)
    await call.take_back()
    await settled(site, pop["call"], "consulting", caller=None, agent="target", target="agent")
    await hears(carla.phone, site, "paul")
    await call.hold()
    await hears_music(site.lab, caller, carla.phone)
    await desk.cancel(transfer["id"])
    await held_by_phone(site, pop["call"])
    await hears_music(site.lab, caller)
    await call.take_back()
    await hears(caller, site, "paul")


async def test_given_a_conference_when_one_phone_holds_then_the_others_talk_and_one_who_is_left_hears_music(
    site: Site, paul: SipPhone
):
    caller, call, desk, pop = await talking(site, paul)
    [carla] = await at_work(site, "carla")
    transfer = await desk.consult(pop["call"], "agent", "carla")
    await carla.pick_up()
    await settled(site, pop["call"], "consulting", caller=None, agent="target", target="agent")
    await desk.merge(transfer["id"])
    await talk(site, pop["call"], "caller", "agent", "target")
    await call.hold()
    await site.lab.assert_hears({caller: {carla.phone}, carla.phone: {caller}}, seconds=LISTEN)
    await carla.phone.hang_up()
    await held_by_phone(site, pop["call"])
    await hears_music(site.lab, caller)
    await call.take_back()
    await hears(caller, site, "paul")


async def test_given_an_answer_without_an_address_then_the_call_is_an_ordinary_one(site: Site, paul: SipPhone):
    """As web phones answer; the PBX says hold right then, though sound flows."""
    caller, call, _, pop = await talking(site, paul, address="0.0.0.0")
    assert not (await parties(site, pop["call"]))["agent"]["phone_holds"]
    await hears(caller, site, "paul")
    assert (await call.hears()).sources == {caller.name}


async def test_given_an_answer_without_an_address_while_the_gateway_is_away_then_they_talk_once_it_is_back(
    site: Site, paul: SipPhone
):
    [desk] = await site.at_work("paul")
    caller = await ring(site.lab)
    offer = (await desk.event("offer.made"))["offer"]
    rings = await paul.rings()
    await site.kill()
    call = await rings.answer(address="0.0.0.0")
    await site.start()
    await talk(site, offer["call"], "caller", "agent")
    await hears(caller, site, "paul")
    await heard(call, caller.name)
    assert "call.held" not in await history(site, offer["call"])


async def test_given_a_key_pressed_while_the_gateway_is_away_then_it_knows_when_it_is_back(site: Site, paul: SipPhone):
    caller, call, _, pop = await talking(site, paul)
    await site.kill()
    await call.hold()
    await hears_music(site.lab, caller)
    await site.start()
    await held_by_phone(site, pop["call"])
    await hears_music(site.lab, caller)
    await site.kill()
    await call.take_back()
    await site.start()
    await talk(site, pop["call"], "caller", "agent")
    await hears(caller, site, "paul")


async def test_given_do_not_disturb_when_calls_come_then_the_agent_is_named_and_asked_no_more(
    site: Site, paul: SipPhone
):
    await configure(site, options={"reject_pause": 1})
    await site.at_work("paul")
    paul.declines_with = 603
    caller = await ring(site.lab)
    await agent_is(site, "paul", "busy", "phone_declines", within=30)
    assert paul.declined == 3
    await hears_music(site.lab, caller)
    paul.declines_with = 0
    await site.person("paul").available()
    await (await paul.rings()).answer()
    await hears(caller, site, "paul")


async def test_given_a_private_call_then_the_agent_is_shown_so_and_gets_no_call_of_the_group(
    site: Site, paul: SipPhone
):
    await site.at_work("paul")
    friend = await ring(site.lab, PRIVATE)
    private = await (await paul.rings()).answer()
    await eventually(
        lambda: site.crm.get("/v1/agents/paul"),
        lambda seen: (seen["state"], seen["phone"], seen["calls"]) == ("available", "in_use", 0),
        "Paul is in a private call",
    )
    caller = await ring(site.lab)
    await hears_music(site.lab, caller)
    await hears(friend, site, "paul")
    await private.hang_up()
    await (await paul.rings()).answer()
    await hears(caller, site, "paul")

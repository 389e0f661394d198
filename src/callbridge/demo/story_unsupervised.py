"""The first story: one caller, four agents, an unsupervised transfer, and three ways out that stay closed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from callbridge.demo.people import ApiError
from callbridge.demo.scene import BILLING, OUTSIDE_NUMBER, PRESET, PRESET_NUMBER, SUPPORT_NUMBER
from callbridge.demo.steps import MUSIC, NOT_IN_A_CALL, Ears, Stage, Step, Story, Unmet, pop_card, spoken

_SUPPORT_TEAM = ("anna", "ben", "carla")
_CALLER, _CALLER_NAME, _CALLER_NUMBER = "max", "Max Weber", "+493023125001"
_ORDER = "A-4711"
_REASON = "Question about an invoice"
_OUTSIDE = {"hotel": OUTSIDE_NUMBER, "headquarters": PRESET_NUMBER}


async def _ring_in(stage: Stage) -> None:
    for agent in _SUPPORT_TEAM:
        await stage.person(agent).log_in()
    caller = await stage.lab.bank.call(
        from_number=_CALLER_NUMBER,
        did=SUPPORT_NUMBER,
        name=_CALLER_NAME,
        line=_CALLER,
        headers={"X-Order": _ORDER},
    )
    stage.lines[_CALLER] = caller
    await caller.wait_up()
    calls = (await stage.site.crm.get("/v1/calls"))["items"]
    while not calls:
        await asyncio.sleep(0.05)
        calls = (await stage.site.crm.get("/v1/calls"))["items"]
    [call] = calls
    stage.call = call["id"]
    stage.check(call["caller_number"] == _CALLER_NUMBER, "the gateway knows the caller's number", call["caller_number"])
    stage.check(call["state"] == "waiting", "the call is waiting for Support", call["state"])


async def _offer(stage: Stage) -> None:
    for agent in _SUPPORT_TEAM:
        await stage.person(agent).available()
    await _is_offered(stage, "anna")
    preview = stage.offers["anna"]["preview"]
    stage.card("Anna's page: an offer, with a preview", pop_card(preview))
    stage.check(preview["data"] == {"order": _ORDER}, "the preview has the order that came with the call", preview)
    await _has_no_offer(stage, "ben", "carla")


async def _reject(stage: Stage) -> None:
    await stage.person("anna").reject(stage.offers["anna"]["id"])
    await _is_offered(stage, "ben")
    phone = stage.phone("anna")
    await phone.watch.until(lambda: phone.leg is None, 3, "Anna's phone stops ringing")
    stage.check(phone.leg is None, "Anna's phone has stopped ringing", "it rings")
    await stage.check_state("anna", "available")


async def _time_out(stage: Stage) -> None:
    ben = stage.person("ben")
    offer = (await ben.event("offer.ended", within=30))["offer"]
    lasted = _moment(offer["ended_at"]) - _moment(offer["made_at"])
    stage.check(offer["state"] == "timed_out", f"Ben's offer timed out after {lasted:.1f} s", offer["state"])
    await _is_offered(stage, "carla")
    me = await ben.get("/v1/me")
    stage.check(me["state"] == "busy" and me["missed_offer"], "Ben is Busy because he missed the offer", me)
    phone = stage.phone("ben")
    await phone.watch.until(lambda: phone.leg is None, 3, "Ben's phone stops ringing")


async def _accept(stage: Stage) -> None:
    carla = stage.person("carla")
    await carla.accept(stage.offers["carla"]["id"])
    pop = await carla.pop()
    stage.card("Carla's page: the screen pop", pop_card(pop))
    stage.check(pop["call"] == stage.call and not pop["preview"], "the pop is of this call, no preview any more", pop)
    stage.check(pop["transferred_by"] is None, "nobody has transferred it", pop["transferred_by"])
    wanted = f"https://crm.example/customers?phone=%2B{_CALLER_NUMBER[1:]}&order={_ORDER}"
    stage.check(pop["crm_url"] == wanted, "the CRM link names this caller and this order", pop["crm_url"])


async def _pick_up(stage: Stage) -> None:
    carla = stage.person("carla")
    await stage.phone("carla").answer()
    await carla.event("call.updated", lambda data: data["call"]["state"] == "talking")
    await stage.check_state("carla", "on_call")


async def _transfer(stage: Stage) -> None:
    carla = stage.person("carla")
    transfer = await carla.transfer(stage.call, "group", BILLING, reason=_REASON)
    await carla.becomes("wrap_up", since=0)
    phone = stage.phone("carla")
    await phone.wait_ended(5)
    stage.check(phone.leg is None, "Carla is free at once, in wrap-up", "her phone is in a call")
    stage.offers["transfer"] = transfer


async def _nothing_else(stage: Stage) -> None:
    crm = stage.site.crm
    group = await crm.get(f"/v1/groups/{BILLING}")
    stage.check(group["logged_in"] == 0 and group["waiting"] == 1, "Billing: nobody logged in, one caller waits", group)
    transfer = await crm.get(f"/v1/transfers/{stage.offers['transfer']['id']}")
    stage.check(transfer["state"] == "waiting", "the transfer waits", transfer["state"])
    offers = (await crm.get("/v1/offers"))["items"]
    stage.check(offers == [], "no offer to anybody", offers)


async def _arrive(stage: Stage) -> None:
    dora = stage.person("dora")
    await dora.log_in()
    await dora.available()
    await _is_offered(stage, "dora")
    # Picking up the phone is accepting: the button on the page is not needed.
    await stage.phone("dora").answer()
    pop = await dora.pop()
    stage.card("Dora's page: the screen pop", pop_card(pop))
    by = pop["transferred_by"] or {}
    stage.check(by.get("id") == "carla", "the pop says that Carla has transferred the call", by)
    stage.check(pop["transfer_reason"] == _REASON, f'and why: "{_REASON}"', pop["transfer_reason"])
    stage.check(pop["caller_number"] == _CALLER_NUMBER, "with the caller's own number", pop["caller_number"])
    await dora.event("call.updated", lambda data: data["call"]["state"] == "talking")
    transfer = await stage.site.crm.get(f"/v1/transfers/{stage.offers['transfer']['id']}")
    stage.check(transfer["state"] == "completed", "the transfer is completed", transfer["state"])
    for line, number in _OUTSIDE.items():
        stage.lines[line] = await stage.lab.bank.outside(number, name=line)


async def _refer(stage: Stage) -> None:
    phone = stage.phone("dora")
    result = await phone.refer(f"sip:{OUTSIDE_NUMBER}@{stage.lab.pbx.address}")
    code = phone.up.refer_code if phone.up else ""
    stage.check(result != "SUCCESS", f"the PBX refuses the REFER (SIP {code or 'without a code'})", result)


async def _nobody_outside(stage: Stage) -> None:
    for line in _OUTSIDE:
        stage.check(not stage.line(line).legs, f"{spoken(line)} was never called", stage.line(line).legs)


async def _hang_up(stage: Stage) -> None:
    dora = stage.person("dora")
    await stage.line(_CALLER).hang_up()
    await dora.becomes("wrap_up")
    stage.seen.append("Dora is in wrap-up")
    await stage.lab.wait_no_channels(5)
    stage.seen.append("no channel is left on the PBX")


async def _everything_free(stage: Stage) -> None:
    dora = stage.person("dora")
    began = time.monotonic()
    while (state := await dora.state()) == "wrap_up" and time.monotonic() < began + 10:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    stage.check(state == "available", "Dora is Available again after wrap-up", state)
    for agent, state in (("anna", "available"), ("ben", "busy"), ("carla", "available")):
        await stage.check_state(agent, state)
    crm = stage.site.crm
    calls = (await crm.get("/v1/calls"))["items"]
    stage.check(calls == [], "no call is left in the gateway", calls)
    # The gateway's memory forgets a call a moment before its record is saved.
    while not (records := (await crm.get("/v1/calls?state=ended"))["items"]) and time.monotonic() < began + 20:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    outcomes = [call["outcome"] for call in records]
    stage.check(outcomes == ["handled"], "the call's record says that it was handled", outcomes)


# ---------------------------------------------------------------- what several steps need


async def _is_offered(stage: Stage, agent: str) -> None:
    """The agent's page has the offer, and the agent's phone rings."""
    stage.offers[agent] = offer = await stage.person(agent).offer(within=15)
    if offer["call"] != stage.call:
        raise Unmet(f"an offer of {stage.call} to {spoken(agent)}", offer["call"])
    leg = await stage.phone(agent).wait_ringing(5)
    rings = f"{spoken(agent)} has the offer, and the phone rings with the caller's number"
    stage.check(leg.caller_number == _CALLER_NUMBER, rings, leg.caller_number)


async def _has_no_offer(stage: Stage, *agents: str) -> None:
    for agent in agents:
        offers = (await stage.person(agent).get("/v1/offers"))["items"]
        stage.check(offers == [], f"no offer to {spoken(agent)}", offers)


def _refused(kind: str, value: str) -> Callable[[Stage], Awaitable[None]]:
    async def ask(stage: Stage) -> None:
        try:
            transfer = await stage.person("dora").transfer(stage.call, kind, value)
        except ApiError as refusal:
            stage.check(refusal.code == "external_not_allowed", str(refusal), refusal)
        else:
            raise Unmet(f"that the transfer to the {kind} {value} is refused", transfer)

    return ask


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _waiting(*agents: str) -> Ears:
    return {_CALLER: MUSIC, **dict.fromkeys(agents, NOT_IN_A_CALL)}


def _talking(agent: str, *others: str) -> Ears:
    return {
        _CALLER: frozenset({agent}),
        agent: frozenset({_CALLER}),
        **dict.fromkeys(others, NOT_IN_A_CALL),
    }


STORY = Story(
    title="A call for Support, and an unsupervised transfer",
    steps=(
        Step(
            name="A caller rings in and hears music",
            telling=f"{_CALLER_NAME} calls {SUPPORT_NUMBER}, the number of Support. Anna, Ben and Carla are logged in, "
            "but none of them is Available yet.",
            do=_ring_in,
            hears=_waiting(*_SUPPORT_TEAM),
        ),
        Step(
            name="The call is offered to the first Available agent",
            telling="Anna, Ben and Carla become Available. Anna is the first in the group: her page shows the offer "
            "with a preview, her phone rings. Max still hears music.",
            do=_offer,
            hears=_waiting(*_SUPPORT_TEAM),
        ),
        Step(
            name="Anna rejects the offer, Ben is next",
            telling="Anna presses Reject.",
            do=_reject,
            hears=_waiting("anna", "ben"),
        ),
        Step(
            name="Ben does not answer and becomes Busy, Carla is next",
            telling="Ben is away from his desk. The administrator's offer timeout passes.",
            do=_time_out,
            hears=_waiting("ben", "carla"),
        ),
        Step(
            name="Carla accepts, and gets the screen pop",
            telling="Carla presses Accept: from now on the call is hers. Her phone is still ringing.",
            do=_accept,
            hears=_waiting("carla"),
        ),
        Step(
            name="Carla picks up: the two hear each other",
            telling="Carla lifts the receiver.",
            do=_pick_up,
            hears=_talking("carla", "anna", "ben"),
        ),
        Step(
            name="Transfer to Billing, where nobody is",
            telling="Carla transfers Max to the group Billing, unsupervised. No agent of Billing is logged in: the "
            "call waits with music, and nothing else happens.",
            do=_transfer,
            hears=_waiting(*_SUPPORT_TEAM, "dora"),
            seconds=3.0,  # in which nothing may happen
            afterwards=_nothing_else,
        ),
        Step(
            name="Dora of Billing comes to work and gets call and pop",
            telling="Dora logs in and becomes Available. She picks up the phone; that accepts the offer.",
            do=_arrive,
            hears=_talking("dora", "carla"),
        ),
        Step(
            name="An unsupervised transfer to an external number is refused",
            telling=f"Dora tries to send Max to a hotel, {OUTSIDE_NUMBER}.",
            do=_refused("number", OUTSIDE_NUMBER),
            hears=_talking("dora", *_OUTSIDE),
            afterwards=_nobody_outside,
        ),
        Step(
            name="An unsupervised transfer to an external preset is refused",
            telling=f"Dora tries the preset Headquarters ({PRESET_NUMBER}).",
            do=_refused("preset", PRESET),
            hears=_talking("dora", *_OUTSIDE),
            afterwards=_nobody_outside,
        ),
        Step(
            name="The phone's own transfer key is refused",
            telling=f"Dora presses the transfer key of her phone, which sends a SIP REFER to {OUTSIDE_NUMBER}.",
            do=_refer,
            hears=_talking("dora", *_OUTSIDE),
            afterwards=_nobody_outside,
        ),
        Step(
            name="Max hangs up, and everything is free again",
            telling="The conversation is over. Dora is in wrap-up for a moment, then Available.",
            do=_hang_up,
            hears=dict.fromkeys((_CALLER, *_SUPPORT_TEAM, "dora"), NOT_IN_A_CALL),
            afterwards=_everything_free,
        ),
    ),
)

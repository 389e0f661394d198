"""What people do in the second story, step by step, and what is looked at on their pages and on the PBX."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from callbridge.demo.bank_lines import Outside
from callbridge.demo.scene import (
    EXPERTS,
    EXTERNAL_TIMEOUT,
    PRESET,
    PRESET_NUMBER,
    SUPPORT_NUMBER,
    TECHNICIAN_NUMBER,
    WAREHOUSE_NUMBER,
)
from callbridge.demo.steps import Stage, Unmet, pop_card, spoken

EVA, TOM = ("eva", "Eva Winter", "+493023125009", "A-4712"), ("tom", "Tom Berger", "+498999998222", "A-4713")
_REASON = "Her parcel is lost"
TYPED_WAREHOUSE, TYPED_TECHNICIAN = "040 66969 020", "0171 3920012"
"""As Anna types their numbers: the site is in Germany."""


async def begin(stage: Stage) -> None:
    for agent in ("anna", "ben", "dora"):
        await stage.person(agent).log_in()
    await stage.person("ben").busy("lunch")
    for agent in ("anna", "dora"):
        await stage.person(agent).available()
    for line, number in (("warehouse", WAREHOUSE_NUMBER), ("technician", TECHNICIAN_NUMBER)):
        stage.lines[line] = await stage.lab.bank.outside(number, name=line)
    stage.lines["headquarters"] = await stage.lab.bank.outside(PRESET_NUMBER, name="headquarters")
    await _outside(stage, "technician").auto_answer(None)
    await _ring_in(stage, *EVA)


async def _ring_in(stage: Stage, line: str, name: str, number: str, order: str) -> None:
    """Somebody calls Support, and Anna picks up."""
    anna = stage.person("anna")
    since = anna.mark()
    stage.lines[line] = await stage.lab.bank.call(
        from_number=number, did=SUPPORT_NUMBER, name=name, line=line, headers={"X-Order": order}
    )
    stage.caller = line
    offer = await anna.offer(since=since, within=15)
    stage.call = offer["call"]
    await stage.phone("anna").wait_ringing(5)
    await stage.phone("anna").answer()
    await anna.event("call.updated", lambda data: data["call"]["state"] == "talking", since=since)
    await stage.check_state("anna", "on_call")


async def ask(stage: Stage) -> None:
    anna = stage.person("anna")
    found = await anna.check(stage.call, "group", EXPERTS)
    emergency = await anna.check(stage.call, "number", "112")
    others = "; ".join(f"{other['name']} {other['reason']}" for other in found["others"])
    wait = found["expected_wait"]
    rows = [
        ("to", f"{found['destination']['name']}, supervised"),
        ("allowed", "yes" if found["allowed"] else f"no: {found['reason']}"),
        ("asked", ", ".join(agent["name"] for agent in found["eligible"]) or "nobody"),
        ("not asked", others or "-"),
        ("wait", "not known" if wait is None else f"about {wait:.0f} s" if wait else "none, somebody is free"),
    ]
    stage.card("Anna's page, before she presses OK", rows)
    stage.card("And where she may not", [("to", "112, supervised"), ("allowed", f"no: {emergency['reason']}")])
    stage.check(found["allowed"], "a supervised transfer to the Experts is allowed", found["reason"])
    eligible = [agent["id"] for agent in found["eligible"]]
    stage.check(eligible == ["dora"], "Dora would be asked", eligible)
    codes = {other["id"]: other["code"] for other in found["others"]}
    stage.check(codes == {"ben": "busy", "carla": "offline"}, f"why the others not: {others}", codes)
    stage.check(wait == 0, "expected wait: none", wait)
    refused = not emergency["allowed"] and emergency["code"] == "number_not_allowed"
    stage.check(refused, f"112 is refused: {emergency['reason']}", emergency)


async def consult(stage: Stage) -> None:
    dora = stage.person("dora")
    stage.offers["transfer"] = await stage.person("anna").consult(stage.call, "group", EXPERTS, reason=_REASON)
    offer = await dora.offer(within=15)
    leg = await stage.phone("dora").wait_ringing(5)
    preview = stage.offers["preview"] = offer["preview"]
    stage.card("Dora's page: a preview of Anna's call", pop_card(preview))
    stage.check(offer["kind"] == "consult", "Dora is asked for a consultation", offer["kind"])
    stage.check(preview["preview"], "what she sees is a preview, not yet the pop", preview)
    stage.check(preview["transfer_reason"] == _REASON, f'with the reason: "{_REASON}"', preview["transfer_reason"])
    stage.check(leg.caller_number == EVA[2], "her phone shows Eva's number, not Anna's", leg.caller_number)


async def dora_answers(stage: Stage) -> None:
    await stage.phone("dora").answer()
    await _stage_is(stage, "consulting", 0)
    await stage.check_state("dora", "on_call")


def press(button: str, then: str) -> Callable[[Stage], Awaitable[None]]:
    """Anna presses it, and it is so."""

    async def pressed(stage: Stage) -> None:
        anna = stage.person("anna")
        since = anna.mark()
        await getattr(anna, button)(stage.offers["transfer"]["id"])
        await _stage_is(stage, then, since)

    return pressed


async def fourth(stage: Stage) -> None:
    anna = stage.person("anna")
    party = await anna.fourth(stage.call, TYPED_WAREHOUSE)
    stage.check(party["number"] == "+49 40 66969020", f"the number is dialled as {party['number']}", party["number"])
    await stage.line("warehouse").wait_up(10)
    stage.seen.append("the warehouse answers")


async def leave(stage: Stage) -> None:
    dora = stage.person("dora")
    await stage.person("anna").leave_conference(stage.offers["transfer"]["id"])
    pop = await dora.pop()
    stage.card("Dora's page: now the pop is hers", pop_card(pop))
    same = not pop["preview"] and pop["id"] == stage.offers["preview"]["id"]
    stage.check(same, "the preview has become the pop of the call", pop)
    await stage.phone("anna").wait_ended(5)
    await stage.check_state("anna", "wrap_up")
    transfer = await stage.site.crm.get(f"/v1/transfers/{stage.offers['transfer']['id']}")
    taken = (transfer["state"], transfer["taken_by"])
    stage.check(taken == ("completed", "dora"), "the transfer is completed, Dora has taken it", taken)


async def fourth_leaves(stage: Stage) -> None:
    await stage.line("warehouse").hang_up()
    call = await _call_is(stage, "talking")
    stage.check(call["agent"] == "dora" and call["pop"]["agent"] == "dora", "call and pop are Dora's", call)


async def next_call(stage: Stage) -> None:
    await stage.line("eva").hang_up()
    await stage.phone("dora").wait_ended(5)
    await _state_is(stage, "anna", "available")
    await _ring_in(stage, *TOM)


async def consult_technician(stage: Stage) -> None:
    anna = stage.person("anna")
    transfer = await anna.consult(stage.call, "number", TYPED_TECHNICIAN)
    stage.offers["transfer"] = transfer
    shown = transfer["destination"]["shown"]
    stage.check(shown == "+49 171 3920012", f"the number is shown back as {shown}", shown)
    leg = await _outside(stage, "technician").wait_ringing(5)
    stage.check(leg.caller_number == TOM[2], "the technician's phone shows Tom's number", leg.caller_number)


async def not_answered(stage: Stage) -> None:
    transfer = await _transfer_ends(stage)
    failed = (transfer["state"], transfer["failure"])
    stage.check(failed == ("failed", "no_answer"), "the transfer has failed: no answer", failed)
    await _call_is(stage, "talking")
    await stage.line("technician").wait_ended(5)
    rang = datetime.fromisoformat(transfer["ended_at"]) - datetime.fromisoformat(transfer["made_at"])
    stage.seen.append(f"the technician's phone has stopped ringing after {rang.total_seconds():.1f} s")


async def consult_headquarters(stage: Stage) -> None:
    anna = stage.person("anna")
    since = anna.mark()
    stage.offers["transfer"] = await anna.consult(stage.call, "preset", PRESET)
    await _stage_is(stage, "consulting", since)


async def complete(stage: Stage) -> None:
    await stage.person("anna").complete(stage.offers["transfer"]["id"])
    transfer = await _transfer_ends(stage)
    stage.check(transfer["state"] == "completed", "the transfer is completed", transfer["state"])
    await stage.phone("anna").wait_ended(5)
    await stage.check_state("anna", "wrap_up")
    call = await _call_is(stage, "external")
    stage.check(call["agent"] is None, "the call is no agent's any more", call["agent"])


async def hang_up(stage: Stage) -> None:
    await stage.line("tom").hang_up()
    await stage.lab.wait_no_channels(5)
    stage.seen.append("headquarters is released too, and no channel is left on the PBX")


async def everything_free(stage: Stage) -> None:
    for agent in ("anna", "dora"):
        await _state_is(stage, agent, "available")
    await stage.check_state("ben", "busy")
    crm = stage.site.crm
    calls = (await crm.get("/v1/calls"))["items"]
    stage.check(calls == [], "no call is left in the gateway", calls)

    async def outcomes() -> dict[str, str | None]:
        ended = {call["caller_name"]: call["outcome"] for call in (await crm.get("/v1/calls?state=ended"))["items"]}
        return {name: ended.get(name) for _, name, *_ in (EVA, TOM)}

    # The gateway's memory forgets a call a moment before its record is saved.
    written = await _until(outcomes, lambda found: None not in found.values(), "a record of both calls")
    handled = {"handled"} == set(written.values())
    stage.check(handled, "the records of both calls say that they were handled", written)


# ---------------------------------------------------------------- what several steps need


def _outside(stage: Stage, name: str) -> Outside:
    line = stage.line(name)
    assert isinstance(line, Outside)
    return line


async def _stage_is(stage: Stage, wanted: str, since: int) -> None:
    """Anna's page has been told so."""
    anna = stage.person("anna")
    await anna.event("call.updated", lambda data: data["call"]["stage"] == wanted, since=since)


async def _until(read: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool], what: str, within: float = 10) -> Any:
    deadline = time.monotonic() + within
    while not fits(found := await read()):
        if time.monotonic() > deadline:
            raise Unmet(what, str(found))
        await asyncio.sleep(0.05)
    return found


async def _call_is(stage: Stage, state: str) -> Any:
    call = f"/v1/calls/{stage.call}"
    return await _until(lambda: stage.site.crm.get(call), lambda found: found["state"] == state, f"a {state} call")


async def _state_is(stage: Stage, agent: str, wanted: str) -> None:
    person = stage.person(agent)
    await _until(person.state, lambda state: state == wanted, f"{spoken(agent)} is {wanted}")
    await stage.check_state(agent, wanted)


async def _transfer_ends(stage: Stage) -> Any:
    transfer = f"/v1/transfers/{stage.offers['transfer']['id']}"
    ended = EXTERNAL_TIMEOUT + 10
    return await _until(
        lambda: stage.site.crm.get(transfer), lambda found: found["ended_at"], "that the transfer ends", ended
    )

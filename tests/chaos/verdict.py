"""What must be true after a fault: the caller is served, the picture true, nobody there twice, and nothing left."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import orjson
from consults import line_of, parties
from steps import eventually, live_calls

from callbridge.demo.bank_lines import Leg, Line
from callbridge.demo.people import ApiError
from callbridge.demo.tones import FALLBACK, HOLD_MUSIC
from chaos.scene import AGENTS, Damage, Scene, Stage
from chaos.sound import CallerLost, heard_by

SERVED_WITHIN = 45.0
"""Seconds in which a caller who waits must be with somebody, where everybody is available and picks up."""
GONE_WITHIN = 15.0
_OPEN_ROWS = {
    "calls": "SELECT id, state FROM calls WHERE ended_at IS NULL OR state != 'ended'",
    "reservations": "SELECT offer, agent FROM reservations",
    "transfers": "SELECT id, state FROM transfers WHERE NOT ended",
    "offers": "SELECT id, state FROM offers WHERE NOT ended",
}


class Duplicated(AssertionError):
    """Somebody is there twice."""


class Stuck(AssertionError):
    """An agent, a call, a channel or a row stays behind."""


class Untrue(AssertionError):
    """What the API shows is not what is heard."""


async def verdict(stage: Stage, scene: Scene, damage: Damage) -> str:
    """What became of the caller, in a word.

    Raises:
        CallerLost, Duplicated, Stuck, Untrue: what the name says.
    """
    if damage.calls_ended:
        word = "calls gone with the PBX"
    elif scene.caller in damage.hung_up:
        await eventually_or(Stuck, lambda: _caller_left(stage, scene), "a caller who hung up is in no call")
        word = "caller left"
    elif scene.caller.ended:
        if not any(scene.heard == {line.name} for line in damage.hung_up):
            raise CallerLost(f"the caller was hung up, cause {scene.caller.legs[0].cause}")
        word = "ended by the other side"
    else:
        word = await served(stage, scene, damage)
        not_twice(stage, scene)
        if word != FALLBACK:
            await truth(stage, scene)
    await nothing_left(stage, scene)
    return word


# ---------------------------------------------------------------- served


async def served(stage: Stage, scene: Scene, damage: Damage) -> str:
    """Everybody who can be is available and picks up; whoever has the call does what brings it on."""
    for phone in stage.phones:
        await phone.auto_answer(0.2)
        if phone.ringing is not None:
            await phone.answer()
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SERVED_WITHIN
    people = {line.name for line in scene.people(stage)}
    tried: list[str] = []
    while True:
        if scene.caller.ended:
            raise CallerLost(f"the caller was hung up, cause {scene.caller.legs[0].cause}, after {tried}")
        heard = await heard_by(stage, scene.caller)
        call = await _call(stage, scene)
        if heard & people and call is not None and call["state"] in ("talking", "consulting", "external"):
            return "talks with " + " and ".join(sorted(heard & people))
        if heard == {FALLBACK} and damage.fallback:
            if call is not None:
                raise Untrue(f"the caller has the fallback, the gateway has them as {call['state']}")
            return FALLBACK
        if loop.time() > deadline:
            state = call and (call["state"], call["agent"])
            raise CallerLost(f"the caller is not served: hears {sorted(heard)}, the call is {state}, tried {tried}")
        await _bring_on(stage, call, tried)


async def _call(stage: Stage, scene: Scene) -> Any:
    """The caller's call; another one than before where the gateway had never heard of it."""
    calls = await live_calls(stage.site)
    mine = [call for call in calls if call["caller_number"] == scene.caller.number]
    if len(mine) > 1:
        raise Duplicated(f"the caller is in {[call['id'] for call in mine]}")
    return mine[0] if mine else None


async def _bring_on(stage: Stage, call: Any, tried: list[str]) -> None:
    """What people do where a caller waits on."""
    for desk in stage.desks.values():
        state = (await stage.site.crm.get(f"/v1/agents/{desk.name}"))["state"]
        if state in ("offline", "busy", "wrap_up") and desk.phone.up is None:
            await _press(desk.person.available(), f"{desk.name} available", tried)
    if call is None or call["agent"] not in stage.desks or call["state"] != "consulting":
        return
    person = stage.desks[call["agent"]].person
    transfer = call["transfer"]
    if transfer is not None and transfer["ended_at"] is None:
        await _press(person.cancel(transfer["id"]), "cancel", tried)
    await _press(person.resume(call["id"]), "resume", tried)


async def _press(button: Any, name: str, tried: list[str]) -> None:
    try:
        await button
        tried.append(name)
    except ApiError as error:
        tried.append(f"{name}: {error.code}")


# ---------------------------------------------------------------- true, and once


def not_twice(stage: Stage, scene: Scene) -> None:
    for line in scene.people(stage):
        legs: list[Leg] = [leg for leg in line.legs if leg.live]
        if len(legs) > 1:
            raise Duplicated(f"{line.name} has {len(legs)} calls at once")


async def truth(stage: Stage, scene: Scene) -> None:
    """Each party hears whom the API says, and nobody else."""
    seen: tuple[Any, Any] = (None, None)
    for _ in range(12):
        call = await _call(stage, scene)
        if call is None:
            raise Untrue("the gateway does not know the caller's call")
        found = await parties(stage.site, call["id"])
        lines = {party["id"]: _line(stage, scene, party) for party in found.values()}
        said = {
            lines[party["id"]].name: {lines[other].name for other in party["hears"]}
            for party in found.values()
            if party["state"] not in ("dialing", "ringing")
        }
        by_name = {line.name: line for line in lines.values()}
        heard = {
            name: set(hearing.sources) - {HOLD_MUSIC, "ringing"}
            for name, hearing in (await stage.lab.hear([by_name[name] for name in said], 0.6)).items()
        }
        if said == heard:
            return
        seen = (said, heard)
    raise Untrue(f"the API says {seen[0]}, the sound says {seen[1]}")


def _line(stage: Stage, scene: Scene, party: Any) -> Line:
    found = line_of(stage.site, scene.caller, party)
    return next(line for line in [scene.caller, *scene.people(stage)] if line.name == found)


# ---------------------------------------------------------------- nothing is left


async def _caller_left(stage: Stage, scene: Scene) -> bool:
    """A consultation or a conference may go on without them."""
    call = await _call(stage, scene)
    return call is None or "caller" not in await parties(stage.site, call["id"])


async def eventually_or(kind: type[AssertionError], read: Any, what: str, within: float = GONE_WITHIN) -> None:
    try:
        await eventually(read, bool, what, within)
    except AssertionError as error:
        raise kind(str(error)) from None


async def nothing_left(stage: Stage, scene: Scene) -> None:
    """After everybody has put the receiver down, nobody is busy with it any more: PBX, API, store."""
    for phone in stage.phones:
        await phone.auto_answer(None)
    await stage.lab.bank.hang_up_all()
    try:
        await stage.lab.wait_no_channels(GONE_WITHIN)
    except TimeoutError as error:
        raise Stuck(str(error)) from None
    await eventually_or(Stuck, lambda: _no_calls(stage), "no call is left in the gateway")
    for desk in stage.desks.values():
        await eventually_or(Stuck, lambda desk=desk: _at_rest(stage, desk.name), f"{desk.name} has no call any more")
    await eventually_or(Stuck, lambda: _no_open_rows(stage), "no row is open in the store")


async def _no_calls(stage: Stage) -> bool:
    return not await live_calls(stage.site)


async def _at_rest(stage: Stage, name: str) -> bool:
    """Not ringing and not on a call. An agent who was asked and did not pick up may be busy for that."""
    seen = await stage.site.crm.get(f"/v1/agents/{name}")
    return seen["calls"] == 0 and seen["state"] in ("available", "busy", "offline")


async def _no_open_rows(stage: Stage) -> bool:
    return not list(open_rows(stage))


def open_rows(stage: Stage) -> Iterator[str]:
    with closing(sqlite3.connect(f"file:{stage.site.folder / 'callbridge.db'}?mode=ro", uri=True)) as store:
        for table, query in _OPEN_ROWS.items():
            yield from (f"{table}: {row}" for row in store.execute(query))
        for (document,) in store.execute("SELECT document FROM agents"):
            agent = orjson.loads(document)
            if agent["id"] in AGENTS and (agent["offer"], agent["calls"]) != (None, []):
                yield f"agents: {agent['id']} has {agent['offer']}, {agent['calls']}"

"""What the engine made of a signal, as text that people review: what came in, what changed, what went out."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from enum import Enum
from typing import Any

from scenes import CALL
from simulation import Simulation

from callbridge.domain.deadlines import deadlines
from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import Call
from callbridge.domain.model.effects import Effect, PublishAgent, PublishCall, Record, Reply, SaveAgent, SaveCall
from callbridge.domain.model.facts import ChannelEntered, ChannelReplaced, PbxSeen
from callbridge.domain.model.hearing import Party
from callbridge.domain.model.legs import Leg, PhoneHold
from callbridge.domain.model.signals import Configured, Signal
from callbridge.domain.model.world import World

_EPOCH = 1000.0
"""When every story begins: a number from there on is a moment, and is told by its distance from now."""
_LEFT_OUT = frozenset({"sequence", "changed_at", "request"})
"""They count what happened before; `test_sequence.py` looks at the first two."""
_KNOWN = ("callers", "phones", "pbx_up", "pbx_silent", "unheard_since", "waits", "reserving", "declines")
"""What the world has beside calls and agents."""


@dataclass
class Turn:
    """One signal, handled."""

    signal: Signal
    now: float
    before: World
    after: World
    effects: list[Effect]


def turns_of(sim: Simulation) -> list[Turn]:
    """From now on the list gets each signal that the engine handles."""
    turns: list[Turn] = []
    handle = sim.handle

    def watching(signal: Signal) -> list[Effect]:
        before = sim.engine.world.copy()
        effects = handle(signal)
        turns.append(Turn(signal, sim.now, before, sim.engine.world.copy(), list(effects)))
        return effects

    sim.handle = watching  # type: ignore[method-assign]
    return turns


def moment(value: float, now: float) -> str:
    return "now" if value == now else f"now{value - now:+g}"


def show(value: object, now: float) -> str:
    """In one line; of records only what is not as it always is."""
    match value:
        case Enum():
            return str(value.value)
        case float() if value >= _EPOCH:
            return moment(value, now)
        case str():
            return value if value and " " not in value else repr(value)
        case PbxSeen():
            holding = {channel: hold for channel, hold in value.holding.items() if hold is not PhoneHold.NO}
            return f"PbxSeen holding={show(holding, now)}" if holding else "PbxSeen"
        case Configured():
            return "Configured"
        case ChannelEntered():
            return f"ChannelEntered {value.fact.channel} in {value.fact.bridge}"
        case ChannelReplaced():
            return f"ChannelReplaced {value.fact.channel} for {value.old} in {value.fact.bridge}"
        case Mapping():
            return "{" + ", ".join(f"{show(key, now)}: {show(each, now)}" for key, each in value.items()) + "}"
        case frozenset() | set():
            return ", ".join(sorted(show(each, now) for each in value)) or "nobody"
        case tuple() | list():
            return "[" + ", ".join(show(each, now) for each in value) + "]"
        case _ if is_dataclass(value):
            told = (f"{name}={show(each, now)}" for name, each in _told(value))
            return " ".join([type(value).__name__, *told])
    return str(value)


def _told(record: Any) -> Iterator[tuple[str, object]]:
    for field in fields(record):
        value = getattr(record, field.name)
        usual = field.default if field.default_factory is MISSING else field.default_factory()
        if field.name not in _LEFT_OUT and value != usual:
            yield field.name, value


def _changes(name: str, before: object, after: object, now: float) -> Iterator[str]:
    """Each part that is another one now: `name: before -> after`."""
    if before == after:
        return
    if is_dataclass(before) and type(before) is type(after):
        for field in fields(before):
            if field.name not in _LEFT_OUT:
                one, other = getattr(before, field.name), getattr(after, field.name)
                yield from _changes(f"{name}.{field.name}" if name else field.name, one, other, now)
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _changes(f"{name} {key}", before.get(key), after.get(key), now)
    elif name == "legs":
        yield from _changes("leg", _by_channel(before), _by_channel(after), now)
    else:
        was = f"{_briefly(before, now)} -> " if before else ""
        yield f"{name}: {was}{show(after, now) if after or after == 0 else 'none'}"


def _briefly(value: Any, now: float) -> str:
    """Of a record that is no more only its name and first field."""
    if is_dataclass(value):
        return f"{type(value).__name__} {show(getattr(value, fields(value)[0].name), now)}"
    return show(value, now)


def _by_channel(legs: Any) -> dict[str, Leg]:
    return {leg.channel: leg for leg in legs}


def _call(call: Call | None, before: Call | None, now: float) -> Iterator[str]:
    if call is not None and before is not None:
        yield from _changes("", before, call, now)
    elif call is not None:
        yield show(call, now)


def _saved(turn: Turn, effect: SaveCall | SaveAgent) -> Iterator[str]:
    now = turn.now
    if isinstance(effect, SaveCall):
        call, before = effect.call, turn.before.calls.get(effect.call.id)
        yield f"save {call.id}"
        yield from (f"  {line}" for line in _call(call, before, now))
        times, known = dict(deadlines(call)), dict(deadlines(before)) if before else {}
        if times != known:
            due = sorted((when, str(what)) for what, when in times.items())
            yield f"  deadlines: {', '.join(f'{what} {moment(when, now)}' for when, what in due) or 'none'}"
    else:
        agent: Agent = effect.agent
        changes = "; ".join(_changes("", turn.before.agents.get(agent.id), agent, now))
        yield f"save {agent.id}" + (f" with {changes}" if changes else "")


def _went_out(turn: Turn, effect: Effect) -> Iterator[str]:
    now = turn.now
    match effect:
        case SaveCall() | SaveAgent():
            yield from _saved(turn, effect)
        case Record(entry=entry):
            by = f" {entry.agent}" if entry.agent else ""
            detail = "".join(f" {key}={show(value, now)}" for key, value in entry.detail.items())
            yield f"record {entry.kind}{by}{detail}" + ("" if entry.at == now else f" at {moment(entry.at, now)}")
        case PublishAgent(agent=agent):
            yield f"tell everybody {agent.id} is {agent.state.value}" + (f", {agent.reason}" if agent.reason else "")
        case PublishCall():
            offer = f" {show(effect.offer, now)}" if effect.offer else ""
            pop = f" {show(effect.pop, now)}" if effect.pop else ""
            yield f"tell {effect.kind} to {show(effect.to, now)}{offer}{pop}"
        case Reply(ok=True):
            yield f"reply ok {show(effect.result, now)}"
        case Reply():
            yield f"reply {effect.code}: {effect.detail}"
        case _:
            yield show(effect, now)


def _hears(parties: tuple[Party, ...]) -> str:
    shown = (
        f"{party.channel} {party.state}{' muted' * party.muted}{' put on hold' * party.held}"
        f"{' holds' * party.phone_holds}{' hears ' * bool(party.hears)}{' and '.join(party.hears)}"
        for party in parties
    )
    return ", ".join(shown) or "nobody is there"


def _learnt(turn: Turn) -> Iterator[str]:
    for name in _KNOWN:
        before, after = getattr(turn.before, name), getattr(turn.after, name)
        yield from (f"world {line}" for line in _changes(name, before, after, turn.now))
    for call_id, parties in turn.after.heard.items():
        if parties != turn.before.heard.get(call_id):
            yield f"who hears whom: {_hears(parties)}"


def told(turn: Turn) -> list[str]:
    """All that came of it, in order."""
    lines = [line for effect in turn.effects for line in _went_out(turn, effect)]
    return [*lines, *_learnt(turn)] or ["nothing"]


def short(text: str) -> str:
    """Of the one call of all stories."""
    return text.replace(f"{CALL}-", "").replace(f"call={CALL} ", "").replace(CALL, "call")


def indented(lines: Iterable[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)

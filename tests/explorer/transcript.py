"""A schedule as a person reads it: stimulus by stimulus, with what was decided and how it is then."""

from contextlib import suppress

from callbridge.domain.model.effects import Bridge, Originate, PbxEffect, Record, Reply
from explorer.model import Node, Violation
from explorer.rest import come_to_rest
from explorer.rules import check_always
from explorer.starts import start
from explorer.stimuli import Stimulus, do
from explorer.walk import Found

_GONE_WRONG = {
    "refused": "the PBX refuses the first action",
    "unanswered": "the first action is done, but its answer never comes",
    "unreachable": "the phone cannot be reached",
    "lost": "the link dies, the actions are lost",
    "crash": "the gateway dies before it acts, and is started again",
    "stalls": "the link stalls before it hears of the actions",
    "answer late": "the store's answer comes later",
    "late": "the actions are performed only after what comes next",
}


def transcript(found: Found) -> str:
    """The whole schedule, and behind it the way to rest where that is where the rule is broken."""
    node = start(found.start, slow=found.slow, faults=found.faults)
    lines = [f"VIOLATION from {found.start!r}{', slow PBX' if found.slow else ''}: {found.what}", *_moment(node)]
    for number, (stimulus, fault) in enumerate(found.steps, 1):
        lines.append(f"{number:3}. {_said(node, stimulus)}{f'; {_GONE_WRONG[fault]}' if fault else ''}")
        before = node.copy()
        try:
            do(node, stimulus, fault)
            check_always(node, before.world.calls)
        except Violation:
            return "\n".join([*lines, *_decided(node), *_moment(node), f"     => {found.what}"])
        lines += [*_decided(node), *_moment(node)]
    lines.append("     and then nothing more goes wrong:")
    trace: list[tuple[tuple[Stimulus, ...], Node]] = []
    before = node.copy()
    with suppress(Violation):
        come_to_rest(node, set(), trace)
    for stimuli, after in trace:
        lines.append("   - " + "; ".join(_said(before, stimulus) for stimulus in stimuli))
        lines += [*_decided(after), *_moment(after)]
        before = after
    return "\n".join([*lines, f"     => {found.what}"])


def _said(node: Node, stimulus: Stimulus) -> str:
    if stimulus[0].startswith("fact") and stimulus[1] in node.queues:
        kind, what = node.queues[stimulus[1]][0]
        detail = getattr(what, "bridge", what)
        return f"{stimulus[0]}: {stimulus[1]} {kind}{f' {detail}' if detail is not None else ''}"
    return " ".join(stimulus)


def _decided(node: Node) -> list[str]:
    said = []
    for effect in node.effects:
        match effect:
            case Bridge():
                said.append(f"Bridge {effect.channel} with {effect.peer}")
            case Originate():
                said.append(f"Originate {effect.channel} to {effect.phone}")
            case Reply():
                said.append("accepted" if effect.ok else f"refused: {effect.code}")
            case Record():
                said.append(f"[{effect.entry.kind}]")
            case _ if isinstance(effect, PbxEffect):
                said.append(f"{type(effect).__name__} {getattr(effect, 'channel', '')}".strip())
    return [f"       -> {', '.join(said)}"] if said else []


def _moment(node: Node) -> list[str]:
    calls = []
    for call in node.world.calls.values():
        stage = f"/{call.consult.stage.value}{'' if call.consult.settled else '?'}" if call.consult else ""
        legs = [f"{leg.channel[-5:]} {leg.role.value} {leg.agent or leg.number} {leg.state.value}" for leg in call.legs]
        calls.append(f"{call.id} {call.state.value}{stage} of {call.agent}; {', '.join(legs) or 'no legs'}")
    rooms = [f"{channel.id} {channel.bridge or 'nowhere'}" for channel in node.channels.values()]
    under_way = [f"{name}: {' '.join(kind for kind, _ in queue)}" for name, queue in sorted(node.queues.items())]
    lines = [f"       engine: {each}" for each in calls]
    lines.append(f"       PBX: {', '.join(rooms) or 'nobody'}")
    if under_way:
        lines.append(f"       under way: {'; '.join(under_way)}")
    return lines

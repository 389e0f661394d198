"""From here, nothing more goes wrong: facts are delivered and time passes until all is still. Then all hang up."""

from callbridge.domain.model.consult import Stage
from explorer.key import core
from explorer.model import HOLD, Node, Violation
from explorer.rules import check_always, check_at_rest, check_released, is_quiet
from explorer.stimuli import Stimulus, do

_LONG = 400
"""Steps that nobody needs to come to rest."""


def next_step(node: Node) -> list[Stimulus] | None:
    """The next thing on the way to rest, the same for the same moment; None: this is the end."""
    if node.dead:
        return [("link is found dead",)]
    if node.stalled is not None:
        return [("link flows again",)]
    if node.down:
        return [("link comes back",)]
    ways = [name for name in sorted(node.queues) if node.queues[name][0][0] == "arrives"]
    if ways:
        return [("arrives", ways[0])]
    if node.look is not None and node.look[1] is not None:
        return [("snapshot",)]
    if node.queues:
        return [("fact", min(node.queues))]
    if node.look is not None:
        return [("snapshot",)]
    if node.unanswered:
        return [("store answers",)]
    turns = sorted(
        channel.id for channel in node.channels.values() if channel.after == "hangup" and channel.bridge is HOLD
    )
    if turns:
        return [("turn ends", turns[0])]
    if node.engine_deadline() is not None:
        return [("time passes",)]
    callers = sorted(channel.id for channel in node.channels.values() if channel.role in ("caller", ""))
    if callers:
        return [("gone", caller, "16") for caller in callers]
    alone = sorted(
        leg.channel
        for call in node.world.calls.values()
        if call.consult is not None and call.consult.stage is Stage.WITHOUT_CALLER
        for leg in call.legs
        if leg.channel in node.channels
    )
    return [("gone", leg, "16") for leg in alone] or None


def come_to_rest(node: Node, calm: set[int], trace: list[tuple[tuple[Stimulus, ...], Node]] | None = None) -> None:
    """Checks the way to rest, and how it is there. `calm`: keys of moments that are known to come to a good rest.

    Changes `node`. `trace`: the way is written down here, for a reader.
    """
    way: set[int] = set()
    for _ in range(_LONG):
        key = core(node)
        if key in calm and trace is None:
            break
        if key in way:
            raise Violation("on the way to rest the same moment comes again: it never ends")
        way.add(key)
        if is_quiet(node):
            check_at_rest(node)
        todo = next_step(node)
        if todo is None:
            check_released(node)
            break
        for stimulus in todo:
            before = dict(node.world.calls)
            do(node, stimulus)
            check_always(node, before)
        if trace is not None:
            trace.append((tuple(todo), node.copy()))
            trace[-1][1].effects = node.effects
    else:
        raise Violation(f"it does not come to rest in {_LONG} steps")
    calm |= way

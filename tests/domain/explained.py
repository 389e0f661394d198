"""What is told before a transfer is asked for: whether it is allowed, who would be asked, how long it may take."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import scenes
from beside_requests import DESTINATIONS
from scenes import CALL
from simulation import Simulation

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.settings import AgentTransferMode, AgentTransferRule, NumberRules, Settings
from callbridge.domain.model.signals import Configured
from callbridge.domain.model.transfer import Destination, DestinationKind
from callbridge.domain.rules.explain import Explanation, explain

_EXPLAINED = [
    scenes.talking,
    scenes.offering,
    scenes.held,
    scenes.ringing,
    scenes.moving,
    scenes.waiting,
    scenes.ending,
]


def _of_two(supervised: bool) -> Iterator[tuple[str, Explanation]]:
    """A second caller waits for the group, and its first caller waited ten seconds."""
    sim = scenes.talking()
    sim.presence("ben", Presence.BUSY)
    sim.engine.world.waits[GroupId("support")] = (10.0, 20.0)
    sim.arrive("support", 2)
    sim.settle()
    for kind, value in DESTINATIONS:
        yield f"a second caller waits, to {kind.value} {value}", _explain(sim, kind, value, supervised)
    for agent in sim.settings.agents:
        sim.log_out(agent)
    heading = "a second caller waits and nobody is logged in, to group support"
    yield heading, _explain(sim, DestinationKind.GROUP, "support", supervised)


def _explain(sim: Simulation, kind: DestinationKind, value: str, supervised: bool, **more: Any) -> Explanation:
    world, to = sim.engine.world, Destination(kind=kind, value=value)
    return explain(world, world.calls[CALL], AgentId("anna"), to, supervised=supervised, now=sim.now, **more)


_RULES: dict[str, Callable[[Settings], Settings]] = {
    "transfers are off": lambda now: replace(now, options=replace(now.options, transfers_enabled=False)),
    "supervised ones are off": lambda now: replace(now, options=replace(now.options, supervised_enabled=False)),
    "no outside line": lambda now: replace(now, options=replace(now.options, outbound_dial=None)),
    "the group has rules": lambda now: _support(now, numbers=NumberRules(allow=("+33",), deny=("+339",))),
    "nothing is allowed outside": lambda now: replace(now, numbers=NumberRules()),
    "anna serves no group": lambda now: _support(now, members=()),
} | {
    f"{rule.value} to agents": lambda now, rule=rule: replace(now, options=replace(now.options, agent_transfer=rule))  # type: ignore[misc]
    for rule in AgentTransferRule
}


def _support(now: Settings, **more: Any) -> Settings:
    support = replace(now.groups[GroupId("support")], **more)
    return replace(now, groups={**now.groups, support.id: support})


def _by_rules() -> Iterator[tuple[str, Explanation]]:
    for name, change in _RULES.items():
        sim = scenes.talking()
        sim.give(Configured(settings=change(sim.settings)))
        for kind, value in DESTINATIONS:
            yield f"{name}, supervised, to {kind.value} {value}", _explain(sim, kind, value, True)
        for mode in (None, *AgentTransferMode):
            how = f"{mode.value}, " if mode else ""
            yield f"{name}, {how}to agent ben", _explain(sim, DestinationKind.AGENT, "ben", False, mode=mode)
    for problem in ("invalid", "emergency", "premium", "other"):
        explanation = _explain(scenes.talking(), DestinationKind.NUMBER, "+49301", True, number_problem=problem)
        yield f"supervised, to a number that is {problem}", explanation
    for number in ("0301234", "+49x", "+", "+४९"):
        yield f"supervised, to {number}", _explain(scenes.talking(), DestinationKind.NUMBER, number, True)


def explained() -> Iterator[tuple[str, Explanation]]:
    """What is told before a transfer is asked for, each with its heading."""
    for supervised in (False, True):
        how = "supervised, " if supervised else ""
        for scene in _EXPLAINED:
            sim = scene()
            for kind, value in DESTINATIONS:
                yield f"{how}{scene.__name__}, to {kind.value} {value}", _explain(sim, kind, value, supervised)
        for heading, explanation in _of_two(supervised):
            yield f"{how}{heading}", explanation
    sim = scenes.talking()
    for mode in AgentTransferMode:
        heading = f"{mode.value}, talking, to agent dan"
        yield heading, _explain(sim, DestinationKind.AGENT, "dan", supervised=False, mode=mode)
    yield "deferred, talking, to agent dan", _explain(sim, DestinationKind.AGENT, "dan", True, deferred=True)
    yield from _by_rules()

"""Every cell of both tables, in a call that is really there: where it leads is what `cells.py` says."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest
from cells import ROUTING, SUPERVISED, parse
from invariants import check_always, check_at_rest
from provoke import FACTS, REQUESTS, asked
from scenes import CALL, ROUTING_SCENES, SUPERVISED_SCENES
from simulation import Simulation

from callbridge.domain.consult import table as consulting
from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.calls import Call
from callbridge.domain.model.effects import Reply
from callbridge.domain.model.facts import PhoneChanged
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.routing import table as routing

Row = dict[str, Callable[[Step, Call, Signal], None]]
Scene = Callable[[], Simulation]
SAID_ALOUD = {("waiting", "joined"), ("offering", "joined")}
"""Cells that cannot be met: meeting one is an anomaly."""
MACHINES: dict[str, tuple[dict[str, Row], dict[str, list[Scene]], str]] = {
    "routing": (routing.TABLE, ROUTING_SCENES, ROUTING),  # type: ignore[dict-item]
    "supervised": (consulting.TABLE, SUPERVISED_SCENES, SUPERVISED),  # type: ignore[dict-item]
}
CELLS = [
    (machine, str(state), str(stimulus))
    for machine, (table, _, _) in MACHINES.items()
    for state, row in table.items()
    for stimulus in row
]


def where(call: Call) -> str:
    return consulting.column_of(call) or call.state.value


@contextmanager
def watched(row: Row, stimulus: str) -> Iterator[list[str]]:
    """Where this cell leads, each time that it is met."""
    seen: list[str] = []
    handler = row[stimulus]

    def watch(step: Step, call: Call, signal: Signal) -> None:
        handler(step, call, signal)
        seen.append(where(step.world.calls[call.id]))

    row[stimulus] = watch
    try:
        yield seen
    finally:
        row[stimulus] = handler


def for_real(stimulus: str) -> list[Callable[[Simulation], None]]:
    if stimulus not in REQUESTS:
        return FACTS[stimulus]

    def ask(index: int) -> Callable[[Simulation], None]:
        def provoke(sim: Simulation) -> None:
            requests = asked(stimulus, sim)
            if index < len(requests):
                answered_once(sim, requests[index])

        return provoke

    return [ask(index) for index in range(25 if stimulus == "party" else 6)]


def answered_once(sim: Simulation, request: Signal) -> None:
    before = len(sim.effects)
    sim.give(request)
    replies = [effect for effect in sim.effects[before:] if isinstance(effect, Reply)]
    assert len(replies) == 1, f"{request} was answered {len(replies)} times"


def directly(sim: Simulation, machine: str, stimulus: str) -> None:
    """Nothing that happens leads to this cell here: the stimulus is handed to the table itself."""
    apply = consulting.apply if machine == "supervised" else routing.apply
    kind = consulting.Event if machine == "supervised" else routing.Stimulus
    requests = asked(stimulus, sim) if stimulus in REQUESTS else []
    signal = requests[0] if requests else PhoneChanged(phone="PJSIP/dan", state=PhoneState.IDLE)

    def handle(step: Step, signal: Signal) -> None:
        del sim.engine._handle
        apply(step, step.world.calls[CALL], kind(stimulus), signal)  # type: ignore[operator]

    sim.engine._handle = handle  # type: ignore[method-assign]
    (answered_once if requests else Simulation.give)(sim, signal)


def runs(machine: str, state: str, stimulus: str) -> set[str]:
    """Everywhere that the cell leads to, from every scene of the state; each run checked to its end."""
    table, scenes, _ = MACHINES[machine]
    row = table[state]
    found: set[str] = set()
    for scene in scenes[state]:  # type: ignore[index]
        for provoke in for_real(stimulus):
            with watched(row, stimulus) as seen:
                sim = scene()
                seen.clear()
                provoke(sim)
                sim.settle()
            if seen:
                found.add(seen[0])
                to_its_end(sim, state, stimulus)
    if not found:
        sim = scenes[state][0]()  # type: ignore[index]
        with watched(row, stimulus) as seen:
            directly(sim, machine, stimulus)
        found.add(seen[0])
        check_always_but(sim, state, stimulus)
    return found


def to_its_end(sim: Simulation, state: str, stimulus: str) -> None:
    check_always_but(sim, state, stimulus)
    sim.refuse.clear()
    sim.wait(100)
    check_at_rest(sim)


def check_always_but(sim: Simulation, state: str, stimulus: str) -> None:
    if (state, stimulus) in SAID_ALOUD:
        assert sim.anomalies == [f"joined while {state}"]
        sim.anomalies.clear()
    check_always(sim)


@cache
def expected(machine: str) -> dict[str, dict[str, tuple[str, ...]]]:
    return parse(MACHINES[machine][2])


@pytest.mark.parametrize(("machine", "state", "stimulus"), CELLS)
def test_cell(machine: str, state: str, stimulus: str) -> None:
    found = runs(machine, state, stimulus)
    if (state, stimulus) in SAID_ALOUD:
        found = {"!"}
    assert found == {state if word == "." else word for word in expected(machine)[state][stimulus]}

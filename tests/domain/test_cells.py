"""Every cell of both tables, in a call that is really there: where it leads is what `cells.py` says."""

from functools import cache

import pytest
from cells import ROUTING, SUPERVISED, parse
from invariants import check_always, check_at_rest
from meetings import CELLS, SCENES, directly, for_real, made, watched, where
from simulation import Simulation

from callbridge.domain.model.calls import Call
from callbridge.domain.model.step import Step

SAID_ALOUD = {("waiting", "joined"), ("offering", "joined")}
"""Cells that cannot be met: meeting one is an anomaly."""
PAGES = {"routing": ROUTING, "supervised": SUPERVISED}


def runs(machine: str, state: str, stimulus: str) -> set[str]:
    """Everywhere that the cell leads to, from every scene of the state; each run checked to its end."""
    found: set[str] = set()
    seen: list[str] = []

    def met(which: str, step: Step, call: Call) -> None:
        if which == stimulus:
            seen.append(where(step.world.calls[call.id]))

    for scene in SCENES[machine][state]:
        for provoke in for_real(stimulus, scene):
            sim = made(scene)
            seen.clear()
            with watched(machine, state, met):
                provoke(sim)
                sim.settle()
            if seen:
                found.add(seen[0])
                to_its_end(sim, state, stimulus)
    if not found:
        sim = made(SCENES[machine][state][0])
        seen.clear()
        with watched(machine, state, met):
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
    return parse(PAGES[machine])


@pytest.mark.parametrize(("machine", "state", "stimulus"), CELLS)
def test_cell(machine: str, state: str, stimulus: str) -> None:
    found = runs(machine, state, stimulus)
    if (state, stimulus) in SAID_ALOUD:
        found = {"!"}
    assert found == {state if word == "." else word for word in expected(machine)[state][stimulus]}

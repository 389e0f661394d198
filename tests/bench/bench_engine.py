"""How many signals a second the engine decides on, with few and with many open calls, and what undoing would cost.

    python tests/bench/bench_engine.py [--calls 10 100 300] [--lives 40]

Around the open calls, which talk or wait, whole calls live and end: they arrive, are offered, answered, bridged and
hung up. Only the time in `Engine.handle` counts. Machines differ; the ratios are what matters.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "domain"))

from simulation import Simulation

from callbridge.domain.engine import Engine
from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.effects import Effect
from callbridge.domain.model.facts import PhoneChanged
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.settings import AgentSettings, GroupSettings, Member, Options, Settings
from callbridge.domain.model.signals import Signal

_SPARE = 10
"""Agents beside those who talk: they serve the calls that live and end."""
_WAITING = 0.2
"""Share of the open calls that wait for a group with nobody in it."""


class Timed(Engine):
    seconds = 0.0
    signals = 0

    def handle(self, signal: Signal, now: float) -> list[Effect]:
        began = time.perf_counter()
        try:
            return super().handle(signal, now)
        finally:
            Timed.seconds += time.perf_counter() - began
            Timed.signals += 1


def settings(agents: int) -> Settings:
    names = [AgentId(f"a{number}") for number in range(agents)]
    members = tuple(Member(agent=name) for name in names)
    return Settings(
        agents={name: AgentSettings(id=name, name=name, phone=f"PJSIP/{name}") for name in names},
        groups={
            GroupId("support"): GroupSettings(id=GroupId("support"), name="Support", members=members),
            GroupId("empty"): GroupSettings(id=GroupId("empty"), name="Empty"),
        },
        options=Options(wrap_up=0.0),
    )


def served(sim: Simulation, number: int) -> str:
    """One more call that talks. Returns its caller's channel."""
    name = sim.arrive(number=number)
    sim.settle()
    offer = sim.engine.world.calls[name].offer
    assert offer is not None
    sim.answer(offer.agent)
    sim.settle()
    return sim.engine.world.calls[name].caller


def measure(calls: int, lives: int) -> tuple[float, float]:
    """Microseconds per signal in all, and of a copy of the world."""
    sim = Simulation(settings(calls + _SPARE))
    engine = Timed(sim.settings)
    sim.engine = engine
    sim.give(sim.snapshot())
    sim.ready(*sim.settings.agents)
    waiting = int(calls * _WAITING)
    for number in range(calls):
        if number < waiting:
            sim.arrive("empty", number=number)
            sim.settle()
        else:
            served(sim, number)
    Timed.seconds, Timed.signals = 0.0, 0
    for life in range(lives):
        sim.now += 1.0
        caller = served(sim, calls + life)
        sim.hang_up(caller)
        sim.settle()
        sim.effects.clear()
    began = time.perf_counter()
    for _ in range(1000):
        engine.world.copy()
    copied = (time.perf_counter() - began) / 1000
    return Timed.seconds / Timed.signals * 1e6, copied * 1e6


def crowded(calls: int) -> float:
    """Microseconds for a signal that may free somebody, while a third are talking and two thirds wait in vain."""
    agents = calls // 3
    sim = Simulation(settings(agents))
    sim.ready(*sim.settings.agents)
    for number in range(calls):
        if number < agents:
            served(sim, number)
        else:
            sim.arrive(number=number)
            sim.settle()
    began = time.perf_counter()
    for _ in range(50):
        sim.engine.handle(PhoneChanged(phone="PJSIP/a1", state=PhoneState.IN_USE), sim.now)
    return (time.perf_counter() - began) / 50 * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, nargs="+", default=[10, 100, 300])
    parser.add_argument("--lives", type=int, default=200, help="calls that live and end while it is measured")
    options = parser.parse_args()
    first = 0.0
    for calls in options.calls:
        best, copied = min(measure(calls, options.lives) for _ in range(3))
        first = first or best
        print(
            f"{calls:5d} open calls: {1e6 / best:8.0f} signals/s, {best:7.1f} us each, {best / first:4.1f} x the first"
            f"; a copy of the world {copied:6.1f} us, {copied / best:4.0%} of that"
            f"; a phone's news to a queue in vain {min(crowded(calls) for _ in range(3)):7.1f} us"
        )


if __name__ == "__main__":
    main()

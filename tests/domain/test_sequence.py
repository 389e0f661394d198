"""Each event of a call has a number and a moment of its own. The simulation checks it in every scene; here is more."""

from dataclasses import replace

import scenes
from simulation import Simulation

from callbridge.domain.engine import Engine
from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.effects import PublishCall, SaveCall


def numbers(sim: Simulation) -> list[int]:
    return [effect.call.sequence for effect in sim.effects if isinstance(effect, PublishCall)]


def moments(sim: Simulation) -> list[float]:
    return [effect.call.changed_at for effect in sim.effects if isinstance(effect, PublishCall)]


def test_given_events_of_one_moment_when_told_then_each_has_a_number_and_a_millisecond_of_its_own() -> None:
    sim = scenes.talking()
    assert len(numbers(sim)) > 4
    assert numbers(sim) == sorted(set(numbers(sim)))
    assert moments(sim) == sorted(set(moments(sim)))
    assert all(round(moment, 3) == moment for moment in moments(sim))


def test_given_a_clock_that_went_back_when_something_is_told_then_its_moment_is_later_all_the_same() -> None:
    sim = scenes.talking()
    before = moments(sim)[-1]
    sim.now -= 3600
    [call] = sim.engine.world.calls
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert sim.saved[call].state is CallState.ENDED
    assert before < moments(sim)[-1] < before + 1


def test_given_a_restart_when_something_is_told_then_the_numbers_go_on() -> None:
    sim = scenes.talking()
    last = numbers(sim)[-1]
    sim.restart()
    [call] = sim.engine.world.calls
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert numbers(sim)[-1] > last


def test_given_a_call_of_an_older_version_when_something_is_told_then_it_begins_with_one() -> None:
    sim = scenes.waiting()
    [call] = sim.engine.world.calls.values()
    unnumbered = replace(call, sequence=0, changed_at=0.0)
    sim.saved[call.id] = unnumbered
    sim.heard.clear()
    sim.effects.clear()
    sim.engine = Engine(sim.engine.world.settings, calls=[unnumbered], agents=sim.engine.world.agents.values())
    sim.give(sim.snapshot())
    sim.presence("anna", Presence.AVAILABLE)
    assert numbers(sim)[0] == 1


def test_given_a_change_that_nobody_is_told_when_saved_then_the_call_has_a_new_number_all_the_same() -> None:
    sim = scenes.talking()
    seen: dict[int, object] = {}
    for effect in sim.effects:
        if isinstance(effect, SaveCall):
            assert seen.setdefault(effect.call.sequence, effect.call) is effect.call

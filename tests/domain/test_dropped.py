"""Picked up and put down within the least time of a talk: the caller was not served, and is the next one again."""

import pytest
from invariants import check_at_rest
from simulation import Simulation, settings

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.effects import SetAfter
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.settings import Options


def picked_up() -> tuple[Simulation, CallId]:
    """Anna has just picked up; a second caller waits."""
    sim = Simulation(settings(Options(min_talk=2.0, wrap_up=10.0), support=["anna", "ben"]))
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.now += 5
    sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    assert not [effect for effect in sim.effects if isinstance(effect, SetAfter)]
    return sim, call


@pytest.mark.parametrize("how", ["phone", "page"])
def test_given_a_pick_up_when_it_is_dropped_at_once_then_the_caller_goes_back_to_the_head(how: str) -> None:
    sim, call = picked_up()
    sim.now += 1.9
    if how == "phone":
        sim.hang_up(sim.leg_of("anna"))
    else:
        assert sim.end("anna", call).ok
    sim.settle()
    assert sim.call(call).state is CallState.WAITING
    assert sim.on_music(call)
    assert (sim.call(call).answered_at, sim.call(call).dropped_by) == (None, "anna")
    assert sim.state("anna") is AgentState.WRAP_UP
    sim.ready("ben")
    sim.settle()
    assert sim.call(call).state is CallState.OFFERING
    assert "call.dropped" in sim.kinds()
    check_at_rest(sim)


def test_given_a_pick_up_when_the_least_time_has_passed_then_the_agents_end_is_the_calls() -> None:
    sim, call = picked_up()
    sim.wait(2)
    assert sim.channels[sim.call(call).caller].after == "hangup"
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.call(call).outcome is CallOutcome.HANDLED


def test_given_a_pick_up_when_the_caller_hangs_up_at_once_then_the_call_is_over() -> None:
    sim, call = picked_up()
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert sim.call(call).outcome is CallOutcome.HANDLED
    assert "call.dropped" not in sim.kinds()


def test_given_a_pick_up_when_the_gateway_is_started_again_then_the_least_time_goes_on() -> None:
    sim, call = picked_up()
    sim.restart()
    sim.settle()
    assert sim.channels[sim.call(call).caller].after == "hold"
    sim.wait(2)
    assert sim.channels[sim.call(call).caller].after == "hangup"


def test_given_a_pick_up_when_it_is_put_on_hold_and_back_then_it_is_a_talk() -> None:
    sim, call = picked_up()
    sim.hold("anna", call)
    sim.settle()
    sim.resume("anna", call)
    sim.settle()
    assert sim.channels[sim.call(call).caller].after == "hangup"
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.call(call).outcome is CallOutcome.HANDLED

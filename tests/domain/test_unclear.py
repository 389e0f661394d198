"""A snapshot that lacks somebody of whom nobody can say that they are gone: a stranger can tear a list's rows."""

from dataclasses import replace

import pytest
from invariants import check_at_rest
from simulation import Simulation

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.transfer import Destination, DestinationKind


def lacking(sim: Simulation, *channels: ChannelId, unclear: bool = True) -> None:
    """The PBX is looked at, and these are not shown."""
    seen = sim.snapshot()
    assert {fact.channel for fact in seen.channels} >= set(channels)
    shown = tuple(fact for fact in seen.channels if fact.channel not in channels)
    sim.give(replace(seen, channels=shown, unclear=frozenset(channels) if unclear else frozenset()))
    sim.settle()


@pytest.mark.parametrize("talks", [False, True])
def test_given_an_unclear_caller_when_looked_at_then_nobody_ends_them(sim: Simulation, talks: bool) -> None:
    if talks:
        sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    if talks:
        sim.answer("anna")
        sim.settle()
    state, caller = sim.call(call).state, sim.call(call).caller
    for _ in range(3):
        lacking(sim, caller)
        sim.wait(10)
    assert (sim.call(call).state, caller in sim.channels) == (state, True)
    check_at_rest(sim)
    lacking(sim, caller, unclear=False)
    assert sim.call(call).state is not state, "without the doubt they are gone"


@pytest.mark.parametrize("rings", [True, False])
def test_given_an_unclear_agents_leg_when_looked_at_then_it_goes_on(sim: Simulation, rings: bool) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    leg = sim.leg_of("anna")
    if not rings:
        sim.answer("anna")
        sim.settle()
    state = sim.call(call).state
    lacking(sim, leg)
    lacking(sim, leg, sim.call(call).caller)
    assert (sim.call(call).state, leg in sim.channels) == (state, True)
    if rings:
        sim.answer("anna")
        sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.state("anna") is AgentState.ON_CALL
    check_at_rest(sim)


def test_given_a_consultation_when_any_of_its_channels_is_unclear_then_it_goes_on(sim: Simulation) -> None:
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    first = "anna" if sim.state("anna") is AgentState.OFFERED else "ben"
    other = "ben" if first == "anna" else "anna"
    sim.answer(first)
    sim.settle()
    sim.consult(first, call, Destination(kind=DestinationKind.AGENT, value=other))
    sim.settle()
    sim.answer(other)
    sim.settle()
    together = sim.talk_of(first)
    assert sim.call(call).state is CallState.CONSULTING
    for channel in (sim.call(call).caller, *(leg.channel for leg in sim.call(call).legs)):
        lacking(sim, channel)
        assert (sim.call(call).state, sim.talk_of(first), channel in sim.channels) == (
            CallState.CONSULTING,
            together,
            True,
        )
    assert sim.on_music(call)
    check_at_rest(sim)

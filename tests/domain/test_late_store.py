"""The store's answer to "who is free?" comes after something else has happened."""

from collections.abc import Callable

import pytest
from invariants import check_always, check_at_rest
from simulation import HOLD, Simulation, settings

from callbridge.domain.model.calls import CallState
from callbridge.domain.model.effects import Originate, ReleaseReservation
from callbridge.domain.model.facts import ChannelLeft, PbxLost, PbxSilent
from callbridge.domain.model.ids import CallId


def asked_for_anna() -> tuple[Simulation, CallId]:
    sim = Simulation(settings())
    sim.ready("anna")
    sim.store_is_slow = True
    call = sim.arrive()
    sim.deliver()
    assert sim.unanswered, "the store was not asked"
    return sim, call


def seen(sim: Simulation) -> None:
    sim.give(sim.snapshot())


def lost_and_back(sim: Simulation) -> None:
    sim.give(PbxLost())
    sim.give(sim.snapshot())


@pytest.mark.parametrize("happens", [seen, lost_and_back])
def test_given_the_pbx_is_seen_before_the_store_has_answered_then_the_agent_stays_reserved_for_the_offer(
    happens: Callable[[Simulation], None],
) -> None:
    sim, call = asked_for_anna()
    happens(sim)
    assert len(sim.unanswered) == 1, "the store was asked again before it had answered"
    sim.store_answers()
    sim.settle()
    assert sim.call(call).state is CallState.OFFERING
    assert list(sim.occupied.values()) == ["anna"]
    assert not [effect for effect in sim.effects if isinstance(effect, ReleaseReservation)]
    check_always(sim)
    check_at_rest(sim)


@pytest.mark.parametrize("silence", [PbxSilent(), PbxLost()], ids=["silent", "lost"])
def test_given_the_link_fell_silent_before_the_store_answers_then_no_phone_is_rung_until_the_pbx_is_seen(
    silence: PbxSilent | PbxLost,
) -> None:
    sim, call = asked_for_anna()
    sim.give(silence)
    sim.store_answers()
    assert not [effect for effect in sim.effects if isinstance(effect, Originate)]
    assert sim.occupied == {}, "nobody is offered the call, so nobody is reserved for it"

    sim.give(sim.snapshot())
    sim.settle()
    assert sim.call(call).state is CallState.OFFERING
    check_always(sim)
    check_at_rest(sim)


def test_given_the_caller_left_the_music_before_the_store_answers_then_nobody_is_rung_for_them() -> None:
    sim, call = asked_for_anna()
    sim.give(ChannelLeft(channel=sim.call(call).caller, bridge=HOLD))
    sim.store_answers()
    assert not [effect for effect in sim.effects if isinstance(effect, Originate)]
    assert sim.occupied == {}

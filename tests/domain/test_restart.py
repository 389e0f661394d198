"""A gateway that dies and comes back: nobody is lost, nothing is done twice to a live caller."""

import pytest
from invariants import check_at_rest
from simulation import HOLD, Simulation

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.effects import Originate
from callbridge.domain.model.facts import ChannelEntered, PbxLost
from callbridge.domain.model.transfer import Destination, DestinationKind

EMPTY = Destination(kind=DestinationKind.GROUP, value="empty")


def test_given_a_caller_waits_when_restarted_then_they_keep_their_place(sim: Simulation) -> None:
    first = sim.arrive()
    sim.settle()
    sim.now += 10
    second = sim.arrive()
    sim.settle()
    sim.restart()
    sim.ready("anna")
    assert sim.call(first).state is CallState.OFFERING
    assert sim.call(second).state is CallState.WAITING
    check_at_rest(sim)


def test_given_a_caller_came_while_the_gateway_was_away_when_back_then_they_are_served(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.facts.clear()
    sim.restart()
    sim.settle()
    assert sim.call(call).state is CallState.OFFERING
    check_at_rest(sim)


def test_given_a_phone_rings_when_restarted_then_it_rings_on_and_can_be_answered(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.restart()
    sim.settle()
    assert sim.state("anna") is AgentState.OFFERED
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_the_phone_was_answered_while_away_when_back_then_they_are_joined(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.facts.clear()
    sim.restart()
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_an_offer_was_saved_but_never_made_when_back_then_the_agent_is_not_blamed(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.channels.pop(sim.leg_of("anna"))
    sim.restart()
    sim.settle()
    assert sim.state("anna") is not AgentState.BUSY
    assert sim.on_music(call)
    check_at_rest(sim)


def test_given_a_conversation_when_restarted_then_it_goes_on_untouched(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.restart()
    sim.wait(60)
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).state is CallState.TALKING
    assert sum(isinstance(effect, Originate) for effect in sim.effects) == 1
    check_at_rest(sim)


def test_given_a_conversation_ended_while_away_when_back_then_the_agent_is_free(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.hang_up(sim.call(call).caller)
    sim.facts.clear()
    sim.restart()
    sim.wait(15)
    assert sim.call(call).state is CallState.ENDED
    assert sim.state("anna") is AgentState.AVAILABLE
    check_at_rest(sim)


@pytest.mark.parametrize("when", ["asked", "moved"])
def test_given_a_transfer_when_restarted_then_it_goes_on(sim: Simulation, when: str) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.transfer("anna", call, EMPTY)
    if when == "moved":
        sim.settle()
    sim.restart()
    sim.wait(30)
    assert sim.on_music(call)
    assert sim.call(call).state is CallState.WAITING
    check_at_rest(sim)


def test_given_the_pbx_was_restarted_when_seen_again_then_all_calls_are_over_and_agents_free(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.channels.clear()
    sim.give(PbxLost())
    sim.give(sim.snapshot())
    assert sim.call(call).state is CallState.ENDED
    assert sim.call(call).outcome is CallOutcome.LOST_SIGHT
    assert "call.to_group" not in sim.kinds()
    sim.wait(15)
    assert sim.state("anna") is AgentState.AVAILABLE
    check_at_rest(sim)


def test_given_the_pbx_is_lost_when_asked_then_refused_and_no_deadline_fires(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.give(PbxLost())
    assert sim.accept("anna").code == "pbx_unavailable"
    sim.wait(100)
    assert sim.call(call).state is CallState.OFFERING
    sim.give(sim.snapshot())
    sim.wait(1)
    assert sim.state("anna") is AgentState.BUSY
    check_at_rest(sim)


def test_given_the_fallback_took_a_caller_when_back_then_the_call_is_over_and_not_hung_up(sim: Simulation) -> None:
    call = sim.arrive()
    sim.settle()
    channel = sim.channels[sim.call(call).caller]
    channel.role, channel.bridge = "fallback", None
    sim.restart()
    sim.wait(5)
    assert sim.call(call).outcome is CallOutcome.FALLBACK
    assert channel.id in sim.channels


def test_given_the_fallback_sent_a_caller_back_when_they_wait_again_then_the_same_call_goes_on(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    caller = sim.channels[sim.call(call).caller]
    caller.role, caller.bridge = "fallback", None
    sim.give(sim.snapshot())
    sim.wait(5)
    assert sim.call(call).state is CallState.ENDED
    caller.role = "caller"
    sim._enter(caller.id, sim.channels[caller.id].bridge or __import__("simulation").HOLD)
    sim.settle()
    assert sim.call(call).state is CallState.OFFERING
    assert sim.call(call).offers_made == 2
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}


def test_given_the_fallback_took_a_caller_when_an_event_from_before_it_comes_late_then_they_do_not_wait(
    sim: Simulation,
) -> None:
    """The look that showed the fallback was younger than the event: nobody may fetch the caller out of there."""
    sim.ready("anna")
    call = sim.arrive("empty")
    sim.settle()
    caller = sim.channels[sim.call(call).caller]
    late = ChannelEntered(fact=caller.fact())
    caller.role, caller.bridge = "fallback", None
    sim.give(sim.snapshot())
    sim.wait(5)
    sim.give(late)
    sim.settle()
    assert sim.call(call).state is CallState.ENDED
    assert call not in sim.engine.world.calls


def test_given_a_call_is_over_when_an_old_event_of_it_comes_then_no_new_call_begins(sim: Simulation) -> None:
    call = sim.arrive()
    old = sim.facts[0]
    sim.settle()
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    sim.give(old)
    assert not sim.engine.world.calls


def test_given_a_leg_that_no_call_knows_when_seen_in_silence_then_it_is_hung_up(sim: Simulation) -> None:
    from simulation import LEGS, Channel

    sim.channels["stray"] = Channel("stray", "agent", "c-gone", bridge=LEGS, answered=True)  # type: ignore[index,arg-type]
    sim.give(sim.snapshot())
    assert "stray" not in sim.channels


def test_given_a_call_that_was_ended_when_its_caller_is_seen_in_the_music_later_then_they_are_served(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    caller = sim.channels[sim.call(call).caller]
    sim.reject("anna")
    sim.hang_up(caller.id)
    sim.settle()
    assert sim.call(call).state is CallState.ENDED
    caller.bridge = HOLD
    sim.channels[caller.id] = caller
    sim.give(sim.snapshot())
    sim.wait(31)
    assert sim.call(call).state is not CallState.ENDED
    assert sim.state("anna") is AgentState.OFFERED


def test_given_two_live_callers_with_one_name_when_they_wait_then_both_are_known(sim: Simulation) -> None:
    first = sim.arrive()
    sim.settle()
    twin = sim.channels[sim.call(first).caller]
    from dataclasses import replace as other

    second = other(twin, id="17.99", call="17.1", bridge=None)  # type: ignore[arg-type]
    sim.channels[second.id] = second
    sim._enter(second.id, twin.bridge)  # type: ignore[arg-type]
    sim.settle()
    assert len(sim.engine.world.calls) == 2
    assert {call.caller for call in sim.engine.world.calls.values()} == {twin.id, second.id}


@pytest.mark.parametrize("when", ["waiting", "offering", "restart"])
def test_given_a_group_that_is_removed_when_its_callers_wait_then_the_fallback_has_them(
    sim: Simulation, when: str
) -> None:
    from dataclasses import replace as other

    from callbridge.domain.model.signals import Configured

    if when == "offering":
        sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    fewer = other(sim.settings, groups={key: group for key, group in sim.settings.groups.items() if key != "support"})
    if when == "restart":
        sim.settings = fewer
        sim.restart()
    else:
        sim.give(Configured(settings=fewer))
    if when == "offering":
        sim.reject("anna")
    sim.wait(10)
    assert sim.call(call).outcome is CallOutcome.FALLBACK


def test_given_the_pbx_does_not_answer_an_originate_when_offered_then_no_agent_is_blamed(sim: Simulation) -> None:
    from callbridge.domain.model.facts import ActionFailed

    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    leg = sim.leg_of("anna")
    sim.give(ActionFailed(call=call, action="Originate", channel=leg, reason="no answer", refused=False))
    assert sim.state("anna") is AgentState.AVAILABLE
    sim.wait(6)
    assert sim.state("anna") is AgentState.OFFERED

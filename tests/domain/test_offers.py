"""A call to a group: offers, answers to offers, and who is asked when."""

import pytest
from invariants import check_at_rest
from simulation import HOLD, Simulation, settings

from callbridge.domain.model.agents import AgentState, PhoneState, Presence
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.facts import OriginateFailed, PhoneChanged
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.settings import Options


def test_given_one_available_agent_when_a_caller_arrives_then_the_agent_has_an_offer_with_a_preview(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive(data="order=4711&vip=yes")
    sim.settle()
    assert sim.call(call).state is CallState.OFFERING
    assert sim.state("anna") is AgentState.OFFERED
    assert sim.on_music(call)
    pop = sim.call(call).pop
    assert pop is not None
    assert pop.preview
    assert dict(pop.data) == {"order": "4711", "vip": "yes"}
    check_at_rest(sim)


def test_given_an_offer_when_the_phone_is_answered_then_caller_and_agent_talk_and_the_pop_is_theirs(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    preview = sim.call(call).pop
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).state is CallState.TALKING
    assert sim.state("anna") is AgentState.ON_CALL
    pop = sim.call(call).pop
    assert pop is not None
    assert preview is not None
    assert not pop.preview
    assert pop.id == preview.id
    assert sim.channels[sim.call(call).caller].after == "hangup"
    check_at_rest(sim)


def test_given_an_offer_when_accepted_by_button_then_the_call_is_theirs_and_the_phone_still_rings(
    sim: Simulation,
) -> None:
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    assert sim.accept("anna").ok
    sim.settle()
    assert sim.call(call).agent == "anna"
    assert sim.call(call).state is CallState.CONNECTING
    assert sim.on_music(call)
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_an_offer_when_accepted_twice_then_the_second_time_changes_nothing(sim: Simulation) -> None:
    sim.ready("anna")
    sim.arrive()
    sim.settle()
    offer = sim.offer_of("anna")
    assert sim.accept("anna", offer).ok
    assert sim.accept("anna", offer).ok
    assert sim.kinds().count("offer.accepted") == 1


def test_given_accepted_by_button_when_the_phone_is_never_picked_up_then_the_agent_is_busy_and_the_next_is_asked(
    sim: Simulation,
) -> None:
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    sim.accept("anna")
    sim.wait(21)
    assert sim.state("anna") is AgentState.BUSY
    assert sim.state("ben") is AgentState.OFFERED
    assert sim.on_music(call)
    check_at_rest(sim)


def test_given_an_offer_when_rejected_then_the_next_agent_is_asked_and_the_first_stays_available(
    sim: Simulation,
) -> None:
    sim.ready("anna", "ben")
    sim.arrive()
    sim.settle()
    assert sim.reject("anna").ok
    sim.settle()
    assert sim.state("anna") is AgentState.AVAILABLE
    assert sim.state("ben") is AgentState.OFFERED
    check_at_rest(sim)


def test_given_an_offer_when_the_phone_declines_then_it_is_the_same_as_reject(sim: Simulation) -> None:
    sim.ready("anna", "ben")
    sim.arrive()
    sim.settle()
    sim.decline("anna")
    sim.settle()
    assert sim.state("anna") is AgentState.AVAILABLE
    assert sim.state("ben") is AgentState.OFFERED
    assert "offer.rejected" in sim.kinds()


def test_given_an_offer_when_nobody_answers_then_the_agent_is_busy_and_the_next_agent_is_asked(
    sim: Simulation,
) -> None:
    sim.ready("anna", "ben")
    sim.arrive()
    sim.settle()
    sim.wait(20.5)
    assert sim.state("anna") is AgentState.BUSY
    assert sim.engine.world.agents[sim.call(next(iter(sim.saved))).offer.agent].id == "ben"  # type: ignore[union-attr]
    assert sim.presence("anna", Presence.AVAILABLE).ok
    assert sim.state("anna") is AgentState.AVAILABLE
    check_at_rest(sim)


def test_given_a_rejected_offer_when_the_pause_is_over_then_the_same_agent_is_asked_again(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.reject("anna")
    sim.wait(29)
    assert sim.call(call).state is CallState.WAITING
    sim.wait(2)
    assert sim.state("anna") is AgentState.OFFERED


def test_given_an_offer_when_the_caller_hangs_up_then_it_is_cancelled_and_the_agent_is_available(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert sim.state("anna") is AgentState.AVAILABLE
    assert sim.call(call).state is CallState.ENDED
    assert sim.call(call).outcome is CallOutcome.ABANDONED
    assert sim.call(call).offer.state is OfferState.CANCELLED  # type: ignore[union-attr]
    assert not sim.channels
    check_at_rest(sim)


def test_given_the_caller_hung_up_when_the_agent_accepts_at_the_same_moment_then_nobody_is_left_behind(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    offer = sim.offer_of("anna")
    sim.hang_up(sim.call(call).caller)
    sim.answer("anna")
    assert sim.accept("anna", offer).ok
    sim.settle()
    assert sim.call(call).state is CallState.ENDED
    assert not sim.channels
    check_at_rest(sim)


def test_given_an_unreachable_phone_when_offered_then_the_agent_is_busy_and_the_next_is_asked(
    sim: Simulation,
) -> None:
    sim.unreachable.add("PJSIP/anna")
    sim.ready("anna", "ben")
    sim.arrive()
    sim.wait(1)
    assert sim.state("anna") is AgentState.BUSY
    assert sim.engine.world.agents["anna"].reason == "phone_unreachable"  # type: ignore[index]
    assert sim.state("ben") is AgentState.OFFERED


def test_given_a_phone_that_never_had_a_channel_when_the_caller_hangs_up_then_the_call_ends_without_waiting_for_it(
    sim: Simulation,
) -> None:
    sim.unreachable.add("PJSIP/anna")
    sim.ready("anna")
    call = sim.arrive()
    sim.wait(1)
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert sim.call(call).state is CallState.ENDED
    check_at_rest(sim)


def test_given_a_phone_known_to_be_unreachable_when_a_caller_arrives_then_the_agent_is_not_asked(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    sim.give(PhoneChanged(phone="PJSIP/anna", state=PhoneState.UNREACHABLE))
    call = sim.arrive()
    sim.settle()
    assert sim.call(call).state is CallState.WAITING
    sim.give(PhoneChanged(phone="PJSIP/anna", state=PhoneState.IDLE))
    assert sim.state("anna") is AgentState.OFFERED


def test_given_an_offer_when_the_agent_logs_out_or_becomes_busy_then_the_next_agent_is_asked(
    sim: Simulation,
) -> None:
    sim.ready("anna", "ben")
    sim.arrive()
    sim.settle()
    sim.log_out("anna")
    sim.settle()
    assert sim.state("ben") is AgentState.OFFERED
    sim.ready("anna")
    sim.presence("ben", Presence.BUSY, "lunch")
    sim.settle()
    assert sim.state("ben") is AgentState.BUSY
    check_at_rest(sim)


def test_given_several_callers_when_one_agent_is_free_then_the_longest_waiting_is_first(sim: Simulation) -> None:
    first = sim.arrive()
    sim.settle()
    sim.now += 1
    second = sim.arrive()
    sim.settle()
    sim.now += 1
    sim.ready("anna")
    assert sim.call(first).state is CallState.OFFERING
    assert sim.call(second).state is CallState.WAITING


def test_given_two_agents_when_a_caller_arrives_then_the_longest_idle_is_asked(sim: Simulation) -> None:
    sim.ready("ben")
    sim.now += 5
    sim.ready("anna")
    sim.arrive()
    sim.settle()
    assert sim.state("ben") is AgentState.OFFERED


def test_given_a_conversation_when_the_agent_hangs_up_then_the_call_is_over_and_the_agent_in_wrap_up(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.call(call).state is CallState.ENDED
    assert sim.call(call).outcome is CallOutcome.HANDLED
    assert sim.state("anna") is AgentState.WRAP_UP
    sim.wait(11)
    assert sim.state("anna") is AgentState.AVAILABLE
    check_at_rest(sim)


def test_given_a_conversation_when_it_is_ended_on_the_page_then_both_are_released(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    assert sim.end("anna", call).ok
    sim.settle()
    assert not sim.channels
    assert sim.call(call).state is CallState.ENDED


def test_given_the_bridge_is_refused_when_tried_again_then_they_talk(sim: Simulation) -> None:
    sim.refuse["Bridge"] = 2
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.wait(9)
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_the_bridge_is_always_refused_when_given_up_then_the_caller_waits_for_the_next_agent(
    sim: Simulation,
) -> None:
    sim.refuse["Bridge"] = 1000
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.wait(10)
    assert sim.on_music(call)
    assert sim.state("ben") is AgentState.OFFERED
    assert sim.state("anna") is AgentState.AVAILABLE


def test_given_a_group_with_a_limit_when_nobody_comes_then_the_dialplans_fallback_has_the_caller() -> None:
    base = settings()
    from dataclasses import replace

    group = base.groups["support"]  # type: ignore[index]
    sim = Simulation(replace(base, groups={group.id: replace(group, max_wait=60.0)}))
    call = sim.arrive()
    sim.wait(59)
    assert sim.on_music(call)
    sim.wait(10)
    assert sim.call(call).state is CallState.ENDED
    assert sim.call(call).outcome is CallOutcome.FALLBACK
    assert sim.call(call).caller in sim.fallen


def test_given_an_unknown_group_when_a_caller_arrives_then_the_fallback_has_them_and_it_is_counted(
    sim: Simulation,
) -> None:
    call = sim.arrive("nonsense")
    sim.wait(10)
    assert sim.call(call).outcome is CallOutcome.FALLBACK
    assert len(sim.anomalies) == 1


def test_given_wrap_up_is_off_when_a_call_ends_then_the_agent_is_available_at_once() -> None:
    sim = Simulation(settings(Options(wrap_up=0)))
    sim.ready("anna")
    sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.state("anna") is AgentState.AVAILABLE


def test_given_a_conversation_when_the_agents_phone_dies_then_the_caller_waits_for_the_next_agent(
    sim: Simulation,
) -> None:
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    # The dialplan sees the same cause and sends the caller back to the music.
    sim.channels[sim.call(call).caller].after = "hold"
    sim.hang_up(sim.leg_of("anna"), cause=44)
    sim.settle()
    assert sim.on_music(call)
    assert sim.state("ben") is AgentState.OFFERED
    check_at_rest(sim)


def test_given_the_pbx_says_failed_first_when_the_cause_follows_then_the_cause_decides(sim: Simulation) -> None:
    sim.ready("anna", "ben")
    sim.arrive()
    sim.settle()
    leg = sim.ringing_leg_of("anna")
    sim.give(OriginateFailed(channel=leg))
    assert sim.state("anna") is AgentState.OFFERED
    sim.decline("anna")
    sim.settle()
    assert sim.state("anna") is AgentState.AVAILABLE
    assert sim.state("ben") is AgentState.OFFERED


def test_given_an_originate_was_repeated_when_the_pbx_refuses_the_second_then_the_ringing_phone_rings_on(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.give(OriginateFailed(channel=sim.ringing_leg_of("anna")))
    sim.wait(5)
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}


def test_given_a_waiting_caller_who_left_the_music_when_an_agent_is_free_then_nobody_is_rung_until_they_are_back(
    sim: Simulation,
) -> None:
    call = sim.arrive()
    sim.settle()
    caller = sim.channels[sim.call(call).caller]
    sim._leave(caller.id)  # the lease was out for a moment: they may be in the fallback
    sim.settle()
    sim.ready("anna")
    assert sim.state("anna") is AgentState.AVAILABLE
    sim._enter(caller.id, HOLD)
    sim.settle()
    assert sim.state("anna") is AgentState.OFFERED


def test_given_a_phone_that_declines_three_calls_at_once_then_its_agent_is_named_and_not_asked_again() -> None:
    sim = Simulation(settings(Options(reject_pause=1.0)))
    sim.ready("anna")
    sim.arrive()
    sim.settle()
    for _ in range(3):
        assert sim.state("anna") is AgentState.OFFERED
        sim.decline("anna", 21)
        sim.wait(1.5)
    anna = sim.engine.world.agents[AgentId("anna")]
    assert (anna.state, anna.reason) == (AgentState.BUSY, "phone_declines")
    sim.presence("anna", Presence.AVAILABLE)
    sim.settle()
    sim.decline("anna", 21)
    sim.wait(0.5)
    assert sim.state("anna") is AgentState.AVAILABLE, "it begins anew"


@pytest.mark.parametrize("between", ["looked at it first", "pressed reject on the page", "took one"])
def test_given_a_person_who_declines_then_their_phone_is_not_taken_for_one_that_does_it_by_itself(between: str) -> None:
    sim = Simulation(settings(Options(reject_pause=1.0, wrap_up=0.0)))
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    for number in range(5):
        if number == 2 and between == "took one":
            sim.answer("anna")
            sim.settle()
            sim.end("anna", call)
            sim.settle()
            sim.arrive()
            sim.settle()
        if between == "looked at it first":
            sim.wait(2.5 if number == 2 else 0.1)
        if between == "pressed reject on the page" and number != 4:
            sim.reject("anna")
        else:
            sim.decline("anna", 21)
        sim.wait(1.5)
        if number == 3:
            break
    assert sim.state("anna") in (AgentState.AVAILABLE, AgentState.OFFERED)

"""What a number outside says before it answers: agent 1 hears it in place of the ringing, and loses nothing by it."""

from collections import deque

import pytest
from invariants import check_always, check_at_rest
from scenes import CALL, FOURTH, OUTSIDE, consulting_outside, ringing, ringing_outside, talking
from simulation import EARLY, LEGS, Simulation

from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Bridge, Listen
from callbridge.domain.model.facts import ChannelRinging, EarlySound, ListenerHungUp
from callbridge.domain.model.ids import BridgeId

NUMBER = OUTSIDE.value


def listening() -> Simulation:
    """Anna hears what the number says."""
    sim = ringing_outside()
    sim.speak(NUMBER)
    sim.settle()
    assert place(sim) == EARLY
    return sim


def place(sim: Simulation) -> BridgeId | None:
    return sim.channels[sim.leg_of("anna")].bridge


def orders(sim: Simulation) -> list[Listen]:
    return [effect for effect in sim.effects if isinstance(effect, Listen)]


def stage(sim: Simulation) -> Stage | None:
    consult = sim.call(CALL).consult
    return consult.stage if consult else None


def test_given_ringing_outside_when_sound_comes_then_agent_1_listens_and_the_caller_keeps_the_music() -> None:
    sim = listening()
    assert [(order.channel, order.to) for order in orders(sim)] == [(sim.leg_of("anna"), sim.leg_of(NUMBER))]
    assert (stage(sim), sim.on_music(CALL)) == (Stage.RINGING, True)
    sim.give(EarlySound(channel=sim.leg_of(NUMBER)))
    sim.settle()
    assert len(orders(sim)) == 1, "told twice, ordered once"
    check_at_rest(sim)


def test_given_early_sound_when_the_number_answers_then_the_leg_is_fetched_out_of_it_by_one_move() -> None:
    sim = listening()
    before = len(sim.effects)
    sim.answer(NUMBER)
    sim.settle()
    bridges = [effect for effect in sim.effects[before:] if isinstance(effect, Bridge)]
    assert [(each.channel, each.peer) for each in bridges] == [(sim.leg_of("anna"), sim.leg_of(NUMBER))]
    assert (stage(sim), place(sim)) == (Stage.CONSULTING, sim.channels[sim.leg_of(NUMBER)].bridge)
    sim.wait(1.0)
    assert len(orders(sim)) == 1
    check_at_rest(sim)


@pytest.mark.parametrize("how", ["fails", "cancelled", "overdue"])
def test_given_early_sound_when_it_comes_to_nothing_then_agent_1_has_the_caller_again(how: str) -> None:
    sim = listening()
    if how == "fails":
        sim.hang_up(sim.leg_of(NUMBER), 1, sip=404)
        sim.settle()
        transfer = sim.call(CALL).transfer
        assert transfer is not None
        assert transfer.failure == "no_such_number"
    elif how == "cancelled":
        assert sim.cancel("anna", CALL).ok
        sim.settle()
    else:
        sim.wait(100.0)
    assert (sim.call(CALL).state, sim.talking(CALL)) == (CallState.TALKING, {"anna"})
    check_at_rest(sim)


def test_given_a_network_that_says_nothing_but_sound_when_it_goes_on_for_too_long_then_nobody_answered() -> None:
    sim = talking()
    assert sim.consult("anna", CALL, OUTSIDE).ok
    sim.facts = deque(fact for fact in sim.facts if not isinstance(fact, ChannelRinging))
    sim.speak(NUMBER)
    sim.settle()
    assert place(sim) == EARLY
    sim.wait(100.0)
    transfer = sim.call(CALL).transfer
    assert transfer is not None
    assert transfer.failure == "no_answer"
    check_at_rest(sim)


def test_given_agent_1_on_the_way_to_the_waiting_room_when_sound_comes_then_they_listen_once_they_are_there() -> None:
    sim = ringing_outside()
    channel = sim.channels[sim.leg_of("anna")]
    sim._leave(channel.id)
    sim.speak(NUMBER)
    sim.settle()
    assert not orders(sim)
    sim._enter(channel.id, LEGS)
    sim.settle()
    assert place(sim) == EARLY


def test_given_agent_1s_phone_rung_again_when_it_is_answered_then_it_listens_too() -> None:
    sim = listening()
    assert sim.ring_again("anna", CALL).ok
    sim.settle()
    sim.answer("anna")
    sim.settle()
    assert place(sim) == EARLY
    check_at_rest(sim)


@pytest.mark.parametrize("lost", [True, False])
def test_given_the_gateway_restarts_while_agent_1_listens_then_they_still_do_or_are_told_again(*, lost: bool) -> None:
    sim = ringing_outside()
    sim.cut = lost
    sim.speak(NUMBER)
    sim.settle()
    assert place(sim) == (LEGS if lost else EARLY)
    sim.cut = False
    sim.restart()
    sim.settle()
    assert place(sim) == EARLY
    assert len(orders(sim)) == 1 + lost, "who listens is left in peace"
    sim.answer(NUMBER)
    sim.settle()
    assert stage(sim) is Stage.CONSULTING
    check_at_rest(sim)


def test_given_the_order_is_refused_then_it_is_given_again() -> None:
    sim = ringing_outside()
    sim.refuse["Listen"] = 1
    sim.speak(NUMBER)
    sim.settle()
    assert place(sim) == EARLY
    check_always(sim)


def test_given_a_dialplan_that_knows_no_early_sound_then_agent_1_goes_on_hearing_ringing() -> None:
    sim = ringing_outside()
    anna = sim.channels[sim.leg_of("anna")]
    sim.speak(NUMBER)
    sim.deliver()
    assert anna.bridge == EARLY
    anna.bridge = None
    anna.listens_to = None
    sim.facts.clear()
    sim._enter(anna.id, LEGS)
    sim.settle()
    sim.wait(1.0)
    assert (place(sim), anna.hear, len(orders(sim))) == (LEGS, "ringing", 1)
    sim.answer(NUMBER)
    sim.settle()
    assert stage(sim) is Stage.CONSULTING


def test_given_agent_1s_phone_holds_when_the_number_answers_then_they_talk_once_it_is_taken_back() -> None:
    sim = listening()
    sim.hold_key("anna")
    sim.answer(NUMBER)
    sim.settle()
    assert (stage(sim), sim.channels[sim.leg_of(NUMBER)].hear) == (Stage.CONSULTING, "music")
    sim.hold_key("anna", on=False)
    sim.settle()
    assert place(sim) == sim.channels[sim.leg_of(NUMBER)].bridge
    check_at_rest(sim)


def test_given_sound_of_a_colleagues_phone_or_of_a_fourth_party_or_after_the_answer_then_nothing_is_ordered() -> None:
    colleague = ringing()
    colleague.give(EarlySound(channel=colleague.leg_of("cleo")))
    fourth = consulting_outside()
    assert fourth.fourth("anna", CALL, FOURTH).ok
    fourth.settle()
    fourth.speak(FOURTH)
    late = ringing_outside()
    fact = EarlySound(channel=late.leg_of(NUMBER))
    late.answer(NUMBER)
    late.settle()
    late.give(fact)
    for sim in (colleague, fourth, late):
        sim.settle()
        assert not orders(sim)
        check_at_rest(sim)


@pytest.mark.parametrize("how", ["seen at once", "kept by the PBX", "kept, and looked at"])
def test_given_agent_1_hangs_up_while_they_listen_then_they_are_rung_again_for_the_caller(how: str) -> None:
    sim = listening()
    leg = sim.leg_of("anna")
    if how == "seen at once":
        sim.hang_up(leg)
    else:
        sim.give(ListenerHungUp(channel=leg, cause=16))
    sim.settle()
    assert (sim.call(CALL).state, sim.on_music(CALL)) == (CallState.OFFERING, True)
    assert sim.ringing_leg_of("anna") != leg
    assert all(channel.id != leg for channel in sim.channels.values() if not channel.answered)
    if how == "kept, and looked at":
        sim.give(sim.snapshot())
    if leg in sim.channels:
        sim.hang_up(leg)
    sim.settle()
    sim.answer("anna")
    sim.settle()
    assert sim.talking(CALL) == {"anna"}
    check_at_rest(sim)


def test_given_a_leg_that_does_not_listen_when_it_is_said_to_have_hung_up_then_its_end_is_waited_for() -> None:
    sim = ringing_outside()
    sim.give(ListenerHungUp(channel=sim.leg_of("anna"), cause=16))
    sim.give(ListenerHungUp(channel=sim.call(CALL).caller, cause=16))
    assert stage(sim) is Stage.RINGING
    check_at_rest(sim)

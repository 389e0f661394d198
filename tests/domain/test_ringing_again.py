"""A phone that lost its call, such as one in a page that was reloaded, is rung for it again."""

from invariants import check_at_rest
from simulation import Simulation, settings
from test_supervised import CLEO, OUT, consulting, stage, talk, transfer_state

from callbridge.domain.model.agents import AgentState, Presence
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Originate, SetHear
from callbridge.domain.model.settings import Options
from callbridge.domain.model.transfer import TransferState


def reload(sim: Simulation, agent: str, call: object) -> None:
    assert sim.ring_again(agent, call).ok  # type: ignore[arg-type]
    sim.settle()


def test_given_talking_when_the_page_is_reloaded_then_the_caller_hears_music_and_then_the_same_agent() -> None:
    sim = Simulation(settings())
    call = talk(sim)
    pop = sim.call(call).pop
    reload(sim, "anna", call)
    assert sim.on_music(call)
    assert sim.call(call).agent == "anna"
    sim.answer("anna")
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).pop == pop
    assert sim.engine.world.agents["anna"].state is AgentState.ON_CALL  # type: ignore[index]
    assert sim.channels[sim.call(call).caller].after == "hangup"
    check_at_rest(sim)


def test_given_it_is_reloaded_twice_when_the_last_phone_answers_then_they_talk_and_no_leg_is_left() -> None:
    sim = Simulation(settings())
    call = talk(sim)
    reload(sim, "anna", call)
    reload(sim, "anna", call)
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert len(sim.call(call).legs) == 1
    check_at_rest(sim)


def test_given_nobody_answers_the_phone_that_is_rung_again_then_the_caller_goes_on_to_the_next_agent() -> None:
    sim = Simulation(settings())
    call = talk(sim)
    sim.ready("ben")
    reload(sim, "anna", call)
    sim.wait(100)
    assert sim.call(call).agent != "anna"
    assert sim.engine.world.agents["anna"].calls == ()  # type: ignore[index]
    check_at_rest(sim)


def test_given_an_accepted_offer_when_reloaded_before_the_phone_answers_then_the_new_ringing_counts() -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.accept("anna")
    sim.settle()
    reload(sim, "anna", call)
    assert sim.call(call).state is CallState.CONNECTING
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_a_held_caller_when_the_page_is_reloaded_then_they_stay_on_hold_and_can_be_resumed_at_once() -> None:
    sim = Simulation(settings())
    call = talk(sim)
    sim.hold("anna", call)
    sim.settle()
    reload(sim, "anna", call)
    assert stage(sim, call) is Stage.HELD
    assert sim.resume("anna", call).ok
    sim.settle()
    assert sim.on_music(call)
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_a_consultation_when_agent_1_reloads_then_it_goes_on_with_both() -> None:
    sim = Simulation(settings())
    call = consulting(sim)
    reload(sim, "anna", call)
    assert (stage(sim, call), transfer_state(sim, call)) == (Stage.CONSULTING, TransferState.CONSULTING)
    sim.answer("anna")
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    assert sim.on_music(call)
    check_at_rest(sim)


def test_given_a_consultation_when_the_target_reloads_then_it_goes_on_and_can_be_completed() -> None:
    sim = Simulation(settings())
    call = consulting(sim)
    reload(sim, "cleo", call)
    sim.answer("cleo")
    sim.settle()
    assert sim.talk_of("cleo") == {"anna"}
    assert sim.verb("anna", call, "complete").ok
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    check_at_rest(sim)


def test_given_the_caller_is_put_through_while_the_target_reloads_then_agent_1_stays_until_they_talk() -> None:
    sim = Simulation(settings())
    call = consulting(sim)
    reload(sim, "cleo", call)
    sim.verb("anna", call, "complete")
    sim.settle()
    assert sim.call(call).agent == "anna"
    sim.answer("cleo")
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.call(call).agent == "cleo"
    check_at_rest(sim)


def test_given_a_four_way_conference_when_agent_1_reloads_then_the_others_go_on_and_they_are_back() -> None:
    sim = Simulation(settings(Options(**OUT)))  # type: ignore[arg-type]
    call = consulting(sim)
    sim.fourth("anna", call, "+4940555")
    sim.settle()
    sim.answer("+4940555")
    sim.settle()
    reload(sim, "anna", call)
    assert sim.talking(call) == {"cleo", "+4940555"}
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna", "cleo", "+4940555"}
    check_at_rest(sim)


def test_given_the_target_rings_when_agent_1_reloads_then_their_new_leg_hears_ringing_too() -> None:
    sim = Simulation(settings())
    call = talk(sim)
    sim.ready("cleo")
    sim.consult("anna", call, CLEO)
    sim.settle()
    reload(sim, "anna", call)
    originated = [effect for effect in sim.effects if isinstance(effect, Originate)][-1]
    assert originated.hear == "ringing"
    sim.answer("anna")
    sim.answer("cleo")
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    assert SetHear(call=call, channel=originated.channel, hear="silence") in sim.effects
    check_at_rest(sim)


def test_given_a_call_that_is_not_theirs_when_asked_to_ring_again_then_it_is_refused() -> None:
    sim = Simulation(settings())
    call = talk(sim)
    sim.ready("ben")
    assert sim.ring_again("ben", call).code == "not_your_call"
    sim.end("anna", call)
    sim.settle()
    assert not sim.ring_again("anna", call).ok


def test_given_an_agent_who_became_busy_meanwhile_then_their_phone_is_rung_again_all_the_same() -> None:
    sim = Simulation(settings())
    call = talk(sim)
    sim.presence("anna", Presence.BUSY)
    reload(sim, "anna", call)
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}

"""Phones that hold by their own key: nobody is put together with one in silence, and everybody is told."""

from dataclasses import replace

import pytest
from scenes import CLEO, OUTSIDE
from simulation import LEGS, Simulation, settings

from callbridge.domain.model import hearing
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.facts import PbxLost, PhoneHolds
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.legs import PhoneHold
from callbridge.domain.model.settings import Settings


def talking(of: Settings | None = None) -> tuple[Simulation, CallId]:
    sim = Simulation(of or settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.ready("cleo")
    assert sim.call(call).state is CallState.TALKING
    return sim, call


def press(sim: Simulation, party: str, *, on: bool = True) -> None:
    sim.hold_key(party, on=on)
    sim.settle()


def stage(sim: Simulation, call: CallId) -> Stage | None:
    consult = sim.call(call).consult
    return consult.stage if consult else None


def heard(sim: Simulation, call: CallId) -> dict[str, set[str]]:
    found = hearing.parties(sim.call(call), sim.engine.world.channels)
    roles = {party.channel: party.role for party in found}
    return {party.role: {roles[other] for other in party.hears} for party in found}


def test_given_talking_when_the_phone_holds_then_the_caller_hears_music_until_it_takes_them_back() -> None:
    sim, call = talking()
    press(sim, "anna")
    assert (stage(sim, call), sim.on_music(call)) == (Stage.HELD, True)
    agent = next(p for p in hearing.parties(sim.call(call), sim.engine.world.channels) if p.role == "agent")
    assert agent.phone_holds
    press(sim, "anna", on=False)
    assert (sim.call(call).state, sim.talking(call)) == (CallState.TALKING, {"anna"})
    assert heard(sim, call) == {"caller": {"agent"}, "agent": {"caller"}}


def test_given_a_phone_that_holds_when_resume_is_pressed_then_it_says_where_the_call_is_taken_back() -> None:
    sim, call = talking()
    press(sim, "anna")
    reply = sim.resume("anna", call)
    assert (reply.ok, reply.code) == (False, "phone_on_hold")
    assert sim.on_music(call)


@pytest.mark.parametrize("how", ["declined", "cancelled"])
def test_given_a_phone_that_holds_when_a_consultation_comes_to_nothing_then_the_caller_keeps_the_music(
    how: str,
) -> None:
    sim, call = talking()
    press(sim, "anna")
    assert sim.consult("anna", call, CLEO).ok
    sim.settle()
    if how == "declined":
        sim.decline("cleo")
    else:
        sim.answer("cleo")
        sim.settle()
        assert sim.cancel("anna", call).ok
    sim.wait(1.0)
    assert (stage(sim, call), sim.on_music(call)) == (Stage.HELD, True)
    press(sim, "anna", on=False)
    assert sim.talking(call) == {"anna"}


def test_given_agent_1s_phone_holds_when_the_target_picks_up_then_they_hear_music_and_talk_once_it_is_back() -> None:
    sim, call = talking()
    assert sim.consult("anna", call, CLEO).ok
    sim.settle()
    press(sim, "anna")
    sim.answer("cleo")
    sim.settle()
    cleo = sim.channels[sim.leg_of("cleo")]
    assert (stage(sim, call), cleo.bridge, cleo.hear) == (Stage.CONSULTING, LEGS, "music")
    press(sim, "anna", on=False)
    assert sim.talk_of("anna") == {"cleo"}


def test_given_consulting_when_the_target_holds_and_agent_1_completes_then_the_caller_waits_with_music() -> None:
    sim, call = talking()
    assert sim.consult("anna", call, CLEO).ok
    sim.settle()
    sim.answer("cleo")
    sim.settle()
    press(sim, "cleo")
    assert sim.verb("anna", call, "complete").ok
    sim.settle()
    assert (stage(sim, call), sim.on_music(call)) == (Stage.COMPLETING, True)
    press(sim, "cleo", on=False)
    assert (sim.call(call).state, sim.talking(call)) == (CallState.TALKING, {"cleo"})


def test_given_a_conference_when_one_phone_holds_then_the_others_go_on_and_it_comes_back() -> None:
    sim, call = talking()
    assert sim.consult("anna", call, CLEO).ok
    sim.settle()
    sim.answer("cleo")
    sim.settle()
    assert sim.verb("anna", call, "merge").ok
    sim.settle()
    press(sim, "cleo")
    assert sim.talking(call) == {"anna"}
    press(sim, "cleo", on=False)
    assert sim.talking(call) == {"anna", "cleo"}


def test_given_an_external_party_who_holds_then_the_caller_hears_music_and_is_not_hung_up() -> None:
    sim, call = talking()
    assert sim.consult("anna", call, OUTSIDE).ok
    sim.settle()
    sim.answer(OUTSIDE.value)
    sim.settle()
    assert sim.verb("anna", call, "complete").ok
    sim.settle()
    caller = sim.channels[sim.call(call).caller]
    assert (sim.call(call).state, caller.after) == (CallState.EXTERNAL, "hangup")
    press(sim, OUTSIDE.value)
    assert sim.on_music(call)
    press(sim, OUTSIDE.value, on=False)
    assert (sim.talking(call), caller.after) == ({OUTSIDE.value}, "hangup")


def test_given_an_answer_without_an_address_then_the_phone_is_not_taken_for_one_that_holds() -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    leg = sim.leg_of("anna")
    sim.give(PhoneHolds(channel=leg, on=True, answered=False))
    sim.answer("anna")
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    sim.channels[leg].holds = True  # what the PBX goes on saying of it
    sim.reconnect()
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    assert sim.call(call).legs[0].phone_hold is PhoneHold.UNCLEAR
    assert heard(sim, call)["caller"] == {"agent"}


def test_given_the_phone_in_the_page_when_the_pbx_says_hold_then_it_is_not_believed() -> None:
    of = settings()
    anna = AgentId("anna")
    page = type(of.agents[anna])(id=anna, name="Anna", phone="PJSIP/anna", phone_in_page=True)
    sim, call = talking(type(of)(agents={**of.agents, anna: page}, groups=of.groups, options=of.options))
    press(sim, "anna")
    assert sim.call(call).state is CallState.TALKING


def test_given_an_answer_without_an_address_that_nobody_saw_when_the_gateway_looks_then_they_talk() -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    leg = sim.leg_of("anna")
    sim.answer("anna")
    sim.facts.clear()
    seen = sim.snapshot()
    sim.give(PbxLost())
    sim.give(replace(seen, holding={leg: PhoneHold.UNCLEAR}))
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    assert heard(sim, call)["caller"] == {"agent"}


@pytest.mark.parametrize("on", [True, False])
def test_given_a_key_that_nobody_saw_when_the_gateway_looks_again_then_it_knows(on: bool) -> None:
    sim, call = talking()
    if not on:
        press(sim, "anna")
    sim.hold_key("anna", on=on)
    sim.restart()
    sim.settle()
    assert sim.on_music(call) is on
    assert (sim.call(call).state is CallState.TALKING) is not on


def test_given_two_calls_when_the_phone_changes_lines_then_the_calls_change_with_it() -> None:
    of = settings()
    anna = AgentId("anna")
    two = type(of.agents[anna])(id=anna, name="Anna", phone="PJSIP/anna", max_sessions=2)
    sim, first = talking(type(of)(agents={**of.agents, anna: two}, groups=of.groups, options=of.options))
    second = sim.arrive()
    sim.settle()
    lines = {call: sim.call(call).legs[0].channel for call in (first, second)}
    sim.give(PhoneHolds(channel=lines[first], on=True, answered=True))
    sim.answer("anna")
    sim.settle()
    assert (stage(sim, first), sim.talking(second)) == (Stage.HELD, {"anna"})
    sim.give(PhoneHolds(channel=lines[second], on=True, answered=True))
    sim.give(PhoneHolds(channel=lines[first], on=False, answered=True))
    sim.settle()
    assert (sim.talking(first), stage(sim, second)) == ({"anna"}, Stage.HELD)

"""Who had a call last: what the call says of it, and who may still add a note."""

from dataclasses import replace

import pytest
from invariants import check_at_rest
from scenes import CALL, CLEO, OUTSIDE, talking
from simulation import Simulation

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import MAX_NOTES, Call, CallState
from callbridge.domain.model.effects import Reply, SaveCall
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.requests import AddNote
from callbridge.domain.model.transfer import Destination, DestinationKind
from callbridge.domain.rules.eligibility import judge, why_not


def call_of(sim: Simulation, call: CallId = CALL) -> Call:
    world = sim.engine.world
    return world.calls.get(call) or world.ended[call]


def note(sim: Simulation, agent: str, call: CallId = CALL) -> Reply:
    return sim.ask(AddNote(request=sim._request(), agent=AgentId(agent), call=call, text=f"by {agent}"))


def noted(sim: Simulation) -> list[str]:
    return [each.text for each in call_of(sim).notes if each.text.startswith("by ")]


# ---------------------------------------------------------------- who had it


def test_given_an_offer_when_only_accepted_then_nobody_had_the_call_yet(sim: Simulation) -> None:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.accept("anna")
    sim.settle()
    assert (sim.call(call).agent, sim.call(call).last_agent) == ("anna", None)
    sim.answer("anna")
    sim.settle()
    assert sim.call(call).last_agent == "anna"


def test_given_a_conversation_when_it_has_ended_then_the_call_still_says_who_had_it() -> None:
    sim = talking()
    sim.end("anna", CALL)
    sim.settle()
    ended = call_of(sim)
    assert (ended.state, ended.agent, ended.last_agent) == (CallState.ENDED, None, "anna")


@pytest.mark.parametrize("how", ["unsupervised", "supervised"])
def test_given_a_transfer_when_the_target_has_the_call_then_they_had_it_last(how: str) -> None:
    sim = talking()
    if how == "unsupervised":
        sim.transfer("anna", CALL, CLEO)
        sim.settle()
        assert (sim.call(CALL).agent, sim.call(CALL).last_agent) == (None, "anna")
    else:
        sim.consult("anna", CALL, CLEO)
        sim.settle()
        assert sim.call(CALL).last_agent == "anna"
    sim.answer("cleo")
    sim.settle()
    if how == "supervised":
        assert sim.call(CALL).last_agent == "anna", "they only talk about it"
        sim.verb("anna", CALL, "complete")
        sim.settle()
    assert (sim.call(CALL).agent, sim.call(CALL).last_agent) == ("cleo", "cleo")


def test_given_a_caller_who_talks_on_with_an_outside_number_then_the_agent_had_the_call_last() -> None:
    sim = talking()
    sim.consult("anna", CALL, OUTSIDE)
    sim.settle()
    sim.answer("+4930123")
    sim.settle()
    sim.verb("anna", CALL, "complete")
    sim.settle()
    assert (sim.call(CALL).state, sim.call(CALL).agent) == (CallState.EXTERNAL, None)
    assert sim.call(CALL).last_agent == "anna"
    assert note(sim, "anna").ok


# ---------------------------------------------------------------- notes


def test_given_wrap_up_when_its_agent_adds_a_note_then_it_is_kept_with_the_ended_call() -> None:
    sim = talking()
    sim.end("anna", CALL)
    sim.settle()
    ended = call_of(sim)
    assert note(sim, "anna").ok
    after = call_of(sim)
    assert noted(sim) == ["by anna"]
    assert CALL not in sim.engine.world.calls, "a note does not bring it back to life"
    assert (after.state, after.outcome, after.ended_at) == (CallState.ENDED, ended.outcome, ended.ended_at)
    assert sim.published("call.ended")[-1].to == {"anna"}
    assert sim.published("call.ended")[-1].call == after
    assert not note(sim, "ben").ok
    check_at_rest(sim)


def test_given_a_call_that_ended_long_ago_when_notes_are_added_then_the_store_knows_it_and_none_is_lost() -> None:
    sim = talking()
    sim.end("anna", CALL)
    sim.settle()
    stored = call_of(sim)
    sim.wait(601)
    sim.arrive("empty")
    sim.settle()
    sim.wait(1)
    assert note(sim, "anna").code == "not_your_call", "the engine has forgotten it"

    def late(agent: str, text: str, of: Call = stored) -> Reply:
        return sim.ask(AddNote(request=sim._request(), agent=AgentId(agent), call=CALL, text=text, stored=of))

    assert late("ben", "by ben").code == "not_your_call"
    open_still = replace(stored, state=CallState.TALKING)
    assert late("anna", "by anna", open_still).code == "not_your_call", "a call that goes on is the engine's to know"
    assert late("anna", "by anna").ok
    # The second one comes with what was read before the first one was saved.
    assert late("anna", "by anna again").ok
    saved = [effect.call for effect in sim.effects if isinstance(effect, SaveCall)][-1]
    assert [each.text for each in saved.notes][-2:] == ["by anna", "by anna again"]
    assert (saved.state, saved.ended_at, saved.outcome) == (CallState.ENDED, stored.ended_at, stored.outcome)
    assert CALL not in sim.engine.world.calls
    sim.wait(601)
    sim.arrive("empty")
    sim.settle()
    sim.wait(1)
    assert CALL not in sim.engine.world.ended, "it is not remembered for ever"
    check_at_rest(sim)


def test_given_a_transfer_that_waits_when_agent_1_adds_a_note_then_the_next_agent_sees_it() -> None:
    sim = talking()
    sim.presence("cleo", Presence.BUSY)
    sim.transfer("anna", CALL, CLEO)
    sim.settle()
    assert note(sim, "anna").ok
    assert note(sim, "cleo").code == "not_your_call"
    sim.presence("cleo", Presence.AVAILABLE)
    sim.settle()
    assert note(sim, "anna").ok, "while it is only offered"
    sim.answer("cleo")
    sim.settle()
    pop = sim.call(CALL).pop
    assert pop is not None
    assert [each.text for each in pop.notes][-2:] == ["by anna", "by anna"]
    assert note(sim, "anna").ok, "it is Cleo's now, and Anna finishes what she was writing"
    assert sim.published("call.updated")[-1].to == {"anna", "cleo"}
    assert note(sim, "ben").code == "not_your_call"
    assert note(sim, "cleo").ok
    sim.end("cleo", CALL)
    sim.settle()
    assert note(sim, "anna").ok, "also when somebody else had it last"
    assert call_of(sim).agents == ("anna", "cleo")


def test_given_a_caller_nobody_talked_to_when_a_note_is_added_then_it_is_nobodys(sim: Simulation) -> None:
    call = sim.arrive()
    sim.settle()
    assert note(sim, "anna", call).code == "not_your_call"


# ---------------------------------------------------------------- why somebody is not asked


def reason(sim: Simulation, agent: str, call: CallId = CALL) -> str | None:
    return why_not(sim.engine.world, AgentId(agent), call_of(sim, call), sim.now)


def test_given_agents_who_let_an_offer_pass_when_asked_why_then_each_for_their_own_reason(sim: Simulation) -> None:
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    sim.wait(21)
    assert reason(sim, "anna", call) == "missed_offer"
    sim.reject("ben")
    sim.settle()
    assert reason(sim, "ben", call) == "rejected_recently"
    sim.presence("anna", Presence.AVAILABLE)
    assert reason(sim, "anna", call) == "missed_offer", "for this call the pause goes on"
    second = sim.arrive()
    sim.settle()
    assert call_of(sim, second).state is CallState.OFFERING


def test_given_an_agent_busy_after_a_missed_offer_when_another_call_asks_then_it_is_still_that(sim: Simulation) -> None:
    sim.ready("anna")
    sim.arrive()
    sim.settle()
    sim.wait(21)
    sim.wait(40)
    second = sim.arrive()
    sim.settle()
    _, others = judge(sim.engine.world, call_of(sim, second), sim.now)
    assert others["anna"] == "missed_offer"  # type: ignore[index]
    sim.presence("anna", Presence.BUSY, "lunch")
    assert reason(sim, "anna", second) == "busy"


def test_given_an_unreachable_or_never_answered_phone_when_asked_why_then_that(sim: Simulation) -> None:
    sim.unreachable.add("PJSIP/anna")
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    sim.wait(2)
    assert reason(sim, "anna", call) == "phone_unreachable"
    sim.accept("ben")
    sim.wait(21)
    assert reason(sim, "ben", call) == "missed_offer"


def test_given_a_consulted_group_when_its_agent_misses_the_offer_then_the_record_and_the_check_say_so() -> None:
    sim = talking()
    sim.consult("anna", CALL, Destination(kind=DestinationKind.GROUP, value="support"))
    sim.settle()
    sim.wait(21)
    assert why_not(sim.engine.world, AgentId("ben"), call_of(sim), sim.now) == "missed_offer"


def test_given_a_call_with_all_the_notes_that_it_keeps_when_one_more_is_added_then_it_is_refused() -> None:
    sim = talking()
    for _ in range(MAX_NOTES):
        assert note(sim, "anna").ok
    assert len(call_of(sim).notes) == MAX_NOTES
    reply = note(sim, "anna")
    assert (reply.ok, reply.code) == (False, "too_many_notes")
    assert len(call_of(sim).notes) == MAX_NOTES

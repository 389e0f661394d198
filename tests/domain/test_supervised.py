"""Supervised transfers: consult, alternate, merge, complete, cancel, leave, and everything that can go wrong."""

import pytest
import scenes
from invariants import check_at_rest
from simulation import Simulation, settings

from callbridge.domain.consult.table import STAGES, TABLE, Event
from callbridge.domain.model.agents import AgentState, Presence
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Bridge, Park, SetHear, StopRecording
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.legs import LegRole, LegState
from callbridge.domain.model.settings import AgentTransferMode, Options
from callbridge.domain.model.transfer import Destination, DestinationKind, RouteKind, TransferState

CLEO = Destination(kind=DestinationKind.AGENT, value="cleo")
SALES = Destination(kind=DestinationKind.GROUP, value="sales")
NUMBER = Destination(kind=DestinationKind.NUMBER, value="+4930123")
PRESET = Destination(kind=DestinationKind.PRESET, value="hotline")
OUT = {"four_way": True, "outbound_dial": "PJSIP/{number}@carrier"}


def talk(sim: Simulation, agent: str = "anna") -> CallId:
    sim.ready(agent)
    call = sim.arrive()
    sim.settle()
    sim.answer(agent)
    sim.settle()
    assert sim.talking(call) == {agent}
    return call


def consulting(sim: Simulation, destination: Destination = CLEO, party: str = "cleo") -> CallId:
    call = talk(sim)
    sim.ready("cleo")
    assert sim.consult("anna", call, destination).ok
    sim.settle()
    sim.answer(party)
    sim.settle()
    assert sim.talk_of("anna") == {party}
    assert sim.on_music(call)
    check_at_rest(sim)
    return call


def stage(sim: Simulation, call: CallId) -> Stage | None:
    consult = sim.call(call).consult
    return consult.stage if consult else None


def transfer_state(sim: Simulation, call: CallId) -> TransferState:
    transfer = sim.call(call).transfer
    assert transfer is not None
    return transfer.state


def test_every_stage_has_a_cell_for_every_event() -> None:
    assert set(TABLE) == set(STAGES)
    for column in TABLE:
        assert set(TABLE[column]) == set(Event), column


def test_given_talking_when_consulting_an_agent_then_the_caller_hears_music_and_agent_1_ringing(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.ready("cleo")
    assert sim.consult("anna", call, CLEO).ok
    sim.settle()
    assert sim.on_music(call)
    assert sim.state("cleo") is AgentState.OFFERED
    assert sim.state("anna") is AgentState.ON_CALL
    assert sim.channels[sim.leg_of("anna")].hear == "ringing"
    assert stage(sim, call) is Stage.RINGING
    check_at_rest(sim)


def test_given_consulting_when_alternating_then_agent_1_talks_with_one_and_the_other_is_on_hold(
    sim: Simulation,
) -> None:
    call = consulting(sim)
    for _ in range(3):
        assert sim.verb("anna", call, "alternate").ok
        sim.settle()
        assert sim.talking(call) == {"anna"}
        assert sim.channels[sim.leg_of("cleo")].hear == "music"
        check_at_rest(sim)
        assert sim.verb("anna", call, "alternate").ok
        sim.settle()
        assert sim.talk_of("anna") == {"cleo"}
        assert sim.on_music(call)
        check_at_rest(sim)


@pytest.mark.parametrize("from_caller", [False, True])
def test_given_consulting_when_completed_then_call_and_pop_move_and_agent_1_is_in_wrap_up(
    sim: Simulation, from_caller: bool
) -> None:
    call = consulting(sim)
    if from_caller:
        sim.verb("anna", call, "alternate")
        sim.settle()
    assert sim.verb("anna", call, "complete").ok
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.state("anna") is AgentState.WRAP_UP
    assert sim.state("cleo") is AgentState.ON_CALL
    pop = sim.call(call).pop
    assert pop is not None
    assert (pop.agent, pop.preview, pop.transferred_by) == ("cleo", False, "anna")
    assert transfer_state(sim, call) is TransferState.COMPLETED
    assert sim.channels[sim.call(call).caller].after == "hangup"
    check_at_rest(sim)
    sim.hang_up(sim.leg_of("cleo"))
    sim.settle()
    assert not sim.channels
    assert sim.state("cleo") is AgentState.WRAP_UP


@pytest.mark.parametrize("where", ["ringing", "consulting", "with_caller", "conference"])
def test_given_a_consultation_when_cancelled_then_caller_and_agent_1_talk_and_the_target_is_free(
    sim: Simulation, where: str
) -> None:
    if where == "ringing":
        call = talk(sim)
        sim.ready("cleo")
        sim.consult("anna", call, CLEO)
        sim.settle()
    else:
        call = consulting(sim)
        if where != "consulting":
            sim.verb("anna", call, {"with_caller": "alternate", "conference": "merge"}[where])
            sim.settle()
    assert sim.cancel("anna", call).ok
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).state is CallState.TALKING
    assert sim.state("cleo") is AgentState.AVAILABLE
    assert transfer_state(sim, call) is TransferState.CANCELLED
    check_at_rest(sim)


def test_given_consulting_when_merged_then_three_talk_and_when_agent_1_leaves_the_others_go_on(
    sim: Simulation,
) -> None:
    call = consulting(sim)
    assert sim.verb("anna", call, "merge").ok
    sim.settle()
    assert sim.talking(call) == {"anna", "cleo"}
    check_at_rest(sim)
    assert sim.verb("anna", call, "leave").ok
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.call(call).state is CallState.TALKING
    assert sim.call(call).agent == "cleo"
    assert sim.state("anna") is AgentState.WRAP_UP
    check_at_rest(sim)


def test_given_consulting_when_a_fourth_party_answers_then_four_talk_and_the_others_go_on_without_agent_1(
    sim: Simulation,
) -> None:
    call = consulting(sim)
    assert sim.fourth("anna", call, "+4940555").ok
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    sim.answer("+4940555")
    sim.settle()
    assert sim.talking(call) == {"anna", "cleo", "+4940555"}
    check_at_rest(sim)
    assert sim.verb("anna", call, "leave").ok
    sim.settle()
    assert sim.talking(call) == {"cleo", "+4940555"}
    assert sim.call(call).agent == "cleo"
    check_at_rest(sim)
    sim.hang_up(sim.leg_of("+4940555"))
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.call(call).state is CallState.TALKING
    check_at_rest(sim)


def test_given_a_conference_when_parties_are_held_muted_and_dropped_then_only_they_are(sim: Simulation) -> None:
    call = consulting(sim)
    sim.fourth("anna", call, "+4940555")
    sim.settle()
    sim.answer("+4940555")
    sim.settle()
    caller, cleo, fourth = sim.call(call).caller, sim.leg_of("cleo"), sim.leg_of("+4940555")
    assert sim.party("anna", call, caller, "hold").ok
    sim.settle()
    assert sim.on_music(call)
    assert sim.talk_of("anna") == {"cleo", "+4940555"}
    assert sim.party("anna", call, caller, "resume").ok
    sim.settle()
    assert sim.talking(call) == {"anna", "cleo", "+4940555"}
    assert sim.party("anna", call, cleo, "hold").ok
    sim.settle()
    assert sim.talking(call) == {"anna", "+4940555"}
    assert sim.party("anna", call, cleo, "resume").ok
    sim.settle()
    assert sim.party("anna", call, fourth, "mute").ok
    assert sim.channels[fourth].muted
    assert sim.party("anna", call, fourth, "drop").ok
    sim.settle()
    assert sim.talking(call) == {"anna", "cleo"}
    assert sim.party("anna", call, caller, "drop").code == "caller_not_dropped"
    assert sim.party("anna", call, cleo, "drop").ok
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).state is CallState.TALKING
    assert sim.state("cleo") is AgentState.AVAILABLE
    check_at_rest(sim)


@pytest.mark.parametrize(("destination", "number"), [(NUMBER, "+4930123"), (PRESET, "+49301111")])
def test_given_an_external_target_when_completed_then_the_caller_talks_with_them(
    sim: Simulation, destination: Destination, number: str
) -> None:
    call = consulting(sim, destination, number)
    assert sim.verb("anna", call, "complete").ok
    sim.settle()
    assert sim.talking(call) == {number}
    assert sim.call(call).state is CallState.EXTERNAL
    assert sim.state("anna") is AgentState.WRAP_UP
    check_at_rest(sim)
    sim.hang_up(sim.leg_of(number))
    sim.settle()
    assert sim.call(call).state is CallState.ENDED
    assert sim.call(call).outcome is CallOutcome.HANDLED
    assert not sim.channels


@pytest.mark.parametrize(
    ("destination", "problem", "code"),
    [
        (Destination(kind=DestinationKind.NUMBER, value="+33123"), None, "number_not_allowed"),
        (Destination(kind=DestinationKind.NUMBER, value="+49900123"), None, "number_not_allowed"),
        (Destination(kind=DestinationKind.NUMBER, value="110"), "emergency", "number_not_allowed"),
        (Destination(kind=DestinationKind.NUMBER, value="abc"), "invalid", "invalid_number"),
        (Destination(kind=DestinationKind.NUMBER, value="+49&x"), None, "invalid_number"),
        (Destination(kind=DestinationKind.PRESET, value="nothing"), None, "unknown_destination"),
    ],
)
def test_given_a_number_that_is_not_allowed_when_consulting_then_refused_and_they_talk_on(
    sim: Simulation, destination: Destination, problem: str | None, code: str
) -> None:
    call = talk(sim)
    assert sim.consult("anna", call, destination, number_problem=problem).code == code
    sim.settle()
    assert sim.talking(call) == {"anna"}


@pytest.mark.parametrize("how", ["reject", "decline", "no_answer", "unreachable", "logged_out", "hangs_up", "refused"])
def test_given_a_consultation_when_the_target_fails_then_caller_and_agent_1_talk_again(
    sim: Simulation, how: str
) -> None:
    call = consulting(sim) if how == "hangs_up" else talk(sim)
    if how != "hangs_up":
        sim.ready("cleo")
        if how == "unreachable":
            sim.unreachable.add("PJSIP/cleo")
        if how == "refused":
            sim.refuse["Originate"] = 1
        sim.consult("anna", call, CLEO)
        sim.settle()
    match how:
        case "reject":
            assert sim.reject("cleo").ok
        case "decline":
            sim.decline("cleo")
        case "no_answer":
            sim.wait(20.5)
        case "unreachable":
            sim.wait(1)
        case "logged_out":
            sim.log_out("cleo")
        case "hangs_up":
            sim.hang_up(sim.leg_of("cleo"))
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).state is CallState.TALKING
    assert transfer_state(sim, call) is TransferState.FAILED
    expected = AgentState.BUSY if how in ("no_answer", "unreachable", "refused") else AgentState.AVAILABLE
    assert sim.state("cleo") is (AgentState.OFFLINE if how == "logged_out" else expected)
    check_at_rest(sim)


@pytest.mark.parametrize("cause", [17, 21, 19, 1, 34])
def test_given_an_external_target_when_they_cannot_be_reached_then_caller_and_agent_1_talk_again(
    sim: Simulation, cause: int
) -> None:
    call = talk(sim)
    sim.consult("anna", call, NUMBER)
    sim.settle()
    sim.hang_up(sim.ringing_leg_of("+4930123"), cause)
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_an_external_target_when_it_rings_too_long_then_caller_and_agent_1_talk_again(sim: Simulation) -> None:
    call = talk(sim)
    sim.consult("anna", call, NUMBER)
    sim.wait(31)
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).transfer.failure == "no_answer"  # type: ignore[union-attr]
    check_at_rest(sim)


def test_given_a_group_target_when_the_first_agent_rejects_then_the_next_is_asked() -> None:
    sim = Simulation(settings(support=["anna"], sales=["ben", "cleo"]))
    call = talk(sim)
    sim.ready("ben")
    sim.now += 1
    sim.ready("cleo")
    sim.consult("anna", call, SALES)
    sim.settle()
    assert sim.state("ben") is AgentState.OFFERED
    sim.reject("ben")
    sim.settle()
    assert sim.state("cleo") is AgentState.OFFERED
    assert sim.on_music(call)
    sim.answer("cleo")
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    check_at_rest(sim)


def test_given_a_busy_target_when_not_deferred_then_refused_and_when_deferred_it_starts_once_available(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.ready("cleo")
    sim.presence("cleo", Presence.BUSY, "lunch")
    assert sim.consult("anna", call, CLEO).code == "target_not_available"
    assert sim.consult("anna", call, CLEO, deferred=True).ok
    sim.wait(60)
    assert sim.talking(call) == {"anna"}
    assert transfer_state(sim, call) is TransferState.DEFERRED
    sim.presence("cleo", Presence.AVAILABLE)
    sim.settle()
    assert sim.on_music(call)
    sim.answer("cleo")
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    check_at_rest(sim)


def test_given_a_deferred_consultation_when_cancelled_or_the_call_ends_then_nothing_is_left(sim: Simulation) -> None:
    call = talk(sim)
    sim.consult("anna", call, CLEO, deferred=True)
    assert sim.cancel("anna", call).ok
    sim.ready("cleo")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.state("cleo") is AgentState.AVAILABLE
    sim.presence("cleo", Presence.BUSY)
    sim.consult("anna", call, CLEO, deferred=True)
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert transfer_state(sim, call) is TransferState.FAILED
    assert not sim.channels


@pytest.mark.parametrize("where", ["ringing", "consulting", "with_caller", "conference", "completing"])
def test_given_a_consultation_when_the_caller_hangs_up_then_the_others_finish_and_are_released(
    sim: Simulation, where: str
) -> None:
    if where == "ringing":
        call = talk(sim)
        sim.ready("cleo")
        sim.consult("anna", call, CLEO)
        sim.settle()
    else:
        call = consulting(sim)
        verb = {"with_caller": "alternate", "conference": "merge", "completing": "complete"}.get(where)
        if verb:
            sim.verb("anna", call, verb)
            if verb != "complete":
                sim.settle()
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    if where in ("consulting", "with_caller", "conference"):
        assert sim.talk_of("anna") == {"cleo"}
        check_at_rest(sim)
        sim.hang_up(sim.leg_of("cleo"))
        sim.settle()
    sim.wait(1)
    assert not sim.channels
    assert sim.state("anna") is AgentState.WRAP_UP
    assert sim.state("cleo") in (AgentState.AVAILABLE, AgentState.WRAP_UP)
    check_at_rest(sim)


@pytest.mark.parametrize("answered", [False, True])
def test_given_the_target_rings_when_agent_1_hangs_up_then_it_rings_on_and_else_agent_1_is_recalled(
    sim: Simulation, answered: bool
) -> None:
    call = talk(sim)
    sim.ready("cleo")
    sim.consult("anna", call, CLEO)
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.on_music(call)
    assert sim.state("anna") is AgentState.WRAP_UP
    if answered:
        sim.answer("cleo")
        sim.settle()
        assert sim.talking(call) == {"cleo"}
        assert transfer_state(sim, call) is TransferState.COMPLETED
    else:
        sim.wait(20.5)
        assert sim.state("anna") is AgentState.OFFERED
        assert sim.call(call).route.kind is RouteKind.RECALL
    check_at_rest(sim)


def test_given_an_external_rings_when_agent_1_hangs_up_then_agent_1_is_recalled_and_nobody_goes_outside(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.consult("anna", call, NUMBER)
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.state("anna") is AgentState.OFFERED
    assert sim.on_music(call)
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


@pytest.mark.parametrize("completes", [True, False])
@pytest.mark.parametrize("alternated", [True, False])
def test_given_consulting_when_agent_1_hangs_up_then_it_completes_or_comes_back_as_the_administrator_set_it(
    completes: bool, alternated: bool
) -> None:
    sim = Simulation(settings(Options(hangup_completes=completes, **OUT)))  # type: ignore[arg-type]
    call = consulting(sim)
    if alternated:
        sim.verb("anna", call, "alternate")
        sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    if completes:
        assert sim.talking(call) == {"cleo"}
    else:
        assert sim.state("anna") is AgentState.OFFERED
        assert sim.state("cleo") is AgentState.AVAILABLE
        assert sim.on_music(call)
    check_at_rest(sim)


def test_given_only_externals_would_remain_when_agent_1_leaves_then_the_fourth_is_released(sim: Simulation) -> None:
    call = consulting(sim, NUMBER, "+4930123")
    sim.fourth("anna", call, "+4940555")
    sim.settle()
    sim.answer("+4940555")
    sim.settle()
    sim.verb("anna", call, "leave")
    sim.settle()
    assert sim.talking(call) == {"+4930123"}
    assert sim.call(call).state is CallState.EXTERNAL
    check_at_rest(sim)


def test_given_four_way_is_off_when_a_fourth_is_called_then_refused() -> None:
    sim = Simulation(settings(Options(outbound_dial="PJSIP/{number}@carrier")))
    call = consulting(sim)
    assert sim.fourth("anna", call, "+4940555").code == "four_way_disabled"


def test_given_a_fourth_party_when_they_do_not_answer_then_the_others_talk_on(sim: Simulation) -> None:
    call = consulting(sim)
    sim.fourth("anna", call, "+4940555")
    sim.wait(31)
    assert sim.talk_of("anna") == {"cleo"}
    assert stage(sim, call) is Stage.CONSULTING
    sim.fourth("anna", call, "+4940555")
    sim.settle()
    sim.hang_up(sim.ringing_leg_of("+4940555"), 17)
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    check_at_rest(sim)


def test_given_talking_when_held_and_resumed_then_the_caller_hears_music_in_between(sim: Simulation) -> None:
    call = talk(sim)
    assert sim.hold("anna", call).ok
    sim.settle()
    assert sim.on_music(call)
    assert sim.state("anna") is AgentState.ON_CALL
    check_at_rest(sim)
    assert sim.resume("anna", call).ok
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.channels[sim.call(call).caller].after == "hangup"
    check_at_rest(sim)


def test_given_a_held_caller_when_the_agents_phone_is_put_down_then_they_are_rung_again(sim: Simulation) -> None:
    call = talk(sim)
    sim.hold("anna", call)
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.on_music(call)
    assert sim.state("anna") is AgentState.OFFERED


def test_given_a_move_is_refused_when_tried_again_then_it_happens(sim: Simulation) -> None:
    call = consulting(sim)
    sim.refuse["Bridge"] = 2
    sim.verb("anna", call, "alternate")
    sim.wait(9)
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_moves_are_always_refused_when_given_up_then_the_caller_is_not_lost(sim: Simulation) -> None:
    call = consulting(sim)
    sim.refuse["Bridge"] = 1000
    sim.verb("anna", call, "complete")
    sim.wait(60)
    assert sim.on_music(call)
    sim.refuse.clear()
    sim.ready("ben")
    sim.wait(60)
    assert sim.call(call).state is not CallState.ENDED
    check_at_rest(sim)


@pytest.mark.parametrize("verb", ["alternate", "merge", "complete"])
def test_given_the_same_verb_twice_when_pressed_then_the_second_changes_nothing(sim: Simulation, verb: str) -> None:
    call = consulting(sim)
    assert sim.verb("anna", call, verb).ok
    second = sim.verb("anna", call, verb)
    sim.settle()
    if verb == "alternate":
        assert sim.talk_of("anna") == {"cleo"}
    else:
        assert second.ok
    check_at_rest(sim)


@pytest.mark.parametrize("where", ["ringing", "consulting", "with_caller", "conference", "held", "external"])
def test_given_a_consultation_when_the_gateway_restarts_then_it_goes_on(sim: Simulation, where: str) -> None:
    if where in ("ringing", "held"):
        call = talk(sim)
        sim.ready("cleo")
        if where == "ringing":
            sim.consult("anna", call, CLEO)
        else:
            sim.hold("anna", call)
    elif where == "external":
        call = consulting(sim, NUMBER, "+4930123")
        sim.verb("anna", call, "complete")
    else:
        call = consulting(sim)
        verb = {"with_caller": "alternate", "conference": "merge"}.get(where)
        if verb:
            sim.verb("anna", call, verb)
    sim.settle()
    before = {channel.id: channel.bridge for channel in sim.channels.values()}
    sim.restart()
    sim.wait(5)
    assert {channel.id: channel.bridge for channel in sim.channels.values()} == before
    check_at_rest(sim)


def test_given_a_second_call_when_the_first_is_resumed_then_the_other_goes_on_hold() -> None:
    base = settings()
    from dataclasses import replace

    agents = {key: replace(agent, max_sessions=2) for key, agent in base.agents.items()}
    sim = Simulation(replace(base, agents=agents))
    first = talk(sim)
    second = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    assert sim.talking(second) == {"anna"}
    assert sim.on_music(first), "one is active, the others hear music"
    assert sim.resume("anna", first).ok
    sim.settle()
    assert sim.talking(first) == {"anna"}
    assert sim.on_music(second)
    check_at_rest(sim)


@pytest.mark.parametrize("wanted", [False, True])
def test_given_a_recorded_call_when_consulting_then_the_private_talk_is_recorded_only_where_it_is_wanted(
    wanted: bool,
) -> None:
    sim = Simulation(settings(Options(record_consultations=wanted, **OUT)))  # type: ignore[arg-type]
    sim.ready("anna", "cleo")
    call = sim.arrive(record="c1.wav")
    sim.settle()
    sim.answer("anna")
    sim.settle()
    assert sim.call(call).recording == "c1.wav"
    sim.consult("anna", call, CLEO)
    sim.settle()
    sim.answer("cleo")
    sim.settle()
    sim.verb("anna", call, "alternate")
    sim.settle()
    recorded = [effect.record for effect in sim.effects if isinstance(effect, Bridge)]
    # With the caller, with Cleo in private, with the caller again.
    assert recorded == ["c1.wav", "c1-consult-1.wav" if wanted else "", "c1.wav"]
    sim.verb("anna", call, "alternate")
    sim.settle()
    assert sim.kinds().count("consult.recorded") == wanted
    sim.effects.clear()
    sim.verb("anna", call, "merge")
    sim.settle()
    # Agent 1's leg does not move: the recording of the private talk has to be ended.
    assert [type(effect) for effect in sim.effects if isinstance(effect, StopRecording)] == [StopRecording] * wanted
    check_at_rest(sim)


def test_given_a_deferred_consultation_when_another_transfer_is_asked_for_then_refused(sim: Simulation) -> None:
    call = talk(sim)
    assert sim.consult("anna", call, CLEO, deferred=True).ok
    assert sim.consult("anna", call, CLEO, deferred=True).code == "transfer_under_way"
    assert sim.transfer("anna", call, SALES).code == "transfer_under_way"
    assert transfer_state(sim, call) is TransferState.DEFERRED
    assert sim.talking(call) == {"anna"}


def test_given_a_deferred_consultation_on_hold_when_the_target_is_available_then_it_starts(sim: Simulation) -> None:
    call = talk(sim)
    sim.consult("anna", call, CLEO, deferred=True)
    assert sim.hold("anna", call).ok
    sim.settle()
    assert sim.on_music(call)
    assert transfer_state(sim, call) is TransferState.DEFERRED
    assert sim.verb("anna", call, "complete").code == "not_consulting"
    sim.ready("cleo")
    sim.settle()
    sim.answer("cleo")
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    check_at_rest(sim)


@pytest.mark.parametrize("resumed", [False, True])
def test_given_a_deferred_consultation_on_hold_when_cancelled_then_it_never_starts(
    sim: Simulation, resumed: bool
) -> None:
    call = talk(sim)
    sim.consult("anna", call, CLEO, deferred=True)
    sim.hold("anna", call)
    sim.settle()
    if resumed:
        sim.resume("anna", call)
    assert sim.cancel("anna", call).ok
    assert sim.cancel("anna", call).code == "transfer_ended"
    sim.ready("cleo")
    sim.settle()
    assert transfer_state(sim, call) is TransferState.CANCELLED
    assert sim.state("cleo") is AgentState.AVAILABLE
    check_at_rest(sim)


def test_given_a_deferred_consultation_on_hold_when_the_target_says_no_then_the_caller_is_on_hold_as_before(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.consult("anna", call, CLEO, deferred=True)
    sim.hold("anna", call)
    sim.settle()
    sim.ready("cleo")
    sim.settle()
    sim.reject("cleo")
    sim.settle()
    assert transfer_state(sim, call) is TransferState.FAILED
    assert sim.on_music(call)
    assert sim.resume("anna", call).ok
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


@pytest.mark.parametrize("hard", [False, True], ids=["recall", "hard transfer"])
def test_given_an_offer_to_an_agent_who_is_busy_when_the_pbx_is_looked_at_then_it_goes_on(
    sim: Simulation, hard: bool
) -> None:
    call = talk(sim)
    if hard:
        assert sim.transfer("anna", call, CLEO, AgentTransferMode.HARD).ok
        sim.settle()
        asked = "cleo"
    else:
        sim.ready("cleo")
        assert sim.transfer("anna", call, CLEO).ok
        sim.settle()
        sim.presence("anna", Presence.BUSY)
        sim.reject("cleo")
        sim.settle()
        asked = "anna"
    offer = sim.offer_of(asked)
    sim.give(sim.snapshot())
    sim.settle()
    assert sim.offer_of(asked) == offer


def test_given_a_deferred_consultation_on_hold_when_the_agents_phone_is_gone_then_it_has_failed(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.consult("anna", call, CLEO, deferred=True)
    sim.hold("anna", call)
    sim.settle()
    sim.hang_up(sim.leg_of("anna"), 44)
    sim.settle()
    assert transfer_state(sim, call) is TransferState.FAILED
    assert sim.on_music(call)


def test_given_a_group_when_consulted_deferred_then_it_is_looked_for_at_once(sim: Simulation) -> None:
    call = talk(sim)
    assert sim.consult("anna", call, SALES, deferred=True).ok
    sim.settle()
    assert stage(sim, call) is Stage.RINGING
    sim.ready("cleo")
    assert sim.state("cleo") is AgentState.OFFERED


def test_given_a_held_caller_when_consulting_then_agent_1_goes_into_the_waiting_room_again_and_hears_ringing(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.ready("cleo")
    assert sim.hold("anna", call).ok
    sim.settle()
    leg = sim.leg_of("anna")
    before = len(sim.effects)
    assert sim.consult("anna", call, CLEO).ok
    order = [effect for effect in sim.effects[before:] if isinstance(effect, SetHear | Park)]
    assert [(type(effect), effect.channel) for effect in order] == [(SetHear, leg), (Park, leg)]
    sim.settle()
    assert stage(sim, call) is Stage.RINGING
    check_at_rest(sim)


def test_given_a_conference_of_four_when_only_a_snapshot_shows_that_the_caller_is_gone_then_the_others_go_on() -> None:
    sim = scenes.four_way()
    sim.hang_up(sim.call(scenes.CALL).caller)
    sim.wait(1)
    call = sim.call(scenes.CALL)
    assert call.consult is not None
    assert call.consult.stage is Stage.WITHOUT_CALLER
    assert [(leg.role, leg.state) for leg in call.legs] == [(role, LegState.TALKING) for role in LegRole]

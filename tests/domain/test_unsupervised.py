"""Unsupervised transfers: to an agent, soft and hard; to a group; refused where they must be; back when they fail."""

import pytest
from invariants import check_at_rest
from simulation import Simulation, settings

from callbridge.domain.model.agents import AgentState, Presence
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.settings import AgentTransferMode, AgentTransferRule, Options
from callbridge.domain.model.transfer import Destination, DestinationKind, RouteKind, TransferState

CLEO = Destination(kind=DestinationKind.AGENT, value="cleo")
SALES = Destination(kind=DestinationKind.GROUP, value="sales")
EMPTY = Destination(kind=DestinationKind.GROUP, value="empty")


def talk(sim: Simulation, agent: str = "anna") -> CallId:
    sim.ready(agent)
    call = sim.arrive()
    sim.settle()
    sim.answer(agent)
    sim.settle()
    assert sim.talking(call) == {agent}
    return call


def transfer_state(sim: Simulation, call: CallId) -> TransferState:
    transfer = sim.call(call).transfer
    assert transfer is not None
    return transfer.state


def test_given_talking_when_transferred_soft_to_an_available_agent_then_they_are_offered_it_and_agent_1_is_free(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.ready("cleo")
    assert sim.transfer("anna", call, CLEO).ok
    sim.settle()
    assert sim.state("anna") is AgentState.WRAP_UP
    assert sim.on_music(call)
    assert sim.state("cleo") is AgentState.OFFERED
    pop = sim.call(call).pop
    assert pop is not None
    assert (pop.transferred_by, pop.transfer_reason, pop.notes[0].text) == ("anna", "billing", "asks for a refund")
    sim.answer("cleo")
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert transfer_state(sim, call) is TransferState.COMPLETED
    check_at_rest(sim)


def test_given_the_target_is_busy_when_transferred_soft_then_it_waits_until_they_are_available(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.ready("cleo")
    sim.presence("cleo", Presence.BUSY, "lunch")
    sim.transfer("anna", call, CLEO, AgentTransferMode.SOFT)
    sim.wait(30)
    assert transfer_state(sim, call) is TransferState.WAITING
    sim.presence("cleo", Presence.AVAILABLE)
    sim.settle()
    assert sim.state("cleo") is AgentState.OFFERED
    check_at_rest(sim)


def test_given_the_target_is_offline_when_transferred_hard_then_phone_and_pop_are_theirs_at_once(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.transfer("anna", call, CLEO, AgentTransferMode.HARD)
    sim.settle()
    assert sim.state("cleo") is AgentState.OFFERED
    pop = sim.call(call).pop
    assert pop is not None
    assert not pop.preview
    sim.answer("cleo")
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.state("cleo") is AgentState.ON_CALL
    check_at_rest(sim)


def test_given_the_target_is_on_another_call_when_transferred_hard_then_their_phone_rings_all_the_same(
    sim: Simulation,
) -> None:
    sim.ready("cleo")
    other = sim.arrive("sales")
    sim.settle()
    sim.answer("cleo")
    sim.settle()
    call = talk(sim)
    sim.transfer("anna", call, CLEO, AgentTransferMode.HARD)
    sim.settle()
    sim.answer("cleo")
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.on_music(other), "one is active, the other waits with music"
    check_at_rest(sim)


@pytest.mark.parametrize("how", ["reject", "decline", "no_answer", "unreachable", "waited_too_long", "logged_out"])
def test_given_a_transfer_to_an_agent_when_it_fails_then_agent_1_is_rung_again(sim: Simulation, how: str) -> None:
    call = talk(sim)
    if how != "waited_too_long":
        sim.ready("cleo")
    if how == "unreachable":
        sim.unreachable.add("PJSIP/cleo")
    sim.transfer("anna", call, CLEO, AgentTransferMode.SOFT)
    sim.settle()
    match how:
        case "reject":
            sim.reject("cleo")
        case "decline":
            sim.decline("cleo")
        case "no_answer":
            sim.wait(20.5)
        case "waited_too_long":
            sim.wait(120.5)
        case "logged_out":
            sim.log_out("cleo")
        case "unreachable":
            sim.wait(1)
    sim.settle()
    assert transfer_state(sim, call) is TransferState.FAILED
    assert sim.call(call).route.kind is RouteKind.RECALL
    assert sim.state("anna") is AgentState.OFFERED
    assert sim.on_music(call)
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_a_failed_transfer_when_agent_1_is_gone_then_the_group_has_the_caller(sim: Simulation) -> None:
    call = talk(sim)
    sim.ready("cleo")
    sim.transfer("anna", call, CLEO)
    sim.settle()
    sim.log_out("anna")
    sim.ready("ben")
    sim.reject("cleo")
    sim.settle()
    assert sim.call(call).route.kind is RouteKind.GROUP
    assert sim.state("ben") is AgentState.OFFERED
    check_at_rest(sim)


def test_given_a_recall_when_agent_1_does_not_answer_then_the_group_has_the_caller(sim: Simulation) -> None:
    call = talk(sim)
    sim.ready("cleo")
    sim.transfer("anna", call, CLEO)
    sim.settle()
    sim.reject("cleo")
    sim.settle()
    assert sim.state("anna") is AgentState.OFFERED
    sim.ready("ben")
    sim.wait(20.5)
    assert sim.call(call).route.kind is RouteKind.GROUP
    assert sim.state("ben") is AgentState.OFFERED


def test_given_a_group_without_agents_when_transferred_there_then_the_call_waits_and_nothing_else_happens(
    sim: Simulation,
) -> None:
    call = talk(sim)
    assert sim.transfer("anna", call, EMPTY).ok
    sim.wait(3600)
    assert sim.on_music(call)
    assert sim.call(call).state is CallState.WAITING
    assert transfer_state(sim, call) is TransferState.WAITING
    check_at_rest(sim)


def test_given_a_group_of_one_when_transferred_there_then_it_is_theirs_once_available(sim: Simulation) -> None:
    call = talk(sim)
    sim.transfer("anna", call, SALES)
    sim.wait(5)
    assert sim.on_music(call)
    sim.ready("cleo")
    assert sim.state("cleo") is AgentState.OFFERED
    sim.answer("cleo")
    sim.settle()
    assert transfer_state(sim, call) is TransferState.COMPLETED
    assert sim.call(call).group == "sales"


@pytest.mark.parametrize("kind", [DestinationKind.PRESET, DestinationKind.NUMBER])
def test_given_an_external_destination_when_transferred_unsupervised_then_it_is_refused_and_nothing_changes(
    sim: Simulation, kind: DestinationKind
) -> None:
    call = talk(sim)
    before = sim.call(call)
    reply = sim.transfer("anna", call, Destination(kind=kind, value="+4930123456"))
    assert not reply.ok
    assert reply.code == "external_not_allowed"
    sim.settle()
    assert sim.call(call) == before
    assert sim.talking(call) == {"anna"}
    assert "transfer.refused" in sim.kinds()


@pytest.mark.parametrize(
    ("options", "destination", "mode", "code"),
    [
        (Options(transfers_enabled=False), CLEO, None, "transfers_disabled"),
        (Options(), Destination(kind=DestinationKind.AGENT, value="nobody"), None, "unknown_destination"),
        (Options(), Destination(kind=DestinationKind.GROUP, value="nothing"), None, "unknown_destination"),
        (Options(), Destination(kind=DestinationKind.AGENT, value="anna"), None, "same_agent"),
        (Options(agent_transfer=AgentTransferRule.SOFT), CLEO, AgentTransferMode.HARD, "mode_not_allowed"),
        (Options(agent_transfer=AgentTransferRule.HARD), CLEO, AgentTransferMode.SOFT, "mode_not_allowed"),
    ],
)
def test_given_a_rule_when_a_transfer_breaks_it_then_it_is_refused_with_its_code(
    options: Options, destination: Destination, mode: AgentTransferMode | None, code: str
) -> None:
    sim = Simulation(settings(options))
    call = talk(sim)
    assert sim.transfer("anna", call, destination, mode).code == code
    assert sim.talking(call) == {"anna"}


def test_given_hard_is_the_rule_when_no_mode_is_asked_for_then_it_is_hard() -> None:
    sim = Simulation(settings(Options(agent_transfer=AgentTransferRule.HARD)))
    call = talk(sim)
    sim.transfer("anna", call, CLEO)
    sim.settle()
    assert sim.state("cleo") is AgentState.OFFERED


def test_given_somebody_elses_call_when_transferred_then_it_is_not_theirs_to_move(sim: Simulation) -> None:
    call = talk(sim)
    assert sim.transfer("ben", call, CLEO).code == "not_your_call"


def test_given_a_transfer_under_way_when_asked_again_then_refused(sim: Simulation) -> None:
    call = talk(sim)
    sim.transfer("anna", call, SALES)
    assert sim.transfer("anna", call, SALES).code == "transfer_under_way"
    sim.settle()
    assert sim.transfer("anna", call, SALES).code == "not_your_call"


def test_given_a_waiting_transfer_when_cancelled_then_agent_1_is_rung_and_has_the_caller_again(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.transfer("anna", call, EMPTY)
    sim.settle()
    assert sim.cancel("anna", call).ok
    sim.settle()
    assert sim.state("anna") is AgentState.OFFERED
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert transfer_state(sim, call) is TransferState.CANCELLED
    check_at_rest(sim)


def test_given_an_offered_transfer_when_cancelled_then_the_target_stops_ringing(sim: Simulation) -> None:
    call = talk(sim)
    sim.ready("cleo")
    sim.transfer("anna", call, CLEO)
    sim.settle()
    sim.cancel("anna", call)
    sim.settle()
    assert sim.state("cleo") is AgentState.AVAILABLE
    assert sim.state("anna") is AgentState.OFFERED
    check_at_rest(sim)


def test_given_the_move_is_under_way_when_cancelled_then_they_talk_again_without_ringing(sim: Simulation) -> None:
    call = talk(sim)
    sim.transfer("anna", call, SALES)
    assert sim.cancel("anna", call).ok
    sim.wait(5)
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).agent == "anna"
    check_at_rest(sim)


def test_given_the_hold_is_refused_once_when_tried_again_then_the_transfer_goes_on(sim: Simulation) -> None:
    call = talk(sim)
    sim.refuse["Hold"] = 1
    sim.transfer("anna", call, SALES)
    sim.wait(6)
    assert sim.on_music(call)
    assert transfer_state(sim, call) is TransferState.WAITING


def test_given_the_hold_is_always_refused_when_given_up_then_they_still_talk_and_the_transfer_has_failed(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.refuse["Hold"] = 1000
    sim.transfer("anna", call, SALES)
    sim.wait(20)
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).state is CallState.TALKING
    assert transfer_state(sim, call) is TransferState.FAILED
    assert sim.channels[sim.call(call).caller].after == "hangup"
    check_at_rest(sim)


def test_given_a_transfer_when_agent_1_puts_the_phone_down_at_once_then_the_caller_is_on_hold(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.transfer("anna", call, SALES)
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.on_music(call)
    assert sim.state("anna") is AgentState.WRAP_UP
    check_at_rest(sim)


def test_given_a_transfer_when_the_caller_hangs_up_then_everybody_is_free(sim: Simulation) -> None:
    call = talk(sim)
    sim.ready("cleo")
    sim.transfer("anna", call, CLEO)
    sim.settle()
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert sim.call(call).outcome is CallOutcome.ABANDONED
    assert transfer_state(sim, call) is TransferState.FAILED
    assert sim.state("cleo") is AgentState.AVAILABLE
    assert not sim.channels
    check_at_rest(sim)

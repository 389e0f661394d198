"""What the consulted agent does on the page instead of on the phone."""

import pytest
from invariants import check_at_rest
from simulation import Simulation
from test_supervised import CLEO, consulting, talk

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallState


@pytest.mark.parametrize("where", ["consulting", "with_caller", "conference"])
def test_given_a_consultation_when_the_target_hangs_up_on_the_page_then_caller_and_agent_1_talk(
    sim: Simulation, where: str
) -> None:
    call = consulting(sim)
    if where != "consulting":
        sim.verb("anna", call, {"with_caller": "alternate", "conference": "merge"}[where])
        sim.settle()
    assert sim.end("cleo", call).ok
    sim.settle()
    assert sim.talking(call) == {"anna"}
    assert sim.call(call).state is CallState.TALKING
    assert sim.state("cleo") is AgentState.AVAILABLE
    transfer = sim.call(call).transfer
    assert transfer is not None
    assert transfer.failure == "target_hung_up"
    check_at_rest(sim)
    assert sim.end("cleo", call).code == "not_your_call"


def test_given_an_accepted_offer_when_the_target_hangs_up_before_the_phone_is_answered_then_as_rejected(
    sim: Simulation,
) -> None:
    call = talk(sim)
    sim.ready("cleo")
    assert sim.consult("anna", call, CLEO).ok
    sim.settle()
    assert sim.accept("cleo").ok
    assert sim.end("cleo", call).ok
    sim.settle()
    assert sim.talking(call) == {"anna"}
    transfer = sim.call(call).transfer
    assert transfer is not None
    assert transfer.failure == "rejected"
    check_at_rest(sim)


def test_given_the_caller_gone_when_the_target_hangs_up_on_the_page_then_the_call_ends(sim: Simulation) -> None:
    call = consulting(sim)
    sim.hang_up(sim.call(call).caller)
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    assert sim.end("cleo", call).ok
    sim.settle()
    assert not sim.channels
    check_at_rest(sim)


def test_given_a_pending_offer_when_the_target_hangs_up_on_the_page_then_it_is_not_their_call(sim: Simulation) -> None:
    call = talk(sim)
    sim.ready("cleo")
    assert sim.consult("anna", call, CLEO).ok
    sim.settle()
    assert sim.end("cleo", call).code == "not_your_call"

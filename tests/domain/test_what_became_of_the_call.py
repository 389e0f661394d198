"""Every kind of offer and every way in which it comes to nothing: its agent is told what really became of the call."""

from collections.abc import Callable

import pytest
from scenes import CALL, CLEO, talking
from simulation import Simulation

from callbridge.domain.model.calls import CallState
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.transfer import Destination, DestinationKind, RouteKind
from callbridge.web.hub import event_of
from callbridge.web.pushed import OfferEvent

SALES = Destination(kind=DestinationKind.GROUP, value="sales")


def of_a_group() -> Simulation:
    sim = talking()
    sim.transfer("anna", CALL, SALES)
    sim.settle()
    return sim


def to_an_agent(mode: AgentTransferMode) -> Callable[[], Simulation]:
    def made() -> Simulation:
        sim = talking()
        sim.transfer("anna", CALL, CLEO, mode)
        sim.settle()
        return sim

    return made


def consult(destination: Destination) -> Callable[[], Simulation]:
    def made() -> Simulation:
        sim = talking()
        sim.consult("anna", CALL, destination)
        sim.settle()
        return sim

    return made


def recall() -> Simulation:
    sim = to_an_agent(AgentTransferMode.SOFT)()
    sim.reject("cleo")
    sim.settle()
    return sim


KINDS: dict[str, tuple[Callable[[], Simulation], str, tuple[str, str]]] = {
    "group": (of_a_group, "cleo", ("group", "sales")),
    "agent_soft": (to_an_agent(AgentTransferMode.SOFT), "cleo", ("recall", "anna")),
    "agent_hard": (to_an_agent(AgentTransferMode.HARD), "cleo", ("recall", "anna")),
    "recall": (recall, "anna", ("group", "support")),
    "consult": (consult(CLEO), "cleo", ("asker", "anna")),
    "consult of a group": (consult(SALES), "cleo", ("group", "sales")),
}
"""Who makes the offer, who has it, and what becomes of the call where they do not take it."""
OUTCOMES: dict[str, Callable[[Simulation, str], object]] = {
    "timed_out": lambda sim, agent: sim.wait(21),
    "rejected": lambda sim, agent: sim.reject(agent),
    "rescinded": lambda sim, agent: sim.log_out(agent),
    "unreachable": lambda sim, agent: sim.decline(agent, 20),
    "caller gone": lambda sim, agent: sim.hang_up(ChannelId(str(sim.call(CALL).caller))),
}


@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("kind", KINDS)
def test_given_an_offer_when_it_comes_to_nothing_then_its_agent_is_told_where_the_call_is(
    kind: str, outcome: str
) -> None:
    make, agent, expected = KINDS[kind]
    sim = make()
    OUTCOMES[outcome](sim, agent)
    sim.settle()
    ended = [effect for effect in sim.published("offer.ended") if effect.to == {agent}][-1]
    event = event_of(sim.engine.world, ended)
    assert isinstance(event, OfferEvent)
    assert event.offer.state is not OfferState.ACCEPTED
    assert event.next is not None
    if outcome == "caller gone":
        assert event.next.kind == "over"
        return
    who = event.next.agent or event.next.group
    assert who is not None
    assert (event.next.kind, who.id) == expected
    # And that is so: the route, or agent 1 with the caller.
    call = sim.call(CALL)
    if kind == "consult":
        assert (call.state, call.agent) == (CallState.TALKING, "anna")
    elif kind == "consult of a group":
        assert call.consult is not None
        assert call.consult.route is not None
        assert call.consult.route.group == "sales"
    else:
        assert call.route.kind is (RouteKind.RECALL if expected[0] == "recall" else RouteKind.GROUP)
        assert expected[1] in (call.route.group, call.route.agent)


def test_given_a_transfer_when_agent_1_is_gone_and_the_target_misses_it_then_it_is_said_that_the_group_has_it() -> None:
    sim = to_an_agent(AgentTransferMode.SOFT)()
    sim.log_out("anna")
    sim.wait(21)
    sim.settle()
    ended = [effect for effect in sim.published("offer.ended") if effect.to == {"cleo"}][-1]
    event = event_of(sim.engine.world, ended)
    assert isinstance(event, OfferEvent)
    assert event.next is not None
    assert (event.next.kind, event.next.group and event.next.group.id) == ("group", "support")

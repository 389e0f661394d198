"""Whom a call concerns beside the agent whose call it is. Pure."""

from collections.abc import Iterator

from callbridge.domain.model.calls import Call
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.offer import Offer, OfferState, Pop


def offers_of(call: Call) -> Iterator[tuple[Offer, Pop | None]]:
    """The call's own last offer, and the one to whom is consulted; each with what its agent is shown."""
    if call.offer is not None:
        yield call.offer, call.pop
    if call.consult is not None and call.consult.offer is not None:
        yield call.consult.offer, call.consult.pop


def pending_offers(call: Call, agent: AgentId | None) -> Iterator[tuple[Offer, Pop | None]]:
    """Those that wait for an answer, of this agent or (None) of all."""
    for offer, pop in offers_of(call):
        if offer.state is OfferState.PENDING and agent in (None, offer.agent):
            yield offer, pop


def is_consulted(call: Call, agent: AgentId) -> bool:
    """Whether the agent has accepted to be consulted about this call."""
    offer = call.consult.offer if call.consult else None
    return offer is not None and offer.agent == agent and offer.state is OfferState.ACCEPTED


def had(call: Call, agent: AgentId) -> bool:
    """Whether the call itself says that it was theirs once: they took it last, or moved it on, or it was moved to them.

    Of those before them it says nothing more; the history does.
    """
    if call.was_of(agent):
        return True
    offer, transfer = call.offer, call.transfer
    took = offer is not None and offer.agent == agent and offer.state is OfferState.ACCEPTED
    return took or (transfer is not None and agent in (transfer.by, transfer.taken_by))


def concerns(call: Call, agent: AgentId) -> bool:
    """Theirs, offered to them, one that they are consulted about, or on the way from them to somebody else."""
    moving = call.transfer is not None and call.transfer.by == agent and not call.transfer.ended
    return call.agent == agent or moving or is_consulted(call, agent) or any(pending_offers(call, agent))

"""What is pushed to clients, as JSON: the messages of `/v1/ws` and `/v1/events`."""

from typing import Literal

from callbridge.domain.agents import AgentState
from callbridge.web.answers import CallOut, OfferOut, PopOut, TransferOut
from callbridge.web.me_answers import MeOut
from callbridge.web.settings import Scope
from callbridge.web.words import Moment, Out


class AgentDelta(Out):
    id: str
    state: AgentState
    since: Moment


class GroupDelta(Out):
    id: str
    waiting: int
    waiting_since: Moment


class DirectoryDelta(Out):
    """Changed states of agents and queues of groups, for everybody."""

    agents: list[AgentDelta]
    groups: list[GroupDelta]


class OfferEvent(Out):
    offer: OfferOut


class PopEvent(Out):
    pop: PopOut


class CallEvent(Out):
    call: CallOut


class TransferEvent(Out):
    transfer: TransferOut


class Snapshot(Out):
    at: Moment
    """The server's clock."""
    me: MeOut | None
    """None for a service."""
    scopes: list[Scope]
    calls: list[CallOut]
    offers: list[OfferOut]
    transfers: list[TransferOut]
    """Under way: made by me, or one that I am consulted in."""
    directory: DirectoryDelta


class Event(Out):
    """One message of `/v1/ws`. In `/v1/events` the id and the type are SSE's own fields, the data is this `data`."""

    id: str
    type: Literal[
        "snapshot",
        "agent",
        "directory",
        "offer.made",
        "offer.ended",
        "pop",
        "call.updated",
        "call.ended",
        "transfer.updated",
    ]
    data: Snapshot | MeOut | DirectoryDelta | OfferEvent | PopEvent | CallEvent | TransferEvent

"""What is pushed to clients, as JSON: the messages of `/v1/ws` and `/v1/events`."""

from typing import Literal

from callbridge.domain.agents import AgentState, PhoneState
from callbridge.web.answers import CallOut, OfferOut, PopOut, TransferOut
from callbridge.web.me_answers import MeOut
from callbridge.web.settings import Scope
from callbridge.web.today_answers import TodayOut
from callbridge.web.words import Moment, Out, Text


class AgentDelta(Out):
    id: str
    state: AgentState
    since: Moment
    reason: Text | None
    """Why busy."""
    calls: int
    """How many they have; which ones is in the calls, for those who may see these."""
    phone: PhoneState


class GroupDelta(Out):
    id: str
    waiting: int
    waiting_since: Moment
    """Since when the caller waits who came first; null: nobody waits."""
    available: int
    logged_in: int
    expected_wait: float | None
    """Seconds for a caller who came now; 0: somebody is free; null: not known."""


class DirectoryDelta(Out):
    """Agents and groups whose state has changed, each as it is now, for everybody. In a snapshot: all of them."""

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
        "statistics",
    ]
    data: Snapshot | MeOut | DirectoryDelta | OfferEvent | PopEvent | CallEvent | TransferEvent | TodayOut

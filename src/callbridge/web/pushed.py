"""What is pushed to clients, as JSON: the messages of `/v1/ws` and `/v1/events`."""

from dataclasses import dataclass
from typing import Literal

from callbridge.domain.model.agents import AgentState, PhoneState
from callbridge.web.answers import CallOut, OfferOut, PopOut, Ref, TransferOut
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


class OfCall(Out):
    sequence: int
    """Of all that is told of one call each has a higher number than the one before, whatever its type. There are gaps.

    Where it is not higher than that of an event of the call that you have had, it is older, or a repetition."""


class NextOut(Out):
    """Where a call is after an offer of it came to nothing."""

    kind: Literal["group", "agent", "recall", "asker", "fallback", "over"]
    """`group`: the next free agent of `group` is asked. `agent`: it waits for `agent`. `recall`: it goes back to
    `agent`, who transferred it. `asker`: who asked for the consultation, `agent`, is with the caller. `fallback`: the
    PBX's own fallback has the caller. `over`: nobody is left to serve."""
    agent: Ref | None
    group: Ref | None


class OfferEvent(OfCall):
    offer: OfferOut
    next: NextOut | None
    """After `offer.ended` without an acceptance; null otherwise, and where the call goes on as it was."""


class PopEvent(OfCall):
    pop: PopOut


class CallEvent(OfCall):
    call: CallOut


class TransferEvent(OfCall):
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


@dataclass(frozen=True, slots=True)
class EventKind:
    """One type of message."""

    name: str
    data: type[Out]
    meaning: str
    webhook: bool = False
    """Whether webhooks can have it too."""


EVENTS = (
    EventKind(
        "snapshot",
        Snapshot,
        "All that the client may see, as it is now: at first, and whenever everything begins anew. It replaces "
        "everything before it.",
    ),
    EventKind("agent", MeOut, "I have changed, as in `/v1/me`. With `view=all`: this agent has."),
    EventKind("directory", DirectoryDelta, "Agents and groups that everybody sees have changed; batched."),
    EventKind(
        "offer.made", OfferEvent, "A call is offered to an agent, with a preview of its screen pop.", webhook=True
    ),
    EventKind("offer.ended", OfferEvent, "An offer has been answered, or is over without an answer.", webhook=True),
    EventKind("pop", PopEvent, "A call is an agent's now: its screen pop.", webhook=True),
    EventKind("call.updated", CallEvent, "A call has changed, or who hears whom in it.", webhook=True),
    EventKind(
        "call.ended",
        CallEvent,
        "A call is over. It comes once more when a note is added to it afterwards.",
        webhook=True,
    ),
    EventKind("transfer.updated", TransferEvent, "A transfer has begun, changed or ended.", webhook=True),
    EventKind("statistics", TodayOut, "Today's numbers have changed. Only with `view=all`; at most once a second."),
)

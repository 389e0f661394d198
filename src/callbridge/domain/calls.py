"""A call: the conversation, from the caller's arrival to the last party's end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callbridge.domain.ids import AgentId, CallId, ChannelId, GroupId, OfferId, PopId, TransferId
from callbridge.domain.settings import AgentTransferMode


class CallState(StrEnum):
    """Where a call is. The table in `routing.py` says what can happen in each."""

    WAITING = "waiting"
    """The caller hears music; the call waits for its destination."""
    OFFERING = "offering"
    """Still music; one agent has a pending offer and a ringing phone."""
    CONNECTING = "connecting"
    """The offer is accepted: the phone is being picked up, or the bridge is being made."""
    TALKING = "talking"
    """One bridge holds caller and agent."""
    MOVING = "moving"
    """A transfer is accepted: the caller is on the way from agent 1 to the music."""
    FALLING_BACK = "falling_back"
    """The caller is on the way to the dialplan's own fallback."""
    ENDING = "ending"
    """The conversation is over; channels are still being released."""
    ENDED = "ended"


class CallOutcome(StrEnum):
    HANDLED = "handled"
    """Caller and agent talked, and one of them hung up."""
    ABANDONED = "abandoned"
    """The caller hung up before talking to anybody, or while waiting for a transfer's target."""
    FALLBACK = "fallback"
    """The dialplan's own fallback has the caller."""
    LOST_SIGHT = "lost_sight"
    """The channel was gone after a time in which the PBX could not be seen, so the end is not known."""


class OfferKind(StrEnum):
    GROUP = "group"
    AGENT_SOFT = "agent_soft"
    AGENT_HARD = "agent_hard"
    RECALL = "recall"


class OfferState(StrEnum):
    PENDING = "pending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    """The caller hung up."""
    RESCINDED = "rescinded"
    """Taken back: the phone could not be reached, or the agent left."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    id: OfferId
    call: CallId
    agent: AgentId
    kind: OfferKind
    group: GroupId | None
    channel: ChannelId
    """The leg that rings the agent's phone."""
    made_at: float
    deadline: float
    """Epoch seconds at which the offer times out."""
    state: OfferState = OfferState.PENDING
    ended_at: float | None = None
    reason: str | None = None


class LegState(StrEnum):
    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    """Picked up, but not yet where it can be bridged."""
    HELD = "held"
    """In the legs' own holding bridge, in silence: ready to be bridged."""
    TALKING = "talking"
    """In a bridge with somebody."""


class LegRole(StrEnum):
    AGENT = "agent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One channel that callbridge originated for a call."""

    channel: ChannelId
    role: LegRole
    agent: AgentId
    state: LegState = LegState.DIALING
    name: str | None = None
    """Asterisk's channel name, once it is known."""
    made_at: float = 0.0
    releasing: bool = False
    """Told to hang up: what it still says does not matter any more."""


class DestinationKind(StrEnum):
    GROUP = "group"
    AGENT = "agent"
    PRESET = "preset"
    NUMBER = "number"


@dataclass(frozen=True, kw_only=True, slots=True)
class Destination:
    """Where a transfer should go, as it was asked for."""

    kind: DestinationKind
    value: str
    """The id of the group, agent or preset, or the number."""


class RouteKind(StrEnum):
    GROUP = "group"
    AGENT = "agent"
    RECALL = "recall"
    """Back to the agent whose transfer failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """Whom a waiting call waits for."""

    kind: RouteKind
    group: GroupId | None = None
    agent: AgentId | None = None
    mode: AgentTransferMode = AgentTransferMode.SOFT
    since: float = 0.0
    """Epoch seconds; the place in the queue."""
    deadline: float | None = None
    """Epoch seconds at which waiting for this destination ends."""


class TransferState(StrEnum):
    MOVING = "moving"
    """The caller is being taken from agent 1 to the music."""
    WAITING = "waiting"
    OFFERED = "offered"
    COMPLETED = "completed"
    """The target has call and pop."""
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSFER_ENDED = frozenset({TransferState.COMPLETED, TransferState.FAILED, TransferState.CANCELLED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    id: TransferId
    call: CallId
    by: AgentId
    destination: Destination
    mode: AgentTransferMode | None
    """Only for a destination that is an agent."""
    reason: str | None
    made_at: float
    state: TransferState = TransferState.MOVING
    ended_at: float | None = None
    failure: str | None = None
    """A stable code: `rejected`, `no_answer`, `unreachable`, `waited_too_long`, `caller_hung_up`, ..."""
    taken_by: AgentId | None = None

    @property
    def ended(self) -> bool:
        return self.state in TRANSFER_ENDED


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    at: float
    by: AgentId
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Pop:
    """The screen pop of one assignment of a call to one agent; a preview while the offer is pending."""

    id: PopId
    call: CallId
    agent: AgentId
    preview: bool
    at: float
    caller_number: str
    caller_name: str
    called: str
    group: GroupId | None
    data: Mapping[str, str]
    notes: tuple[Note, ...]
    transferred_by: AgentId | None
    transfer_reason: str | None
    crm_url: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Pause:
    """An agent who shall not be asked again for this call before `until` (epoch seconds)."""

    agent: AgentId
    until: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    id: CallId
    caller: ChannelId
    caller_channel: str
    """Asterisk's name of the caller's channel."""
    caller_number: str
    caller_name: str
    called: str
    group: GroupId
    """The group that the call came in to, or was last transferred to: where a returned call goes."""
    data: Mapping[str, str]
    arrived_at: float
    state: CallState
    route: Route
    notes: tuple[Note, ...] = ()
    agent: AgentId | None = None
    """Whose call it is."""
    offer: Offer | None = None
    """The offer under way, or the accepted one of the present agent."""
    legs: tuple[Leg, ...] = ()
    transfer: Transfer | None = None
    """The transfer under way or the last one."""
    pop: Pop | None = None
    """The pop of the present agent (or the preview of the present offer)."""
    pauses: tuple[Pause, ...] = ()
    deadline: float | None = None
    """Epoch seconds by which the PBX must have done what the present state waits for."""
    attempts: int = 0
    """How often the PBX was told to do what the present state waits for."""
    answered_at: float | None = None
    """When caller and an agent first talked."""
    ended_at: float | None = None
    outcome: CallOutcome | None = None
    legs_made: int = 0
    offers_made: int = 0
    pops_made: int = 0
    transfers_made: int = 0

    def leg(self, channel: ChannelId) -> Leg | None:
        return next((leg for leg in self.legs if leg.channel == channel), None)

    @property
    def agent_leg(self) -> Leg | None:
        """The leg of the present agent, or of the one who is offered the call."""
        if self.offer is None:
            return None
        leg = self.leg(self.offer.channel)
        return None if leg is None or leg.releasing else leg


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """One thing that happened or was decided, kept for good."""

    at: float
    call: CallId | None
    kind: str
    """Dotted and stable: `offer.made`, `offer.timed_out`, `transfer.refused`, `call.ended`, ..."""
    agent: AgentId | None = None
    detail: Mapping[str, object] = field(default_factory=dict)

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
    CONSULTING = "consulting"
    """The agent has the caller on hold, consults somebody, or confers: `Call.consult.stage` says which."""
    EXTERNAL = "external"
    """The caller talks with an external party to whom they were transferred after a consultation."""
    MOVING = "moving"
    """A transfer is accepted: the caller is on the way from agent 1 to the music."""
    FALLING_BACK = "falling_back"
    """The caller is on the way to the dialplan's own fallback."""
    ENDING = "ending"
    """The conversation is over; channels are still being released."""
    ENDED = "ended"
    """Nothing of it is left on the PBX."""


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
    """Of a call that waits for a group."""
    AGENT_SOFT = "agent_soft"
    """A transfer to this agent, made once they were available."""
    AGENT_HARD = "agent_hard"
    """A transfer to this agent, made at once."""
    RECALL = "recall"
    """The agent's own transfer failed: the caller is back."""
    CONSULT = "consult"
    """Somebody is asked to talk with the agent first."""


class OfferState(StrEnum):
    PENDING = "pending"
    """It waits for the agent's answer."""
    ACCEPTED = "accepted"
    """By button, or by picking up the phone."""
    REJECTED = "rejected"
    """By button, or by declining on the phone."""
    TIMED_OUT = "timed_out"
    """Nobody answered; the agent became busy."""
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
    """Of the agent whose call it is, or who is offered it."""
    TARGET = "target"
    """Of the one who is consulted."""
    FOURTH = "fourth"


@dataclass(frozen=True, kw_only=True, slots=True)
class Leg:
    """One channel that callbridge originated for a call."""

    channel: ChannelId
    role: LegRole
    agent: AgentId | None = None
    """None: an external party."""
    number: str | None = None
    """Of an external party, E.164."""
    state: LegState = LegState.DIALING
    name: str | None = None
    """Asterisk's channel name, once it is known."""
    made_at: float = 0.0
    deadline: float | None = None
    """Epoch seconds by which it must have been answered, where no offer's deadline says so."""
    muted: bool = False
    held: bool = False
    """In a conference: put on hold by the agent."""
    releasing: bool = False
    """Told to hang up: what it still says does not matter any more."""
    failed: bool = False
    """The PBX said that it came to nothing."""

    @property
    def never_came(self) -> bool:
        """It failed and was not seen to ring: its end with the cause follows in a moment, or never."""
        return self.failed and self.state is LegState.DIALING


class DestinationKind(StrEnum):
    GROUP = "group"
    """Its first available agent."""
    AGENT = "agent"
    """One agent."""
    PRESET = "preset"
    """A stored external number of a group."""
    NUMBER = "number"
    """An external number that was entered by hand."""


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


class TransferKind(StrEnum):
    UNSUPERVISED = "unsupervised"
    """The agent gives the call away at once (blind)."""
    SUPERVISED = "supervised"
    """The agent talks with the target first (attended)."""


class TransferState(StrEnum):
    MOVING = "moving"
    """The caller is being taken from agent 1 to the music."""
    WAITING = "waiting"
    """The caller hears music until the target is available."""
    OFFERED = "offered"
    """The target has the offer and does not answer yet."""
    DEFERRED = "deferred"
    """Supervised: the caller stays with agent 1 until the target is available."""
    RINGING = "ringing"
    """Supervised: the target is looked for, or their phone rings; the caller hears music."""
    CONSULTING = "consulting"
    """Supervised: agent 1 and the target have talked, and it is not decided yet."""
    COMPLETED = "completed"
    """The target has call and pop."""
    FAILED = "failed"
    """The target does not have the call; `failure` says why, and the caller went back."""
    CANCELLED = "cancelled"
    """The agent took it back."""


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
    kind: TransferKind = TransferKind.UNSUPERVISED
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
    why: str = "rejected_recently"
    """The code of the reason, as `eligibility.why_not` gives it."""


class Stage(StrEnum):
    """Where a consultation is; the table in `consulting.py` says what can happen in each."""

    HELD = "held"
    """No transfer: the caller hears music, the agent nothing."""
    RINGING = "ringing"
    """The target is looked for, or their phone rings. The caller hears music, agent 1 ringing."""
    CONSULTING = "consulting"
    """Agent 1 talks with the target; the caller hears music."""
    WITH_CALLER = "with_caller"
    """Agent 1 talks with the caller; the target hears music."""
    CONFERENCE = "conference"
    """All who are not held talk with one another."""
    COMPLETING = "completing"
    """Caller and target are being put together; agent 1 is released once they are."""
    RETURNING = "returning"
    """Caller and agent 1 are being put together again."""
    WITHOUT_CALLER = "without_caller"
    """The caller hung up; the others may finish their sentence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One move that the PBX is making for a call, at most one at a time."""

    verb: str
    """`bridge`, `join`, `apart`."""
    channel: ChannelId
    peer: ChannelId | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Doing:
    action: Action
    deadline: float
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Consult:
    """What is under way beside the conversation of caller and agent."""

    stage: Stage
    route: "Route | None" = None
    """Which agent is looked for."""
    offer: Offer | None = None
    """The offer to the target, pending or accepted."""
    pop: "Pop | None" = None
    """What the target is shown: a preview until the call is theirs."""
    settled: bool = False
    """Everybody has been seen where the stage wants them."""


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
    last_agent: AgentId | None = None
    """Who talked with the caller last, or does now."""
    offer: Offer | None = None
    """The offer under way, or the accepted one of the present agent."""
    legs: tuple[Leg, ...] = ()
    transfer: Transfer | None = None
    """The transfer under way or the last one."""
    pop: Pop | None = None
    """The pop of the present agent (or the preview of the present offer)."""
    consult: Consult | None = None
    doing: Doing | None = None
    moved: Doing | None = None
    """The last move that was ordered in this stage, with the time until which it is not ordered again by itself."""
    caller_held: bool = False
    """In a conference: the agent put the caller on hold."""
    caller_muted: bool = False
    recording: str = ""
    """The file that the dialplan records the call into, in Asterisk's monitor folder; empty: none."""
    consult_recorded: str = ""
    """The file of a private consultation of which the history knows."""
    consult_recording: ChannelId | None = None
    """The leg on which a private consultation is being recorded."""
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

    def party(self, role: LegRole) -> Leg | None:
        """The live leg in this role."""
        return next((leg for leg in self.legs if leg.role is role and not leg.releasing), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class HistoryEntry:
    """One thing that happened or was decided, kept for good."""

    at: float
    call: CallId | None
    kind: str
    """Dotted and stable: `offer.made`, `offer.timed_out`, `transfer.refused`, `call.ended`, ..."""
    agent: AgentId | None = None
    detail: Mapping[str, object] = field(default_factory=dict)

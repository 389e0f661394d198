"""Where a call shall go, and the transfer that takes it there."""

from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.model.causes import LegEnd
from callbridge.domain.model.ids import AgentId, CallId, GroupId, TransferId
from callbridge.domain.model.settings import AgentTransferMode


class DestinationKind(StrEnum):
    GROUP = "group"
    """Its first available agent."""
    AGENT = "agent"
    """One agent."""
    PRESET = "preset"
    """A stored external number of a group."""
    NUMBER = "number"
    """An external number that was entered by hand."""


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
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
    """Supervised: the caller stays with agent 1, or on hold, until the target is available."""
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


@dataclass(frozen=True, kw_only=True)
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
    """A stable code. Of a target outside: the `Reason` that `leg_end` has. Of an agent: `rejected`, `no_answer`,
    `unreachable`, `network_trouble`. Else `waited_too_long`, `caller_hung_up`, `target_hung_up`, ..."""
    leg_end: LegEnd | None = None
    """What the target's phone or network said, where it failed because they were not reached."""
    taken_by: AgentId | None = None

    @property
    def ended(self) -> bool:
        return self.state in TRANSFER_ENDED

"""What is under way beside the conversation of caller and agent."""

from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.offer import Offer, Pop
from callbridge.domain.model.transfer import Route


class Stage(StrEnum):
    """Where a consultation is; the table in `consult/table.py` says what can happen in each."""

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
    route: Route | None = None
    """Which agent is looked for."""
    offer: Offer | None = None
    """The offer to the target, pending or accepted."""
    pop: Pop | None = None
    """What the target is shown: a preview until the call is theirs."""
    settled: bool = False
    """Everybody has been seen where the stage wants them."""

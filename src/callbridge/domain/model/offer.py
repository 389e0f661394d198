"""Offers of a call to an agent, and what the agent is shown with one."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.model.causes import LegEnd
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, GroupId, OfferId, PopId


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


@dataclass(frozen=True, kw_only=True)
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
    """`button` or `phone` of one that was rejected; else a stable code of what took it back."""
    leg_end: LegEnd | None = None
    """What the phone said, where it was the phone."""


@dataclass(frozen=True, kw_only=True)
class Note:
    at: float
    by: AgentId
    text: str


@dataclass(frozen=True, kw_only=True)
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
    dropped_by: AgentId | None = None
    """Who picked the caller up and put them down at once, before anybody can have talked."""
    caller_withheld: bool = False
    """The caller does not want to be shown: number and name are empty, unless the administrator shows them."""
    caller_number_raw: str = ""
    """As the PBX said it."""


@dataclass(frozen=True, kw_only=True)
class Pause:
    """An agent who shall not be asked again for this call before `until` (epoch seconds)."""

    agent: AgentId
    until: float
    why: str = "rejected_recently"
    """The code of the reason, as `eligibility.why_not` gives it."""

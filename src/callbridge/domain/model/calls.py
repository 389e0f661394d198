"""A call: the conversation, from the caller's arrival to the last party's end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callbridge.domain.model.consult import Consult, Doing
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, GroupId
from callbridge.domain.model.legs import Leg, LegRole
from callbridge.domain.model.offer import Note, Offer, Pause, Pop
from callbridge.domain.model.records import replace
from callbridge.domain.model.transfer import Route, Transfer

MAX_NOTES = 200
"""Of one call; with a transfer's note the oldest goes."""


class CallState(StrEnum):
    """Where a call is. The table in `routing/table.py` says what can happen in each."""

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


@dataclass(frozen=True, kw_only=True)
class Missing:
    until: float
    """Epoch seconds at which the PBX is asked who is there."""
    certain: bool
    """Another channel has the place, unless it has gone too: only a snapshot can show it."""
    talked: bool = False
    """They were in a talk when their channel ended."""


@dataclass(frozen=True, kw_only=True)
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
    agents: tuple[AgentId, ...] = ()
    """Everybody whose call it has been while they talked with the caller, the first one first."""
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
    """The last move that was ordered, until it is seen to happen or to fail, and when it is waited for no more."""
    caller_held: bool = False
    """In a conference: the agent put the caller on hold."""
    caller_muted: bool = False
    muting: bool = False
    """Somebody is or was muted: an order about it may have been lost with the link, so it is said again then."""
    former: tuple[ChannelId, ...] = ()
    """Channels of this caller, or of those who called for them, whose place another one has taken."""
    missing: Missing | None = None
    """The caller's channel is gone, and whether another took its place is not known."""
    left_in_talk: bool = False
    """The caller is gone, and was in a talk when they went, whatever has become of it before that was known."""
    adopted: float | None = None
    """The caller's channel was ordered to become ours, and may be on the way to it until then (epoch seconds)."""
    adoptions: int = 0
    """How often this channel was ordered to become ours."""
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
    sent_at: float | None = None
    """Epoch seconds at which the caller was last sent to the music by a transfer."""
    least_talk_until: float | None = None
    """Epoch seconds before which the agent who has just picked up cannot have talked with the caller."""
    dropped_by: AgentId | None = None
    """Who picked up last and put down at once, before anybody can have talked; the next pop says so."""
    answered_at: float | None = None
    """When caller and an agent first talked."""
    ended_at: float | None = None
    outcome: CallOutcome | None = None
    legs_made: int = 0
    offers_made: int = 0
    pops_made: int = 0
    transfers_made: int = 0
    sequence: int = 0
    """Rises with each event of the call, and with each change of it that is saved: the higher, the newer."""
    caller_withheld: bool = False
    """The caller does not want to be shown: number and name are empty, unless the administrator shows them."""
    caller_number_raw: str = ""
    """The number as the PBX said it."""
    changed_at: float = 0.0
    """Epoch seconds, to the millisecond, of the last `sequence`; later than that of any before it."""

    def leg(self, channel: ChannelId) -> Leg | None:
        return next((leg for leg in self.legs if leg.channel == channel), None)

    @property
    def agent_leg(self) -> Leg | None:
        """The leg of the present agent, or of the one who is offered the call."""
        if self.offer is None:
            return None
        leg = self.leg(self.offer.channel)
        return None if leg is None or leg.releasing else leg

    @property
    def may_be_muted(self) -> bool:
        """Whether the PBX may keep somebody of it muted."""
        return self.muting or self.caller_muted or any(leg.muted for leg in self.legs)

    def talked_by(self, agent: AgentId | None) -> "Call":
        """The same call, of which it is noted that this agent talks with the caller as theirs; None: nobody does."""
        if agent is None:
            return replace(self, last_agent=None)
        agents = self.agents if agent in self.agents else (*self.agents, agent)
        return replace(self, last_agent=agent, agents=agents)

    def was_of(self, agent: AgentId) -> bool:
        """Whether it is or ever was this agent's call."""
        by = self.transfer.by if self.transfer is not None else None
        return agent in (self.agent, self.last_agent, by, *self.agents)

    def party(self, role: LegRole) -> Leg | None:
        """The live leg in this role."""
        return next((leg for leg in self.legs if leg.role is role and not leg.releasing), None)


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """One thing that happened or was decided, kept for good."""

    at: float
    call: CallId | None
    kind: str
    """Dotted and stable: `offer.made`, `offer.timed_out`, `transfer.refused`, `call.ended`, ..."""
    agent: AgentId | None = None
    detail: Mapping[str, object] = field(default_factory=dict)

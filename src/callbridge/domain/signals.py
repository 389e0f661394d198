"""What comes in: facts from the PBX, requests of people and programs, answers of the store, the time.

A fact can come late, twice, or after it is no longer true; whoever handles one must be able to see it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.agents import PhoneState, Presence
from callbridge.domain.calls import Destination
from callbridge.domain.ids import AgentId, BridgeId, CallId, ChannelId, OfferId, RequestId, TransferId
from callbridge.domain.settings import AgentTransferMode, Settings

# ---------------------------------------------------------------- facts from the PBX


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelVariables:
    """callbridge's own channel variables, set by its dialplan and by its Originate."""

    role: str = ""
    """`caller`, `agent`, or `fallback` once the dialplan's own fallback has the caller."""
    call: str = ""
    group: str = ""
    called: str = ""
    data: str = ""
    """Attached data as a URL query string."""
    after: str = ""
    """`hold` or `hangup`: what the dialplan does with the caller when a bridge ends."""
    record: str = ""
    """The file into which the dialplan records the caller's leg; empty: it does not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelFact:
    """One channel, as an event or a snapshot shows it."""

    channel: ChannelId
    name: str
    answered: bool
    ringing: bool
    caller_number: str
    caller_name: str
    bridge: BridgeId | None
    holding: bool
    """The bridge is one of callbridge's holding bridges: music for callers, silence for legs."""
    variables: ChannelVariables


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelEntered:
    """A channel is in a bridge now."""

    fact: ChannelFact


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelLeft:
    """A channel left a bridge. It may be on the way to another one."""

    channel: ChannelId
    bridge: BridgeId


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelRinging:
    channel: ChannelId
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelAnswered:
    channel: ChannelId
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelGone:
    channel: ChannelId
    cause: int
    """Q.850 cause as Asterisk's Hangup event gives it; 0 where none is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginateFailed:
    """The leg came to nothing. The cause is in the `ChannelGone` that follows, or there never was a channel."""

    channel: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class PhoneChanged:
    phone: str
    state: PhoneState


@dataclass(frozen=True, kw_only=True, slots=True)
class PbxSeen:
    """A snapshot: all that is on the PBX at this moment. Comes after every login, and when asked for."""

    channels: tuple[ChannelFact, ...]
    phones: Mapping[str, PhoneState]
    taken_at: float
    """Epoch seconds at which it was asked for: it cannot show what was ordered since."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PbxLost:
    """The PBX cannot be seen or told anything until the next `PbxSeen`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ActionFailed:
    """The PBX refused or did not answer an action on a channel of this call."""

    call: CallId
    action: str
    """The name of the effect: `Bridge`, `Hold`, `ToFallback`, `Originate`."""
    channel: ChannelId
    reason: str
    refused: bool = True
    """The PBX said no. False: it did not answer, or the action could not be sent; that is nobody's phone's fault."""


PbxFact = (
    ChannelEntered
    | ChannelLeft
    | ChannelRinging
    | ChannelAnswered
    | ChannelGone
    | OriginateFailed
    | PhoneChanged
    | PbxSeen
    | PbxLost
    | ActionFailed
)

# ---------------------------------------------------------------- requests


@dataclass(frozen=True, kw_only=True, slots=True)
class LogIn:
    request: RequestId
    agent: AgentId


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOut:
    request: RequestId
    agent: AgentId


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPresence:
    """Become available or busy. Ends wrap-up, and answers "you were set to Busy"."""

    request: RequestId
    agent: AgentId
    presence: Presence
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptOffer:
    request: RequestId
    agent: AgentId
    offer: OfferId


@dataclass(frozen=True, kw_only=True, slots=True)
class RejectOffer:
    request: RequestId
    agent: AgentId
    offer: OfferId


@dataclass(frozen=True, kw_only=True, slots=True)
class EndCall:
    """The agent ends the conversation from the page: as if they had put the phone down."""

    request: RequestId
    agent: AgentId
    call: CallId


@dataclass(frozen=True, kw_only=True, slots=True)
class AddNote:
    request: RequestId
    agent: AgentId
    call: CallId
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestTransfer:
    """A transfer of the call that the agent has."""

    request: RequestId
    agent: AgentId
    call: CallId
    destination: Destination
    """A number is in E.164 already, or as it was typed where `number_problem` is set."""
    supervised: bool = False
    deferred: bool = False
    """Supervised: where the target is not available, wait for them with the caller, and start then."""
    number_problem: str | None = None
    """Why the typed number may not be dialled whatever the rules say: `invalid`, `emergency`, `premium`."""
    mode: AgentTransferMode | None = None
    reason: str | None = None
    note: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class CancelTransfer:
    """Agent 1 wants the caller back while nobody has taken the call yet."""

    request: RequestId
    agent: AgentId
    transfer: TransferId


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldCall:
    """The caller hears music, without any transfer."""

    request: RequestId
    agent: AgentId
    call: CallId


@dataclass(frozen=True, kw_only=True, slots=True)
class ResumeCall:
    """Back to the caller; another call of the agent that is not on hold then is put there."""

    request: RequestId
    agent: AgentId
    call: CallId


@dataclass(frozen=True, kw_only=True, slots=True)
class RingAgain:
    """The agent's phone has lost this call, and can be rung for it again: a page that was reloaded."""

    request: RequestId
    agent: AgentId
    call: CallId


class Verb(StrEnum):
    """What a transferer does in a supervised transfer."""

    ALTERNATE = "alternate"
    MERGE = "merge"
    COMPLETE = "complete"
    LEAVE = "leave"


@dataclass(frozen=True, kw_only=True, slots=True)
class DoTransfer:
    request: RequestId
    agent: AgentId
    transfer: TransferId
    verb: Verb


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFourth:
    """Enter a fourth party's number and press Call."""

    request: RequestId
    agent: AgentId
    call: CallId
    number: str
    number_problem: str | None = None


class PartyVerb(StrEnum):
    MUTE = "mute"
    UNMUTE = "unmute"
    HOLD = "hold"
    RESUME = "resume"
    DROP = "drop"


@dataclass(frozen=True, kw_only=True, slots=True)
class DoParty:
    """Mute, hold or drop one party of a conference."""

    request: RequestId
    agent: AgentId
    call: CallId
    channel: ChannelId
    verb: PartyVerb


CallRequest = EndCall | AddNote | RequestTransfer | HoldCall | ResumeCall | RingAgain | CallFourth | DoParty
"""By the agent whose call it is, or who is consulted in it."""
Request = LogIn | LogOut | SetPresence | AcceptOffer | RejectOffer | CallRequest | CancelTransfer | DoTransfer

# ---------------------------------------------------------------- the store's answers, settings, time


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """The store gave this agent to this offer, and to no other."""

    call: CallId
    offer: OfferId
    agent: AgentId


@dataclass(frozen=True, kw_only=True, slots=True)
class NobodyFree:
    call: CallId
    offer: OfferId


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """New settings; calls under way go on."""

    settings: Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A deadline may have passed."""


Signal = PbxFact | Request | Reserved | NobodyFree | Configured | Tick

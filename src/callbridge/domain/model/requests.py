"""What people and programs ask for."""

from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import Call
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, OfferId, RequestId, TransferId
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.transfer import Destination


@dataclass(frozen=True, kw_only=True, slots=True)
class LogIn:
    request: RequestId
    agent: AgentId


@dataclass(frozen=True, kw_only=True, slots=True)
class LogOut:
    request: RequestId
    agent: AgentId
    by: str | None = None
    """Who asks, as people call them, where it is not the agent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetPresence:
    """Become available or busy. Ends wrap-up, and answers "you were set to Busy"."""

    request: RequestId
    agent: AgentId
    presence: Presence
    reason: str | None = None
    by: str | None = None
    """Who asks, as people call them, where it is not the agent."""


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
    stored: Call | None = None
    """The call as the store has it, where it ended longer ago than the engine remembers."""


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

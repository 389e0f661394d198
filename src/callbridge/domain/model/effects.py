"""What goes out: what the PBX, the store and the clients shall be told. Data, performed by the runtime.

Order of performing: the store's effects first, in one transaction; then the PBX's; then the pushes and
replies. A crash in between repeats some of them, so each must be harmless when performed again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import Call, HistoryEntry
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, OfferId, RequestId
from callbridge.domain.model.offer import Offer, Pop

# ---------------------------------------------------------------- the PBX


ORIGINATE_MARGIN = 10.0
"""Seconds by which the PBX's own time limit of a ringing leg lies behind all of ours."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Originate:
    """Ring an agent's phone; when it answers, the leg waits in silence in `callbridge-leg`."""

    call: CallId
    channel: ChannelId
    phone: str
    """What is dialled: `PJSIP/anna`, or the configured trunk with a checked number."""
    external: bool = False
    caller_number: str
    caller_name: str
    caller_withheld: bool = False
    """Nobody is shown, and the phone is told that this is so."""
    timeout: float
    """Seconds. Longer than the offer's, whose own deadline decides; this one is for a gateway that died."""
    hear: str = "silence"
    """What the leg hears in its waiting room, as `SetHear` says it."""
    named: bool = False
    """Whether the phone is told the call's id: by it a page knows for which of its calls it is rung."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bridge:
    """Put these two into one bridge, wherever each is now."""

    call: CallId
    channel: ChannelId
    """The caller, or in a talk without them the agent's leg."""
    channel_name: str = ""
    """Its name, which tells a Local channel from others; nothing is done to a name."""
    peer: ChannelId
    record: str = ""
    """The file into which the first of the two is recorded from now on, after what it holds; empty: none.

    A recording hangs on its channel and so goes on by itself; it is begun anew with each talk because on Debian's
    Asterisk it can go deaf when the voice that the channel hears becomes another's, see asterisk/README.md.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """Send the caller to the music. Whoever was in the bridge with them falls into their own dialplan."""

    call: CallId
    channel: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class ToFallback:
    """Send the caller to the dialplan's own fallback."""

    call: CallId
    channel: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class Park:
    """Send a leg to the legs' own waiting room."""

    call: CallId
    channel: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """Put a channel into the bridge in which the peer is: three and more."""

    call: CallId
    channel: ChannelId
    peer: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class Adopt:
    """Make a channel ours that came into a talk in the caller's place, and still runs the site's own dialplan.

    It gets the call's variables, and comes back at once into a talk with the same people, by our dialplan.
    """

    call: CallId
    channel: ChannelId
    peer: ChannelId
    several: bool
    """More than one talk with the caller: it joins their bridge. Otherwise it is put together with the one."""
    group: str
    called: str
    data: str
    """Attached data as a URL query string."""
    after: str
    """As in `SetAfter`."""
    record: str
    """As in `Bridge`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Introduce:
    """Tell the dialplan of a channel that came in the caller's place which call it is in now.

    So whoever takes its place in turn, and a gateway that is started again, know it too; and the fallback finds the
    call's group.
    """

    call: CallId
    channel: ChannelId
    group: str
    called: str
    data: str
    """Attached data as a URL query string."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SetHear:
    """What a leg hears in its waiting room: `silence`, `ringing` or `music`. Before it goes there."""

    call: CallId
    channel: ChannelId
    hear: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """Let a leg that waits, and hears ringing, hear what another one says before it is answered.

    The dialplan does it for as long as the other one is there and unanswered; a move takes the leg out of it.
    """

    call: CallId
    channel: ChannelId
    to: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """Whether the others hear this party."""

    call: CallId
    channel: ChannelId
    on: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StopRecording:
    """A consultation is no longer private: the leg is recorded no more."""

    call: CallId
    channel: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class SetAfter:
    """Tell the dialplan what to do with the caller when the bridge ends: right also without a gateway."""

    call: CallId
    channel: ChannelId
    after: str
    """`hold` or `hangup`."""
    turn: str = ""
    """`hangup` is for the talk into which the caller was fetched from this turn; any later one is not meant."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hangup:
    call: CallId
    channel: ChannelId


@dataclass(frozen=True, kw_only=True, slots=True)
class LookAgain:
    """Take a snapshot: something expected did not come, or something unexpected did."""

    why: str


_Move = Adopt | Originate | Bridge | Hold | Park | Join | ToFallback
ChannelEffect = _Move | Introduce | SetAfter | SetHear | Listen | Mute | StopRecording | Hangup
"""Each is one verb on a channel of a call."""
PbxEffect = ChannelEffect | LookAgain

# ---------------------------------------------------------------- the store


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveCall:
    call: Call


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveAgent:
    agent: Agent


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserve:
    """Answered by `Reserved` or `NobodyFree`: the first candidate with no pending offer and a free place.

    One SQL statement arbitrates, so two offers never win one agent, also with several gateways.
    """

    call: CallId
    offer: OfferId
    candidates: tuple[AgentId, ...]
    """In the order in which they shall be asked."""
    max_sessions: Mapping[AgentId, int]
    """How many calls each candidate may have, this one included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfirmReservation:
    """The offer was accepted: it occupies one of the agent's places until it is released."""

    offer: OfferId


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseReservation:
    offer: OfferId


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    entry: HistoryEntry


StoreEffect = SaveCall | SaveAgent | Reserve | ConfirmReservation | ReleaseReservation | Record

# ---------------------------------------------------------------- clients


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishAgent:
    """Somebody's state changed: everybody with a directory wants to know."""

    agent: Agent


@dataclass(frozen=True, kw_only=True, slots=True)
class PublishCall:
    """A call changed: for those whose call it is or was, or who have an offer of it."""

    call: Call
    to: frozenset[AgentId]
    kind: str
    """`offer.made`, `offer.ended`, `pop`, `call.updated`, `call.ended`, `transfer.updated`."""
    offer: Offer | None = None
    """Which offer, where it is not the call's own: a consultation's."""
    pop: Pop | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The answer to a request."""

    request: RequestId
    ok: bool
    code: str = ""
    """Stable code of a refusal, as the API's errors carry it."""
    detail: str = ""
    """A sentence that says what to do."""
    result: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Anomaly:
    """Something that the tables say cannot happen. Logged and counted, never silence."""

    what: str
    call: CallId | None = None


ClientEffect = PublishAgent | PublishCall | Reply | Anomaly

Effect = PbxEffect | StoreEffect | ClientEffect

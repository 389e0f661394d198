"""What the PBX shows. A fact can come late, twice, or after it is no longer true."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.ids import BridgeId, CallId, ChannelId
from callbridge.domain.model.legs import PhoneHold


@dataclass(frozen=True, kw_only=True)
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
    turn: str = ""
    """How often the caller began to wait: the number of the dialplan's turn from which they were last fetched."""
    record: str = ""
    """The file into which the dialplan records the caller's leg; empty: it does not."""
    caller: str = ""
    """Who is on the channel of a call-back: the number that the PBX dialled. Empty: whoever calls."""


@dataclass(frozen=True, kw_only=True)
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
    """The bridge is one of callbridge's holding bridges: music for callers, silence for legs; or stands for one."""
    variables: ChannelVariables
    from_talk: bool = False
    """It has left a talk, and was not seen anywhere since."""
    caller_withheld: bool = False
    """The caller does not want to be shown. False too where the PBX does not say it."""
    listens: bool = False
    """Of a leg that waits: it hears what another one says before it is answered, see `Listen`."""


@dataclass(frozen=True, kw_only=True)
class ChannelEntered:
    """A channel is in a bridge now."""

    fact: ChannelFact


@dataclass(frozen=True, kw_only=True)
class ChannelReplaced:
    """A channel is in a bridge now in the place of another one, which left it for that (Asterisk's swap)."""

    old: ChannelId
    fact: ChannelFact


@dataclass(frozen=True, kw_only=True)
class ChannelLeft:
    """A channel left a bridge. It may be on the way to another one."""

    channel: ChannelId
    bridge: BridgeId


@dataclass(frozen=True, kw_only=True)
class ChannelRinging:
    channel: ChannelId
    name: str


@dataclass(frozen=True, kw_only=True)
class ChannelAnswered:
    channel: ChannelId
    name: str


@dataclass(frozen=True, kw_only=True)
class ChannelGone:
    channel: ChannelId
    cause: int
    """Q.850 cause as Asterisk's Hangup event gives it; 0 where none is known."""
    sip_status: int | None = None
    """Of the answer that ended it, where it was never picked up; None where the PBX does not tell."""
    elsewhere: bool = False
    """It ended in another's place of the dialplan: what it did in ours another channel goes on with (masquerade)."""


@dataclass(frozen=True, kw_only=True)
class EarlySound:
    """A leg that is not answered sends sound: the network's announcement, or its own ringing."""

    channel: ChannelId


@dataclass(frozen=True, kw_only=True)
class ListenerHungUp:
    """A phone put down while its leg listened to another one. Its `ChannelGone` comes only once that one makes sound
    again, or is gone: until then the PBX keeps the channel.
    """

    channel: ChannelId
    cause: int
    """As in `ChannelGone`."""


@dataclass(frozen=True, kw_only=True)
class OriginateFailed:
    """The leg came to nothing. The cause is in the `ChannelGone` that follows, or there never was a channel."""

    channel: ChannelId


@dataclass(frozen=True, kw_only=True)
class PhoneHolds:
    """The phone's own hold key, pressed or pressed again."""

    channel: ChannelId
    on: bool
    answered: bool
    """False: it was in the answer itself, which a browser's phone writes like one that holds."""


@dataclass(frozen=True, kw_only=True)
class PhoneChanged:
    phone: str
    state: PhoneState


@dataclass(frozen=True, kw_only=True)
class PbxSeen:
    """A snapshot: all that is on the PBX at this moment. Comes after every login, and when asked for."""

    channels: tuple[ChannelFact, ...]
    phones: Mapping[str, PhoneState]
    taken_at: float
    """Epoch seconds at which it was asked for: it cannot show what was ordered since."""
    unclear: frozenset[ChannelId] = frozenset()
    """Channels that it does not show and that are not known to be gone either: somebody tore the list."""
    holding: Mapping[ChannelId, PhoneHold] = field(default_factory=dict)
    """Legs whose phones were asked whether they hold; of the others is true what was known."""


@dataclass(frozen=True, kw_only=True)
class PbxLost:
    """The PBX cannot be seen or told anything until the next `PbxSeen`."""


@dataclass(frozen=True, kw_only=True)
class PbxSilent:
    """Something was asked, and for some seconds nothing has been heard: what was ordered may happen later, at once.

    Until the next `PbxSeen`, or `PbxLost`. Facts that come before that are true.
    """


@dataclass(frozen=True, kw_only=True)
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
    | ChannelReplaced
    | ChannelLeft
    | ChannelRinging
    | ChannelAnswered
    | ChannelGone
    | EarlySound
    | ListenerHungUp
    | OriginateFailed
    | PhoneHolds
    | PhoneChanged
    | PbxSeen
    | PbxLost
    | PbxSilent
    | ActionFailed
)

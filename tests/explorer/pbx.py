"""The PBX: channels, bridges, and a queue of facts for each channel.

Like `tests/domain/simulation.py` it follows asterisk/extensions-callbridge.conf, but nothing happens by itself: facts
are delivered one by one, in any order between channels. In slow mode a channel that leaves a bridge is also on the way
for a while, before it arrives where the dialplan sends it.
"""

from typing import NamedTuple

from callbridge.domain.model.causes import DIED
from callbridge.domain.model.effects import (
    Adopt,
    Bridge,
    Effect,
    Hangup,
    Hold,
    Introduce,
    Join,
    Listen,
    Mute,
    Originate,
    Park,
    SetAfter,
    SetHear,
    ToFallback,
)
from callbridge.domain.model.facts import ChannelFact, ChannelVariables, PbxSeen
from callbridge.domain.model.ids import BridgeId, CallId, ChannelId, arrival_of
from callbridge.domain.model.legs import PhoneHold

HOLD, LEGS, HANGUP = BridgeId("hold"), BridgeId("legs"), BridgeId("hang up")
EARLY = BridgeId("early")
"""Where a leg hears what another one says before it is answered. No bridge: nobody is told who leaves it."""
ROOMS = (HOLD, LEGS, EARLY, None)
"""Where nobody talks."""
REFUSABLE = (Adopt, Originate, Bridge, Hold, ToFallback, Join, Park, Listen)
ON_CHANNEL = (*REFUSABLE, Introduce, SetAfter, SetHear, Mute, Hangup)
ARRIVES = "arrives"
"""In a queue: not a fact, but the channel's arrival at the place to which it is on the way."""


class Violation(Exception):
    """A rule is broken; the text says which."""


def successor(channel: ChannelId) -> ChannelId:
    """The name of the channel that takes this one's place."""
    return ChannelId(f"{channel}'")


class Channel(NamedTuple):
    id: ChannelId
    role: str
    call: CallId
    group: str = ""
    after: str = "hold"
    bridge: BridgeId | None = None
    answered: bool = False
    ringing: bool = False
    turn: int = 0
    """Of a caller: how often they began to wait, named like bridges."""
    muted: bool = False
    """Nobody hears them."""
    holds: bool = False
    """The phone's own hold key: it neither hears nor is heard."""
    reads_held: bool = False
    """The answer had no address of its own, as web phones': the PBX says hold, and sound flows all the same."""
    consoled: bool = False
    """The PBX plays music to them, since the one with whom they are in a bridge of two pressed hold there."""
    hear: str = "silence"
    hears: str = "silence"
    """A leg in its waiting room: what `hear` was when it went there."""
    early: bool = False
    """Sound comes from it before it is answered."""
    listens_to: ChannelId | None = None
    """A leg: whom it was told to listen to."""

    def fact(self) -> ChannelFact:
        return ChannelFact(
            channel=self.id,
            name=self.id,
            answered=self.answered,
            ringing=self.ringing,
            caller_number="+4930111",
            caller_name="Caller",
            bridge=self.bridge,
            holding=self.bridge is HOLD or self.bridge is LEGS or self.bridge is EARLY,
            listens=self.bridge is EARLY,
            variables=ChannelVariables(
                role=self.role,
                call=self.call,
                group=self.group,
                called="100",
                after=self.after,
                turn=str(self.turn) if self.turn else "",
            ),
        )


def _holding(channel: Channel) -> PhoneHold:
    """What the PBX answers of a phone: it knows what was so from the answer on, and cannot tell more then."""
    if channel.reads_held:
        return PhoneHold.UNCLEAR
    return PhoneHold.YES if channel.holds else PhoneHold.NO


def _bridge_of(kind: str, what: object) -> BridgeId | None:
    """Which bridge a fact under way speaks of."""
    match kind:
        case "entered":
            return what.bridge  # type: ignore[attr-defined,no-any-return]
        case "replaced":
            return what[1].bridge  # type: ignore[index,no-any-return]
        case _:
            return what  # type: ignore[return-value]


Queued = tuple[str, object]
"""A fact under way, or an arrival: its kind, and what it carries."""


class Pbx:
    """Changed in place; `Node` copies it."""

    __slots__ = ("channels", "cut_off", "look", "now", "queues", "slow")

    def __init__(self, *, slow: bool) -> None:
        self.slow = slow
        self.now = 1000.0
        self.channels: dict[ChannelId, Channel] = {}
        self.queues: dict[str, tuple[Queued, ...]] = {}
        self.look: tuple[float, PbxSeen | None] | None = None
        """A snapshot was asked for at this time; and the snapshot, once it is taken but not delivered."""
        self.cut_off = False
        """Nobody can be told anything."""

    # ------------------------------------------------------------ what it is told to do

    def perform(self, effect: Effect) -> None:
        match effect:
            case Originate(channel=channel):
                if channel not in self.channels:
                    role = "external" if effect.external else "agent"
                    self.channels[channel] = Channel(channel, role, effect.call, ringing=True, hear=effect.hear)
                    self.queue(channel, "ringing", None)
            case Bridge(channel=caller, peer=leg):
                if caller in self.channels and leg in self.channels:
                    bridge = self._new_bridge()
                    self.enter(caller, bridge)
                    self.enter(leg, bridge)
            case Adopt(channel=channel, peer=peer):
                self._adopt(effect)
            case Introduce(channel=channel):
                if channel in self.channels:
                    call = CallId(arrival_of(effect.call))
                    self.channels[channel] = self.channels[channel]._replace(call=call, group=effect.group)
            case Hold(channel=channel):
                self._own(channel)
                self.send(channel, HOLD)
            case Park(channel=channel):
                self.send(channel, LEGS)
            case Join(channel=channel, peer=peer):
                self.join(channel, peer)
            case ToFallback(channel=channel):
                self.to_fallback(channel)
            case SetAfter(channel=channel):
                self._set_after(effect)
            case Listen(channel=channel, to=to):
                if channel in self.channels:
                    self.channels[channel] = self.channels[channel]._replace(listens_to=to)
                    self.send(channel, LEGS)
            case Mute(channel=channel, on=on):
                if channel in self.channels:
                    self.channels[channel] = self.channels[channel]._replace(muted=on)
            case SetHear(channel=channel, hear=hear):
                if channel in self.channels:
                    self.channels[channel] = self.channels[channel]._replace(hear=hear)
            case Hangup(channel=channel):
                self.hang_up(channel)

    def _set_after(self, effect: SetAfter) -> None:
        """As the dialplan has it: an order for a round that is over keeps the caller."""
        channel = self.channels.get(effect.channel)
        if channel is not None:
            ends = effect.after == "hangup" and effect.turn == str(channel.turn)
            self.channels[channel.id] = channel._replace(after="hangup" if ends else "hold")

    def queue(self, name: str, kind: str, what: object) -> None:
        if kind != ARRIVES and self.cut_off:
            return
        self.queues[name] = (*self.queues.get(name, ()), (kind, what))

    def spoken_of(self) -> set[BridgeId | None]:
        """Bridges of which somebody outside still knows."""
        return set()

    def turns_spoken_of(self, channel: ChannelId) -> set[str]:
        """Rounds of this caller of which somebody outside still knows."""
        return set()

    def _new_turn(self, channel: Channel) -> int:
        """As with bridges: a number that nobody still speaks of."""
        if channel.role != "caller":
            return 0
        used = self.turns_spoken_of(channel.id) | {str(channel.turn)}
        used |= {str(what.turn) for kind, what in self.queues.get(channel.id, ()) if kind == "entered"}  # type: ignore[attr-defined]
        if self.look is not None and self.look[1] is not None:
            used |= {fact.variables.turn for fact in self.look[1].channels if fact.channel == channel.id}
        return next(number for number in range(1, 100) if str(number) not in used)

    def _new_bridge(self) -> BridgeId:
        """A name that nobody still speaks of: the PBX never uses one again, and nobody can tell."""
        used = {channel.bridge for channel in self.channels.values()}
        used |= self.spoken_of()
        used |= {_bridge_of(kind, what) for q in self.queues.values() for kind, what in q}
        if self.look is not None and self.look[1] is not None:
            used |= {fact.bridge for fact in self.look[1].channels}
        number = 1
        while f"b{number}" in used:
            number += 1
        return BridgeId(f"b{number}")

    # ------------------------------------------------------------ the PBX

    def enter(self, channel_id: ChannelId, bridge: BridgeId) -> None:
        channel = self.channels.get(channel_id)
        if channel is None:
            return
        if bridge is LEGS and channel.hear == "ringing" and self._speaks(channel.listens_to):
            bridge = EARLY
        if channel.bridge != bridge:
            self.leave(channel_id)
        hears = channel.hear if bridge is LEGS else channel.hears
        channel = self.channels[channel_id]._replace(bridge=bridge, hears=hears, consoled=False)
        if bridge is HOLD:
            channel = channel._replace(after="hold", turn=self._new_turn(channel))
        self.channels[channel_id] = channel
        self.queue(channel_id, "entered", channel)
        if bridge not in ROOMS:
            self._mixed_anew(bridge)

    def _speaks(self, channel_id: ChannelId | None) -> bool:
        channel = self.channels.get(channel_id) if channel_id is not None else None
        return channel is not None and not channel.answered

    def leave(self, channel_id: ChannelId, *, died: bool = False) -> None:
        """Out of the bridge, and no longer on the way anywhere; who is left alone falls into their own dialplan.

        `died`: this was a phone that died rather than hung up; then the dialplan keeps a caller in any case.
        """
        queue = self.queues.get(channel_id, ())
        if any(kind == ARRIVES for kind, _ in queue):
            kept = tuple(each for each in queue if each[0] != ARRIVES)
            if kept:
                self.queues[channel_id] = kept
            else:
                del self.queues[channel_id]
        channel = self.channels.get(channel_id)
        if channel is None or channel.bridge is None:
            return
        bridge = channel.bridge
        self.channels[channel_id] = channel._replace(bridge=None, consoled=False)
        if bridge is not EARLY:
            self.queue(channel_id, "left", bridge)
        others = [each for each in self.channels.values() if each.bridge == bridge]
        if bridge not in ROOMS and len(others) == 1:
            alone = others[0]
            self.channels[alone.id] = alone._replace(bridge=None, consoled=False)
            self.queue(alone.id, "left", bridge)
            self._home(alone, died=died)

    def _mixed_anew(self, bridge: BridgeId) -> None:
        """A bridge of two that becomes one of three, or is new, knows nothing of who pressed hold before."""
        for each in list(self.channels.values()):
            if each.bridge == bridge and each.consoled:
                self.channels[each.id] = each._replace(consoled=False)

    def hold_key(self, channel_id: ChannelId, *, on: bool) -> None:
        """In a bridge of two the other hears music, in one of more nobody is told; in none it is only known."""
        channel = self.channels[channel_id] = self.channels[channel_id]._replace(holds=on)
        self.queue(channel_id, "holds", on)
        others = [each for each in self.channels.values() if each.bridge == channel.bridge and each.id != channel_id]
        if channel.bridge not in ROOMS and len(others) == 1:
            self.channels[others[0].id] = others[0]._replace(consoled=on)

    def _home(self, channel: Channel, *, died: bool) -> None:
        if channel.role == "":
            self.hang_up(channel.id)  # by the site's own dialplan
        elif channel.role == "caller":
            self.send(channel.id, HANGUP if channel.after == "hangup" and not died else HOLD)
        elif channel.role != "fallback":
            self.send(channel.id, LEGS)

    def send(self, channel_id: ChannelId, place: BridgeId) -> None:
        """By the dialplan: at once, or on the way for a while."""
        if channel_id not in self.channels:
            return
        self.leave(channel_id)
        if self.slow:
            self.queue(channel_id, ARRIVES, place)
        else:
            self.arrive_at(channel_id, place)

    def arrive_at(self, channel_id: ChannelId, place: BridgeId) -> None:
        if place is HANGUP:
            self.hang_up(channel_id)
        elif place in (HOLD, LEGS):
            self.enter(channel_id, place)
        else:
            self._join_now(channel_id, ChannelId(place))

    def join(self, channel_id: ChannelId, peer: ChannelId) -> None:
        """Like `send`; the place is the peer."""
        if peer == channel_id:
            raise Violation(f"{peer} shall join themselves")
        self.send(channel_id, BridgeId(peer))

    def _join_now(self, channel_id: ChannelId, peer_id: ChannelId) -> None:
        peer, channel = self.channels.get(peer_id), self.channels[channel_id]
        if peer is not None and peer.bridge not in ROOMS:
            assert peer.bridge is not None
            self.enter(channel_id, peer.bridge)
        else:
            self.enter(channel_id, HOLD if channel.role == "caller" else LEGS)

    def turn_ends(self, channel_id: ChannelId) -> None:
        """A turn in the waiting room is over by its timer: the dialplan begins the next one."""
        channel = self.channels[channel_id]
        if channel.after == "hangup":
            raise Violation(f"the turn of {channel_id} ended by its timer, and the dialplan hangs up")
        assert channel.bridge is not None
        self.send(channel_id, channel.bridge)

    # ------------------------------------------------------------ one channel in another's place

    def replace(self, old: ChannelId) -> None:
        """In a bridge the new one is a stranger, with the site's dialplan; else it has all that the old one had."""
        before = self.channels.pop(old)
        new = before._replace(id=successor(old))
        if before.bridge in ROOMS:
            ways = tuple(each for each in self.queues.get(old, ()) if each[0] == ARRIVES)
            if ways:
                self.queues[old] = tuple(each for each in self.queues[old] if each[0] != ARRIVES)
                self.queues = {name: queue for name, queue in self.queues.items() if queue}
                self.queues[new.id] = (*self.queues.get(new.id, ()), *ways)
            self.channels[new.id] = new
            self.queue(old, "gone elsewhere", 16)
            return
        new = self.channels[new.id] = new._replace(role="", call=CallId(""), group="", after="hangup")
        self.queue(old, "left", before.bridge)
        self.queue(new.id, "replaced", (old, new))
        self.queue(old, "gone", 16)

    def _own(self, channel_id: ChannelId) -> None:
        channel = self.channels.get(channel_id)
        if channel is not None and channel.role == "":
            self.channels[channel_id] = channel._replace(role="caller")

    def _adopt(self, effect: Adopt) -> None:
        if effect.channel not in self.channels:
            return
        call = CallId(arrival_of(effect.call))
        self.leave(effect.channel)
        channel = self.channels.get(effect.channel)
        if channel is None:
            return
        self.channels[channel.id] = channel._replace(role="caller", call=call, group=effect.group, after=effect.after)
        if effect.several:
            self.join(channel.id, effect.peer)
        elif effect.peer in self.channels:
            bridge = self._new_bridge()
            self.enter(channel.id, bridge)
            self.enter(effect.peer, bridge)
        else:
            self.send(channel.id, HOLD)

    def to_fallback(self, channel_id: ChannelId) -> None:
        if channel_id in self.channels:
            self.leave(channel_id)
            self.channels[channel_id] = self.channels[channel_id]._replace(role="fallback")

    def hang_up(self, channel_id: ChannelId, cause: int = 16) -> None:
        if channel_id in self.channels:
            if self.channels[channel_id].bridge is EARLY:
                self.queue(channel_id, "hung up", cause)
            self.leave(channel_id, died=cause in DIED)
            del self.channels[channel_id]
            self.queue(channel_id, "gone", cause)
            for each in [each for each in self.channels.values() if each.bridge is EARLY]:
                if each.listens_to == channel_id:
                    self.send(each.id, LEGS)

    def snapshot(self, asked: float | None = None, *, login: bool = False) -> PbxSeen:
        """`login`: the first one in a life of the link, for which each leg's phone is asked whether it holds."""
        facts = tuple(self.channels[channel].fact() for channel in sorted(self.channels))
        holding = {each.id: _holding(each) for each in self.channels.values() if each.answered}
        return PbxSeen(
            channels=facts,
            phones={},
            taken_at=self.now if asked is None else asked,
            holding=holding if login else {},
        )

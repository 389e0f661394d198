"""A PBX, a store and the real engine, as one value that is cheap to copy: `Node`.

Like `tests/domain/simulation.py` it follows asterisk/extensions-callbridge.conf, but nothing happens by itself: each
channel has its own queue of facts, from which they are delivered one by one, in any order between channels. In slow
mode a channel that leaves a bridge is also on the way for a while, before it arrives where the dialplan sends it.
"""

from typing import NamedTuple

from callbridge.domain.effects import (
    Anomaly,
    Bridge,
    ConfirmReservation,
    Effect,
    Hangup,
    Hold,
    Join,
    LookAgain,
    Mute,
    Originate,
    Park,
    PbxEffect,
    ReleaseReservation,
    Reply,
    Reserve,
    SaveAgent,
    SaveCall,
    SetAfter,
    SetHear,
    StoreEffect,
    ToFallback,
)
from callbridge.domain.engine import Engine
from callbridge.domain.ids import AgentId, BridgeId, CallId, ChannelId, OfferId
from callbridge.domain.settings import Settings
from callbridge.domain.signals import (
    ActionFailed,
    ChannelAnswered,
    ChannelEntered,
    ChannelFact,
    ChannelGone,
    ChannelLeft,
    ChannelRinging,
    ChannelVariables,
    NobodyFree,
    OriginateFailed,
    PbxLost,
    PbxSeen,
    Request,
    Reserved,
    Signal,
)

HOLD, LEGS, HANGUP = BridgeId("hold"), BridgeId("legs"), BridgeId("hang up")
ROOMS = (HOLD, LEGS, None)
"""Where nobody talks."""
REFUSABLE = (Originate, Bridge, Hold, ToFallback, Join, Park)
ON_CHANNEL = (*REFUSABLE, SetAfter, SetHear, Mute, Hangup)
ARRIVES = "arrives"
"""In a queue: not a fact, but the channel's arrival at the place to which it is on the way."""


class Violation(Exception):
    """A rule is broken; the text says which."""


class Channel(NamedTuple):
    id: ChannelId
    role: str
    call: CallId
    group: str = ""
    after: str = "hold"
    bridge: BridgeId | None = None
    answered: bool = False
    ringing: bool = False

    def fact(self) -> ChannelFact:
        return ChannelFact(
            channel=self.id,
            name=self.id,
            answered=self.answered,
            ringing=self.ringing,
            caller_number="+4930111",
            caller_name="Caller",
            bridge=self.bridge,
            holding=self.bridge is HOLD or self.bridge is LEGS,
            variables=ChannelVariables(
                role=self.role, call=self.call, group=self.group, called="100", after=self.after
            ),
        )


Queued = tuple[str, object]
"""A fact under way, or an arrival: its kind, and what it carries."""


class Node:
    """One moment: what the engine believes, what the PBX and the store are, and the facts under way between them."""

    __slots__ = (
        "channels",
        "dead",
        "deferred",
        "down",
        "effects",
        "engine",
        "faults",
        "hits",
        "look",
        "now",
        "occupied",
        "pending",
        "queues",
        "saved_agents",
        "saved_calls",
        "settings",
        "slow",
        "told_gone",
        "won",
        "world",
    )

    def __init__(self, settings: Settings, *, slow: bool = False) -> None:
        self.settings = settings
        self.slow = slow
        self.engine = Engine(settings)
        self.world = self.engine.world
        self.now = 1000.0
        self.channels: dict[ChannelId, Channel] = {}
        self.queues: dict[str, tuple[Queued, ...]] = {}
        self.look: tuple[float, PbxSeen | None] | None = None
        """A snapshot was asked for at this time; and the snapshot, once it is taken but not delivered."""
        self.dead = False
        """The link is dead and nobody has noticed."""
        self.down = False
        self.deferred: tuple[Effect, ...] = ()
        """Actions that are performed only after the next signal, as in one batch of the runtime's loop."""
        self.faults = 0
        """How many more faults (a repeated fact, a refused action, a restart, ...) this walk may have."""
        self.pending: dict[AgentId, OfferId] = {}
        self.occupied: dict[OfferId, AgentId] = {}
        self.won: dict[OfferId, AgentId] = {}
        self.told_gone: frozenset[ChannelId] = frozenset()
        self.hits: frozenset[ChannelId] = frozenset()
        self.saved_calls: dict[CallId, object] = {}
        self.saved_agents: dict[AgentId, object] = {}
        self.effects: list[Effect] = []
        """Of the last step."""
        self.give(self.snapshot())

    def copy(self) -> "Node":
        new: Node = object.__new__(Node)
        for name in ("settings", "slow", "engine", "now", "look", "dead", "down", "deferred", "faults"):
            setattr(new, name, getattr(self, name))
        new.world = self.world.copy()
        new.channels = dict(self.channels)
        new.queues = dict(self.queues)
        new.pending = dict(self.pending)
        new.occupied = dict(self.occupied)
        new.won = dict(self.won)
        new.told_gone, new.hits = self.told_gone, self.hits
        new.saved_calls = dict(self.saved_calls)
        new.saved_agents = dict(self.saved_agents)
        new.effects = []
        return new

    # ------------------------------------------------------------ signals in, effects out

    def give(self, signal: Signal, fault: str = "") -> None:
        """The engine handles the signal, the store answers and saves, the PBX acts; `fault` says what goes wrong."""
        engine = self.engine
        engine.world = self.world
        found: list[Effect] = []
        pending = [signal]
        while pending:
            answers: list[Signal] = []
            for each in pending:
                effects = engine.handle(each, self.now)
                found += effects
                for effect in effects:
                    if isinstance(effect, StoreEffect):
                        self._store(effect, answers)
            pending = answers
        self.world = engine.world
        self.effects += found
        self._check(signal, found)
        acts = tuple(effect for effect in found if isinstance(effect, PbxEffect))
        before, self.deferred = self.deferred, ()
        if fault == "crash":
            self._perform(before, "")
            self.restart()
        elif fault == "late":
            self._perform(before, "")
            self.deferred = acts
        else:
            self._perform(before, "")
            self._perform(acts, fault)

    def engine_deadline(self) -> float | None:
        self.engine.world = self.world
        return self.engine.next_deadline()

    def _store(self, effect: Effect, answers: list[Signal]) -> None:
        match effect:
            case SaveCall(call=call):
                self.saved_calls[call.id] = call
            case SaveAgent(agent=agent):
                self.saved_agents[agent.id] = agent
            case ConfirmReservation(offer=offer):
                if offer in self.won:
                    raise Violation(f"{offer} is won twice")
                agent = self.occupied.get(offer)
                if agent is None:
                    raise Violation(f"{offer} is accepted, but the store has given nobody to it")
                self.won[offer] = agent
                self.pending = {who: each for who, each in self.pending.items() if each != offer}
            case ReleaseReservation(offer=offer):
                self.pending = {who: each for who, each in self.pending.items() if each != offer}
                self.occupied.pop(offer, None)
                self.won.pop(offer, None)
            case Reserve():
                answers.append(self._reserve(effect))

    def _reserve(self, effect: Reserve) -> Signal:
        for agent in effect.candidates:
            taken = sum(1 for each in self.occupied.values() if each == agent)
            if agent not in self.pending and taken < effect.max_sessions[agent]:
                self.pending[agent] = effect.offer
                self.occupied[effect.offer] = agent
                return Reserved(call=effect.call, offer=effect.offer, agent=agent)
        return NobodyFree(call=effect.call, offer=effect.offer)

    def _check(self, signal: Signal, effects: list[Effect]) -> None:
        replies = 0
        for effect in effects:
            if isinstance(effect, Anomaly):
                raise Violation(f"anomaly: {effect.what}")
            if isinstance(effect, Reply):
                replies += 1
            elif isinstance(effect, ON_CHANNEL):
                self._aimed(effect.caller if isinstance(effect, Bridge) else effect.channel, effect)
                if isinstance(effect, Bridge):
                    self._aimed(effect.leg, effect)
        if isinstance(signal, Request) and replies != 1:
            raise Violation(f"{type(signal).__name__} was answered {replies} times")

    def _aimed(self, channel: ChannelId, effect: Effect) -> None:
        if channel in self.told_gone:
            if channel in self.hits:
                raise Violation(f"{type(effect).__name__} targets {channel}, which is known to be gone, once more")
            self.hits |= {channel}

    # ------------------------------------------------------------ the PBX acts

    def _perform(self, effects: tuple[Effect, ...], fault: str) -> None:
        for effect in effects:
            if isinstance(effect, LookAgain):
                if self.look is None and not self.dead:
                    self.look = (self.now, None)
                continue
            if self.down:
                continue
            if fault == "lost":
                self.cut()
            if self.dead:
                continue
            if fault == "refused" and isinstance(effect, REFUSABLE):
                fault = ""
                channel = effect.caller if isinstance(effect, Bridge) else effect.channel
                self._queue("!" + channel, "refused", (effect.call, type(effect).__name__, channel))
            elif fault == "unreachable" and isinstance(effect, Originate):
                fault = ""
                self._queue(effect.channel, "failed", None)
            else:
                self._act(effect)

    def _act(self, effect: Effect) -> None:
        match effect:
            case Originate(channel=channel):
                if channel not in self.channels:
                    role = "external" if effect.external else "agent"
                    self.channels[channel] = Channel(channel, role, effect.call, ringing=True)
                    self._queue(channel, "ringing", None)
            case Bridge(caller=caller, leg=leg):
                if caller in self.channels and leg in self.channels:
                    bridge = self._new_bridge()
                    self.enter(caller, bridge)
                    self.enter(leg, bridge)
            case Hold(channel=channel):
                self.send(channel, HOLD)
            case Park(channel=channel):
                self.send(channel, LEGS)
            case Join(channel=channel, peer_name=peer):
                self.join(channel, ChannelId(peer))
            case ToFallback(channel=channel):
                self.to_fallback(channel)
            case SetAfter(channel=channel, after=after):
                if channel in self.channels:
                    self.channels[channel] = self.channels[channel]._replace(after=after)
            case Hangup(channel=channel):
                self.hang_up(channel)

    def _queue(self, name: str, kind: str, what: object) -> None:
        if kind != ARRIVES and (self.dead or self.down):
            return
        self.queues[name] = (*self.queues.get(name, ()), (kind, what))

    def _new_bridge(self) -> BridgeId:
        """A name that nobody still speaks of: the PBX never uses one again, and nobody can tell."""
        used = {channel.bridge for channel in self.channels.values()}
        used |= {fact.bridge for fact in self.world.channels.values()}
        used |= {what.bridge if kind == "entered" else what for q in self.queues.values() for kind, what in q}  # type: ignore[attr-defined]
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
        if channel.bridge != bridge:
            self.leave(channel_id)
        after = "hold" if bridge is HOLD else channel.after
        channel = self.channels[channel_id] = channel._replace(bridge=bridge, after=after)
        self._queue(channel_id, "entered", channel)

    def leave(self, channel_id: ChannelId) -> None:
        """Out of the bridge, and no longer on the way anywhere; who is left alone falls into their own dialplan."""
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
        self.channels[channel_id] = channel._replace(bridge=None)
        self._queue(channel_id, "left", bridge)
        others = [each for each in self.channels.values() if each.bridge == bridge]
        if bridge not in ROOMS and len(others) == 1:
            alone = others[0]
            self.channels[alone.id] = alone._replace(bridge=None)
            self._queue(alone.id, "left", bridge)
            self._home(alone)

    def _home(self, channel: Channel) -> None:
        if channel.role == "caller":
            self.send(channel.id, HANGUP if channel.after == "hangup" else HOLD)
        elif channel.role != "fallback":
            self.send(channel.id, LEGS)

    def send(self, channel_id: ChannelId, place: BridgeId) -> None:
        """By the dialplan: at once, or on the way for a while."""
        if channel_id not in self.channels:
            return
        self.leave(channel_id)
        if self.slow:
            self._queue(channel_id, ARRIVES, place)
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

    def to_fallback(self, channel_id: ChannelId) -> None:
        if channel_id in self.channels:
            self.leave(channel_id)
            self.channels[channel_id] = self.channels[channel_id]._replace(role="fallback")

    def hang_up(self, channel_id: ChannelId, cause: int = 16) -> None:
        if channel_id in self.channels:
            self.leave(channel_id)
            del self.channels[channel_id]
            self._queue(channel_id, "gone", cause)

    def snapshot(self, asked: float | None = None) -> PbxSeen:
        facts = tuple(self.channels[channel].fact() for channel in sorted(self.channels))
        return PbxSeen(channels=facts, phones={}, taken_at=self.now if asked is None else asked)

    # ------------------------------------------------------------ between the PBX and the engine

    def pop(self, name: str, *, again: bool = False) -> Queued:
        """The next thing of this queue; `again`: it comes once more later."""
        queue = self.queues[name]
        if not again:
            if len(queue) > 1:
                self.queues[name] = queue[1:]
            else:
                del self.queues[name]
        return queue[0]

    def deliver(self, name: str, *, again: bool = False, fault: str = "") -> None:
        kind, what = self.pop(name, again=again)
        channel = ChannelId(name)
        signal: Signal
        match kind:
            case "entered":
                signal = ChannelEntered(fact=what.fact())  # type: ignore[attr-defined]
            case "left":
                signal = ChannelLeft(channel=channel, bridge=what)  # type: ignore[arg-type]
            case "ringing":
                signal = ChannelRinging(channel=channel, name=name)
            case "answered":
                signal = ChannelAnswered(channel=channel, name=name)
            case "gone":
                self.told_gone |= {channel}
                signal = ChannelGone(channel=channel, cause=what)  # type: ignore[arg-type]
            case "failed":
                signal = OriginateFailed(channel=channel)
            case _:
                call, action, target = what  # type: ignore[misc]
                signal = ActionFailed(call=call, action=action, channel=target, reason="refused")
        self.give(signal, fault)

    def _facts_lost(self) -> None:
        """What was under way is lost; channels that are on the way somewhere are still."""
        kept = {name: tuple(each for each in queue if each[0] == ARRIVES) for name, queue in self.queues.items()}
        self.queues = {name: queue for name, queue in kept.items() if queue}
        self.look = None

    def cut(self) -> None:
        self.dead = True
        self._facts_lost()

    def link_lost(self) -> None:
        self._facts_lost()
        self.dead, self.down = False, True
        self.give(PbxLost())

    def link_back(self) -> None:
        self.down = False
        self.give(self.snapshot())

    def restart(self) -> None:
        """The gateway dies and comes back with what was saved; facts under way are lost."""
        self._facts_lost()
        self.dead = self.down = False
        self.deferred = ()
        calls = [self.saved_calls[call] for call in sorted(self.saved_calls)]
        self.engine = Engine(self.settings, calls=calls, agents=self.saved_agents.values())  # type: ignore[arg-type]
        self.world = self.engine.world
        self.told_gone, self.hits = frozenset(), frozenset()
        self.give(self.snapshot())

"""The PBX, a store and the real engine, as one value that is cheap to copy: `Node`."""

from callbridge.domain.engine import Engine
from callbridge.domain.model.effects import (
    Anomaly,
    Bridge,
    ConfirmReservation,
    Effect,
    Hold,
    Join,
    Listen,
    LookAgain,
    Originate,
    Park,
    PbxEffect,
    ReleaseReservation,
    Reply,
    Reserve,
    SaveAgent,
    SaveCall,
    SetAfter,
    StoreEffect,
)
from callbridge.domain.model.facts import (
    ActionFailed,
    ChannelAnswered,
    ChannelEntered,
    ChannelFact,
    ChannelGone,
    ChannelLeft,
    ChannelReplaced,
    ChannelRinging,
    EarlySound,
    ListenerHungUp,
    OriginateFailed,
    PbxLost,
    PbxSeen,
    PbxSilent,
    PhoneHolds,
)
from callbridge.domain.model.ids import AgentId, BridgeId, CallId, ChannelId, OfferId
from callbridge.domain.model.requests import Request
from callbridge.domain.model.settings import Settings
from callbridge.domain.model.signals import NobodyFree, Reserved, Signal
from explorer.pbx import (
    ARRIVES,
    EARLY,
    HANGUP,
    HOLD,
    LEGS,
    ON_CHANNEL,
    REFUSABLE,
    ROOMS,
    Channel,
    Pbx,
    Queued,
    Violation,
)

__all__ = [
    "ARRIVES",
    "EARLY",
    "HANGUP",
    "HOLD",
    "LEGS",
    "ON_CHANNEL",
    "REFUSABLE",
    "ROOMS",
    "Channel",
    "Node",
    "Violation",
]


_PLAIN = (
    *("settings", "slow", "engine", "now", "look", "dead", "down", "cut_off", "deferred", "faults"),
    *("stalled", "silent", "pipe", "unanswered"),
)


class Node(Pbx):
    """One moment: what the engine believes, what the PBX and the store are, and the facts under way between them."""

    __slots__ = (
        "dead",
        "deferred",
        "down",
        "effects",
        "engine",
        "faults",
        "moves",
        "occupied",
        "pending",
        "pipe",
        "refused",
        "saved_agents",
        "saved_calls",
        "settings",
        "silent",
        "stalled",
        "told_gone",
        "unanswered",
        "won",
        "world",
    )

    def __init__(self, settings: Settings, *, slow: bool = False) -> None:
        super().__init__(slow=slow)
        self.settings = settings
        self.engine = Engine(settings)
        self.world = self.engine.world
        self.dead = False
        """The link is dead and nobody has noticed."""
        self.stalled: float | None = None
        """Since when nothing comes through the link; what is sent is kept in `pipe`, or lost if the link is dead."""
        self.silent = False
        """The engine was told so."""
        self.pipe: tuple[Effect, ...] = ()
        """Actions that are performed as soon as the link flows again."""
        self.unanswered: tuple[Signal, ...] = ()
        """The store's answers that are still under way."""
        self.moves: dict[ChannelId, frozenset[ChannelId]] = {}
        """Where the engine has last sent a channel, and not yet seen it arrive: to these, or to nobody."""
        self.refused: tuple[Request, Reply] | None = None
        """The request of the last step, where it was refused."""
        self.down = False
        self.deferred: tuple[Effect, ...] = ()
        """Actions that are performed only after the next signal, as in one batch of the runtime's loop."""
        self.faults = 0
        """How many more faults (a repeated fact, a refused action, a restart, ...) this walk may have."""
        self.pending: dict[AgentId, OfferId] = {}
        self.occupied: dict[OfferId, AgentId] = {}
        self.won: dict[OfferId, AgentId] = {}
        self.told_gone: frozenset[ChannelId] = frozenset()
        self.saved_calls: dict[CallId, object] = {}
        self.saved_agents: dict[AgentId, object] = {}
        self.effects: list[Effect] = []
        """Of the last step."""
        self.give(self.snapshot(login=True))

    def copy(self) -> "Node":
        new: Node = object.__new__(Node)
        for name in _PLAIN:
            setattr(new, name, getattr(self, name))
        new.world = self.world.copy()
        new.channels = dict(self.channels)
        new.queues = dict(self.queues)
        new.moves = dict(self.moves)
        new.pending = dict(self.pending)
        new.occupied = dict(self.occupied)
        new.won = dict(self.won)
        new.told_gone = self.told_gone
        new.saved_calls = dict(self.saved_calls)
        new.saved_agents = dict(self.saved_agents)
        new.effects = []
        new.refused = None
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
            if fault == "answer late" or self.unanswered:
                # One after the other, as the store was asked.
                self.unanswered += tuple(answers)
                answers, fault = [], "" if fault == "answer late" else fault
            pending = answers
        self.world = engine.world
        self.effects += found
        self._check(signal, found)
        self._note_moves(found)
        acts = tuple(effect for effect in found if isinstance(effect, PbxEffect))
        before, self.deferred = self.deferred, ()
        if fault == "crash":
            self._perform(before, "")
            self.restart()
        elif fault == "stalls":
            self._perform(before, "")
            self.stall()
            self._perform(acts, "")
        elif fault == "late":
            self._perform(before, "")
            self.deferred = acts
        else:
            self._perform(before, "")
            self._perform(acts, fault)

    def _note_moves(self, effects: list[Effect]) -> None:
        for effect in effects:
            match effect:
                case Hold(channel=channel) | Park(channel=channel) | Listen(channel=channel):
                    self.moves[channel] = frozenset()
                case Bridge(channel=one, peer=other):
                    self.moves[one] = self.moves[other] = frozenset((one, other))
                case Join(channel=channel, peer=peer):
                    self.moves[channel] = frozenset((channel, peer))

    def _arrived(self, fact: ChannelFact) -> None:
        """The engine is told where this channel is: perhaps there where it sent it."""
        to = self.moves.get(fact.channel)
        if to is not None and fact.bridge is not None and fact.holding != bool(to):
            del self.moves[fact.channel]

    def turns_spoken_of(self, channel: ChannelId) -> set[str]:
        known = self.world.channels.get(channel)
        waiting = {each.turn for each in (*self.deferred, *self.pipe) if isinstance(each, SetAfter)}
        return waiting | {known.variables.turn if known is not None else ""}

    def spoken_of(self) -> set[BridgeId | None]:
        return {fact.bridge for fact in self.world.channels.values()}

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
        if effect.offer in self.occupied:  # asked twice: the same answer
            return Reserved(call=effect.call, offer=effect.offer, agent=self.occupied[effect.offer])
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
                if not effect.ok and isinstance(signal, Request):
                    self.refused = (signal, effect)
            elif isinstance(effect, ON_CHANNEL):
                if self.silent and self.stalled is not None:
                    raise Violation(f"{type(effect).__name__} is decided while the link is silent")
                self._aimed(effect.channel, effect)
                if isinstance(effect, Bridge):
                    self._aimed(effect.peer, effect)
        if isinstance(signal, Request) and replies != 1:
            raise Violation(f"{type(signal).__name__} was answered {replies} times")

    def _aimed(self, channel: ChannelId, effect: Effect) -> None:
        if channel in self.told_gone:
            raise Violation(f"{type(effect).__name__} targets {channel}, which is known to be gone")

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
            if self.stalled is not None:
                self.pipe += (effect,)
                continue
            if fault == "refused" and isinstance(effect, REFUSABLE):
                fault = ""
                channel = effect.channel
                self.queue("!" + channel, "refused", (effect.call, type(effect).__name__, channel))
            elif fault == "unanswered" and isinstance(effect, REFUSABLE):
                fault = ""
                channel = effect.channel
                self.perform(effect)
                self.queue("!" + channel, "unanswered", (effect.call, type(effect).__name__, channel))
            elif fault == "unreachable" and isinstance(effect, Originate):
                fault = ""
                self.queue(effect.channel, "failed", None)
            else:
                self.perform(effect)

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
                self._arrived(signal.fact)
            case "replaced":
                old, new = what  # type: ignore[misc]
                signal = ChannelReplaced(old=old, fact=new.fact())
                self._arrived(signal.fact)
            case "left":
                signal = ChannelLeft(channel=channel, bridge=what)  # type: ignore[arg-type]
            case "ringing":
                signal = ChannelRinging(channel=channel, name=name)
            case "answered":
                signal = ChannelAnswered(channel=channel, name=name)
            case "gone" | "gone elsewhere":
                self.told_gone |= {channel}
                self.moves.pop(channel, None)
                signal = ChannelGone(channel=channel, cause=what, elsewhere=kind != "gone")  # type: ignore[arg-type]
            case "early":
                signal = EarlySound(channel=channel)
            case "hung up":
                self.told_gone |= {channel}
                self.moves.pop(channel, None)
                signal = ListenerHungUp(channel=channel, cause=what)  # type: ignore[arg-type]
            case "failed":
                signal = OriginateFailed(channel=channel)
            case "holds" | "reads held":
                signal = PhoneHolds(channel=channel, on=bool(what), answered=kind == "holds")
            case _:
                call, action, target = what  # type: ignore[misc]
                refused = kind == "refused"
                self.moves.pop(target, None)
                signal = ActionFailed(call=call, action=action, channel=target, reason=kind, refused=refused)
        self.give(signal, fault)

    def _facts_lost(self) -> None:
        """What was under way is lost; channels that are on the way somewhere are still."""
        kept = {name: tuple(each for each in queue if each[0] == ARRIVES) for name, queue in self.queues.items()}
        self.queues = {name: queue for name, queue in kept.items() if queue}
        self.look = None

    def cut(self) -> None:
        self.dead = self.cut_off = True
        self.stalled = self.now
        self._facts_lost()

    def stall(self) -> None:
        self.stalled = self.now

    def fall_silent(self) -> None:
        self.silent = True
        self.give(PbxSilent())

    def flow(self) -> None:
        """What was held back is performed and told; and whoever was told of the silence looks first."""
        self.stalled = None
        pipe, self.pipe = self.pipe, ()
        for effect in pipe:
            self.perform(effect)
        if self.silent:
            self.look = (self.now, None)

    def see(self, seen: PbxSeen, fault: str = "") -> None:
        self.silent = False
        for fact in seen.channels:
            self._arrived(fact)
        self.give(seen, fault)

    def link_lost(self) -> None:
        """Nobody hears of it; the PBX may still do what it was told."""
        pipe, self.pipe = self.pipe, ()
        for effect in pipe:
            self.perform(effect)
        self._facts_lost()
        self.dead, self.down, self.cut_off = False, True, True
        self.stalled, self.silent = None, False
        self.give(PbxLost())

    def link_back(self) -> None:
        self.down = self.cut_off = False
        self.moves.clear()
        self.see(self.snapshot(login=True))
        self._early_again()

    def restart(self) -> None:
        """The gateway dies and comes back with what was saved; facts under way are lost."""
        pipe, self.pipe = self.pipe, ()
        for effect in pipe:
            self.perform(effect)
        self._facts_lost()
        self.dead = self.down = self.cut_off = self.silent = False
        self.stalled, self.deferred = None, ()
        for answer in self.unanswered:
            # Asked for in a transaction that never came to its end.
            self.pending = {who: each for who, each in self.pending.items() if each != answer.offer}  # type: ignore[union-attr]
            self.occupied.pop(answer.offer, None)  # type: ignore[union-attr]
        self.unanswered = ()
        self.moves.clear()
        calls = [self.saved_calls[call] for call in sorted(self.saved_calls)]
        self.engine = Engine(self.settings, calls=calls, agents=self.saved_agents.values())  # type: ignore[arg-type]
        self.world = self.engine.world
        self.told_gone = frozenset()
        self.give(self.snapshot(login=True))
        self._early_again()

    def _early_again(self) -> None:
        """After each login those who are not answered are asked whether sound comes from them."""
        for channel in self.channels.values():
            if channel.early and not channel.answered:
                self.queue(channel.id, "early", None)

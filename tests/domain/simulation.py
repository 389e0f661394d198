"""A PBX and a store in memory, around the real engine: facts can be delayed, and actions can be refused.

The model follows asterisk/extensions-callbridge.conf: a caller whose bridge ends goes back to the music, or is hung
up where CALLBRIDGE_AFTER says so; a leg goes back to its own room.
"""

import copy
from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from callbridge.domain.engine import Engine
from callbridge.domain.model.agents import AgentState, PhoneState, Presence
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.effects import (
    Adopt,
    Anomaly,
    Bridge,
    ConfirmReservation,
    Effect,
    Hangup,
    Hold,
    Introduce,
    Join,
    Listen,
    LookAgain,
    Mute,
    Originate,
    Park,
    PbxEffect,
    PublishCall,
    Record,
    ReleaseReservation,
    Reply,
    Reserve,
    SaveAgent,
    SaveCall,
    SetAfter,
    SetHear,
    ToFallback,
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
    ChannelVariables,
    EarlySound,
    OriginateFailed,
    PbxLost,
    PbxSeen,
    PhoneHolds,
)
from callbridge.domain.model.ids import AgentId, BridgeId, CallId, ChannelId, GroupId, OfferId, PresetId, RequestId
from callbridge.domain.model.legs import PhoneHold
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import (
    AcceptOffer,
    CallFourth,
    CancelTransfer,
    DoParty,
    DoTransfer,
    EndCall,
    HoldCall,
    LogIn,
    LogOut,
    PartyVerb,
    RejectOffer,
    RequestTransfer,
    ResumeCall,
    RingAgain,
    SetPresence,
    Verb,
)
from callbridge.domain.model.settings import (
    AgentSettings,
    AgentTransferMode,
    GroupSettings,
    Member,
    NumberRules,
    Options,
    PresetSettings,
    Settings,
)
from callbridge.domain.model.signals import NobodyFree, Reserved, Signal, Tick
from callbridge.domain.model.transfer import Destination

HOLD, LEGS, EARLY = BridgeId("hold"), BridgeId("legs"), BridgeId("early")


@dataclass
class Channel:
    id: ChannelId
    role: str
    call: str
    group: str = ""
    after: str = "hold"
    bridge: BridgeId | None = None
    answered: bool = False
    ringing: bool = False
    data: str = ""
    record: str = ""
    turn: int = 0
    hear: str = "silence"
    listens_to: ChannelId | None = None
    muted: bool = False
    number: str = "+4930111"
    name: str = "Caller"
    withheld: bool = False
    holds: bool = False

    def fact(self) -> ChannelFact:
        return ChannelFact(
            channel=self.id,
            name=f"PJSIP/{self.id}",
            answered=self.answered,
            ringing=self.ringing,
            caller_number=self.number,
            caller_name=self.name,
            caller_withheld=self.withheld,
            bridge=self.bridge,
            holding=self.bridge in (HOLD, LEGS, EARLY),
            listens=self.bridge == EARLY,
            variables=ChannelVariables(
                role=self.role,
                call=self.call,
                group=self.group,
                called="100",
                data=self.data,
                after=self.after,
                turn=str(self.turn) if self.turn else "",
                record=self.record,
            ),
        )


@dataclass
class Simulation:
    """`facts` waits to be delivered; `deliver` hands over one, `settle` all until nothing more happens."""

    settings: Settings
    now: float = 1000.0
    refuse: dict[str, int] = field(default_factory=dict)
    """How many of the next actions of this name the PBX refuses."""
    unreachable: set[str] = field(default_factory=set)
    cut: bool = False
    """The link is dead and nobody has noticed: no action arrives. Put right by `reconnect`."""
    store_is_slow: bool = False
    """The store's answers wait until `store_answers`."""

    def __post_init__(self) -> None:
        self.engine = Engine(self.settings)
        self.channels: dict[ChannelId, Channel] = {}
        self.facts: deque[Signal] = deque()
        self.unanswered: deque[Signal] = deque()
        self.effects: list[Effect] = []
        self.replies: dict[RequestId, Reply] = {}
        self.pending: dict[AgentId, OfferId] = {}
        self.occupied: dict[OfferId, AgentId] = {}
        self.saved: dict[CallId, Call] = {}
        self.heard: dict[CallId, tuple[int, float]] = {}
        """The number and the time of the last event of each call."""
        self.fallen: set[ChannelId] = set()
        self.anomalies: list[str] = []
        self._bridges = 0
        self._requests = 0
        self.give(self.snapshot())

    def copy(self) -> "Simulation":
        """All of it as it is now, and independent of this one."""
        new = copy.copy(self)
        new.engine = copy.copy(self.engine)
        new.engine.world = self.engine.world.copy()
        new.channels = {channel_id: copy.copy(channel) for channel_id, channel in self.channels.items()}
        for name, value in vars(self).items():
            if name != "channels" and isinstance(value, deque | list | dict | set):
                setattr(new, name, value.copy())
        return new

    # ------------------------------------------------------------ signals in, effects out

    def handle(self, signal: Signal) -> list[Effect]:
        return self.engine.handle(signal, self.now)

    def give(self, signal: Signal) -> list[Effect]:
        effects = self.handle(signal)
        self.effects += effects
        for effect in effects:
            self._save(effect)
        self._hear(effects)
        for effect in effects:
            self._act(effect)
        for effect in effects:
            if isinstance(effect, Reserve):
                self.unanswered.append(self._reserve(effect))
        if not self.store_is_slow:
            self.store_answers()
        return effects

    def store_answers(self) -> None:
        self.store_is_slow = False
        while self.unanswered:
            self.give(self.unanswered.popleft())

    def _hear(self, effects: list[Effect]) -> None:
        """What a CRM makes of it: every event is newer than all before it, by its number and by its time."""
        for effect in effects:
            if isinstance(effect, PublishCall):
                call = effect.call
                number, moment = self.heard.get(call.id, (0, float("-inf")))
                assert call.sequence > number, f"{effect.kind} of {call.id} is told with a number that is not new"
                assert call.changed_at > moment, f"{effect.kind} of {call.id} is told at the time of the one before"
                assert call.sequence <= self.saved[call.id].sequence, f"{effect.kind} of {call.id} is not saved"
                self.heard[call.id] = (call.sequence, call.changed_at)

    def _save(self, effect: Effect) -> None:
        match effect:
            case SaveCall(call=call):
                before = self.saved.get(call.id)
                assert before is None or call.sequence > before.sequence, f"{call.id} is saved with an old number"
                self.saved[call.id] = call
            case ConfirmReservation(offer=offer):
                self.pending = {agent: each for agent, each in self.pending.items() if each != offer}
            case ReleaseReservation(offer=offer):
                self.pending = {agent: each for agent, each in self.pending.items() if each != offer}
                self.occupied.pop(offer, None)

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

    def _act(self, effect: Effect) -> None:
        name = type(effect).__name__
        if (
            isinstance(effect, Adopt | Originate | Bridge | Hold | ToFallback | Join | Park | Listen)
            and self.refuse.get(name, 0) > 0
        ):
            self.refuse[name] -= 1
            channel = effect.channel
            self.facts.append(ActionFailed(call=effect.call, action=name, channel=channel, reason="channel not up"))
            return
        if self.cut and isinstance(effect, PbxEffect):
            return
        match effect:
            case Originate():
                if effect.phone in self.unreachable:
                    self.facts.append(OriginateFailed(channel=effect.channel))
                elif effect.channel not in self.channels:
                    leg = Channel(effect.channel, "agent", effect.call, ringing=True, hear=effect.hear)
                    self.channels[leg.id] = leg
                    self.facts.append(ChannelRinging(channel=leg.id, name=f"PJSIP/{leg.id}"))
            case Bridge():
                if effect.channel in self.channels and effect.peer in self.channels:
                    self._bridges += 1
                    bridge = BridgeId(f"b{self._bridges}")
                    self._enter(effect.channel, bridge)
                    self._enter(effect.peer, bridge)
            case Adopt():
                self._adopt(effect)
            case Hold():
                self._own(effect.channel)
                self._enter(effect.channel, HOLD)
            case Park():
                self._enter(effect.channel, LEGS)
            case Join():
                peer = next((c for c in self.channels.values() if c.id == effect.peer), None)
                if effect.channel in self.channels and peer is not None and peer.bridge not in (None, HOLD, LEGS):
                    self._enter(effect.channel, peer.bridge)
            case SetHear():
                if effect.channel in self.channels:
                    self.channels[effect.channel].hear = effect.hear
            case Listen():
                if effect.channel in self.channels:
                    self.channels[effect.channel].listens_to = effect.to
                    self._enter(effect.channel, LEGS)
            case Mute():
                if effect.channel in self.channels:
                    self.channels[effect.channel].muted = effect.on
            case ToFallback():
                self._leave(effect.channel)
                if effect.channel in self.channels:
                    self.channels[effect.channel].role = "fallback"
                    self.fallen.add(effect.channel)
            case Introduce():
                if effect.channel in self.channels:
                    self.channels[effect.channel].call = effect.call.removeprefix("c-")
                    self.channels[effect.channel].group = effect.group
            case SetAfter():
                if effect.channel in self.channels:
                    ends = effect.after == "hangup" and effect.turn == str(self.channels[effect.channel].turn)
                    self.channels[effect.channel].after = "hangup" if ends else "hold"
            case Hangup():
                self.hang_up(effect.channel)
            case LookAgain():
                self.facts.append(self.snapshot())
            case Reply():
                self.replies[effect.request] = effect
            case Anomaly():
                self.anomalies.append(effect.what)
            case _:
                pass

    def snapshot(self) -> PbxSeen:
        facts = tuple(channel.fact() for channel in self.channels.values())
        holds = {channel.id: channel.holds for channel in self.channels.values() if channel.answered}
        holding = {channel: PhoneHold.YES if on else PhoneHold.NO for channel, on in holds.items()}
        return PbxSeen(channels=facts, phones={}, taken_at=self.now, holding=holding)

    # ------------------------------------------------------------ the PBX

    def _leave(self, channel_id: ChannelId) -> None:
        channel = self.channels.get(channel_id)
        if channel is None or channel.bridge is None:
            return
        bridge, channel.bridge = channel.bridge, None
        if bridge == EARLY:
            return  # no bridge of Asterisk's, so nobody is told
        self.facts.append(ChannelLeft(channel=channel_id, bridge=bridge))
        others = [each for each in self.channels.values() if each.bridge == bridge]
        if bridge not in (HOLD, LEGS) and len(others) == 1:
            alone = others[0]
            alone.bridge = None
            self.facts.append(ChannelLeft(channel=alone.id, bridge=bridge))
            if alone.role in ("", "caller") and alone.after == "hangup":
                self.hang_up(alone.id)
            else:
                self._enter(alone.id, HOLD if alone.role == "caller" else LEGS)

    def _enter(self, channel_id: ChannelId, bridge: BridgeId) -> None:
        channel = self.channels.get(channel_id)
        if channel is None:
            return
        self._leave(channel_id)
        spoken = self.channels.get(channel.listens_to) if channel.listens_to is not None else None
        if bridge == LEGS and channel.hear == "ringing" and spoken is not None and not spoken.answered:
            bridge = EARLY
        channel.bridge = bridge
        if bridge == HOLD:
            channel.after = "hold"
            channel.turn += 1
        self.facts.append(ChannelEntered(fact=channel.fact()))

    def hang_up(self, channel_id: ChannelId, cause: int = 16, *, sip: int | None = None) -> None:
        if channel_id in self.channels:
            self._leave(channel_id)
            self.channels.pop(channel_id, None)
            self.facts.append(ChannelGone(channel=channel_id, cause=cause, sip_status=sip))
            for each in list(self.channels.values()):
                if each.bridge == EARLY and each.listens_to == channel_id:
                    self._enter(each.id, LEGS)

    def replace(self, old: ChannelId, new: str = "18.1", number: str = "+4930222") -> ChannelId:
        """Another channel takes this one's place: in a bridge as a stranger, in the music with all that it had."""
        before = self.channels.pop(old)
        channel = self.channels[ChannelId(new)] = replace(before, id=ChannelId(new), number=number, muted=False)
        if before.bridge is None or before.bridge == HOLD:
            self.facts.append(ChannelGone(channel=old, cause=16, elsewhere=True))
            return channel.id
        channel.role, channel.call, channel.group, channel.data, channel.after = "", "", "", "", "hangup"
        self.facts.append(ChannelLeft(channel=old, bridge=before.bridge))
        self.facts.append(ChannelReplaced(old=old, fact=channel.fact()))
        self.facts.append(ChannelGone(channel=old, cause=16))
        return channel.id

    def _own(self, channel_id: ChannelId) -> None:
        """The dialplan says of whomever it has that they are a caller."""
        if channel_id in self.channels:
            self.channels[channel_id].role = "caller"

    def _adopt(self, effect: Adopt) -> None:
        channel = self.channels.get(effect.channel)
        if channel is None:
            return
        self._leave(effect.channel)
        channel.role, channel.call, channel.group = "caller", effect.call.removeprefix("c-"), effect.group
        channel.after, channel.record = effect.after, effect.record
        peer = self.channels.get(effect.peer)
        if peer is None:
            self._enter(channel.id, HOLD)
        elif effect.several and peer.bridge not in (None, HOLD, LEGS):
            self._enter(channel.id, peer.bridge)
        else:
            self._bridges += 1
            self._enter(channel.id, BridgeId(f"b{self._bridges}"))
            self._enter(peer.id, BridgeId(f"b{self._bridges}"))

    def arrive(
        self,
        group: str = "support",
        number: int | None = None,
        data: str = "",
        record: str = "",
        who: dict[str, Any] | None = None,
    ) -> CallId:
        """`who`: the caller's `number`, `name`, and whether they are `withheld`."""
        number = number if number is not None else len(self.saved) + 1
        name = f"17.{number}"
        channel = Channel(ChannelId(name), "caller", name, group=group, answered=True, data=data, record=record)
        channel = replace(channel, **(who or {}))
        self.channels[channel.id] = channel
        self._enter(channel.id, HOLD)
        return CallId(f"c-17-{number}")

    def leg_of(self, agent: str) -> ChannelId:
        for call in self.engine.world.calls.values():
            for leg in call.legs:
                if agent in (leg.agent, leg.number) and not leg.releasing:
                    return leg.channel
        raise AssertionError(f"{agent} has no leg")

    def ringing_leg_of(self, party: str) -> ChannelId:
        """The leg that rings an agent, or an external number."""
        agent = party
        for call in self.engine.world.calls.values():
            for leg in call.legs:
                if party not in (leg.agent, leg.number) or leg.channel not in self.channels:
                    continue
                if not leg.releasing and not self.channels[leg.channel].answered:
                    return leg.channel
        raise AssertionError(f"no phone of {agent} rings")

    def answer(self, agent: str) -> None:
        leg = self.channels[self.ringing_leg_of(agent)]
        leg.answered, leg.ringing = True, False
        self.facts.append(ChannelAnswered(channel=leg.id, name=f"PJSIP/{leg.id}"))
        self._enter(leg.id, LEGS)

    def speak(self, number: str) -> None:
        """Sound comes from this number before it answers."""
        self.facts.append(EarlySound(channel=self.ringing_leg_of(number)))

    def hold_key(self, party: str, *, on: bool = True) -> None:
        """The phone's own hold key, pressed or pressed again."""
        channel = self.channels[self.leg_of(party)]
        channel.holds = on
        self.facts.append(PhoneHolds(channel=channel.id, on=on, answered=True))

    def decline(self, agent: str, cause: int = 21) -> None:
        self.hang_up(self.ringing_leg_of(agent), cause)

    # ------------------------------------------------------------ people

    def _request(self) -> RequestId:
        self._requests += 1
        return RequestId(f"q{self._requests}")

    def ready(self, *agents: str) -> None:
        for agent in agents:
            self.give(LogIn(request=self._request(), agent=AgentId(agent)))
            self.presence(agent, Presence.AVAILABLE)

    def presence(self, agent: str, presence: Presence, reason: str | None = None) -> Reply:
        request = self._request()
        self.give(SetPresence(request=request, agent=AgentId(agent), presence=presence, reason=reason))
        return self.replies[request]

    def log_out(self, agent: str) -> None:
        self.give(LogOut(request=self._request(), agent=AgentId(agent)))

    def offer_of(self, agent: str) -> OfferId:
        offer = self.engine.world.agents[AgentId(agent)].offer
        assert offer is not None, f"{agent} has no offer"
        return offer

    def accept(self, agent: str, offer: OfferId | None = None) -> Reply:
        request = self._request()
        self.give(AcceptOffer(request=request, agent=AgentId(agent), offer=offer or self.offer_of(agent)))
        return self.replies[request]

    def reject(self, agent: str, offer: OfferId | None = None) -> Reply:
        request = self._request()
        self.give(RejectOffer(request=request, agent=AgentId(agent), offer=offer or self.offer_of(agent)))
        return self.replies[request]

    def end(self, agent: str, call: CallId) -> Reply:
        request = self._request()
        self.give(EndCall(request=request, agent=AgentId(agent), call=call))
        return self.replies[request]

    def transfer(
        self, agent: str, call: CallId, destination: Destination, mode: AgentTransferMode | None = None
    ) -> Reply:
        request = self._request()
        self.give(
            RequestTransfer(
                request=request,
                agent=AgentId(agent),
                call=call,
                destination=destination,
                mode=mode,
                reason="billing",
                note="asks for a refund",
            )
        )
        return self.replies[request]

    def ask(self, signal: Signal) -> Reply:
        self.give(signal)
        return self.replies[signal.request]  # type: ignore[union-attr]

    def consult(self, agent: str, call: CallId, destination: Destination, **more: object) -> Reply:
        return self.ask(
            RequestTransfer(
                request=self._request(),
                agent=AgentId(agent),
                call=call,
                destination=destination,
                supervised=True,
                **more,  # type: ignore[arg-type]
            )
        )

    def verb(self, agent: str, call: CallId, verb: str) -> Reply:
        transfer = self.engine.world.calls[call].transfer
        assert transfer is not None
        return self.ask(
            DoTransfer(request=self._request(), agent=AgentId(agent), transfer=transfer.id, verb=Verb(verb))
        )

    def fourth(self, agent: str, call: CallId, number: str) -> Reply:
        return self.ask(CallFourth(request=self._request(), agent=AgentId(agent), call=call, number=number))

    def party(self, agent: str, call: CallId, channel: ChannelId, verb: str) -> Reply:
        return self.ask(
            DoParty(request=self._request(), agent=AgentId(agent), call=call, channel=channel, verb=PartyVerb(verb))
        )

    def hold(self, agent: str, call: CallId) -> Reply:
        return self.ask(HoldCall(request=self._request(), agent=AgentId(agent), call=call))

    def resume(self, agent: str, call: CallId) -> Reply:
        return self.ask(ResumeCall(request=self._request(), agent=AgentId(agent), call=call))

    def ring_again(self, agent: str, call: CallId) -> Reply:
        """The agent's page was reloaded."""
        return self.ask(RingAgain(request=self._request(), agent=AgentId(agent), call=call))

    def cancel(self, agent: str, call: CallId) -> Reply:
        transfer = self.engine.world.calls[call].transfer
        assert transfer is not None
        request = self._request()
        self.give(CancelTransfer(request=request, agent=AgentId(agent), transfer=transfer.id))
        return self.replies[request]

    # ------------------------------------------------------------ time and order

    def deliver(self, index: int = 0) -> None:
        fact = self.facts[index]
        del self.facts[index]
        self.give(fact)

    def settle(self) -> None:
        for _ in range(2000):
            if not self.facts:
                return
            self.deliver()
        raise AssertionError("it never comes to rest")

    def wait(self, seconds: float) -> None:
        """Time passes, each deadline in its turn."""
        end = self.now + seconds
        for _ in range(2000):
            self.settle()
            deadline = self.engine.next_deadline()
            if deadline is None or deadline > end:
                self.now = end
                return
            self.now = max(self.now, deadline)
            self.give(Tick())
        raise AssertionError("deadlines never come to rest")

    def restart(self) -> None:
        """The gateway dies and comes back with what was saved; facts under way are lost."""
        agents = {effect.agent.id: effect.agent for effect in self.effects if isinstance(effect, SaveAgent)}
        self.engine = Engine(self.settings, calls=self.saved.values(), agents=agents.values())
        self.facts.clear()
        self.give(self.snapshot())

    def reconnect(self) -> None:
        """The link's loss is noticed, and it comes back; facts under way are lost."""
        self.give(PbxLost())
        self.cut = False
        self.facts.clear()
        self.give(self.snapshot())

    # ------------------------------------------------------------ looking

    def call(self, call: CallId) -> Call:
        return self.saved[call]

    def state(self, agent: str) -> AgentState:
        return self.engine.world.agents[AgentId(agent)].state

    def talking(self, call: CallId) -> frozenset[str]:
        """Who is in one bridge with the caller: agents by id, externals by number."""
        return self.with_(call, self.saved[call].caller) - {"caller"}

    def with_(self, call: CallId, channel: ChannelId) -> frozenset[str]:
        """Who is in one talk bridge with this channel of the call, itself included."""
        current = self.saved[call]
        me = self.channels.get(channel)
        if me is None or me.bridge in (None, HOLD, LEGS, EARLY):
            return frozenset()
        names = {current.caller: "caller"}
        names |= {leg.channel: str(leg.agent or leg.number) for leg in current.legs}
        return frozenset(names[each.id] for each in self.channels.values() if each.bridge == me.bridge)

    def talk_of(self, agent: str) -> frozenset[str]:
        """Who talks with this agent (or number), themselves left out."""
        leg = self.leg_of(agent)
        call = next(call for call in self.engine.world.calls.values() if call.leg(leg))
        return self.with_(call.id, leg) - {agent}

    def on_music(self, call: CallId) -> bool:
        channel = self.channels.get(self.saved[call].caller)
        return channel is not None and channel.bridge == HOLD

    def kinds(self) -> list[str]:
        return [effect.entry.kind for effect in self.effects if isinstance(effect, Record)]

    def published(self, kind: str) -> list[PublishCall]:
        return [effect for effect in self.effects if isinstance(effect, PublishCall) and effect.kind == kind]


def settings(options: Options | None = None, **groups: list[str]) -> Settings:
    """Agents anna, ben, cleo and dan; groups as given, by default support with anna and ben, empty with nobody."""
    members = groups or {"support": ["anna", "ben"], "sales": ["cleo"], "empty": []}
    return Settings(
        agents={
            AgentId(name): AgentSettings(id=AgentId(name), name=name.title(), phone=f"PJSIP/{name}")
            for name in ("anna", "ben", "cleo", "dan")
        },
        groups={
            GroupId(group): GroupSettings(
                id=GroupId(group), name=group.title(), members=tuple(Member(agent=AgentId(name)) for name in names)
            )
            for group, names in members.items()
        },
        presets={
            PresetId("hotline"): PresetSettings(
                id=PresetId("hotline"), name="Hotline", number="+49301111", group=GroupId("support")
            )
        },
        options=options or Options(four_way=True, outbound_dial="PJSIP/{number}@carrier"),
        numbers=NumberRules(allow=("+49",), deny=("+49900",)),
    )


__all__ = ["CallState", "OfferState", "PhoneState", "PresetSettings", "Simulation", "replace", "settings"]

"""What happens beside the two tables, to calls in every state: people come and go, strangers ask, the PBX is away, the
gateway dies, settings change, orders fail, time passes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import scenes
from provoke import asked
from scenes import CALL, FOURTH
from simulation import HOLD, LEGS, Channel, Simulation

from callbridge.domain.model.agents import PhoneState, Presence
from callbridge.domain.model.facts import (
    ActionFailed,
    ChannelAnswered,
    ChannelGone,
    ChannelLeft,
    ChannelRinging,
    EarlySound,
    ListenerHungUp,
    OriginateFailed,
    PbxLost,
    PbxSilent,
    PhoneChanged,
    PhoneHolds,
)
from callbridge.domain.model.ids import AgentId, BridgeId, CallId, ChannelId, GroupId, OfferId, RequestId, TransferId
from callbridge.domain.model.requests import (
    AcceptOffer,
    AddNote,
    CallFourth,
    CancelTransfer,
    DoParty,
    EndCall,
    HoldCall,
    LogIn,
    LogOut,
    PartyVerb,
    RequestTransfer,
    ResumeCall,
    RingAgain,
    SetPresence,
)
from callbridge.domain.model.settings import AgentSettings, AgentTransferMode, Member, Settings
from callbridge.domain.model.signals import Configured, Signal
from callbridge.domain.model.transfer import Destination, DestinationKind
from callbridge.domain.rules.explain import Explanation, explain

Provoke = Callable[[Simulation], None]
_ASKED = RequestId("asked")

SCENES: list[Callable[[], Simulation]] = [
    *(scenes.waiting, scenes.transfer_waiting, scenes.offering, scenes.transfer_offering, scenes.recalling),
    *(scenes.connecting, scenes.talking, scenes.deferred, scenes.moving, scenes.moving_cancelled, scenes.falling_back),
    *(scenes.ending, scenes.ending_in_fallback, scenes.held, scenes.ringing, scenes.looking, scenes.ringing_outside),
    *(scenes.consulting, scenes.consulting_outside, scenes.with_caller, scenes.conference, scenes.conference_held),
    *(scenes.four_way, scenes.four_way_outside, scenes.completing, scenes.completing_outside, scenes.returning),
    *(scenes.resuming, scenes.without_caller, scenes.without_caller_fourth, scenes.external, scenes.offering_dialing),
    *(scenes.dialing, scenes.dialing_outside, scenes.fourth_dialing, scenes.held_by_phone),
    *(scenes.consulting_with_a_phone_that_holds, scenes.conference_with_a_phone_that_holds),
]


# ---------------------------------------------------------------- people


def _gives(signal: Signal) -> Provoke:
    def provoke(sim: Simulation) -> None:
        sim.give(signal)

    return provoke


def _presence(agent: str, presence: Presence, reason: str | None = None, by: str | None = None) -> Provoke:
    return _gives(SetPresence(request=_ASKED, agent=AgentId(agent), presence=presence, reason=reason, by=by))


_PEOPLE: dict[str, Provoke] = {
    "anna logs in": _gives(LogIn(request=_ASKED, agent=AgentId("anna"))),
    "dan logs in": _gives(LogIn(request=_ASKED, agent=AgentId("dan"))),
    "somebody unknown logs in": _gives(LogIn(request=_ASKED, agent=AgentId("zoe"))),
    "anna logs out": _gives(LogOut(request=_ASKED, agent=AgentId("anna"))),
    "cleo is logged out": _gives(LogOut(request=_ASKED, agent=AgentId("cleo"), by="Sue")),
    "somebody unknown logs out": _gives(LogOut(request=_ASKED, agent=AgentId("zoe"))),
    "anna is busy": _presence("anna", Presence.BUSY, "lunch"),
    "anna is busy for no reason": _presence("anna", Presence.BUSY),
    "cleo is set to busy": _presence("cleo", Presence.BUSY, "meeting", by="Sue"),
    "anna is available": _presence("anna", Presence.AVAILABLE),
    "cleo is set to available": _presence("cleo", Presence.AVAILABLE, by="Sue"),
    "dan is available without having logged in": _presence("dan", Presence.AVAILABLE),
    "somebody unknown is available": _presence("zoe", Presence.AVAILABLE),
    "anna is offline": _presence("anna", Presence.OFFLINE),
    "ben's phone is away": _gives(PhoneChanged(phone="PJSIP/ben", state=PhoneState.UNREACHABLE)),
    "anna's phone is in use": _gives(PhoneChanged(phone="PJSIP/anna", state=PhoneState.IN_USE)),
}

# ---------------------------------------------------------------- requests


def _of_call(agent: str, call: CallId = CALL) -> list[Signal]:
    who, to = AgentId(agent), Destination(kind=DestinationKind.AGENT, value="ben")
    return [
        EndCall(request=_ASKED, agent=who, call=call),
        HoldCall(request=_ASKED, agent=who, call=call),
        ResumeCall(request=_ASKED, agent=who, call=call),
        RingAgain(request=_ASKED, agent=who, call=call),
        RequestTransfer(request=_ASKED, agent=who, call=call, destination=to),
        CallFourth(request=_ASKED, agent=who, call=call, number=FOURTH),
        *(
            DoParty(request=_ASKED, agent=who, call=call, channel=ChannelId("17.1"), verb=verb)
            for verb in (PartyVerb.MUTE, PartyVerb.UNMUTE)
        ),
    ]


def _named(signals: list[Signal], by: str) -> dict[str, Provoke]:
    return {
        f"{type(each).__name__}{' ' + verb if (verb := getattr(each, 'verb', '')) else ''} {by}": _gives(each)
        for each in signals
    }


_REQUESTS: dict[str, Provoke] = {
    **_named(_of_call("anna"), "by anna"),
    **_named(_of_call("cleo"), "by cleo"),
    **_named(_of_call("dan"), "by dan"),
    **_named(_of_call("zoe"), "by somebody unknown"),
    **_named(_of_call("anna", CallId("c-99")), "of another call"),
    "a note by anna": _gives(AddNote(request=_ASKED, agent=AgentId("anna"), call=CALL, text="calls again")),
    "a note by dan": _gives(AddNote(request=_ASKED, agent=AgentId("dan"), call=CALL, text="calls again")),
    "a note of another call": _gives(AddNote(request=_ASKED, agent=AgentId("anna"), call=CallId("c-9"), text="who?")),
    "an offer that never was": _gives(AcceptOffer(request=_ASKED, agent=AgentId("anna"), offer=OfferId("c-9-offer-1"))),
    "dan accepts anna's offer": _gives(
        AcceptOffer(request=_ASKED, agent=AgentId("dan"), offer=OfferId(f"{CALL}-offer-1"))
    ),
    "dan cancels": _gives(
        CancelTransfer(request=_ASKED, agent=AgentId("dan"), transfer=TransferId(f"{CALL}-transfer-1"))
    ),
    "a transfer that never was": _gives(
        CancelTransfer(request=_ASKED, agent=AgentId("anna"), transfer=TransferId(f"{CALL}-transfer-9"))
    ),
}


def _transfer(kind: DestinationKind, value: str, **more: object) -> Provoke:
    to = Destination(kind=kind, value=value)
    return _gives(RequestTransfer(request=_ASKED, agent=AgentId("anna"), call=CALL, destination=to, **more))  # type: ignore[arg-type]


_DESTINATIONS = (
    *((DestinationKind.AGENT, value) for value in ("anna", "ben", "dan", "zoe")),
    *((DestinationKind.GROUP, value) for value in ("support", "empty", "no such")),
    *((DestinationKind.PRESET, value) for value in ("hotline", "no such")),
    *((DestinationKind.NUMBER, value) for value in ("+4930555", "+49900555", "+33155")),
)
_EXPLAINED = [
    scenes.talking,
    scenes.offering,
    scenes.held,
    scenes.ringing,
    scenes.moving,
    scenes.waiting,
    scenes.ending,
]


def _of_two(supervised: bool) -> Iterator[tuple[str, Explanation]]:
    """A second caller waits for the group, and its first caller waited ten seconds."""
    sim = scenes.talking()
    sim.presence("ben", Presence.BUSY)
    sim.engine.world.waits[GroupId("support")] = (10.0, 20.0)
    sim.arrive("support", 2)
    sim.settle()
    for kind, value in _DESTINATIONS:
        yield f"a second caller waits, to {kind.value} {value}", _explain(sim, kind, value, supervised)


def _explain(sim: Simulation, kind: DestinationKind, value: str, supervised: bool, **more: Any) -> Explanation:
    world, to = sim.engine.world, Destination(kind=kind, value=value)
    return explain(world, world.calls[CALL], AgentId("anna"), to, supervised=supervised, now=sim.now, **more)


def explained() -> Iterator[tuple[str, Explanation]]:
    """What is told before a transfer is asked for, each with its heading."""
    for supervised in (False, True):
        how = "supervised, " if supervised else ""
        for scene in _EXPLAINED:
            sim = scene()
            for kind, value in _DESTINATIONS:
                yield f"{how}{scene.__name__}, to {kind.value} {value}", _explain(sim, kind, value, supervised)
        for heading, explanation in _of_two(supervised):
            yield f"{how}{heading}", explanation
    sim = scenes.talking()
    for mode in AgentTransferMode:
        heading = f"{mode.value}, talking, to agent dan"
        yield heading, _explain(sim, DestinationKind.AGENT, "dan", supervised=False, mode=mode)
    yield "deferred, talking, to agent dan", _explain(sim, DestinationKind.AGENT, "dan", True, deferred=True)


_TRANSFERS: dict[str, Provoke] = {
    **{f"to {kind.value} {value}": _transfer(kind, value) for kind, value in _DESTINATIONS},
    **{
        f"supervised, to {kind.value} {value}": _transfer(kind, value, supervised=True) for kind, value in _DESTINATIONS
    },
    "with a reason and a note": _transfer(DestinationKind.AGENT, "cleo", reason="billing", note="VIP"),
    "supervised, with a reason and a note": _transfer(
        DestinationKind.AGENT, "cleo", supervised=True, reason="billing", note="VIP"
    ),
    "deferred, to ben": _transfer(DestinationKind.AGENT, "ben", supervised=True, deferred=True),
    "deferred, to dan": _transfer(DestinationKind.AGENT, "dan", supervised=True, deferred=True),
    "hard, to dan": _transfer(DestinationKind.AGENT, "dan", mode=AgentTransferMode.HARD),
    "hard, to ben": _transfer(DestinationKind.AGENT, "ben", mode=AgentTransferMode.HARD),
    "soft, to ben": _transfer(DestinationKind.AGENT, "ben", mode=AgentTransferMode.SOFT),
    **{
        f"to an {problem} number": _transfer(
            DestinationKind.NUMBER, "+4930123", supervised=True, number_problem=problem
        )
        for problem in ("invalid", "emergency", "premium")
    },
}

# ---------------------------------------------------------------- the PBX and the gateway


def _away(lost: Signal, seconds: float, *gone: str) -> Provoke:
    """The PBX is not seen for a while, in which these hang up: the caller, or agents."""

    def provoke(sim: Simulation) -> None:
        sim.give(lost)
        sim.now += seconds
        _hang_up(sim, gone)
        sim.facts.clear()
        sim.give(sim.snapshot())

    return provoke


def _hang_up(sim: Simulation, gone: tuple[str, ...]) -> None:
    call = sim.engine.world.calls[CALL]
    for who in gone:
        legs = [leg.channel for leg in call.legs if who in (leg.agent, leg.role.value)]
        for channel in [call.caller] if who == "caller" else legs:
            sim.hang_up(channel)


def _restarted(*gone: str, moved: str | None = None) -> Provoke:
    def provoke(sim: Simulation) -> None:
        sim.facts.clear()
        _hang_up(sim, gone)
        if moved is not None:
            sim._enter(sim.engine.world.calls[CALL].caller, scenes.HOLD)
        sim.restart()

    return provoke


def _asks_while(lost: Signal) -> Provoke:
    def provoke(sim: Simulation) -> None:
        sim.give(lost)
        for signal in (*_of_call("anna"), *_of_call("cleo"), *asked("accept", sim), *asked("cancel", sim)):
            sim.give(signal)

    return provoke


_LINK: dict[str, Provoke] = {
    "the PBX is lost for 7 seconds": _away(PbxLost(), 7.0),
    "the PBX is lost, and the caller with it": _away(PbxLost(), 7.0, "caller"),
    "the PBX is lost, and anna with it": _away(PbxLost(), 7.0, "anna"),
    "the PBX is lost, and the target with it": _away(PbxLost(), 7.0, "target"),
    "the PBX is lost, and everybody with it": _away(PbxLost(), 7.0, "caller", "anna", "target", "fourth"),
    "the PBX is silent for 5 seconds": _away(PbxSilent(), 5.0),
    "the PBX is silent, and the caller hangs up": _away(PbxSilent(), 5.0, "caller"),
    "the PBX is silent, and anna hangs up": _away(PbxSilent(), 5.0, "anna"),
    "the PBX is lost, and people ask": _asks_while(PbxLost()),
    "the PBX is silent, and people ask": _asks_while(PbxSilent()),
    "the gateway starts again": _restarted(),
    "the gateway starts again without the caller": _restarted("caller"),
    "the gateway starts again without anna's phone": _restarted("anna"),
    "the gateway starts again without the target": _restarted("target"),
    "the gateway starts again without any": _restarted("caller", "anna", "target", "fourth"),
    "the gateway starts again, and the caller is in the music": _restarted(moved="caller"),
}

# ---------------------------------------------------------------- settings


def _settings(change: Callable[[Simulation], Settings]) -> Provoke:
    def provoke(sim: Simulation) -> None:
        sim.give(Configured(settings=change(sim)))

    return provoke


def _without_agent(name: str) -> Provoke:
    def change(sim: Simulation) -> Settings:
        return replace(sim.settings, agents={key: each for key, each in sim.settings.agents.items() if key != name})

    return _settings(change)


def _without_group(*names: str) -> Provoke:
    def change(sim: Simulation) -> Settings:
        return replace(
            sim.settings, groups={key: each for key, each in sim.settings.groups.items() if key not in names}
        )

    return _settings(change)


def _anna_serves(group: str) -> Provoke:
    def change(sim: Simulation) -> Settings:
        members = (Member(agent=AgentId("anna")), Member(agent=AgentId("ben")))
        changed = replace(sim.settings.groups[GroupId(group)], members=members, max_wait=None)
        return replace(sim.settings, groups={**sim.settings.groups, changed.id: changed})

    return _settings(change)


def _with_zoe(sim: Simulation) -> Settings:
    zoe = AgentSettings(id=AgentId("zoe"), name="Zoe", phone="PJSIP/zoe")
    return replace(sim.settings, agents={**sim.settings.agents, zoe.id: zoe})


_SETTINGS: dict[str, Provoke] = {
    "anna is configured no more": _without_agent("anna"),
    "cleo is configured no more": _without_agent("cleo"),
    "anna and ben serve the empty group": _anna_serves("empty"),
    "zoe is new": _settings(_with_zoe),
    "the groups are no more": _without_group("support", "empty"),
    "sales is no more": _without_group("sales"),
}

# ---------------------------------------------------------------- facts that come late, twice, or of nobody


def _of_leg(role: str, fact: Callable[[ChannelId], Signal]) -> Provoke:
    def provoke(sim: Simulation) -> None:
        legs = [leg.channel for leg in sim.engine.world.calls[CALL].legs if leg.role.value == role]
        for channel in legs[-1:]:
            sim.give(fact(channel))

    return provoke


_LEG_FACTS: dict[str, Callable[[ChannelId], Signal]] = {
    "rings": lambda channel: ChannelRinging(channel=channel, name="PJSIP/other"),
    "answers": lambda channel: ChannelAnswered(channel=channel, name="PJSIP/other"),
    "sends sound before it answers": lambda channel: EarlySound(channel=channel),
    "hangs up while it listens": lambda channel: ListenerHungUp(channel=channel, cause=16),
    "holds": lambda channel: PhoneHolds(channel=channel, on=True, answered=True),
    "holds in its answer": lambda channel: PhoneHolds(channel=channel, on=True, answered=False),
    "does not hold": lambda channel: PhoneHolds(channel=channel, on=False, answered=True),
    "left a bridge long ago": lambda channel: ChannelLeft(channel=channel, bridge=BridgeId("b0")),
    "is gone, twice": lambda channel: ChannelGone(channel=channel, cause=16),
}


def _new(channel: str, bridge: BridgeId, **more: Any) -> Provoke:
    """A channel that nobody knows is in this bridge."""

    def provoke(sim: Simulation) -> None:
        sim.channels[ChannelId(channel)] = Channel(ChannelId(channel), answered=True, **more)
        sim._enter(ChannelId(channel), bridge)
        sim.settle()

    return provoke


_FACTS: dict[str, Provoke] = {
    f"the {role}'s leg {what}": _of_leg(role, fact)
    for role in ("agent", "target", "fourth")
    for what, fact in _LEG_FACTS.items()
} | {
    "the caller left a bridge long ago": _gives(ChannelLeft(channel=ChannelId("17.1"), bridge=BridgeId("b0"))),
    "a stranger is gone": _gives(ChannelGone(channel=ChannelId("99.1"), cause=16)),
    "a stranger rings": _gives(ChannelRinging(channel=ChannelId("99.1"), name="PJSIP/99")),
    "a leg of nobody waits": _new("99.1", LEGS, role="agent", call="c-17-9"),
    "another caller has this call's name": _new("99.1", HOLD, role="caller", call="17.1", group="support"),
    "a second caller comes": _new("18.7", HOLD, role="caller", call="18.7", group="support"),
}

# ---------------------------------------------------------------- callers who come


def _comes(group: str = "support", **more: Any) -> Provoke:
    return _new("17.1", HOLD, **{"role": "caller", "call": "17.1", "group": group, **more})


def _comes_back(sim: Simulation) -> None:
    """Sent back by the dialplan's fallback."""
    _comes("empty")(sim)
    caller = sim.channels[ChannelId("17.1")]
    sim._leave(caller.id)
    caller.role = "fallback"
    sim.settle()
    sim.give(sim.snapshot())
    sim.now += 5
    caller.role = "caller"
    sim._enter(caller.id, HOLD)
    sim.settle()


def _echo(seconds: float) -> Provoke:
    """Seen in the music once more, after the call's end."""

    def provoke(sim: Simulation) -> None:
        _comes("empty")(sim)
        sim.hang_up(ChannelId("17.1"))
        sim.settle()
        sim.now += seconds
        _comes("empty")(sim)

    return provoke


_ARRIVALS: dict[str, Provoke] = {
    "a caller": _comes(),
    "a caller with data and a recording": _comes(data="order=12&vip=&=x", record="a.wav"),
    "a caller who is withheld": _comes(withheld=True),
    "a caller called anonymous": _comes(number="anonymous", name="Anonymous"),
    "a caller without a number": _comes(number="", name=""),
    "a caller with a user's name": _comes(number="alice@example.org", name=""),
    "a caller to a group that is not there": _comes("nowhere"),
    "a caller to a group where nobody is": _comes("empty"),
    "a caller without a name of the call": _comes(call=""),
    "a caller whom the fallback sends back": _comes_back,
    "an echo of a call that has just ended": _echo(20.0),
    "the same caller again": _echo(40.0),
}


def nobody_there() -> Simulation:
    return scenes._sim(max_wait=60.0)


def anna_is_ready() -> Simulation:
    sim = nobody_there()
    sim.ready("anna")
    return sim


# ---------------------------------------------------------------- orders, and time


def _failed(action: str, role: str, *, refused: bool) -> Provoke:
    def provoke(sim: Simulation) -> None:
        call = sim.engine.world.calls[CALL]
        channel = next((leg.channel for leg in call.legs if leg.role.value == role and not leg.releasing), None)
        channel = call.caller if role == "caller" else channel
        if channel is not None:
            sim.give(ActionFailed(call=CALL, action=action, channel=channel, reason="no", refused=refused))

    return provoke


def _came_to_nothing(role: str) -> Provoke:
    def provoke(sim: Simulation) -> None:
        legs = [leg.channel for leg in sim.engine.world.calls[CALL].legs if leg.role.value == role]
        for channel in legs[-1:]:
            sim.give(OriginateFailed(channel=channel))
            sim.give(ChannelGone(channel=channel, cause=20))
            sim.channels.pop(channel, None)

    return provoke


_ORDERS: dict[str, Provoke] = {
    f"{action} of the {role} is {'refused' if refused else 'not answered'}": _failed(action, role, refused=refused)
    for action, role in (
        *(("Bridge", "caller"), ("Hold", "caller"), ("Join", "caller"), ("Adopt", "caller"), ("ToFallback", "caller")),
        *(("Park", "agent"), ("Originate", "agent"), ("Originate", "target"), ("Originate", "fourth")),
        ("Hangup", "agent"),
    )
    for refused in (True, False)
} | {f"the {role}'s leg comes to nothing": _came_to_nothing(role) for role in ("agent", "target", "fourth")}


def _waits(sim: Simulation) -> None:
    sim.wait(150)


_TIME: dict[str, Provoke] = {"two minutes and a half pass": _waits}

PAGES: dict[str, tuple[list[Callable[[], Simulation]], dict[str, Provoke]]] = {
    "arrivals": ([nobody_there, anna_is_ready], _ARRIVALS),
    "people": (SCENES, _PEOPLE),
    "requests": (SCENES, _REQUESTS),
    "transfers": (SCENES, _TRANSFERS),
    "link": (SCENES, _LINK),
    "settings": (SCENES, _SETTINGS),
    "facts": (SCENES, _FACTS),
    "orders": (SCENES, _ORDERS),
    "time": (SCENES, _TIME),
}

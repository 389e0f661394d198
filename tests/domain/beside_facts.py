"""Facts that come late, twice, or of nobody, to calls in every state; and callers who come."""

from collections.abc import Callable
from typing import Any

import scenes
from beside_requests import gives
from scenes import CALL
from simulation import HOLD, LEGS, Channel, Simulation

from callbridge.domain.model.facts import (
    ChannelAnswered,
    ChannelGone,
    ChannelLeft,
    ChannelRinging,
    EarlySound,
    ListenerHungUp,
    PhoneHolds,
)
from callbridge.domain.model.ids import BridgeId, ChannelId
from callbridge.domain.model.signals import Signal

Provoke = Callable[[Simulation], None]


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


FACTS: dict[str, Provoke] = {
    f"the {role}'s leg {what}": _of_leg(role, fact)
    for role in ("agent", "target", "fourth")
    for what, fact in _LEG_FACTS.items()
} | {
    "the caller left a bridge long ago": gives(ChannelLeft(channel=ChannelId("17.1"), bridge=BridgeId("b0"))),
    "a stranger is gone": gives(ChannelGone(channel=ChannelId("99.1"), cause=16)),
    "a stranger rings": gives(ChannelRinging(channel=ChannelId("99.1"), name="PJSIP/99")),
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


ARRIVALS: dict[str, Provoke] = {
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

"""The PBX is away, the gateway dies, orders fail, to calls in every state."""

from collections.abc import Callable

import scenes
from beside_requests import of_call
from provoke import asked
from scenes import CALL
from simulation import Simulation

from callbridge.domain.model.facts import (
    ActionFailed,
    ChannelGone,
    OriginateFailed,
    PbxLost,
    PbxSilent,
)
from callbridge.domain.model.signals import Signal

Provoke = Callable[[Simulation], None]


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
        for signal in (*of_call("anna"), *of_call("cleo"), *asked("accept", sim), *asked("cancel", sim)):
            sim.give(signal)

    return provoke


LINK: dict[str, Provoke] = {
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


# ---------------------------------------------------------------- orders


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


ORDERS: dict[str, Provoke] = {
    f"{action} of the {role} is {'refused' if refused else 'not answered'}": _failed(action, role, refused=refused)
    for action, role in (
        *(("Bridge", "caller"), ("Hold", "caller"), ("Join", "caller"), ("Adopt", "caller"), ("ToFallback", "caller")),
        *(("Park", "agent"), ("Originate", "agent"), ("Originate", "target"), ("Originate", "fourth")),
        ("Hangup", "agent"),
    )
    for refused in (True, False)
} | {f"the {role}'s leg comes to nothing": _came_to_nothing(role) for role in ("agent", "target", "fourth")}

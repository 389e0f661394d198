"""Who shall talk with whom, by the stage of a call; who of them can; who is there at all."""

from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.legs import Leg, LegRole, LegState


def together(call: Call) -> tuple[ChannelId, ...]:
    """Who shall be in one bridge, those first who are put together first. Everybody else is on hold."""
    agent, target = call.agent_leg, call.party(LegRole.TARGET)
    if call.state is CallState.EXTERNAL:
        return (call.caller, *_up(target))
    match call.consult.stage if call.consult else None:
        case Stage.CONSULTING:
            return (*_up(agent), *_up(target))
        case Stage.WITH_CALLER | Stage.RETURNING:
            return (call.caller, *_up(agent))
        case Stage.COMPLETING:
            return (call.caller, *_up(target))
        case Stage.CONFERENCE:
            return tuple(channel for channel in (call.caller, *_everybody(call)) if not _held(call, channel))
        case Stage.WITHOUT_CALLER:
            return _everybody(call)
    return ()


def present(call: Call) -> tuple[ChannelId, ...]:
    """Those of them who can talk: nobody is put together with a phone that holds, or left with it in silence."""
    return tuple(channel for channel in together(call) if not _phone_holds(call, channel))


def _phone_holds(call: Call, channel: ChannelId) -> bool:
    leg = call.leg(channel)
    return leg is not None and leg.phone_holds


def awaited(call: Call) -> bool:
    """A phone that belongs into the talk is being rung again: nobody is where they should be before it is there."""
    agent, target = call.agent_leg, call.party(LegRole.TARGET)
    match call.consult.stage if call.consult else None:
        case Stage.WITH_CALLER | Stage.RETURNING:
            wanted = [agent]
        case Stage.COMPLETING:
            wanted = [target]
        case Stage.CONSULTING | Stage.CONFERENCE | Stage.WITHOUT_CALLER:
            wanted = [agent, target]
        case _:
            wanted = []
    return any(leg is not None and not _up(leg) for leg in wanted)


def _everybody(call: Call) -> tuple[ChannelId, ...]:
    return (*_up(call.agent_leg), *_up(call.party(LegRole.TARGET)), *_up(call.party(LegRole.FOURTH)))


def _up(leg: Leg | None) -> tuple[ChannelId, ...]:
    return () if leg is None or leg.state in (LegState.DIALING, LegState.RINGING) else (leg.channel,)


def _held(call: Call, channel: ChannelId) -> bool:
    leg = call.leg(channel)
    return call.caller_held if leg is None else leg.held


def parties(call: Call) -> list[ChannelId]:
    return [call.caller, *(leg.channel for leg in call.legs if not leg.releasing and _up(leg))]

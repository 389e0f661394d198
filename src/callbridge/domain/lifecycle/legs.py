"""Letting go of legs: the agent's, the target's, a fourth party's; what a waiting leg hears, and what ends the call."""

from callbridge.domain.lifecycle.people import take_call
from callbridge.domain.model.calls import Call
from callbridge.domain.model.causes import DIED, NOT_THERE, LegEnd, said
from callbridge.domain.model.causes import leg_end as leg_end_of
from callbridge.domain.model.consult import NotReached
from callbridge.domain.model.effects import (
    Hangup,
    Mute,
    ReleaseReservation,
    SetAfter,
    SetHear,
)
from callbridge.domain.model.facts import ChannelGone
from callbridge.domain.model.legs import Leg, LegRole
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step


def end_of(signal: Signal) -> LegEnd:
    """What a leg's end says, where this signal is one; else nobody saw how it ended."""
    return leg_end_of(signal.cause, signal.sip_status) if isinstance(signal, ChannelGone) else NOT_THERE


def record_end(step: Step, call: Call, leg: Leg, signal: Signal) -> None:
    """A leg that came to nothing, or died: nobody asked for that, and what the other side said is kept."""
    if not isinstance(signal, ChannelGone) or not (leg.unanswered or signal.cause in DIED):
        return
    end = said(end_of(signal)) if leg.unanswered else {"cause": signal.cause}
    step.record(call.id, "leg.ended", leg.agent, role=leg.role.value, number=leg.number, **end)


def release(step: Step, call: Call, leg: Leg | None) -> Call:
    """The leg is told to hang up; it stays on the call's list until it is gone, unless it never came to be."""
    if leg is None or leg.releasing:
        return call
    step.emit(Hangup(call=call.id, channel=leg.channel))
    if leg.never_came:
        return step.put(replace(call, legs=tuple(each for each in call.legs if each.channel != leg.channel)))
    legs = tuple(replace(each, releasing=True) if each.channel == leg.channel else each for each in call.legs)
    return step.put(replace(call, legs=legs))


def drop_target(
    step: Step, call: Call, state: OfferState, reason: str | None = None, leg_end: LegEnd | None = None
) -> Call:
    """The target's phone is released and its agent free; a pending offer ends in `state`."""
    call = release(step, call, call.party(LegRole.TARGET))
    consult = call.consult
    if consult is None or consult.offer is None:
        return call
    offer = consult.offer
    agent = step.world.agents.get(offer.agent)
    if offer.state is OfferState.PENDING:
        ended = replace(offer, state=state, ended_at=step.now, reason=reason, leg_end=leg_end)
        if agent is not None:
            idle_since = step.now if state is OfferState.REJECTED else agent.idle_since
            step.put_agent(replace(agent, offer=None, idle_since=idle_since))
        step.record(call.id, f"offer.{state.value}", offer.agent, offer=offer.id, reason=reason, **said(leg_end))
        call = step.put(replace(call, consult=replace(consult, offer=ended)))
        step.publish_offer(call, ended)
    else:
        take_call(step, offer.agent, call.id, wrap_up=False)
        step.publish(call.id, "call.updated", [offer.agent])
    step.emit(ReleaseReservation(offer=offer.id))
    assert call.consult is not None
    return step.put(replace(call, consult=replace(call.consult, offer=None, pop=None)))


def drop_fourth(step: Step, call: Call) -> Call:
    return release(step, call, call.party(LegRole.FOURTH))


def fourth_failed(step: Step, call: Call, leg: Leg, end: LegEnd) -> Call:
    """Why the fourth party was not reached, kept with the consultation."""
    if call.consult is None or leg.number is None:
        return call
    failure = NotReached(number=leg.number, leg_end=end)
    return step.put(replace(call, consult=replace(call.consult, fourth_failure=failure)))


def release_all(step: Step, call: Call) -> Call:
    return drop_fourth(step, drop_target(step, call, OfferState.CANCELLED))


def release_leg(step: Step, call: Call) -> Call:
    """The present agent's leg is told to hang up."""
    return release(step, call, call.agent_leg)


def unmute_all(step: Step, call: Call) -> Call:
    """Everybody who stays is heard again: whoever muted them is no longer with them, or the conference is over."""
    if not call.caller_muted and not any(leg.muted for leg in call.legs):
        return call
    if call.caller_muted and call.caller in step.world.channels:
        step.emit(Mute(call=call.id, channel=call.caller, on=False))
    for leg in call.legs:
        if leg.muted and not leg.releasing:
            step.emit(Mute(call=call.id, channel=leg.channel, on=False))
    legs = tuple(replace(leg, muted=False) for leg in call.legs)
    return step.put(replace(call, caller_muted=False, legs=legs))


def say_mutes(step: Step, call: Call) -> None:
    """Who is muted, and who is not, to the PBX once more."""
    if call.caller in step.world.channels:
        step.emit(Mute(call=call.id, channel=call.caller, on=call.caller_muted))
    for leg in call.legs:
        if leg.channel in step.world.channels and not leg.releasing:
            step.emit(Mute(call=call.id, channel=leg.channel, on=leg.muted))


def keep_caller(step: Step, call: Call) -> None:
    """From now on the end of the caller's bridge leaves them with the music, gateway or not."""
    step.emit(SetAfter(call=call.id, channel=call.caller, after="hold"))


def end_with_talk(step: Step, call: Call) -> None:
    """From now on the end of the talk in which the caller was seen ends the call, gateway or not."""
    fact = step.world.channels.get(call.caller)
    turn = fact.variables.turn if fact is not None else ""
    step.emit(SetAfter(call=call.id, channel=call.caller, after="hangup", turn=turn))


def let_hear(step: Step, call: Call, leg: Leg | None, what: str) -> None:
    """What a leg hears when it is on hold, set before it goes there."""
    if leg is not None and not leg.releasing:
        step.emit(SetHear(call=call.id, channel=leg.channel, hear=what))

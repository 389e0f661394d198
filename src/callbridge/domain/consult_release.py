"""Letting go of the target, of a fourth party, and of a whole consultation."""

from dataclasses import replace

from callbridge.domain import returning
from callbridge.domain.calls import Call, Consult, Leg, LegRole, OfferState, Stage, TransferState
from callbridge.domain.effects import Hangup, ReleaseReservation, SetHear
from callbridge.domain.people import take_call
from callbridge.domain.step import Step


def release(step: Step, call: Call, leg: Leg | None) -> Call:
    """The leg is told to hang up; it stays on the call's list until it is gone, unless it never came to be."""
    if leg is None or leg.releasing:
        return call
    step.emit(Hangup(call=call.id, channel=leg.channel))
    if leg.never_came:
        return step.put(replace(call, legs=tuple(each for each in call.legs if each.channel != leg.channel)))
    legs = tuple(replace(each, releasing=True) if each.channel == leg.channel else each for each in call.legs)
    return step.put(replace(call, legs=legs))


def drop_target(step: Step, call: Call, state: OfferState, reason: str | None = None) -> Call:
    """The target's phone is released and its agent free; a pending offer ends in `state`."""
    call = release(step, call, call.party(LegRole.TARGET))
    consult = call.consult
    if consult is None or consult.offer is None:
        return call
    offer = consult.offer
    agent = step.world.agents.get(offer.agent)
    if offer.state is OfferState.PENDING:
        ended = replace(offer, state=state, ended_at=step.now, reason=reason)
        if agent is not None:
            idle_since = step.now if state is OfferState.REJECTED else agent.idle_since
            step.put_agent(replace(agent, offer=None, idle_since=idle_since))
        step.record(call.id, f"offer.{state.value}", offer.agent, offer=offer.id, reason=reason)
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


def release_all(step: Step, call: Call) -> Call:
    return drop_fourth(step, drop_target(step, call, OfferState.CANCELLED))


def fail(
    step: Step, call: Call, why: str, *, state: TransferState = TransferState.FAILED, offer: OfferState | None = None
) -> Call:
    """The transfer came to nothing: caller and agent 1 talk again."""
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, state, why)
    call = drop_fourth(step, drop_target(step, call, offer or OfferState.CANCELLED, why))
    if call.agent_leg is not None:
        step.emit(SetHear(call=call.id, channel=call.agent_leg.channel, hear="silence"))
    consult = replace(call.consult or Consult(stage=Stage.RETURNING), stage=Stage.RETURNING, route=None, settled=False)
    return step.put(replace(call, consult=consult, doing=None, moved=None, caller_held=False))

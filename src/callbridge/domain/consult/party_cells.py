"""Cells of the parties of a conference, and of the fourth one."""

from callbridge.domain.consult.moves import externals_left, tell_everybody, to_stage
from callbridge.domain.consult.requests import (
    find_party,
    mute,
)
from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.legs import drop_fourth, drop_target, fourth_failed
from callbridge.domain.model.calls import Call
from callbridge.domain.model.causes import NOBODY_ANSWERED, NOT_THERE, said
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import SetHear
from callbridge.domain.model.legs import LegRole, LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import (
    DoParty,
    PartyVerb,
)
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import TransferState


def party(step: Step, call: Call, signal: Signal) -> None:
    """Mute, hold or drop one party of the conference."""
    assert isinstance(signal, DoParty)
    if not find_party(step, call, signal) or mute(step, call, signal):
        return
    if signal.verb is PartyVerb.DROP:
        leg = call.leg(signal.channel)
        assert leg is not None
        if leg.role is LegRole.AGENT:
            step.refuse(signal.request, "own_leg", "This is you; to leave, hang up.")
            return
        call = drop_target(step, call, OfferState.CANCELLED) if leg.role is LegRole.TARGET else drop_fourth(step, call)
        party_left(step, call, signal)
        step.accept(signal.request)
        return
    held = signal.verb is PartyVerb.HOLD
    if signal.channel == call.caller:
        call = replace(call, caller_held=held)
    else:
        call = replace(
            call, legs=tuple(replace(leg, held=held) if leg.channel == signal.channel else leg for leg in call.legs)
        )
        if held:
            step.emit(SetHear(call=call.id, channel=signal.channel, hear="music"))
    call = to_stage(step, call, Stage.CONFERENCE)
    step.accept(signal.request)
    tell_everybody(step, call)


def party_left(step: Step, call: Call, signal: Signal) -> None:
    """Target or fourth party are gone from the conference; two who are left are an ordinary conversation."""
    target, fourth = call.party(LegRole.TARGET), call.party(LegRole.FOURTH)
    if target is None and call.consult is not None and call.consult.offer is not None:
        call = drop_target(step, call, OfferState.CANCELLED)
    if call.agent is None:
        externals_left(step, call)
    elif target is None and fourth is None:
        if call.transfer is not None and not call.transfer.ended:
            call = returning.end_transfer(step, call, TransferState.FAILED, "target_hung_up")
        to_stage(step, replace(call, caller_held=False), Stage.RETURNING)
    else:
        tell_everybody(step, to_stage(step, call, Stage.CONFERENCE))


def fourth_said_no(step: Step, call: Call, signal: Signal) -> None:
    """They were rung in vain; `fourth_failure` says why."""
    failure = call.consult.fourth_failure if call.consult else None
    number = failure.number if failure else None
    step.record(call.id, "fourth.not_reached", call.agent, number=number, **said(failure.leg_end if failure else None))
    if call.consult is not None and call.consult.stage is Stage.CONFERENCE:
        party_left(step, call, signal)
    else:
        tell_everybody(step, call)


def fourth_overdue(step: Step, call: Call, signal: Signal) -> None:
    fourth = call.party(LegRole.FOURTH)
    if fourth is not None:
        end = NOT_THERE if fourth.state is LegState.DIALING else NOBODY_ANSWERED
        call = fourth_failed(step, drop_fourth(step, call), fourth, end)
    fourth_said_no(step, call, signal)


def release_fourth(step: Step, call: Call, signal: Signal) -> None:
    drop_fourth(step, call)

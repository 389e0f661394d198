"""What agents ask for during a consultation, as far as it changes no stage by itself; and hold."""

from callbridge.domain.consult.offers import dial_external
from callbridge.domain.consult.start import start_transfer
from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.holding import hold_others
from callbridge.domain.lifecycle.legs import drop_fourth
from callbridge.domain.model.calls import Call
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Mute
from callbridge.domain.model.legs import LegRole
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import (
    AcceptOffer,
    CallFourth,
    CancelTransfer,
    DoParty,
    DoTransfer,
    EndCall,
    HoldCall,
    PartyVerb,
    RejectOffer,
    RequestTransfer,
    ResumeCall,
    RingAgain,
)
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import TransferState
from callbridge.domain.rules.policy import number_refusal

_Asked = (
    AcceptOffer
    | RejectOffer
    | EndCall
    | RequestTransfer
    | CancelTransfer
    | HoldCall
    | ResumeCall
    | RingAgain
    | DoTransfer
    | CallFourth
    | DoParty
)


def _refuse(step: Step, signal: Signal, code: str, detail: str) -> None:
    assert isinstance(signal, _Asked)
    step.refuse(signal.request, code, detail)


def done(step: Step, call: Call, signal: Signal) -> None:
    """It is so already, or on the way."""
    assert isinstance(signal, _Asked)
    step.accept(signal.request)


def no_offer(step: Step, call: Call, signal: Signal) -> None:
    _refuse(step, signal, "offer_ended", "This offer is over; the call went on without it.")


def accepted_already(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, AcceptOffer)
    offer = call.consult.offer if call.consult else None
    if offer is not None and offer.id == signal.offer:
        step.accept(signal.request)
    else:
        no_offer(step, call, signal)


def no_transfer(step: Step, call: Call, signal: Signal) -> None:
    if waits_for_target(call):
        _refuse(step, signal, "not_consulting", "The target has not been reached yet.")
    else:
        _refuse(step, signal, "transfer_ended", "This transfer is over.")


def waits_for_target(call: Call) -> bool:
    return call.transfer is not None and call.transfer.state is TransferState.DEFERRED


def cancel_deferred(step: Step, call: Call, signal: Signal) -> None:
    """A transfer that waits for its target, while the caller is on hold or comes back."""
    if not waits_for_target(call):
        no_transfer(step, call, signal)
        return
    returning.end_transfer(step, call, TransferState.CANCELLED, "cancelled")
    done(step, call, signal)


def not_consulting(step: Step, call: Call, signal: Signal) -> None:
    _refuse(step, signal, "not_consulting", "This is possible only while you talk with the target or the caller.")


def not_conference(step: Step, call: Call, signal: Signal) -> None:
    may_merge = call.consult is not None and call.consult.stage in (Stage.CONSULTING, Stage.WITH_CALLER)
    what_first = "; merge the calls first." if may_merge else "."
    _refuse(step, signal, "not_conference", f"This is possible only in a conference{what_first}")


def not_now(step: Step, call: Call, signal: Signal) -> None:
    _refuse(step, signal, "transfer_under_way", "A transfer of this call is under way; end that first.")


def coming_back(step: Step, call: Call, signal: Signal) -> None:
    sentence = "The caller is just coming back to you; try again in a moment."
    _refuse(step, signal, "transfer_under_way", sentence)


def caller_hung_up(step: Step, call: Call, signal: Signal) -> None:
    _refuse(step, signal, "not_talking", "The caller has hung up; say goodbye, and hang up.")


def under_way(step: Step, call: Call, signal: Signal) -> None:
    _refuse(step, signal, "transfer_under_way", "This call is being transferred already; cancel that first.")


def transfer(step: Step, call: Call, signal: Signal) -> None:
    start_transfer(step, call, signal)


# ---------------------------------------------------------------- hold


def resume(step: Step, call: Call, signal: Signal) -> None:
    """Back to the caller. The agent talks with one caller at a time: their others go on hold."""
    assert isinstance(signal, ResumeCall)
    if call.agent_leg is not None and call.agent_leg.phone_holds:
        _refuse(step, signal, "phone_on_hold", "Your phone itself is on hold: take the call back there.")
        return
    hold_others(step, call)
    assert call.consult is not None
    step.put(replace(call, consult=replace(call.consult, stage=Stage.RETURNING, settled=False), doing=None))
    step.accept(signal.request)


# ---------------------------------------------------------------- the fourth party, and parties


def call_fourth(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, CallFourth)
    if not step.options.four_way:
        _refuse(step, signal, "four_way_disabled", "Four-way conferences are switched off by the administrator.")
        return
    if call.party(LegRole.FOURTH) is not None:
        _refuse(step, signal, "fourth_present", "A fourth party is called already; drop them first.")
        return
    refusal = number_refusal(step.world.settings, signal.agent, signal.number, signal.number_problem)
    if refusal is not None:
        step.record(call.id, "fourth.refused", signal.agent, code=refusal.code)
        _refuse(step, signal, refusal.code, refusal.detail)
        return
    if call.consult is not None:
        call = replace(call, consult=replace(call.consult, fourth_failure=None))
    call = dial_external(step, call, signal.number, LegRole.FOURTH)
    step.publish(call.id, "call.updated", [call.agent])
    fourth = call.party(LegRole.FOURTH)
    step.accept(signal.request, {"party": fourth.channel if fourth else ""})


def find_party(step: Step, call: Call, signal: Signal) -> bool:
    """False, and refused, where the call has no such party or it may not be touched."""
    assert isinstance(signal, DoParty)
    leg = call.leg(signal.channel)
    there = signal.channel in step.world.channels if signal.channel == call.caller else leg and not leg.releasing
    if not there:
        _refuse(step, signal, "unknown_party", "There is no such party in this call.")
        return False
    if signal.channel == call.caller and signal.verb is PartyVerb.DROP:
        _refuse(step, signal, "caller_not_dropped", "The caller is not dropped; end the call instead.")
        return False
    return True


def mute(step: Step, call: Call, signal: Signal) -> bool:
    """True where it was about muting, which is the same in every stage."""
    assert isinstance(signal, DoParty)
    if signal.verb not in (PartyVerb.MUTE, PartyVerb.UNMUTE):
        return False
    on = signal.verb is PartyVerb.MUTE
    if signal.channel == call.caller:
        call = replace(call, caller_muted=on)
    else:
        legs = tuple(replace(leg, muted=on) if leg.channel == signal.channel else leg for leg in call.legs)
        call = replace(call, legs=legs)
    step.put(replace(call, muting=True))
    step.emit(Mute(call=call.id, channel=signal.channel, on=on))
    step.publish(call.id, "call.updated", [call.agent])
    step.accept(signal.request)
    return True


def party_talk(step: Step, call: Call, signal: Signal) -> None:
    """Muting, and dropping a fourth party who still rings; the rest needs a conference."""
    assert isinstance(signal, DoParty)
    if not find_party(step, call, signal) or mute(step, call, signal):
        return
    leg = call.leg(signal.channel)
    if signal.verb is PartyVerb.DROP and leg is not None and leg.role is LegRole.FOURTH:
        drop_fourth(step, call)
        step.accept(signal.request)
    else:
        not_conference(step, call, signal)


def unmute_only(step: Step, call: Call, signal: Signal) -> bool:
    """Whoever is muted can be heard again whatever has become of the talk. True where it was about that."""
    assert isinstance(signal, DoParty)
    if signal.verb is not PartyVerb.UNMUTE:
        return False
    return not find_party(step, call, signal) or mute(step, call, signal)


def party_ringing(step: Step, call: Call, signal: Signal) -> None:
    if not unmute_only(step, call, signal):
        not_consulting(step, call, signal)


def party_elsewhere(step: Step, call: Call, signal: Signal) -> None:
    if not unmute_only(step, call, signal):
        not_conference(step, call, signal)

"""Cells of a call that ends, or is in the dialplan's own fallback."""

from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.ending import end_if_empty, leave_agent, release_everybody, seen_or
from callbridge.domain.lifecycle.offer_end import end_offer
from callbridge.domain.lifecycle.patience import TRIES
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.effects import Hangup, LookAgain, ToFallback
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import TransferState


def abandoned(step: Step, call: Call, signal: Signal) -> None:
    """The caller hung up before anybody talked to them, or on the way to a transfer's target."""
    if call.offer is not None and call.offer.state is OfferState.PENDING:
        call = end_offer(step, call, OfferState.CANCELLED, "caller_hung_up")
    call = leave_agent(step, call, wrap_up=call.state is CallState.MOVING)
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "caller_hung_up")
    outcome = CallOutcome.HANDLED if call.left_in_talk else CallOutcome.ABANDONED
    release_everybody(step, call, seen_or(outcome, signal))


def ended_if_empty(step: Step, call: Call, signal: Signal) -> None:
    end_if_empty(step, call)


def back_from_fallback(step: Step, call: Call, signal: Signal) -> None:
    """The dialplan's fallback sent the caller back while phones are still being released: the call goes on."""
    if call.outcome is not CallOutcome.FALLBACK:
        release_again(step, call, signal)
        return
    call = step.put(replace(call, outcome=None, offer=None, attempts=0))
    step.record(call.id, "call.arrived", None, group=call.group, called=call.called)
    route = returning.group_route(step, call.group, step.now)
    if route is None:
        returning.to_fallback(step, call, "unknown_group")
    else:
        returning.wait(step, call, route)


def still_in_fallback(step: Step, call: Call, signal: Signal) -> None:
    """Whom the dialplan's fallback has is no longer ours to hang up."""
    if call.outcome is CallOutcome.FALLBACK:
        step.world.channels.pop(call.caller, None)
    else:
        release_again(step, call, signal)


def release_again(step: Step, call: Call, signal: Signal) -> None:
    """Something is still there that should be gone. Harmless where it is not: the PBX knows no such channel."""
    if call.caller in step.world.channels:
        step.emit(Hangup(call=call.id, channel=call.caller))
    for leg in call.legs:
        step.emit(Hangup(call=call.id, channel=leg.channel))
    if call.attempts % TRIES == 0:
        step.emit(LookAgain(why="channels of an ended call are not gone"))
    step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))


def fall_back_new(step: Step, call: Call, signal: Signal) -> None:
    """Another channel has come in the caller's place: it goes where they should have gone."""
    step.put(replace(call, attempts=1, deadline=step.now + step.options.connect_timeout))
    step.emit(ToFallback(call=call.id, channel=call.caller))


def fall_back_again(step: Step, call: Call, signal: Signal) -> None:
    """There is no event for a channel that runs a dialplan: look where the caller is, send them again if need be."""
    fact = step.world.channels.get(call.caller)
    if fact is not None and fact.holding and call.attempts % 2 == 0:
        step.emit(ToFallback(call=call.id, channel=call.caller))
    step.emit(LookAgain(why="the caller was not seen in the dialplan's fallback"))
    step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))

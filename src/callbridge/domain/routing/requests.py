"""What agents ask for about a call, and the rules that a request must pass. A refusal changes nothing."""

from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.holding import put_on_hold
from callbridge.domain.model.calls import MAX_NOTES, Call, CallState
from callbridge.domain.model.offer import Note
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import AddNote, CancelTransfer, HoldCall, Request, ResumeCall
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import Route, RouteKind, TransferState
from callbridge.domain.routing import offers


def _request(signal: Signal) -> Request:
    assert isinstance(signal, Request)
    return signal


# ---------------------------------------------------------------- refusals that depend on the call's state only


def refuse_offer_ended(step: Step, call: Call, signal: Signal) -> None:
    step.refuse(_request(signal).request, "offer_ended", "This offer is over; the call went on without it.")


def refuse_not_talking(step: Step, call: Call, signal: Signal) -> None:
    step.refuse(
        _request(signal).request, "not_talking", "This is possible only while you are connected with the caller."
    )


def refuse_transfer_ended(step: Step, call: Call, signal: Signal) -> None:
    step.refuse(_request(signal).request, "transfer_ended", "This transfer is over and cannot be cancelled any more.")


def cancel_deferred_transfer(step: Step, call: Call, signal: Signal) -> None:
    """A supervised transfer that waits for its target, while the caller is with agent 1."""
    _cancel(step, call, signal)


def hold(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, HoldCall)
    put_on_hold(step, call)
    step.accept(signal.request)


def refuse_not_held(step: Step, call: Call, signal: Signal) -> None:
    """Resume, while they talk: it is so already."""
    assert isinstance(signal, ResumeCall)
    step.accept(signal.request)


def already_ending(step: Step, call: Call, signal: Signal) -> None:
    step.accept(_request(signal).request)


# ---------------------------------------------------------------- taking a transfer back


def cancel_waiting_transfer(step: Step, call: Call, signal: Signal) -> None:
    """The caller comes back to agent 1: they are rung again, since they were freed."""
    cancelled = _cancel(step, call, signal)
    if cancelled is not None:
        returning.recall(step, cancelled, "cancelled")


def cancel_offered_transfer(step: Step, call: Call, signal: Signal) -> None:
    cancelled = _cancel(step, call, signal)
    if cancelled is not None:
        offers.rescinded(step, cancelled, "cancelled")


def cancel_moving_transfer(step: Step, call: Call, signal: Signal) -> None:
    """The caller is not with the music yet: they go there, and straight back to agent 1."""
    cancelled = _cancel(step, call, signal)
    if cancelled is not None and cancelled.transfer is not None:
        route = Route(kind=RouteKind.RECALL, agent=cancelled.transfer.by, since=call.arrived_at)
        step.put(replace(cancelled, route=route))


def _cancel(step: Step, call: Call, signal: Signal) -> Call | None:
    """None, and refused, where there is nothing to be cancelled any more."""
    assert isinstance(signal, CancelTransfer)
    transfer = call.transfer
    if transfer is None or transfer.ended:
        refuse_transfer_ended(step, call, signal)
        return None
    step.accept(signal.request)
    return returning.end_transfer(step, call, TransferState.CANCELLED, "cancelled")


# ---------------------------------------------------------------- notes


def kept(signal: AddNote) -> Call | None:
    """The call as the store has it; None where it had not ended there: then only what the engine knows is true."""
    stored = signal.stored
    return stored if stored is not None and stored.id == signal.call and stored.state is CallState.ENDED else None


def add_note(step: Step, call: Call | None, signal: AddNote) -> None:
    """By whoever has the call or had it, while it goes on and afterwards: a note is often finished when the call is not
    theirs any more."""
    if call is None or not call.was_of(signal.agent):
        step.refuse(signal.request, "not_your_call", "There is no such call among yours.")
        return
    if len(call.notes) >= MAX_NOTES:
        step.refuse(signal.request, "too_many_notes", f"A call keeps at most {MAX_NOTES} notes.")
        return
    note = Note(at=step.now, by=signal.agent, text=signal.text)
    pop = replace(call.pop, notes=(*call.notes, note)) if call.pop is not None else None
    step.put(replace(call, notes=(*call.notes, note), pop=pop))
    step.publish(call.id, "call.ended" if call.state is CallState.ENDED else "call.updated", [signal.agent, call.agent])
    step.accept(signal.request)

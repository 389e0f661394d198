"""What agents ask for about a call, and the rules that a request must pass. A refusal changes nothing."""

from dataclasses import replace

from callbridge.domain import offers, returning
from callbridge.domain.calls import (
    Call,
    CallState,
    DestinationKind,
    LegRole,
    Note,
    Route,
    RouteKind,
    Transfer,
    TransferKind,
    TransferState,
)
from callbridge.domain.consult_offers import dial_external, start_ringing
from callbridge.domain.effects import Hold, SetAfter
from callbridge.domain.eligibility import judge
from callbridge.domain.explain import unavailable
from callbridge.domain.holding import put_on_hold
from callbridge.domain.ids import AgentId, GroupId, transfer_id
from callbridge.domain.policy import Refusal, external_number, transfer_refusal
from callbridge.domain.settings import AgentTransferMode, AgentTransferRule
from callbridge.domain.signals import (
    AddNote,
    CancelTransfer,
    HoldCall,
    Request,
    RequestTransfer,
    ResumeCall,
    Signal,
)
from callbridge.domain.step import Step

_MAX_NOTES = 200


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


def refuse_transfer_under_way(step: Step, call: Call, signal: Signal) -> None:
    step.refuse(
        _request(signal).request, "transfer_under_way", "This call is being transferred already; cancel that first."
    )


def refuse_transfer_ended(step: Step, call: Call, signal: Signal) -> None:
    step.refuse(_request(signal).request, "transfer_ended", "This transfer is over and cannot be cancelled any more.")


def cancel_deferred_transfer(step: Step, call: Call, signal: Signal) -> None:
    """A supervised transfer that waits for its target, while the caller is with agent 1."""
    _cancel(step, call, signal)


def hold(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, HoldCall)
    if call.transfer is not None and call.transfer.state is TransferState.DEFERRED:
        refuse_transfer_under_way(step, call, signal)
        return
    put_on_hold(step, call)
    step.accept(signal.request)


def refuse_not_held(step: Step, call: Call, signal: Signal) -> None:
    """Resume, while they talk: it is so already."""
    assert isinstance(signal, ResumeCall)
    step.accept(signal.request)


def already_ending(step: Step, call: Call, signal: Signal) -> None:
    step.accept(_request(signal).request)


# ---------------------------------------------------------------- unsupervised transfer


def start_transfer(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 gives the call away: the caller goes to the music, and agent 1 is free as soon as they are there."""
    assert isinstance(signal, RequestTransfer)
    if call.transfer is not None and call.transfer.state is TransferState.DEFERRED:
        refuse_transfer_under_way(step, call, signal)
        return
    refusal = _refusal(step, call, signal)
    if refusal is not None:
        step.record(
            call.id,
            "transfer.refused",
            signal.agent,
            code=refusal.code,
            destination=signal.destination.value,
            kind=signal.destination.kind.value,
            supervised=signal.supervised,
        )
        step.refuse(signal.request, refusal.code, refusal.detail)
        return
    notes = call.notes
    if signal.note:
        notes = (*notes, Note(at=step.now, by=signal.agent, text=signal.note))
    mode = _mode(step, signal)
    transfer = Transfer(
        id=transfer_id(call.id, call.transfers_made + 1),
        call=call.id,
        by=signal.agent,
        destination=signal.destination,
        kind=TransferKind.SUPERVISED if signal.supervised else TransferKind.UNSUPERVISED,
        mode=mode,
        reason=signal.reason,
        made_at=step.now,
    )
    step.publish(call.id, "transfer.updated", [signal.agent])
    step.record(
        call.id,
        "transfer.requested",
        signal.agent,
        transfer=transfer.id,
        supervised=signal.supervised,
        kind=signal.destination.kind.value,
        destination=signal.destination.value,
        mode=mode.value if mode else None,
    )
    step.accept(signal.request, {"transfer": transfer.id})
    call = replace(
        call, notes=notes[-_MAX_NOTES:], transfer=transfer, transfers_made=call.transfers_made + 1, pauses=()
    )
    if signal.supervised:
        _start_supervised(step, call, signal)
    else:
        _start_unsupervised(step, call, signal, mode)


def _start_unsupervised(step: Step, call: Call, signal: RequestTransfer, mode: AgentTransferMode | None) -> None:
    call = step.put(
        replace(
            call,
            state=CallState.MOVING,
            consult=None,
            doing=None,
            route=_route(step, signal, mode),
            deadline=step.now + step.options.connect_timeout,
            attempts=1,
        )
    )
    # First the variable: from now on also a sudden end of this bridge leaves the caller with the music.
    step.emit(SetAfter(call=call.id, channel=call.caller, name=call.caller_channel, after="hold"))
    step.emit(Hold(call=call.id, channel=call.caller, name=call.caller_channel))


def _start_supervised(step: Step, call: Call, signal: RequestTransfer) -> None:
    """Agent 1 talks with the target first. The caller hears music as soon as the target's phone is to be rung."""
    number = external_number(step.world.settings, signal.destination)
    if number is not None:
        dial_external(step, start_ringing(step, call, None), number, LegRole.TARGET)
        return
    route = _route(step, signal, None)
    by_agent = signal.destination.kind is DestinationKind.AGENT
    if by_agent and signal.deferred and not judge(step.world, call, step.now, route)[0]:
        assert call.transfer is not None
        step.put(replace(call, transfer=replace(call.transfer, state=TransferState.DEFERRED)))
        step.dispatch = True
        return
    start_ringing(step, call, route)


def _refusal(step: Step, call: Call, signal: RequestTransfer) -> Refusal | None:
    refusal = transfer_refusal(
        step.world.settings,
        signal.agent,
        signal.destination,
        supervised=signal.supervised,
        mode=signal.mode,
        number_problem=signal.number_problem,
    )
    if refusal is not None or not signal.supervised or signal.deferred:
        return refusal
    return unavailable(step.world, call, signal.destination, step.now)


def _mode(step: Step, signal: RequestTransfer) -> AgentTransferMode | None:
    if signal.destination.kind is not DestinationKind.AGENT or signal.supervised:
        return None
    rule = step.options.agent_transfer
    if rule is AgentTransferRule.AGENT_CHOOSES:
        return signal.mode or AgentTransferMode.SOFT
    return AgentTransferMode(rule.value)


def _route(step: Step, signal: RequestTransfer, mode: AgentTransferMode | None) -> Route:
    if signal.destination.kind is DestinationKind.GROUP:
        route = returning.group_route(step, GroupId(signal.destination.value), step.now)
        assert route is not None
        return route
    return Route(
        kind=RouteKind.AGENT,
        agent=AgentId(signal.destination.value),
        mode=mode or AgentTransferMode.SOFT,
        since=step.now,
        deadline=step.now + step.options.transfer_max_wait,
    )


# ---------------------------------------------------------------- taking a transfer back


def cancel_waiting_transfer(step: Step, call: Call, signal: Signal) -> None:
    """The caller comes back to agent 1: they are rung again, since they were freed."""
    if _cancel(step, call, signal):
        returning.recall(step, step.world.calls[call.id], "cancelled")


def cancel_offered_transfer(step: Step, call: Call, signal: Signal) -> None:
    if _cancel(step, call, signal):
        offers.rescinded(step, step.world.calls[call.id], "cancelled")


def cancel_moving_transfer(step: Step, call: Call, signal: Signal) -> None:
    """The caller is not with the music yet: they go there, and straight back to agent 1."""
    if _cancel(step, call, signal) and call.transfer is not None:
        route = Route(kind=RouteKind.RECALL, agent=call.transfer.by, since=call.arrived_at)
        step.put(replace(step.world.calls[call.id], route=route))


def _cancel(step: Step, call: Call, signal: Signal) -> bool:
    assert isinstance(signal, CancelTransfer)
    transfer = call.transfer
    if transfer is None or transfer.ended:
        refuse_transfer_ended(step, call, signal)
        return False
    returning.end_transfer(step, call, TransferState.CANCELLED, "cancelled")
    step.accept(signal.request)
    return True


# ---------------------------------------------------------------- notes


def add_note(step: Step, call: Call | None, signal: AddNote) -> None:
    """By whoever has the call; while nobody has it, or it has just ended, by whoever had it last."""
    if call is None or (call.agent or call.last_agent) != signal.agent:
        step.refuse(signal.request, "not_your_call", "There is no such call among yours.")
        return
    if len(call.notes) >= _MAX_NOTES:
        step.refuse(signal.request, "too_many_notes", f"A call keeps at most {_MAX_NOTES} notes.")
        return
    note = Note(at=step.now, by=signal.agent, text=signal.text)
    pop = replace(call.pop, notes=(*call.notes, note)) if call.pop is not None else None
    step.put(replace(call, notes=(*call.notes, note), pop=pop))
    step.publish(call.id, "call.ended" if call.state is CallState.ENDED else "call.updated", [signal.agent])
    step.accept(signal.request)

"""A transfer begins: what was asked for passes the rules, and the caller is on the way, or the target's phone rings."""

from callbridge.domain.consult.offers import dial_external, start_ringing
from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.legs import keep_caller
from callbridge.domain.model.calls import MAX_NOTES, Call, CallState
from callbridge.domain.model.effects import Hold
from callbridge.domain.model.ids import AgentId, GroupId, transfer_id
from callbridge.domain.model.legs import LegRole
from callbridge.domain.model.offer import Note
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import Request, RequestTransfer
from callbridge.domain.model.settings import AgentTransferMode, AgentTransferRule
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import DestinationKind, Route, RouteKind, Transfer, TransferKind, TransferState
from callbridge.domain.rules.eligibility import judge
from callbridge.domain.rules.explain import unavailable
from callbridge.domain.rules.policy import Refusal, external_number, transfer_refusal


def refuse_transfer_under_way(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, Request)
    taken_back = call.transfer is not None and call.transfer.ended
    sentence = (
        "The caller is just coming back to you; try again in a moment."
        if taken_back
        else "This call is being transferred already; cancel that first."
    )
    step.refuse(signal.request, "transfer_under_way", sentence)


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
    call = replace(call, notes=notes[-MAX_NOTES:], transfer=transfer, transfers_made=call.transfers_made + 1, pauses=())
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
            sent_at=step.now,
        )
    )
    # First the variable: from now on also a sudden end of this bridge leaves the caller with the music.
    keep_caller(step, call)
    step.emit(Hold(call=call.id, channel=call.caller))


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

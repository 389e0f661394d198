"""Cells of somebody's end: the caller's, the agent's, everybody's."""

from callbridge.domain.consult.moves import (
    back_without_agent,
    go_on_unsupervised,
    leave_conference,
    remaining,
    tell_everybody,
    to_stage,
)
from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.ending import end_call, talk_ended
from callbridge.domain.lifecycle.legs import drop_fourth, drop_target, release_all, release_leg
from callbridge.domain.model.calls import Call, CallOutcome
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import DestinationKind, TransferState


def over(step: Step, call: Call, signal: Signal) -> None:
    """The conversation is over: the caller hung up, or the external party did."""
    call = step.put(replace(call, consult=None, doing=None, moved=None))
    talk_ended(step, release_all(step, call), signal)


def caller_left(step: Step, call: Call, signal: Signal) -> None:
    """The caller hung up while nobody talked with them."""
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "caller_hung_up")
    call = drop_target(step, call, OfferState.CANCELLED)
    end_call(step, drop_fourth(step, call), CallOutcome.HANDLED)


def caller_left_talk(step: Step, call: Call, signal: Signal) -> None:
    """The caller hung up; agent 1 and the target may finish their sentence."""
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "caller_hung_up")
    if len(remaining(call)) >= 2:
        tell_everybody(step, to_stage(step, call, Stage.WITHOUT_CALLER))
    else:
        caller_left(step, call, signal)


def last_words(step: Step, call: Call, signal: Signal) -> None:
    if len(remaining(call)) < 2:
        end_all(step, call, signal)


def end_all(step: Step, call: Call, signal: Signal) -> None:
    call = drop_target(step, call, OfferState.CANCELLED)
    end_call(step, drop_fourth(step, call), CallOutcome.HANDLED)


def agent_hung_up(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 hung up while talking with the target: that completes, or not, as the administrator set it."""
    if step.options.hangup_completes:
        to_stage(step, drop_fourth(step, call), Stage.COMPLETING)
    else:
        back_without_agent(step, call, "transferer_hung_up")


def agent_left(step: Step, call: Call, signal: Signal) -> None:
    if call.agent is not None:
        leave_conference(step, call)


def agent_overdue(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1's phone was rung again and is not answered: what happens is what happens when they hang up."""
    call = release_leg(step, call)
    assert call.consult is not None
    match call.consult.stage:
        case Stage.HELD | Stage.RETURNING:
            agent_lost(step, call, signal)
        case Stage.RINGING:
            agent_lost_ring(step, call, signal)
        case Stage.CONSULTING | Stage.WITH_CALLER:
            agent_hung_up(step, call, signal)
        case Stage.CONFERENCE:
            agent_left(step, call, signal)
        case Stage.COMPLETING:
            pass  # they are on their way out
        case Stage.WITHOUT_CALLER:
            last_words(step, call, signal)


def agent_lost_ring(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 hung up while the target rings: it rings on without them, or the caller comes back to them."""
    assert call.transfer is not None
    if call.transfer.destination.kind in (DestinationKind.NUMBER, DestinationKind.PRESET):
        back_without_agent(step, call, "transferer_hung_up")
    else:
        go_on_unsupervised(step, call)


def agent_lost(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 is gone while the caller hears music: they are rung again."""
    back_without_agent(step, call, "agent_lost")

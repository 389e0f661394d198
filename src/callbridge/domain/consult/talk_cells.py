"""Cells of what a transferer does, and of what everybody is then told."""

from callbridge.domain.consult.gone_cells import agent_hung_up, agent_lost_ring, end_all, over
from callbridge.domain.consult.moves import (
    answer,
    back_without_agent,
    fail,
    go_on_unsupervised,
    hand_over,
    leave_conference,
    nobody_held,
    tell_everybody,
    to_stage,
)
from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.ending import leave_agent
from callbridge.domain.lifecycle.holding import hold_others
from callbridge.domain.lifecycle.legs import drop_fourth, end_with_talk, let_hear, release_leg
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import SetHear
from callbridge.domain.model.legs import LegRole
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import (
    DoTransfer,
)
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import DestinationKind, TransferState
from callbridge.domain.rules.policy import only_externals_would_remain


def told(step: Step, call: Call, signal: Signal) -> None:
    tell_everybody(step, call)


def consulting(step: Step, call: Call, signal: Signal) -> None:
    step.record(call.id, "consult.connected", call.agent)
    tell_everybody(step, call)


def conferring(step: Step, call: Call, signal: Signal) -> None:
    step.record(call.id, "conference.connected", call.agent, parties=len(call.legs) + 1)
    tell_everybody(step, call)


def external(step: Step, call: Call, signal: Signal) -> None:
    """Nothing new: caller and external party are in one bridge."""


def returned(step: Step, call: Call, signal: Signal) -> None:
    """Caller and agent 1 talk with each other and nobody else."""
    step.put(
        replace(
            call,
            state=CallState.TALKING,
            consult=None,
            caller_held=False,
            deadline=None,
            attempts=0,
            least_talk_until=None,
        )
    )
    end_with_talk(step, call)
    step.dispatch = True  # a target may have become available
    step.publish(call.id, "call.updated", [call.agent])
    step.record(call.id, "call.resumed", call.agent)


def held_by_phone(step: Step, call: Call, signal: Signal) -> None:
    """Nobody is put together with a phone that holds: the caller stays with the music until it takes them back."""
    let_hear(step, call, call.agent_leg, "silence")
    step.record(call.id, "call.held", call.agent, by="phone")
    tell_everybody(step, to_stage(step, call, Stage.HELD))


def taken_back(step: Step, call: Call, signal: Signal) -> None:
    """The phone's key is the page's Resume."""
    hold_others(step, call)
    to_stage(step, call, Stage.RETURNING)


def to_caller(step: Step, call: Call, signal: Signal) -> None:
    to_stage(step, call, Stage.WITH_CALLER)
    answer(step, signal)


def to_target(step: Step, call: Call, signal: Signal) -> None:
    to_stage(step, call, Stage.CONSULTING)
    answer(step, signal)


def merge(step: Step, call: Call, signal: Signal) -> None:
    to_stage(step, call, Stage.CONFERENCE)
    answer(step, signal)


def merge_again(step: Step, call: Call, signal: Signal) -> None:
    """In the conference already: whoever was put on hold in it is with them again."""
    to_stage(step, nobody_held(call, call.legs), Stage.CONFERENCE)
    answer(step, signal)


def all_talk(step: Step, call: Call, signal: Signal) -> None:
    """The fourth party has picked up: everybody talks."""
    fourth = call.party(LegRole.FOURTH)
    if fourth is not None:
        step.emit(SetHear(call=call.id, channel=fourth.channel, hear="music"))
    to_stage(step, call, Stage.CONFERENCE)


def complete(step: Step, call: Call, signal: Signal) -> None:
    """Caller and target are put together first, and agent 1 is let go once they are: nobody is ever alone."""
    to_stage(step, drop_fourth(step, call), Stage.COMPLETING)
    answer(step, signal)


def completed(step: Step, call: Call, signal: Signal) -> None:
    if call.transfer is not None and call.transfer.ended:
        return
    hand_over(step, call)


def cancel(step: Step, call: Call, signal: Signal) -> None:
    """Back to the caller; the target and a fourth party are released. Who has hung up already is rung again."""
    if call.agent_leg is not None:
        fail(step, call, "cancelled", state=TransferState.CANCELLED)
    else:
        if call.transfer is not None and not call.transfer.ended:
            call = returning.end_transfer(step, call, TransferState.CANCELLED, "cancelled")
        back_without_agent(step, call, "cancelled")
    answer(step, signal)


def complete_ringing(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 does not wait for the answer: from here on it is an unsupervised transfer, with its rules."""
    assert isinstance(signal, DoTransfer)
    assert call.transfer is not None
    if call.transfer.destination.kind in (DestinationKind.NUMBER, DestinationKind.PRESET):
        sentence = "Wait until the external party answers: an unsupervised transfer to them is not allowed."
        step.refuse(signal.request, "external_not_allowed", sentence)
        return
    go_on_unsupervised(step, call)
    step.accept(signal.request)


def leave(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 leaves the conference; the others go on."""
    if only_externals_would_remain(step.options, call) and call.party(LegRole.TARGET) is None:
        assert isinstance(signal, DoTransfer)
        sentence = "Only external parties would remain with the caller; drop them, or stay."
        step.refuse(signal.request, "only_externals_would_remain", sentence)
        return
    leave_conference(step, call)
    answer(step, signal)


def end(step: Step, call: Call, signal: Signal) -> None:
    """Hanging up on the page is hanging up the phone."""
    assert call.consult is not None
    match call.consult.stage:
        case Stage.HELD | Stage.RETURNING:
            over(step, call, signal)
        case Stage.RINGING:
            agent_lost_ring(step, call, signal)
        case Stage.CONSULTING | Stage.WITH_CALLER:
            agent_hung_up(step, release_leg(step, call), signal)
        case Stage.CONFERENCE:
            leave_conference(step, call)
        case _:
            end_all(step, call, signal)
    answer(step, signal)


def give_up(step: Step, call: Call, signal: Signal) -> None:
    fail(step, call, "pbx_refused")


def not_held(step: Step, call: Call, signal: Signal) -> None:
    to_stage(step, call, Stage.RETURNING)


def lost(step: Step, call: Call, signal: Signal) -> None:
    """Caller and agent cannot be put together again: the caller goes on to the group."""
    call = release_leg(step, leave_agent(step, call, wrap_up=True))
    call = step.put(replace(call, consult=None, doing=None, moved=None))
    returning.route_to_group(step, call, "not_connected")


def external_lost(step: Step, call: Call, signal: Signal) -> None:
    back_without_agent(step, call, "not_connected")

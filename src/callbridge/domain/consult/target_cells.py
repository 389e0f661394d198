"""Cells of the target's phone and of the offer to them."""

from callbridge.domain.consult import offers as target_offers
from callbridge.domain.consult.gone_cells import last_words
from callbridge.domain.consult.moves import answer, back_without_agent, fail, to_stage
from callbridge.domain.consult.party_cells import party_left
from callbridge.domain.lifecycle.legs import end_of, let_hear, release
from callbridge.domain.model.calls import Call
from callbridge.domain.model.causes import NOBODY_ANSWERED, NOT_THERE, LegEnd, Reason
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.legs import LegRole, LegState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import TransferState


def accept(step: Step, call: Call, signal: Signal) -> None:
    target_offers.accepted(step, call, "button")
    answer(step, signal)


def target_answered(step: Step, call: Call, signal: Signal) -> None:
    target_offers.accepted(step, call, "phone")


def consult(step: Step, call: Call, signal: Signal) -> None:
    """The target has picked up: agent 1 talks with them."""
    call = target_offers.accepted(step, call, "phone")
    assert call.transfer is not None
    call = step.put(replace(call, transfer=replace(call.transfer, state=TransferState.CONSULTING)))
    target, agent = call.party(LegRole.TARGET), call.agent_leg
    for leg, hear in ((target, "music"), (agent, "silence")):
        let_hear(step, call, leg, hear)
    to_stage(step, call, Stage.CONSULTING)


def target_said_no(step: Step, call: Call, signal: Signal) -> None:
    target_offers.not_reached(step, call, end_of(signal))


def target_overdue(step: Step, call: Call, signal: Signal) -> None:
    """An answer that was promised did not come, or an external number rang long enough, or cannot be reached."""
    leg = call.party(LegRole.TARGET)
    never = leg is None or leg.state is LegState.DIALING
    target_offers.not_reached(step, release(step, call, leg), NOT_THERE if never else NOBODY_ANSWERED)


def offer_timeout(step: Step, call: Call, signal: Signal) -> None:
    target_offers.not_reached(step, call, NOBODY_ANSWERED)


def reject(step: Step, call: Call, signal: Signal) -> None:
    target_offers.not_reached(step, call, LegEnd(reason=Reason.DECLINED), how="button")
    answer(step, signal)


def target_left(step: Step, call: Call, signal: Signal) -> None:
    target_offers.rescinded(step, call, "agent_left")


def waited_too_long(step: Step, call: Call, signal: Signal) -> None:
    fail(step, call, "waited_too_long")


def target_hung_up(step: Step, call: Call, signal: Signal) -> None:
    fail(step, call, "target_hung_up")


def target_lost(step: Step, call: Call, signal: Signal) -> None:
    """The target is gone while the caller is being put through."""
    if call.agent_leg is not None:
        fail(step, call, "target_hung_up")
    else:
        back_without_agent(step, call, "target_hung_up")


def target_away(step: Step, call: Call, signal: Signal) -> None:
    """The target's phone was rung again and is not answered."""
    call = release(step, call, call.party(LegRole.TARGET))
    assert call.consult is not None
    match call.consult.stage:
        case Stage.CONSULTING | Stage.WITH_CALLER:
            target_hung_up(step, call, signal)
        case Stage.CONFERENCE:
            party_left(step, call, signal)
        case Stage.COMPLETING:
            target_lost(step, call, signal)
        case _:
            last_words(step, call, signal)

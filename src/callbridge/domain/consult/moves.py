"""What a consultation really does: seven moves, of which the cells are made.

to_stage, fail, hand_over, leave_conference, go_on_unsupervised, back_without_agent, externals_left.
"""

from callbridge.domain.consult.arrangement import are_together
from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.ending import end_call, leave_agent
from callbridge.domain.lifecycle.holding import hold_others
from callbridge.domain.lifecycle.legs import drop_fourth, drop_target, end_with_talk, let_hear, release_leg, unmute_all
from callbridge.domain.lifecycle.people import give_call
from callbridge.domain.lifecycle.screen_pop import make_pop
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.causes import END_FOLLOWS, LegEnd
from callbridge.domain.model.consult import Consult, Stage
from callbridge.domain.model.effects import Park
from callbridge.domain.model.legs import Leg, LegRole, LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import (
    AcceptOffer,
    CancelTransfer,
    DoParty,
    DoTransfer,
    EndCall,
    RejectOffer,
)
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import Route, RouteKind, TransferState


def fail(
    step: Step,
    call: Call,
    why: str,
    *,
    state: TransferState = TransferState.FAILED,
    offer: OfferState | None = None,
    how: str | None = None,
    leg_end: LegEnd | None = None,
) -> Call:
    """The transfer came to nothing: caller and agent 1 talk again, or the caller is on hold as before."""
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, state, why, leg_end)
    call = drop_fourth(step, drop_target(step, call, offer or OfferState.CANCELLED, how or why, leg_end))
    leg = call.agent_leg
    let_hear(step, call, leg, "silence")
    before = call.consult or Consult(stage=Stage.RETURNING)
    held = before.from_hold and before.stage is Stage.RINGING and state is not TransferState.CANCELLED
    fact = step.world.channels.get(leg.channel) if leg is not None else None
    if held and leg is not None and fact is not None and fact.holding:
        step.emit(Park(call=call.id, channel=leg.channel))  # what it hears is set on the way in
    stage = Stage.HELD if held else Stage.RETURNING
    consult = replace(before, stage=stage, route=None, settled=False, from_hold=False)
    return step.put(replace(call, consult=consult, doing=None, caller_held=False))


def to_stage(step: Step, call: Call, stage: Stage) -> Call:
    consult = replace(call.consult or Consult(stage=stage), stage=stage, settled=False)
    return step.put(replace(call, consult=consult, doing=None))


def answer(step: Step, signal: Signal) -> None:
    """A request that was taken is answered; a fact wants no answer."""
    if isinstance(signal, DoTransfer | CancelTransfer | EndCall | AcceptOffer | RejectOffer | DoParty):
        step.accept(signal.request)


def tell_everybody(step: Step, call: Call) -> None:
    target = call.consult.offer.agent if call.consult and call.consult.offer else None
    by = call.transfer.by if call.transfer else None
    step.publish(call.id, "call.updated", [call.agent, target])
    if call.transfer is not None:
        step.publish(call.id, "transfer.updated", [by, target])


def hand_over(step: Step, call: Call) -> None:
    """Call and pop move to the target; agent 1 goes into wrap-up."""
    before, target = call.agent, call.party(LegRole.TARGET)
    assert target is not None
    assert call.consult is not None
    call = unmute_all(step, release_leg(step, leave_agent(step, call, wrap_up=True)))
    target, fourth = call.party(LegRole.TARGET), call.party(LegRole.FOURTH)
    assert target is not None
    accepted = call.consult.offer if call.consult else None
    call = replace(call, agent=target.agent, deadline=None, attempts=0, least_talk_until=None)
    if accepted is not None and target.agent is not None:
        call = _as_agent(call, target)
        state = CallState.CONSULTING if fourth is not None else CallState.TALKING
        kept = replace(call.consult, offer=None, pop=None, settled=False) if fourth and call.consult else None
        call = replace(call, offer=accepted, state=state, consult=kept).talked_by(target.agent)
        call = returning.end_transfer(step, step.put(call), TransferState.COMPLETED)
        pop = make_pop(step.world.settings, call, target.agent, preview=False, at=step.now)
        call = step.put(replace(call, pop=pop))
        give_call(step, target.agent, call.id)
        hold_others(step, call)
        step.publish(call.id, "pop", [target.agent])
    else:
        stays = fourth is not None and step.options.externals_may_stay
        if not stays:
            call = drop_fourth(step, step.put(call))
        state = CallState.CONSULTING if stays else CallState.EXTERNAL
        call = step.put(replace(nobody_held(call, call.legs), state=state, offer=None, pop=None))
        call = returning.end_transfer(step, call, TransferState.COMPLETED)
    if call.state is not CallState.CONSULTING:
        end_with_talk(step, call)
    step.publish(call.id, "call.updated", [before, target.agent])
    step.record(call.id, "call.handed_over", target.agent, by=before, external=target.agent is None)


def _as_agent(call: Call, target: Leg) -> Call:
    legs = tuple(replace(leg, role=LegRole.AGENT, held=False) if leg is target else leg for leg in call.legs)
    return replace(call, legs=legs)


def go_on_unsupervised(step: Step, call: Call) -> None:
    """The machine of one agent at a time takes over: offer, recall and fallback are its."""
    assert call.consult is not None
    assert call.transfer is not None
    current = call.consult
    call = release_leg(step, leave_agent(step, call, wrap_up=True))
    assert call.transfer is not None
    target = call.party(LegRole.TARGET)
    route = current.route or Route(kind=RouteKind.AGENT, since=step.now)
    waiting = replace(call.transfer, state=TransferState.WAITING)
    call = replace(
        call, consult=None, doing=None, moved=None, transfer=waiting, route=route, group=route.group or call.group
    )
    if target is None or current.offer is None:
        returning.wait(step, step.put(call), route)
        return
    call = replace(_as_agent(call, target), offer=current.offer, pop=current.pop)
    soon = step.now + END_FOLLOWS if target.never_came else None
    if current.offer.state is OfferState.PENDING:
        offered = replace(waiting, state=TransferState.OFFERED)
        step.put(replace(call, state=CallState.OFFERING, transfer=offered, deadline=soon))
    else:
        deadline = soon or step.now + step.options.answer_timeout
        step.put(replace(call, state=CallState.CONNECTING, agent=target.agent, deadline=deadline, attempts=0))


def leave_conference(step: Step, call: Call) -> None:
    target, fourth = call.party(LegRole.TARGET), call.party(LegRole.FOURTH)
    if fourth is not None and fourth not in remaining(call) and (target is None or target.agent is None):
        # A phone that still rings: without an agent nobody is there whom it would call.
        call, fourth = drop_fourth(step, call), None
    if target is not None and fourth is None and not are_together(step, call, call.caller, target.channel):
        # One of them was held, or is not there yet: agent 1 is let go once they talk.
        to_stage(step, replace(call, caller_held=False), Stage.COMPLETING)
        return
    if target is not None:
        hand_over(step, call)
        return
    by = call.agent
    if fourth is not None and step.options.externals_may_stay:
        call = release_leg(step, leave_agent(step, call, wrap_up=True))
        legs = tuple(replace(leg, role=LegRole.TARGET) if leg is fourth else leg for leg in call.legs)
        step.put(replace(nobody_held(call, legs), state=CallState.EXTERNAL, offer=None, pop=None))
        return
    call = drop_fourth(step, call)
    call = release_leg(step, leave_agent(step, call, wrap_up=True))
    call = step.put(replace(call, consult=None, doing=None, moved=None, caller_held=False))
    returning.recall(step, call, "transferer_hung_up", agent=by)


def nobody_held(call: Call, legs: tuple[Leg, ...]) -> Call:
    """Whoever was held in the conference would stay so for good: nobody is left who could resume them."""
    return replace(call, caller_held=False, legs=tuple(replace(leg, held=False) for leg in legs))


def externals_left(step: Step, call: Call) -> None:
    left = call.party(LegRole.TARGET) or call.party(LegRole.FOURTH)
    if left is None:
        end_call(step, call, CallOutcome.HANDLED)
        return
    legs = tuple(replace(leg, role=LegRole.TARGET) if leg is left else leg for leg in call.legs)
    step.put(replace(call, state=CallState.EXTERNAL, legs=legs))


def remaining(call: Call) -> list[Leg]:
    """Who is here, or comes back in a moment because their phone is rung again; not a fourth party who never was."""
    early = (LegState.DIALING, LegState.RINGING)
    return [leg for leg in call.legs if not leg.releasing and not (leg.role is LegRole.FOURTH and leg.state in early)]


def back_without_agent(step: Step, call: Call, why: str) -> None:
    by = call.agent
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, why)
    call = drop_fourth(step, drop_target(step, call, OfferState.CANCELLED))
    call = release_leg(step, leave_agent(step, call, wrap_up=False))
    call = step.put(replace(call, consult=None, doing=None, moved=None, caller_held=False))
    if by is None:
        by = call.transfer.by if call.transfer is not None else None
    returning.recall(step, call, why, agent=by)

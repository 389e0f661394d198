"""What the cells of the grid in `consulting.py` do. Each takes a call in the stage of its column."""

from dataclasses import replace

from callbridge.domain import consult_offers as target_offers
from callbridge.domain import offers, returning
from callbridge.domain.arrangement import in_one_room
from callbridge.domain.call_steps import agent_hung_up as conversation_over
from callbridge.domain.call_steps import end_call, fell_back, leave_agent
from callbridge.domain.calls import (
    Call,
    CallOutcome,
    CallState,
    Consult,
    DestinationKind,
    Leg,
    LegRole,
    LegState,
    OfferState,
    Route,
    RouteKind,
    Stage,
    TransferState,
)
from callbridge.domain.causes import END_FOLLOWS
from callbridge.domain.consult_release import drop_fourth, drop_target, fail, release, release_all
from callbridge.domain.consult_requests import (
    accepted_already,
    call_fourth,
    done,
    find_party,
    mute,
    no_offer,
    no_transfer,
    not_conference,
    not_consulting,
    not_now,
    party_ringing,
    party_talk,
    resume,
    transfer,
    under_way,
)
from callbridge.domain.effects import SetAfter, SetHear
from callbridge.domain.holding import hold_others
from callbridge.domain.people import give_call
from callbridge.domain.policy import only_externals_would_remain
from callbridge.domain.ringing_again import while_consulting as ring_again
from callbridge.domain.screen_pop import make_pop
from callbridge.domain.signals import (
    AcceptOffer,
    CancelTransfer,
    ChannelGone,
    DoParty,
    DoTransfer,
    EndCall,
    PartyVerb,
    RejectOffer,
    Signal,
)
from callbridge.domain.step import Step

__all__ = [
    "accepted_already",
    "call_fourth",
    "done",
    "fell_back",
    "no_offer",
    "no_transfer",
    "not_conference",
    "not_consulting",
    "not_now",
    "party_ringing",
    "party_talk",
    "resume",
    "ring_again",
    "transfer",
    "under_way",
]


def _stage(step: Step, call: Call, stage: Stage) -> Call:
    consult = replace(call.consult or Consult(stage=stage), stage=stage, settled=False)
    return step.put(replace(call, consult=consult, doing=None, moved=None))


def _answered(step: Step, signal: Signal) -> None:
    """A request that was taken is answered; a fact wants no answer."""
    if isinstance(signal, DoTransfer | CancelTransfer | EndCall | AcceptOffer | RejectOffer | DoParty):
        step.accept(signal.request)


def _told(step: Step, call: Call) -> None:
    target = call.consult.offer.agent if call.consult and call.consult.offer else None
    by = call.transfer.by if call.transfer else None
    step.publish(call.id, "call.updated", [call.agent, target])
    if call.transfer is not None:
        step.publish(call.id, "transfer.updated", [by, target])


# ---------------------------------------------------------------- the target's phone


def accept(step: Step, call: Call, signal: Signal) -> None:
    target_offers.accepted(step, call, "button")
    _answered(step, signal)


def target_answered(step: Step, call: Call, signal: Signal) -> None:
    if call.consult is not None and call.consult.offer is not None:
        target_offers.accepted(step, call, "phone")


def consult(step: Step, call: Call, signal: Signal) -> None:
    """The target has picked up: agent 1 talks with them."""
    target_answered(step, call, signal)
    call = step.world.calls[call.id]
    assert call.transfer is not None
    call = step.put(replace(call, transfer=replace(call.transfer, state=TransferState.CONSULTING)))
    target, agent = call.party(LegRole.TARGET), call.agent_leg
    for leg, hear in ((target, "music"), (agent, "silence")):
        if leg is not None:
            step.emit(SetHear(call=call.id, channel=leg.channel, hear=hear))
    _stage(step, call, Stage.CONSULTING)


def target_said_no(step: Step, call: Call, signal: Signal) -> None:
    cause = signal.cause if isinstance(signal, ChannelGone) else 0
    target_offers.refused(step, call, cause)


def target_overdue(step: Step, call: Call, signal: Signal) -> None:
    """An answer that was promised did not come, or an external number rang long enough, or cannot be reached."""
    leg = call.party(LegRole.TARGET)
    never = leg is None or leg.state is LegState.DIALING
    target_offers.refused(step, release(step, call, leg), 0 if never else 19)


def offer_timeout(step: Step, call: Call, signal: Signal) -> None:
    target_offers.refused(step, call, 19)


def reject(step: Step, call: Call, signal: Signal) -> None:
    target_offers.refused(step, call, 21, how="button")
    _answered(step, signal)


def target_left(step: Step, call: Call, signal: Signal) -> None:
    target_offers.rescinded(step, call, "agent_left")


def waited_too_long(step: Step, call: Call, signal: Signal) -> None:
    fail(step, call, "waited_too_long")


# ---------------------------------------------------------------- seen by everybody


def told(step: Step, call: Call, signal: Signal) -> None:
    _told(step, call)


def consulting(step: Step, call: Call, signal: Signal) -> None:
    step.record(call.id, "consult.connected", call.agent)
    _told(step, call)


def conferring(step: Step, call: Call, signal: Signal) -> None:
    step.record(call.id, "conference.connected", call.agent, parties=len(call.legs) + 1)
    _told(step, call)


def external(step: Step, call: Call, signal: Signal) -> None:
    """Nothing new: caller and external party are in one bridge."""


def returned(step: Step, call: Call, signal: Signal) -> None:
    """Caller and agent 1 talk with each other and nobody else."""
    step.put(replace(call, state=CallState.TALKING, consult=None, caller_held=False, deadline=None, attempts=0))
    step.emit(SetAfter(call=call.id, channel=call.caller, name=call.caller_channel, after="hangup"))
    step.publish(call.id, "call.updated", [call.agent])
    step.record(call.id, "call.resumed", call.agent)


# ---------------------------------------------------------------- alternate, merge, complete, cancel, leave


def to_caller(step: Step, call: Call, signal: Signal) -> None:
    _stage(step, call, Stage.WITH_CALLER)
    _answered(step, signal)


def to_target(step: Step, call: Call, signal: Signal) -> None:
    _stage(step, call, Stage.CONSULTING)
    _answered(step, signal)


def merge(step: Step, call: Call, signal: Signal) -> None:
    _stage(step, call, Stage.CONFERENCE)
    _answered(step, signal)


def all_talk(step: Step, call: Call, signal: Signal) -> None:
    """The fourth party has picked up: everybody talks."""
    fourth = call.party(LegRole.FOURTH)
    if fourth is not None:
        step.emit(SetHear(call=call.id, channel=fourth.channel, hear="music"))
    _stage(step, call, Stage.CONFERENCE)


def complete(step: Step, call: Call, signal: Signal) -> None:
    """Caller and target are put together first, and agent 1 is let go once they are: nobody is ever alone."""
    _stage(step, drop_fourth(step, call), Stage.COMPLETING)
    _answered(step, signal)


def completed(step: Step, call: Call, signal: Signal) -> None:
    if call.transfer is not None and call.transfer.ended:
        return
    _hand_over(step, call)


def _hand_over(step: Step, call: Call) -> None:
    """Call and pop move to the target; agent 1 goes into wrap-up."""
    before, target = call.agent, call.party(LegRole.TARGET)
    assert target is not None
    assert call.consult is not None
    leave_agent(step, call, wrap_up=True)
    call = offers.release_leg(step, step.world.calls[call.id])
    fourth = call.party(LegRole.FOURTH)
    accepted = call.consult.offer if call.consult else None
    call = replace(call, agent=target.agent, deadline=None, attempts=0)
    if accepted is not None and target.agent is not None:
        call = _as_agent(call, target)
        state = CallState.CONSULTING if fourth is not None else CallState.TALKING
        kept = replace(call.consult, offer=None, pop=None, settled=False) if fourth and call.consult else None
        call = replace(call, offer=accepted, state=state, consult=kept, last_agent=target.agent)
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
        call = step.put(replace(_nobody_held(call, call.legs), state=state, offer=None, pop=None))
        call = returning.end_transfer(step, call, TransferState.COMPLETED)
    if call.state is not CallState.CONSULTING:
        step.emit(SetAfter(call=call.id, channel=call.caller, name=call.caller_channel, after="hangup"))
    step.publish(call.id, "call.updated", [before, target.agent])
    step.record(call.id, "call.handed_over", target.agent, by=before, external=target.agent is None)


def _as_agent(call: Call, target: Leg) -> Call:
    legs = tuple(replace(leg, role=LegRole.AGENT, held=False) if leg is target else leg for leg in call.legs)
    return replace(call, legs=legs)


def cancel(step: Step, call: Call, signal: Signal) -> None:
    """Back to the caller; the target and a fourth party are released. Who has hung up already is rung again."""
    if call.agent_leg is not None:
        fail(step, call, "cancelled", state=TransferState.CANCELLED)
    else:
        if call.transfer is not None and not call.transfer.ended:
            call = returning.end_transfer(step, call, TransferState.CANCELLED, "cancelled")
        _back_without_agent(step, call, "cancelled")
    _answered(step, signal)


def complete_ringing(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 does not wait for the answer: from here on it is an unsupervised transfer, with its rules."""
    assert isinstance(signal, DoTransfer)
    assert call.transfer is not None
    if call.transfer.destination.kind in (DestinationKind.NUMBER, DestinationKind.PRESET):
        sentence = "Wait until the external party answers: an unsupervised transfer to them is not allowed."
        step.refuse(signal.request, "external_not_allowed", sentence)
        return
    _go_on_unsupervised(step, call)
    step.accept(signal.request)


def _go_on_unsupervised(step: Step, call: Call) -> None:
    """The machine of one agent at a time takes over: offer, recall and fallback are its."""
    assert call.consult is not None
    assert call.transfer is not None
    current = call.consult
    leave_agent(step, call, wrap_up=True)
    call = offers.release_leg(step, step.world.calls[call.id])
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


def leave(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 leaves the conference; the others go on."""
    if only_externals_would_remain(step.options, call) and call.party(LegRole.TARGET) is None:
        assert isinstance(signal, DoTransfer)
        sentence = "Only external parties would remain with the caller; drop them, or stay."
        step.refuse(signal.request, "only_externals_would_remain", sentence)
        return
    _leave(step, call)
    _answered(step, signal)


def _leave(step: Step, call: Call) -> None:
    target, fourth = call.party(LegRole.TARGET), call.party(LegRole.FOURTH)
    if fourth is not None and fourth not in _remaining(call) and (target is None or target.agent is None):
        # A phone that still rings: without an agent nobody is there whom it would call.
        call, fourth = drop_fourth(step, call), None
    if target is not None and fourth is None and not in_one_room(step, call.caller, target.channel):
        # One of them was held, or is not there yet: agent 1 is let go once they talk.
        _stage(step, replace(call, caller_held=False), Stage.COMPLETING)
        return
    if target is not None:
        _hand_over(step, call)
        return
    by = call.agent
    if fourth is not None and step.options.externals_may_stay:
        leave_agent(step, call, wrap_up=True)
        call = offers.release_leg(step, step.world.calls[call.id])
        legs = tuple(replace(leg, role=LegRole.TARGET) if leg is fourth else leg for leg in call.legs)
        step.put(replace(_nobody_held(call, legs), state=CallState.EXTERNAL, offer=None, pop=None))
        return
    call = drop_fourth(step, call)
    leave_agent(step, call, wrap_up=True)
    call = offers.release_leg(step, step.world.calls[call.id])
    call = step.put(replace(call, consult=None, doing=None, moved=None, caller_held=False))
    returning.recall(step, call, "transferer_hung_up", agent=by)


def _nobody_held(call: Call, legs: tuple[Leg, ...]) -> Call:
    """Whoever was held in the conference would stay so for good: nobody is left who could resume them."""
    return replace(call, caller_held=False, legs=tuple(replace(leg, held=False) for leg in legs))


# ---------------------------------------------------------------- conference parties


def party(step: Step, call: Call, signal: Signal) -> None:
    """Mute, hold or drop one party of the conference."""
    assert isinstance(signal, DoParty)
    if not find_party(step, call, signal) or mute(step, call, signal):
        return
    if signal.verb is PartyVerb.DROP:
        leg = call.leg(signal.channel)
        assert leg is not None
        if leg.role is LegRole.AGENT:
            step.refuse(signal.request, "own_leg", "This is you; leave the conference instead.")
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
    _stage(step, call, Stage.CONFERENCE)
    step.accept(signal.request)
    _told(step, step.world.calls[call.id])


def party_left(step: Step, call: Call, signal: Signal) -> None:
    """Target or fourth party are gone from the conference; two who are left are an ordinary conversation."""
    target, fourth = call.party(LegRole.TARGET), call.party(LegRole.FOURTH)
    if target is None and call.consult is not None and call.consult.offer is not None:
        call = drop_target(step, call, OfferState.CANCELLED)
    if call.agent is None:
        _externals_left(step, call)
    elif target is None and fourth is None:
        if call.transfer is not None and not call.transfer.ended:
            call = returning.end_transfer(step, call, TransferState.FAILED, "target_hung_up")
        _stage(step, replace(call, caller_held=False), Stage.RETURNING)
    else:
        _stage(step, call, Stage.CONFERENCE)
        _told(step, step.world.calls[call.id])


def _externals_left(step: Step, call: Call) -> None:
    left = call.party(LegRole.TARGET) or call.party(LegRole.FOURTH)
    if left is None:
        end_call(step, call, CallOutcome.HANDLED)
        return
    legs = tuple(replace(leg, role=LegRole.TARGET) if leg is left else leg for leg in call.legs)
    step.put(replace(call, state=CallState.EXTERNAL, legs=legs))


def fourth_said_no(step: Step, call: Call, signal: Signal) -> None:
    step.record(call.id, "fourth.not_reached", call.agent)
    _told(step, call)


def fourth_overdue(step: Step, call: Call, signal: Signal) -> None:
    fourth_said_no(step, drop_fourth(step, call), signal)


def release_fourth(step: Step, call: Call, signal: Signal) -> None:
    drop_fourth(step, call)


# ---------------------------------------------------------------- somebody is gone


def over(step: Step, call: Call, signal: Signal) -> None:
    """The conversation is over: the caller hung up, or the external party did."""
    call = step.put(replace(call, consult=None, doing=None, moved=None))
    conversation_over(step, release_all(step, call), signal)


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
    if len(_remaining(call)) >= 2:
        _told(step, _stage(step, call, Stage.WITHOUT_CALLER))
    else:
        caller_left(step, call, signal)


def _remaining(call: Call) -> list[Leg]:
    """Who is here, or comes back in a moment because their phone is rung again; not a fourth party who never was."""
    early = (LegState.DIALING, LegState.RINGING)
    return [leg for leg in call.legs if not leg.releasing and not (leg.role is LegRole.FOURTH and leg.state in early)]


def last_words(step: Step, call: Call, signal: Signal) -> None:
    if len(_remaining(call)) < 2:
        end_all(step, call, signal)


def end_all(step: Step, call: Call, signal: Signal) -> None:
    call = drop_target(step, call, OfferState.CANCELLED)
    end_call(step, drop_fourth(step, call), CallOutcome.HANDLED)


def target_hung_up(step: Step, call: Call, signal: Signal) -> None:
    fail(step, call, "target_hung_up")


def target_lost(step: Step, call: Call, signal: Signal) -> None:
    """The target is gone while the caller is being put through."""
    if call.agent_leg is not None:
        fail(step, call, "target_hung_up")
    else:
        _back_without_agent(step, call, "target_hung_up")


def agent_hung_up(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 hung up while talking with the target: that completes, or not, as the administrator set it."""
    if step.options.hangup_completes:
        _stage(step, drop_fourth(step, call), Stage.COMPLETING)
    else:
        _back_without_agent(step, call, "transferer_hung_up")


def agent_left(step: Step, call: Call, signal: Signal) -> None:
    if call.agent is not None:
        _leave(step, call)


def agent_overdue(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1's phone was rung again and is not answered: what happens is what happens when they hang up."""
    call = offers.release_leg(step, call)
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


def agent_lost_ring(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 hung up while the target rings: it rings on without them, or the caller comes back to them."""
    assert call.transfer is not None
    if call.transfer.destination.kind in (DestinationKind.NUMBER, DestinationKind.PRESET):
        _back_without_agent(step, call, "transferer_hung_up")
    else:
        _go_on_unsupervised(step, call)


def agent_lost(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1 is gone while the caller hears music: they are rung again."""
    _back_without_agent(step, call, "agent_lost")


def _back_without_agent(step: Step, call: Call, why: str) -> None:
    by = call.agent
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, why)
    call = drop_fourth(step, drop_target(step, call, OfferState.CANCELLED))
    leave_agent(step, call, wrap_up=False)
    call = offers.release_leg(step, step.world.calls[call.id])
    call = step.put(replace(call, consult=None, doing=None, moved=None, caller_held=False))
    if by is None:
        by = call.transfer.by if call.transfer is not None else None
    returning.recall(step, call, why, agent=by)


def end(step: Step, call: Call, signal: Signal) -> None:
    """Hanging up on the page is hanging up the phone."""
    assert call.consult is not None
    match call.consult.stage:
        case Stage.HELD | Stage.RETURNING:
            over(step, call, signal)
        case Stage.RINGING:
            agent_lost_ring(step, call, signal)
        case Stage.CONSULTING | Stage.WITH_CALLER:
            agent_hung_up(step, offers.release_leg(step, call), signal)
        case Stage.CONFERENCE:
            _leave(step, call)
        case _:
            end_all(step, call, signal)
    _answered(step, signal)


# ---------------------------------------------------------------- what the PBX could not do


def give_up(step: Step, call: Call, signal: Signal) -> None:
    fail(step, call, "pbx_refused")


def not_held(step: Step, call: Call, signal: Signal) -> None:
    _stage(step, call, Stage.RETURNING)


def lost(step: Step, call: Call, signal: Signal) -> None:
    """Caller and agent cannot be put together again: the caller goes on to the group."""
    leave_agent(step, call, wrap_up=True)
    call = offers.release_leg(step, step.world.calls[call.id])
    call = step.put(replace(call, consult=None, doing=None, moved=None))
    returning.route_to_group(step, call, "not_connected")


def external_lost(step: Step, call: Call, signal: Signal) -> None:
    _back_without_agent(step, call, "not_connected")

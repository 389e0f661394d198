"""What the cells of the table in `routing.py` do. Each takes a call in the state of its row."""

from dataclasses import replace

from callbridge.domain import offers, returning
from callbridge.domain.agents import MISSED_OFFER
from callbridge.domain.calls import (
    Call,
    CallOutcome,
    CallState,
    LegState,
    OfferState,
    TransferState,
)
from callbridge.domain.causes import DECLINED, DIED, NO_ANSWER
from callbridge.domain.consult_release import release_all
from callbridge.domain.effects import (
    Bridge,
    Hangup,
    Hold,
    LookAgain,
    ReleaseReservation,
    SetAfter,
    ToFallback,
)
from callbridge.domain.holding import hold_others
from callbridge.domain.people import make_busy, take_call
from callbridge.domain.requests import refuse_offer_ended
from callbridge.domain.signals import (
    AcceptOffer,
    ActionFailed,
    ChannelGone,
    EndCall,
    PbxSeen,
    RejectOffer,
    Signal,
)
from callbridge.domain.step import Step

_SOON = 0.5
"""Seconds after which a refused action is tried again: `channel not up` passes quickly."""
_TRIES = 3
_PBX_PAUSE = 5.0
"""Seconds until an agent is asked again for this call whose phone the PBX did not get to ring."""


def nothing(step: Step, call: Call, signal: Signal) -> None:
    """Late, a repetition, or without meaning here."""


# ---------------------------------------------------------------- offers


def picked_up(step: Step, call: Call, signal: Signal) -> None:
    """Answering the phone is the same as pressing Accept."""
    offers.accept(step, call, "phone")


def picked_up_and_held(step: Step, call: Call, signal: Signal) -> None:
    bridge_now(step, offers.accept(step, call, "phone"), signal)


def phone_said_no(step: Step, call: Call, signal: Signal) -> None:
    """Declining on the phone is the same as pressing Reject."""
    match signal:
        case ChannelGone(cause=cause):
            if cause in DECLINED:
                offers.rejected(step, call, "phone")
            elif cause in NO_ANSWER:
                offers.timed_out(step, call)
            else:
                offers.unreachable(step, call, cause)
        case _:
            offers.rescinded(step, call, "leg_lost")


def leg_end_follows(step: Step, call: Call, signal: Signal) -> None:
    """Wait a moment for the leg's end, which knows the cause. A phone that the PBX cannot reach never has one."""
    leg = call.agent_leg
    if leg is not None and leg.state is LegState.DIALING:
        step.put(replace(call, deadline=min(call.deadline or step.now + _SOON, step.now + _SOON)))


def leg_never_came(step: Step, call: Call, signal: Signal) -> None:
    """The PBX said that it came to nothing and no end followed: there never was a channel whose end could be seen."""
    leg = call.agent_leg
    offers.unreachable(step, call, 0)
    call = step.world.calls[call.id]
    step.put(replace(call, legs=tuple(each for each in call.legs if leg is None or each.channel != leg.channel)))


def originate_failed(step: Step, call: Call, signal: Signal) -> None:
    offer = call.offer
    if not isinstance(signal, ActionFailed) or offer is None or signal.channel != offer.channel:
        return
    if signal.refused:
        offers.unreachable(step, call, 0)
    else:
        paused = offers.pause_agent(step, call, offer.agent, _PBX_PAUSE, why="not_connected")
        offers.rescinded(step, paused, "pbx_failed")


def offer_timeout(step: Step, call: Call, signal: Signal) -> None:
    offers.timed_out(step, call)


def accept_button(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, AcceptOffer)
    offers.accept(step, call, "button")
    step.accept(signal.request)


def accept_again(step: Step, call: Call, signal: Signal) -> None:
    """The same button twice, or the button after the phone: it is theirs already."""
    assert isinstance(signal, AcceptOffer)
    if call.offer is not None and call.offer.id == signal.offer:
        step.accept(signal.request)
    else:
        refuse_offer_ended(step, call, signal)


def reject_button(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, RejectOffer)
    offers.rejected(step, call, "button")
    step.accept(signal.request)


def agent_left(step: Step, call: Call, signal: Signal) -> None:
    assert call.offer is not None
    offers.rescinded(step, offers.pause_agent(step, call, call.offer.agent), "agent_left")


# ---------------------------------------------------------------- connecting and talking


def leg_answered(step: Step, call: Call, signal: Signal) -> None:
    step.put(replace(call, deadline=step.now + step.options.connect_timeout))


def bridge_now(step: Step, call: Call, signal: Signal) -> None:
    """Caller and phone are both there: one action puts them together."""
    if call.attempts == 0:
        _bridge(step, call)


def _bridge(step: Step, call: Call) -> None:
    leg = call.agent_leg
    assert leg is not None
    assert leg.name is not None
    step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))
    step.emit(
        Bridge(
            call=call.id,
            caller=call.caller,
            caller_name=call.caller_channel,
            leg=leg.channel,
            leg_name=leg.name,
            record=call.recording,
        )
    )


def try_soon_again(step: Step, call: Call, signal: Signal) -> None:
    step.put(replace(call, deadline=min(call.deadline or step.now + _SOON, step.now + _SOON)))


def connect_again(step: Step, call: Call, signal: Signal) -> None:
    leg = call.agent_leg
    if leg is None or leg.state in (LegState.DIALING, LegState.RINGING):
        assert call.offer is not None
        agent = call.offer.agent
        leave_agent(step, call, wrap_up=False)
        make_busy(step, agent, MISSED_OFFER)
        _next_after(step, call, "no_answer")
    elif call.attempts < _TRIES:
        step.emit(LookAgain(why="caller and agent were not seen in one bridge"))
        if leg.state is LegState.HELD:
            _bridge(step, call)
        else:
            step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))
    else:
        leave_agent(step, call, wrap_up=False)
        _next_after(step, call, "not_connected")


def agent_lost_before_talking(step: Step, call: Call, signal: Signal) -> None:
    """The phone was put down, or could not be rung, between Accept and the first word."""
    leave_agent(step, call, wrap_up=False)
    _next_after(step, call, "agent_lost")


def agent_gives_up(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, EndCall)
    leave_agent(step, call, wrap_up=False)
    _next_after(step, call, "rejected")
    step.accept(signal.request)


def _next_after(step: Step, call: Call, why: str) -> None:
    """The accepted offer came to nothing: release the phone, and the call goes on from its route."""
    assert call.offer is not None
    code = {"no_answer": MISSED_OFFER, "rejected": "rejected_recently"}.get(why, "not_connected")
    released = offers.release_leg(step, step.world.calls[call.id])
    call = offers.pause_agent(step, released, call.offer.agent, why=code)
    step.record(call.id, "call.not_connected", call.offer.agent if call.offer else None, why=why)
    step.publish(call.id, "call.updated", [call.agent])
    returning.give_up_route(step, call, why)


def talking(step: Step, call: Call, signal: Signal) -> None:
    """A bridge holds both. From now on the dialplan ends the call when the agent hangs up, gateway or not."""
    call = replace(call, state=CallState.TALKING, deadline=None, attempts=0, answered_at=call.answered_at or step.now)
    call = replace(call, last_agent=call.agent)
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.COMPLETED)
    call = step.put(replace(call, state=CallState.TALKING))
    step.emit(SetAfter(call=call.id, channel=call.caller, name=call.caller_channel, after="hangup"))
    hold_others(step, call)
    step.publish(call.id, "call.updated", [call.agent])
    step.record(call.id, "call.connected", call.agent)


def still_talking(step: Step, call: Call, signal: Signal) -> None:
    if call.deadline is not None:
        call = step.put(replace(call, deadline=None, attempts=0))
    fact = step.world.channels.get(call.caller)
    if isinstance(signal, PbxSeen) and fact is not None and fact.variables.after != "hangup":
        step.emit(SetAfter(call=call.id, channel=call.caller, name=call.caller_channel, after="hangup"))


def look_soon(step: Step, call: Call, signal: Signal) -> None:
    """One of the two is out of the bridge. Usually the other's hang-up follows at once; if not, join them again."""
    if call.deadline is None:
        step.put(replace(call, deadline=step.now + _SOON, attempts=0))


def rejoin(step: Step, call: Call, signal: Signal) -> None:
    leg = call.agent_leg
    if leg is None:
        agent_hung_up(step, call, signal)
        return
    step.emit(LookAgain(why="caller and agent fell out of their bridge"))
    if call.attempts < _TRIES:
        _bridge(step, call)
    else:
        step.record(call.id, "call.not_connected", call.agent, why="not_joined_again")
        leave_agent(step, call, wrap_up=True)
        call = offers.release_leg(step, step.world.calls[call.id])
        returning.route_to_group(step, call, "not_connected")


def caller_hung_up(step: Step, call: Call, signal: Signal) -> None:
    _conversation_over(step, call, _seen_or(CallOutcome.HANDLED, signal))


def agent_hung_up(step: Step, call: Call, signal: Signal) -> None:
    """The end of the conversation, unless the phone died, or nobody saw how it ended: then the caller waits on."""
    died = isinstance(signal, PbxSeen) or (isinstance(signal, ChannelGone) and signal.cause in DIED)
    if died and call.caller in step.world.channels:
        leave_agent(step, call, wrap_up=True)
        returning.route_to_group(step, step.world.calls[call.id], "agent_lost")
    else:
        _conversation_over(step, call)


def end_conversation(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, EndCall)
    _conversation_over(step, call)
    step.accept(signal.request)


def _conversation_over(step: Step, call: Call, outcome: CallOutcome = CallOutcome.HANDLED) -> None:
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "call_ended")
    end_call(step, call, outcome)


def _seen_or(outcome: CallOutcome, signal: Signal) -> CallOutcome:
    """A caller who is missing in a snapshot left while nobody looked: how is not known."""
    return CallOutcome.LOST_SIGHT if isinstance(signal, PbxSeen) else outcome


def joined_unasked(step: Step, call: Call, signal: Signal) -> None:
    """A bridge that was ordered for an offer which has ended meanwhile; its leg is being released already."""
    step.anomaly(f"joined while {call.state}", call.id)


# ---------------------------------------------------------------- a transfer's move


def moved(step: Step, call: Call, signal: Signal) -> None:
    """The caller hears music; agent 1 is free at once, and the call waits for its target."""
    transfer = call.transfer
    assert transfer is not None
    leg = call.agent_leg
    if transfer.state is TransferState.CANCELLED and leg is not None:
        call = step.put(
            replace(call, state=CallState.CONNECTING, attempts=0, deadline=step.now + step.options.connect_timeout)
        )
        if leg.state is LegState.HELD:
            _bridge(step, call)
        return
    leave_agent(step, call, wrap_up=True)
    call = offers.release_leg(step, step.world.calls[call.id])
    if transfer.state is TransferState.CANCELLED:
        returning.recall(step, call, "cancelled")
        return
    group = call.route.group or call.group
    waiting = replace(transfer, state=TransferState.WAITING)
    call = step.put(replace(call, transfer=waiting, group=group, pauses=()))
    step.publish(call.id, "transfer.updated", [transfer.by])
    returning.wait(step, call, call.route)


def move_again(step: Step, call: Call, signal: Signal) -> None:
    """The caller was not seen with the music. While agent 1 still talks to them, only the transfer is lost."""
    step.emit(LookAgain(why="the caller was not seen on hold"))
    leg = call.agent_leg
    if call.attempts >= _TRIES and leg is not None and leg.state is LegState.TALKING:
        if call.transfer is not None and not call.transfer.ended:
            call = returning.end_transfer(step, call, TransferState.FAILED, "pbx_refused")
        call = step.put(replace(call, state=CallState.TALKING, deadline=None, attempts=0))
        step.emit(SetAfter(call=call.id, channel=call.caller, name=call.caller_channel, after="hangup"))
        step.publish(call.id, "call.updated", [call.agent])
        return
    step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))
    step.emit(Hold(call=call.id, channel=call.caller, name=call.caller_channel))


def wait_timeout(step: Step, call: Call, signal: Signal) -> None:
    returning.waited_too_long(step, call)


# ---------------------------------------------------------------- ends


def abandoned(step: Step, call: Call, signal: Signal) -> None:
    """The caller hung up before anybody talked to them, or on the way to a transfer's target."""
    if call.offer is not None and call.offer.state is OfferState.PENDING:
        call = offers.end_offer(step, call, OfferState.CANCELLED, "caller_hung_up")
    leave_agent(step, call, wrap_up=call.state is CallState.MOVING)
    call = step.world.calls[call.id]
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "caller_hung_up")
    _ending(step, call, _seen_or(CallOutcome.ABANDONED, signal))


def fell_back(step: Step, call: Call, signal: Signal) -> None:
    """The dialplan's own fallback has the caller: no longer ours, and safe."""
    if call.offer is not None and call.offer.state is OfferState.PENDING:
        call = offers.end_offer(step, call, OfferState.RESCINDED, "fallback")
    leave_agent(step, call, wrap_up=False)
    call = step.world.calls[call.id]
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "fallback")
    step.world.channels.pop(call.caller, None)
    _ending(step, call, CallOutcome.FALLBACK)


def end_call(step: Step, call: Call, outcome: CallOutcome) -> None:
    """The conversation is over; the agent goes into wrap-up."""
    leave_agent(step, call, wrap_up=True)
    _ending(step, step.world.calls[call.id], outcome)


def _ending(step: Step, call: Call, outcome: CallOutcome) -> None:
    """Nobody talks any more. What is still there is told to hang up, and watched until it is gone."""
    call = release_all(step, offers.release_leg(step, call))
    caller_there = call.caller in step.world.channels
    if caller_there:
        step.emit(Hangup(call=call.id, channel=call.caller))
    call = step.put(
        replace(
            call,
            state=CallState.ENDING,
            outcome=outcome,
            agent=None,
            consult=None,
            doing=None,
            deadline=step.now + step.options.connect_timeout,
            attempts=1,
        )
    )
    _end_if_empty(step, call)


def _end_if_empty(step: Step, call: Call) -> None:
    if call.caller in step.world.channels or call.legs:
        return
    step.put(replace(call, state=CallState.ENDED, deadline=None, ended_at=step.now))
    outcome = call.outcome.value if call.outcome else None
    concerned = [call.offer.agent if call.offer else None, call.transfer.by if call.transfer else None]
    step.publish(call.id, "call.ended", concerned)
    step.record(call.id, "call.ended", None, outcome=outcome, seconds=round(step.now - call.arrived_at, 3))


def ended_if_empty(step: Step, call: Call, signal: Signal) -> None:
    _end_if_empty(step, call)


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
    if call.attempts % _TRIES == 0:
        step.emit(LookAgain(why="channels of an ended call are not gone"))
    step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))


def fall_back_again(step: Step, call: Call, signal: Signal) -> None:
    """There is no event for a channel that runs a dialplan: look where the caller is, send them again if need be."""
    fact = step.world.channels.get(call.caller)
    if fact is not None and fact.holding and call.attempts % 2 == 0:
        step.emit(ToFallback(call=call.id, channel=call.caller, name=call.caller_channel))
    step.emit(LookAgain(why="the caller was not seen in the dialplan's fallback"))
    step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))


# ---------------------------------------------------------------- shared


def leave_agent(step: Step, call: Call, *, wrap_up: bool) -> None:
    """The call is no longer its agent's; their place is free for the next one."""
    if call.agent is None:
        return
    take_call(step, call.agent, call.id, wrap_up=wrap_up)
    if call.offer is not None:
        step.emit(ReleaseReservation(offer=call.offer.id))
    step.publish(call.id, "call.updated", [call.agent])
    step.put(replace(step.world.calls[call.id], agent=None))

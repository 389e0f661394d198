"""Cells of connecting, talking and moving."""

from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.ending import conversation_over, dropped, leave_agent, seen_or, talk_ended
from callbridge.domain.lifecycle.holding import hold_others, put_on_hold
from callbridge.domain.lifecycle.legs import end_of, end_with_talk, release_leg
from callbridge.domain.lifecycle.offer_end import pause_agent
from callbridge.domain.lifecycle.patience import SOON, TRIES
from callbridge.domain.lifecycle.people import make_busy
from callbridge.domain.model.agents import MISSED_OFFER
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.causes import NOBODY_ANSWERED, LegEnd, said
from callbridge.domain.model.effects import Bridge, Hold, LookAgain
from callbridge.domain.model.facts import PbxSeen
from callbridge.domain.model.legs import LegState
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import EndCall
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import TransferState


def nothing(step: Step, call: Call, signal: Signal) -> None:
    """Late, a repetition, or without meaning here."""


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
            channel=call.caller,
            channel_name=call.caller_channel,
            peer=leg.channel,
            record=call.recording,
        )
    )


def try_soon_again(step: Step, call: Call, signal: Signal) -> None:
    step.put(replace(call, deadline=min(call.deadline or step.now + SOON, step.now + SOON)))


def connect_again(step: Step, call: Call, signal: Signal) -> None:
    leg = call.agent_leg
    if leg is None or leg.state in (LegState.DIALING, LegState.RINGING):
        assert call.offer is not None
        agent = call.offer.agent
        call = leave_agent(step, call, wrap_up=False)
        make_busy(step, agent, MISSED_OFFER)
        _next_after(step, call, "no_answer", NOBODY_ANSWERED)
    elif call.attempts < TRIES:
        step.emit(LookAgain(why="caller and agent were not seen in one bridge"))
        if leg.state is LegState.PARKED:
            _bridge(step, call)
        else:
            step.put(replace(call, attempts=call.attempts + 1, deadline=step.now + step.options.connect_timeout))
    else:
        _next_after(step, leave_agent(step, call, wrap_up=False), "not_connected")


def agent_lost_before_talking(step: Step, call: Call, signal: Signal) -> None:
    """The phone was put down, or could not be rung, between Accept and the first word."""
    _next_after(step, leave_agent(step, call, wrap_up=False), "agent_lost", end_of(signal))


def agent_gives_up(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, EndCall)
    _next_after(step, leave_agent(step, call, wrap_up=False), "rejected")
    step.accept(signal.request)


def _next_after(step: Step, call: Call, why: str, leg_end: LegEnd | None = None) -> None:
    """The accepted offer came to nothing: release the phone, and the call goes on from its route."""
    assert call.offer is not None
    code = {"no_answer": MISSED_OFFER, "rejected": "rejected_recently"}.get(why, "not_connected")
    agent = call.offer.agent
    call = pause_agent(step, release_leg(step, call), agent, why=code)
    step.record(call.id, "call.not_connected", agent, why=why, **said(leg_end))
    returning.give_up_route(step, call, why, leg_end)


def talking(step: Step, call: Call, signal: Signal) -> None:
    """A bridge holds both. After the least time of a talk the dialplan ends the call when the agent hangs up."""
    least = step.now + step.options.min_talk if step.options.min_talk > 0 else None
    call = replace(call, state=CallState.TALKING, deadline=None, attempts=0, answered_at=call.answered_at or step.now)
    call = call.talked_by(call.agent)
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.COMPLETED)
    call = step.put(replace(call, state=CallState.TALKING, least_talk_until=least))
    if least is None:
        end_with_talk(step, call)
    hold_others(step, call)
    step.publish(call.id, "call.updated", [call.agent])
    step.record(call.id, "call.connected", call.agent)


def talked(step: Step, call: Call, signal: Signal) -> None:
    """From now on it is a talk: it ends the call when the agent hangs up, gateway or not."""
    end_with_talk(step, step.put(replace(call, least_talk_until=None, dropped_by=None)))


def held_by_phone(step: Step, call: Call, signal: Signal) -> None:
    """The phone's hold key is the page's Hold."""
    put_on_hold(step, call, by="phone")


def still_talking(step: Step, call: Call, signal: Signal) -> None:
    if call.deadline is not None:
        call = step.put(replace(call, deadline=None, attempts=0))
    fact = step.world.channels.get(call.caller)
    unsaid = fact is not None and fact.variables.after != "hangup" and call.least_talk_until is None
    if isinstance(signal, PbxSeen) and unsaid:
        end_with_talk(step, call)


def look_soon(step: Step, call: Call, signal: Signal) -> None:
    """One of the two is out of the bridge. Usually the other's hang-up follows at once; if not, join them again."""
    if call.deadline is None:
        step.put(replace(call, deadline=step.now + SOON, attempts=0))


def rejoin(step: Step, call: Call, signal: Signal) -> None:
    leg = call.agent_leg
    if leg is None:
        talk_ended(step, call, signal)
        return
    step.emit(LookAgain(why="caller and agent fell out of their bridge"))
    if call.attempts < TRIES:
        _bridge(step, call)
    else:
        step.record(call.id, "call.not_connected", call.agent, why="not_joined_again")
        call = release_leg(step, leave_agent(step, call, wrap_up=True))
        returning.route_to_group(step, call, "not_connected")


def caller_hung_up(step: Step, call: Call, signal: Signal) -> None:
    conversation_over(step, call, seen_or(CallOutcome.HANDLED, signal))


def end_conversation(step: Step, call: Call, signal: Signal) -> None:
    assert isinstance(signal, EndCall)
    if call.least_talk_until is not None:
        dropped(step, call)
    else:
        conversation_over(step, call)
    step.accept(signal.request)


def joined_unasked(step: Step, call: Call, signal: Signal) -> None:
    """A bridge that was ordered for an offer which has ended meanwhile; its leg is being released already."""
    step.anomaly(f"joined while {call.state}", call.id)


def moved(step: Step, call: Call, signal: Signal) -> None:
    """The caller hears music; agent 1 is free at once, and the call waits for its target."""
    transfer = call.transfer
    assert transfer is not None
    leg = call.agent_leg
    if transfer.state is TransferState.CANCELLED and leg is not None:
        call = step.put(
            replace(call, state=CallState.CONNECTING, attempts=0, deadline=step.now + step.options.connect_timeout)
        )
        if leg.state is LegState.PARKED:
            _bridge(step, call)
        return
    call = release_leg(step, leave_agent(step, call, wrap_up=True))
    if transfer.state is TransferState.CANCELLED:
        returning.recall(step, call, "cancelled")
        return
    group = call.route.group or call.group
    waiting = replace(transfer, state=TransferState.WAITING)
    call = step.put(replace(call, transfer=waiting, group=group, pauses=()))
    step.publish(call.id, "transfer.updated", [transfer.by])
    returning.wait(step, call, call.route)


def connect_new(step: Step, call: Call, signal: Signal) -> None:
    """What was ordered of the caller's former channel is of no use."""
    leg = call.agent_leg
    if leg is not None and leg.state is LegState.PARKED:
        _bridge(step, replace(call, attempts=0))


def move_new(step: Step, call: Call, signal: Signal) -> None:
    """Who has come in the caller's place still talks with agent 1, or is with the music already."""
    step.put(replace(call, attempts=1, deadline=step.now + step.options.connect_timeout, sent_at=step.now))
    step.emit(Hold(call=call.id, channel=call.caller))


def move_again(step: Step, call: Call, signal: Signal) -> None:
    """The caller was not seen with the music. While agent 1 still talks to them, only the transfer is lost."""
    if gives_up(call) and not looked_since(call, signal):
        # What was seen can be older than the last order: only a look at the PBX says that they still talk.
        step.emit(LookAgain(why="the caller was not seen on hold"))
        step.put(replace(call, deadline=step.now + step.options.connect_timeout))
        return
    if gives_up(call):
        if call.transfer is not None and not call.transfer.ended:
            call = returning.end_transfer(step, call, TransferState.FAILED, "pbx_refused")
        call = step.put(replace(call, state=CallState.TALKING, deadline=None, attempts=0, least_talk_until=None))
        end_with_talk(step, call)
        step.publish(call.id, "call.updated", [call.agent])
        return
    step.emit(LookAgain(why="the caller was not seen on hold"))
    until = step.now + step.options.connect_timeout
    step.put(replace(call, attempts=call.attempts + 1, deadline=until, sent_at=step.now))
    step.emit(Hold(call=call.id, channel=call.caller))


def gives_up(call: Call) -> bool:
    """Whether the caller was sent to the music often enough, and agent 1 was seen to talk all the same."""
    leg = call.agent_leg
    return call.attempts >= TRIES and leg is not None and leg.state is LegState.TALKING


def looked_since(call: Call, signal: Signal) -> bool:
    """Whether this is a look at the PBX that is younger than what was ordered last, and shows the caller."""
    if not isinstance(signal, PbxSeen) or signal.taken_at < (call.sent_at or 0.0):
        return False
    return any(fact.channel == call.caller for fact in signal.channels)


def wait_timeout(step: Step, call: Call, signal: Signal) -> None:
    returning.waited_too_long(step, call)

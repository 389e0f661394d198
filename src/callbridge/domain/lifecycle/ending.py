"""How a conversation ends, and who is released with it."""

from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.legs import release_all, release_leg
from callbridge.domain.lifecycle.offer_end import end_offer
from callbridge.domain.lifecycle.people import take_call
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.causes import DIED
from callbridge.domain.model.effects import Hangup, ReleaseReservation
from callbridge.domain.model.facts import ChannelGone, PbxSeen
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import TransferState


def talk_ended(step: Step, call: Call, signal: Signal) -> None:
    """The end of the conversation, unless the phone died, or nobody saw how it ended: then the caller waits on."""
    died = isinstance(signal, PbxSeen) or (isinstance(signal, ChannelGone) and signal.cause in DIED)
    if died and call.caller in step.world.channels:
        returning.route_to_group(step, leave_agent(step, call, wrap_up=True), "agent_lost")
    elif call.least_talk_until is not None and call.caller in step.world.channels:
        dropped(step, call)
    else:
        conversation_over(step, call)


def dropped(step: Step, call: Call) -> None:
    """Picked up and put down at once, before anybody can have talked: the caller is the next one again."""
    began = (call.least_talk_until or step.now) - step.options.min_talk
    first = call.answered_at is not None and call.answered_at >= began
    step.record(call.id, "call.dropped", call.agent, seconds=round(max(step.now - began, 0.0), 3))
    agent = call.agent
    call = release_leg(step, leave_agent(step, call, wrap_up=True))
    answered_at = None if first else call.answered_at
    call = step.put(replace(call, answered_at=answered_at, least_talk_until=None, dropped_by=agent))
    returning.route_to_group(step, call, "dropped")


def conversation_over(step: Step, call: Call, outcome: CallOutcome = CallOutcome.HANDLED) -> None:
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "call_ended")
    end_call(step, call, outcome)


def seen_or(outcome: CallOutcome, signal: Signal) -> CallOutcome:
    """A caller who is missing in a snapshot left while nobody looked: how is not known."""
    return CallOutcome.LOST_SIGHT if isinstance(signal, PbxSeen) else outcome


def fell_back(step: Step, call: Call, signal: Signal) -> None:
    """The dialplan's own fallback has the caller: no longer ours, and safe."""
    if call.offer is not None and call.offer.state is OfferState.PENDING:
        call = end_offer(step, call, OfferState.RESCINDED, "fallback")
    call = leave_agent(step, call, wrap_up=False)
    if call.transfer is not None and not call.transfer.ended:
        call = returning.end_transfer(step, call, TransferState.FAILED, "fallback")
    step.world.channels.pop(call.caller, None)
    release_everybody(step, call, CallOutcome.FALLBACK)


def end_call(step: Step, call: Call, outcome: CallOutcome) -> None:
    """The conversation is over; the agent goes into wrap-up."""
    release_everybody(step, leave_agent(step, call, wrap_up=True), outcome)


def release_everybody(step: Step, call: Call, outcome: CallOutcome) -> None:
    """Nobody talks any more. What is still there is told to hang up, and watched until it is gone."""
    call = release_all(step, release_leg(step, call))
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
    end_if_empty(step, call)


def end_if_empty(step: Step, call: Call) -> None:
    if call.caller in step.world.channels or call.legs:
        return
    step.put(replace(call, state=CallState.ENDED, deadline=None, ended_at=step.now))
    outcome = call.outcome.value if call.outcome else None
    concerned = [call.offer.agent if call.offer else None, call.transfer.by if call.transfer else None]
    step.publish(call.id, "call.ended", concerned)
    step.record(call.id, "call.ended", None, outcome=outcome, seconds=round(step.now - call.arrived_at, 3))


def leave_agent(step: Step, call: Call, *, wrap_up: bool) -> Call:
    """The call is no longer its agent's; their place is free for the next one."""
    if call.agent is None:
        return call
    take_call(step, call.agent, call.id, wrap_up=wrap_up)
    if call.offer is not None:
        step.emit(ReleaseReservation(offer=call.offer.id))
    step.publish(call.id, "call.updated", [call.agent])
    return step.put(replace(call, agent=None))

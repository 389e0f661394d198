"""Deadlines: data in the calls, that an ordinary signal brings to an end when their time has come."""

from dataclasses import replace

from callbridge.domain import people
from callbridge.domain.calls import Call, CallState
from callbridge.domain.ids import CallId
from callbridge.domain.routing import Stimulus, apply
from callbridge.domain.signals import Tick
from callbridge.domain.step import Step
from callbridge.domain.world import World


def deadlines(call: Call) -> list[tuple[Stimulus, float]]:
    """What the call meets as time passes, and when (epoch seconds)."""
    found = []
    if call.state is CallState.OFFERING and call.offer is not None:
        found.append((Stimulus.OFFER_TIMEOUT, call.offer.deadline))
    if call.deadline is not None:
        found.append((Stimulus.PBX_TIMEOUT, call.deadline))
    if call.state is CallState.WAITING and call.route.deadline is not None:
        found.append((Stimulus.WAIT_TIMEOUT, call.route.deadline))
    return found


def end_wrap_ups(step: Step) -> None:
    """Whoever's wrap-up is over; calls that were left alone after a fault have rested."""
    for agent in list(step.world.agents.values()):
        if agent.wrap_up_until is not None and agent.wrap_up_until <= step.now:
            people.end_wrap_up(step, agent)
    for call_id in [call_id for call_id, until in step.world.faulty.items() if until <= step.now]:
        del step.world.faulty[call_id]
        step.dispatch = True


def is_due(world: World, call: Call, now: float) -> bool:
    """Whether `pass_deadlines` has something to do."""
    if call.id in world.faulty:
        return False
    return any(when <= now for _, when in deadlines(call)) or any(pause.until <= now for pause in call.pauses)


def pass_deadlines(call_id: CallId, signal: Tick, step: Step) -> None:
    """What has become due for this call."""
    for stimulus, when in deadlines(step.world.calls[call_id]):
        call = step.world.calls[call_id]
        if when <= step.now and (stimulus, when) in deadlines(call):
            apply(step, call, stimulus, signal)
    call = step.world.calls[call_id]
    live = tuple(pause for pause in call.pauses if pause.until > step.now)
    if len(live) < len(call.pauses):
        step.put(replace(call, pauses=live))

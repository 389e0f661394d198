"""Deadlines: data in the calls, that an ordinary signal brings to an end when their time has come."""

from callbridge.domain import replacing
from callbridge.domain.consult import arrangement
from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.arrangement import ARRANGED
from callbridge.domain.consult.table import Event
from callbridge.domain.lifecycle import people
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.legs import LegRole, LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Tick
from callbridge.domain.model.step import Step
from callbridge.domain.model.world import World
from callbridge.domain.routing.table import Stimulus, apply

_MOVE = "move"
"""A move of the arrangement is overdue."""
_MISSING = "missing"
"""It is still not known whether another channel took the caller's place."""
_FOREIGN = "foreign"
"""The channel in the caller's place was not seen to become ours."""
_OVERDUE = {
    LegRole.AGENT: Event.AGENT_OVERDUE,
    LegRole.TARGET: Event.TARGET_OVERDUE,
    LegRole.FOURTH: Event.FOURTH_OVERDUE,
}
Due = Stimulus | Event | str


def _consult_deadlines(call: Call) -> list[tuple[Due, float]]:
    found: list[tuple[Due, float]] = []
    consult = call.consult
    move = call.doing or call.moved
    if move is not None and not move.seen:
        found.append((_MOVE, move.deadline))
    early = (LegState.DIALING, LegState.RINGING)
    found += (
        (_OVERDUE[leg.role], leg.deadline)
        for leg in call.legs
        if leg.deadline is not None and not leg.releasing and leg.state in early
    )
    if consult is not None and consult.offer is not None and consult.offer.state is OfferState.PENDING:
        found.append((Event.OFFER_TIMEOUT, consult.offer.deadline))
    if (
        consult is not None
        and consult.stage is Stage.RINGING
        and consult.offer is None
        and consult.route is not None
        and consult.route.deadline is not None
    ):
        found.append((Event.WAIT_TIMEOUT, consult.route.deadline))
    return found


def deadlines(call: Call) -> list[tuple[Due, float]]:
    """What the call meets as time passes, and when (epoch seconds)."""
    if call.missing is not None:
        return [(_MISSING, call.missing.until)]
    found: list[tuple[Due, float]] = [] if call.adopted is None else [(_FOREIGN, call.adopted)]
    if call.state in ARRANGED:
        return found + _consult_deadlines(call)
    if call.state is CallState.OFFERING and call.offer is not None:
        found.append((Stimulus.OFFER_TIMEOUT, call.offer.deadline))
    if call.deadline is not None:
        found.append((Stimulus.PBX_TIMEOUT, call.deadline))
    if call.state is CallState.TALKING and call.least_talk_until is not None:
        found.append((Stimulus.TALKED, call.least_talk_until))
    if call.state is CallState.WAITING and call.route.deadline is not None:
        found.append((Stimulus.WAIT_TIMEOUT, call.route.deadline))
    return found


def _meet(step: Step, call: Call, due: Due, signal: Tick) -> None:
    if isinstance(due, Stimulus):
        apply(step, call, due, signal)
    elif isinstance(due, Event):
        consulting.apply(step, call, due, signal)
    elif due == _MISSING:
        replacing.ask(step, call)
    elif due == _FOREIGN:
        replacing.adopt_again(step, call)
    elif arrangement.overdue(step, call):
        consulting.apply(step, step.world.calls[call.id], Event.STUCK, signal)


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
        # What was due before may have taken this one away, or to the other machine, under the same name.
        still = next((due for due, at in deadlines(call) if (due, at) == (stimulus, when)), None)
        if when <= step.now and still is not None:
            _meet(step, call, still, signal)
    call = step.world.calls[call_id]
    live = tuple(pause for pause in call.pauses if pause.until > step.now)
    if len(live) < len(call.pauses):
        step.put(replace(call, pauses=live))

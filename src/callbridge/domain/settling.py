"""After each signal: the calls whose parties moved are arranged, and everybody is told who hears whom now."""

from dataclasses import replace

from callbridge.domain import arrangement, consulting, hearing
from callbridge.domain.calls import CallState
from callbridge.domain.consulting import Event
from callbridge.domain.ids import CallId
from callbridge.domain.signals import Signal
from callbridge.domain.step import Step

_ROUNDS = 8
"""Rounds in which a call comes to rest; each settles at most one stage."""


def settle_touched(step: Step, signal: Signal) -> None:
    """Calls whose parties moved: the next move, or the word that everybody is where they should be."""
    seen: set[CallId] = set()
    for _ in range(_ROUNDS):
        touched, step.touched = step.touched, set()
        seen |= touched
        if not touched:
            _record_consultations(step, seen)
            _publish_hearing(step, seen)
            return
        for call_id in sorted(touched):
            call = step.world.calls.get(call_id)
            if call is not None and call.state is not CallState.ENDED and arrangement.settle(step, call):
                consulting.apply(step, step.world.calls[call_id], Event.SETTLED, signal)
    step.anomaly("an arrangement does not come to rest")


def _record_consultations(step: Step, calls: set[CallId]) -> None:
    """Private consultations are in no recording, unless the administrator wants them in one of their own."""
    for call_id in sorted(calls):
        call = step.world.calls.get(call_id)
        if call is None or call.consult is None or not call.consult.settled:
            continue
        file = arrangement.private_recording(step, call)
        if file and file != call.consult_recorded:
            step.record(call.id, "consult.recorded", call.agent, file=file)
            step.put(replace(call, consult_recorded=file))


def _publish_hearing(step: Step, calls: set[CallId]) -> None:
    """Who hears whom is shown as it is: whoever has the call is told when it changes."""
    world = step.world
    for call_id in sorted(calls):
        call = world.calls.get(call_id)
        if call is None or call.state is CallState.ENDED:
            world.heard.pop(call_id, None)
            continue
        now = hearing.parties(call, world.channels)
        if world.heard.get(call_id) != now:
            world.heard[call_id] = now
            target = call.consult.offer.agent if call.consult and call.consult.offer else None
            step.publish(call_id, "call.updated", [call.agent, target])

"""After each signal: the calls whose parties moved are arranged, and everybody is told who hears whom now."""

from callbridge.domain import replacing
from callbridge.domain.consult import arrangement
from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.table import Event
from callbridge.domain.lifecycle.legs import unmute_all
from callbridge.domain.model import hearing
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import StopRecording
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.routing import table as routing
from callbridge.domain.routing.table import Stimulus

_ROUNDS = 8
"""Rounds in which a call comes to rest; each settles at most one stage."""


_MUTES = frozenset({Stage.CONSULTING, Stage.WITH_CALLER, Stage.CONFERENCE})
"""Stages in which an agent is there who may have muted somebody, and sees it."""


def _end_mutes(step: Step, calls: set[CallId]) -> None:
    """A mute lasts as long as the consultation or conference in which it was made."""
    for call_id in sorted(calls):
        call = step.world.calls.get(call_id)
        if call is None or call.state in (CallState.ENDING, CallState.ENDED):
            continue
        stage = call.consult.stage if call.consult is not None and call.state is CallState.CONSULTING else None
        if stage not in _MUTES or call.agent is None:
            unmute_all(step, call)


def settle_touched(step: Step, signal: Signal) -> None:
    """Calls whose parties moved: the next move, or the word that everybody is where they should be."""
    seen: set[CallId] = set()
    for _ in range(_ROUNDS):
        touched, step.touched = step.touched, set()
        seen |= touched
        if not touched:
            _end_mutes(step, seen)
            _record_consultations(step, seen)
            _publish_hearing(step, seen)
            return
        for call_id in sorted(touched):
            replacing.adopt(step, call_id)
            _meet_phone_that_holds(step, call_id, signal)
            call = step.world.calls.get(call_id)
            if call is not None and call.state is not CallState.ENDED and arrangement.settle(step, call):
                consulting.apply(step, step.world.calls[call_id], Event.SETTLED, signal)
    step.anomaly("an arrangement does not come to rest")


def _meet_phone_that_holds(step: Step, call_id: CallId, signal: Signal) -> None:
    """Agent 1's phone held already when the call came to where it shall talk: the same as if it did so now."""
    call = step.world.calls.get(call_id)
    leg = call.agent_leg if call is not None else None
    if call is None or leg is None or not leg.phone_holds:
        return
    if call.state is CallState.TALKING:
        routing.apply(step, call, Stimulus.PHONE_HOLDS, signal)
    elif call.state is CallState.CONSULTING:
        consulting.apply(step, call, Event.PHONE_HOLDS, signal)


def _record_consultations(step: Step, calls: set[CallId]) -> None:
    """Private consultations are in no recording, unless the administrator wants them in one of their own.

    It is begun with the talk, see `Bridge`, and ended here: a conference may begin without any move of the agent's leg.
    """
    for call_id in sorted(calls):
        call = step.world.calls.get(call_id)
        if call is None:
            continue
        private = call.consult is not None and call.consult.stage is Stage.CONSULTING
        if call.consult_recording is not None and not private:
            leg = call.leg(call.consult_recording)
            if leg is not None and leg.name is not None:
                step.emit(StopRecording(call=call.id, channel=leg.channel))
            call = step.put(replace(call, consult_recording=None))
        file = arrangement.private_recording(step, call)
        if not file or call.consult is None or not call.consult.settled or call.agent_leg is None:
            continue
        if file != call.consult_recorded:
            step.record(call.id, "consult.recorded", call.agent, file=file)
        if (file, call.agent_leg.channel) != (call.consult_recorded, call.consult_recording):
            step.put(replace(call, consult_recorded=file, consult_recording=call.agent_leg.channel))


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

"""Hold: the caller hears music, the agent nothing. A transfer that waits for its target goes on waiting."""

from callbridge.domain.lifecycle.legs import keep_caller, let_hear
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Consult, Stage
from callbridge.domain.model.records import replace
from callbridge.domain.model.step import Step


def put_on_hold(step: Step, call: Call, *, by: str = "") -> Call:
    if call.state is not CallState.TALKING:
        return call
    keep_caller(step, call)
    let_hear(step, call, call.agent_leg, "silence")
    step.publish(call.id, "call.updated", [call.agent])
    step.record(call.id, "call.held", call.agent, **({"by": by} if by else {}))
    consult = Consult(stage=Stage.HELD)
    return step.put(replace(call, state=CallState.CONSULTING, consult=consult, deadline=None, attempts=0))


def hold_others(step: Step, call: Call) -> None:
    for other in list(step.world.calls.values()):
        if other.id != call.id and other.agent == call.agent and other.agent is not None:
            put_on_hold(step, other)

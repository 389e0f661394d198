"""How a pending offer ends without a winner."""

from callbridge.domain.lifecycle.legs import release_leg
from callbridge.domain.model.calls import Call
from callbridge.domain.model.causes import LegEnd, said
from callbridge.domain.model.effects import ReleaseReservation
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.offer import OfferState, Pause
from callbridge.domain.model.records import replace
from callbridge.domain.model.step import Step


def end_offer(
    step: Step, call: Call, state: OfferState, reason: str | None = None, leg_end: LegEnd | None = None
) -> Call:
    """A pending offer ends without a winner: the phone stops ringing and the agent is free of it.

    The call is left without a place to go: the caller of this decides where.
    """
    offer = call.offer
    assert offer is not None
    assert offer.state is OfferState.PENDING
    call = release_leg(step, call)
    offer = replace(offer, state=state, ended_at=step.now, reason=reason, leg_end=leg_end)
    call = step.put(replace(call, offer=offer, pop=None))
    agent = step.world.agents[offer.agent]
    idle_since = step.now if state is OfferState.REJECTED else agent.idle_since
    step.put_agent(replace(agent, offer=None, idle_since=idle_since))
    step.emit(ReleaseReservation(offer=offer.id))
    step.publish(call.id, "offer.ended", [offer.agent])
    step.record(call.id, f"offer.{state.value}", offer.agent, offer=offer.id, reason=reason, **said(leg_end))
    return call


def pause_agent(
    step: Step, call: Call, agent: AgentId, seconds: float | None = None, *, why: str = "rejected_recently"
) -> Call:
    """For a while the call is not offered to this agent again; as long as after a rejection, unless said.

    `why`: the code that explains it meanwhile.
    """
    until = step.now + (step.options.reject_pause if seconds is None else seconds)
    kept = tuple(pause for pause in call.pauses if pause.agent != agent)
    return step.put(replace(call, pauses=(*kept, Pause(agent=agent, until=until, why=why))))

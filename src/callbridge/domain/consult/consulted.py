"""What the consulted agent may ask for in a call that is not theirs."""

from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.table import Event
from callbridge.domain.lifecycle.legs import drop_target
from callbridge.domain.model.calls import Call
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import EndCall
from callbridge.domain.model.step import Step


def is_consulted(call: Call, agent: AgentId) -> bool:
    offer = call.consult.offer if call.consult else None
    return offer is not None and offer.agent == agent and offer.state is OfferState.ACCEPTED


def hang_up(step: Step, call: Call, signal: EndCall) -> None:
    """On the page it is what putting down the phone is."""
    assert call.consult is not None
    if call.consult.stage is Stage.RINGING:
        consulting.apply(step, call, Event.REJECT, signal)
        return
    consulting.apply(step, drop_target(step, call, OfferState.CANCELLED), Event.TARGET_GONE, signal)
    step.accept(signal.request)

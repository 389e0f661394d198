"""Requests find their call, and the table that answers them; what cannot be asked for now is refused here."""

from callbridge.domain.consult import consulted
from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.arrangement import ARRANGED
from callbridge.domain.consult.requests import unmute_only
from callbridge.domain.consult.table import Event
from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import AgentId, call_of
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import (
    AcceptOffer,
    AddNote,
    CallFourth,
    CallRequest,
    CancelTransfer,
    DoParty,
    DoTransfer,
    EndCall,
    HoldCall,
    RejectOffer,
    Request,
    RequestTransfer,
    ResumeCall,
    RingAgain,
)
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import Transfer
from callbridge.domain.routing import requests
from callbridge.domain.routing.table import Stimulus, apply


def rescind(step: Step, agent_id: AgentId, signal: Signal) -> None:
    """Whoever leaves or becomes busy with a pending offer does not want it.

    While the PBX is silent no phone is told to stop: `rescind_left` does it once it speaks again.
    """
    agent = step.world.agents.get(agent_id)
    if step.world.pbx_silent:
        if agent is not None and agent.offer is not None:
            step.world.left_in_silence[agent_id] = agent.offer
        return
    call = _offered_call(step, agent_id)
    if call is None:
        return
    if call.offer is not None and call.offer.agent == agent_id and call.offer.state is OfferState.PENDING:
        apply(step, call, Stimulus.AGENT_LEFT, signal)
    else:
        consulting.apply(step, call, Event.TARGET_LEFT, signal)


def rescind_left(step: Step, signal: Signal) -> None:
    """Offers to agents who left or became busy while the PBX was silent."""
    left, step.world.left_in_silence = step.world.left_in_silence, {}
    for agent_id, offer in left.items():
        agent = step.world.agents.get(agent_id)
        if agent is not None and agent.offer == offer and agent.presence is not Presence.AVAILABLE:
            rescind(step, agent_id, signal)


def _offered_call(step: Step, agent_id: AgentId) -> Call | None:
    agent = step.world.agents.get(agent_id)
    if agent is None or agent.offer is None:
        return None
    call = step.world.calls.get(call_of(agent.offer))
    if call is None:
        return None
    offers = (call.offer, call.consult.offer if call.consult else None)
    pending = {offer.id for offer in offers if offer is not None and offer.state is OfferState.PENDING}
    return call if agent.offer in pending else None


def answer_offer(step: Step, signal: AcceptOffer | RejectOffer) -> None:
    stimulus = Stimulus.ACCEPT if isinstance(signal, AcceptOffer) else Stimulus.REJECT
    event = Event.ACCEPT if isinstance(signal, AcceptOffer) else Event.REJECT
    call = step.world.calls.get(call_of(signal.offer))
    own = call.offer if call is not None else None
    target = call.consult.offer if call is not None and call.consult is not None else None
    is_own, is_asked = (
        offer is not None and (offer.id, offer.agent) == (signal.offer, signal.agent) for offer in (own, target)
    )
    if call is None or not (is_own or is_asked):
        step.refuse(signal.request, "unknown_offer", "There is no such offer, or it is not yours, or it is over.")
    elif not step.world.pbx_listens:
        _refuse_pbx_down(step, signal)
    elif call.state in ARRANGED:
        consulting.apply(step, call, event if is_asked else Event.REJECT, signal)
    else:
        apply(step, call, stimulus, signal)


def ask_of_call(step: Step, signal: CallRequest) -> None:
    call = step.world.calls.get(signal.call)
    consults = call is not None and consulted.is_consulted(call, signal.agent)
    if isinstance(signal, RingAgain) and signal.agent not in step.world.settings.agents:
        step.refuse(signal.request, "not_your_call", "Your phone is not configured any more; the call goes on.")
    elif call is not None and consults and isinstance(signal, EndCall | RingAgain):
        if not step.world.pbx_listens:
            _refuse_pbx_down(step, signal)
        elif isinstance(signal, EndCall):
            consulted.hang_up(step, call, signal)
        else:
            consulting.apply(step, call, Event.RING_AGAIN, signal)
    elif isinstance(signal, AddNote):
        requests.add_note(step, call or step.world.ended.get(signal.call) or requests.kept(signal), signal)
    elif call is None or call.agent != signal.agent:
        step.refuse(signal.request, "not_your_call", "There is no such call among yours.")
    elif not step.world.pbx_listens:
        _refuse_pbx_down(step, signal)
    else:
        stimulus, event = _ASKED[type(signal)]
        if call.state in ARRANGED:
            consulting.apply(step, call, event, signal)
        elif stimulus is not None:
            apply(step, call, stimulus, signal)
        elif not isinstance(signal, DoParty) or not unmute_only(step, call, signal):
            step.refuse(signal.request, "not_consulting", "This is possible only during a consultation or conference.")


_ASKED: dict[type, tuple[Stimulus | None, Event]] = {
    EndCall: (Stimulus.END, Event.END),
    RequestTransfer: (Stimulus.TRANSFER, Event.TRANSFER),
    HoldCall: (Stimulus.HOLD, Event.HOLD),
    ResumeCall: (Stimulus.RESUME, Event.RESUME),
    RingAgain: (Stimulus.RING_AGAIN, Event.RING_AGAIN),
    CallFourth: (None, Event.CALL_FOURTH),
    DoParty: (None, Event.PARTY),
}


def transfer_verb(step: Step, signal: CancelTransfer | DoTransfer) -> None:
    call = step.world.calls.get(call_of(signal.transfer))
    transfer = call.transfer if call is not None else None
    if call is None or transfer is None or transfer.id != signal.transfer or not _may(call, transfer, signal.agent):
        step.refuse(signal.request, "unknown_transfer", "There is no such transfer of yours under way.")
    elif not step.world.pbx_listens:
        _refuse_pbx_down(step, signal)
    elif call.state in ARRANGED and not (transfer.ended and call.agent != signal.agent):
        event = Event.CANCEL if isinstance(signal, CancelTransfer) else Event(signal.verb.value)
        consulting.apply(step, call, event, signal)
    elif transfer.ended:
        requests.refuse_transfer_ended(step, call, signal)
    elif isinstance(signal, CancelTransfer):
        apply(step, call, Stimulus.CANCEL_TRANSFER, signal)
    else:
        step.refuse(signal.request, "not_consulting", "The target has not been reached yet.")


def _may(call: Call, transfer: Transfer, agent: AgentId) -> bool:
    """The transferer; and whoever was handed the conference, with a fourth party in it: its verbs are theirs too."""
    conference = call.consult is not None and call.consult.stage is Stage.CONFERENCE
    return agent == transfer.by or (conference and call.state is CallState.CONSULTING and call.agent == agent)


def _refuse_pbx_down(step: Step, signal: Request) -> None:
    step.refuse(
        signal.request, "pbx_unavailable", "The PBX cannot be reached at the moment; try again in a few seconds."
    )

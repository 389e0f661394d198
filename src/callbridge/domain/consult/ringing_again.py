"""A phone that lost its call is rung for it again, and takes its old place in the conversation.

The phone in a page is gone for a moment when the page is reloaded: no word of that reaches the PBX, which would only
notice after a time without sound. The old leg is let go and a new one made; whoever talked with the agent hears music
until it is answered, by the dialplan itself. Who is in the conversation, and what they are doing in it, stays as it is.
"""

from callbridge.domain.lifecycle.caller import seen_inside
from callbridge.domain.lifecycle.legs import keep_caller, release, release_leg
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Consult, Stage
from callbridge.domain.model.effects import ORIGINATE_MARGIN, Originate
from callbridge.domain.model.ids import AgentId, leg_channel_id
from callbridge.domain.model.legs import Leg, LegRole
from callbridge.domain.model.offer import Offer
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import RingAgain
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step


def while_connecting(step: Step, call: Call, signal: Signal) -> None:
    """The offer is accepted, and the phone was lost before it was answered."""
    assert isinstance(signal, RingAgain)
    call = _own_phone(step, call, signal)
    step.put(replace(call, deadline=step.now + step.options.answer_timeout, attempts=0))


def while_talking(step: Step, call: Call, signal: Signal) -> None:
    """The caller goes to the music, and comes back once the phone is answered."""
    assert isinstance(signal, RingAgain)
    # First the variable: the end of the old leg must leave the caller with the music.
    keep_caller(step, call)
    call = _own_phone(step, call, signal)
    consult = Consult(stage=Stage.RETURNING)
    step.put(replace(call, state=CallState.CONSULTING, consult=consult, deadline=None, attempts=0))


def while_consulting(step: Step, call: Call, signal: Signal) -> None:
    """Agent 1's phone or the target's: the others wait, or go on without it, until it is back."""
    assert isinstance(signal, RingAgain)
    consult = call.consult
    assert consult is not None
    if signal.agent == call.agent:
        if consult.stage is Stage.COMPLETING:
            step.refuse(signal.request, "transfer_under_way", "The caller is being put through; you are free.")
            return
        call = _own_phone(step, call, signal)
    else:
        assert consult.offer is not None
        call, offer = _dial(step, call, signal.agent, LegRole.TARGET, consult.offer)
        call = step.put(replace(call, consult=replace(consult, offer=offer)))
        _rung(step, call, signal)
    assert call.consult is not None
    step.put(replace(call, consult=replace(call.consult, settled=False), doing=None))


def _own_phone(step: Step, call: Call, signal: RingAgain) -> Call:
    assert call.offer is not None
    call, offer = _dial(step, call, signal.agent, LegRole.AGENT, call.offer)
    call = step.put(replace(call, offer=offer))
    _rung(step, call, signal)
    return call


def _dial(step: Step, call: Call, agent: AgentId, role: LegRole, offer: Offer) -> tuple[Call, Offer]:
    """The old leg is let go, a new one takes its place in the accepted offer."""
    before = call.leg(offer.channel)
    call = release_leg(step, call) if role is LegRole.AGENT else release(step, call, before)
    leg = Leg(
        channel=leg_channel_id(call.id, call.legs_made + 1),
        role=role,
        agent=agent,
        made_at=step.now,
        deadline=step.now + step.options.answer_timeout,
        held=before is not None and before.held,
    )
    call = step.put(replace(call, legs=(*call.legs, leg), legs_made=call.legs_made + 1))
    settings = step.world.settings.agents[agent]
    ringing = role is LegRole.AGENT and call.consult is not None and call.consult.stage is Stage.RINGING
    number, name, withheld = seen_inside(call)
    step.emit(
        Originate(
            call=call.id,
            channel=leg.channel,
            phone=settings.phone,
            caller_number=number,
            caller_name=name,
            caller_withheld=withheld,
            timeout=step.options.answer_timeout + ORIGINATE_MARGIN,
            hear="ringing" if ringing else "silence",
            named=settings.phone_in_page,
        )
    )
    return call, replace(offer, channel=leg.channel)


def _rung(step: Step, call: Call, signal: RingAgain) -> None:
    step.record(call.id, "phone.rung_again", signal.agent)
    step.publish(call.id, "call.updated", [call.agent, signal.agent])
    step.accept(signal.request)

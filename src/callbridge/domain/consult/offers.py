"""The target of a supervised transfer: an agent who is offered the consultation, or an external number."""

from callbridge.domain.consult.moves import fail
from callbridge.domain.lifecycle.caller import seen_inside, seen_outside
from callbridge.domain.lifecycle.legs import drop_target, keep_caller
from callbridge.domain.lifecycle.people import (
    FAILURE,
    OFFER_ENDS,
    give_call,
    pause_for,
    phone_declined,
    phone_failed,
)
from callbridge.domain.lifecycle.screen_pop import make_pop
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.causes import Fault, LegEnd
from callbridge.domain.model.consult import Consult, Stage
from callbridge.domain.model.effects import ORIGINATE_MARGIN, ConfirmReservation, Originate, Park, SetHear
from callbridge.domain.model.ids import AgentId, leg_channel_id
from callbridge.domain.model.legs import Leg, LegRole, LegState
from callbridge.domain.model.offer import Offer, OfferKind, OfferState, Pause
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Reserved
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import Route, RouteKind, TransferKind, TransferState
from callbridge.domain.rules.eligibility import judge


def wanted_route(call: Call) -> Route | None:
    """The route by which an agent is looked for as this call's target; None where nobody is."""
    transfer, consult = call.transfer, call.consult
    if transfer is None or transfer.kind is not TransferKind.SUPERVISED:
        return None
    held = call.state is CallState.CONSULTING and consult is not None and consult.stage is Stage.HELD
    if transfer.state is TransferState.DEFERRED and (held or call.state is CallState.TALKING):
        return Route(kind=RouteKind.AGENT, agent=AgentId(transfer.destination.value), since=transfer.made_at)
    if call.state is CallState.CONSULTING and consult is not None and consult.stage is Stage.RINGING:
        return consult.route if consult.offer is None and call.party(LegRole.TARGET) is None else None
    return None


def start_ringing(step: Step, call: Call, route: Route | None) -> Call:
    """The caller goes to the music, and agent 1 hears ringing."""
    assert call.transfer is not None
    was_held = call.state is CallState.CONSULTING
    call = step.put(
        replace(
            call,
            state=CallState.CONSULTING,
            consult=Consult(stage=Stage.RINGING, route=route),
            transfer=replace(call.transfer, state=TransferState.RINGING),
            deadline=None,
            attempts=0,
        )
    )
    keep_caller(step, call)
    leg = call.agent_leg
    if leg is not None:
        step.emit(SetHear(call=call.id, channel=leg.channel, hear="ringing"))
        fact = step.world.channels.get(leg.channel)
        if was_held and leg.name is not None and (fact is None or fact.bridge is None or fact.holding):
            # In the waiting room already, or just there: what is heard is set on the way in.
            step.emit(Park(call=call.id, channel=leg.channel))
    step.publish(call.id, "transfer.updated", [call.agent])
    step.publish(call.id, "call.updated", [call.agent])
    return call


def offer_to_target(step: Step, call: Call, signal: Reserved, route: Route) -> None:
    """The store gave us an agent: their phone rings, and they see a preview."""
    if call.transfer is not None and call.transfer.state is TransferState.DEFERRED:
        held = call.state is CallState.CONSULTING
        call = start_ringing(step, call, route)
        assert call.consult is not None
        call = step.put(replace(call, consult=replace(call.consult, from_hold=held)))
    assert call.consult is not None
    settings = step.world.settings.agents[signal.agent]
    _, passed_over = judge(step.world, call, step.now, route)
    leg = _leg(step, call, agent=signal.agent)
    offer = Offer(
        id=signal.offer,
        call=call.id,
        agent=signal.agent,
        kind=OfferKind.CONSULT,
        group=route.group,
        channel=leg.channel,
        made_at=step.now,
        deadline=step.now + step.options.offer_timeout,
    )
    call = replace(
        call,
        legs=(*call.legs, leg),
        legs_made=call.legs_made + 1,
        offers_made=call.offers_made + 1,
        pops_made=call.pops_made + 1,
    )
    pop = make_pop(step.world.settings, call, signal.agent, preview=True, at=step.now)
    assert call.consult is not None
    call = step.put(replace(call, consult=replace(call.consult, offer=offer, pop=pop)))
    agent = step.world.agents[signal.agent]
    step.put_agent(replace(agent, offer=offer.id))
    seconds = step.options.offer_timeout + step.options.answer_timeout
    _dial(step, call, leg, settings.phone, seconds, in_page=settings.phone_in_page)
    step.publish_offer(call, offer, pop)
    step.record(
        call.id,
        "offer.made",
        signal.agent,
        offer=offer.id,
        kind=offer.kind.value,
        group=offer.group,
        waited=round(step.now - route.since, 3),
        passed_over=passed_over,
    )


def dial_external(step: Step, call: Call, number: str, role: LegRole) -> Call:
    """An external number rings; `number` has passed the policy, and is E.164."""
    template = step.options.outbound_dial
    assert template is not None
    leg = replace(_leg(step, call, number=number), role=role, deadline=step.now + step.options.external_timeout)
    call = step.put(replace(call, legs=(*call.legs, leg), legs_made=call.legs_made + 1))
    _dial(step, call, leg, template.replace("{number}", number), step.options.external_timeout)
    step.record(call.id, "external.dialled", call.agent, role=role.value)
    return call


def _leg(step: Step, call: Call, *, agent: AgentId | None = None, number: str | None = None) -> Leg:
    return Leg(
        channel=leg_channel_id(call.id, call.legs_made + 1),
        role=LegRole.TARGET,
        agent=agent,
        number=number,
        made_at=step.now,
    )


def _dial(step: Step, call: Call, leg: Leg, phone: str, seconds: float, *, in_page: bool = False) -> None:
    outside = leg.number is not None
    number, name, withheld = seen_outside(call, step.world.settings) if outside else seen_inside(call)
    step.emit(
        Originate(
            call=call.id,
            channel=leg.channel,
            phone=phone,
            external=outside,
            caller_number=number,
            caller_name=name,
            caller_withheld=withheld,
            timeout=seconds + ORIGINATE_MARGIN,
            named=in_page,
        )
    )


def accepted(step: Step, call: Call, how: str) -> Call:
    """The target is theirs to talk with; the pop stays a preview until the call is."""
    consult = call.consult
    if consult is None or consult.offer is None or consult.offer.state is not OfferState.PENDING:
        return call
    offer = replace(consult.offer, state=OfferState.ACCEPTED, ended_at=step.now)
    deadline = step.now + step.options.answer_timeout
    legs = tuple(
        replace(leg, deadline=deadline)
        if leg.channel == offer.channel and leg.state in (LegState.DIALING, LegState.RINGING) and not leg.never_came
        else leg
        for leg in call.legs
    )
    call = step.put(replace(call, consult=replace(consult, offer=offer), legs=legs))
    give_call(step, offer.agent, call.id)
    step.emit(ConfirmReservation(offer=offer.id))
    step.publish_offer(call, offer, consult.pop)
    step.record(call.id, "offer.accepted", offer.agent, offer=offer.id, how=how)
    return call


def not_reached(step: Step, call: Call, end: LegEnd, how: str = "phone") -> None:
    """The target's phone said no, or nothing at all: the group's next agent, or back to the caller.

    `how` an agent said no: with the `phone`, or a `button`.
    """
    offer = call.consult.offer if call.consult else None
    if offer is None:
        fail(step, call, end.reason.value, leg_end=end)
        return
    fault = phone_failed(step, offer.agent, end)
    if fault is Fault.REFUSED and how == "phone":
        phone_declined(step, offer)
    why = FAILURE[fault]
    _next(step, call, fault, why, how=how if fault is Fault.REFUSED else why, end=None if how == "button" else end)


def rescinded(step: Step, call: Call, why: str) -> None:
    _next(step, call, None, why, how=why)


def _next(
    step: Step, call: Call, fault: Fault | None, why: str, *, how: str | None = None, end: LegEnd | None = None
) -> None:
    consult = call.consult
    assert consult is not None
    state = OfferState.RESCINDED if fault is None else OFFER_ENDS[fault]
    if consult.route is None or consult.route.kind is not RouteKind.GROUP or consult.offer is None:
        fail(step, call, why, offer=state, how=how, leg_end=end)
        return
    code, seconds = pause_for(step, fault or Fault.REFUSED)
    pause = Pause(agent=consult.offer.agent, until=step.now + seconds, why=code)
    call = step.put(replace(call, pauses=(*call.pauses, pause)))
    drop_target(step, call, state, how, end)

"""One agent is offered a waiting call, and what an answer to the offer does.

An offer is pending until exactly one of these ends it: accepted, rejected, timed out, cancelled (the caller
hung up) or rescinded (the phone could not be reached, or the agent left). Only `end_offer` and `accept` end one.
"""

from callbridge.domain.lifecycle.caller import seen_inside
from callbridge.domain.lifecycle.offer_end import end_offer, pause_agent
from callbridge.domain.lifecycle.people import (
    FAILURE,
    give_call,
    make_busy,
    pause_for,
    phone_declined,
    phone_failed,
)
from callbridge.domain.lifecycle.returning import give_up_route
from callbridge.domain.lifecycle.screen_pop import make_pop
from callbridge.domain.model.agents import MISSED_OFFER
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.causes import END_FOLLOWS, NOBODY_ANSWERED, Fault, LegEnd
from callbridge.domain.model.effects import ORIGINATE_MARGIN, ConfirmReservation, Originate
from callbridge.domain.model.ids import leg_channel_id
from callbridge.domain.model.legs import Leg, LegRole, LegState
from callbridge.domain.model.offer import Offer, OfferKind, OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Reserved
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import TransferState
from callbridge.domain.rules.eligibility import judge, offer_kind

_REMEMBERED_WAITS = 20


def make_offer(step: Step, call: Call, signal: Reserved) -> None:
    agent = step.world.agents[signal.agent]
    settings = step.world.settings.agents[agent.id]
    kind = offer_kind(call.route)
    leg = Leg(channel=leg_channel_id(call.id, call.legs_made + 1), role=LegRole.AGENT, agent=agent.id, made_at=step.now)
    offer = Offer(
        id=signal.offer,
        call=call.id,
        agent=agent.id,
        kind=kind,
        group=call.route.group,
        channel=leg.channel,
        made_at=step.now,
        deadline=step.now + step.options.offer_timeout,
    )
    _, passed_over = judge(step.world, call, step.now)
    transfer = call.transfer
    if transfer is not None and transfer.state is TransferState.WAITING:
        transfer = replace(transfer, state=TransferState.OFFERED)
    call = replace(
        call,
        state=CallState.OFFERING,
        offer=offer,
        legs=(*call.legs, leg),
        transfer=transfer,
        offers_made=call.offers_made + 1,
        legs_made=call.legs_made + 1,
        pops_made=call.pops_made + 1,
        pauses=tuple(pause for pause in call.pauses if pause.until > step.now),
    )
    call = replace(
        call, pop=make_pop(step.world.settings, call, agent.id, preview=kind is not OfferKind.AGENT_HARD, at=step.now)
    )
    step.put(call)
    step.put_agent(replace(agent, offer=offer.id))
    number, name, withheld = seen_inside(call)
    step.emit(
        Originate(
            call=call.id,
            channel=leg.channel,
            phone=settings.phone,
            caller_number=number,
            caller_name=name,
            caller_withheld=withheld,
            timeout=step.options.offer_timeout + step.options.answer_timeout + ORIGINATE_MARGIN,
            named=settings.phone_in_page,
        )
    )
    step.publish(call.id, "offer.made", [agent.id])
    if kind is OfferKind.AGENT_HARD:
        step.publish(call.id, "pop", [agent.id])
    if transfer is not None and not transfer.ended:
        step.publish(call.id, "transfer.updated", [transfer.by])
    step.record(
        call.id,
        "offer.made",
        agent.id,
        offer=offer.id,
        kind=kind.value,
        group=offer.group,
        waited=round(step.now - call.route.since, 3),
        passed_over=passed_over,
    )


def accept(step: Step, call: Call, how: str) -> Call:
    """The offer is won: call and pop are the agent's. The caller is bridged once the phone is ready."""
    offer = call.offer
    assert offer is not None
    agent_id = offer.agent
    leg = call.agent_leg
    answered = leg is not None and leg.state not in (LegState.DIALING, LegState.RINGING)
    wait = step.options.connect_timeout if answered else step.options.answer_timeout
    if leg is not None and leg.never_came:
        wait = END_FOLLOWS
    call = replace(
        call,
        state=CallState.CONNECTING,
        agent=agent_id,
        offer=replace(offer, state=OfferState.ACCEPTED, ended_at=step.now),
        pop=make_pop(step.world.settings, call, agent_id, preview=False, at=step.now),
        deadline=step.now + wait,
        attempts=0,
    )
    step.put(call)
    give_call(step, agent_id, call.id)
    if call.route.group is not None:
        waits = (*step.world.waits.get(call.route.group, ()), step.now - call.route.since)
        step.world.waits[call.route.group] = waits[-_REMEMBERED_WAITS:]
    step.emit(ConfirmReservation(offer=offer.id))
    step.publish(call.id, "offer.ended", [agent_id])
    step.publish(call.id, "pop", [agent_id])
    step.record(call.id, "offer.accepted", agent_id, offer=offer.id, how=how)
    return call


def rejected(step: Step, call: Call, how: str, end: LegEnd | None = None) -> None:
    offer = call.offer
    assert offer is not None
    call = pause_agent(step, call, offer.agent)
    call = end_offer(step, call, OfferState.REJECTED, how, end)
    if how == "phone":
        phone_declined(step, offer)
    give_up_route(step, call, "rejected", end)


def timed_out(step: Step, call: Call, end: LegEnd = NOBODY_ANSWERED) -> None:
    assert call.offer is not None
    agent = call.offer.agent
    call = pause_agent(step, call, agent, why=MISSED_OFFER)
    call = end_offer(step, call, OfferState.TIMED_OUT, None, end)
    make_busy(step, agent, MISSED_OFFER)
    give_up_route(step, call, "no_answer", end)


def not_reached(step: Step, call: Call, end: LegEnd) -> None:
    """The phone said no, or could not be rung: then nobody else's call shall wait for it either."""
    assert call.offer is not None
    agent = call.offer.agent
    if end.fault is Fault.REFUSED:
        rejected(step, call, "phone", end)
        return
    if end.fault is Fault.AWAY:
        timed_out(step, call, end)
        return
    fault = phone_failed(step, agent, end)
    code, seconds = pause_for(step, fault)
    call = pause_agent(step, call, agent, seconds, why=code)
    call = end_offer(step, call, OfferState.RESCINDED, FAILURE[fault], end)
    give_up_route(step, call, FAILURE[fault], end)


def rescinded(step: Step, call: Call, reason: str) -> None:
    """Taken back through no fault of the agent's."""
    call = end_offer(step, call, OfferState.RESCINDED, reason)
    give_up_route(step, call, reason)

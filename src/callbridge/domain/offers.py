"""Offers: to whom a waiting call is offered next, and what an answer to an offer does.

An offer is pending until exactly one of these ends it: accepted, rejected, timed out, cancelled (the caller
hung up) or rescinded (the phone could not be reached, or the agent left). Only `end_offer` and `accept` end one.
"""

from dataclasses import replace

from callbridge.domain.agents import MISSED_OFFER, PHONE_UNREACHABLE
from callbridge.domain.calls import (
    Call,
    CallState,
    Leg,
    LegRole,
    LegState,
    Offer,
    OfferKind,
    OfferState,
    Pause,
    Route,
    RouteKind,
    TransferState,
)
from callbridge.domain.causes import END_FOLLOWS
from callbridge.domain.consult_offers import offer_to_target, wanted_route
from callbridge.domain.consult_release import release
from callbridge.domain.effects import ORIGINATE_MARGIN, ConfirmReservation, Originate, ReleaseReservation, Reserve
from callbridge.domain.eligibility import Candidates, judge, max_sessions, offer_kind, why_not
from callbridge.domain.ids import AgentId, leg_channel_id, offer_id
from callbridge.domain.people import give_call, make_busy
from callbridge.domain.returning import give_up_route, route_to_group
from callbridge.domain.screen_pop import make_pop
from callbridge.domain.signals import NobodyFree, Reserved
from callbridge.domain.step import Step

_TRY_AGAIN = 1.0
"""Seconds before candidates are asked for again whom the store did not give, though they looked free."""
_REMEMBERED_WAITS = 20


def dispatch(step: Step) -> None:
    """Asks the store for an agent for the first waiting call that could have one.

    One question at a time: the answer changes who is free for the next call.
    """
    world = step.world
    if world.reserving is not None or not world.pbx_up:
        return
    who = Candidates(world, step.now)
    for call, route in _waiting(step):
        candidates = who.of(call, route)
        if candidates:
            world.reserving = call.id
            places = {agent: max_sessions(world, world.agents[agent], route) for agent in candidates}
            step.emit(
                Reserve(
                    call=call.id,
                    offer=offer_id(call.id, call.offers_made + 1),
                    candidates=candidates,
                    max_sessions=places,
                )
            )
            return
        if route.kind is RouteKind.RECALL:
            route_to_group(step, call, "transferer_gone")
            # Its place in the queue is another one now, and somebody may be free for it.
            dispatch(step)
            return


def _waiting(step: Step) -> list[tuple[Call, Route]]:
    """The calls for which an agent is looked for, the longest waiting first."""
    found = []
    for call in step.world.calls.values():
        route = _looked_for(call)
        if route is not None and call.id not in step.world.faulty and _is_here(step, call):
            found.append((call, route))
    return sorted(found, key=lambda each: (each[1].since, each[0].id))


def _is_here(step: Step, call: Call) -> bool:
    """A waiting caller who was last seen leaving the music may be in the dialplan's fallback by now."""
    fact = step.world.channels.get(call.caller)
    return call.state is not CallState.WAITING or (fact is not None and fact.holding)


def _looked_for(call: Call) -> Route | None:
    return call.route if call.state is CallState.WAITING else wanted_route(call)


def reserved(step: Step, signal: Reserved) -> None:
    world = step.world
    world.reserving = None
    step.dispatch = True
    call = world.calls.get(signal.call)
    route = _looked_for(call) if call is not None else None
    if (
        call is not None
        and route is not None
        and signal.offer == offer_id(call.id, call.offers_made + 1)
        and why_not(world, signal.agent, call, step.now, route) is None
    ):
        if call.state is CallState.WAITING:
            _make_offer(step, call, signal)
        else:
            offer_to_target(step, call, signal, route)
    else:
        step.emit(ReleaseReservation(offer=signal.offer))


def nobody_free(step: Step, signal: NobodyFree) -> None:
    """Another gateway was faster. The same candidates are asked for again a moment later."""
    step.world.reserving = None
    step.dispatch = True
    call = step.world.calls.get(signal.call)
    route = _looked_for(call) if call is not None else None
    if call is not None and route is not None:
        candidates, _ = judge(step.world, call, step.now, route)
        until = step.now + _TRY_AGAIN
        pauses = (Pause(agent=agent, until=until, why="has_an_offer") for agent in candidates)
        step.put(replace(call, pauses=(*call.pauses, *pauses)))


def _make_offer(step: Step, call: Call, signal: Reserved) -> None:
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
    step.emit(
        Originate(
            call=call.id,
            channel=leg.channel,
            phone=settings.phone,
            caller_number=call.caller_number,
            caller_name=call.caller_name,
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


def end_offer(step: Step, call: Call, state: OfferState, reason: str | None = None) -> Call:
    """A pending offer ends without a winner: the phone stops ringing and the agent is free of it.

    The call is left without a place to go: the caller of this decides where.
    """
    offer = call.offer
    assert offer is not None
    assert offer.state is OfferState.PENDING
    call = release_leg(step, call)
    offer = replace(offer, state=state, ended_at=step.now, reason=reason)
    call = step.put(replace(call, offer=offer, pop=None))
    agent = step.world.agents[offer.agent]
    idle_since = step.now if state is OfferState.REJECTED else agent.idle_since
    step.put_agent(replace(agent, offer=None, idle_since=idle_since))
    step.emit(ReleaseReservation(offer=offer.id))
    step.publish(call.id, "offer.ended", [offer.agent])
    step.record(call.id, f"offer.{state.value}", offer.agent, offer=offer.id, reason=reason)
    return call


def release_leg(step: Step, call: Call) -> Call:
    """The present agent's leg is told to hang up."""
    return release(step, call, call.agent_leg)


def pause_agent(
    step: Step, call: Call, agent: AgentId, seconds: float | None = None, *, why: str = "rejected_recently"
) -> Call:
    """For a while the call is not offered to this agent again; as long as after a rejection, unless said.

    `why`: the code that explains it meanwhile.
    """
    until = step.now + (step.options.reject_pause if seconds is None else seconds)
    kept = tuple(pause for pause in call.pauses if pause.agent != agent)
    return step.put(replace(call, pauses=(*kept, Pause(agent=agent, until=until, why=why))))


def rejected(step: Step, call: Call, how: str) -> None:
    assert call.offer is not None
    call = pause_agent(step, call, call.offer.agent)
    call = end_offer(step, call, OfferState.REJECTED, how)
    give_up_route(step, call, "rejected")


def timed_out(step: Step, call: Call) -> None:
    assert call.offer is not None
    agent = call.offer.agent
    call = pause_agent(step, call, agent, why=MISSED_OFFER)
    call = end_offer(step, call, OfferState.TIMED_OUT)
    make_busy(step, agent, MISSED_OFFER)
    give_up_route(step, call, "no_answer")


def unreachable(step: Step, call: Call, cause: int) -> None:
    """The phone cannot be rung: nobody else's call shall wait for it either."""
    assert call.offer is not None
    agent = call.offer.agent
    call = pause_agent(step, call, agent, why=PHONE_UNREACHABLE)
    call = end_offer(step, call, OfferState.RESCINDED, f"phone unreachable, cause {cause}")
    make_busy(step, agent, PHONE_UNREACHABLE)
    give_up_route(step, call, "unreachable")


def rescinded(step: Step, call: Call, reason: str) -> None:
    """Taken back through no fault of the agent's."""
    call = end_offer(step, call, OfferState.RESCINDED, reason)
    give_up_route(step, call, reason)

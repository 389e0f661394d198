"""To whom a waiting call is offered next: the store is asked for one agent at a time."""

from callbridge.domain.consult.offers import offer_to_target, wanted_route
from callbridge.domain.lifecycle.returning import route_to_group
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import ReleaseReservation, Reserve
from callbridge.domain.model.ids import offer_id
from callbridge.domain.model.offer import Pause
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import NobodyFree, Reserved
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import Route, RouteKind
from callbridge.domain.routing.offers import make_offer
from callbridge.domain.rules.eligibility import Candidates, judge, max_sessions, why_not

_TRY_AGAIN = 1.0
"""Seconds before candidates are asked for again whom the store did not give, though they looked free."""


def dispatch(step: Step) -> None:
    """Asks the store for an agent for the first waiting call that could have one.

    One question at a time: the answer changes who is free for the next call.
    """
    world = step.world
    if world.reserving is not None or not world.pbx_listens:
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
        route = _looked_for(step, call)
        if route is not None and call.id not in step.world.faulty and _is_here(step, call):
            found.append((call, route))
    return sorted(found, key=lambda each: (each[1].since, each[0].id))


def _is_here(step: Step, call: Call) -> bool:
    """A waiting caller who was last seen leaving the music may be in the dialplan's fallback by now."""
    fact = step.world.channels.get(call.caller)
    return call.state is not CallState.WAITING or (fact is not None and fact.holding)


def _looked_for(step: Step, call: Call) -> Route | None:
    if call.state is CallState.WAITING:
        return call.route
    # A transfer that waits for its target does not begin while its agent talks with somebody else.
    return None if _is_held(call) and _talks_elsewhere(step, call) else wanted_route(call)


def _is_held(call: Call) -> bool:
    return call.consult is not None and call.consult.stage is Stage.HELD


def _talks_elsewhere(step: Step, call: Call) -> bool:
    others = [each for each in step.world.calls.values() if each.id != call.id and each.agent == call.agent]
    return any(not _is_held(each) for each in others)


def reserved(step: Step, signal: Reserved) -> None:
    """What was asked for is given. Meanwhile the PBX may have fallen silent, or the caller have left the music."""
    world = step.world
    world.reserving = None
    step.dispatch = True
    call = world.calls.get(signal.call)
    route = _looked_for(step, call) if call is not None else None
    if (
        call is not None
        and route is not None
        and signal.offer == offer_id(call.id, call.offers_made + 1)
        and world.pbx_listens
        and _is_here(step, call)
        and why_not(world, signal.agent, call, step.now, route) is None
    ):
        if call.state is CallState.WAITING:
            make_offer(step, call, signal)
        else:
            offer_to_target(step, call, signal, route)
    else:
        step.emit(ReleaseReservation(offer=signal.offer))


def nobody_free(step: Step, signal: NobodyFree) -> None:
    """Another gateway was faster. The same candidates are asked for again a moment later."""
    step.world.reserving = None
    step.dispatch = True
    call = step.world.calls.get(signal.call)
    route = _looked_for(step, call) if call is not None else None
    if call is not None and route is not None:
        candidates, _ = judge(step.world, call, step.now, route)
        until = step.now + _TRY_AGAIN
        pauses = (Pause(agent=agent, until=until, why="has_an_offer") for agent in candidates)
        step.put(replace(call, pauses=(*call.pauses, *pauses)))

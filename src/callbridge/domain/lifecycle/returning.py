"""Where a call goes that its destination did not take: the ordered fallback of "a caller is never lost".

A group's call waits on. A transfer to an agent that failed is offered to the transferer again (recall); if
that fails too, the call's group has it, at the place of its arrival; if there is no group to serve it, the
dialplan's own fallback.
"""

from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.causes import LegEnd, said
from callbridge.domain.model.effects import ToFallback
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.records import replace
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import DestinationKind, Route, RouteKind, Transfer, TransferState


def group_route(step: Step, group: GroupId, since: float) -> Route | None:
    """The route into a group's queue; None where there is no such group any more."""
    settings = step.world.settings.groups.get(group)
    if settings is None:
        return None
    deadline = step.now + settings.max_wait if settings.max_wait is not None else None
    return Route(kind=RouteKind.GROUP, group=group, since=since, deadline=deadline)


def give_up_route(step: Step, call: Call, why: str, leg_end: LegEnd | None = None) -> None:
    """An offer came to nothing: the group's next agent, or the next place of the fallback order."""
    match call.route.kind:
        case RouteKind.GROUP:
            wait(step, call, call.route)
        case RouteKind.AGENT:
            recall(step, call, why, leg_end=leg_end)
        case RouteKind.RECALL:
            route_to_group(step, call, why)


def waited_too_long(step: Step, call: Call) -> None:
    """The route's deadline has passed while nobody took the call."""
    transfer = call.transfer
    if transfer is not None and not transfer.ended:
        recall(step, call, "waited_too_long")
    elif call.route.kind is RouteKind.GROUP:
        to_fallback(step, call, "waited_too_long")
    else:
        route_to_group(step, call, "waited_too_long")


def wait(step: Step, call: Call, route: Route) -> None:
    """The caller stays with the music until the route has somebody. A group that is gone is waited for by nobody."""
    if route.kind is RouteKind.GROUP and (route.group is None or route.group not in step.world.settings.groups):
        instead = group_route(step, call.group, call.arrived_at)
        if instead is None:
            to_fallback(step, call, "group_removed")
            return
        route = instead
    step.put(replace(call, state=CallState.WAITING, route=route, agent=None, pop=None, deadline=None, attempts=0))


def recall(step: Step, call: Call, why: str, *, agent: AgentId | None = None, leg_end: LegEnd | None = None) -> None:
    """Back to the agent who had the call: the transfer has failed, or they were lost while the caller was on hold."""
    if call.transfer is not None and not call.transfer.ended:
        call = end_transfer(step, call, TransferState.FAILED, why, leg_end)
    agent = agent or (call.transfer.by if call.transfer is not None else None)
    if agent is None:
        route_to_group(step, call, why)
        return
    step.record(call.id, "call.recall", agent, why=why)
    until = step.now + step.options.offer_timeout
    wait(step, call, Route(kind=RouteKind.RECALL, agent=agent, since=call.arrived_at, deadline=until))


def route_to_group(step: Step, call: Call, why: str) -> None:
    """Agent 1 is gone or did not take it: the call's group, or the dialplan where that has had its time."""
    if call.transfer is not None and not call.transfer.ended:
        call = end_transfer(step, call, TransferState.FAILED, why)
    transfer = call.transfer
    group_had_it = (
        transfer is not None
        and transfer.destination.kind is DestinationKind.GROUP
        and transfer.failure == "waited_too_long"
    )
    route = None if group_had_it else group_route(step, call.group, call.arrived_at)
    if route is None:
        to_fallback(step, call, why)
    else:
        step.record(call.id, "call.to_group", None, group=call.group, why=why)
        wait(step, call, route)


def to_fallback(step: Step, call: Call, why: str) -> None:
    """The dialplan's own fallback has the caller, once the PBX has done so."""
    if call.transfer is not None and not call.transfer.ended:
        call = end_transfer(step, call, TransferState.FAILED, why)
    step.record(call.id, "call.to_fallback", None, why=why)
    step.put(
        replace(
            call,
            state=CallState.FALLING_BACK,
            agent=None,
            pop=None,
            deadline=step.now + step.options.connect_timeout,
            attempts=1,
        )
    )
    step.emit(ToFallback(call=call.id, channel=call.caller))


def end_transfer(
    step: Step, call: Call, state: TransferState, failure: str | None = None, leg_end: LegEnd | None = None
) -> Call:
    """`leg_end`: what the target's phone or network said, where that is why."""
    transfer = call.transfer
    assert transfer is not None
    ended: Transfer = replace(
        transfer,
        state=state,
        ended_at=step.now,
        failure=failure,
        leg_end=leg_end,
        taken_by=call.agent if state is TransferState.COMPLETED else None,
    )
    step.publish(call.id, "transfer.updated", [ended.by, ended.taken_by])
    step.record(call.id, f"transfer.{state.value}", ended.by, transfer=ended.id, failure=failure, **said(leg_end))
    return step.put(replace(call, transfer=ended))

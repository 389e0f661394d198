"""Why a transfer is or is not allowed, who would be asked, why the others would not, and how long it may take."""

from collections.abc import Mapping
from dataclasses import dataclass

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.records import replace
from callbridge.domain.model.settings import AgentTransferMode, AgentTransferRule, Settings
from callbridge.domain.model.transfer import Destination, DestinationKind, Route, RouteKind
from callbridge.domain.model.world import World
from callbridge.domain.rules.eligibility import asked, why_not
from callbridge.domain.rules.policy import Refusal, transfer_refusal


@dataclass(frozen=True, kw_only=True, slots=True)
class Explanation:
    refusal: Refusal | None
    """None: allowed."""
    eligible: tuple[AgentId, ...] = ()
    """Who would be asked now, in this order."""
    others: Mapping[AgentId, str]
    """Why each other agent of the destination would not."""
    waiting: int = 0
    """Calls that wait for the same destination and were there first."""
    expected_wait: float | None = None
    """Seconds; 0: somebody is free. None: not known, since nobody of it is at work or nothing was measured yet."""


def explain(
    world: World,
    call: Call,
    agent: AgentId,
    destination: Destination,
    *,
    supervised: bool,
    deferred: bool = False,
    mode: AgentTransferMode | None = None,
    number_problem: str | None = None,
    now: float,
) -> Explanation:
    """`deferred` and `number_problem` as in `RequestTransfer`. Changes nothing."""
    refusal = _state_refusal(call) or transfer_refusal(
        world.settings, agent, destination, supervised=supervised, mode=mode, number_problem=number_problem
    )
    if refusal is None and supervised and not deferred:
        refusal = unavailable(world, call, destination, now)
    if not supervised:
        # A transfer begins anew with everybody, also those who did not take the call a moment ago.
        call = replace(call, pauses=())
    route = _route(destination, mode or _ruled(world.settings.options.agent_transfer), supervised)
    if route is None:
        return Explanation(refusal=refusal, others={}, expected_wait=0.0 if refusal is None else None)
    reasons = {each: why_not(world, each, call, now, route) for each in asked(world, route)}
    eligible = tuple(each for each, reason in reasons.items() if reason is None)
    others = {each: reason for each, reason in reasons.items() if reason is not None}
    waiting = sum(1 for other in world.calls.values() if other.id != call.id and _waits_for(other, route))
    return Explanation(
        refusal=refusal,
        eligible=eligible,
        others=others,
        waiting=waiting,
        expected_wait=expected_wait(world, route, free=len(eligible), waiting=waiting),
    )


def unavailable(world: World, call: Call, destination: Destination, now: float) -> Refusal | None:
    """Why a supervised transfer to one agent cannot start now; None: it can, or the destination is no agent."""
    if destination.kind is not DestinationKind.AGENT:
        return None
    route = Route(kind=RouteKind.AGENT, agent=AgentId(destination.value))
    reason = why_not(world, AgentId(destination.value), call, now, route)
    if reason is None:
        return None
    sentence = f"The agent is not available ({reason}); let the transfer wait for them, or choose another."
    return Refusal("target_not_available", sentence)


def _state_refusal(call: Call) -> Refusal | None:
    """Calls can be transferred while caller and agent talk, or the caller is on hold."""
    held = call.consult is not None and call.consult.stage is Stage.HELD
    if call.state is CallState.TALKING or (call.state is CallState.CONSULTING and held):
        return None
    if call.state in (CallState.CONSULTING, CallState.MOVING):
        return Refusal("transfer_under_way", "This call is being transferred already; cancel that first.")
    return Refusal("not_talking", "This is possible only while you are connected with the caller.")


def _route(destination: Destination, mode: AgentTransferMode | None, supervised: bool) -> Route | None:
    match destination.kind:
        case DestinationKind.GROUP:
            return Route(kind=RouteKind.GROUP, group=GroupId(destination.value))
        case DestinationKind.AGENT:
            chosen = AgentTransferMode.SOFT if supervised or mode is None else mode
            return Route(kind=RouteKind.AGENT, agent=AgentId(destination.value), mode=chosen)
    return None


def _ruled(rule: AgentTransferRule) -> AgentTransferMode:
    """The way that is taken where none is named."""
    return AgentTransferMode.SOFT if rule is AgentTransferRule.AGENT_CHOOSES else AgentTransferMode(rule.value)


def back_after(settings: Settings, destination: Destination, *, supervised: bool, deferred: bool) -> float | None:
    """Seconds after which the caller is back with whoever transfers them, where nobody takes the call until then.

    None: they wait on without an end, they never leave (deferred), or a number rings for as long as it may.
    """
    if deferred:
        return None
    if destination.kind is DestinationKind.GROUP:
        group = settings.groups.get(GroupId(destination.value))
        return group.max_wait if group is not None else None
    if destination.kind is DestinationKind.AGENT:
        return settings.options.offer_timeout if supervised else settings.options.transfer_max_wait
    return None


def _waits_for(call: Call, route: Route) -> bool:
    return call.state == "waiting" and (call.route.group, call.route.agent) == (route.group, route.agent)


def expected_wait(world: World, route: Route, *, free: int, waiting: int) -> float | None:
    """From the last waits of this group: what the next one may expect who finds this many free and waiting."""
    if free > waiting:
        return 0.0
    recent = world.waits.get(route.group) if route.group is not None else None
    if not recent or not _at_work(world, route):
        return None
    return sum(recent) / len(recent) * (waiting + 1)


def _at_work(world: World, route: Route) -> bool:
    """Whether anybody whom the route could mean is logged in."""
    found = (world.agents.get(agent) for agent in asked(world, route))
    return any(agent is not None and agent.presence is not Presence.OFFLINE for agent in found)

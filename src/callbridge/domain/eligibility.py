"""Who may be offered a waiting call, in which order, and why the others may not."""

from callbridge.domain.agents import Agent, PhoneState, Presence
from callbridge.domain.calls import Call, OfferKind, Route, RouteKind
from callbridge.domain.ids import AgentId
from callbridge.domain.settings import AgentTransferMode, Member
from callbridge.domain.world import World


def offer_kind(route: Route) -> OfferKind:
    match route.kind:
        case RouteKind.GROUP:
            return OfferKind.GROUP
        case RouteKind.RECALL:
            return OfferKind.RECALL
        case RouteKind.AGENT:
            return OfferKind.AGENT_HARD if route.mode is AgentTransferMode.HARD else OfferKind.AGENT_SOFT


def max_sessions(world: World, agent: Agent, route: Route) -> int:
    """How many calls the agent may have, this one included. A hard transfer comes on top of what they have."""
    if route.kind is RouteKind.AGENT and route.mode is AgentTransferMode.HARD:
        return len(agent.calls) + 1
    settings = world.settings.agents.get(agent.id)
    return settings.max_sessions if settings else 0


def why_not(world: World, agent_id: AgentId, call: Call, now: float, route: Route | None = None) -> str | None:
    """A stable code of the reason why this agent is not offered this call now; None: they can be.

    `route`: by which they would be; the call's own, unless somebody is looked for beside it.
    """
    if agent_id == call.agent:
        return "has_the_call"
    route = route or call.route
    agent = world.agents.get(agent_id)
    settings = world.settings.agents.get(agent_id)
    if agent is None or settings is None:
        return "unknown_agent"
    if agent.offer is not None:
        return "has_an_offer"
    kind = offer_kind(route)
    if kind is OfferKind.AGENT_HARD:
        return None
    if any(pause.agent == agent_id and pause.until > now for pause in call.pauses):
        return "rejected_recently"
    if agent.presence is Presence.OFFLINE:
        return "offline"
    if len(agent.calls) >= settings.max_sessions:
        return "at_maximum_sessions"
    phone = world.phones.get(settings.phone, PhoneState.UNKNOWN)
    if phone is PhoneState.UNREACHABLE:
        return "phone_unreachable"
    if kind is OfferKind.RECALL:
        return None
    if agent.presence is Presence.BUSY:
        return "busy"
    if agent.wrap_up_until is not None:
        return "wrap_up"
    if phone is PhoneState.IN_USE and not agent.calls:
        return "phone_in_use"
    return None


def asked(world: World, route: Route) -> tuple[AgentId, ...]:
    """All whom the route could mean, the first to be asked first: priority, then longest idle."""
    if route.kind is not RouteKind.GROUP:
        return (route.agent,) if route.agent else ()
    group = world.settings.groups.get(route.group) if route.group else None
    if group is None:
        return ()

    def order(member: Member) -> tuple[int, float, AgentId]:
        agent = world.agents.get(member.agent)
        return (member.priority, agent.idle_since if agent else 0.0, member.agent)

    return tuple(member.agent for member in sorted(group.members, key=order))


def judge(
    world: World, call: Call, now: float, route: Route | None = None
) -> tuple[tuple[AgentId, ...], dict[AgentId, str]]:
    """The candidates in order, and for each other agent of the route why not."""
    candidates = []
    others = {}
    for agent_id in asked(world, route or call.route):
        reason = why_not(world, agent_id, call, now, route)
        if reason is None:
            candidates.append(agent_id)
        else:
            others[agent_id] = reason
    return tuple(candidates), others

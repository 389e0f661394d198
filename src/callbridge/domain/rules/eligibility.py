"""Who may be offered a waiting call, in which order, and why the others may not."""

from callbridge.domain.model.agents import MISSED_OFFER, PHONE_DECLINES, Agent, PhoneState, Presence
from callbridge.domain.model.calls import Call
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.offer import OfferKind
from callbridge.domain.model.settings import AgentTransferMode, Member
from callbridge.domain.model.transfer import Route, RouteKind
from callbridge.domain.model.world import World


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
    kind = offer_kind(route or call.route)
    taken = _taken(world, agent_id)
    if taken is not None or kind is OfferKind.AGENT_HARD:
        return taken
    return _paused(call, agent_id, now) or _unready(world, agent_id, kind)


def _taken(world: World, agent_id: AgentId) -> str | None:
    agent = world.agents.get(agent_id)
    if agent is None or world.settings.agents.get(agent_id) is None:
        return "unknown_agent"
    return "has_an_offer" if agent.offer is not None else None


def _paused(call: Call, agent_id: AgentId, now: float) -> str | None:
    return next((pause.why for pause in call.pauses if pause.agent == agent_id and pause.until > now), None)


def _unready(world: World, agent_id: AgentId, kind: OfferKind) -> str | None:
    agent, settings = world.agents.get(agent_id), world.settings.agents.get(agent_id)
    if agent is None or settings is None:
        return "unknown_agent"
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
        return agent.reason if agent.reason in (MISSED_OFFER, PHONE_DECLINES) else "busy"
    if agent.wrap_up_until is not None:
        return "wrap_up"
    if phone is PhoneState.IN_USE and not agent.calls:
        return "phone_in_use"
    return None


def asked(world: World, route: Route) -> tuple[AgentId, ...]:
    """All whom the route could mean, the first to be asked first: priority, then longest idle."""
    if route.kind is not RouteKind.GROUP:
        return (route.agent,) if route.agent else ()
    return _members(world, route.group) if route.group else ()


def _members(world: World, group_id: GroupId) -> tuple[AgentId, ...]:
    group = world.settings.groups.get(group_id)
    if group is None:
        return ()

    def order(member: Member) -> tuple[int, float, AgentId]:
        agent = world.agents.get(member.agent)
        return (member.priority, agent.idle_since if agent else 0.0, member.agent)

    return tuple(member.agent for member in sorted(group.members, key=order))


class Candidates:
    """Who can be offered one waiting call after the other, while nothing changes: who is free is found out once."""

    def __init__(self, world: World, now: float) -> None:
        self._world = world
        self._now = now
        self._free: dict[GroupId, tuple[AgentId, ...]] = {}

    def of(self, call: Call, route: Route) -> tuple[AgentId, ...]:
        """The same as `judge` says."""
        group = route.group
        if route.kind is not RouteKind.GROUP or group is None:
            return judge(self._world, call, self._now, route)[0]
        free = self._free.get(group)
        if free is None:
            free = self._free[group] = tuple(
                agent
                for agent in _members(self._world, group)
                if _taken(self._world, agent) is None and _unready(self._world, agent, OfferKind.GROUP) is None
            )
        return tuple(agent for agent in free if agent != call.agent and _paused(call, agent, self._now) is None)


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

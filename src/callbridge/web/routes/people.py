"""The directory of the transfer screen, groups, and agents."""

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.requests import LogIn, LogOut, SetPresence
from callbridge.domain.model.settings import Settings
from callbridge.web.answers import AgentOut, AgentsOut, GroupOut, GroupsOut
from callbridge.web.context import Context
from callbridge.web.directory_answers import DirectoryOut
from callbridge.web.models import AgentStateBody, DirectoryQuery
from callbridge.web.problems import Problem
from callbridge.web.routes.session import own_reason
from callbridge.web.routing import Access, Route, Table
from callbridge.web.settings import Scope
from callbridge.web.views import agent_of, agent_out, agent_ref, group_out, queues


async def directory(context: Context) -> DirectoryOut:
    query: DirectoryQuery = context.query
    return context.app.directory.look(context.world, me=context.identity.agent, query=query.q, limit=query.limit)


async def list_groups(context: Context) -> GroupsOut:
    waiting, now = queues(context.world), context.app.clock()
    groups = sorted(context.settings.groups.values(), key=lambda group: (group.name, group.id))
    return GroupsOut(items=[group_out(context.world, group.id, waiting.get(group.id), now) for group in groups])


async def get_group(context: Context) -> GroupOut:
    group = GroupId(context.path["group"])
    if group not in context.settings.groups:
        raise Problem("unknown_group", "There is no such agent group.")
    return group_out(context.world, group, queues(context.world).get(group), context.app.clock())


def _memberships(settings: Settings) -> dict[AgentId, list[str]]:
    found: dict[AgentId, list[str]] = {}
    for group in settings.groups.values():
        for member in group.members:
            found.setdefault(member.agent, []).append(group.id)
    return found


async def list_agents(context: Context) -> AgentsOut:
    groups = _memberships(context.settings)
    agents = sorted(context.settings.agents.values(), key=lambda agent: (agent.name, agent.id))
    return AgentsOut(items=[agent_out(context.world, agent, groups.get(agent.id, [])) for agent in agents])


async def get_agent(context: Context) -> AgentOut:
    known = context.settings.agents.get(AgentId(context.path["agent"]))
    if known is None:
        raise Problem("unknown_agent", "This agent is not configured.")
    return agent_out(context.world, known, list(context.settings.groups_of(known.id)))


async def set_agent_state(context: Context) -> AgentOut:
    body: AgentStateBody = context.body
    agent = AgentId(context.path["agent"])
    if agent not in context.settings.agents:
        raise Problem("unknown_agent", "This agent is not configured.")
    by = _name_of(context, agent)
    if body.state == "offline":
        await context.ask(lambda request: LogOut(request=request, agent=agent, by=by))
        return await get_agent(context)
    if agent_of(context.world, agent).presence is Presence.OFFLINE:
        await context.ask(lambda request: LogIn(request=request, agent=agent))
    presence = Presence(body.state)
    reason = own_reason(body.reason)
    await context.ask(
        lambda request: SetPresence(request=request, agent=agent, presence=presence, reason=reason, by=by)
    )
    return await get_agent(context)


def _name_of(context: Context, agent: AgentId) -> str | None:
    """Who asks, for whomever it concerns; None where they ask for themselves."""
    asker = context.identity.agent
    if asker is None:
        return context.identity.subject.partition(":")[2] or context.identity.subject
    return None if asker == agent else agent_ref(context.settings, asker).name


ROUTES: Table = (
    Route(
        method="GET",
        path="/v1/directory",
        name="searchDirectory",
        tag="directory",
        summary="Where a call can be transferred to, with live states; search as you type",
        handler=directory,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.AGENTS_READ,
        query=DirectoryQuery,
        answer=DirectoryOut,
    ),
    Route(
        method="GET",
        path="/v1/groups",
        name="listGroups",
        tag="directory",
        summary="All agent groups with their queues and agents",
        handler=list_groups,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.AGENTS_READ,
        answer=GroupsOut,
    ),
    Route(
        method="GET",
        path="/v1/groups/{group}",
        name="getGroup",
        tag="directory",
        summary="One agent group",
        handler=get_group,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.AGENTS_READ,
        answer=GroupOut,
        codes=("unknown_group",),
    ),
    Route(
        method="GET",
        path="/v1/agents",
        name="listAgents",
        tag="directory",
        summary="All agents with their states",
        handler=list_agents,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.AGENTS_READ,
        answer=AgentsOut,
    ),
    Route(
        method="GET",
        path="/v1/agents/{agent}",
        name="getAgent",
        tag="directory",
        summary="One agent",
        handler=get_agent,
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.AGENTS_READ,
        answer=AgentOut,
        codes=("unknown_agent",),
    ),
    Route(
        method="PUT",
        path="/v1/agents/{agent}/state",
        name="setAgentState",
        tag="directory",
        summary="Set an agent's state, for services and supervisors",
        description="An agent who is offline is logged in first: a CRM can have the only login.",
        handler=set_agent_state,
        access=Access.SCOPE,
        scope=Scope.AGENTS_WRITE,
        body=AgentStateBody,
        answer=AgentOut,
        codes=("unknown_agent", "offline", "invalid_state"),
    ),
)

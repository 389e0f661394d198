"""What everybody sees of agents and groups at this moment, small enough to be compared ten times a second. Pure."""

from collections.abc import Mapping
from typing import NamedTuple

from callbridge.domain.model.agents import AgentState, PhoneState
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.world import World
from callbridge.web import pushed
from callbridge.web.views import group_wait, phone_of, queues
from callbridge.web.words import moment


class AgentLine(NamedTuple):
    state: AgentState
    since: float
    reason: str | None
    calls: int
    phone: PhoneState


class GroupLine(NamedTuple):
    waiting: int
    since: float | None
    available: int
    logged_in: int
    expected_wait: float | None


class Live(NamedTuple):
    agents: Mapping[AgentId, AgentLine]
    groups: Mapping[GroupId, GroupLine]


NOTHING = Live({}, {})


def live(world: World) -> Live:
    """As it is now. Times in epoch seconds, waits in seconds."""
    agents = {
        agent.id: AgentLine(
            agent.state,
            agent.since,
            agent.reason,
            len(agent.calls),
            phone_of(world, agent.id),
        )
        for agent in world.agents.values()
    }
    waiting = queues(world)
    groups = {}
    for group in world.settings.groups.values():
        states = [agents[member.agent].state for member in group.members if member.agent in agents]
        count, since = waiting.get(group.id, (0, None))
        free = states.count(AgentState.AVAILABLE)
        wait = group_wait(world, group.id, free=free, waiting=count)
        groups[group.id] = GroupLine(count, since, free, len(states) - states.count(AgentState.OFFLINE), wait)
    return Live(agents, groups)


def delta(now: Live, before: Live = NOTHING) -> pushed.DirectoryDelta:
    """What is not as it was."""
    return pushed.DirectoryDelta(
        agents=[
            pushed.AgentDelta(
                id=agent,
                state=line.state,
                since=moment(line.since),
                reason=line.reason,
                calls=line.calls,
                phone=line.phone,
            )
            for agent, line in now.agents.items()
            if before.agents.get(agent) != line
        ],
        groups=[
            pushed.GroupDelta(
                id=group,
                waiting=line.waiting,
                waiting_since=moment(line.since),
                available=line.available,
                logged_in=line.logged_in,
                expected_wait=line.expected_wait,
            )
            for group, line in now.groups.items()
            if before.groups.get(group) != line
        ],
    )

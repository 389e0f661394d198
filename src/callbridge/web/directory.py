"""The transfer screen's three sections, and the search in them. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from callbridge.domain.agents import AgentState
from callbridge.domain.ids import AgentId, GroupId
from callbridge.domain.settings import GroupSettings, PresetSettings, Settings
from callbridge.domain.world import World
from callbridge.web import answers as out
from callbridge.web.views import agent_of, agent_ref, queues, ref
from callbridge.web.words import moment

EXTERNAL = "external_not_allowed"
EXTERNAL_REASON = "An unsupervised transfer to an external number is not allowed; choose an agent or a group."
DISABLED = "transfers_disabled"
DISABLED_REASON = "Transfers are switched off by the administrator."

_WORD = re.compile(r"\w+")
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})

Words = tuple[str, ...]


def words(text: str) -> Words:
    """Folded to what people type: no case, no accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(character for character in decomposed if not unicodedata.combining(character))
    return tuple(_WORD.findall(bare.translate(_LETTERS).replace("_", " ")))


def _hits(asked: Words, there: Words) -> int:
    """Which of the words that were asked for are the beginning of one that is there: one bit each."""
    hits = 0
    for number, begin in enumerate(asked):
        if any(word.startswith(begin) for word in there):
            hits |= 1 << number
    return hits


@dataclass(frozen=True, slots=True)
class _Index:
    settings: Settings
    agents: dict[AgentId, Words]
    groups: dict[GroupId, Words]


class Directory:
    """The search; the folded words are kept as long as the settings stay the same ones."""

    def __init__(self) -> None:
        self._index: _Index | None = None

    def _words(self, settings: Settings) -> _Index:
        if self._index is None or self._index.settings is not settings:
            self._index = _Index(
                settings,
                {agent.id: words(f"{agent.name} {agent.id}") for agent in settings.agents.values()},
                {group.id: words(f"{group.name} {group.id}") for group in settings.groups.values()},
            )
        return self._index

    def look(self, world: World, *, me: AgentId | None, query: str, limit: int) -> out.DirectoryOut:
        """`me`: whose groups come in the first section, and who is not shown as a target themselves."""
        settings = world.settings
        index = self._words(settings)
        asked = words(query)
        every = (1 << len(asked)) - 1
        mine = set(settings.groups_of(me)) if me else set()
        waiting = queues(world)
        agent_hits = {agent: _hits(asked, there) for agent, there in index.agents.items()}
        rows = _Rows(world, me)
        left = limit
        truncated = False
        sections: dict[bool, list[out.DirectoryGroup]] = {True: [], False: []}
        for group in sorted(settings.groups.values(), key=lambda group: (group.id not in mine, group.name, group.id)):
            group_hits = _hits(asked, index.groups[group.id])
            whole = group_hits == every
            # "anna windows" finds Anna in the group Windows; at least one word must be the agent's own.
            found = [
                member.agent
                for member in group.members
                if (hits := agent_hits.get(member.agent)) is not None
                and (whole or (hits and hits | group_hits == every))
            ]
            if not whole and not found:
                continue
            if left <= 0:
                truncated = True
                break
            left -= 1
            truncated = truncated or len(found) > left
            found = found[:left]
            left -= len(found)
            sections[group.id in mine].append(rows.group(group, found, waiting.get(group.id)))
        presets = [preset for preset in settings.presets.values() if _finds_preset(asked, query, preset, index)]
        presets.sort(key=lambda preset: (preset.group not in mine, preset.name, preset.id))
        truncated = truncated or len(presets) > left
        return out.DirectoryOut(
            my_agent_groups=sections[True],
            agent_groups=sections[False],
            external_presets=[_preset(settings, preset) for preset in presets[: max(0, left)]],
            truncated=truncated,
        )


def _finds_preset(asked: Words, query: str, preset: PresetSettings, index: _Index) -> bool:
    digits = re.sub(r"[\s()./+-]", "", query)
    if digits.isdecimal() and len(digits) >= 2 and digits.lstrip("0") in preset.number:
        return True
    there = words(f"{preset.name} {preset.id}") + index.groups.get(preset.group, ())
    return _hits(asked, there) == (1 << len(asked)) - 1


class _Rows:
    """What is shown of groups and agents; an agent of several groups is made once."""

    def __init__(self, world: World, me: AgentId | None) -> None:
        self._world = world
        self._me = me
        self._disabled = None if world.settings.options.transfers_enabled else DISABLED
        self._agents: dict[AgentId, out.DirectoryAgent] = {}

    def agent(self, agent_id: AgentId) -> out.DirectoryAgent:
        known = self._agents.get(agent_id)
        if known is None:
            agent = agent_of(self._world, agent_id)
            refusal = self._disabled or ("same_agent" if agent_id == self._me else None)
            known = self._agents[agent_id] = out.DirectoryAgent(
                id=agent_id,
                name=agent_ref(self._world.settings, agent_id).name,
                state=agent.state,
                since=moment(agent.since),
                unsupervised_allowed=refusal is None,
                unsupervised_refusal=refusal,
            )
        return known

    def group(
        self, group: GroupSettings, agents: Sequence[AgentId], queue: tuple[int, float] | None
    ) -> out.DirectoryGroup:
        waiting, since = queue or (0, 0.0)
        states = [agent_of(self._world, member.agent).state for member in group.members]
        return out.DirectoryGroup(
            id=group.id,
            name=group.name,
            waiting=waiting,
            waiting_since=moment(since),
            available=states.count(AgentState.AVAILABLE),
            logged_in=len(states) - states.count(AgentState.OFFLINE),
            unsupervised_allowed=self._disabled is None,
            unsupervised_refusal=self._disabled,
            agents=[self.agent(agent) for agent in agents],
        )


def _preset(settings: Settings, preset: PresetSettings) -> out.DirectoryPreset:
    enabled = settings.options.transfers_enabled
    return out.DirectoryPreset(
        id=preset.id,
        name=preset.name,
        number=preset.number,
        group=ref(settings, preset.group),
        unsupervised_allowed=False,
        unsupervised_refusal=EXTERNAL if enabled else DISABLED,
        reason=EXTERNAL_REASON if enabled else DISABLED_REASON,
    )

"""The transfer screen's three sections, and the search in them. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.ids import AgentId, GroupId, PresetId
from callbridge.domain.model.settings import GroupSettings, PresetSettings, Settings
from callbridge.domain.model.transfer import Destination, DestinationKind
from callbridge.domain.model.world import World
from callbridge.domain.rules.policy import Refusal, transfer_refusal
from callbridge.web import directory_answers as out
from callbridge.web.numbers import international, parse
from callbridge.web.views import agent_of, agent_ref, group_wait, phone_of, queues, ref
from callbridge.web.words import moment

_NOBODY = AgentId("")
_NUMBER_LIKE = re.compile(r"[+(]?[0-9][0-9 ()/.-]{2,}")
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
    presets: dict[PresetId, Words]
    """With those of their groups."""


class Directory:
    """The search; the folded words are kept as long as the settings stay the same ones."""

    def __init__(self, region: str | None = None) -> None:
        """`region`: of typed numbers without +."""
        self._region = region
        self._index: _Index | None = None

    def _words(self, settings: Settings) -> _Index:
        if self._index is None or self._index.settings is not settings:
            groups = {group.id: words(f"{group.name} {group.id}") for group in settings.groups.values()}
            self._index = _Index(
                settings,
                {agent.id: words(f"{agent.name} {agent.id}") for agent in settings.agents.values()},
                groups,
                {
                    preset.id: words(f"{preset.name} {preset.id}") + groups.get(preset.group, ())
                    for preset in settings.presets.values()
                },
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
        presets = [preset for preset in settings.presets.values() if _finds_preset(asked, query, preset, index)]
        presets.sort(key=lambda preset: (preset.group not in mine, preset.name, preset.id))
        rows = _Rows(world, me)
        # However many agents there are, presets do not disappear behind them.
        kept = min(len(presets), limit // 2)
        left = limit - kept
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
        left += kept
        truncated = truncated or len(presets) > left
        return out.DirectoryOut(
            my_agent_groups=sections[True],
            agent_groups=sections[False],
            external_presets=[_preset(settings, me, preset) for preset in presets[:left]],
            manual_number=_manual(settings, me, query, self._region),
            truncated=truncated,
        )


def _finds_preset(asked: Words, query: str, preset: PresetSettings, index: _Index) -> bool:
    digits = re.sub(r"[\s()./+-]", "", query)
    if digits.isdecimal() and len(digits) >= 2 and digits.lstrip("0") in preset.number:
        return True
    return _hits(asked, index.presets[preset.id]) == (1 << len(asked)) - 1


def _refusals(
    settings: Settings, me: AgentId | None, destination: Destination
) -> tuple[Refusal | None, Refusal | None]:
    """Why this agent may not transfer there: unsupervised, and supervised."""
    agent = me or _NOBODY
    return (
        transfer_refusal(settings, agent, destination, supervised=False),
        transfer_refusal(settings, agent, destination, supervised=True),
    )


class _Rows:
    """What is shown of groups and agents; an agent of several groups is made once."""

    def __init__(self, world: World, me: AgentId | None) -> None:
        self._world = world
        self._me = me
        self._agents: dict[AgentId, out.DirectoryAgent] = {}

    def agent(self, agent_id: AgentId) -> out.DirectoryAgent:
        known = self._agents.get(agent_id)
        if known is None:
            agent = agent_of(self._world, agent_id)
            destination = Destination(kind=DestinationKind.AGENT, value=agent_id)
            unsupervised, supervised = _refusals(self._world.settings, self._me, destination)
            known = self._agents[agent_id] = out.DirectoryAgent(
                id=agent_id,
                name=agent_ref(self._world.settings, agent_id).name,
                state=agent.state,
                since=moment(agent.since),
                reason=agent.reason,
                calls=len(agent.calls),
                phone=phone_of(self._world, agent_id),
                unsupervised_allowed=unsupervised is None,
                unsupervised_refusal=unsupervised.code if unsupervised else None,
                supervised_allowed=supervised is None,
                supervised_refusal=supervised.code if supervised else None,
            )
        return known

    def group(
        self, group: GroupSettings, agents: Sequence[AgentId], queue: tuple[int, float] | None
    ) -> out.DirectoryGroup:
        waiting, since = queue or (0, 0.0)
        states = [agent_of(self._world, member.agent).state for member in group.members]
        destination = Destination(kind=DestinationKind.GROUP, value=group.id)
        unsupervised, supervised = _refusals(self._world.settings, self._me, destination)
        available = states.count(AgentState.AVAILABLE)
        return out.DirectoryGroup(
            id=group.id,
            name=group.name,
            waiting=waiting,
            waiting_since=moment(since),
            available=available,
            logged_in=len(states) - states.count(AgentState.OFFLINE),
            expected_wait=group_wait(self._world, group.id, free=available, waiting=waiting),
            unsupervised_allowed=unsupervised is None,
            unsupervised_refusal=unsupervised.code if unsupervised else None,
            supervised_allowed=supervised is None,
            supervised_refusal=supervised.code if supervised else None,
            agents=[self.agent(agent) for agent in agents],
        )


def _preset(settings: Settings, me: AgentId | None, preset: PresetSettings) -> out.DirectoryPreset:
    destination = Destination(kind=DestinationKind.PRESET, value=preset.id)
    unsupervised, supervised = _refusals(settings, me, destination)
    return out.DirectoryPreset(
        id=preset.id,
        name=preset.name,
        number=preset.number,
        shown=international(preset.number),
        group=ref(settings, preset.group),
        unsupervised_allowed=unsupervised is None,
        unsupervised_refusal=unsupervised.code if unsupervised else None,
        reason=unsupervised.detail if unsupervised else None,
        supervised_allowed=supervised is None,
        supervised_refusal=supervised.code if supervised else None,
        supervised_reason=supervised.detail if supervised else None,
    )


def _manual(settings: Settings, me: AgentId | None, query: str, region: str | None) -> out.DirectoryNumber:
    typed = parse(query, region) if _NUMBER_LIKE.fullmatch(query.strip(" ")) else None
    destination = Destination(kind=DestinationKind.NUMBER, value=typed.number if typed else "")
    problem = typed.problem if typed else None
    refusal = transfer_refusal(settings, me or _NOBODY, destination, supervised=True, number_problem=problem)
    if typed is None and refusal is not None and refusal.code == "invalid_number":
        refusal = None  # only that there is none yet
    return out.DirectoryNumber(
        number=typed.number if typed and typed.shown else None,
        shown=typed.shown if typed else None,
        supervised_allowed=refusal is None,
        supervised_refusal=refusal.code if refusal else None,
        supervised_reason=refusal.detail if refusal else None,
    )

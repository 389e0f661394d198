"""The transfer screen's three sections, and the search in them. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from callbridge.domain.agents import AgentState
from callbridge.domain.ids import AgentId, GroupId
from callbridge.domain.settings import PresetSettings, Settings
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


def _found(asked: Words, there: Words) -> bool:
    """Each word that was asked for is the beginning of one that is there."""
    return all(any(word.startswith(begin) for word in there) for begin in asked)


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
        mine = set(settings.groups_of(me)) if me else set()
        waiting = queues(world)
        left = limit
        truncated = False
        sections: dict[bool, list[out.DirectoryGroup]] = {True: [], False: []}
        for group in sorted(settings.groups.values(), key=lambda group: (group.id not in mine, group.name, group.id)):
            group_words = index.groups[group.id]
            whole = _found(asked, group_words)
            found = [
                member.agent
                for member in group.members
                if member.agent in settings.agents
                and (whole or _finds_agent(asked, index.agents[member.agent], group_words))
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
            sections[group.id in mine].append(_group(world, group.id, found, waiting.get(group.id), me))
        presets = [preset for preset in settings.presets.values() if _finds_preset(asked, query, preset, index)]
        presets.sort(key=lambda preset: (preset.group not in mine, preset.name, preset.id))
        truncated = truncated or len(presets) > left
        return out.DirectoryOut(
            my_agent_groups=sections[True],
            agent_groups=sections[False],
            external_presets=[_preset(settings, preset) for preset in presets[: max(0, left)]],
            truncated=truncated,
        )


def _finds_agent(asked: Words, agent: Words, group: Words) -> bool:
    """ "anna windows" finds Anna in the group Windows; at least one word must be the agent's own."""
    return _found(asked, agent + group) and any(_found((word,), agent) for word in asked)


def _finds_preset(asked: Words, query: str, preset: PresetSettings, index: _Index) -> bool:
    digits = re.sub(r"[\s()./+-]", "", query)
    if digits.isdecimal() and len(digits) >= 2 and digits.lstrip("0") in preset.number:
        return True
    return _found(asked, words(f"{preset.name} {preset.id}") + index.groups.get(preset.group, ()))


def _refusal(settings: Settings, agent: AgentId, me: AgentId | None) -> str | None:
    if not settings.options.transfers_enabled:
        return DISABLED
    return "same_agent" if agent == me else None


def _group(
    world: World, group: GroupId, agents: Sequence[AgentId], queue: tuple[int, float] | None, me: AgentId | None
) -> out.DirectoryGroup:
    settings = world.settings
    waiting, since = queue or (0, 0.0)
    states = [agent_of(world, member.agent).state for member in settings.groups[group].members]
    shown = []
    for agent_id in agents:
        agent = agent_of(world, agent_id)
        refusal = _refusal(settings, agent_id, me)
        shown.append(
            out.DirectoryAgent(
                id=agent_id,
                name=agent_ref(settings, agent_id).name,
                state=agent.state,
                since=moment(agent.since),
                unsupervised_allowed=refusal is None,
                unsupervised_refusal=refusal,
            )
        )
    enabled = settings.options.transfers_enabled
    return out.DirectoryGroup(
        id=group,
        name=settings.groups[group].name,
        waiting=waiting,
        waiting_since=moment(since),
        available=sum(state is AgentState.AVAILABLE for state in states),
        logged_in=sum(state is not AgentState.OFFLINE for state in states),
        unsupervised_allowed=enabled,
        unsupervised_refusal=None if enabled else DISABLED,
        agents=shown,
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

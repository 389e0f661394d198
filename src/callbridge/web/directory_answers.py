"""The transfer screen's sections, as JSON."""

from callbridge.domain.model.agents import AgentState, PhoneState
from callbridge.web.answers import Ref
from callbridge.web.words import Moment, Out, Text


class DirectoryAgent(Out):
    id: str
    name: Text
    state: AgentState
    since: Moment
    reason: Text | None
    """Why busy."""
    calls: int
    phone: PhoneState
    unsupervised_allowed: bool
    unsupervised_refusal: str | None
    """The code that an unsupervised transfer would be refused with."""
    supervised_allowed: bool
    """By the rules; whether the agent is available is another matter, see `state`."""
    supervised_refusal: str | None


class DirectoryGroup(Out):
    id: str
    name: Text
    waiting: int
    waiting_since: Moment
    available: int
    logged_in: int
    expected_wait: float | None
    """Seconds; 0: somebody is free; null: not known."""
    unsupervised_allowed: bool
    unsupervised_refusal: str | None
    supervised_allowed: bool
    supervised_refusal: str | None
    agents: list[DirectoryAgent]
    """In a search: all where the group itself was found, else those that were."""


class DirectoryPreset(Out):
    id: str
    name: Text
    number: Text
    """E.164."""
    shown: Text
    """The number as people read it."""
    group: Ref
    unsupervised_allowed: bool
    unsupervised_refusal: str | None
    reason: str | None
    """The refusal as a sentence."""
    supervised_allowed: bool
    supervised_refusal: str | None
    supervised_reason: str | None


class DirectoryNumber(Out):
    """A number that is entered by hand. Without one in the search: whether any may be entered at all."""

    number: Text | None
    """E.164, where what was searched for is a number."""
    shown: Text | None
    supervised_allowed: bool
    supervised_refusal: str | None
    supervised_reason: str | None


class DirectoryOut(Out):
    my_agent_groups: list[DirectoryGroup]
    agent_groups: list[DirectoryGroup]
    external_presets: list[DirectoryPreset]
    manual_number: DirectoryNumber
    truncated: bool
    """There was more than `limit`."""

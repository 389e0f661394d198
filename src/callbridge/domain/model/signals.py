"""All that comes in: facts, requests, the store's answers, settings, the time.

Whoever handles one must be able to see it again.
"""

from dataclasses import dataclass

from callbridge.domain.model.facts import PbxFact
from callbridge.domain.model.ids import AgentId, CallId, OfferId
from callbridge.domain.model.requests import Request
from callbridge.domain.model.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Reserved:
    """The store gave this agent to this offer, and to no other."""

    call: CallId
    offer: OfferId
    agent: AgentId


@dataclass(frozen=True, kw_only=True, slots=True)
class NobodyFree:
    call: CallId
    offer: OfferId


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """New settings; calls under way go on."""

    settings: Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    """A deadline may have passed."""


Signal = PbxFact | Request | Reserved | NobodyFree | Configured | Tick

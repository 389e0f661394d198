"""What clients send: validation and the OpenAPI document both come from here (answers: `answers.py`)."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from callbridge.web.words import ONE_LINE, Body, Id, NoteText, Reason


class Nothing(Body):
    """An empty object, or no body at all."""


class LoginBody(Body):
    agent: Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)]
    password: Annotated[str, Field(min_length=1, max_length=1024)]


class StateBody(Body):
    state: Literal["available", "busy"]
    reason: Reason | None = None
    """Why busy, the id of one of `options.not_ready_reasons` or any other text; shown to the others.

    Not kept with `available`; what only the gateway says (`logged_in`, `missed_offer`, `phone_unreachable`,
    `phone_declines`) neither.
    """


class AgentStateBody(Body):
    state: Literal["available", "busy", "offline"]
    """An agent who is offline is logged in first; `offline` logs them out."""
    reason: Reason | None = None


class NoteBody(Body):
    text: NoteText
    agent: Id | None = None
    """For services: in whose name. It must be the agent whose call it is."""


class DestinationBody(Body):
    kind: Literal["agent", "group", "preset", "number"]
    value: Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)]
    """The id of the agent, group or preset, or the number as it is typed."""


class CheckBody(Body):
    destination: DestinationBody
    supervised: bool = False
    """Talk with the target first; the caller hears music meanwhile. Needed for presets and numbers."""
    deferred: bool = False
    """Supervised, to an agent: where they are not available, the transfer waits for them and the caller stays."""
    mode: Literal["soft", "hard"] | None = None
    """Unsupervised, to an agent: `soft` waits until they are available, `hard` goes at once. None: as the administrator
    set it."""
    agent: Id | None = None
    """For services: in whose name. It must be the agent whose call it is."""


class TransferBody(CheckBody):
    reason: Reason | None = None
    note: NoteText | None = None


class PartyBody(Body):
    number: Annotated[str, Field(min_length=1, max_length=64, pattern=ONE_LINE)]
    """As it is typed."""
    agent: Id | None = None
    """For services: in whose name. It must be the agent whose call it is."""


class Paging(Body):
    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[A-Za-z0-9_.=|:~-]+$")] | None = None
    """`next_cursor` of the page before."""


class CallsQuery(Paging):
    state: Literal["live", "ended", "all"] = "live"
    agent: Id | None = None
    """For services and supervisors."""
    group: Id | None = None


class TransfersQuery(Paging):
    call: Id | None = None
    agent: Id | None = None
    """For services and supervisors: who made the transfer."""


class DecisionsQuery(Paging):
    call: Id | None = None
    kind: Annotated[str, Field(pattern=r"^[a-z]+\.[a-z_]+$", max_length=40)] | None = None
    """One kind only, such as `transfer.refused`."""
    agent: Id | None = None
    """For services and supervisors: who asked, or got the offer."""


class StreamQuery(Body):
    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)
    view: Literal["mine", "all"] | None = None
    """What concerns this agent, or everybody's events. Agents get `mine` unless they ask for `all`, which needs the
    scope `events:read`; services always get `all`."""
    last_event_id: Annotated[str, Field(max_length=200)] | None = None
    """In place of the header, for browsers' WebSocket: the id of the last event that the client has had."""


class OffersQuery(Body):
    agent: Id | None = None
    """For services and supervisors."""


class DirectoryQuery(Body):
    model_config = ConfigDict(extra="forbid", strict=False, frozen=True)
    q: Annotated[str, Field(max_length=100, pattern=ONE_LINE)] = ""
    """Beginnings of words, in any order, without regard to case and accents."""
    limit: Annotated[int, Field(ge=1, le=5000)] = 1000
    """How many agents, groups and presets at most."""

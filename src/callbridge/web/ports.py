"""What the web needs of the rest of the gateway. The runtime and the store fit these; tests have their own."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeVar

from callbridge.domain.model.calls import Call, HistoryEntry
from callbridge.domain.model.effects import Reply
from callbridge.domain.model.ids import AgentId, CallId, GroupId, TransferId
from callbridge.domain.model.requests import Request
from callbridge.domain.model.transfer import Transfer
from callbridge.domain.model.world import World

T_co = TypeVar("T_co", covariant=True)


class GatewayStopped(Exception):
    """The gateway is going down or has not come up yet: nothing was done."""


class GatewayBusy(Exception):
    """The inbox is full: nothing was done, and it may be asked again a moment later."""


class Gateway(Protocol):
    """The live side."""

    @property
    def world(self) -> World:
        """The live state. Only read."""
        ...

    async def ask(self, request: Request) -> Reply:
        """The engine's answer, given once what follows from it is saved. Raises GatewayStopped or GatewayBusy."""
        ...


class Page(Protocol[T_co]):
    @property
    def items(self) -> Sequence[T_co]: ...

    @property
    def next(self) -> str | None:
        """Where the next page begins; None: this was the last one."""
        ...


@dataclass(frozen=True, slots=True)
class New:
    """The first request with this key: perform it."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is being performed just now."""


@dataclass(frozen=True, slots=True)
class Stored:
    """It was performed; this was the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for a different request."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NewMessage:
    """One webhook message for one receiver, to be kept in the outbox until it is delivered or given up."""

    id: str
    """The `webhook-id` header: the same at every attempt."""
    target: str
    """The name of the subscription."""
    call: str
    """Which call it tells of: messages of one call reach a receiver in their order."""
    event: str
    body: str
    """What is sent, byte for byte (UTF-8): it is signed."""
    created_at: float
    """Epoch seconds."""


class Message(Protocol):
    """A message in the outbox, as the store gives it out."""

    @property
    def id(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def call(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def body(self) -> str: ...
    @property
    def created_at(self) -> float: ...
    @property
    def attempts(self) -> int:
        """How often sending it has failed."""
        ...


class Counts(Protocol):
    """How many there were since some moment, in the words of the domain's states and outcomes."""

    @property
    def calls(self) -> Mapping[str | None, int]:
        """By outcome; None: they go on."""
        ...

    @property
    def offers(self) -> Mapping[str, int]:
        """By state."""
        ...

    @property
    def transfers(self) -> Mapping[tuple[str, str, str], int]:
        """By kind, kind of destination, and state."""
        ...


class Archive(Protocol):
    """The store, as the API reads it; also what the API itself has to remember across a restart.

    Lists are newest first. A cursor that the list did not give out raises ValueError. Any other exception is
    answered with 503.
    """

    async def call(self, call: CallId) -> Call | None: ...

    async def calls(
        self,
        *,
        agent: AgentId | None = None,
        group: GroupId | None = None,
        state: Literal["open", "ended"] | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Call]:
        """`agent`: whose call it is or ever was."""
        ...

    async def history(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        kinds: Collection[str] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[HistoryEntry]:
        """`kinds`: these alone; empty: all."""
        ...

    async def transfer(self, transfer: TransferId) -> Transfer | None: ...

    async def transfers(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Transfer]:
        """`agent`: who asked for it, took it, or was to take it."""
        ...

    async def counts(self, since: float) -> Counts:
        """Of what began at this moment (epoch seconds) or after it. Quick: it is asked once a second."""
        ...

    async def idempotency_begin(
        self, subject: str, key: str, fingerprint: str, now: float
    ) -> New | InProgress | Stored | Mismatch:
        """Whether to perform this request. Of many that ask at once, exactly one gets `New`."""
        ...

    async def idempotency_finish(
        self, subject: str, key: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None: ...

    async def idempotency_drop(self, subject: str, key: str) -> None:
        """Nothing was done: the key is free again."""
        ...


class Outbox(Protocol):
    """The sender's side of the webhook messages."""

    async def outbox_due(self, now: float, target: str, calls: int, lease: float) -> Sequence[Sequence[Message]]:
        """Messages for this target whose time has come, of at most so many calls, each call's in their order.

        A call whose earlier messages are still under way, or wait for another attempt, is not among them. What is given
        out is not given out again for `lease` seconds.
        """
        ...

    async def outbox_release(self, messages: Collection[str]) -> None:
        """Given out, but not tried."""
        ...

    async def outbox_done(self, message: str) -> None: ...

    async def outbox_failed(self, message: str, next_at: float, error: str) -> None:
        """Due again at `next_at` (epoch seconds), and before it none of the call's later ones to this target."""
        ...

    async def outbox_dead(self, message: str, error: str) -> None:
        """Given up for good; the call's later ones go on."""
        ...

    async def outbox_abandon(self, targets: Collection[str], error: str) -> int:
        """Give up what is meant for any target but these; how many there were."""
        ...

    async def outbox_retry(self, target: str, now: float) -> None:
        """What was put off is due now."""
        ...

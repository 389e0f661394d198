"""How the HTTP side is set up. `callbridge.config` reads it from YAML; here it is plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from callbridge.desktop import PageSettings
from callbridge.domain.model.ids import AgentId


class Scope(StrEnum):
    """What a service's token allows."""

    CALLS_READ = "calls:read"
    """All calls with their offers, transfers, history and decisions; today's numbers."""
    CALLS_WRITE = "calls:write"
    """Answer offers, hold, end and note calls in agents' names."""
    TRANSFERS_WRITE = "transfers:write"
    """Transfers, consultations and conferences in agents' names."""
    AGENTS_READ = "agents:read"
    """The directory, groups and agents with their states."""
    AGENTS_WRITE = "agents:write"
    """Set agents' states, log them in and out."""
    EVENTS_READ = "events:read"
    """The streams, with everybody's events."""


SUPERVISOR_SCOPES = frozenset({Scope.CALLS_READ, Scope.AGENTS_READ, Scope.AGENTS_WRITE, Scope.EVENTS_READ})
"""What a supervisor may beside being an agent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Service:
    """A program with its own token: a CRM, a dashboard."""

    name: str
    token_hash: str
    """`sha256:` and 64 hexadecimal digits; the bare digits are understood too."""
    scopes: frozenset[Scope]


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhook:
    name: str
    url: str
    secret: str = field(repr=False)
    """`whsec_` and base64, as the Standard Webhooks libraries print it; any other text is taken byte by byte."""
    events: frozenset[str] = frozenset()
    """Which event types; empty: all of calls."""


@dataclass(frozen=True, kw_only=True, slots=True)
class IceServer:
    """A STUN or TURN server, as browsers' RTCPeerConnection takes it."""

    urls: tuple[str, ...]
    username: str | None = None
    """Of a TURN server, which always has one; None: STUN."""
    credential: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class WebPhone:
    """The phone in one agent's page."""

    url: str
    """The PBX's WebSocket."""
    uri: str
    """`sip:anna@pbx.example.com`."""
    username: str
    password: str = field(repr=False)
    ice_servers: tuple[IceServer, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NotReadyReason:
    """One that the page offers to an agent who becomes busy."""

    id: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds, so that no client can take the gateway from the others. Times in seconds, sizes in bytes."""

    body: int = 64 * 1024
    connections: int = 10_000
    """Open ones at once, below what the process may have open (LimitNOFILE)."""
    connections_per_peer: int = 2_000
    """Of one address, trusted proxies apart."""
    idle: float = 16.0
    """How long a connection may take for a request's head, or be kept open without one.

    A second longer than aiohttp's clients keep theirs, so that none of them asks on one that is just being closed.
    """
    body_time: float = 15.0
    """How long a request may take to send its body."""
    unread: float = 20.0
    """How long a client may leave an answer unread that does not fit into the buffers; streams are cut before."""
    ask: float = 9.0
    """How long a request may wait for the engine's answer; shorter than the runtime's own patience."""
    login_failures: int = 5
    """Wrong passwords for one agent from one address before the next attempt must wait."""
    login_failures_per_peer: int = 50
    login_pause: float = 30.0
    """The first pause; it doubles with each further failure up to `login_pause_max`."""
    login_pause_max: float = 900.0
    login_parallel: int = 2
    """argon2 verifications at once."""
    login_queue: int = 64
    streams_per_subject: int = 16
    streams: int = 4000
    client_bytes: int = 1024 * 1024
    """What may wait for one client before it is cut off."""
    ring: int = 20_000
    """Events kept for clients that come back with their last id."""
    ring_bytes: int = 32 * 1024 * 1024
    batch: float = 0.1
    """States of agents and groups are pushed to everybody at most once in this time."""
    statistics: float = 1.0
    """Today's numbers are counted and pushed at most once in this time."""
    heartbeat: float = 15.0
    write: float = 10.0
    """How long a client may have something waiting all the time before it is cut off."""
    session: float = 12 * 3600.0
    """After this a token cannot be refreshed any more: the password is asked for again."""
    idempotency: float = 24 * 3600.0
    webhook_timeout: float = 10.0
    webhook_parallel: int = 4
    """Deliveries at once to one receiver."""
    webhook_give_up: float = 24 * 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class WebSettings:
    host: str = "127.0.0.1"
    port: int = 8180
    token_secret: bytes = field(repr=False)
    """At least 32 bytes; tokens signed with another one are refused."""
    token_lifetime: float = 900.0
    """Seconds."""
    agents: Mapping[AgentId, str] = field(default_factory=dict, repr=False)
    """argon2 hashes of the agents who may log in."""
    supervisors: frozenset[AgentId] = frozenset()
    phones: Mapping[AgentId, WebPhone] = field(default_factory=dict, repr=False)
    """Of the agents whose phone is the one in the page."""
    services: tuple[Service, ...] = ()
    webhooks: tuple[Webhook, ...] = ()
    cors_origins: frozenset[str] = frozenset()
    """Origins of pages of other hosts that may call; none by default."""
    trusted_proxies: frozenset[str] = frozenset()
    """Addresses of reverse proxies whose X-Forwarded-For is believed."""
    region: str | None = None
    """ISO region of typed numbers without +; None: every number needs its +."""
    timezone: str = "UTC"
    """IANA name of the zone in which the site's days begin."""
    not_ready_reasons: tuple[NotReadyReason, ...] = ()
    crm_frame: bool = False
    """Whether the page shows the CRM in a frame."""
    page: PageSettings = field(default_factory=PageSettings)
    """What the agents' page may reach beside the gateway."""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if len(self.token_secret) < 32:
            raise ValueError("the token secret must have at least 32 bytes")

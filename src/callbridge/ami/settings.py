"""How a link is set up, and what it says about itself."""

from collections.abc import Callable
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Literal

from callbridge.ami.headers import checked


@dataclass(frozen=True, kw_only=True)
class SessionSettings:
    """One AMI login. Times are in seconds. Raises ValueError (BadValue for name and secret) on a wrong value."""

    host: str
    port: int = 5038
    username: str
    secret: str = field(repr=False)
    ssl: SSLContext | None = None
    connect_timeout: float = 10.0
    """For everything until the login is accepted: TCP, TLS, banner and login."""
    action_timeout: float = 5.0
    """For one action, a list included, unless the caller asks for another time."""
    ping_interval: float = 5.0
    """A Ping is sent when nothing was heard for so long."""
    silent_after: float = 3.0
    """The link is taken for silent when something was asked and no whole message was heard for so long.

    Shorter than `connect_timeout` of the options, 4 seconds, after which what was not seen is ordered again.
    """
    dead_after: float = 15.0
    """The connection is given up when no whole message was heard for so long, in spite of the Ping."""
    max_message_bytes: int = 65_536
    max_pending: int = 256
    """Most actions that wait for an answer at a time."""
    max_list_rows: int = 50_000
    """Longest list that a list action may give."""

    def __post_init__(self) -> None:
        checked("Login", {"Username": self.username, "Secret": self.secret})
        for name in (
            *("connect_timeout", "action_timeout", "ping_interval", "silent_after"),
            *("max_message_bytes", "max_pending"),
        ):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be above 0")
        if self.dead_after <= self.ping_interval:
            raise ValueError("dead_after must be longer than ping_interval, or no Ping could be answered in time")


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """How long to wait before connecting again, in seconds: doubled each time, less a random part of it."""

    initial: float = 0.5
    factor: float = 2.0
    maximum: float = 30.0
    jitter: float = 0.5
    """The largest part of the delay, 0 to 1, that chance may take away, so that gateways do not return in step."""
    stable_after: float = 10.0
    """A link that was up for so long starts again at `initial`; one that drops at once does not."""
    refused: float = 300.0
    """The wait after a refused login, which a person has to put right."""

    def delay(self, failures: int, random: Callable[[], float]) -> float:
        """The wait after so many failures in a row (1 for the first); `random` gives 0 to 1."""
        exponent = min(max(failures - 1, 0), 64)
        return float(min(self.maximum, self.initial * self.factor**exponent) * (1 - self.jitter * random()))


@dataclass(slots=True)
class LinkCounters:
    """What has happened since the process started; every field only grows."""

    events: int = 0
    """Events handed to `on_event`."""
    skipped: int = 0
    """Events that nobody wants, or that came while the link was not up."""
    garbage: int = 0
    """Pieces that are no AMI: a line without a colon, text before a message, a message without a name."""
    oversize: int = 0
    """Messages longer than `max_message_bytes`."""
    unmatched: int = 0
    """Answers that nobody waits for: late, doubled, or with an unknown ActionID."""
    ups: int = 0
    """How many times both sessions were logged in."""
    reconnects: int = 0
    """Tries to connect after the first one."""
    action_timeouts: int = 0
    callback_errors: int = 0
    """Exceptions out of `on_event`, `on_up` and `on_down`."""


Phase = Literal["connecting", "up", "down", "refused"]


@dataclass(frozen=True, kw_only=True)
class LinkState:
    """Where the link is, for readiness and for people.

    `connecting` until the first try has an outcome, `up` with both sessions logged in, `down` from a failure until it
    is up again (tries go on), `refused` after a refused login (no tries for `Backoff.refused` seconds).
    """

    phase: Phase
    reason: str = ""
    """The last failure, one sentence; empty while up."""
    since: float
    """When the phase began, in seconds since the epoch."""

    @property
    def up(self) -> bool:
        return self.phase == "up"

"""Checking passwords: off the loop, a bounded number at once, and not too often for one agent and address."""

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from callbridge.domain.model.ids import AgentId
from callbridge.web.problems import Problem
from callbridge.web.settings import Limits, WebSettings

_REMEMBERED = 20_000


@dataclass(slots=True)
class _Failures:
    count: int = 0
    until: float = 0.0
    """Epoch seconds before which the next attempt is refused."""
    last: float = 0.0


class LoginLimiter:
    """Counts wrong passwords by agent and address, and by address; the oldest are forgotten when it is full."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._known: OrderedDict[str, _Failures] = OrderedDict()

    def begin(self, agent: str, peer: str) -> None:
        """An attempt: for the agent it counts as failed until something else is said. Raises Problem (429).

        For the address only what has failed counts: many people behind one address log in at the same moment, and how
        many passwords are looked at meanwhile is bounded elsewhere.
        """
        now = self._clock()
        own, shared = self._keys(agent, peer)
        waits = [self._known[key].until - now for key in (own, shared) if key in self._known]
        wait = max(waits, default=0.0)
        if wait > 0:
            seconds = max(1, round(wait + 0.5))
            raise Problem(
                "too_many_attempts",
                f"Too many wrong passwords; try again in {seconds} seconds.",
                headers={"Retry-After": str(seconds)},
            )
        self._count(own, self._limits.login_failures, now)

    def failed(self, agent: str, peer: str) -> None:
        """The password was wrong."""
        now = self._clock()
        _, shared = self._keys(agent, peer)
        if shared not in self._known or self._known[shared].until <= now:
            self._count(shared, self._limits.login_failures_per_peer, now)

    def succeeded(self, agent: str, peer: str) -> None:
        """The password was right: what the agent mistyped before from there is forgotten."""
        own, _ = self._keys(agent, peer)
        self._known.pop(own, None)

    def not_looked_at(self, agent: str, peer: str) -> None:
        """Nobody had the time to look at the password: the attempt does not count."""
        own, _ = self._keys(agent, peer)
        failures = self._known.get(own)
        if failures is not None:
            failures.count = max(0, failures.count - 1)
            if failures.count < self._limits.login_failures:
                failures.until = 0.0

    def _count(self, key: str, allowed: int, now: float) -> None:
        failures = self._known.setdefault(key, _Failures())
        self._known.move_to_end(key)
        if now - failures.last > 2 * self._limits.login_pause_max:
            failures.count = 0
        failures.count += 1
        failures.last = now
        if failures.count >= allowed:
            pause = self._limits.login_pause * 2 ** min(failures.count - allowed, 10)
            failures.until = now + min(pause, self._limits.login_pause_max)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _keys(self, agent: str, peer: str) -> tuple[str, str]:
        return f"{len(agent)}:{agent}@{peer}", f"@{peer}"


class Passwords:
    """argon2 on threads of its own. `close` when done."""

    def __init__(self, settings: WebSettings) -> None:
        self._hashes = settings.agents
        self._limits = settings.limits
        self._threads = ThreadPoolExecutor(settings.limits.login_parallel, thread_name_prefix="argon2")
        self._waiting = 0
        # An agent who does not exist costs as much time as a wrong password.
        known = next(iter(settings.agents.values()), None)
        hasher = PasswordHasher.from_parameters(extract_parameters(known)) if known else PasswordHasher()
        self._nobody = hasher.hash(secrets.token_hex(16))

    async def check(self, agent: str, password: str) -> bool:
        """Raises Problem (503) when too many wait already."""
        if self._waiting >= self._limits.login_queue:
            raise Problem("busy", "Too many people log in at once; try again.", headers={"Retry-After": "2"})
        known = self._hashes.get(AgentId(agent))
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._threads, _verify, known or self._nobody, password)
        finally:
            self._waiting -= 1
        return right and known is not None

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _verify(known: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(known, password.encode("utf-8", "surrogatepass"))
    except (VerificationError, InvalidHashError):
        return False

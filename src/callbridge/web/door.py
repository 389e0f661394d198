"""At the door of the HTTP side: how many connections there are, of all and of one address, and who does not read."""

import asyncio
from collections import Counter
from collections.abc import Callable

import structlog

from callbridge.web.settings import Limits

log = structlog.get_logger(__name__)

_FULL = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_SAY_EVERY = 60.0
"""Seconds in which the log says once that connections are turned away."""


class Doors:
    """Makes the protocols of a server's connections; each stands before one that `inside` makes."""

    def __init__(self, inside: Callable[[], asyncio.Protocol], limits: Limits, proxies: frozenset[str]) -> None:
        """`proxies`: addresses that stand for many people, so that only the number of all connections counts."""
        self.inside = inside
        self.limits = limits
        self._proxies = proxies
        self._open: Counter[str] = Counter()
        self._said = float("-inf")

    def __call__(self) -> asyncio.Protocol:
        return _Door(self)

    def enter(self, peer: str) -> bool:
        """False: there is no room. Else `leave` must follow."""
        of_one = 0 if peer in self._proxies else self._open[peer]
        if self._open.total() >= self.limits.connections or of_one >= self.limits.connections_per_peer:
            now = asyncio.get_running_loop().time()
            if now - self._said >= _SAY_EVERY:
                self._said = now
                log.warning("connections_turned_away", peer=peer, of_peer=self._open[peer], all=self._open.total())
            return False
        self._open[peer] += 1
        return True

    def leave(self, peer: str) -> None:
        self._open[peer] -= 1
        if self._open[peer] <= 0:
            del self._open[peer]


class _Door(asyncio.Protocol):
    """Passes everything on. Who is turned away never gets inside."""

    def __init__(self, doors: Doors) -> None:
        self._doors = doors
        self._inside: asyncio.Protocol | None = None
        self._peer = ""
        self._transport: asyncio.Transport | None = None
        self._unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        peer = transport.get_extra_info("peername")
        self._peer = str(peer[0]) if isinstance(peer, tuple) else ""
        if not self._doors.enter(self._peer):
            transport.write(_FULL)
            transport.close()
            return
        self._transport = transport
        self._inside = self._doors.inside()
        self._inside.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._inside is not None:
            self._inside.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inside.eof_received() if self._inside is not None else None

    def connection_lost(self, exc: Exception | None) -> None:
        self._reads_again()
        if self._inside is not None:
            self._doors.leave(self._peer)
            self._inside.connection_lost(exc)

    def pause_writing(self) -> None:
        """Much waits for the client, who does not read."""
        if self._transport is not None and self._unread is None:
            loop = asyncio.get_running_loop()
            self._unread = loop.call_later(self._doors.limits.unread, self._transport.abort)
        if self._inside is not None:
            self._inside.pause_writing()

    def resume_writing(self) -> None:
        self._reads_again()
        if self._inside is not None:
            self._inside.resume_writing()

    def _reads_again(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

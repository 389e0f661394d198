"""One client of a stream: events go straight to its connection, whose buffer is its bounded queue."""

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol

from callbridge.domain.model.ids import AgentId
from callbridge.web.auth import Identity
from callbridge.web.settings import Limits

Kind = Literal["websocket", "sse_chunked", "sse"]
"""`sse`: for HTTP/1.0, as some proxies still speak it."""
Cut = Literal["slow", "expired", "logged_out", "stopping"]


class Sendable(Protocol):
    """An event in each form that goes over the wire."""

    @property
    def websocket(self) -> bytes: ...
    @property
    def sse(self) -> bytes: ...
    @property
    def sse_chunked(self) -> bytes: ...


class Client:
    """Belongs to the loop of its connection. Every write is one whole frame, so aiohttp's own can stand between."""

    def __init__(
        self, identity: Identity, limits: Limits, transport: asyncio.Transport, *, kind: Kind, everything: bool
    ) -> None:
        self.agent: AgentId | None = None if everything else identity.agent
        """Whose events it gets; None: everything."""
        self.owner = identity.agent
        self.subject = identity.subject
        self.scopes = identity.scopes
        self.token_id = identity.token_id
        self.expires_at = identity.expires_at
        self.max_bytes = limits.client_bytes
        self.cut_off: Cut | None = None
        self.kind = kind
        self._transport = transport
        self._patience = limits.write
        self._now: Callable[[], float] = asyncio.get_running_loop().time
        self._empty_at = self._now()
        self._ended = asyncio.Event()

    def put(self, frame: Sendable) -> None:
        """Never waits: a client that does not keep up is cut off."""
        match self.kind:
            case "websocket":
                data = frame.websocket
            case "sse_chunked":
                data = frame.sse_chunked
            case "sse":
                data = frame.sse
        self.write(data)

    def write(self, data: bytes) -> None:
        if self.cut_off is not None or self._transport.is_closing():
            return
        waiting = self._transport.get_write_buffer_size()
        if not waiting:
            self._empty_at = self._now()
        elif waiting + len(data) > self.max_bytes:
            # With nothing waiting all goes out: a snapshot may be larger than what may pile up.
            self.cut("slow")
            return
        self._transport.write(data)

    def look(self) -> None:
        """Cuts off a client that has not taken all it was sent for too long. To be called now and then."""
        if not self._transport.get_write_buffer_size():
            self._empty_at = self._now()
        elif self._now() - self._empty_at > self._patience:
            self.cut("slow")

    @property
    def gone(self) -> bool:
        return self._transport.is_closing()

    def cut(self, why: Cut) -> None:
        """Nothing more is sent; the stream's handler ends the connection."""
        if self.cut_off is None:
            self.cut_off = why
            self._ended.set()

    async def ended(self, patience: float) -> None:
        """Returns when it was cut off, or after so many seconds."""
        if self.cut_off is None:
            try:
                async with asyncio.timeout(patience):
                    await self._ended.wait()
            except TimeoutError:
                pass

    def abort(self) -> None:
        self._transport.abort()

"""One client of a stream: its bounded queue, and why it was cut off."""

import asyncio
from collections import deque
from typing import Literal, Protocol

from callbridge.domain.ids import AgentId
from callbridge.web.auth import Identity
from callbridge.web.settings import Limits

Cut = Literal["slow", "expired", "logged_out", "stopping"]


class Sendable(Protocol):
    """A frame in both forms."""

    @property
    def websocket(self) -> bytes: ...
    @property
    def sse(self) -> bytes: ...


class Client:
    """Filled by the hub, emptied by the stream's writer; both on the same loop."""

    def __init__(self, identity: Identity, limits: Limits, *, kind: Literal["websocket", "sse"], everything: bool):
        self.agent: AgentId | None = None if everything else identity.agent
        """Whose events it gets; None: everything."""
        self.owner = identity.agent
        self.subject = identity.subject
        self.scopes = identity.scopes
        self.token_id = identity.token_id
        self.expires_at = identity.expires_at
        self.max_messages = limits.client_messages
        self.max_bytes = limits.client_bytes
        self.cut_off: Cut | None = None
        self._websocket = kind == "websocket"
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()

    def put(self, frame: Sendable) -> None:
        """Never waits: a client that does not keep up is cut off."""
        if self.cut_off is not None:
            return
        data = frame.websocket if self._websocket else frame.sse
        # The first message always goes in: a snapshot may be larger than what may pile up behind it.
        if self._queue and (len(self._queue) >= self.max_messages or self._bytes + len(data) > self.max_bytes):
            self.cut("slow")
            return
        self._queue.append(data)
        self._bytes += len(data)
        self._wake.set()

    def cut(self, why: Cut) -> None:
        """What is queued is not sent any more; the writer ends the stream."""
        if self.cut_off is None:
            self.cut_off = why
            self._queue.clear()
            self._bytes = 0
            self._wake.set()

    async def take(self, patience: float) -> list[bytes]:
        """All that is queued; nothing after `patience` seconds, or when it was cut off."""
        if not self._queue and self.cut_off is None:
            self._wake.clear()
            try:
                async with asyncio.timeout(patience):
                    await self._wake.wait()
            except TimeoutError:
                return []
        taken = list(self._queue)
        self._queue.clear()
        self._bytes = 0
        return taken

"""The two streams: WebSocket and Server-Sent Events. One writer for each client, no compression, every wait timed."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMsgType, web

from callbridge.web.auth import Identity
from callbridge.web.client import Client, Cut
from callbridge.web.context import Services
from callbridge.web.hub import Hub
from callbridge.web.metrics import Metrics
from callbridge.web.pipeline import IDENTITY, ROUTE, authorize
from callbridge.web.problems import Problem
from callbridge.web.routing import Route
from callbridge.web.settings import Scope

PROTOCOL = "callbridge.v1"
_BEARER = "bearer."
_CLOSE_CODES: dict[Cut, tuple[int, bytes]] = {
    "slow": (WSCloseCode.TRY_AGAIN_LATER, b"too slow: come back with your last id"),
    "expired": (4401, b"the token has expired"),
    "logged_out": (4401, b"logged out"),
    "stopping": (WSCloseCode.GOING_AWAY, b"come back with your last id"),
}
_GOODBYE = 2.0
"""Seconds that a client has to take note of its end."""

Write = Callable[[Sequence[bytes]], Awaitable[None]]


class Streams:
    def __init__(self, hub: Hub, app: Services, metrics: Metrics) -> None:
        self._hub = hub
        self._app = app
        self._limits = app.settings.limits
        self._metrics = metrics

    # ------------------------------------------------------------ Server-Sent Events

    async def events(self, route: Route, request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        identity = self._app.tokens.identify(request.headers)
        client = self._admit(route, request, identity, "sse")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)

        async def write(frames: Sequence[bytes]) -> None:
            await response.write(b"".join(frames) if frames else b": still here\n\n")

        last = request.headers.get("Last-Event-ID") or request.query.get("last_event_id")
        self._hub.join(client, last)
        try:
            await self._pump(client, write)
        finally:
            self._gone(client, request)
        if client.cut_off in ("expired", "logged_out", "stopping"):
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(_GOODBYE):
                    await response.write_eof(b"event: end\ndata: %b\n\n" % (b'"' + client.cut_off.encode() + b'"'))
        elif request.transport is not None:
            request.transport.abort()
        return response

    # ------------------------------------------------------------ WebSocket

    async def websocket(self, route: Route, request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        self._check_origin(request)
        identity = self._identify(request)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise Problem("malformed", "This address speaks WebSocket; for Server-Sent Events take /v1/events.")
        client = self._admit(route, request, identity, "websocket")
        socket = web.WebSocketResponse(
            protocols=[PROTOCOL],
            compress=False,
            heartbeat=self._limits.heartbeat,
            max_msg_size=4096,
            timeout=_GOODBYE,
        )
        await socket.prepare(request)

        async def write(frames: Sequence[bytes]) -> None:
            for frame in frames:
                await socket.send_frame(frame, WSMsgType.TEXT)

        self._hub.join(client, request.query.get("last_event_id") or request.headers.get("Last-Event-ID"))
        writer = asyncio.create_task(self._pump(client, write), name="websocket writer")
        reader = asyncio.create_task(socket.receive(), name="websocket reader")
        try:
            await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._gone(client, request)
            await _cancel(writer, reader)
            await self._close(socket, client, request)
        return socket

    async def _close(self, socket: web.WebSocketResponse, client: Client, request: web.Request) -> None:
        code, why = _CLOSE_CODES.get(client.cut_off or "stopping", (WSCloseCode.GOING_AWAY, b""))
        if client.cut_off is None:
            # The client sent something, or left.
            code, why = WSCloseCode.POLICY_VIOLATION, b"this stream takes no messages"
        with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
            async with asyncio.timeout(_GOODBYE):
                await socket.close(code=code, message=why, drain=False)
        if client.cut_off == "slow" and request.transport is not None:
            request.transport.abort()

    def _identify(self, request: web.Request) -> Identity:
        """By the header, or by a subprotocol beside `callbridge.v1`: browsers cannot send the header."""
        if "Authorization" in request.headers:
            return self._app.tokens.identify(request.headers)
        offered = [each.strip() for each in request.headers.get("Sec-WebSocket-Protocol", "").split(",")]
        token = next((each.removeprefix(_BEARER) for each in offered if each.startswith(_BEARER)), None)
        if token is None:
            raise Problem("token_needed", "Send the token as the subprotocol bearer.<token> beside callbridge.v1.")
        return self._app.tokens.read(token)

    def _check_origin(self, request: web.Request) -> None:
        origin = request.headers.get("Origin")
        if origin is None or origin in self._app.settings.cors_origins:
            return
        if urlsplit(origin).netloc != request.host:
            raise Problem("origin_not_allowed", "Pages of this origin may not connect; the administrator can allow it.")

    # ------------------------------------------------------------ both

    def _admit(self, route: Route, request: web.Request, identity: Identity, kind: str) -> Client:
        request[IDENTITY] = identity
        authorize(route, identity)
        view = request.query.get("view", "all" if identity.is_service else "mine")
        if view not in ("mine", "all") or set(request.query) - {"view", "last_event_id"}:
            raise Problem("invalid", "The parameters are `view` (mine or all) and `last_event_id`.")
        if view == "all" and not identity.may(Scope.EVENTS_READ):
            raise Problem("scope_missing", f"This needs the scope {Scope.EVENTS_READ}; ask the administrator for it.")
        same = sum(client.subject == identity.subject for client in self._hub.clients)
        if same >= self._limits.streams_per_subject or len(self._hub.clients) >= self._limits.streams:
            raise Problem("too_many_streams", "Too many open streams; close one first.", headers={"Retry-After": "5"})
        everything = view == "all" or identity.is_service
        return Client(identity, self._limits, kind="websocket" if kind == "websocket" else "sse", everything=everything)

    async def _pump(self, client: Client, write: Write) -> None:
        """Writes until the client is cut off or gone. An empty write is a sign of life."""
        loop = asyncio.get_running_loop()
        next_beat = loop.time() + self._limits.heartbeat
        while client.cut_off is None:
            wait = next_beat - loop.time()
            if client.expires_at is not None:
                wait = min(wait, client.expires_at - self._app.clock())
            frames = await client.take(max(0.0, wait))
            if client.expires_at is not None and client.expires_at <= self._app.clock():
                client.cut("expired")
            if client.cut_off is not None:
                return
            beat = loop.time() >= next_beat
            if not frames and not beat:
                continue
            next_beat = loop.time() + self._limits.heartbeat
            try:
                async with asyncio.timeout(self._limits.write):
                    await write(frames)
            except TimeoutError:
                client.cut("slow")
            except ConnectionError:
                return

    def _gone(self, client: Client, request: web.Request) -> None:
        self._hub.leave(client)
        if client.cut_off is not None:
            self._metrics.push_cut.labels(client.cut_off).inc()


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

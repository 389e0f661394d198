"""The two streams: WebSocket and Server-Sent Events. No compression, every wait timed."""

import asyncio
import contextlib
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, web

from callbridge.web.auth import Identity
from callbridge.web.client import Client, Cut, Kind
from callbridge.web.context import Services
from callbridge.web.frames import chunk
from callbridge.web.hub import Hub
from callbridge.web.metrics import Metrics
from callbridge.web.models import StreamQuery
from callbridge.web.pipeline import IDENTITY, ROUTE, authorize, query_of
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

_LOOK = 2.0
"""Seconds after which it is noticed at the latest that a client is gone that says nothing by itself (SSE)."""

_ALIVE = b": still here\n\n"


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
        everything = self._admit(route, request, identity)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        chunked = response.headers.get("Transfer-Encoding") == "chunked"
        client = self._client(request, identity, "sse_chunked" if chunked else "sse", everything)
        self._hub.join(client, request.headers.get("Last-Event-ID") or request.query.get("last_event_id"))
        try:
            await self._watch(client, chunk(_ALIVE) if chunked else _ALIVE)
        finally:
            self._gone(client)
        if client.cut_off is None or client.cut_off == "slow":
            client.abort()
            return response
        with contextlib.suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(_GOODBYE):
                await response.write_eof(b'event: end\ndata: "%b"\n\n' % client.cut_off.encode())
        return response

    # ------------------------------------------------------------ WebSocket

    async def websocket(self, route: Route, request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        self._check_origin(request)
        identity = self._identify(request)
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise Problem("malformed", "This address speaks WebSocket; for Server-Sent Events take /v1/events.")
        everything = self._admit(route, request, identity)
        socket = web.WebSocketResponse(
            protocols=[PROTOCOL],
            compress=False,
            heartbeat=self._limits.heartbeat,
            max_msg_size=4096,
            timeout=_GOODBYE,
        )
        await socket.prepare(request)
        client = self._client(request, identity, "websocket", everything)
        self._hub.join(client, request.query.get("last_event_id") or request.headers.get("Last-Event-ID"))
        watch = asyncio.create_task(self._watch(client, None), name="websocket watch")
        reader = asyncio.create_task(socket.receive(), name="websocket reader")
        try:
            await asyncio.wait({watch, reader}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._gone(client)
            await _cancel(watch, reader)
            await self._close(socket, client)
        return socket

    async def _close(self, socket: web.WebSocketResponse, client: Client) -> None:
        code, why = _CLOSE_CODES.get(client.cut_off or "stopping", (WSCloseCode.GOING_AWAY, b""))
        if client.cut_off is None:
            # The client sent something, or left.
            code, why = WSCloseCode.POLICY_VIOLATION, b"this stream takes no messages"
        with contextlib.suppress(ConnectionError, TimeoutError, RuntimeError):
            async with asyncio.timeout(_GOODBYE):
                await socket.close(code=code, message=why, drain=False)
        if client.cut_off == "slow":
            client.abort()

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
        try:
            own = urlsplit(origin).netloc == request.host
        except ValueError:  # such as `http://[`
            own = False
        if not own:
            raise Problem("origin_not_allowed", "Pages of this origin may not connect; the administrator can allow it.")

    # ------------------------------------------------------------ both

    def _admit(self, route: Route, request: web.Request, identity: Identity) -> bool:
        """Whether the client gets everything. Raises Problem where it may not have a stream."""
        request[IDENTITY] = identity
        authorize(route, identity)
        query = query_of(route, request)
        assert isinstance(query, StreamQuery)
        view = query.view or ("all" if identity.is_service else "mine")
        if view == "all" and not identity.may(Scope.EVENTS_READ):
            raise Problem("scope_missing", f"This needs the scope {Scope.EVENTS_READ}; ask the administrator for it.")
        same = sum(client.subject == identity.subject for client in self._hub.clients)
        if same >= self._limits.streams_per_subject or len(self._hub.clients) >= self._limits.streams:
            raise Problem("too_many_streams", "Too many open streams; close one first.", headers={"Retry-After": "5"})
        return view == "all" or identity.is_service

    def _client(self, request: web.Request, identity: Identity, kind: Kind, everything: bool) -> Client:
        """Raises ConnectionError where the client has left already."""
        transport = request.transport
        if transport is None:
            raise ConnectionResetError("the client has left")
        return Client(identity, self._limits, transport, kind=kind, everything=everything)

    async def _watch(self, client: Client, alive: bytes | None) -> None:
        """Returns when the client is cut off or gone. `alive`: what is sent when there is nothing else to say."""
        loop = asyncio.get_running_loop()
        next_beat = loop.time() + self._limits.heartbeat
        while client.cut_off is None and not client.gone:
            wait = min(_LOOK, next_beat - loop.time())
            if client.expires_at is not None:
                wait = min(wait, client.expires_at - self._app.clock())
            await client.ended(max(0.0, wait))
            client.look()
            if client.expires_at is not None and client.expires_at <= self._app.clock():
                client.cut("expired")
            if loop.time() >= next_beat:
                next_beat = loop.time() + self._limits.heartbeat
                if alive is not None:
                    client.write(alive)

    def _gone(self, client: Client) -> None:
        self._hub.leave(client)
        if client.cut_off is not None:
            self._metrics.push_cut.labels(client.cut_off).inc()


async def _cancel(*tasks: asyncio.Task[object]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

"""What operators and tools ask: alive, ready, the document, the numbers; and the two streams."""

from callbridge.web.answers import AliveOut, ReadyOut
from callbridge.web.context import Context
from callbridge.web.models import StreamQuery
from callbridge.web.problems import Problem
from callbridge.web.routing import Access, Route, Table
from callbridge.web.settings import Scope

EVENTS = "streamEvents"
WEBSOCKET = "openWebSocket"
METRICS = "getMetrics"
DOCUMENT = "getDocument"


async def alive(context: Context) -> AliveOut:
    return AliveOut()


async def ready(context: Context) -> ReadyOut:
    why = context.app.not_ready()
    if why is not None:
        raise Problem("not_ready", why)
    return ReadyOut()


_STREAM = (
    "First a snapshot, then what changes: `agent` (me), `directory` (everybody's states, batched), `offer.made`, "
    "`offer.ended`, `pop`, `call.updated`, `call.ended`, `transfer.updated`. An agent gets only what is theirs; "
    "services with `events:read`, and supervisors who ask for `view=all`, get everything, and `statistics` (today's "
    "numbers) soon after the snapshot and then at most once a second where they change. Events carry whole objects: "
    "applying one twice changes nothing. With the last id (`<epoch>-<seq>`) a client gets what it missed, or a new "
    "snapshot where that is not known any more; a snapshot also comes when the administrator has changed the "
    "configuration, and replaces everything before it. "
)
_LAST_EVENT_ID = {
    "name": "Last-Event-ID",
    "in": "header",
    "required": False,
    "description": "The id of the last event that the client has had; browsers' EventSource sends it by itself.",
    "schema": {"type": "string"},
}
_SUBPROTOCOLS = {
    "name": "Sec-WebSocket-Protocol",
    "in": "header",
    "required": False,
    "description": "`callbridge.v1`, and for clients that cannot send `Authorization`, as browsers, beside it "
    "`bearer.` and the token: `new WebSocket(url, ['callbridge.v1', 'bearer.' + token])`. The answer names "
    "`callbridge.v1` alone.",
    "schema": {"type": "string"},
    "example": "callbridge.v1, bearer.eyJhbGciOi...",
}
_STREAM_CODES = ("scope_missing", "invalid", "too_many_streams")

ROUTES: Table = (
    Route(
        method="GET",
        path="/v1/events",
        name=EVENTS,
        tag="push",
        summary="Events by Server-Sent Events",
        description=_STREAM + "Resume: the `Last-Event-ID` header. `event: end` says why the stream ends.",
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.EVENTS_READ,
        content_type="text/event-stream",
        query=StreamQuery,
        parameters=(_LAST_EVENT_ID,),
        codes=_STREAM_CODES,
    ),
    Route(
        method="GET",
        path="/v1/ws",
        name=WEBSOCKET,
        tag="push",
        summary="Events by WebSocket",
        description=_STREAM + "Browsers send the subprotocols `callbridge.v1` and `bearer.<token>`; never the token in "
        "the URL. Resume: `?last_event_id=`. Close codes: 1013 too slow, 4401 token expired or logged out, 1001 the "
        "gateway stops, 1008 the client sent something.",
        access=Access.AGENT_OR_SCOPE,
        scope=Scope.EVENTS_READ,
        query=StreamQuery,
        parameters=(_LAST_EVENT_ID, _SUBPROTOCOLS),
        status=101,
        codes=(*_STREAM_CODES, "origin_not_allowed"),
    ),
    Route(
        method="GET",
        path="/v1/openapi.json",
        name=DOCUMENT,
        tag="operation",
        summary="This document",
        access=Access.PUBLIC,
        content_type="application/json",
    ),
    Route(
        method="GET",
        path="/healthz",
        name="isAlive",
        tag="operation",
        summary="The process is alive",
        handler=alive,
        access=Access.PUBLIC,
        answer=AliveOut,
    ),
    Route(
        method="GET",
        path="/readyz",
        name="isReady",
        tag="operation",
        summary="Calls can be served; if not, why",
        handler=ready,
        access=Access.PUBLIC,
        answer=ReadyOut,
        codes=("not_ready",),
    ),
    Route(
        method="GET",
        path="/metrics",
        name=METRICS,
        tag="operation",
        summary="Prometheus' numbers",
        access=Access.PUBLIC,
        content_type="text/plain",
    ),
)

"""Around every request: its id, its problem where it fails, the headers that keep browsers safe, log and numbers."""

import re
import secrets
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Middleware

from callbridge.web.metrics import Metrics
from callbridge.web.pipeline import IDENTITY, ROUTE
from callbridge.web.problems import Problem, of_http_exception

log = structlog.get_logger("callbridge.http")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

REQUEST_ID: web.RequestKey[str] = web.RequestKey("request_id", str)
_GIVEN_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_CORS_ALLOWED = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-ID"
_CORS_SHOWN = "Idempotency-Replayed, Retry-After, X-Request-ID"


def outermost(metrics: Metrics, cors_origins: frozenset[str]) -> Middleware:
    @web.middleware
    async def handle(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Request-ID", "")
        request[REQUEST_ID] = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        began = time.perf_counter()
        response = _preflight(request, cors_origins) or await _answer(request, handler)
        seconds = time.perf_counter() - began
        route = request.get(ROUTE)
        template = route.path if route is not None else "unknown"
        status = response.status
        metrics.requests.labels(request.method if route else "other", template, str(status)).inc()
        if not isinstance(response, web.WebSocketResponse) and template != "/v1/events":
            metrics.seconds.labels(template).observe(seconds)
        identity = request.get(IDENTITY)
        log.info(
            "request",
            method=request.method,
            route=template,
            status=status,
            ms=round(seconds * 1000, 1),
            subject=identity.subject if identity else None,
            request_id=request[REQUEST_ID],
        )
        return response

    return handle


async def _answer(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPException as error:
        if error.status < 400:
            return error
        return of_http_exception(error).response()
    except ConnectionError:
        raise
    except Exception:
        log.exception("request failed", request_id=request[REQUEST_ID])
        return Problem(
            "internal_error", f"Something went wrong here; it is in the log with {request[REQUEST_ID]}."
        ).response()


def _preflight(request: web.Request, origins: frozenset[str]) -> web.Response | None:
    if request.method != "OPTIONS" or request.headers.get("Origin") not in origins:
        return None
    if "Access-Control-Request-Method" not in request.headers:
        return None
    return web.Response(
        status=204,
        headers={
            "Access-Control-Allow-Methods": "GET, POST, PUT",
            "Access-Control-Allow-Headers": _CORS_ALLOWED,
            "Access-Control-Max-Age": "600",
        },
    )


def on_prepare(cors_origins: frozenset[str]) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Headers of every answer, streams included. A page that sets its own keeps them."""

    async def prepare(request: web.Request, response: web.StreamResponse) -> None:
        headers = response.headers
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers["Server"] = "callbridge"
        if REQUEST_ID in request:
            headers["X-Request-ID"] = request[REQUEST_ID]
        if cors_origins:
            headers.add("Vary", "Origin")
            origin = request.headers.get("Origin")
            if origin in cors_origins:
                headers["Access-Control-Allow-Origin"] = origin
                headers["Access-Control-Expose-Headers"] = _CORS_SHOWN
                headers["Cross-Origin-Resource-Policy"] = "cross-origin"

    return prepare

"""From an HTTP request to a handler's answer: who asks, what was sent, idempotency, JSON. The same for every route."""

import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from callbridge.web.auth import Identity
from callbridge.web.context import Context, Services
from callbridge.web.ports import InProgress, Mismatch, Stored
from callbridge.web.problems import Problem
from callbridge.web.routing import Access, Route
from callbridge.web.words import ID_PATTERN, Body

log = structlog.get_logger(__name__)

IDENTITY: web.RequestKey[Identity] = web.RequestKey("identity", Identity)
ROUTE: web.RequestKey[Route] = web.RequestKey("route", Route)
NOBODY = Identity(subject="nobody")

_PATH_ID = re.compile(ID_PATTERN)
_KEY = re.compile(r"^[\x21-\x7e]{1,255}$")
_KEPT_BELOW = 500


def handler_of(route: Route, app: Services) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        identity = identify(route, app, request)
        request[IDENTITY] = identity
        context = Context(
            app=app,
            identity=identity,
            peer=peer_of(request, app),
            path=_path(request),
            query=query_of(route, request),
            body=await _body(route, request, app),
        )
        key = request.headers.get("Idempotency-Key") if route.idempotent else None
        if key is None:
            status, body = await _run(route, context)
            return _response(status, body)
        return await _once(route, context, request, key)

    return handle


def identify(route: Route, app: Services, request: web.Request) -> Identity:
    """Raises Problem (401, 403)."""
    if route.access is Access.PUBLIC:
        return NOBODY
    identity = app.tokens.identify(request.headers)
    authorize(route, identity)
    return identity


def authorize(route: Route, identity: Identity) -> None:
    if route.access is Access.AGENT and identity.is_service:
        raise Problem("agents_only", "This is for agents; a service's token cannot be used here.")
    own = route.access in (Access.AGENT, Access.AGENT_OR_SCOPE) and not identity.is_service
    if not own and (route.scope is None or not identity.may(route.scope)):
        raise Problem("scope_missing", f"This needs the scope {route.scope}; ask the administrator for it.")


def peer_of(request: web.Request, app: Services) -> str:
    """The client's address: the last one that no trusted proxy has."""
    peer = request.remote or ""
    trusted = app.settings.trusted_proxies
    if peer in trusted:
        forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
        peer = next((address for address in reversed(forwarded) if address not in trusted), peer)
    return peer[:64]


def _path(request: web.Request) -> dict[str, str]:
    for value in request.match_info.values():
        if not _PATH_ID.fullmatch(value):
            raise Problem("not_found", "There is nothing with this id.")
    return dict(request.match_info)


def query_of(route: Route, request: web.Request) -> Body | None:
    """Raises Problem (422)."""
    given = request.query
    if route.query is None:
        if given and route.access is not Access.PUBLIC:
            raise Problem("invalid", "This address takes no parameters.", errors=[_error("#query", "must be empty")])
        return None
    if len(given) != len(set(given)):
        raise Problem("invalid", "Give each parameter once.", errors=[_error("#query", "is repeated")])
    try:
        return route.query.model_validate(dict(given))
    except ValidationError as error:
        raise _invalid(error, "#query") from None


async def _body(route: Route, request: web.Request, app: Services) -> Body | None:
    if route.body is None:
        return None
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise Problem("unsupported_media_type", "Send the body without a Content-Encoding.")
    if request.content_length is not None and request.content_length > app.settings.limits.body:
        raise Problem("body_too_large", "The body is larger than 64 KiB; send less.")
    try:
        async with asyncio.timeout(app.settings.limits.body_time):
            raw = await request.read()
    except TimeoutError:
        raise Problem("too_slow", "The body did not come in time; send it at once.") from None
    if not raw and not route.body_needed:
        return route.body()
    charset = (request.charset or "utf-8").lower()
    if request.content_type != "application/json" or charset not in ("utf-8", "utf8"):
        raise Problem("unsupported_media_type", "Send the body as application/json, in UTF-8.")
    try:
        return route.body.model_validate_json(raw)
    except ValidationError as error:
        if error.errors(include_url=False, include_input=False)[0]["type"] == "json_invalid":
            raise Problem("invalid_json", "The body is not JSON in UTF-8; send one JSON object.") from None
        raise _invalid(error, "#") from None


def _invalid(error: ValidationError, root: str) -> Problem:
    errors = [
        _error("/".join([root, *(_escape(part) for part in each["loc"])]), each["msg"])
        for each in error.errors(include_url=False, include_input=False, include_context=False)[:20]
    ]
    return Problem("invalid", "Some of what was sent is not valid; see `errors` for what and where.", errors=errors)


def _escape(part: str | int) -> str:
    """As a JSON pointer has it. A name that the client invented is given back shortened and plain."""
    plain = "".join(character if character.isprintable() else "?" for character in str(part)[:64])
    return plain.replace("~", "~0").replace("/", "~1")


def _error(pointer: str, message: str) -> dict[str, str]:
    return {"pointer": pointer, "message": message}


async def _run(route: Route, context: Context) -> tuple[int, bytes]:
    assert route.handler is not None
    answer = await route.handler(context)
    return (204, b"") if answer is None else (route.status, encode(answer))


def encode(answer: BaseModel) -> bytes:
    return to_json(answer)


def _response(status: int, body: bytes, headers: dict[str, str] | None = None) -> web.Response:
    if status == 204:
        return web.Response(status=status, headers=headers)
    content_type = "application/json" if status < 400 else "application/problem+json"
    return web.Response(status=status, body=body, headers=headers, content_type=content_type)


async def _drop(app: Services, subject: str, key: str) -> None:
    try:
        await app.archive.idempotency_drop(subject, key)
    except Exception:
        log.exception("key not freed")


async def _once(route: Route, context: Context, request: web.Request, key: str) -> web.Response:
    """The same key with the same request runs once in a day; afterwards its answer is given again."""
    if not _KEY.fullmatch(key):
        raise Problem("invalid_idempotency_key", "Idempotency-Key must be 1 to 255 visible ASCII characters.")
    app, subject = context.app, context.identity.subject
    fingerprint = _fingerprint(request, context.body)
    begun = await context.read(app.archive.idempotency_begin(subject, key, fingerprint, app.clock()))
    match begun:
        case Stored():
            return _response(begun.status, begun.body, {**begun.headers, "Idempotency-Replayed": "true"})
        case Mismatch():
            raise Problem("idempotency_mismatch", "This Idempotency-Key was used for another request; take a new one.")
        case InProgress():
            raise Problem(
                "idempotency_in_progress", "The first request with this key is under way.", headers={"Retry-After": "1"}
            )
    headers: dict[str, str] = {}
    try:
        status, body = await _run(route, context)
    except Problem as problem:
        if problem.status >= _KEPT_BELOW and problem.code != "outcome_unknown":
            await _drop(app, subject, key)
            raise
        status, body, headers = problem.status, problem.body(), problem.headers
    except Exception:  # not a cancellation: then it may have been done, and the key stays taken for a while
        await _drop(app, subject, key)
        raise
    try:
        await app.archive.idempotency_finish(subject, key, status, headers, body)
    except Exception:
        log.exception("answer not kept")  # it was done: say so, even if a repetition cannot be answered alike
    return _response(status, body, headers)


def _fingerprint(request: web.Request, body: Any) -> str:
    sent = body.model_dump_json() if isinstance(body, BaseModel) else ""
    return hashlib.sha256(f"{request.method} {request.path}\n{sent}".encode()).hexdigest()

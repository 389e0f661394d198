"""Errors as RFC 9457 problems. One table says which status each stable code has."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import orjson
from aiohttp import web

CODES: Mapping[str, int] = {
    # how it was asked
    "malformed": 400,
    "invalid_json": 400,
    "invalid_idempotency_key": 400,
    "token_needed": 401,
    "token_invalid": 401,
    "token_expired": 401,
    "wrong_login": 401,
    "scope_missing": 403,
    "agents_only": 403,
    "origin_not_allowed": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_slow": 408,
    "idempotency_in_progress": 409,
    "body_too_large": 413,
    "unsupported_media_type": 415,
    "invalid": 422,
    "invalid_cursor": 422,
    "idempotency_mismatch": 422,
    "agent_needed": 422,
    "too_many_attempts": 429,
    "too_many_streams": 429,
    # what the gateway can do at the moment
    "internal_error": 500,
    "stopping": 503,
    "busy": 503,
    "outcome_unknown": 503,
    "not_ready": 503,
    "store_unavailable": 503,
    "pbx_unavailable": 503,
    # what the engine refuses
    "unknown_agent": 404,
    "unknown_offer": 404,
    "unknown_call": 404,
    "unknown_transfer": 404,
    "unknown_group": 404,
    "no_webphone": 404,
    "not_your_call": 404,
    "transfers_disabled": 403,
    "external_not_allowed": 403,
    "number_not_allowed": 403,
    "mode_not_allowed": 403,
    "supervised_disabled": 403,
    "four_way_disabled": 403,
    "caller_not_dropped": 403,
    "unknown_party": 404,
    "unknown_destination": 422,
    "same_agent": 422,
    "invalid_number": 422,
    "invalid_state": 422,
    "offline": 409,
    "not_in_wrap_up": 409,
    "not_talking": 409,
    "offer_ended": 409,
    "transfer_under_way": 409,
    "transfer_ended": 409,
    "call_ended": 409,
    "too_many_notes": 409,
    "target_not_available": 409,
    "not_consulting": 409,
    "not_conference": 409,
    "fourth_present": 409,
    "own_leg": 409,
    "phone_on_hold": 409,
    "only_externals_would_remain": 409,
}
FALLBACK = 409
"""The status of a refusal whose code is not in the table."""

_TITLES = {
    "invalid": "The request is not valid",
    "not_found": "Not found",
    "too_many_attempts": "Too many attempts",
}
CONTENT_TYPE = "application/problem+json"


def status_of(code: str) -> int:
    return CODES.get(code, FALLBACK)


class Problem(Exception):
    """Ends a request with an error. `detail` is a sentence that says what to do; it never carries callers' data."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.errors = errors
        self.status = status_of(code)
        self.headers = dict(headers or {})
        if self.status == HTTPStatus.UNAUTHORIZED:
            error = "" if code in ("token_needed", "wrong_login") else ', error="invalid_token"'
            self.headers.setdefault("WWW-Authenticate", f'Bearer realm="callbridge"{error}')

    def body(self) -> bytes:
        document: dict[str, object] = {
            "type": f"urn:callbridge:problem:{self.code}",
            "title": _TITLES.get(self.code) or self.code.replace("_", " ").capitalize(),
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        return orjson.dumps(document)

    def response(self) -> web.Response:
        return web.Response(status=self.status, body=self.body(), headers=self.headers, content_type=CONTENT_TYPE)


def of_http_exception(error: web.HTTPException) -> Problem:
    """aiohttp's own refusals, in the same form as all others."""
    match error.status:
        case 404:
            return Problem("not_found", "There is nothing at this address; see /v1/openapi.json for what there is.")
        case 405:
            allow = error.headers.get("Allow", "")
            return Problem("method_not_allowed", f"This address knows only {allow}.", headers={"Allow": allow})
        case 413:
            return Problem("body_too_large", "The body is larger than 64 KiB; send less.")
        case 415:
            return Problem("unsupported_media_type", "Send the body as application/json.")
        case status if status < 500:
            return Problem("malformed", "The request is not well-formed HTTP; check its head and its body.")
        case _:
            return Problem("internal_error", "Something went wrong here; it is in the log under this request's id.")

"""One route: who may use it, what it takes, what it answers. The server and the OpenAPI document read the same."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydantic import BaseModel

from callbridge.web.context import Context
from callbridge.web.problems import status_of
from callbridge.web.settings import Scope
from callbridge.web.words import Body, Out

Json = dict[str, Any]
Handler = Callable[[Context], Awaitable[Out | None]]


class Access(Enum):
    PUBLIC = "public"
    AGENT = "agent"
    """Agents only, for themselves."""
    AGENT_OR_SCOPE = "agent_or_scope"
    """Agents for themselves, services with the scope for all."""
    SCOPE = "scope"
    """Services and supervisors with the scope."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    method: str
    path: str
    name: str
    """The OpenAPI document's operationId."""
    tag: str
    summary: str
    handler: Handler | None = None
    """None: the application serves it in its own way (streams, metrics)."""
    access: Access = Access.AGENT
    scope: Scope | None = None
    query: type[Body] | None = None
    parameters: tuple[Json, ...] = ()
    """More of them, as the OpenAPI document has them, where the application serves it in its own way."""
    body: type[Body] | None = None
    answer: type[BaseModel] | None = None
    status: int = 200
    idempotent: bool = False
    """Takes an Idempotency-Key."""
    codes: tuple[str, ...] = ()
    """What it can refuse with, beside what every route of its kind can."""
    description: str = ""
    reads_archive: bool = False
    content_type: str = "application/json"

    @property
    def body_needed(self) -> bool:
        return self.body is not None and any(field.is_required() for field in self.body.model_fields.values())

    def refusals(self) -> Mapping[int, tuple[str, ...]]:
        """Every status that is an error, with the codes that it can carry."""
        codes = {"malformed", "internal_error", *self.codes}
        if self.access is not Access.PUBLIC:
            codes |= {"token_needed", "token_invalid", "token_expired", "invalid"}
        if self.access is Access.AGENT:
            codes.add("agents_only")
        if self.access in (Access.SCOPE, Access.AGENT_OR_SCOPE):
            codes.add("scope_missing")
        if "{" in self.path:
            codes.add("not_found")
        if self.reads_archive:
            codes.add("store_unavailable")
        if self.body is not None:
            codes |= {"invalid_json", "invalid", "body_too_large", "too_slow", "unsupported_media_type"}
        if self.method != "GET":
            codes |= {"stopping", "busy", "outcome_unknown"}
        if self.idempotent:
            codes |= {"invalid_idempotency_key", "idempotency_in_progress", "idempotency_mismatch", "store_unavailable"}
        found: dict[int, list[str]] = {}
        for code in sorted(codes):
            found.setdefault(status_of(code), []).append(code)
        return {status: tuple(found[status]) for status in sorted(found)}


Table = tuple[Route, ...]

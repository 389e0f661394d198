"""The OpenAPI 3.1 document, from the same models and the same route table that the server runs on."""

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Literal, TypeVar

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from callbridge.web.answers import ProblemDetails
from callbridge.web.meanings import explain
from callbridge.web.openapi_push import event_schemas, webhooks
from callbridge.web.problems import CONTENT_TYPE
from callbridge.web.pushed import EVENTS
from callbridge.web.routing import Access, Json, Route, Table
from callbridge.web.words import ID_PATTERN, Body, Out

T = TypeVar("T")

_Mode = Literal["validation", "serialization"]

_JSON = "application/json"
_TEXT = {"type": "string"}
_REF = "#/components/schemas/{model}"
_PARAMETER = re.compile(r"\{(\w+)\}")
_STATUS_TEXT = {
    200: "As asked for",
    201: "Made",
    202: "Accepted: what comes of it is pushed",
    204: "Done",
    101: "The stream begins; each message is an Event, see the components",
}


def document(table: Table, *, version: str = "1") -> Json:
    """The whole document, as plain JSON values."""
    models = _models(table)
    _, definitions = models_json_schema(models, ref_template=_REF)
    schemas = definitions.get("$defs", {})
    explain(schemas, [*_subclasses(Body), *_subclasses(Out)], _subclasses(Enum))
    paths: dict[str, Json] = {}
    for route in table:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "callbridge",
            "version": version,
            "summary": "Offers, screen pops and transfers that never lose the caller",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [],
        "paths": paths,
        "webhooks": webhooks(),
        "components": {
            "schemas": {**schemas, **event_schemas()},
            "securitySchemes": {
                "agent": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From /v1/login."},
                "service": {"type": "http", "scheme": "bearer", "description": "A service's token, with scopes."},
            },
        },
    }


def _subclasses(of: type[T]) -> Iterator[type[T]]:
    """Of ours, whatever else the process has."""
    for each in of.__subclasses__():
        if each.__module__.startswith("callbridge."):
            yield each
        yield from _subclasses(each)


def _models(table: Table) -> list[tuple[type[BaseModel], _Mode]]:
    found: dict[tuple[type[BaseModel], _Mode], None] = {
        (ProblemDetails, "serialization"): None,
        **{(kind.data, "serialization"): None for kind in EVENTS},
    }
    for route in table:
        if route.body is not None:
            found[(route.body, "validation")] = None
        if route.answer is not None:
            found[(route.answer, "serialization")] = None
    return list(found)


def _operation(route: Route) -> Json:
    operation: Json = {
        "operationId": route.name,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_header_parameters(route)],
        "responses": {str(route.status): _success(route), **_refusals(route)},
        "security": _security(route),
    }
    if route.description:
        operation["description"] = route.description
    if route.body is not None:
        operation["requestBody"] = {
            "required": route.body_needed,
            "content": {"application/json": {"schema": {"$ref": _REF.format(model=route.body.__name__)}}},
        }
    return operation


def _path_parameters(route: Route) -> Iterable[Json]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": ID_PATTERN}}
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> Iterable[Json]:
    if route.query is None:
        return []
    schema = route.query.model_json_schema()
    assert "$defs" not in schema, "query models have no nested ones"
    explain({route.query.__name__: schema}, [route.query], [])
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _without_null({key: value for key, value in each.items() if key not in ("title", "description")}),
            **({"description": each["description"]} if "description" in each else {}),
        }
        for name, each in schema["properties"].items()
    ]


def _without_null(schema: Json) -> Json:
    """A parameter that may be left out is never sent as null."""
    choices = [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]
    return choices[0] if len(choices) == 1 else schema


def _header_parameters(route: Route) -> Iterable[Json]:
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key with the same request is performed once in a day.",
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,255}$"},
    }
    return [*([key] if route.idempotent else []), *route.parameters]


def _success(route: Route) -> Json:
    answer: Json = {"description": _STATUS_TEXT[route.status]}
    if route.answer is not None:
        schema: Json = {"$ref": _REF.format(model=route.answer.__name__)}
        answer["content"] = {route.content_type: {"schema": schema if route.content_type == _JSON else _TEXT}}
    elif route.status == 200:
        answer["content"] = {
            route.content_type: {"schema": {"type": "object"} if route.content_type == _JSON else _TEXT}
        }
    return answer


def _refusals(route: Route) -> Json:
    return {
        str(status): {
            "description": "Codes: " + ", ".join(f"`{code}`" for code in codes),
            "content": {CONTENT_TYPE: {"schema": {"$ref": _REF.format(model=ProblemDetails.__name__)}}},
        }
        for status, codes in route.refusals().items()
    }


def _security(route: Route) -> list[Json]:
    match route.access:
        case Access.PUBLIC:
            return []
        case Access.AGENT:
            return [{"agent": []}]
        case _:
            return [{"agent": []}, {"service": [str(route.scope)] if route.scope else []}]

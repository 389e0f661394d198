"""What fields and values mean, for the OpenAPI document: from the docstrings beneath them, read when it is made."""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import cache
from typing import Any

from pydantic import BaseModel

Json = dict[str, Any]


def explain(schemas: Json, models: Iterable[type[BaseModel]], enums: Iterable[type[Enum]]) -> None:
    """Adds the descriptions to the schemas of these classes, which are named as the classes are."""
    for model in models:
        for field, meaning in members(model).items():
            shown = schemas.get(model.__name__, {}).get("properties", {}).get(field)
            if shown is not None:
                shown.setdefault("description", meaning)
    for enum in enums:
        schema = schemas.get(enum.__name__, {})
        if set(schema.get("enum", ())) == {each.value for each in enum}:
            _explain_values(schema, {enum[name].value: meaning for name, meaning in members(enum).items()})


def _explain_values(schema: Json, meanings: Mapping[str, str]) -> None:
    """For people in the description, for tools under a key that several of them know."""
    lines = [f"- `{value}`" + (f": {meanings[value]}" if value in meanings else "") for value in schema["enum"]]
    before = schema.get("description")
    schema["description"] = "\n".join([*([before, ""] if before else []), *lines])
    schema["x-enumDescriptions"] = dict(meanings)


def members(of: type) -> Mapping[str, str]:
    """The docstrings beneath a class's own and inherited members, each on one line."""
    found: dict[str, str] = {}
    for base in reversed(of.__mro__):
        if base.__module__.startswith("callbridge."):
            found |= _written(base.__module__).get(base.__name__, {})
    return found


@cache
def _written(module: str) -> Mapping[str, Mapping[str, str]]:
    """By class and member; nothing where the source is not there."""
    try:
        tree = ast.parse(inspect.getsource(sys.modules[module]))
    except OSError:
        return {}
    return {node.name: dict(_docstrings(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _docstrings(of: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for member, below in zip(of.body, of.body[1:], strict=False):
        match member, below:
            case (
                ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                yield name, " ".join(text.split())

"""pydantic's errors as sentences for the person who wrote the file."""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from callbridge.config.errors import Path
from callbridge.config.references import closest

_SECRET_WORDS = ("secret", "password", "credential", "hash", "token")
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list", dict: "a mapping"}


def sentence(error: ErrorDetails, root: type[BaseModel], data: Any) -> tuple[Path, str, str]:
    """Where, what is wrong, what is allowed."""
    path = _written(error["loc"], data, missing=error["type"] == "missing")
    model, info = _find(path, root)
    allowed = info.description or _described(info.annotation) if info is not None else None
    match error["type"]:
        case "missing":
            return path, "is missing", f"it must be {allowed}" if allowed else ""
        case "extra_forbidden":
            known = sorted(model.model_fields) if model else []
            return path, "is not a known key", closest(str(path[-1]), known) or f"known are {', '.join(known)}"
        case "value_error":
            what = str(error["ctx"]["error"]) if "ctx" in error else error["msg"]
            return path, what, "" if ";" in what or not allowed else f"it must be {allowed}"
        case "list_type":
            return path, f"is {_kind(error['input'])}", "it must be a list, each item with a leading -"
        case "model_type" | "dict_type" | "model_attributes_type":
            return path, f"is {_kind(error['input'])}", "it must be a mapping, keys with values"
        case "literal_error":
            return path, f"is {_shown(error['input'], path)}", f"it must be {error['ctx']['expected']}"
        case "int_type" | "float_type" | "string_type" | "bool_type":
            kind = {"int": "a whole number", "float": "a number", "string": "text", "bool": "true or false"}
            named = allowed or kind[error["type"].removesuffix("_type")]
            what = f"is {_kind(error['input'])}: {_shown(error['input'], path)}"
            quotes = ", in quotes" if error["type"] == "string_type" and _is_plain(error["input"]) else ""
            return (
                path,
                what if _is_plain(error["input"]) else f"is {_kind(error['input'])}",
                f"it must be {named}{quotes}",
            )
        case _:
            return path, f"is {_shown(error['input'], path)}", f"it must be {allowed or error['msg']}"


def _written(loc: tuple[int | str, ...], data: Any, *, missing: bool) -> Path:
    """The part of pydantic's location that is in the file: without the marks of unions and of keys."""
    path: Path = ()
    here: Any = data
    for part in loc:
        inside = part in here if isinstance(here, dict) else isinstance(here, list) and part in range(len(here))
        if inside:
            here = here[part]
        elif not (missing and part == loc[-1]):
            break
        path = (*path, part)
    return path


def _find(path: Path, root: type[BaseModel]) -> tuple[type[BaseModel] | None, FieldInfo | None]:
    """The section that holds the last key of the path, and the field that the key is."""
    model: type[BaseModel] | None = root
    info: FieldInfo | None = None
    for index, part in enumerate(path):
        if isinstance(part, int) or model is None:
            continue
        info = model.model_fields.get(part)
        inner = _section(info.annotation) if info is not None else None
        if index == len(path) - 1:
            return model, info
        model = inner
    return model, info


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _section(part))), None)


def _described(annotation: Any) -> str | None:
    """The description of the values inside: of a list's items, of what may also be left out."""
    inside = (item.description for item in getattr(annotation, "__metadata__", ()) if isinstance(item, FieldInfo))
    found = next((description for description in inside if description), None)
    return found or next((found for part in get_args(annotation) if (found := _described(part))), None)


def _is_plain(value: Any) -> bool:
    return isinstance(value, bool | int | float | str)


def _kind(value: Any) -> str:
    return "empty" if value is None else _KINDS.get(type(value), "something else")


def _shown(value: Any, path: Path) -> str:
    """The value as far as it may be shown: secrets never, long ones shortened."""
    if any(word in str(part) for part in path for word in _SECRET_WORDS):
        return "not what it must be"
    if not _is_plain(value):
        return _kind(value) if not isinstance(value, Mapping | list) or value else "empty"
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    text = "".join(character if character.isprintable() else "?" for character in text)
    return text if len(text) <= 60 else f"{text[:57]}..."

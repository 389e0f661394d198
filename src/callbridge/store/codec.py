"""Domain objects to JSON documents and back.

A document holds a dataclass whole, one key for each field. Reading is forgiving where it is safe: a field
with a default may be missing (the document is older than the code), and an unknown key is ignored (it is
newer). Times and other floats must be finite: JSON has no word for the rest.
"""

import json
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import Call
from callbridge.domain.model.offer import Offer, Pop
from callbridge.domain.model.transfer import Transfer

T = TypeVar("T")


class Unreadable(Exception):
    """A document that the present types cannot hold. The text names the fields, not their values."""


def _default(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=repr)
    return str(value)


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(item) for key, item in value.items()}
    return value


def dumps(value: object) -> str:
    """Any JSON-able value, dataclasses and enums included. What JSON has no word for becomes its `str`.

    Half a surrogate pair, which no UTF-8 text can hold, becomes a question mark: one odd caller name must
    not keep a whole transaction from being saved.
    """
    try:
        return orjson.dumps(value, default=_default, option=orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError:
        plain = TypeAdapter(Any).dump_python(value, mode="python", warnings=False)
        text = json.dumps(plain, default=_default, allow_nan=False)
        return json.dumps(_without_surrogates(json.loads(text)))


def loads(text: str) -> Any:
    """The plain value that `dumps` wrote.

    Raises:
        Unreadable: the text is not JSON.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unreadable("not JSON") from error


class Codec(Generic[T]):
    """Documents of one dataclass."""

    def __init__(self, kind: type[T]) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def encode(self, value: T) -> str:
        return dumps(value)

    def decode(self, document: str) -> T:
        """The object that was encoded, equal to it.

        Raises:
            Unreadable: not JSON, a required field is missing, or a value does not fit its type.
        """
        try:
            return self._adapter.validate_json(document)
        except ValidationError as error:
            wrong = {".".join(map(str, item["loc"])) or "document": item["type"] for item in error.errors()}
            text = ", ".join(f"{where}: {what}" for where, what in wrong.items())
            raise Unreadable(text) from None


CALLS = Codec(Call)
AGENTS = Codec(Agent)
TRANSFERS = Codec(Transfer)
OFFERS = Codec(Offer)
POPS = Codec(Pop)

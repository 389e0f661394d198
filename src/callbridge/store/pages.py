"""Lists that are read a page at a time, newest first.

A cursor holds the sort key of the last row that was given, so rows that are added meanwhile neither shift
nor repeat anything. To a client it is opaque.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from callbridge.store.errors import BadCursor

T = TypeVar("T")

MAX_LIMIT = 1000


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: tuple[T, ...]
    next: str | None
    """The cursor of the next page; None: this was the last one."""


def clean(text: str) -> str:
    """What a client gave as an id, without what no database can hold (and so no row can have)."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def encode_cursor(listing: str, key: tuple[float, str]) -> str:
    text = json.dumps([listing, float(key[0]), key[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_cursor(listing: str, cursor: str) -> tuple[float, str]:
    """The key inside.

    Raises:
        BadCursor: not a cursor, or one of another list.
    """
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        value = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        raise BadCursor("this cursor was not given out by this list") from None
    match value:
        case [str(of), float(at), str(identity)] if of == listing:
            return at, clean(identity)
    raise BadCursor("this cursor was not given out by this list")


def check_limit(limit: int) -> int:
    """Raises ValueError where no page has that many items."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit must be between 1 and {MAX_LIMIT}")
    return limit

"""What may be put into an action. Refuses before anything is sent, so that a typed value cannot start an action."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from callbridge.ami.errors import BadValue

MAX_LINE_BYTES: Final = 1022
"""Longest `Key: value` that Asterisk reads in one piece, without CR LF.

manager.c reads lines into a buffer of 1024 bytes. Asterisk 22 refuses an action with a longer line, in an answer
without an ActionID; older ones throw the line's beginning away and take the rest for a header of its own.
"""
MAX_LINES: Final = 100
"""Most lines in one action. Beyond 128 (AST_MAX_MANHEADERS) Asterisk 22 refuses it, older ones drop the rest."""

_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
FORBIDDEN: Final = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
"""What no value may contain, as the inside of a regular expression's class: whoever cleans values builds on it."""
_FORBIDDEN: Final = re.compile(f"[{FORBIDDEN}]")
_RESERVED: Final = frozenset({"action"})


def checked(name: str, headers: Mapping[str, str | Sequence[str]]) -> dict[str, str | list[str]]:
    """The action `name` with its headers, ready to be sent: `Action` first, sequences as repeated headers.

    Raises BadValue, naming the header, for a key that is no plain word, is given twice in different case or belongs to
    the link; for a value that is no string, has a control character or half a character, or is too long for Asterisk;
    and for too many lines.
    """
    if not isinstance(name, str) or not _KEY.fullmatch(name):
        raise BadValue("Action", "is not a plain word")
    result: dict[str, str | list[str]] = {"Action": name}
    seen = set(_RESERVED)
    lines = 1
    for key, value in headers.items():
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise BadValue("header name", "is not a plain word of at most 64 characters")
        if key.lower() in seen:
            raise BadValue(key, "is given twice or belongs to the link")
        seen.add(key.lower())
        if key.lower() == "actionid" and (not isinstance(value, str) or not value):
            raise BadValue(key, "is not one string")
        if isinstance(value, str):
            _check(key, value)
            result[key] = value
            lines += 1
        elif isinstance(value, list | tuple):
            for item in value:
                _check(key, item)
            result[key] = list(value)
            lines += len(value)
        else:
            raise BadValue(key, f"is a {type(value).__name__}, not a string or a sequence of strings")
    if lines > MAX_LINES:
        raise BadValue(name, f"has {lines} lines, more than {MAX_LINES}")
    return result


def _check(key: str, value: object) -> None:
    if not isinstance(value, str):
        raise BadValue(key, f"contains a {type(value).__name__}, not a string")
    found = _FORBIDDEN.search(value)
    if found:
        raise BadValue(key, f"has the character U+{ord(found.group()):04X} at position {found.start() + 1}")
    if len(key) + 2 + len(value.encode()) > MAX_LINE_BYTES:
        raise BadValue(key, f"is longer than the {MAX_LINE_BYTES} bytes that Asterisk reads in one line")

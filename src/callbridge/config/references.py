"""What must fit together across a configuration: ids that exist, nothing twice, presets that may be dialled.

Works on the plain data and takes nothing for granted, so that it can speak also where single values are wrong.
"""

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

from callbridge.config.errors import Path, dotted
from callbridge.config.numbers import is_region, to_e164
from callbridge.config.yaml_lines import Document

Finding = tuple[Path, str, str]
"""Where, what is wrong, what is allowed."""

_UNIQUE = (
    ("agents", "id"),
    ("agents", "phone"),
    ("groups", "id"),
    ("presets", "id"),
    ("services", "name"),
    ("services", "token_hash"),
    ("webhooks", "name"),
)


def check_references(document: Document) -> Iterator[Finding]:
    data = document.data if isinstance(document.data, dict) else {}
    for section, key in _UNIQUE:
        yield from twice(document, (((*path, key), item.get(key)) for path, item in items(data, section)))
    agents = _ids(data, "agents")
    groups = _ids(data, "groups")
    for path, group in items(data, "groups"):
        members = list(_members(path, group))
        yield from twice(document, members)
        for place, agent in members:
            yield from _unknown(place, agent, agents, "agent")
    for path, preset in items(data, "presets"):
        yield from _unknown((*path, "group"), preset.get("group"), groups, "group")
        yield from _dialled((*path, "number"), preset.get("number"), preset.get("group"), data)
    yield from _same_login(data)
    store = data.get("store")
    url = get(store, "url") or "sqlite"
    if get(store, "password") is not None and isinstance(url, str) and url.startswith("sqlite"):
        yield ("store", "password"), "an SQLite file has no password", "leave store.password out"


def closest(word: str, known: list[str]) -> str:
    """`did you mean "wrap_up"?`, or nothing where no known word is near."""
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


def region_of(data: Any) -> str | None:
    site = data.get("site") if isinstance(data, dict) else None
    region = site.get("region") if isinstance(site, dict) else None
    return region if isinstance(region, str) and is_region(region) else None


def items(data: dict[str, Any], section: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The mappings in a list of the file, with their places."""
    entries = data.get(section)
    for index, item in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(item, dict):
            yield (section, index), item


def _ids(data: dict[str, Any], section: str) -> list[str]:
    return [item["id"] for _, item in items(data, section) if isinstance(item.get("id"), str)]


def _members(path: Path, group: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    given = group.get("members")
    for index, member in enumerate(given if isinstance(given, list) else []):
        place: Path = (*path, "members", index)
        yield ((*place, "agent"), member.get("agent")) if isinstance(member, dict) else (place, member)


def twice(document: Document, values: Iterable[tuple[Path, Any]]) -> Iterator[Finding]:
    """`values`: what must be there once, each with its place."""
    first: dict[str, Path] = {}
    for place, value in values:
        if not isinstance(value, str):
            continue
        if value in first:
            line, other = document.line(first[value]), dotted(first[value])
            shown = "the same token" if place[-1] == "token_hash" else f'"{value}"'
            yield place, f"{shown} is already in line {line} ({other})", "each must be different"
        else:
            first[value] = place


def _unknown(path: Path, name: Any, known: list[str], kind: str) -> Iterator[Finding]:
    if isinstance(name, str) and name not in known:
        allowed = closest(name, known) or (f"one of the {kind}s' ids" if known else f"there are no {kind}s")
        yield path, f'there is no {kind} "{name}"', allowed


def _dialled(path: Path, written: Any, group: Any, data: dict[str, Any]) -> Iterator[Finding]:
    """Whether the agents of its group may dial it, by their own rules where they have some."""
    if not isinstance(written, str):
        return
    try:
        number = to_e164(written, region_of(data))
    except ValueError:
        return  # said by the field itself
    numbers, where = data.get("numbers"), "numbers"
    for place, section in items(data, "groups"):
        if section.get("id") == group and section.get("numbers") is not None:
            numbers, where = section["numbers"], dotted((*place, "numbers"))
    allow, deny = ([p for p in _list(numbers, key) if isinstance(p, str)] for key in ("allow", "deny"))
    for prefix in deny:
        if number.startswith(prefix):
            yield path, f"{number} may not be dialled, {where}.deny has {prefix}", "remove the preset or the prefix"
            return
    if not any(number.startswith(prefix) for prefix in allow):
        yield path, f"{number} may not be dialled, {where}.allow does not have it", "add its prefix there"


def _list(section: Any, key: str) -> list[Any]:
    given = section.get(key) if isinstance(section, dict) else None
    return given if isinstance(given, list) else []


def _same_login(data: dict[str, Any]) -> Iterator[Finding]:
    pbx = data.get("pbx")
    users = [login.get("username") for key in ("events", "actions") if isinstance(login := get(pbx, key), dict)]
    if len(users) == 2 and isinstance(users[0], str) and users[0] == users[1]:
        yield (
            ("pbx", "actions", "username"),
            f'"{users[1]}" is the events user too',
            "two users, so that the one that acts need not listen and the one that listens cannot act",
        )


def get(section: Any, key: str) -> Any:
    """The value, or None where it is not there or this is no mapping."""
    return section.get(key) if isinstance(section, dict) else None

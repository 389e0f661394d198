"""What must fit together for the agents' page: its phones, and the CRM in a frame.

Works on the plain data, as `references` does.
"""

from collections.abc import Iterator
from typing import Any

from callbridge.config import urls
from callbridge.config.errors import Path
from callbridge.config.references import Finding, get, items, twice
from callbridge.config.yaml_lines import Document


def check_page(document: Document) -> Iterator[Finding]:
    data = document.data if isinstance(document.data, dict) else {}
    yield from _phones(data)
    yield from _ice_servers(data)
    yield from _frames(data)
    yield from twice(document, _reasons(data))


def _phones(data: dict[str, Any]) -> Iterator[Finding]:
    if get(data.get("webphone"), "url") is not None:
        return
    for path, agent in items(data, "agents"):
        if agent.get("webphone") is not None:
            what = "there is no webphone.url at the top of the file, so this phone cannot reach the PBX"
            yield (*path, "webphone"), what, "add webphone: {url: wss://pbx.example.com:8089/ws} there, or remove this"


def _ice_servers(data: dict[str, Any]) -> Iterator[Finding]:
    webphone = data.get("webphone")
    for path, server in items(webphone if isinstance(webphone, dict) else {}, "ice_servers"):
        given = server.get("urls")
        turn = any(isinstance(url, str) and urls.is_turn(url) for url in (given if isinstance(given, list) else []))
        named = [key for key in ("username", "credential") if server.get(key) is not None]
        place: Path = ("webphone", *path)
        if turn and len(named) < 2:
            yield place, "has a TURN server without username and credential", "browsers refuse that; give both"
        elif named and not turn:
            yield place, f"has {' and '.join(named)}, which no STUN server asks for", "leave them out"


def _reasons(data: dict[str, Any]) -> Iterator[tuple[Path, Any]]:
    given = get(data.get("options"), "not_ready_reasons")
    for index, reason in enumerate(given if isinstance(given, list) else []):
        place: Path = ("options", "not_ready_reasons", index)
        yield ((*place, "id"), reason.get("id")) if isinstance(reason, dict) else (place, reason)


def _frames(data: dict[str, Any]) -> Iterator[Finding]:
    """With `crm_frame` each CRM link must be one that may stand in the agents' page."""
    if get(data.get("options"), "crm_frame") is not True:
        return
    sections: list[tuple[Path, Any]] = [(("options",), data.get("options")), *items(data, "groups")]
    links = [((*path, "crm_url"), url) for path, section in sections if (url := get(section, "crm_url")) is not None]
    if not links:
        yield ("options", "crm_frame"), "there is no crm_url to show in the frame", "add one, or remove crm_frame"
    for path, url in links:
        try:
            urls.frame_origin(str(url))
        except ValueError as error:
            yield path, str(error), ""

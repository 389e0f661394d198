"""Addresses in the configuration: what each kind may be, and the sentence that says why not.

Every function takes the text and gives it back, or raises ValueError with a sentence.
"""

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import SplitResult, urlsplit

from callbridge.domain.lifecycle.screen_pop import check_crm_template

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_HOST_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")
_ICE: Final = re.compile(
    r"(?P<scheme>stuns?|turns?):(?P<host>\[[0-9A-Fa-f:.]+\]|[^][:/?#@\s]+)(:(?P<port>[0-9]{1,5}))?"
    r"(?P<transport>\?transport=(udp|tcp))?"
)


def host(text: str) -> str:
    try:
        ip_address(text)
    except ValueError:
        labels = text.removesuffix(".").split(".")
        if len(text) > 253 or not all(_HOST_LABEL.fullmatch(label) for label in labels):
            raise ValueError(f"is {text!r}; a host name or an IP address, without scheme and port") from None
    return text


def is_loopback(name: str) -> bool:
    """Whether the host is this machine, by its name or address alone."""
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def crm(template: str) -> str:
    """The template of a CRM link."""
    if CONTROL.search(template) or any(character.isspace() for character in template):
        raise ValueError("has a space or control character; write %20 for a space")
    check_crm_template(template)
    return template


def webhook(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is not a URL that begins with https:// and a host")
    host(parts.hostname)
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a name or password in it; receivers check the webhook's signature instead")
    if parts.fragment:
        raise ValueError("has a fragment (#...), which is never sent; leave it out")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("sends calls' data unencrypted; https, or http to this machine alone (127.0.0.1, ::1)")
    return url


def recording(url: str) -> str:
    if CONTROL.search(url) or any(character.isspace() for character in url):
        raise ValueError("has a space or control character; a URL has neither")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "{" in parts.netloc:
        raise ValueError("must begin with https:// and a host")
    if url.count("{file}") != 1 or url.count("{") != 1 or url.count("}") != 1:
        raise ValueError("must have {file} in it once, and no other braces")
    return url


def websocket(url: str) -> str:
    """Where phones in the page register: the PBX's WebSocket, as a browser reaches it."""
    parts = _split(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError("is not a URL that begins with wss:// and a host; such as wss://pbx.example.com:8089/ws")
    _page_host(parts.hostname)
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a name or password in it; each agent's own stand under agents, in webphone")
    if parts.fragment or "#" in url:
        raise ValueError("has a fragment (#...), which a WebSocket's address may not have; leave it out")
    if parts.scheme == "ws" and not is_loopback(parts.hostname):
        raise ValueError(
            "would sign in and say who calls whom unencrypted, and browsers refuse ws:// from a page that came by "
            "https; wss://, or ws:// to this machine alone (127.0.0.1, ::1)"
        )
    return url


def ice(url: str) -> str:
    """A STUN or TURN server, as browsers take it (RFC 7064, RFC 7065)."""
    match = _ICE.fullmatch(url)
    if match is None or int(match["port"] or 1) not in range(1, 65536):
        raise ValueError('is not a STUN or TURN server; such as "stun:stun.example" or "turn:turn.example:3478"')
    host(match["host"].strip("[]"))
    if match["transport"] and match["scheme"].startswith("stun"):
        raise ValueError("has a transport, which only turn: and turns: can have; leave ?transport= out")
    return url


def is_turn(url: str) -> bool:
    """Whether browsers want a name and a credential for it."""
    return url.startswith(("turn:", "turns:"))


def sip_host(url: str) -> str:
    """The host of a URL, as a SIP address has it: an IPv6 address in brackets."""
    return bracketed(urlsplit(url).hostname or "")


def bracketed(name: str) -> str:
    return f"[{name}]" if ":" in name else name


def frame_origin(template: str) -> str:
    """The origin of a CRM link that may be shown in a frame, as a Content-Security-Policy has it."""
    parts = _split(template)
    if "{" in parts.netloc:
        raise ValueError(
            "has a placeholder in its host, so a caller's data would choose whose page is put into the agents'; with "
            "options.crm_frame the host stands there as it is"
        )
    name = parts.hostname or ""
    _page_host(name)
    if parts.username is not None or parts.password is not None:
        raise ValueError("has a name or password in it, which browsers refuse in a frame; leave them out")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(name)):
        raise ValueError(
            "is not encrypted, and the agents' page shows only encrypted pages in itself; https, or http to this "
            "machine alone (127.0.0.1, localhost), or options.crm_frame: false"
        )
    return f"{parts.scheme}://{bracketed(name)}" + (f":{parts.port}" if parts.port is not None else "")


def _split(url: str) -> SplitResult:
    if CONTROL.search(url) or any(character.isspace() for character in url):
        raise ValueError("has a space or control character; a URL has neither")
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError for what is no port
    return parts


def _page_host(name: str) -> None:
    """A host that can stand in the policy which the agents' page is served with."""
    host(name)
    if "_" in name or "%" in name:
        raise ValueError(f"has the host {name!r}; for a browser a host name has letters, digits, dots and hyphens")

"""Serves the built page from memory: nothing but the bundle's own files can be asked for."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

DIST = Path(__file__).with_name("dist")
_INDEX = "index.html"
_COMPRESSED = frozenset({".html", ".js", ".css", ".svg", ".json"})
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
_NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>callbridge</title></head>
<body><h1>The agents' page has not been built yet</h1>
<p>Build it with <code>make page</code>, or with
<code>npm ci &amp;&amp; npm run build</code> in <code>src/callbridge/desktop/page</code>, and load this page again.
The API is served without it.</p></body></html>
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class PageSettings:
    """What the page may reach beside the gateway."""

    phone_url: str | None = None
    """The PBX's WebSocket for phones in the page, `wss://pbx.example:8089/ws`; None: there are none."""
    frame_origins: tuple[str, ...] = ()
    """Origins whose pages may be shown in a frame, such as `https://crm.example`."""

    def __post_init__(self) -> None:
        for address in (self.phone_url, *self.frame_origins):
            if address is not None:
                _origin(address)

    def policy(self) -> str:
        """The page's Content-Security-Policy."""
        connect = ["'self'", *([_origin(self.phone_url)] if self.phone_url else [])]
        frames = [_origin(origin) for origin in self.frame_origins] or ["'none'"]
        return "; ".join(
            (
                "default-src 'none'",
                "script-src 'self'",
                "style-src 'self'",
                "img-src 'self' data:",
                "font-src 'self'",
                f"connect-src {' '.join(connect)}",
                "media-src 'self' blob:",
                f"frame-src {' '.join(frames)}",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    body: bytes
    compressed: bytes | None
    """gzip, where that is smaller."""
    content_type: str
    etag: str


class Page:
    """Handlers for `/` and `/assets/{name}`. A bundle that is built anew is taken with the next request for `/`."""

    def __init__(self, settings: PageSettings, dist: Path = DIST) -> None:
        self._dist = dist
        self._headers = {
            "Content-Security-Policy": settings.policy(),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "microphone=(self), camera=(), geolocation=(), display-capture=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }
        self._read_at: int | None = None
        self._index: _File | None = None
        self._assets: dict[str, _File] = {}

    async def index(self, request: web.Request) -> web.StreamResponse:
        self._read()
        if self._index is None:
            headers = {**self._headers, "Cache-Control": "no-store", "Retry-After": "10"}
            return web.Response(status=503, text=_NOT_BUILT, content_type="text/html", headers=headers)
        return self._answer(request, self._index, "no-cache")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        """Names carry a hash of the content, so whoever has one has it for ever."""
        if self._read_at is None:
            self._read()
        file = self._assets.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound
        return self._answer(request, file, "public, max-age=31536000, immutable")

    def _answer(self, request: web.Request, file: _File, caching: str) -> web.Response:
        etag = f'"{file.etag}"'
        headers = {**self._headers, "Cache-Control": caching, "ETag": etag, "Vary": "Accept-Encoding"}
        if any(given.value in (file.etag, "*") for given in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = file.body
        if file.compressed is not None and "gzip" in request.headers.get("Accept-Encoding", "").lower():
            headers["Content-Encoding"], body = "gzip", file.compressed
        return web.Response(body=body, headers={**headers, "Content-Type": file.content_type})

    def _read(self) -> None:
        """Everything into memory where it is new: some hundred kilobytes, read once after each build."""
        try:
            found = (self._dist / _INDEX).stat().st_mtime_ns
        except OSError:
            self._read_at, self._index, self._assets = None, None, {}
            return
        if found == self._read_at:
            return
        assets = self._dist / "assets"
        self._assets = (
            {path.name: _file(path) for path in assets.iterdir() if path.is_file()} if assets.is_dir() else {}
        )
        self._index = _file(self._dist / _INDEX)
        self._read_at = found


def _file(path: Path) -> _File:
    body = path.read_bytes()
    compressed = gzip.compress(body, mtime=0) if path.suffix in _COMPRESSED else None
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(
        body=body,
        compressed=compressed if compressed is not None and len(compressed) < len(body) else None,
        content_type=f"{kind}; charset=utf-8" if kind.startswith("text/") else kind,
        etag=hashlib.sha256(body).hexdigest()[:32],
    )


def _origin(address: str) -> str:
    """Scheme, host and port of an address, as a policy names it. Raises ValueError where it is none."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme not in ("ws", "wss", "http", "https") or not host:
        raise ValueError(f"{address!r} is not an address such as wss://pbx.example:8089/ws or https://crm.example")
    # What could end a directive, or is more than one source, never gets into the policy.
    if not all(character.isascii() and (character.isalnum() or character in ".-:") for character in host):
        raise ValueError(f"the host of {address!r} has a character that no host has")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{parts.port}" if parts.port else "")

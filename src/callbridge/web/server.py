"""Serving the application: bounded, and without noise for what strangers send."""

import asyncio
import logging

from aiohttp import web

from callbridge.web.door import Doors
from callbridge.web.settings import WebSettings

_DRAIN = 3.0
_LINGER = 5.0
"""Seconds in which the rest of a body is still taken, and thrown away, that nobody asked for."""


async def start_server(app: web.Application, settings: WebSettings, *, drain: float = _DRAIN) -> web.AppRunner:
    """Listens on the host and port of the settings; `runner.addresses` says where, `runner.cleanup()` ends it.

    `drain`: seconds that open requests have to finish then. Raises OSError where the port cannot be had.
    """
    quiet = logging.getLogger("callbridge.web.aiohttp")
    # aiohttp logs every malformed request with a traceback; the middleware logs what is ours.
    quiet.setLevel(logging.CRITICAL)
    idle = settings.limits.idle
    # `keepalive_timeout` is also what a connection has for its first request, and a request for its head.
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=quiet,
        shutdown_timeout=drain,
        keepalive_timeout=idle,
        lingering_time=min(_LINGER, settings.limits.body_time),
    )
    await runner.setup()
    try:
        await _Site(runner, settings).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner


class _Site(web.BaseSite):
    """Like TCPSite, with the doors before the server."""

    def __init__(self, runner: web.AppRunner, settings: WebSettings) -> None:
        super().__init__(runner)
        self._settings = settings

    @property
    def name(self) -> str:
        return f"http://{self._settings.host}:{self._settings.port}"

    async def start(self) -> None:
        await super().start()
        settings, server = self._settings, self._runner.server
        assert server is not None
        self._server = await asyncio.get_running_loop().create_server(
            Doors(server, settings.limits, settings.trusted_proxies),
            settings.host,
            settings.port,
            backlog=self._backlog,
            reuse_address=True,
        )

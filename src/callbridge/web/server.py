"""Serving the application: bounded, and without noise for what strangers send."""

import logging

from aiohttp import web

from callbridge.web.settings import WebSettings

_DRAIN = 3.0


async def start_server(app: web.Application, settings: WebSettings, *, drain: float = _DRAIN) -> web.AppRunner:
    """Listens on the host and port of the settings; `runner.addresses` says where, `runner.cleanup()` ends it.

    `drain`: seconds that open requests have to finish then. Raises OSError where the port cannot be had.
    """
    quiet = logging.getLogger("callbridge.web.aiohttp")
    # aiohttp logs every malformed request with a traceback; the middleware logs what is ours.
    quiet.setLevel(logging.CRITICAL)
    runner = web.AppRunner(app, access_log=None, logger=quiet, shutdown_timeout=drain)
    await runner.setup()
    try:
        await web.TCPSite(runner, settings.host, settings.port, reuse_address=True).start()
    except BaseException:
        await runner.cleanup()
        raise
    return runner

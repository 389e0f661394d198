"""The web application: put together here, run by whoever owns the loop."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import partial

import orjson
from aiohttp import web
from prometheus_client import generate_latest

from callbridge.desktop import Page
from callbridge.web.auth import Tokens
from callbridge.web.context import Services
from callbridge.web.directory import Directory
from callbridge.web.hub import Hub
from callbridge.web.metrics import Metrics
from callbridge.web.middleware import on_prepare, outermost
from callbridge.web.passwords import LoginLimiter, Passwords
from callbridge.web.pipeline import ROUTE, handler_of
from callbridge.web.ports import Archive, Gateway
from callbridge.web.routes import operation
from callbridge.web.routing import Access, Route
from callbridge.web.settings import WebSettings
from callbridge.web.stream import Streams
from callbridge.web.table import TABLE, document
from callbridge.web.today import Today

RawHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_PARAMETER = re.compile(r"\{(\w+)\}")

# Not in the API's table and document: for the log and the metrics.
_PAGE = Route(method="GET", path="/", name="getPage", tag="page", summary="The agents' page", access=Access.PUBLIC)
_ASSET = replace(_PAGE, path="/assets/{name}", name="getAsset", summary="What the page is made of")


def create_app(
    gateway: Gateway,
    archive: Archive,
    settings: WebSettings,
    *,
    hub: Hub | None = None,
    metrics: Metrics | None = None,
    clock: Callable[[], float] = time.time,
    not_ready: Callable[[], str | None] | None = None,
) -> web.Application:
    """The API and the agents' page.

    `hub`: the one that the runtime publishes to; `clock`: epoch seconds, the runtime's own.

    `not_ready` says in a sentence why calls cannot be served; without it, the PBX must be seen.
    """
    metrics = metrics or Metrics()
    hub = hub or create_hub(gateway, settings, metrics=metrics, clock=clock)
    hub.configure(settings)  # a hub outlives the application when the settings change
    passwords = Passwords(settings)
    services = Services(
        gateway=gateway,
        archive=archive,
        settings=settings,
        tokens=Tokens(settings, clock, hub.revoked),
        passwords=passwords,
        limiter=LoginLimiter(settings.limits, clock),
        directory=Directory(settings.region),
        metrics=metrics,
        clock=clock,
        not_ready=not_ready or partial(_pbx_not_seen, gateway),
        logged_out=hub.logged_out,
    )
    streams = Streams(hub, services, metrics)
    today = Today(
        archive,
        settings.timezone,
        tell=hub.tell_today,
        watched=hub.is_watched,
        clock=clock,
        pause=settings.limits.statistics,
    )
    app = web.Application(middlewares=[outermost(metrics, settings.cors_origins)], client_max_size=settings.limits.body)
    app.on_response_prepare.append(on_prepare(settings.cors_origins))
    own: dict[str, Callable[[Route, web.Request], Awaitable[web.StreamResponse]]] = {
        operation.EVENTS: streams.events,
        operation.WEBSOCKET: streams.websocket,
        operation.METRICS: partial(_metrics, metrics),
        operation.DOCUMENT: _document,
    }
    for route in TABLE:
        handler = partial(own[route.name], route) if route.handler is None else handler_of(route, services)
        app.router.add_route(route.method, _PARAMETER.sub(r"{\1:[^{}/:]+}", route.path), handler)

    served = Page(settings.page)
    app.router.add_get(_PAGE.path, _as(_PAGE, served.index))
    app.router.add_get(_ASSET.path, _as(_ASSET, served.asset))

    async def end_streams(_: web.Application) -> None:
        hub.close()

    async def counting(_: web.Application) -> AsyncIterator[None]:
        hub.counting = today
        task = asyncio.create_task(today.run(), name="statistics")
        yield
        if hub.counting is today:
            hub.counting = None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def resources(_: web.Application) -> AsyncIterator[None]:
        yield
        passwords.close()

    app.on_shutdown.append(end_streams)
    app.cleanup_ctx.append(counting)
    app.cleanup_ctx.append(resources)
    return app


def create_hub(
    gateway: Gateway,
    settings: WebSettings,
    *,
    metrics: Metrics | None = None,
    clock: Callable[[], float] = time.time,
) -> Hub:
    return Hub(
        lambda: gateway.world,
        settings,
        clock=clock,
        metrics=metrics,
    )


def _pbx_not_seen(gateway: Gateway) -> str | None:
    return None if gateway.world.pbx_up else "The PBX has not been seen yet, or is not reachable."


def _as(route: Route, handler: RawHandler) -> RawHandler:
    async def handle(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        return await handler(request)

    return handle


async def _metrics(metrics: Metrics, route: Route, request: web.Request) -> web.StreamResponse:
    request[ROUTE] = route
    return web.Response(body=generate_latest(metrics.registry), content_type="text/plain", charset="utf-8")


async def _document(route: Route, request: web.Request) -> web.StreamResponse:
    request[ROUTE] = route
    return web.Response(body=orjson.dumps(document()), content_type="application/json")

"""Put together here: configuration, store, engine, loop, PBX and HTTP, started and stopped in order.

Start: the store, then the loop, then HTTP (`/readyz` says no until the PBX is seen), then the link. Stop: the
link first, so that nothing new comes in, then HTTP, the loop and the store. Callers do not notice a stop: they
go on talking or waiting, and the dialplan has them if the gateway does not come back within the lease.
"""

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from aiohttp import web
from prometheus_client import CollectorRegistry

from callbridge.ami.decode import WANTED
from callbridge.ami.link import Link
from callbridge.config import Config, ConfigError, load_config
from callbridge.domain.engine import Engine
from callbridge.domain.model.signals import Configured
from callbridge.logs import set_up_logs
from callbridge.observe import GatewayMetrics
from callbridge.runtime import Pbx, Runtime
from callbridge.runtime.metrics import LoopMetrics
from callbridge.store import StoreError
from callbridge.web import Hub, Metrics, WebSettings, create_app, create_hub, start_server
from callbridge.web.webhook_sender import WebhookSender
from callbridge.wiring import Archive, Hooks, ami_session, web_settings

_log = structlog.get_logger(__name__)

_TURN_LIMIT = 10.0
"""Seconds without a turn of the loop after which the gateway no longer vouches for its callers."""
_PRUNE_EVERY = 3600.0
_IDEMPOTENCY_KEPT = 24 * 3600.0
_DAY = 24 * 3600.0
_DRAIN = 3.0
"""Seconds that HTTP requests under way may take when the gateway stops."""
_LISTEN_AGAIN, _LISTEN_PAUSE = 10, 0.5
"""Attempts, and the seconds between them, to have the address again that the gateway had a moment ago."""


def main(path: Path) -> int:
    """`callbridge run`. Raises ConfigError; 0 after an orderly stop, 1 where the store cannot be opened."""
    config = load_config(path)
    set_up_logs(config.log.format, config.log.level)
    try:
        asyncio.run(_run(config, path))
    except StoreError as error:
        print(f"callbridge: the store cannot be used: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except CannotListen as error:
        print(f"callbridge: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


class CannotListen(OSError):
    """The address of the HTTP API cannot be had."""


async def _run(config: Config, path: Path) -> None:
    """Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again."""
    loop = asyncio.get_running_loop()
    stop, reload = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload.set)
    async with running(config) as gateway:
        stopping = asyncio.ensure_future(stop.wait())
        while not stopping.done():
            reloading = asyncio.ensure_future(reload.wait())
            await asyncio.wait((stopping, reloading, gateway.failed), return_when=asyncio.FIRST_COMPLETED)
            reloading.cancel()
            if gateway.failed.done():
                stopping.cancel()
                gateway.failed.result()
            if reload.is_set():
                reload.clear()
                await gateway.reload(path)


@contextlib.asynccontextmanager
async def running(config: Config) -> AsyncIterator["Gateway"]:
    """A gateway that is started, and stopped at the end. Raises StoreError and CannotListen."""
    gateway = Gateway(config)
    try:
        await gateway.start()
        yield gateway
    finally:
        await gateway.stop()


class Gateway:
    """One process's callbridge."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.registry = CollectorRegistry()
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done, with the exception, when a part that must not end has ended."""
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._site: web.AppRunner | None = None
        self._store: Archive | None = None

    # ------------------------------------------------------------ start and stop

    async def start(self) -> None:
        config = self.config
        self._store = store = await Archive.open(config.store.engine_url())
        calls, agents = await store.load()
        engine = Engine(config.to_settings(), calls=calls, agents=agents)
        self.web_settings = web_settings(config)
        self.metrics = Metrics(self.registry)
        self._hooks = Hooks(lambda: engine.world, self.web_settings.webhooks)
        self.runtime = Runtime(engine, store=store, outbox=self._hooks, metrics=LoopMetrics(self.registry))
        self.hub: Hub = create_hub(self.runtime, self.web_settings, metrics=self.metrics)
        self.pbx = Pbx(
            put=self.runtime.put,
            alive=lambda: self.runtime.decides(_TURN_LIMIT),
            phones=lambda: {agent.phone for agent in engine.world.settings.agents.values()},
            channels=engine.world.channels_believed,
            lease=float(config.pbx.lease),
            music_class=config.pbx.music_class,
        )
        self.runtime.attach(actor=self.pbx, publisher=self.hub)
        self.link = Link(
            events=ami_session(config, config.pbx.events),
            actions=ami_session(config, config.pbx.actions),
            wanted=WANTED,
            on_event=self.pbx.on_event,
            on_up=self.pbx.on_up,
            on_down=self.pbx.on_down,
            on_silent=self.pbx.on_silent,
            on_speaks=self.pbx.on_speaks,
            on_unread=self.pbx.on_unread,
        )
        self.pbx.attach(self.link)
        GatewayMetrics(self.registry, self.runtime, self.link, self.pbx)
        self._spawn("loop", self.runtime.run())
        self._spawn("pbx", self.pbx.run())
        self._spawn("housekeeping", self._housekeeping())
        await self._listen(self._application(self.web_settings), self.web_settings)
        self._start_hooks(self._sender(self.web_settings), self.web_settings)
        self._spawn("link", self.link.run())
        _log.info("started", calls=len(calls), http=self.url)

    async def stop(self) -> None:
        for name in ("link", "webhooks"):
            await self._end(name)
        await self._site_down()
        for name in ("housekeeping", "pbx", "loop"):
            await self._end(name)
        if self._store is not None:
            await self._store.close()
        _log.info("stopped")

    async def wait_ready(self, within: float = 30.0) -> None:
        """Until the PBX has been seen. Raises TimeoutError after so many seconds."""
        async with asyncio.timeout(within):
            await self.pbx.seen.wait()
            while not self.runtime.world.pbx_up:  # noqa: ASYNC110
                await asyncio.sleep(0)  # its signal is in the inbox; one of the next turns has it

    @property
    def url(self) -> str:
        """Where the API is; with the port that was really taken where 0 was configured."""
        addresses = self._site.addresses if self._site is not None else []
        host, port = addresses[0][:2] if addresses else (self.config.http.host, self.config.http.port)
        return f"http://[{host}]:{port}" if ":" in str(host) else f"http://{host}:{port}"

    async def reload(self, path: Path) -> bool:
        """Reads the configuration again. A wrong one changes nothing. PBX, store, host and port need a restart.

        Raises CannotListen where neither the new nor the old settings can be served any more; nothing else.
        """
        try:
            config = self._with_what_stays(await asyncio.to_thread(load_config, path))
            decisions, settings = config.to_settings(), web_settings(config)
            if settings != self.web_settings:
                await self._serve_anew(settings)
        except ConfigError as error:
            _log.error("reload_refused", problems=str(error).splitlines())
            return False
        except CannotListen:
            raise
        except Exception:
            _log.exception("reload_failed")
            return False
        self.config = config
        self.runtime.put(Configured(settings=decisions))
        self.link.retry_now()
        _log.info("reloaded")
        return True

    # ------------------------------------------------------------ parts

    def _with_what_stays(self, config: Config) -> Config:
        """The new configuration, with the old one's values where a change needs a restart."""
        old = self.config
        listening = {"host": old.http.host, "port": old.http.port}
        kept = {"pbx": old.pbx, "store": old.store, "http": config.http.model_copy(update=listening)}
        changed = [name for name in ("pbx", "store") if getattr(config, name) != kept[name]]
        changed += [f"http.{name}" for name, value in listening.items() if getattr(config.http, name) != value]
        if changed:
            _log.warning("reload_needs_restart", changed=changed, why="a change here needs a restart")
        return config.model_copy(update=kept)

    async def _serve_anew(self, settings: WebSettings) -> None:
        """With other settings; where that fails with the old ones again, and the exception is raised."""
        old = self.web_settings
        try:
            # What cannot be made is found out before anything is taken down.
            app, sender = self._application(settings), self._sender(settings)
        except Exception:
            self.hub.configure(old)
            raise
        await self._end("webhooks")
        try:
            await self._site_down()
            await self._listen(app, settings)
        except Exception as error:
            _log.error("new_settings_not_served", error=repr(error))
            await self._site_down()
            await self._listen(self._application(old), old, attempts=_LISTEN_AGAIN)
            self._start_hooks(self._sender(old), old)
            raise RuntimeError("the new settings cannot be served, the old ones are") from error
        self.web_settings = settings
        self._start_hooks(sender, settings)

    async def _site_down(self) -> None:
        site, self._site = self._site, None
        if site is not None:
            await site.cleanup()

    async def _listen(self, app: web.Application, settings: WebSettings, *, attempts: int = 1) -> None:
        """Raises CannotListen."""
        while self._site is None:
            attempts -= 1
            try:
                self._site = await start_server(app, settings, drain=_DRAIN)
            except OSError as error:
                if attempts <= 0:
                    raise CannotListen(f"{settings.host}:{settings.port} cannot be used: {error}") from error
                await asyncio.sleep(_LISTEN_PAUSE)
                app = self._application(settings)  # an application is served once

    def _application(self, settings: WebSettings) -> web.Application:
        assert self._store is not None
        return create_app(
            self.runtime,
            self._store,
            settings,
            hub=self.hub,
            metrics=self.metrics,
            not_ready=self._not_ready,
        )

    def _sender(self, settings: WebSettings) -> WebhookSender:
        assert self._store is not None
        return WebhookSender(self._store, settings.webhooks, settings.limits, clock=time.time, metrics=self.metrics)

    def _start_hooks(self, sender: WebhookSender, settings: WebSettings) -> None:
        self._hooks.webhooks, self._hooks.sender = settings.webhooks, sender
        self._spawn("webhooks", sender.run())

    def _not_ready(self) -> str | None:
        if self.link.state.phase == "refused":
            return f"The PBX refuses the login: {self.link.state.reason}"
        if self.pbx.trouble is not None:
            return self.pbx.trouble
        if not self.runtime.world.pbx_up:
            return "The PBX has not been seen yet, or is not reachable."
        if not self._alive():
            return "The gateway does not keep up; its store may be slow or full."
        return None

    def _alive(self) -> bool:
        return time.time() - self.runtime.turned_at < _TURN_LIMIT

    async def _housekeeping(self) -> None:
        assert self._store is not None
        while True:
            now = time.time()
            try:
                await self._store.prune(now - self.config.store.keep_days * _DAY)
                await self._store.idempotency_forget(now - _IDEMPOTENCY_KEPT)
            except StoreError as error:
                _log.warning("not_pruned", reason=str(error))
            await asyncio.sleep(_PRUNE_EVERY)

    def _spawn(self, name: str, work: "asyncio._CoroutineLike[None]") -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks[name] = task
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """None of the parts ends by itself: one that does takes the process with it, and the supervisor restarts it."""
        if task.cancelled() or self.failed.done():
            return
        error = task.exception() or RuntimeError("ended by itself")
        _log.critical("part_ended", part=task.get_name(), error=repr(error))
        self.failed.set_exception(error)

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

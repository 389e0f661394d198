"""The API on the real loop, engine and store; only the PBX is played: facts go in, orders come to nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from web_fakes import PASSWORD, web_settings
from web_samples import settings

from callbridge.domain.engine import Engine
from callbridge.domain.model.facts import ChannelFact, ChannelVariables
from callbridge.domain.model.ids import BridgeId, ChannelId
from callbridge.runtime import Runtime
from callbridge.web import Limits, create_app, create_hub, start_server
from callbridge.wiring import Archive


class NoPbx:
    def act(self, effects: Any) -> None:
        pass


class Story:
    def __init__(self, url: str, http: ClientSession, runtime: Runtime) -> None:
        self.url, self.http, self.runtime = url, http, runtime
        self.tokens: dict[str, str] = {}

    async def ask(self, method: str, path: str, who: str | None = None, status: int = 200, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        headers |= more.pop("headers", {})
        async with self.http.request(method, self.url + path, headers=headers, **more) as answer:
            found = await answer.json(content_type=None) if answer.status != 204 else None
            assert answer.status == status, found
            return found

    async def until(self, path: str, who: str, fits: Callable[[Any], bool]) -> Any:
        """The answer, once it fits: facts are handled a moment after they come."""
        found = None
        for _ in range(300):
            found = await self.ask("GET", path, who)
            if fits(found):
                return found
            await asyncio.sleep(0.01)
        raise AssertionError(f"not in time: {found}")

    async def log_in(self, agent: str) -> None:
        session = await self.ask("POST", "/v1/login", json={"agent": agent, "password": PASSWORD})
        self.tokens[agent] = session["token"]
        await self.ask("PUT", "/v1/me/state", agent, json={"state": "available"})


@contextlib.asynccontextmanager
async def telling(tmp_path: Path) -> AsyncIterator[Story]:
    store = await Archive.open(f"sqlite+aiosqlite:///{tmp_path}/calls.db")
    runtime = Runtime(Engine(settings()), store=store)
    configured = web_settings(limits=Limits(batch=0.02, statistics=0.05))
    hub = create_hub(runtime, configured)
    runtime.attach(actor=NoPbx(), publisher=hub)
    loop = asyncio.create_task(runtime.run())
    runner = await start_server(create_app(runtime, store, configured, hub=hub), configured, drain=0.1)
    async with ClientSession() as http:
        yield Story(f"http://127.0.0.1:{runner.addresses[0][1]}", http, runtime)
    await runner.cleanup()
    loop.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await loop
    await store.close()


def arrival() -> ChannelFact:
    return ChannelFact(
        channel=ChannelId("1800000000.1"),
        name="PJSIP/carrier-1",
        answered=True,
        ringing=False,
        caller_number="+491701234567",
        caller_name="Zoë",
        bridge=BridgeId("music"),
        holding=True,
        variables=ChannelVariables(role="caller", call="1800000000.1", group="windows", called="+4930555", data="k=v"),
    )

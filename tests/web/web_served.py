"""An application on a loopback port, as tests use it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientResponse, ClientSession
from web_fakes import FakeArchive, FakeGateway
from web_samples import (
    ANNA,
    NOW,
)

from callbridge.domain.model.calls import Call
from callbridge.domain.model.ids import AgentId
from callbridge.web import Hub, WebSettings
from callbridge.web.auth import Tokens


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Served:
    """What a test has at hand."""

    url: str
    gateway: FakeGateway
    archive: FakeArchive
    hub: Hub
    settings: WebSettings
    clock: Clock
    http: ClientSession

    def token(self, agent: AgentId = ANNA) -> str:
        return Tokens(self.settings, self.clock).issue(agent)[0]

    def headers(self, who: str = ANNA) -> dict[str, str]:
        """`who`: an agent, or a service's whole token."""
        token = self.token(AgentId(who)) if who in self.settings.agents else who
        return {"Authorization": f"Bearer {token}"}

    async def ask(self, method: str, path: str, who: str | None = ANNA, **more: Any) -> tuple[int, Any, ClientResponse]:
        headers = {**(self.headers(who) if who else {}), **more.pop("headers", {})}
        async with self.http.request(method, self.url + path, headers=headers, **more) as answer:
            raw = await answer.read()
            is_json = answer.content_type.endswith("json")
            return answer.status, await answer.json(content_type=None) if raw and is_json else raw, answer

    def put(self, call: Call) -> None:
        self.gateway.world.calls[call.id] = call


Serve = Callable[..., Awaitable[Served]]

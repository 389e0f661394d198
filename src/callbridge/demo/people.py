"""Those who use the gateway over HTTP: an agent with a stream of events, and a CRM with a service token."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import orjson

Event = Mapping[str, Any]
"""An event of the stream: `id`, `type` and `data`."""


class ApiError(Exception):
    """The API said no. `code` is stable, `problem` the whole RFC 9457 document."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(f"{status} {problem.get('code')}: {problem.get('detail')}")
        self.status = status
        self.code = problem.get("code")
        self.problem = problem


class Program:
    """Any client with a token."""

    def __init__(self, http: aiohttp.ClientSession, token: str = "") -> None:
        self._http = http
        self.token = token

    async def call(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        """The answer's JSON. Raises ApiError for 4xx and 5xx, aiohttp.ClientError where no answer can be had."""
        if self._http.closed:
            raise aiohttp.ClientConnectionError("the HTTP session is closed")
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        async with self._http.request(method, path, json=body, headers=headers) as answer:
            text = await answer.read()
            data = orjson.loads(text) if text else None
            if answer.status >= 400:
                raise ApiError(answer.status, data or {})
            return data

    async def get(self, path: str) -> Any:
        return await self.call("GET", path)

    async def post(self, path: str, body: object = None, **headers: str) -> Any:
        return await self.call("POST", path, {} if body is None else body, **headers)


class Person(Program):
    """An agent. What the stream brings is kept in `events`, and can be waited for."""

    def __init__(self, http: aiohttp.ClientSession, name: str, password: str) -> None:
        super().__init__(http)
        self.name = name
        self.password = password
        self.events: list[Event] = []
        self._came = asyncio.Event()
        self._stream: asyncio.Task[None] | None = None
        self._open = asyncio.Event()

    # ------------------------------------------------------------ at work

    async def log_in(self) -> None:
        """Gets a token and opens the stream; returns once the snapshot is there."""
        answer = await self.post("/v1/login", {"agent": self.name, "password": self.password})
        self.token = answer["token"]
        await self.watch()

    async def watch(self) -> None:
        """Opens the stream (again)."""
        await self._close()
        self._open.clear()
        self._stream = asyncio.create_task(self._read(), name=f"stream of {self.name}")
        async with asyncio.timeout(10):
            await self._open.wait()

    async def _read(self) -> None:
        """Follows the WebSocket, and comes back with the last id when it is cut; until the HTTP session is closed."""
        last = ""
        while not self._http.closed:
            try:
                headers = {"Authorization": f"Bearer {self.token}"}
                path = f"/v1/ws?last_event_id={last}" if last else "/v1/ws"
                async with self._http.ws_connect(path, headers=headers, protocols=["callbridge.v1"]) as socket:
                    async for message in socket:
                        event = orjson.loads(message.data)
                        last = event.get("id", last)
                        self.events.append(event)
                        self._came.set()
                        self._open.set()
            except aiohttp.ClientError:
                pass
            finally:
                self._open.clear()
            await asyncio.sleep(0.1)

    async def is_back(self, within: float = 10) -> None:
        """Returns once the stream, if there is one, is open and has brought something.

        Raises:
            TimeoutError: it has not come back within so many seconds.
        """
        if self._stream is not None:
            async with asyncio.timeout(within):
                await self._open.wait()

    async def leave(self) -> None:
        await self._close()
        if self.token:
            with contextlib.suppress(ApiError, aiohttp.ClientError):
                await self.post("/v1/logout")
            self.token = ""

    async def more(self, than: int) -> None:
        """Waits until there are more events than so many."""
        while len(self.events) <= than:
            self._came.clear()
            await self._came.wait()

    async def stop_watching(self) -> None:
        """Closes the stream; whoever it is stays logged in."""
        await self._close()

    async def _close(self) -> None:
        if self._stream is not None:
            self._stream.cancel()
            await asyncio.gather(self._stream, return_exceptions=True)
            self._stream = None

    async def available(self) -> None:
        await self.call("PUT", "/v1/me/state", {"state": "available"})

    async def busy(self, reason: str = "lunch") -> None:
        await self.call("PUT", "/v1/me/state", {"state": "busy", "reason": reason})

    async def state(self) -> str:
        return str((await self.get("/v1/me"))["state"])

    # ------------------------------------------------------------ events

    def mark(self) -> int:
        """Where the stream is now, to wait only for what comes after."""
        return len(self.events)

    async def event(
        self, kind: str, fits: Callable[[Any], bool] = lambda data: True, *, since: int = 0, within: float = 20.0
    ) -> Any:
        """The data of the first event of this type that fits. Raises AssertionError after `within` seconds."""
        at = since
        try:
            async with asyncio.timeout(within):
                while True:
                    while at < len(self.events):
                        event = self.events[at]
                        at += 1
                        if event["type"] == kind and fits(event["data"]):
                            return event["data"]
                    self._came.clear()
                    await self._came.wait()
        except TimeoutError:
            seen = [event["type"] for event in self.events[since:]]
            raise AssertionError(f"{self.name} got no {kind} within {within:g} s, only {seen}") from None

    async def becomes(self, state: str, *, since: int = 0, within: float = 20.0) -> Any:
        """Waits until the stream says that this agent is in this state."""
        return await self.event("agent", lambda data: data["state"] == state, since=since, within=within)

    async def offer(self, *, since: int = 0, within: float = 20.0) -> Any:
        """The next offer, with its preview."""
        return (await self.event("offer.made", since=since, within=within))["offer"]

    async def pop(self, *, since: int = 0, within: float = 20.0) -> Any:
        return (await self.event("pop", since=since, within=within))["pop"]

    # ------------------------------------------------------------ buttons

    async def accept(self, offer: str) -> Any:
        return await self.post(f"/v1/offers/{offer}:accept")

    async def reject(self, offer: str) -> Any:
        return await self.post(f"/v1/offers/{offer}:reject")

    async def transfer(self, call: str, kind: str, value: str, **more: str) -> Any:
        return await self.post(f"/v1/calls/{call}/transfers", {"destination": {"kind": kind, "value": value}, **more})

    async def hang_up(self, call: str) -> Any:
        return await self.post(f"/v1/calls/{call}:hangup")

    async def consult(self, call: str, kind: str, value: str, **more: Any) -> Any:
        """A supervised transfer; `deferred=True` waits for an agent who is not available."""
        destination = {"kind": kind, "value": value}
        return await self.post(f"/v1/calls/{call}/transfers", {"destination": destination, "supervised": True, **more})

    async def check(self, call: str, kind: str, value: str, *, supervised: bool = True, **more: Any) -> Any:
        """Whether the transfer would be allowed, whom it would reach, and why not the others."""
        body = {"destination": {"kind": kind, "value": value}, "supervised": supervised, **more}
        return await self.post(f"/v1/calls/{call}/transfers:check", body)

    async def alternate(self, transfer: str) -> Any:
        return await self.post(f"/v1/transfers/{transfer}:alternate")

    async def merge(self, transfer: str) -> Any:
        return await self.post(f"/v1/transfers/{transfer}:merge")

    async def complete(self, transfer: str) -> Any:
        return await self.post(f"/v1/transfers/{transfer}:complete")

    async def cancel(self, transfer: str) -> Any:
        return await self.post(f"/v1/transfers/{transfer}:cancel")

    async def leave_conference(self, transfer: str) -> Any:
        return await self.post(f"/v1/transfers/{transfer}:leave")

    async def hold(self, call: str) -> Any:
        return await self.post(f"/v1/calls/{call}:hold")

    async def resume(self, call: str) -> Any:
        return await self.post(f"/v1/calls/{call}:resume")

    async def fourth(self, call: str, number: str) -> Any:
        """Calls a fourth party; the answer is the party."""
        return await self.post(f"/v1/calls/{call}/parties", {"number": number})

    async def party(self, call: str, party: str, verb: str) -> Any:
        """`verb`: mute, unmute, hold, resume or drop; `party`: an id from `parties`, such as `caller`."""
        return await self.post(f"/v1/calls/{call}/parties/{party}:{verb}")

    async def parties(self, call: str) -> list[Any]:
        """Who takes part, each with whom they hear."""
        found: list[Any] = (await self.get(f"/v1/calls/{call}/parties"))["items"]
        return found

"""A link on a scripted server."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from scripted import WITHIN, Peer, ScriptedServer

from callbridge.ami.link import Backoff, Link, Message, SessionSettings

QUICK = Backoff(initial=0.01, maximum=0.05, stable_after=60.0, refused=60.0)


class Harness:
    """A link, its server, and what the link told the application, in the order in which it did."""

    def __init__(self, server: ScriptedServer) -> None:
        self.server = server
        self.heard: list[tuple[str, str]] = []
        self.messages: list[Message] = []
        self.wanted = {"Hangup", "Mark", "UserEvent"}
        self.backoff = QUICK
        self.settings: dict[str, Any] = {}
        self.secrets = {"events": "right", "actions": "right"}
        self.clock: Callable[[], float] = lambda: 1_000.0
        self.on_message: Callable[[Message], None] = lambda message: None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> Link:
        def login(role: str) -> SessionSettings:
            base = SessionSettings(
                host="127.0.0.1", port=self.server.port, username=role, secret=self.secrets[role], connect_timeout=2.0
            )
            return replace(base, **self.settings)

        self.link = Link(
            events=login("events"),
            actions=login("actions"),
            wanted=self.wanted,
            on_event=self._on_event,
            on_up=lambda: self._note("up", ""),
            on_down=lambda reason: self._note("down", reason),
            on_silent=lambda: self._note("silent", ""),
            on_speaks=lambda: self._note("speaks", ""),
            backoff=self.backoff,
            clock=self.clock,
        )
        self._task = asyncio.get_running_loop().create_task(self.link.run())
        self._task.add_done_callback(lambda _: self._changed.set())
        return self.link

    async def up(self) -> tuple[Link, Peer, Peer]:
        """A link that is up, with the server's ends of its sessions for events and actions."""
        link = self.start()
        events, actions = await self.peers()
        await self.until(lambda: link.state.up)
        return link, events, actions

    async def peers(self) -> tuple[Peer, Peer]:
        return await self.server.peer("events"), await self.server.peer("actions")

    async def stop(self) -> None:
        if self._task is not None and not self._task.done():
            self._task.cancel()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def until(self, reached: Callable[[], bool]) -> None:
        """Waits until it is so; it is looked at whenever the link calls back, and now and then."""
        async with asyncio.timeout(WITHIN):
            while not reached():
                assert self._task is None or not self._task.done(), "the link has ended"
                self._changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await self._changed.wait()

    async def marked(self, peer: Peer) -> None:
        """Everything that the events' session was sent so far has been handled."""
        before = len(self.named("Mark"))
        peer.send(b"Event: Mark\r\n\r\n")
        await self.until(lambda: len(self.named("Mark")) > before)

    def named(self, name: str) -> list[Message]:
        return [message for message in self.messages if message["Event"] == name]

    def told(self, what: str) -> list[str]:
        return [detail for kind, detail in self.heard if kind == what]

    def _on_event(self, message: Message) -> None:
        self.messages.append(message)
        self._note("event", str(message["Event"]))
        self.on_message(message)

    def _note(self, what: str, detail: str) -> None:
        self.heard.append((what, detail))
        self._changed.set()


async def answered(link: Link, peer: Peer) -> None:
    """A round trip, so that everything sent on the actions' session before has been handled."""
    asked = asyncio.ensure_future(link.action("CoreStatus"))
    peer.reply(await peer.expect("CoreStatus"))
    await asked

"""A gateway without HTTP on a scripted AMI server: link, loop, engine and an SQLite store, all real."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from runtime_fakes import WITHIN, FakePublisher, settings
from scripted import Action, Peer, ScriptedServer, encode

from callbridge.ami.decode import WANTED
from callbridge.ami.link import Backoff, Link, SessionSettings
from callbridge.domain.engine import Engine
from callbridge.domain.model.agents import Agent, Presence
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.effects import Reply
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.requests import LogIn, SetPresence
from callbridge.domain.model.settings import Options
from callbridge.domain.model.signals import Tick
from callbridge.runtime import Pbx, Runtime
from callbridge.store import Store

STAMP = "0123456789abcdef" * 2
HOLD, LEGS = "callbridge-hold", "callbridge-legs"
CALLER, CALL = "17.1", CallId("c-17-1")
LEG = f"{CALL}-leg-1"
_QUICK = Backoff(initial=0.01, maximum=0.05)
_ROUTINE = frozenset({"Getvar", "Status", "BridgeList", "DeviceStateList"})


class Gateway:
    """The orders on calls that reach the PBX wait in `orders`; all else is answered by itself."""

    def __init__(self, server: ScriptedServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.orders: asyncio.Queue[tuple[Peer, Action]] = asyncio.Queue()
        self.rows: list[dict[str, Any]] = []
        """Channels that a snapshot shows."""
        self.bridges: dict[str, str] = {"hold": HOLD, "legs": LEGS}
        """Ids of the bridges that a snapshot shows, with their names; an empty name: an ordinary one."""
        self.alive: set[str] = set()
        """Channels that are there when they are asked for, though a snapshot does not show them."""
        self.events: Peer
        self.logs: list[Any] = []
        self._tasks: list[asyncio.Task[Any]] = []
        self._ahead = 0.0

    async def __aenter__(self) -> "Gateway":
        options = Options(connect_timeout=300.0, wrap_up=0.0)
        self.store = await Store.open(f"sqlite:///{self.folder / 'callbridge.db'}")
        calls, agents = await self.store.load()
        self.engine = Engine(settings(options), calls=calls, agents=agents)
        self.runtime = Runtime(self.engine, store=self.store, clock=self._now)
        believed = self.engine.world.channels_believed
        self.pbx = Pbx(put=self.runtime.put, alive=lambda: True, channels=believed, clock=self._now)
        self.publisher = FakePublisher([])
        self.runtime.attach(actor=self.pbx, publisher=self.publisher)
        login: dict[str, Any] = {"host": "127.0.0.1", "port": self.server.port, "secret": "right"}
        # A busy machine is neither silent nor dead.
        login |= {"silent_after": 60.0, "action_timeout": 60.0, "ping_interval": 60.0, "dead_after": 300.0}
        self.link = Link(
            events=SessionSettings(username="events", **login),
            actions=SessionSettings(username="actions", **login),
            wanted=WANTED,
            on_event=self.pbx.on_event,
            on_up=self.pbx.on_up,
            on_down=self.pbx.on_down,
            on_silent=self.pbx.on_silent,
            on_speaks=self.pbx.on_speaks,
            on_unread=self.pbx.on_unread,
            backoff=_QUICK,
        )
        self.pbx.attach(self.link)
        self._listening = structlog.testing.capture_logs()
        self.logs = self._listening.__enter__()
        for part in (self._serve(), self.runtime.run(), self.pbx.run(), self.link.run()):
            self._tasks.append(asyncio.get_running_loop().create_task(part))
        await self.until(lambda: self.engine.world.pbx_up)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in reversed(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._listening.__exit__(None, None, None)
        await self.store.close()

    # ------------------------------------------------------------ the PBX

    async def _serve(self) -> None:
        """Each life of the link: the routine is answered, orders are left to the test."""
        async with asyncio.TaskGroup() as serving:
            while True:
                self.events = await self.server._queue("events").get()
                actions = await self.server._queue("actions").get()
                serving.create_task(self._answer(actions))

    async def _answer(self, peer: Peer) -> None:
        while not peer.gone.is_set():
            action = await peer.next_action()
            name = action["Action"]
            if name == "Getvar" and action["Variable"] == "CHANNEL(uniqueid)":
                if action["Channel"] in self.alive:
                    peer.reply(action, Value=action["Channel"])
                else:
                    peer.refuse(action, "No such channel")
            elif name == "Getvar" and "Channel" in action:
                peer.reply(action, Value=row(action["Channel"])["Channel"])
            elif name == "Getvar":
                values = {"CALLBRIDGE_STAMP": STAMP, "EPOCH": "5000"}
                there = "1" if action["Variable"].startswith("DIALPLAN_EXISTS") else ""
                peer.reply(action, Value=values.get(action["Variable"], there))
            elif name == "Setvar" and "Channel" not in action:
                peer.reply(action)
            elif name == "Status":
                peer.reply(action, EventList="start")
                for shown in self.rows:
                    peer.send(message("Status", ActionID=action["ActionID"], **shown))
                self._complete(peer, action, "Status", len(self.rows))
            elif name == "BridgeList":
                rooms = [
                    {
                        "BridgeUniqueid": key,
                        "BridgeName": room,
                        "BridgeTechnology": "holding_bridge" if room else "simple_bridge",
                    }
                    for key, room in self.bridges.items()
                ]
                peer.reply_list(action, "BridgeListItem", *rooms)
            elif name == "DeviceStateList":
                peer.reply_list(action, "DeviceStateChange")
            else:
                self.orders.put_nowait((peer, action))

    def _complete(self, peer: Peer, action: Action, row: str, count: int) -> None:
        end = {"ActionID": action["ActionID"], "EventList": "Complete", "ListItems": str(count)}
        peer.send(encode([("Event", f"{row}Complete"), *end.items()]))

    async def order(self, name: str) -> tuple[Peer, Action]:
        """The next order, which must have this name; it is not answered yet."""
        peer, action = await self.any_order()
        assert action["Action"] == name, dict(action)
        return peer, action

    async def any_order(self) -> tuple[Peer, Action]:
        async with asyncio.timeout(WITHIN):
            return await self.orders.get()

    async def obeys(self, name: str) -> Action:
        peer, action = await self.order(name)
        peer.reply(action)
        return action

    def tell(self, name: str, channel: str, **headers: Any) -> None:
        """A genuine event of this channel."""
        self.events.send(message(name, **row(channel, **headers)))

    def enters(self, channel: str, bridge: str) -> None:
        name = self.bridges.setdefault(bridge, "")
        technology = "holding_bridge" if name else "simple_bridge"
        self.tell("BridgeEnter", channel, BridgeUniqueid=bridge, BridgeName=name, BridgeTechnology=technology)

    def ends(self, channel: str, cause: int = 16) -> None:
        self.tell("Hangup", channel, Cause=str(cause))

    def _now(self) -> float:
        return time.time() + self._ahead

    def unseen_for_too_long(self) -> None:
        """What was ordered and not seen to happen is due again. Else a busy machine has all the time that it needs."""
        self._ahead += self.engine.world.settings.options.connect_timeout
        self.runtime.put(Tick())

    # ------------------------------------------------------------ people and what became of it

    async def ready(self, *agents: str) -> None:
        for name in agents:
            await self.ask(LogIn(request=self.runtime.request_id(), agent=AgentId(name)))
            await self.ask(
                SetPresence(request=self.runtime.request_id(), agent=AgentId(name), presence=Presence.AVAILABLE)
            )

    async def ask(self, request: Any) -> Reply:
        async with asyncio.timeout(WITHIN):
            return await self.runtime.ask(request)

    async def talking(self) -> None:
        """The caller was offered to anna, who picked up; both are in one bridge."""
        await self.ready("anna")
        self.enters(CALLER, "hold")
        await self.obeys("Originate")
        self.tell("Newstate", LEG, ChannelState="5")
        self.tell("Newstate", LEG, ChannelState="6")
        self.enters(LEG, "legs")
        await self.obeys("Bridge")
        self.enters(CALLER, "b1")
        self.enters(LEG, "b1")
        assert (await self.obeys("Setvar"))["Value"] == "hangup"
        await self.state(CallState.TALKING)

    async def until(self, reached: Callable[[], bool]) -> None:
        """Looked at after each push, and now and then."""
        async with asyncio.timeout(WITHIN):
            while not reached():
                for task in self._tasks:
                    assert not task.done(), task
                self.publisher.came.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.01):
                        await self.publisher.came.wait()

    async def state(self, state: CallState) -> Call:
        await self.until(lambda: CALL in self.engine.world.calls and self.engine.world.calls[CALL].state is state)
        return self.engine.world.calls[CALL]

    def agent(self, name: str) -> Agent:
        return self.engine.world.agents[AgentId(name)]

    async def history(self, ending: str | None = None) -> list[str]:
        """What is stored of the call; `ending`: once this is its last entry. The engine is ahead of the store."""
        async with asyncio.timeout(WITHIN):
            while True:
                kinds = [entry.kind for entry in reversed((await self.store.history(call=CALL)).items)]
                if ending is None or kinds[-1:] == [ending]:
                    return kinds
                await asyncio.sleep(0.01)

    def soon_silent(self, seconds: float) -> None:
        """From now on the link is taken for silent when nothing is heard for so long."""
        for session in self.link._sessions:
            session._settings = replace(session._settings, silent_after=seconds)
            if session._listening is not None:
                session._listening.cancel()
                session._listening = None

    async def back(self, ups: int = 2) -> None:
        """The link is up again, and what the snapshot shows has been decided on."""
        await self.until(lambda: self.link.counters.ups == ups and self.pbx.seen.is_set())
        await self.ask(LogIn(request=self.runtime.request_id(), agent=AgentId("nobody")))
        assert self.engine.world.pbx_up

    async def nothing_more(self) -> None:
        """No order is under way: one that was given before now would have arrived."""
        await self.link.action("Getvar", {"Variable": "EPOCH"})
        assert self.orders.empty(), self.orders.get_nowait()[1]

    def anomalies(self) -> list[Mapping[str, Any]]:
        return [entry for entry in self.logs if entry["log_level"] in ("error", "critical")]


def row(channel: str, **more: Any) -> dict[str, Any]:
    """The headers and variables by which every genuine message shows this channel."""
    caller = channel == CALLER
    variables = {
        "CALLBRIDGE_ROLE": "caller" if caller else "agent",
        "CALLBRIDGE_CALL": "" if caller else CALL,
        "CALLBRIDGE_GROUP": "support" if caller else "",
        "CALLBRIDGE_AFTER": "hold",
        "CALLBRIDGE_STAMP": STAMP,
    }
    return {
        "Channel": "PJSIP/carrier-1" if caller else f"PJSIP/{channel}",
        "ChannelState": "6",
        "CallerIDNum": "+4930111",
        "CallerIDName": "Caller",
        "Uniqueid": channel,
        "variables": variables,
        **more,
    }


def message(name: str, *, variables: Mapping[str, str], **headers: str) -> bytes:
    lines = [("Event", name), *headers.items()]
    lines += [("ChanVariable", f"{key}={value}") for key, value in variables.items()]
    return encode(lines)

"""Fakes around the loop. What they are told goes into one ledger, so that a test sees the order of everything."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any

from prometheus_client import CollectorRegistry

from callbridge.domain.engine import Engine
from callbridge.domain.model.agents import Presence
from callbridge.domain.model.effects import PbxEffect, PublishAgent, PublishCall, Reserve, SaveCall, StoreEffect
from callbridge.domain.model.facts import ChannelEntered, ChannelFact, ChannelVariables, PbxSeen
from callbridge.domain.model.ids import AgentId, BridgeId, ChannelId, GroupId, RequestId
from callbridge.domain.model.requests import LogIn, SetPresence
from callbridge.domain.model.settings import AgentSettings, GroupSettings, Member, Options, Settings
from callbridge.domain.model.signals import NobodyFree, Reserved
from callbridge.runtime.loop import Runtime
from callbridge.runtime.metrics import LoopMetrics

WITHIN = 30.0
AGENTS = ("anna", "ben")


def settings(options: Options | None = None) -> Settings:
    return Settings(
        agents={
            AgentId(name): AgentSettings(id=AgentId(name), name=name.title(), phone=f"PJSIP/{name}") for name in AGENTS
        },
        groups={
            GroupId("support"): GroupSettings(
                id=GroupId("support"), name="Support", members=tuple(Member(agent=AgentId(name)) for name in AGENTS)
            )
        },
        options=options or Options(),
    )


def arrival(number: int = 1) -> ChannelEntered:
    """A caller is in the waiting room."""
    return ChannelEntered(
        fact=ChannelFact(
            channel=ChannelId(f"17.{number}"),
            name=f"PJSIP/carrier-{number}",
            answered=True,
            ringing=False,
            caller_number="+4930111",
            caller_name="Caller",
            bridge=BridgeId("hold"),
            holding=True,
            variables=ChannelVariables(role="caller", group="support", called="100", after="hold"),
        )
    )


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Sleeper:
    """Sleeps no longer than one turn of the event loop, or until a gate opens; remembers how long it should."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.gate: asyncio.Event | None = None

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)
        if self.gate is not None:
            await self.gate.wait()


class StoreDown(Exception):
    pass


class FakeStore:
    """Keeps what is committed. Fails as often as told, before or at the commit."""

    def __init__(self, ledger: list[str]) -> None:
        self.ledger = ledger
        self.committed: list[list[StoreEffect]] = []
        self.messages: list[str] = []
        self.tried: list[list[StoreEffect]] = []
        self.fail_applying = 0
        self.fail_committing = 0
        self.answers: deque[str | None] = deque()
        """Who is given to the next `Reserve`s; else the first candidate."""
        self.open = asyncio.Event()
        """Commits wait for it."""
        self.open.set()
        self.committing = asyncio.Event()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["FakeTransaction"]:
        transaction = FakeTransaction(self)
        self.tried.append(transaction.effects)
        yield transaction
        self.committing.set()
        await self.open.wait()
        if self.fail_committing:
            self.fail_committing -= 1
            raise StoreDown("commit")
        self.committed.append(transaction.effects)
        self.messages += transaction.messages
        if transaction.effects:
            self.ledger.append("save")

    def saved_states(self) -> list[str]:
        return [effect.call.state for batch in self.committed for effect in batch if isinstance(effect, SaveCall)]


class FakeTransaction:
    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.effects: list[StoreEffect] = []
        self.messages: list[str] = []

    async def apply(self, effects: Sequence[StoreEffect]) -> list[Reserved | NobodyFree]:
        if self.store.fail_applying:
            self.store.fail_applying -= 1
            raise StoreDown("apply")
        self.effects += effects
        return [self._answer(effect) for effect in effects if isinstance(effect, Reserve)]

    def _answer(self, asked: Reserve) -> Reserved | NobodyFree:
        given = self.store.answers.popleft() if self.store.answers else asked.candidates[0]
        if given is None:
            return NobodyFree(call=asked.call, offer=asked.offer)
        return Reserved(call=asked.call, offer=asked.offer, agent=AgentId(given))

    async def enqueue(self, messages: Sequence[Any]) -> None:
        self.messages += messages


class FakeActor:
    def __init__(self, ledger: list[str]) -> None:
        self.ledger = ledger
        self.acted: list[PbxEffect] = []

    def act(self, effects: Sequence[PbxEffect]) -> None:
        if effects:
            self.ledger.append("act")
        self.acted += effects

    def names(self) -> list[str]:
        return [type(effect).__name__ for effect in self.acted]


class FakePublisher:
    def __init__(self, ledger: list[str]) -> None:
        self.ledger = ledger
        self.published: list[PublishAgent | PublishCall] = []
        self.came = asyncio.Event()

    def publish(self, effects: Sequence[PublishAgent | PublishCall]) -> None:
        if effects:
            self.ledger.append("push")
            self.came.set()
        self.published += effects

    def kinds(self) -> list[str]:
        return [effect.kind for effect in self.published if isinstance(effect, PublishCall)]


class FakeOutbox:
    """Numbers its messages, so that one that is made twice is seen."""

    def __init__(self) -> None:
        self.made = 0
        self.told = 0

    def messages(self, effects: Sequence[PublishAgent | PublishCall]) -> list[str]:
        made = []
        for effect in effects:
            self.made += 1
            made.append(f"{self.made} {effect.kind if isinstance(effect, PublishCall) else 'agent'}")
        return made

    def saved(self) -> None:
        self.told += 1


class Bench:
    """A running loop with an engine of two agents, and fakes on all sides."""

    def __init__(self, given: Settings | None = None, *, outbox: FakeOutbox | None = None) -> None:
        self.ledger: list[str] = []
        self.clock = Clock()
        self.sleeper = Sleeper()
        self.store = FakeStore(self.ledger)
        self.actor = FakeActor(self.ledger)
        self.publisher = FakePublisher(self.ledger)
        self.registry = CollectorRegistry()
        self.engine = Engine(given or settings())
        self.runtime = Runtime(
            self.engine,
            store=self.store,
            outbox=outbox,
            metrics=LoopMetrics(self.registry),
            clock=self.clock,
            sleep=self.sleeper,
        )
        self.runtime.attach(actor=self.actor, publisher=self.publisher)
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Bench":
        self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def start(self) -> None:
        self.task = asyncio.get_running_loop().create_task(self.runtime.run())

    async def stop(self) -> None:
        if self.task is not None and not self.task.done():
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task

    async def handled(self) -> None:
        """Everything that was put in before has been saved, acted on and told."""
        async with asyncio.timeout(WITHIN):
            reply = await self.runtime.ask(LogIn(request=self.runtime.request_id(), agent=AgentId("nobody")))
        assert reply.code == "unknown_agent"

    async def with_somebody_ready(self, *agents: str) -> None:
        """The PBX is seen and these are available; the ledger begins anew."""
        self.runtime.put(PbxSeen(channels=(), phones={}, taken_at=self.clock.now))
        for agent in agents:
            self.runtime.put(LogIn(request=RequestId(f"in {agent}"), agent=AgentId(agent)))
            self.runtime.put(
                SetPresence(request=RequestId(f"ready {agent}"), agent=AgentId(agent), presence=Presence.AVAILABLE)
            )
        await self.handled()
        self.ledger.clear()
        self.store.committed.clear()
        self.store.tried.clear()
        self.publisher.published.clear()
        self.publisher.came.clear()

    def metric(self, name: str) -> float:
        value = self.registry.get_sample_value(f"callbridge_{name}_total")
        assert value is not None
        return value

"""The loop. It drains the inbox in batches: many signals, one transaction, then the actions, then the pushes.

Nothing is done on the PBX that is not saved, and nobody is told what is not saved. If saving fails for good the
process ends: what it knows in memory is ahead of what a restart would know, and only a restart puts that right.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence

import structlog

from callbridge.domain.effects import (
    Anomaly,
    Effect,
    PbxEffect,
    PublishAgent,
    PublishCall,
    Reply,
    Reserve,
    StoreEffect,
)
from callbridge.domain.engine import Engine
from callbridge.domain.ids import RequestId
from callbridge.domain.signals import NobodyFree, Request, Reserved, Signal, Tick
from callbridge.domain.world import World
from callbridge.runtime.metrics import LoopMetrics
from callbridge.runtime.ports import Actor, Outbox, Publisher, Store
from callbridge.web.ports import GatewayBusy, GatewayStopped

_log = structlog.get_logger(__name__)

_INBOX = 20_000
"""Signals that may wait. A PBX that sends more than this between two turns is looked at afresh instead."""
_BATCH = 200
_IDLE = 1.0
"""Seconds after which the loop turns also when nothing came, so that its being alive can be seen."""
_ANSWER = 10.0
"""Seconds after which whoever asked is told that the gateway is busy."""
_SAVE_TRIES = 5


class Runtime:
    """Owns the engine. `put` and `ask` are the only ways in."""

    def __init__(
        self,
        engine: Engine,
        *,
        store: Store,
        outbox: Outbox | None = None,
        metrics: LoopMetrics | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`clock` gives epoch seconds, the same that saved deadlines are in."""
        self._engine = engine
        self._store = store
        self._actor: Actor | None = None
        self._publisher: Publisher | None = None
        self._outbox = outbox
        self._metrics = metrics or LoopMetrics()
        self._clock = clock
        self._inbox: deque[Signal] = deque()
        self._wake = asyncio.Event()
        self._waiting: dict[RequestId, asyncio.Future[Reply]] = {}
        self._requests = itertools.count(1)
        self._stopped = False
        self.turned_at = clock()
        """Epoch seconds at which the loop was last seen to be alive."""

    def attach(self, *, actor: Actor, publisher: Publisher) -> None:
        """Who acts on the PBX, and who tells the clients; once, before `run`."""
        self._actor = actor
        self._publisher = publisher

    @property
    def world(self) -> World:
        """The live state, to be read only, and only between two awaits."""
        return self._engine.world

    def put(self, signal: Signal) -> bool:
        """Takes a signal; False where the inbox is full and the signal is lost."""
        if len(self._inbox) >= _INBOX:
            self._metrics.overflow()
            return False
        self._inbox.append(signal)
        self._wake.set()
        return True

    def request_id(self) -> RequestId:
        """A name for a request that is about to be asked."""
        return RequestId(f"r{next(self._requests)}")

    async def ask(self, request: Request) -> Reply:
        """The answer to a request: accepted or refused, saved already. Raises GatewayStopped and GatewayBusy."""
        if self._stopped:
            raise GatewayStopped
        future: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if request.request in self._waiting:
            raise ValueError(f"the request id {request.request} is in use")
        self._waiting[request.request] = future
        try:
            if not self.put(request):
                raise GatewayBusy
            async with asyncio.timeout(_ANSWER):
                return await future
        except TimeoutError:
            raise GatewayBusy from None
        finally:
            self._waiting.pop(request.request, None)

    async def run(self) -> None:
        """Turns until cancelled."""
        try:
            while True:
                await self._wait()
                await self._turn()
        finally:
            self._stopped = True
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(GatewayStopped())

    async def _wait(self) -> None:
        if self._inbox:
            await asyncio.sleep(0)
            return
        deadline = self._engine.next_deadline()
        wait = _IDLE if deadline is None else min(_IDLE, max(0.0, deadline - self._clock()))
        self._wake.clear()
        try:
            async with asyncio.timeout(wait):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _turn(self) -> None:
        now = self._clock()
        self.turned_at = now
        batch: list[Signal] = [self._inbox.popleft() for _ in range(min(_BATCH, len(self._inbox)))]
        deadline = self._engine.next_deadline()
        if deadline is not None and deadline <= now:
            batch.append(Tick())
        if not batch:
            return
        with self._metrics.turn(len(batch)):
            effects = await self._decide_and_save(batch, now)
            if self._actor is not None:
                self._actor.act([effect for effect in effects if isinstance(effect, PbxEffect)])
            self._tell(effects)

    async def _decide_and_save(self, batch: Sequence[Signal], now: float) -> list[Effect]:
        """Everything that the batch leads to, saved in one transaction, with the store's answers decided on too."""
        rounds: list[_Round] = []
        effects: list[Effect] = []
        pending: Sequence[Signal] = batch
        for attempt in range(1, _SAVE_TRIES + 1):
            try:
                async with self._store.transaction() as transaction:
                    for done in rounds:
                        await done.repeat(transaction.apply)
                    while pending:
                        found = [effect for signal in pending for effect in self._engine.handle(signal, now)]
                        pending = []
                        effects += found
                        current = _Round([effect for effect in found if isinstance(effect, StoreEffect)])
                        rounds.append(current)
                        pending = await current.first(transaction.apply)
                    if self._outbox is not None:
                        messages = self._outbox.messages(_published(effects))
                        if messages:
                            await transaction.enqueue(messages)
                return effects
            except asyncio.CancelledError:
                raise
            except Exception:
                if attempt == _SAVE_TRIES or (rounds and rounds[-1].answers is None and _asks(rounds[-1].effects)):
                    raise
                _log.exception("save_failed", attempt=attempt)
                self._metrics.save_failed()
                await asyncio.sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    def _tell(self, effects: Sequence[Effect]) -> None:
        if self._publisher is not None:
            self._publisher.publish(_published(effects))
        if self._outbox is not None:
            self._outbox.saved()
        for effect in effects:
            match effect:
                case Reply():
                    future = self._waiting.get(effect.request)
                    if future is not None and not future.done():
                        future.set_result(effect)
                case Anomaly():
                    self._metrics.anomaly()
                    _log.error("anomaly", what=effect.what, call=effect.call)


class _Round:
    """Store effects of one pass through the engine, and what the store answered, to be repeated after a failure."""

    def __init__(self, effects: list[StoreEffect]) -> None:
        self.effects = effects
        self.answers: list[Reserved | NobodyFree] | None = None

    async def first(self, apply: Callable[..., object]) -> list[Reserved | NobodyFree]:
        self.answers = await apply(self.effects) if self.effects else []  # type: ignore[misc]
        assert self.answers is not None
        return self.answers

    async def repeat(self, apply: Callable[..., object]) -> None:
        answers: list[Reserved | NobodyFree] = await apply(self.effects) if self.effects else []  # type: ignore[misc]
        if self.answers is not None and answers != self.answers:
            raise RuntimeError("the store answered a repeated reservation differently")
        self.answers = answers


def _asks(effects: Sequence[StoreEffect]) -> bool:
    return any(isinstance(effect, Reserve) for effect in effects)


def _published(effects: Sequence[Effect]) -> list[PublishAgent | PublishCall]:
    return [effect for effect in effects if isinstance(effect, PublishAgent | PublishCall)]

"""The loop. It drains the inbox in batches: many signals, one transaction, then the actions, then the pushes.

Nothing is done on the PBX that is not saved, and nobody is told what is not saved. If saving fails for good the
process ends: what it knows in memory is ahead of what a restart would know, and only a restart puts that right.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import structlog

from callbridge.domain.engine import Engine
from callbridge.domain.model.effects import Anomaly, Effect, PbxEffect, PublishAgent, PublishCall, Reply, StoreEffect
from callbridge.domain.model.facts import PbxLost, PbxSeen
from callbridge.domain.model.ids import RequestId
from callbridge.domain.model.requests import Request
from callbridge.domain.model.signals import Configured, Signal, Tick
from callbridge.domain.model.world import World
from callbridge.runtime.metrics import LoopMetrics
from callbridge.runtime.ports import Actor, Outbox, Publisher, Store, Transaction
from callbridge.web.ports import GatewayBusy, GatewayStopped

_log = structlog.get_logger(__name__)

_INBOX = 20_000
"""Signals that may wait. A PBX that sends more than this between two turns is looked at afresh instead."""
_BATCH = 200
_IDLE = 1.0
"""Seconds after which the loop turns also when nothing came, so that its being alive can be seen."""
_ANSWER = 10.0
"""Seconds after which whoever asked is told that the answer is not known."""
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
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`clock` gives epoch seconds, the same that saved deadlines are in; `sleep` waits between tries to save."""
        self._engine = engine
        self._store = store
        self._actor: Actor | None = None
        self._publisher: Publisher | None = None
        self._outbox = outbox
        self._metrics = metrics or LoopMetrics()
        self._clock = clock
        self._sleep = sleep
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

    def decides(self, within: float) -> bool:
        """Whether callers who wait here are served: it has turned within so many seconds, and the engine has the PBX.

        A snapshot that the engine failed on leaves it without one: then the dialplan's fallback shall have them.
        """
        return self._clock() - self.turned_at < within and self._engine.world.pbx_up

    def put(self, signal: Signal) -> bool:
        """Takes a signal; False where the inbox is full and the signal is lost.

        The few that put right what was lost, or that nothing would repeat, are always taken.
        """
        if len(self._inbox) >= _INBOX and not isinstance(signal, PbxSeen | PbxLost | Configured):
            self._metrics.overflow()
            return False
        self._inbox.append(signal)
        self._wake.set()
        return True

    def request_id(self) -> RequestId:
        """A name for a request that is about to be asked."""
        return RequestId(f"r{next(self._requests)}")

    async def ask(self, request: Request) -> Reply:
        """The answer to a request: accepted or refused, saved already. Raises GatewayStopped and GatewayBusy.

        Raises TimeoutError where no answer came in time: then nobody knows yet whether it was done.
        """
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
        """Everything that the batch leads to, saved in one transaction, with the store's answers decided on too.

        Where saving fails, the engine goes back to what it was before the batch, and everything is decided again: the
        store's answers may be others then. Nothing of it was acted on or told, and ids are derived, so it is as if
        the first time had never been, also where that had been saved after all.
        """
        before = self._engine.world.copy()
        decided: list[Effect] = []
        messages: Sequence[object] = ()
        for attempt in itertools.count(1):
            try:
                async with self._store.transaction() as transaction:
                    effects = await self._decide(batch, now, transaction)
                    if self._outbox is not None:
                        if effects != decided or attempt == 1:
                            decided, messages = effects, self._outbox.messages(_published(effects))
                        if messages:
                            await transaction.enqueue(messages)
                return effects
            except Exception:
                self._engine.world = before.copy()
                if attempt == _SAVE_TRIES:
                    raise
                _log.exception("save_failed", attempt=attempt)
                self._metrics.save_failed()
                await self._sleep(0.2 * 2**attempt)
        raise AssertionError("unreachable")

    async def _decide(self, batch: Sequence[Signal], now: float, transaction: Transaction) -> list[Effect]:
        """The store's answers are signals too, and lead to more, until nothing is asked any more."""
        effects: list[Effect] = []
        pending = batch
        while pending:
            found = [effect for signal in pending for effect in self._engine.handle(signal, now)]
            effects += found
            to_store = [effect for effect in found if isinstance(effect, StoreEffect)]
            pending = await transaction.apply(to_store) if to_store else []
        return effects

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


def _published(effects: Sequence[Effect]) -> list[PublishAgent | PublishCall]:
    return [effect for effect in effects if isinstance(effect, PublishAgent | PublishCall)]

"""Sender and store together: whatever a receiver does, it takes one call's messages in their order."""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from callbridge.store import OutboxMessage, Store
from callbridge.web import Limits, Webhook, WebhookSender

CALLS, OF_EACH = 4, 8
_PATIENCE = 3
"""Attempts after which the receiver takes a message in any case: the pauses between them grow."""


@dataclass
class Receiver:
    """Takes a message, refuses it, or takes it and hangs up; by the dice, but never for long."""

    dice: random.Random
    trouble: float
    taken: dict[str, list[int]] = field(default_factory=dict)
    """By call, each number once: a repetition is told by its id, as receivers shall."""
    together: set[str] = field(default_factory=set)
    """Calls of which a message is being answered just now."""
    overlaps: int = 0
    ids: set[str] = field(default_factory=set)
    visits: Counter[str] = field(default_factory=Counter)

    async def answer(self, request: web.Request) -> web.Response:
        body = json.loads(await request.read())
        call = body["call"]
        self.overlaps += call in self.together
        self.together.add(call)
        await asyncio.sleep(self.dice.random() * 0.003)
        self.together.discard(call)
        self.visits[request.headers["webhook-id"]] += 1
        fate = self.dice.random() if self.visits[request.headers["webhook-id"]] <= _PATIENCE else 1.0
        if fate < self.trouble / 2:
            return web.Response(status=self.dice.choice([500, 503, 429, 302]))
        if request.headers["webhook-id"] not in self.ids:
            self.ids.add(request.headers["webhook-id"])
            self.taken.setdefault(call, []).append(body["number"])
        if fate < self.trouble and request.transport is not None:
            request.transport.close()
        return web.Response()

    @property
    def complete(self) -> bool:
        return self.taken.keys() == {f"c-{call}" for call in range(CALLS)} and all(
            len(numbers) == OF_EACH for numbers in self.taken.values()
        )


@contextlib.asynccontextmanager
async def listening(receiver: Receiver) -> AsyncIterator[Webhook]:
    app = web.Application()
    app.router.add_post("/crm", receiver.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Webhook(name="crm", url=f"http://127.0.0.1:{runner.addresses[0][1]}/crm", secret="a secret")
    finally:
        await runner.cleanup()


class Clock:
    """Goes so many times as fast, so that nobody waits for the next attempt."""

    def __init__(self, speed: float = 600) -> None:
        self._began, self._speed = time.time(), speed

    def __call__(self) -> float:
        return self._began + (time.time() - self._began) * self._speed


@contextlib.asynccontextmanager
async def sending(store: Store, hook: Webhook, clock: Clock) -> AsyncIterator[WebhookSender]:
    limits = Limits(webhook_timeout=10.0, webhook_parallel=3, webhook_give_up=1e9)
    sender = WebhookSender(store, [hook], limits, clock=clock, poll=0.01)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def write(store: Store, clock: Clock, dice: random.Random, senders: list[WebhookSender]) -> None:
    """Every call's messages in their order, the calls mixed."""
    left = {call: list(range(OF_EACH)) for call in range(CALLS)}
    while left:
        some = []
        for _ in range(dice.randint(1, 5)):
            if left:
                call = dice.choice(list(left))
                number = left[call].pop(0)
                if not left[call]:
                    del left[call]
                body = json.dumps({"call": f"c-{call}", "number": number})
                message = OutboxMessage(
                    id=f"m-{call}-{number}",
                    target="crm",
                    call=f"c-{call}",
                    event="e",
                    body=body,
                    created_at=clock(),
                )
                some.append(message)
        async with store.transaction() as transaction:
            await transaction.enqueue(some)
        for sender in senders:
            sender.wake()
        await asyncio.sleep(dice.random() * 0.01)


async def until_complete(receiver: Receiver) -> None:
    async with asyncio.timeout(60):
        while not receiver.complete:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def assert_in_order(receiver: Receiver) -> None:
    assert receiver.taken == {f"c-{call}": list(range(OF_EACH)) for call in range(CALLS)}
    assert receiver.overlaps == 0


@pytest.mark.parametrize("seed", range(2))
async def test_given_a_receiver_that_fails_at_random_when_calls_go_on_then_each_call_arrives_in_order(
    store: Store, seed: int
) -> None:
    dice, clock = random.Random(seed), Clock()
    receiver = Receiver(dice, trouble=0.4)
    async with listening(receiver) as hook, sending(store, hook, clock) as sender:
        await write(store, clock, dice, [sender])
        await until_complete(receiver)
    assert_in_order(receiver)


async def test_given_several_gateways_on_one_store_when_a_receiver_fails_then_each_call_arrives_in_order(
    gateways: list[Store],
) -> None:
    # Slower: a lease of a minute must be longer than what a busy machine takes for one message.
    dice, clock = random.Random(7), Clock(speed=30)
    receiver = Receiver(dice, trouble=0.1)
    async with listening(receiver) as hook, contextlib.AsyncExitStack() as stack:
        senders = [await stack.enter_async_context(sending(store, hook, clock)) for store in gateways[:3]]
        await write(gateways[3], clock, dice, senders)
        await until_complete(receiver)
    assert_in_order(receiver)


async def test_given_a_gateway_that_is_stopped_again_and_again_when_it_is_back_then_each_call_goes_on_in_order(
    store: Store,
) -> None:
    dice, clock = random.Random(11), Clock()
    receiver = Receiver(dice, trouble=0.3)
    await write(store, clock, dice, [])
    async with listening(receiver) as hook, asyncio.timeout(60):
        while not receiver.complete:
            async with sending(store, hook, clock):
                await asyncio.sleep(dice.random() * 0.2)
    assert {call: sorted(numbers) for call, numbers in receiver.taken.items()} == receiver.taken
    assert receiver.complete


async def test_given_a_receiver_that_was_dead_for_long_when_it_is_back_then_its_backlog_arrives_oldest_call_first(
    store: Store,
) -> None:
    dice, clock = random.Random(13), Clock()
    receiver = Receiver(dice, trouble=0.0)
    await write(store, clock, dice, [])
    async with listening(receiver) as hook:
        dead = Webhook(name="crm", url="http://127.0.0.1:9/crm", secret="a secret")
        async with sending(store, dead, clock):
            await asyncio.sleep(0.3)
        assert receiver.taken == {}
        async with sending(store, hook, clock):
            await until_complete(receiver)
    assert_in_order(receiver)

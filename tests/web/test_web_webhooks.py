"""Webhooks against a real receiver that checks signatures with the library."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Verifier
from web_fakes import webhook
from web_samples import (
    ANNA,
    a_call,
    offered,
    talking,
    world,
)

from callbridge.domain.model.effects import PublishCall
from callbridge.web import Limits, Webhook, WebhookSender, outbox_messages
from callbridge.web.ports import NewMessage
from callbridge.web.webhooks import retry_after


@dataclass(frozen=True)
class Kept:
    id: str
    target: str
    event: str
    body: str
    created_at: float
    next_at: float
    attempts: int = 0


@dataclass
class FakeOutbox:
    waiting: dict[str, Kept] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    dead: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, float, str]] = field(default_factory=list)

    def add(self, messages: Sequence[NewMessage]) -> None:
        for each in messages:
            self.waiting[each.id] = Kept(each.id, each.target, each.event, each.body, each.created_at, 0.0)

    async def outbox_due(self, now: float, limit: int) -> list[Kept]:
        due = [each for each in self.waiting.values() if each.next_at <= now][:limit]
        for each in due:
            self.waiting[each.id] = replace(each, next_at=now + 60)
        return due

    async def outbox_done(self, message: str) -> None:
        self.done.append(message)
        del self.waiting[message]

    async def outbox_failed(self, message: str, next_at: float, error: str) -> None:
        self.failed.append((message, next_at, error))
        kept = self.waiting[message]
        self.waiting[message] = replace(kept, next_at=next_at, attempts=kept.attempts + 1)

    async def outbox_dead(self, message: str, error: str) -> None:
        self.dead[message] = error
        del self.waiting[message]


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@contextlib.asynccontextmanager
async def receiver(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/{where}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def sending(outbox: FakeOutbox, *webhooks: Webhook, **changes: Any) -> AsyncIterator[WebhookSender]:
    limits = Limits(**({"webhook_timeout": 1.0, "webhook_parallel": 2} | changes))
    sender = WebhookSender(outbox, webhooks, limits, clock=time.time, jitter=lambda low, high: 1.0, poll=0.02)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def messages(*webhooks: Webhook, number: int = 1) -> list[NewMessage]:
    call = talking(a_call(number), ANNA)
    effect = PublishCall(call=call, to=frozenset({ANNA}), kind="pop")
    return outbox_messages([effect], world=world(call), webhooks=webhooks, now=time.time())


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_given_a_pop_when_sent_then_the_receiver_verifies_the_signature_and_gets_the_data() -> None:
    got: list[Any] = []

    async def take(request: web.Request) -> web.Response:
        got.append(Verifier(webhook("x").secret).verify(await request.read(), dict(request.headers)))
        return web.Response(status=204)

    async with receiver(take) as url:
        hook, outbox = webhook(url + "/crm"), FakeOutbox()
        outbox.add(messages(hook))
        async with sending(outbox, hook):
            await until(lambda: len(outbox.done) == 1)
    assert got[0]["type"] == "pop"
    assert got[0]["data"]["pop"]["caller_number"] == "+491701234567"
    assert got[0]["timestamp"].endswith("Z")


async def test_given_a_plain_secret_when_signing_then_its_bytes_are_the_key() -> None:
    good: list[bool] = []

    async def take(request: web.Request) -> web.Response:
        Verifier(b"just some text").verify(await request.read(), dict(request.headers))
        good.append(True)
        return web.Response()

    async with receiver(take) as url:
        hook, outbox = replace(webhook(url + "/crm"), secret="just some text"), FakeOutbox()
        outbox.add(messages(hook))
        async with sending(outbox, hook):
            await until(lambda: bool(outbox.done))
    assert good


@pytest.mark.parametrize(("status", "why"), [(500, "status 500"), (302, "status 302"), (404, "status 404")])
async def test_given_a_receiver_that_does_not_take_it_when_sent_then_later_again_and_redirects_are_not_followed(
    status: int, why: str
) -> None:
    visits: list[str] = []

    async def refuse(request: web.Request) -> web.Response:
        visits.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with receiver(refuse) as url:
        hook, outbox = webhook(url + "/crm"), FakeOutbox()
        outbox.add(messages(hook))
        created = next(iter(outbox.waiting.values())).created_at
        async with sending(outbox, hook):
            await until(lambda: bool(outbox.failed))
    assert visits == ["/crm"]
    assert outbox.failed[0][2] == why
    assert outbox.failed[0][1] == pytest.approx(created + 5, abs=2)


async def test_given_nobody_listens_when_sent_then_it_is_kept_for_later() -> None:
    hook, outbox = webhook("http://127.0.0.1:9/crm"), FakeOutbox()
    outbox.add(messages(hook))
    async with sending(outbox, hook):
        await until(lambda: bool(outbox.failed))
    assert outbox.waiting


async def test_given_a_day_of_failures_or_a_receiver_that_is_gone_when_sent_then_given_up() -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.Response(status=410 if request.path == "/gone" else 500)

    async with receiver(refuse) as url:
        old, gone, outbox = webhook(url + "/old", "old"), webhook(url + "/gone", "gone"), FakeOutbox()
        outbox.add(messages(old))
        for key, each in outbox.waiting.items():
            outbox.waiting[key] = replace(each, created_at=each.created_at - 86_401)
        outbox.add(messages(gone))
        async with sending(outbox, old, gone):
            await until(lambda: len(outbox.dead) == 2)
    assert sorted(outbox.dead.values()) == ["status 410", "status 500"]


async def test_given_one_receiver_that_hangs_when_another_gets_messages_then_it_does_not_wait() -> None:
    release = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await release.wait()
        return web.Response()

    async with receiver(answer) as url:
        slow, quick, outbox = webhook(url + "/slow", "slow"), webhook(url + "/quick", "quick"), FakeOutbox()
        for number in range(30):
            outbox.add(messages(slow, number=number))
        for number in range(30):
            outbox.add(messages(quick, number=number))
        async with sending(outbox, slow, quick, webhook_timeout=20.0):
            await until(lambda: len(outbox.done) == 30)
            assert all(each.target == "slow" for each in outbox.waiting.values())
            release.set()


async def test_given_a_subscription_that_is_gone_when_due_then_given_up() -> None:
    outbox = FakeOutbox()
    outbox.add(messages(webhook("http://127.0.0.1:9/x", "removed")))
    async with sending(outbox, webhook("http://127.0.0.1:9/x", "other")):
        await until(lambda: bool(outbox.dead))


def test_given_subscriptions_when_messages_are_made_then_each_gets_the_events_it_wants() -> None:
    everything, pops = webhook("http://a/x", "all"), webhook("http://b/x", "pops", events=frozenset({"pop"}))
    call = offered(a_call(), ANNA)
    effects = [
        PublishCall(call=call, to=frozenset({ANNA}), kind=kind) for kind in ("offer.made", "pop", "transfer.updated")
    ]
    made = outbox_messages(effects, world=world(call), webhooks=[everything, pops], now=1.0)
    assert [(each.target, each.event) for each in made] == [("all", "offer.made"), ("all", "pop"), ("pops", "pop")]
    assert len({each.id for each in made}) == 3


def test_given_failed_attempts_when_waiting_then_longer_each_time_up_to_an_hour() -> None:
    assert [retry_after(attempts) for attempts in (0, 1, 2, 3)] == [5, 15, 45, 135]
    assert retry_after(50) == 3600

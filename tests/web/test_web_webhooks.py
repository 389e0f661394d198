"""Webhooks against a real receiver that checks signatures with the library."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
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

from callbridge.domain.model.calls import Call
from callbridge.domain.model.effects import PublishCall
from callbridge.web import Limits, Webhook, WebhookSender, outbox_messages
from callbridge.web.ports import NewMessage
from callbridge.web.told import Told
from callbridge.web.webhook_sender import retry_after


@dataclass(frozen=True)
class Kept:
    id: str
    target: str
    call: str
    event: str
    body: str
    created_at: float
    next_at: float = 0.0
    leased: bool = False
    attempts: int = 0


@dataclass
class FakeOutbox:
    """In memory. The order within a call is proved on the real stores, in tests/contract/test_outbox_order.py."""

    waiting: dict[str, Kept] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    dead: dict[str, str] = field(default_factory=dict)
    failed: list[tuple[str, float, str]] = field(default_factory=list)
    retried: list[str] = field(default_factory=list)

    def add(self, messages: Sequence[NewMessage]) -> None:
        for each in messages:
            self.waiting[each.id] = Kept(each.id, each.target, each.call, each.event, each.body, each.created_at)

    async def outbox_due(self, now: float, target: str, calls: int, lease: float) -> list[list[Kept]]:
        found: dict[str, list[Kept]] = {}
        for each in self.waiting.values():
            if each.target == target:
                found.setdefault(each.call, []).append(each)
        due = [those for those in found.values() if those[0].next_at <= now and not those[0].leased][:calls]
        for each in (each for those in due for each in those):
            self.waiting[each.id] = replace(each, leased=True)
        return due

    async def outbox_release(self, messages: Collection[str]) -> None:
        for message in messages:
            if message in self.waiting:
                self.waiting[message] = replace(self.waiting[message], leased=False)

    async def outbox_done(self, message: str) -> None:
        self.done.append(message)
        del self.waiting[message]

    async def outbox_failed(self, message: str, next_at: float, error: str) -> None:
        self.failed.append((message, next_at, error))
        failed = self.waiting[message]
        for each in self.waiting.values():
            if (each.target, each.call) == (failed.target, failed.call):
                self.waiting[each.id] = replace(each, leased=False, next_at=next_at)
        self.waiting[message] = replace(self.waiting[message], attempts=failed.attempts + 1)

    async def outbox_dead(self, message: str, error: str) -> None:
        self.dead[message] = error
        del self.waiting[message]

    async def outbox_abandon(self, targets: Collection[str], error: str) -> int:
        gone = [each.id for each in self.waiting.values() if each.target not in targets]
        for message in gone:
            await self.outbox_dead(message, error)
        return len(gone)

    async def outbox_retry(self, target: str, now: float) -> None:
        self.retried.append(target)
        for each in self.waiting.values():
            if each.target == target:
                self.waiting[each.id] = replace(each, next_at=0.0)


CALL_1 = a_call(1).id

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


async def test_given_a_subscription_that_is_gone_when_started_then_given_up() -> None:
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


# ---------------------------------------------------------------- the order


async def test_given_several_messages_of_one_call_when_the_first_is_not_answered_yet_then_the_next_is_not_sent() -> (
    None
):
    got: list[str] = []
    release = asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        body = await request.json()
        got.append(f"{body['data']['pop']['call']} {len(got)}")
        if body["data"]["pop"]["call"] == CALL_1:
            await release.wait()
        return web.Response()

    async with receiver(answer) as url:
        hook, outbox = webhook(url + "/crm"), FakeOutbox()
        for number in (1, 1, 1, 2, 2):
            outbox.add(messages(hook, number=number))
        async with sending(outbox, hook, webhook_timeout=20.0):
            await until(lambda: len(outbox.done) == 2)
            assert sum(each.startswith(CALL_1) for each in got) == 1
            release.set()
            await until(lambda: len(outbox.done) == 5)


async def test_given_a_message_that_is_not_taken_when_there_are_later_ones_then_they_wait_and_other_calls_do_not() -> (
    None
):
    got: list[str] = []

    async def refuse_the_first(request: web.Request) -> web.Response:
        got.append(call := (await request.json())["data"]["pop"]["call"])
        return web.Response(status=500 if call == CALL_1 else 200)

    async with receiver(refuse_the_first) as url:
        hook, outbox = webhook(url + "/crm"), FakeOutbox()
        for number in (1, 1, 2, 1, 2, 2):
            outbox.add(messages(hook, number=number))
        async with sending(outbox, hook, webhook_parallel=1):
            await until(lambda: len(outbox.done) == 3 and bool(outbox.failed))
    assert got[0] == CALL_1
    assert [each.attempts for each in outbox.waiting.values() if each.call == CALL_1].count(0) == 2


async def test_given_a_message_that_is_given_up_when_there_are_later_ones_then_they_go_on_at_once() -> None:
    async def gone_at_first(request: web.Request) -> web.Response:
        return web.Response(status=410 if not outbox.dead else 200)

    outbox = FakeOutbox()
    async with receiver(gone_at_first) as url:
        hook = webhook(url + "/crm")
        for _ in range(3):
            outbox.add(messages(hook))
        async with sending(outbox, hook):
            await until(lambda: len(outbox.done) == 2)
    assert list(outbox.dead.values()) == ["status 410"]


async def test_given_a_receiver_that_was_dead_when_it_takes_a_message_then_what_was_put_off_is_tried_at_once() -> None:
    got: list[str] = []
    dead = True

    async def answer(request: web.Request) -> web.Response:
        got.append((await request.json())["data"]["pop"]["call"])
        return web.Response(status=503 if dead else 200)

    async with receiver(answer) as url:
        hook, outbox = webhook(url + "/crm"), FakeOutbox()
        outbox.add([*messages(hook, number=1), *messages(hook, number=1)])
        async with sending(outbox, hook, webhook_parallel=1):
            await until(lambda: len(outbox.failed) == 1)
            dead = False
            outbox.add(messages(hook, number=2))
            await until(lambda: len(outbox.done) == 3)
    assert outbox.retried == [hook.name]


async def test_given_messages_under_way_when_the_sender_is_stopped_then_the_next_one_gets_them_at_once() -> None:
    got = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        got.set()
        await asyncio.sleep(10)
        return web.Response()

    async with receiver(hang) as url:
        hook, outbox = webhook(url + "/crm"), FakeOutbox()
        outbox.add([*messages(hook), *messages(hook)])
        async with sending(outbox, hook, webhook_timeout=20.0):
            await got.wait()
    assert [each.leased for each in outbox.waiting.values()] == [False, False]


# ---------------------------------------------------------------- what is told


def updates(*calls: Call) -> list[PublishCall]:
    return [PublishCall(call=call, to=frozenset({ANNA}), kind="call.updated") for call in calls]


def told_states(effects: Sequence[PublishCall], told: Told | None = None) -> list[str]:
    """The states that one webhook is told."""
    live = world(*(effect.call for effect in effects))
    made = outbox_messages(effects, world=live, webhooks=[webhook("http://a/x")], now=1.0, told=told)
    return [json.loads(each.body)["data"]["call"]["state"] for each in made]


def test_given_a_call_that_changes_several_times_in_one_transaction_when_told_then_as_it_is_at_the_end() -> None:
    first, other = a_call(1), a_call(2)
    effects = updates(first, other, offered(first, ANNA), talking(first, ANNA))
    assert told_states(effects) == ["waiting", "talking"]


def test_given_a_state_that_was_told_when_it_is_told_again_then_nothing_is_sent_until_it_changes() -> None:
    told = Told()
    call = talking(a_call(), ANNA)
    assert told_states(updates(call), told) == ["talking"]
    told.saved()
    assert told_states(updates(call), told) == []
    assert told_states(updates(replace(call, caller_name="Maxine")), told) == ["talking"]
    told.saved()
    assert told_states(updates(call), told) == ["talking"]


def test_given_a_state_whose_saving_failed_when_it_is_told_again_then_it_is_sent() -> None:
    told = Told()
    call = talking(a_call(), ANNA)
    assert told_states(updates(call), told) == ["talking"]
    told.dropped()
    assert told_states(updates(call), told) == ["talking"]


def test_given_events_of_a_call_when_told_then_each_has_its_number_and_its_moment() -> None:
    call = replace(talking(a_call(), ANNA), sequence=7, changed_at=1_700_000_000.123)
    effects = [PublishCall(call=call, to=frozenset({ANNA}), kind=kind) for kind in ("pop", "call.updated")]
    made = outbox_messages(effects, world=world(call), webhooks=[webhook("http://a/x")], now=1.0)
    bodies = [json.loads(each.body) for each in made]
    assert [body["data"]["sequence"] for body in bodies] == [7, 7]
    assert bodies[1]["data"]["call"]["sequence"] == 7
    assert {body["timestamp"] for body in bodies} == {"2023-11-14T22:13:20.123000Z"}


def test_given_only_a_higher_number_when_told_again_then_nothing_is_sent() -> None:
    told = Told()
    call = talking(a_call(), ANNA)
    assert told_states(updates(call), told) == ["talking"]
    told.saved()
    assert told_states(updates(replace(call, sequence=9, changed_at=9.0)), told) == []

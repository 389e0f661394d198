"""Webhooks: signed messages to other systems, at least once, in the Standard Webhooks form.

Messages are written to the outbox with the change that they tell of, and sent from there. Each receiver has its
own queue and workers, so that a slow one delays nobody else. A message that a receiver does not take is tried
again, later each time, for a day.
"""

import asyncio
import random
import secrets
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

import aiohttp
import orjson
import structlog
from pydantic_core import to_jsonable_python
from standardwebhooks import Webhook as Signer

from callbridge.domain.model.effects import PublishAgent, PublishCall
from callbridge.domain.model.world import World
from callbridge.web.hub import event_of
from callbridge.web.metrics import Metrics
from callbridge.web.ports import Message, NewMessage, Outbox
from callbridge.web.settings import Limits, Webhook
from callbridge.web.words import moment

log = structlog.get_logger(__name__)

_FIRST_RETRY = 5.0
_LAST_RETRY = 3600.0
_BUSY_RETRY = 30.0
"""Seconds for which a message of a receiver whose queue is full is put off."""
_ROOM = 1000
"""Messages that may wait here for one receiver."""
_POLL = 1.0
_BATCH = 100
_USER_AGENT = "callbridge-webhooks"


def outbox_messages(
    effects: Iterable[PublishCall | PublishAgent], *, world: World, webhooks: Sequence[Webhook], now: float
) -> list[NewMessage]:
    """The messages of these effects, one for each subscription that wants the event.

    To be kept in the transaction that keeps the change. `now` in epoch seconds. Never raises: what cannot be
    told is logged.
    """
    messages: list[NewMessage] = []
    if not webhooks:
        return messages
    for effect in effects:
        if not isinstance(effect, PublishCall):
            continue
        targets = [webhook for webhook in webhooks if not webhook.events or effect.kind in webhook.events]
        if not targets:
            continue
        try:
            event = event_of(world, effect)
            body = orjson.dumps(
                {"type": effect.kind, "timestamp": to_jsonable_python(moment(now)), "data": to_jsonable_python(event)}
            ).decode()
        except Exception:
            log.exception("no webhook message made", kind=effect.kind)
            continue
        if event is not None:
            messages += (
                NewMessage(
                    id=f"msg_{secrets.token_hex(12)}", target=target.name, event=effect.kind, body=body, created_at=now
                )
                for target in targets
            )
    return messages


def retry_after(attempts: int) -> float:
    """Seconds until the next attempt after so many failed ones, without the jitter."""
    return float(min(_FIRST_RETRY * 3 ** min(attempts, 10), _LAST_RETRY))


class WebhookSender:
    """Run it as a task; cancel it to stop. What was not delivered stays in the outbox."""

    def __init__(
        self,
        outbox: Outbox,
        webhooks: Sequence[Webhook],
        limits: Limits,
        *,
        clock: Callable[[], float],
        metrics: Metrics | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
        poll: float = _POLL,
    ) -> None:
        self._outbox = outbox
        self._webhooks = {webhook.name: (webhook, _signer(webhook.secret)) for webhook in webhooks}
        self._limits = limits
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._jitter = jitter
        self._poll = poll
        self._woken = asyncio.Event()
        self._queues: dict[str, asyncio.Queue[Message]] = {name: asyncio.Queue(_ROOM) for name in self._webhooks}
        self._here: set[str] = set()
        """The messages in the queues and under way: the outbox gives those that wait long out once more."""

    def wake(self) -> None:
        """There are new messages: do not wait for the next look."""
        self._woken.set()

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._limits.webhook_timeout)
        connector = aiohttp.TCPConnector(limit=0, limit_per_host=0)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http,
            asyncio.TaskGroup() as tasks,
        ):
            for name, queue in self._queues.items():
                for number in range(self._limits.webhook_parallel):
                    tasks.create_task(self._work(http, name, queue), name=f"webhook {name} {number}")
            await self._hand_out()

    async def _hand_out(self) -> None:
        while True:
            self._woken.clear()
            try:
                due = await self._outbox.outbox_due(self._clock(), _BATCH)
                for message in due:
                    await self._queue(message)
            except Exception:
                log.exception("outbox unreadable")
                due = []
            if len(due) < _BATCH:
                try:
                    async with asyncio.timeout(self._poll):
                        await self._woken.wait()
                except TimeoutError:
                    pass

    async def _queue(self, message: Message) -> None:
        if message.id in self._here:
            return
        queue = self._queues.get(message.target)
        if queue is None:
            await self._outbox.outbox_dead(message.id, "there is no such webhook any more")
            return
        try:
            queue.put_nowait(message)
            self._here.add(message.id)
        except asyncio.QueueFull:
            put_off = self._clock() + _BUSY_RETRY * self._jitter(0.5, 1.5)
            await self._outbox.outbox_failed(message.id, put_off, "the receiver is slow; put off")

    async def _work(self, http: aiohttp.ClientSession, name: str, queue: asyncio.Queue[Message]) -> None:
        webhook, signer = self._webhooks[name]
        while True:
            message = await queue.get()
            error = await self._send(http, webhook, signer, message)
            try:
                await self._settle(message, error)
            except Exception:
                # Its lease ends, and it is sent once more: at least once, as promised.
                log.exception("delivery not noted", webhook=name)
            finally:
                self._here.discard(message.id)

    async def _send(
        self, http: aiohttp.ClientSession, webhook: Webhook, signer: Signer, message: Message
    ) -> str | None:
        """None: the receiver has it. Else why not, in a few words without anything secret."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": signer.sign(message.id, now, message.body),
        }
        try:
            async with http.post(
                webhook.url, data=message.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                return None if 200 <= answer.status < 300 else f"status {answer.status}"
        except TimeoutError:
            return "no answer in time"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return type(error).__name__

    async def _settle(self, message: Message, error: str | None) -> None:
        now = self._clock()
        if error is None:
            outcome = "delivered"
            await self._outbox.outbox_done(message.id)
        elif error == "status 410" or now - message.created_at >= self._limits.webhook_give_up:
            outcome = "given_up"
            await self._outbox.outbox_dead(message.id, error)
        else:
            outcome = "failed"
            wait = retry_after(message.attempts) * self._jitter(0.75, 1.25)
            await self._outbox.outbox_failed(message.id, now + wait, error)
        self._metrics.webhooks.labels(message.target, outcome).inc()
        if error is not None:
            log.warning("webhook not delivered", webhook=message.target, why=error, outcome=outcome)


def _signer(secret: str) -> Signer:
    return Signer(secret if secret.startswith("whsec_") else secret.encode())

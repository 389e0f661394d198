"""Sends what is in the outbox: each receiver by itself, the messages of one call strictly one after the other.

A slow or dead receiver delays no other, and a call whose message is not taken delays no other call. A message that is
not taken is tried again, later each time, for a day, and the call's later ones wait for it.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp
import structlog
from standardwebhooks import Webhook as Signer

from callbridge.web.metrics import Metrics
from callbridge.web.ports import Message, Outbox
from callbridge.web.settings import Limits, Webhook

log = structlog.get_logger(__name__)

_FIRST_RETRY = 5.0
_LAST_RETRY = 3600.0
_LEASE = 60.0
"""Seconds for which the outbox gives messages to nobody else, at the least."""
_REVIVAL = 60.0
"""Seconds between two times that everything put off is tried at once, since its receiver takes messages again."""
_POLL = 1.0
_USER_AGENT = "callbridge-webhooks"


def retry_after(attempts: int) -> float:
    """Seconds until the next attempt after so many failed ones, without the jitter."""
    return float(min(_FIRST_RETRY * 3 ** min(attempts, 10), _LAST_RETRY))


@dataclass(slots=True)
class _Receiver:
    webhook: Webhook
    signer: Signer
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    busy: set[str] = field(default_factory=set)
    """The calls whose messages are under way."""
    doubtful: bool = True
    """It has not taken a message since one failed, or since the start."""
    revived_at: float = float("-inf")


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
        self._receivers = {webhook.name: _Receiver(webhook, _signer(webhook.secret)) for webhook in webhooks}
        self._limits = limits
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._jitter = jitter
        self._poll = poll
        self._lease = max(_LEASE, 3 * limits.webhook_timeout)

    def wake(self) -> None:
        """There are new messages: do not wait for the next look."""
        for receiver in self._receivers.values():
            receiver.woken.set()

    async def run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=self._limits.webhook_timeout)
        connector = aiohttp.TCPConnector(limit=0, limit_per_host=0)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector, cookie_jar=aiohttp.DummyCookieJar()) as http,
            asyncio.TaskGroup() as tasks,
        ):
            for receiver in self._receivers.values():
                tasks.create_task(self._serve(http, receiver, tasks), name=f"webhook {receiver.webhook.name}")
            await self._abandon_others()
            await asyncio.Event().wait()

    async def _abandon_others(self) -> None:
        """What was meant for a webhook that is not configured any more."""
        while True:
            try:
                gone = await self._outbox.outbox_abandon(list(self._receivers), "there is no such webhook any more")
            except Exception:
                log.exception("outbox unreadable")
                await asyncio.sleep(self._poll)
                continue
            if gone:
                log.warning("webhooks given up", why="they are not configured any more", messages=gone)
            return

    async def _serve(self, http: aiohttp.ClientSession, receiver: _Receiver, tasks: asyncio.TaskGroup) -> None:
        while True:
            receiver.woken.clear()
            found = await self._due(receiver)
            for messages in found:
                receiver.busy.add(messages[0].call)
                tasks.create_task(self._send_in_order(http, receiver, messages, self._clock()))
            if not found:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll):
                        await receiver.woken.wait()

    async def _due(self, receiver: _Receiver) -> list[Sequence[Message]]:
        room = self._limits.webhook_parallel - len(receiver.busy)
        if room <= 0:
            return []
        try:
            found = await self._outbox.outbox_due(self._clock(), receiver.webhook.name, room, self._lease)
        except Exception:
            log.exception("outbox unreadable")
            return []
        return [messages for messages in found if messages[0].call not in receiver.busy]

    async def _send_in_order(
        self, http: aiohttp.ClientSession, receiver: _Receiver, messages: Sequence[Message], since: float
    ) -> None:
        """Messages of one call, each once the one before is taken or given up; `since`: when they were handed out."""
        rest = list(messages)
        until = since + self._lease - self._limits.webhook_timeout
        try:
            # Past that time another gateway may get them while the last one is still under way.
            while rest and self._clock() < until:
                error = await self._send(http, receiver, rest[0])
                if await self._settle(receiver, rest[0], error) == "failed":
                    return  # the outbox holds the rest back
                del rest[0]
            if rest:
                await self._outbox.outbox_release([message.id for message in rest])
        except asyncio.CancelledError:
            with suppress(Exception):
                await self._outbox.outbox_release([message.id for message in rest])
            raise
        except Exception:
            # The lease ends, and they are sent once more: at least once, as promised.
            log.exception("delivery not noted", webhook=receiver.webhook.name)
        finally:
            receiver.busy.discard(messages[0].call)
            receiver.woken.set()

    async def _send(self, http: aiohttp.ClientSession, receiver: _Receiver, message: Message) -> str | None:
        """None: the receiver has it. Else why not, in a few words without anything secret."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": _USER_AGENT,
            "webhook-id": message.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": receiver.signer.sign(message.id, now, message.body),
        }
        try:
            async with http.post(
                receiver.webhook.url, data=message.body.encode(), headers=headers, allow_redirects=False
            ) as answer:
                return None if 200 <= answer.status < 300 else f"status {answer.status}"
        except TimeoutError:
            return "no answer in time"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return type(error).__name__

    async def _settle(self, receiver: _Receiver, message: Message, error: str | None) -> str:
        """Notes in the outbox what became of the message: `delivered`, `given_up` or `failed`."""
        now = self._clock()
        if error is None:
            outcome = "delivered"
            await self._outbox.outbox_done(message.id)
            if receiver.doubtful and now - receiver.revived_at >= _REVIVAL:
                receiver.doubtful, receiver.revived_at = False, now
                await self._outbox.outbox_retry(message.target, now)
        elif error == "status 410" or now - message.created_at >= self._limits.webhook_give_up:
            outcome = "given_up"
            await self._outbox.outbox_dead(message.id, error)
        else:
            outcome = "failed"
            receiver.doubtful = True
            wait = retry_after(message.attempts) * self._jitter(0.75, 1.25)
            await self._outbox.outbox_failed(message.id, now + wait, error)
        self._metrics.webhooks.labels(message.target, outcome).inc()
        if error is not None:
            log.warning("webhook not delivered", webhook=message.target, why=error, outcome=outcome)
        return outcome


def _signer(secret: str) -> Signer:
    return Signer(secret if secret.startswith("whsec_") else secret.encode())

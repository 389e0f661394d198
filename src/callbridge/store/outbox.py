"""Webhooks on their way out: written with the change that they tell of, sent afterwards, at least once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from callbridge.store.database import Database
from callbridge.store.finish import finished
from callbridge.store.schema import outbox

LEASE = 60.0
"""Seconds for which messages that were handed out are not handed out again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    id: str
    """Unique; the same for every attempt, so that the receiver can tell a repetition."""
    target: str
    """Which of the configured webhooks."""
    event: str
    body: str
    """What is sent, byte for byte (UTF-8): it is signed."""
    created_at: float
    """Epoch seconds."""
    attempts: int = 0
    """How often sending it has failed."""
    error: str | None = None
    """Why the last attempt failed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxCounts:
    waiting: int
    dead: int
    oldest: float | None
    """When the oldest waiting message was made, in epoch seconds."""


_DUE = sa.and_(outbox.c.dead.is_(False), outbox.c.next_at <= sa.bindparam("now"))


def outbox_rows(messages: Sequence[OutboxMessage]) -> list[dict[str, Any]]:
    return [
        {
            "id": message.id,
            "target": message.target,
            "event": message.event,
            "body": message.body,
            "created_at": message.created_at,
            "next_at": message.created_at,
            "attempts": message.attempts,
            "error": message.error,
            "dead": False,
        }
        for message in messages
    ]


class OutboxOperations:
    """The sender's side of the outbox."""

    _database: Database

    @finished
    async def outbox_due(self, now: float, limit: int, lease: float = LEASE) -> list[OutboxMessage]:
        """At most `limit` messages to be sent now, the longest due first.

        They are leased for `lease` seconds: no other gateway gets them meanwhile, and a sender that dies
        gets them again afterwards. Say what became of each with `outbox_done`, `outbox_failed` or `outbox_dead`.
        """
        async with self._database.read() as connection:
            if (await connection.execute(sa.select(1).where(_DUE).limit(1), {"now": now})).first() is None:
                return []
        first = (
            sa.select(outbox.c.id).where(_DUE).order_by(outbox.c.next_at, outbox.c.id).limit(sa.bindparam("limit"))
        ).with_for_update(skip_locked=True)
        taken = sa.select(outbox).where(outbox.c.id.in_(first)).order_by(outbox.c.next_at, outbox.c.id)
        async with self._database.write() as connection:
            rows = (await connection.execute(taken, {"now": now, "limit": limit})).all()
            ids = [row.id for row in rows]
            await connection.execute(outbox.update().where(outbox.c.id.in_(ids)).values(next_at=now + lease))
        return [
            OutboxMessage(
                id=row.id,
                target=row.target,
                event=row.event,
                body=row.body,
                created_at=row.created_at,
                attempts=row.attempts,
                error=row.error,
            )
            for row in rows
        ]

    @finished
    async def outbox_done(self, message: str) -> None:
        """Delivered: forget the message with this id."""
        async with self._database.write() as connection:
            await connection.execute(outbox.delete().where(outbox.c.id == message))

    @finished
    async def outbox_failed(self, message: str, next_at: float, error: str) -> None:
        """Not delivered: due again at `next_at` (epoch seconds), with one more attempt counted."""
        await self._change(message, next_at=next_at, error=error, attempts=outbox.c.attempts + 1)

    @finished
    async def outbox_dead(self, message: str, error: str) -> None:
        """Given up: kept until `prune`, never due again unless revived."""
        await self._change(message, dead=True, error=error, attempts=outbox.c.attempts + 1)

    @finished
    async def outbox_revive(self, now: float, target: str | None = None) -> int:
        """Make the dead messages (of one target) due again; how many there were."""
        change = outbox.update().where(outbox.c.dead.is_(True)).values(dead=False, next_at=now, attempts=0)
        if target is not None:
            change = change.where(outbox.c.target == target)
        async with self._database.write() as connection:
            return (await connection.execute(change)).rowcount

    @finished
    async def outbox_counts(self) -> OutboxCounts:
        query = sa.select(outbox.c.dead, sa.func.count(), sa.func.min(outbox.c.created_at)).group_by(outbox.c.dead)
        async with self._database.read() as connection:
            found = {row[0]: (row[1], row[2]) for row in await connection.execute(query)}
        waiting, oldest = found.get(False, (0, None))
        return OutboxCounts(waiting=waiting, dead=found.get(True, (0, None))[0], oldest=oldest)

    @finished
    async def _change(self, message: str, **values: Any) -> None:
        async with self._database.write() as connection:
            await connection.execute(outbox.update().where(outbox.c.id == message).values(**values))

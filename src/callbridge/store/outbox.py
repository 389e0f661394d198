"""Webhooks on their way out: written with the change that they tell of, sent afterwards, at least once.

Messages of one call to one receiver go out in the order in which they were written: a later one is handed out only
together with the earlier ones, or when these are delivered or given up. Other calls do not wait for them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import sqlalchemy as sa

from callbridge.store.database import Database
from callbridge.store.finish import finished
from callbridge.store.schema import outbox

LEASE = 60.0
"""Seconds for which messages that were handed out are not handed out again."""
_OF_ONE_CALL = 20
"""Messages of one call that are handed out at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboxMessage:
    id: str
    """Unique; the same for every attempt, so that the receiver can tell a repetition."""
    target: str
    """Which of the configured webhooks."""
    call: str
    """Which call it is about."""
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


_earlier = outbox.alias("earlier")
_DUE = sa.and_(
    outbox.c.target == sa.bindparam("target"),
    outbox.c.dead.is_(False),
    outbox.c.next_at <= sa.bindparam("now"),
    outbox.c.leased_until <= sa.bindparam("now"),
)
_FIRST_OF_ITS_CALL = sa.not_(
    sa.exists().where(
        _earlier.c.target == outbox.c.target,
        _earlier.c.call == outbox.c.call,
        _earlier.c.dead.is_(False),
        _earlier.c.seq < outbox.c.seq,
    )
)
_ANY_DUE = sa.select(1).where(_DUE).limit(1)
# Whoever has a call's first message has the call: with PostgreSQL, no other gateway can lock it at the same time.
_CALLS_DUE = (
    sa.select(outbox.c.call)
    .where(_DUE, _FIRST_OF_ITS_CALL)
    .order_by(outbox.c.next_at, outbox.c.seq)
    .limit(sa.bindparam("calls"))
    .with_for_update(skip_locked=True, of=outbox)
)


def outbox_rows(messages: Sequence[OutboxMessage]) -> list[dict[str, Any]]:
    return [
        {
            "id": message.id,
            "target": message.target,
            "call": message.call,
            "event": message.event,
            "body": message.body,
            "created_at": message.created_at,
            "next_at": message.created_at,
            "leased_until": 0.0,
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
    async def outbox_due(
        self, now: float, target: str, calls: int, lease: float = LEASE
    ) -> Sequence[Sequence[OutboxMessage]]:
        """Messages to be sent now to this target, of at most so many calls: each call's in their order.

        The longest due call comes first. They are leased for `lease` seconds: no other gateway gets them meanwhile,
        and a sender that dies gets them again afterwards. Say what became of each with `outbox_done`,
        `outbox_failed` or `outbox_dead`, and give back with `outbox_release` what was not tried.
        """
        values = {"now": now, "target": target, "calls": calls}
        async with self._database.read() as connection:
            if (await connection.execute(_ANY_DUE, values)).first() is None:
                return []
        async with self._database.write() as connection:
            due = list((await connection.execute(_CALLS_DUE, values)).scalars())
            query = (
                sa.select(outbox)
                .where(outbox.c.target == target, outbox.c.call.in_(due), outbox.c.dead.is_(False))
                .order_by(outbox.c.seq)
                .limit(calls * _OF_ONE_CALL)
            )
            rows = (await connection.execute(query)).all()
            found = []
            for call in due:
                of_call = [row for row in rows if row.call == call][:_OF_ONE_CALL]
                free = [_message(row) for row in takewhile(lambda row: row.leased_until <= now, of_call)]
                if free:
                    found.append(free)
            ids = [message.id for messages in found for message in messages]
            await connection.execute(outbox.update().where(outbox.c.id.in_(ids)).values(leased_until=now + lease))
        return found

    @finished
    async def outbox_release(self, messages: Collection[str]) -> None:
        """Handed out, but not tried: these are due again at once."""
        async with self._database.write() as connection:
            await connection.execute(outbox.update().where(outbox.c.id.in_(messages)).values(leased_until=0.0))

    @finished
    async def outbox_done(self, message: str) -> None:
        """Delivered: forget the message with this id."""
        async with self._database.write() as connection:
            await connection.execute(outbox.delete().where(outbox.c.id == message))

    @finished
    async def outbox_failed(self, message: str, next_at: float, error: str) -> None:
        """Not delivered: due again at `next_at` (epoch seconds), with one more attempt counted.

        The call's later messages to this target wait for it.
        """
        async with self._database.write() as connection:
            values = {"error": error, "attempts": outbox.c.attempts + 1}
            failed = await connection.execute(
                outbox.update()
                .where(outbox.c.id == message)
                .values(values)
                .returning(outbox.c.target, outbox.c.call, outbox.c.seq)
            )
            for target, call, seq in failed.all():
                those = (outbox.c.target == target, outbox.c.call == call, outbox.c.seq >= seq)
                await connection.execute(outbox.update().where(*those).values(next_at=next_at, leased_until=0.0))

    @finished
    async def outbox_dead(self, message: str, error: str) -> None:
        """Given up: kept until `prune`, never due again unless revived. The call's later messages go on."""
        change = outbox.update().where(outbox.c.id == message)
        async with self._database.write() as connection:
            await connection.execute(
                change.values(dead=True, error=error, attempts=outbox.c.attempts + 1, leased_until=0.0)
            )

    @finished
    async def outbox_abandon(self, targets: Collection[str], error: str) -> int:
        """Give up what is meant for any target but these; how many there were."""
        change = outbox.update().where(outbox.c.target.not_in(targets), outbox.c.dead.is_(False))
        async with self._database.write() as connection:
            return (await connection.execute(change.values(dead=True, error=error))).rowcount

    @finished
    async def outbox_retry(self, target: str, now: float) -> None:
        """The target takes messages again: what was put off is due now, the oldest first."""
        put_off = (outbox.c.target == target, outbox.c.dead.is_(False), outbox.c.next_at > now)
        async with self._database.write() as connection:
            await connection.execute(outbox.update().where(*put_off).values(next_at=now))

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


def _message(row: Any) -> OutboxMessage:
    return OutboxMessage(
        id=row.id,
        target=row.target,
        call=row.call,
        event=row.event,
        body=row.body,
        created_at=row.created_at,
        attempts=row.attempts,
        error=row.error,
    )

"""The store: what callbridge knows, kept so that a restart loses nothing.

store = await Store.open("sqlite:///callbridge.db")
calls, agents = await store.load()
async with store.transaction() as transaction:
    answers = await transaction.apply(effects)
    await transaction.enqueue(messages)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import Call
from callbridge.store import codec, schema
from callbridge.store.codec import Codec, Unreadable
from callbridge.store.counting import CountOperations
from callbridge.store.database import Database, connect
from callbridge.store.finish import finish, finished
from callbridge.store.idempotency import IdempotencyOperations
from callbridge.store.migrate import migrate
from callbridge.store.outbox import OutboxOperations
from callbridge.store.reading import ReadOperations
from callbridge.store.reservations import Reservations
from callbridge.store.writing import Transaction

log = structlog.get_logger(__name__)

T = TypeVar("T")

_PRUNE_AT_ONCE = 200
"""Calls deleted in one transaction: the runtime waits no longer than that for its turn."""


class Store(ReadOperations, CountOperations, OutboxOperations, IdempotencyOperations):
    """An open database. Every method raises `StoreUnavailable` where the database cannot be reached."""

    def __init__(self, database: Database) -> None:
        """Use `Store.open`."""
        self._database = database
        self._reservations = Reservations(database)
        self.unreadable = 0
        """How many rows the last `load` set aside."""

    @classmethod
    async def open(cls, url: str) -> Self:
        """Open `sqlite:///path` or `postgresql://user:password@host/name`, and migrate it.

        Raises:
            StoreError: the URL is wrong, or the driver is not installed.
            StoreUnavailable: no such directory, not writable, not reachable, ...; the text names the place.
            StoreTooNew: a newer version has migrated this database.
        """
        database = await connect(url)
        try:
            await finish(_migrated(database))
        except BaseException:
            await database.close()
            raise
        return cls(database)

    async def close(self) -> None:
        await self._database.close()

    @finished
    async def load(self) -> tuple[list[Call], list[Agent]]:
        """The calls that have not ended, oldest first, and all agents. For the start, before anything is saved.

        A row that cannot be read is set aside: marked in its column `unreadable`, logged, counted in
        `unreadable`, and tried again at the next start. Reservations that belong to no call that was loaded
        are released, for nobody else would.
        """
        self.unreadable = 0
        open_calls = schema.calls.c.ended_at.is_(None)
        async with self._database.write() as connection:
            calls = await self._readable(
                connection, codec.CALLS, schema.calls, open_calls, schema.calls.c.arrived_at, schema.calls.c.id
            )
            agents = await self._readable(connection, codec.AGENTS, schema.agents, sa.true(), schema.agents.c.id)
            served = sa.select(schema.calls.c.id).where(open_calls, schema.calls.c.unreadable.is_(None))
            orphans = await connection.execute(
                schema.reservations.delete().where(schema.reservations.c.call.not_in(served))
            )
        if orphans.rowcount:
            log.warning("reservations of no call released", count=orphans.rowcount)
        return calls, agents

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """All or nothing: committed at the end of the block, rolled back when anything is raised in it.

        Raises:
            StoreUnavailable: it may or may not have been committed. Apply the same effects again.
        """
        async with self._database.write() as connection:
            yield Transaction(connection, self._reservations)

    async def prune(self, before: float) -> int:
        """Delete the calls that ended before (epoch seconds) with all that belongs to them; how many.

        Also what cannot be read and arrived before, older history of no call, and older dead webhooks.
        """
        calls = schema.calls
        old = sa.or_(calls.c.ended_at < before, sa.and_(calls.c.unreadable.is_not(None), calls.c.arrived_at < before))
        pruned = some = await self._prune_calls(old)
        while some == _PRUNE_AT_ONCE:
            some = await self._prune_calls(old)
            pruned += some
        await self._prune_the_rest(before)
        return pruned

    @finished
    async def _prune_calls(self, old: sa.ColumnElement[bool]) -> int:
        calls = schema.calls
        async with self._database.write() as connection:
            ids = list((await connection.execute(sa.select(calls.c.id).where(old).limit(_PRUNE_AT_ONCE))).scalars())
            await connection.execute(schema.history.delete().where(schema.history.c.call.in_(ids)))
            await connection.execute(calls.delete().where(calls.c.id.in_(ids)))
        return len(ids)

    @finished
    async def _prune_the_rest(self, before: float) -> None:
        known = sa.select(schema.calls.c.id).where(schema.calls.c.id == schema.history.c.call)
        async with self._database.write() as connection:
            await connection.execute(
                schema.history.delete().where(schema.history.c.at < before, sa.not_(sa.exists(known)))
            )
            await connection.execute(
                schema.outbox.delete().where(schema.outbox.c.dead.is_(True), schema.outbox.c.created_at < before)
            )

    async def _readable(
        self,
        connection: AsyncConnection,
        form: Codec[T],
        table: sa.Table,
        where: sa.ColumnElement[bool],
        *order: sa.Column[Any],
    ) -> list[T]:
        rows = await connection.execute(
            sa.select(table.c.id, table.c.document, table.c.unreadable).where(where).order_by(*order)
        )
        items: list[T] = []
        for identity, document, before in rows:
            why: str | None = None
            try:
                items.append(form.decode(document))
            except Unreadable as error:
                why = str(error)
                self.unreadable += 1
                log.error("unreadable row set aside", table=table.name, id=identity, why=why)
            if why != before:
                await connection.execute(table.update().where(table.c.id == identity).values(unreadable=why))
        return items


async def _migrated(database: Database) -> None:
    async with database.write() as connection:
        await connection.run_sync(migrate, database=database.name)

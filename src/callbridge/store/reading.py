"""What was and what is, a page at a time: for the API, the desktop and those who ask why."""

from collections.abc import Collection, Sequence
from typing import Any, Literal, TypeVar

import sqlalchemy as sa
import structlog

from callbridge.domain.model.calls import Call, HistoryEntry
from callbridge.domain.model.ids import AgentId, CallId, GroupId, OfferId, PopId, TransferId
from callbridge.domain.model.offer import Offer, Pop
from callbridge.domain.model.transfer import Transfer
from callbridge.store import codec, schema
from callbridge.store.codec import Codec, Unreadable
from callbridge.store.database import Database
from callbridge.store.finish import finished
from callbridge.store.pages import Page, check_limit, clean, decode_cursor, encode_cursor

log = structlog.get_logger(__name__)

T = TypeVar("T")

LIMIT = 50
"""Items of a page where nothing else is asked for."""


class ReadOperations:
    """Queries. All lists are newest first; `limit` is 1 to 1000; a wrong `cursor` raises `BadCursor`.

    A row that this version cannot read is left out of a list, counts as not found alone, and is logged.
    """

    _database: Database

    async def call(self, call: CallId) -> Call | None:
        """A call by its id, ended ones too; None: never heard of, or pruned."""
        return await self._one(schema.calls, codec.CALLS, call)

    async def transfer(self, transfer: TransferId) -> Transfer | None:
        return await self._one(schema.transfers, codec.TRANSFERS, transfer)

    async def offer(self, offer: OfferId) -> Offer | None:
        return await self._one(schema.offers, codec.OFFERS, offer)

    async def pop(self, pop: PopId) -> Pop | None:
        return await self._one(schema.pops, codec.POPS, pop)

    async def calls(
        self,
        *,
        agent: AgentId | None = None,
        group: GroupId | None = None,
        state: Literal["open", "ended"] | None = None,
        limit: int = LIMIT,
        cursor: str | None = None,
    ) -> Page[Call]:
        """By arrival. `agent`: whose call it is or ever was; `group`: the call's present or last one."""
        table = schema.calls
        where: list[sa.ColumnElement[bool]] = []
        if agent is not None:
            theirs = sa.select(schema.call_agents.c.call).where(schema.call_agents.c.agent == clean(agent))
            where.append(table.c.id.in_(theirs))
        if group is not None:
            where.append(table.c.group_id == clean(group))
        if state is not None:
            where.append(table.c.ended_at.is_(None) if state == "open" else table.c.ended_at.is_not(None))
        return await self._page(table, codec.CALLS, table.c.arrived_at, where, limit, cursor)

    async def transfers(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        limit: int = LIMIT,
        cursor: str | None = None,
    ) -> Page[Transfer]:
        """By when they were asked for. `agent`: who asked for it, took it, or was to take it."""
        table = schema.transfers
        where = _of(table, call)
        if agent is not None:
            where.append(sa.or_(table.c.by_agent == clean(agent), table.c.target == clean(agent)))
        return await self._page(table, codec.TRANSFERS, table.c.made_at, where, limit, cursor)

    async def offers(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        limit: int = LIMIT,
        cursor: str | None = None,
    ) -> Page[Offer]:
        """By when they were made."""
        table = schema.offers
        where = _of(table, call, agent)
        return await self._page(table, codec.OFFERS, table.c.made_at, where, limit, cursor)

    async def pops(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        limit: int = LIMIT,
        cursor: str | None = None,
    ) -> Page[Pop]:
        """By when they were shown, previews too."""
        table = schema.pops
        where = _of(table, call, agent)
        return await self._page(table, codec.POPS, table.c.made_at, where, limit, cursor)

    @finished
    async def history(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        kinds: Collection[str] = (),
        limit: int = LIMIT,
        cursor: str | None = None,
    ) -> Page[HistoryEntry]:
        """In the order of recording, the last first. Neither `agent`, `call` nor `kinds`: everything."""
        table = schema.history
        where: list[sa.ColumnElement[bool]] = []
        if call is not None:
            where.append(table.c.call == clean(call))
        if agent is not None:
            where.append(table.c.agent == clean(agent))
        if kinds:
            where.append(table.c.kind.in_(sorted(kinds)))
        if cursor is not None:
            seq, _ = decode_cursor("history", cursor)
            where.append(table.c.seq < sa.cast(seq, sa.Double))
        query = sa.select(table).where(*where).order_by(table.c.seq.desc()).limit(check_limit(limit) + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        entries = tuple(_entry(row) for row in rows[:limit])
        return Page(entries, encode_cursor("history", (rows[limit - 1].seq, "")) if len(rows) > limit else None)

    @finished
    async def _one(self, table: sa.Table, form: Codec[T], identity: str) -> T | None:
        query = sa.select(table.c.document).where(table.c.id == clean(identity))
        async with self._database.read() as connection:
            document = (await connection.execute(query)).scalar_one_or_none()
        if document is None:
            return None
        items = _decoded(table, form, [(identity, document)])
        return items[0] if items else None

    @finished
    async def _page(
        self,
        table: sa.Table,
        form: Codec[T],
        at: sa.Column[Any],
        where: list[sa.ColumnElement[bool]],
        limit: int,
        cursor: str | None,
    ) -> Page[T]:
        if cursor is not None:
            last_at, last_id = decode_cursor(table.name, cursor)
            where.append(sa.tuple_(at, table.c.id) < sa.tuple_(sa.literal(last_at), sa.literal(last_id)))
        query = sa.select(table.c.id, at, table.c.document).where(*where)
        query = query.order_by(at.desc(), table.c.id.desc()).limit(check_limit(limit) + 1)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        items = _decoded(table, form, [(row[0], row[2]) for row in rows[:limit]])
        last = rows[limit - 1] if len(rows) > limit else None
        return Page(tuple(items), None if last is None else encode_cursor(table.name, (last[1], last[0])))


def _of(table: sa.Table, call: CallId | None, agent: AgentId | None = None) -> list[sa.ColumnElement[bool]]:
    where = []
    if call is not None:
        where.append(table.c.call == clean(call))
    if agent is not None:
        where.append(table.c.agent == clean(agent))
    return where


def _decoded(table: sa.Table, form: Codec[T], rows: Sequence[tuple[str, str]]) -> list[T]:
    items = []
    for identity, document in rows:
        try:
            items.append(form.decode(document))
        except Unreadable as error:
            log.warning("unreadable row left out", table=table.name, id=identity, why=str(error))
    return items


def _entry(row: sa.Row[Any]) -> HistoryEntry:
    return HistoryEntry(
        at=row.at,
        call=None if row.call is None else CallId(row.call),
        kind=row.kind,
        agent=None if row.agent is None else AgentId(row.agent),
        detail=codec.loads(row.detail),
    )

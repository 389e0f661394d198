"""One transaction of the runtime: effects in, the store's answers out.

Saves are gathered, the last one of each row wins, and go out as one `executemany` for each table. Rows are
written in the order of their ids and tables in a fixed order, so two gateways never wait for each other in
a circle.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import Call, CallState, HistoryEntry
from callbridge.domain.model.effects import (
    ConfirmReservation,
    Record,
    ReleaseReservation,
    Reserve,
    SaveAgent,
    SaveCall,
    StoreEffect,
)
from callbridge.domain.model.offer import Offer, OfferState, Pop
from callbridge.domain.model.signals import NobodyFree, Reserved
from callbridge.domain.model.transfer import DestinationKind, Transfer
from callbridge.store import codec, schema
from callbridge.store.finish import finished
from callbridge.store.outbox import OutboxMessage, outbox_rows
from callbridge.store.reservations import ReleaseCall, ReservationOp, Reservations

Row = dict[str, Any]


def progress(call: Call) -> int:
    """A number that never falls in the life of a call: a save with a smaller one is an old repetition."""
    return call.legs_made + call.offers_made + call.pops_made + call.transfers_made + len(call.notes)


def ended(call: Call) -> bool:
    return call.state is CallState.ENDED


def _ended_at(call: Call) -> float | None:
    """None while anything is left to do, though the conversation may be over."""
    if not ended(call):
        return None
    return call.arrived_at if call.ended_at is None else call.ended_at


class Transaction:
    """See `Store.transaction`."""

    def __init__(self, connection: AsyncConnection, reservations: Reservations) -> None:
        self._connection = connection
        self._reservations = reservations

    @finished
    async def apply(self, effects: Sequence[StoreEffect]) -> list[Reserved | NobodyFree]:
        """Perform the effects; answer each `Reserve`, in the order given.

        Performing an effect again is harmless. A `SaveCall` older than what is stored changes nothing,
        as far as can be told: an ended call, offer or transfer stays ended, and what was saved with more
        legs, offers, pops, transfers or notes stays. Saving an ended call releases its reservations.

        Raises:
            StoreUnavailable: nothing of this transaction will be kept; try again.
        """
        batch = _Batch()
        operations: list[ReservationOp] = []
        for effect in effects:
            match effect:
                case SaveCall(call=call):
                    batch.call(call)
                    if ended(call):
                        operations.append(ReleaseCall(call=call.id))
                case SaveAgent(agent=agent):
                    batch.agent(agent)
                case Record(entry=entry):
                    batch.entry(entry)
                case Reserve() | ConfirmReservation() | ReleaseReservation():
                    operations.append(effect)
        answers = await self._reservations.perform(self._connection, operations)
        await batch.write(self._connection)
        return answers

    @finished
    async def enqueue(self, messages: Sequence[OutboxMessage]) -> None:
        """Put webhooks into the outbox; one whose id is already there is left as it is."""
        if messages:
            statement = _statements(self._connection)["outbox"]
            await self._connection.execute(statement, outbox_rows(messages))


class _Batch:
    """The rows of one `apply`, by table and key."""

    def __init__(self) -> None:
        self._rows: dict[str, dict[Any, Row]] = {name: {} for name in _ORDER}

    def call(self, call: Call) -> None:
        step = progress(call)
        self._rows["calls"][call.id] = {
            "id": call.id,
            "state": call.state.value,
            "agent": call.agent,
            "group_id": call.group,
            "arrived_at": call.arrived_at,
            "ended_at": _ended_at(call),
            "outcome": call.outcome.value if call.outcome is not None else None,
            "progress": step,
            "document": codec.CALLS.encode(call),
        }
        if call.agent is not None:
            self._rows["call_agents"][call.agent, call.id] = {"agent": call.agent, "call": call.id}
        if call.transfer is not None:
            self._rows["transfers"][call.transfer.id] = _transfer_row(call.transfer, step)
        if call.offer is not None:
            self._rows["offers"][call.offer.id] = _offer_row(call.offer, step)
        if call.pop is not None:
            self._rows["pops"][call.pop.id] = _pop_row(call.pop, step)

    def agent(self, agent: Agent) -> None:
        self._rows["agents"][agent.id] = {"id": agent.id, "document": codec.AGENTS.encode(agent)}

    def entry(self, entry: HistoryEntry) -> None:
        row: Row = {
            "at": entry.at,
            "call": entry.call,
            "agent": entry.agent,
            "kind": entry.kind,
            "detail": codec.dumps(entry.detail),
        }
        digest = hashlib.blake2b(codec.dumps(list(row.values())).encode(), digest_size=16).digest()
        self._rows["history"].setdefault(digest, {**row, "digest": digest})

    async def write(self, connection: AsyncConnection) -> None:
        statements = _statements(connection)
        for table, rows in self._rows.items():
            if rows:
                keys: Iterable[Any] = rows if table == "history" else sorted(rows)
                await connection.execute(statements[table], [rows[key] for key in keys])


def _transfer_row(transfer: Transfer, step: int) -> Row:
    meant = transfer.destination.value if transfer.destination.kind is DestinationKind.AGENT else None
    return {
        "id": transfer.id,
        "call": transfer.call,
        "by_agent": transfer.by,
        "target": transfer.taken_by or meant,
        "made_at": transfer.made_at,
        "kind": transfer.kind.value,
        "destination": transfer.destination.kind.value,
        "state": transfer.state.value,
        "ended": transfer.ended,
        "progress": step,
        "document": codec.TRANSFERS.encode(transfer),
    }


def _offer_row(offer: Offer, step: int) -> Row:
    return {
        "id": offer.id,
        "call": offer.call,
        "agent": offer.agent,
        "made_at": offer.made_at,
        "state": offer.state.value,
        "ended": offer.state is not OfferState.PENDING,
        "progress": step,
        "document": codec.OFFERS.encode(offer),
    }


def _pop_row(pop: Pop, step: int) -> Row:
    return {
        "id": pop.id,
        "call": pop.call,
        "agent": pop.agent,
        "made_at": pop.at,
        "ended": not pop.preview,
        "progress": step,
        "document": codec.POPS.encode(pop),
    }


_ORDER = ("calls", "call_agents", "transfers", "offers", "pops", "agents", "history")


def _upsert(insert: Any, table: sa.Table, not_older: Any = None) -> Any:
    """Insert, or replace everything but the key, where `not_older(stored, new)` or the stored is unreadable."""
    statement = insert(table).values({c.name: sa.bindparam(c.name) for c in table.c if c.name != "unreadable"})
    new = statement.excluded
    changes = {c.name: new[c.name] for c in table.c if not c.primary_key and c.name != "unreadable"}
    if "unreadable" in table.c:
        changes["unreadable"] = None
    where = None if not_older is None else sa.or_(not_older(table.c, new), table.c.unreadable.is_not(None))
    return statement.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changes, where=where)


def _call_not_older(stored: Any, new: Any) -> Any:
    forward = sa.and_(new.progress >= stored.progress, sa.or_(stored.ended_at.is_(None), new.ended_at.is_not(None)))
    return sa.or_(new.arrived_at > stored.arrived_at, forward)


def _part_not_older(stored: Any, new: Any) -> Any:
    forward = sa.and_(new.progress >= stored.progress, sa.or_(sa.not_(stored.ended), new.ended))
    return sa.or_(new.made_at > stored.made_at, forward)


def _build(insert: Any) -> Mapping[str, Any]:
    return {
        "calls": _upsert(insert, schema.calls, _call_not_older),
        "call_agents": insert(schema.call_agents).on_conflict_do_nothing(),
        "transfers": _upsert(insert, schema.transfers, _part_not_older),
        "offers": _upsert(insert, schema.offers, _part_not_older),
        "pops": _upsert(insert, schema.pops, _part_not_older),
        "agents": _upsert(insert, schema.agents),
        "history": insert(schema.history).on_conflict_do_nothing(index_elements=["digest"]),
        "outbox": insert(schema.outbox).on_conflict_do_nothing(index_elements=["id"]),
    }


_BUILT = {"sqlite": _build(sqlite.insert), "postgresql": _build(postgresql.insert)}


def _statements(connection: AsyncConnection) -> Mapping[str, Any]:
    return _BUILT[connection.dialect.name]

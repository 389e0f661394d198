"""Who gets whom: an agent is given to an offer by one SQL statement, so no two offers ever win one agent.

An agent has at most one pending reservation (a partial unique index says so as well), and at most as many
reservations, pending and confirmed, as the administrator allows sessions.

SQLite has one writer: `BEGIN IMMEDIATE` has already locked everybody else out. On PostgreSQL several gateways
reserve at once, each agent having a row in `agent_locks`:

1. Lock the first candidate that looks free and is not locked (`FOR UPDATE SKIP LOCKED LIMIT 1`): nobody waits,
   and only the agent who is picked is locked.
2. Run the deciding statement for that one agent. It is a new statement, so it sees all that was committed
   before the lock was got. When it finds the agent taken meanwhile: back to 1.
3. Nobody is left in 1, but somebody who looks free is locked: that transaction may yet be rolled back, so
   "nobody" would be a guess. Undo the picks of this batch (so that nothing is held while waiting: no
   deadlock), lock all candidates in the order of their ids, and decide again.
4. Whoever is still locked after `_PATIENCE` belongs to a gateway that stalled in mid-transaction. She cannot
   be given to anybody until PostgreSQL ends that transaction (`database._STALLED`): not free.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from callbridge.domain.model.effects import ConfirmReservation, ReleaseReservation, Reserve
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.signals import NobodyFree, Reserved
from callbridge.store import schema
from callbridge.store.database import Database

_PATIENCE = "800ms"
"""Less than PostgreSQL's `deadlock_timeout` (1 s), so that we give up before it chooses a victim."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleaseCall:
    """The call is over: none of its offers occupies anybody any more."""

    call: CallId


ReservationOp = Reserve | ConfirmReservation | ReleaseReservation | ReleaseCall

_FREE = """
    NOT EXISTS (SELECT 1 FROM reservations AS r WHERE r.agent = c.agent AND r.state = 'pending')
    AND (SELECT count(*) FROM reservations AS r WHERE r.agent = c.agent) < c.places
"""
_CANDIDATES = {
    "sqlite": """(
        SELECT value ->> 'agent' AS agent, value ->> 'turn' AS turn, value ->> 'places' AS places
        FROM json_each(:candidates)
    ) AS c""",
    "postgresql": "json_to_recordset(CAST(:candidates AS json)) AS c (agent text, turn integer, places integer)",
}


def _decide(candidates: str) -> sa.TextClause:
    # The offer's own reservation comes before all candidates: reserved again, it gets the same agent.
    return sa.text(f"""
        INSERT INTO reservations (offer, call, agent, state, at)
        SELECT CAST(:offer AS text), CAST(:call AS text), winner.agent, 'pending', CAST(:at AS double precision)
        FROM (
            SELECT agent, -1 AS turn FROM reservations WHERE offer = CAST(:offer AS text)
            UNION ALL
            SELECT c.agent, c.turn FROM {candidates} WHERE {_FREE}
            ORDER BY turn LIMIT 1
        ) AS winner
        WHERE true
        ON CONFLICT (offer) DO UPDATE SET at = reservations.at
        RETURNING agent
    """)


_DECIDE = {name: _decide(candidates) for name, candidates in _CANDIDATES.items()}
_LOCK_FIRST = sa.text(f"""
    SELECT l.agent FROM agent_locks AS l JOIN {_CANDIDATES["postgresql"]} ON c.agent = l.agent
    WHERE {_FREE} AND NOT EXISTS (SELECT 1 FROM reservations WHERE offer = CAST(:offer AS text))
    ORDER BY c.turn LIMIT 1 FOR UPDATE OF l SKIP LOCKED
""")
_ANY_FREE = sa.text(f"SELECT 1 FROM {_CANDIDATES['postgresql']} WHERE {_FREE} LIMIT 1")
_LOCK_ALL = (
    sa.select(schema.agent_locks.c.agent)
    .where(schema.agent_locks.c.agent.in_(sa.bindparam("agents", expanding=True)))
    .order_by(schema.agent_locks.c.agent)
    .with_for_update()
)
_RELEASE = sa.delete(schema.reservations).where(schema.reservations.c.offer.in_(sa.bindparam("offers", expanding=True)))
_RELEASE_CALL = sa.delete(schema.reservations).where(
    schema.reservations.c.call.in_(sa.bindparam("calls", expanding=True))
)
_CONFIRM = (
    sa.update(schema.reservations)
    .values(state="confirmed")
    .where(schema.reservations.c.offer.in_(sa.bindparam("offers", expanding=True)))
)


class _Contended(Exception):
    """Somebody looks free but is locked by another gateway."""


class Reservations:
    """Performs reservations inside a transaction of the runtime."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lockable: set[AgentId] = set()
        """Agents known to have a row in `agent_locks`."""

    async def perform(
        self, connection: AsyncConnection, operations: Sequence[ReservationOp]
    ) -> list[Reserved | NobodyFree]:
        """All of them in order; the answers are those of the `Reserve`s."""
        reserves = [operation for operation in operations if isinstance(operation, Reserve)]
        if self._database.is_sqlite or not reserves:
            return await self._run(connection, operations, _decide_at_once)
        await self._make_lockable({agent for reserve in reserves for agent in reserve.candidates})
        try:
            async with connection.begin_nested():
                return await self._run(connection, operations, _decide_unlocked)
        except _Contended:
            pass
        if await _lock_all(connection, sorted({agent for reserve in reserves for agent in reserve.candidates})):
            return await self._run(connection, operations, _decide_at_once)
        return await self._run(connection, operations, _decide_unlocked_only)

    async def _run(
        self, connection: AsyncConnection, operations: Sequence[ReservationOp], decide: "_Decider"
    ) -> list[Reserved | NobodyFree]:
        answers: list[Reserved | NobodyFree] = []
        for kind, group in groupby(operations, type):
            if kind is Reserve:
                for reserve in group:
                    assert isinstance(reserve, Reserve)
                    agent = await decide(connection, reserve)
                    answers.append(_answer(reserve, agent))
            elif kind is ReleaseCall:
                calls = [operation.call for operation in group if isinstance(operation, ReleaseCall)]
                await connection.execute(_RELEASE_CALL, {"calls": calls})
            else:
                statement = _CONFIRM if kind is ConfirmReservation else _RELEASE
                offers = [
                    operation.offer
                    for operation in group
                    if isinstance(operation, ConfirmReservation | ReleaseReservation)
                ]
                await connection.execute(statement, {"offers": offers})
        return answers

    async def _make_lockable(self, agents: set[AgentId]) -> None:
        """Outside of the transaction, committed at once: a row that others cannot see cannot be locked."""
        new = sorted(agents - self._lockable)
        if new:
            insert = postgresql.insert(schema.agent_locks).on_conflict_do_nothing()
            async with self._database.read() as connection:
                await connection.execute(insert, [{"agent": agent} for agent in new])
            self._lockable.update(new)


def _answer(reserve: Reserve, agent: AgentId | None) -> Reserved | NobodyFree:
    if agent is None:
        return NobodyFree(call=reserve.call, offer=reserve.offer)
    return Reserved(call=reserve.call, offer=reserve.offer, agent=agent)


def _candidates(reserve: Reserve, only: Sequence[AgentId] | None = None) -> str:
    rows = [
        {"agent": agent, "turn": turn, "places": reserve.max_sessions.get(agent, 1)}
        for turn, agent in enumerate(reserve.candidates)
        if only is None or agent in only
    ]
    return json.dumps(rows)


class _Decider:
    """How one `Reserve` is decided, given who else may be reserving at the same time."""

    def __init__(self, *, lock: bool, patient: bool) -> None:
        self._lock = lock
        self._patient = patient

    async def __call__(self, connection: AsyncConnection, reserve: Reserve) -> AgentId | None:
        decide = _DECIDE[connection.dialect.name]
        known = {"offer": reserve.offer, "call": reserve.call, "at": time.time()}
        if not self._lock:
            row = await connection.execute(decide, {**known, "candidates": _candidates(reserve)})
            return row.scalar_one_or_none()
        everybody = _candidates(reserve)
        while True:
            row = await connection.execute(_LOCK_FIRST, {"offer": reserve.offer, "candidates": everybody})
            locked = row.scalar_one_or_none()
            one = _candidates(reserve, [] if locked is None else [locked])
            agent: AgentId | None = (
                await connection.execute(decide, {**known, "candidates": one})
            ).scalar_one_or_none()
            if agent is not None:
                return agent
            if locked is None:
                break
        if self._patient and (await connection.execute(_ANY_FREE, {"candidates": everybody})).first():
            raise _Contended
        return None


_decide_at_once = _Decider(lock=False, patient=False)
"""Right where everybody else is locked out: on SQLite, and with all candidates locked."""
_decide_unlocked = _Decider(lock=True, patient=True)
_decide_unlocked_only = _Decider(lock=True, patient=False)


async def _lock_all(connection: AsyncConnection, agents: Sequence[AgentId]) -> bool:
    """Wait for all of them; False: somebody holds one for too long."""
    try:
        async with connection.begin_nested():
            await connection.execute(sa.text(f"SET LOCAL lock_timeout = '{_PATIENCE}'"))
            await connection.execute(_LOCK_ALL, {"agents": agents})
            await connection.execute(sa.text("SET LOCAL lock_timeout TO DEFAULT"))
    except sa.exc.OperationalError as error:
        if getattr(error.orig, "sqlstate", None) != "55P03":  # lock_not_available
            raise
        return False
    return True

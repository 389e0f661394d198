"""How many there were of each kind since a moment. Counted in indexes that hold all that is asked for, not in rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from callbridge.store import schema
from callbridge.store.database import Database
from callbridge.store.finish import finished


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """By what they came to. States and outcomes are the domain's words."""

    calls: Mapping[str | None, int]
    """By outcome; None: they go on."""
    offers: Mapping[str, int]
    """By state. Without those to be consulted: these are not kept as offers."""
    transfers: Mapping[tuple[str, str, str], int]
    """By kind, kind of destination, and state."""


def since_queries(since: float) -> tuple[sa.Select[Any], ...]:
    """The questions: calls by arrival, offers and transfers by when they were made, from that moment on."""
    return tuple(
        sa.select(*columns, sa.func.count()).where(at >= since).group_by(*columns)
        for at, columns in (
            (schema.calls.c.arrived_at, [schema.calls.c.outcome]),
            (schema.offers.c.made_at, [schema.offers.c.state]),
            (
                schema.transfers.c.made_at,
                [schema.transfers.c.kind, schema.transfers.c.destination, schema.transfers.c.state],
            ),
        )
    )


class CountOperations:
    """Counting, for the supervisors' numbers of today."""

    _database: Database

    @finished
    async def counts(self, since: float) -> Counts:
        """Of everything that began at this moment (epoch seconds) or after it."""
        async with self._database.read() as connection:
            calls, offers, transfers = [(await connection.execute(query)).all() for query in since_queries(since)]
        return Counts(
            calls=dict(map(tuple, calls)),
            offers={state: count for state, count in offers if state is not None},
            transfers={(kind, to, state): count for kind, to, state, count in transfers if state is not None},
        )

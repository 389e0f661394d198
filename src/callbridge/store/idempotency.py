"""A request that is sent twice with the same key is performed once, and answered twice alike."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from callbridge.store import codec
from callbridge.store.database import Database
from callbridge.store.finish import finished
from callbridge.store.pages import clean
from callbridge.store.schema import idempotency

ABANDONED = 60.0
"""Seconds after which a request that never finished (its gateway died) may be begun again."""


@dataclass(frozen=True, slots=True)
class New:
    """The first of its kind: perform it, then `idempotency_finish`, or `idempotency_drop` if it came to nothing."""


@dataclass(frozen=True, slots=True)
class InProgress:
    """The same request is being performed just now."""


@dataclass(frozen=True, slots=True)
class Stored:
    """It was performed; this was the answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for a different request."""


class IdempotencyOperations:
    """Keyed by who asks (`subject`) and the key that they chose."""

    _database: Database

    @finished
    async def idempotency_begin(
        self, subject: str, key: str, fingerprint: str, now: float
    ) -> New | InProgress | Stored | Mismatch:
        """Ask whether to perform this request. Of many that ask at once, exactly one gets `New`.

        `fingerprint` stands for the request's content; `now` is in epoch seconds.
        """
        row = {"subject": clean(subject), "key": clean(key), "fingerprint": fingerprint, "begun_at": now}
        async with self._database.write() as connection:
            insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
            abandoned = sa.and_(
                idempotency.c.status.is_(None),
                idempotency.c.begun_at < now - ABANDONED,
                idempotency.c.fingerprint == fingerprint,
            )
            begin = insert(idempotency).values(row)
            begin = begin.on_conflict_do_update(
                index_elements=["subject", "key"], set_={"begun_at": now}, where=abandoned
            )
            if (await connection.execute(begin.returning(sa.literal(1)))).first() is not None:
                return New()
            found = (await connection.execute(sa.select(idempotency).where(_is(subject, key)))).one()
        if found.fingerprint != fingerprint:
            return Mismatch()
        if found.status is None:
            return InProgress()
        return Stored(found.status, codec.loads(found.headers), found.body)

    @finished
    async def idempotency_finish(
        self, subject: str, key: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        """Keep the answer for those who ask again."""
        values = {"status": status, "headers": codec.dumps(headers), "body": body}
        async with self._database.write() as connection:
            await connection.execute(idempotency.update().where(_is(subject, key)).values(**values))

    @finished
    async def idempotency_drop(self, subject: str, key: str) -> None:
        """The request came to nothing: whoever sends it again starts anew. A kept answer stays."""
        unfinished = sa.and_(_is(subject, key), idempotency.c.status.is_(None))
        async with self._database.write() as connection:
            await connection.execute(idempotency.delete().where(unfinished))

    @finished
    async def idempotency_forget(self, before: float) -> int:
        """Delete what was begun before (epoch seconds); how many there were."""
        async with self._database.write() as connection:
            return (await connection.execute(idempotency.delete().where(idempotency.c.begun_at < before))).rowcount


def _is(subject: str, key: str) -> sa.ColumnElement[bool]:
    return sa.and_(idempotency.c.subject == clean(subject), idempotency.c.key == clean(key))

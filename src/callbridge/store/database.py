"""From the configured URL to connections: the only place that knows how the two databases are opened."""

import asyncio
import importlib.util
import os
import sqlite3
import stat
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from callbridge.store.errors import StoreError, StoreUnavailable
from callbridge.store.finish import finish

BUSY_TIMEOUT = 5.0
"""Seconds to wait for another process that writes to the same SQLite file."""
TURN_TIMEOUT = 30.0
"""Seconds to wait for other tasks of this process that use all connections."""
_READERS = 4
_WRITERS = 5
_STALLED = 10
"""Seconds after which PostgreSQL ends the transaction of a gateway that fell silent in the middle of it."""


@dataclass(frozen=True, slots=True)
class Database:
    """The open database."""

    name: str
    """For messages: the URL without a password."""
    writer: AsyncEngine
    reader: AsyncEngine
    writer_turns: asyncio.Semaphore
    reader_turns: asyncio.Semaphore
    """As many turns as connections: who waits for one waits here, where waiting can be cancelled."""

    @property
    def is_sqlite(self) -> bool:
        return self.writer.dialect.name == "sqlite"

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction: committed at the end, rolled back when anything is raised.

        Beginning and ending are not stopped in the middle; what is done in between must not be either
        (see `finish`).

        Raises:
            StoreUnavailable: the database could not be reached or written.
        """
        with self._errors():
            async with self._turn(self.writer_turns):
                connection = await finish(_begin(self.writer), _roll_back)
                try:
                    yield connection
                except BaseException:
                    await finish(_roll_back(connection))
                    raise
                await finish(_commit(connection))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A short connection for one query or a few; it never waits for a writer. Each statement stands alone.

        Raises:
            StoreUnavailable: the database could not be reached.
        """
        with self._errors():
            async with self._turn(self.reader_turns):
                connection = await finish(_begin(self.reader), _roll_back)
                try:
                    yield connection
                finally:
                    await finish(_roll_back(connection))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.SQLAlchemyError as error:
            raise unavailable(self.name, error) from error

    @asynccontextmanager
    async def _turn(self, turns: asyncio.Semaphore) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_TIMEOUT):
                await turns.acquire()
        except TimeoutError:
            raise StoreUnavailable(f"{self.name}: no connection was free for {TURN_TIMEOUT:g} seconds") from None
        try:
            yield
        finally:
            turns.release()

    async def close(self) -> None:
        await finish(self._dispose())

    async def _dispose(self) -> None:
        await self.reader.dispose()
        await self.writer.dispose()


async def _begin(engine: AsyncEngine) -> AsyncConnection:
    connection = await engine.connect()
    try:
        await connection.begin()
    except BaseException:
        await connection.close()
        raise
    return connection


async def _commit(connection: AsyncConnection) -> None:
    try:
        await connection.commit()
    finally:
        await connection.close()


async def _roll_back(connection: AsyncConnection) -> None:
    try:
        await connection.rollback()
    finally:
        await connection.close()


def unavailable(name: str, error: sa.exc.SQLAlchemyError) -> StoreUnavailable:
    cause = getattr(error, "orig", None) or error
    lines = str(cause).strip().splitlines() or [type(cause).__name__]
    return StoreUnavailable(f"{name}: {lines[0]}")


async def connect(url: str) -> Database:
    """The engines for a plain URL, `sqlite:///path` or `postgresql://user@host/name`.

    Raises:
        StoreError: the URL is wrong or its driver is not installed.
        StoreUnavailable: the place of the SQLite file cannot be used.
    """
    try:
        parsed = sa.make_url(url)
        kind = parsed.get_backend_name()
    except sa.exc.ArgumentError:
        raise StoreError("the store's url must look like sqlite:///path or postgresql://user@host/name") from None
    if kind == "sqlite":
        return await _sqlite(parsed)
    if kind in ("postgresql", "postgres"):
        return _postgresql(parsed)
    raise StoreError(f"the store's url begins with {kind}://; sqlite:/// and postgresql:// are supported")


def _keep_private(path: Path) -> None:
    """Callers' data is nobody else's, whatever the umask: a new file is its owner's alone, an old one not everybody's.

    What SQLite puts beside the file has the file's mode. A group that an administrator let in stays in.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        with suppress(FileNotFoundError, PermissionError):  # PermissionError: the file is another user's
            if (mode := stat.S_IMODE(each.stat().st_mode)) & 0o007:
                each.chmod(mode & ~0o007)


def _switch_to_wal(path: Path) -> None:
    """For good, as the file remembers: readers then never wait for the writer, nor the writer for them.

    SQLite does not wait when several processes switch a new file at once, so we do.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT
    with closing(sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _checked_path(url: sa.URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise StoreError(
            "the store's url must name a file: sqlite:///callbridge.db or sqlite:////var/lib/callbridge/db"
        )
    path = Path(url.database)
    if not path.parent.is_dir():
        raise StoreUnavailable(
            f"{path}: the directory {path.parent} does not exist; create it, or change the store's url"
        )
    if path.is_dir():
        raise StoreUnavailable(f"{path}: this is a directory; the store's url must name a file in it")
    return path


async def _sqlite(url: sa.URL) -> Database:
    path = _checked_path(url)
    try:
        await finish(asyncio.to_thread(_keep_private, path))
        await finish(asyncio.to_thread(_switch_to_wal, path))
    except (sqlite3.Error, OSError) as error:
        raise StoreUnavailable(f"{path}: {error}") from error
    url = url.set(drivername="sqlite+aiosqlite")
    # One writer: SQLite has no more, and our own tasks then queue here in order rather than polling a lock.
    writer = create_async_engine(url, hide_parameters=True, pool_size=1, max_overflow=0)
    reader = create_async_engine(url, hide_parameters=True, pool_size=_READERS, max_overflow=0)
    # FULL: each commit reaches the disk before the PBX is told anything, so "saved, then acted" is true also
    # after a power cut while the PBX, on another machine, went on. NORMAL could forget the last commits. It
    # costs one fsync for each batch of signals, not for each signal.
    _at_connect(
        writer,
        f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}",
        "PRAGMA synchronous = FULL",
        "PRAGMA foreign_keys = ON",
        "PRAGMA journal_size_limit = 67108864",
    )
    _at_connect(reader, f"PRAGMA busy_timeout = {int(BUSY_TIMEOUT * 1000)}", "PRAGMA query_only = ON")
    _at_begin(writer, "BEGIN IMMEDIATE")
    _at_begin(reader, "BEGIN")
    return Database(str(path), writer, reader, asyncio.Semaphore(1), asyncio.Semaphore(_READERS))


def _at_connect(engine: AsyncEngine, *statements: str) -> None:
    @sa.event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        # Python's own guessing of when a transaction begins is switched off; _at_begin says it.
        connection.isolation_level = None
        cursor = connection.cursor()
        for statement in statements:
            cursor.execute(statement)
        cursor.close()


def _at_begin(engine: AsyncEngine, statement: str) -> None:
    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(statement)


def _postgresql(url: sa.URL) -> Database:
    if importlib.util.find_spec("psycopg") is None:
        raise StoreError("PostgreSQL needs its driver: pip install 'callbridge[postgresql]'")
    name = url.set(drivername="postgresql").render_as_string(hide_password=True)
    writer = create_async_engine(
        url.set(drivername="postgresql+psycopg"),
        hide_parameters=True,
        pool_size=_WRITERS + _READERS,
        max_overflow=0,
        pool_pre_ping=True,
    )

    @sa.event.listens_for(writer.sync_engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{_STALLED}s'")
        cursor.close()
        connection.commit()

    reader = writer.execution_options(isolation_level="AUTOCOMMIT")
    return Database(name, writer, reader, asyncio.Semaphore(_WRITERS), asyncio.Semaphore(_READERS))

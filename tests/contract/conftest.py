"""One suite, two databases: every test that asks for `database` or `store` runs on both."""

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import postgres
import psycopg
import pytest

from callbridge.store import Store

NewDatabase = Callable[[], Awaitable[str]]
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Postgres]:
    server = postgres.Postgres()
    yield server
    server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def new_database(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> NewDatabase:
    """Makes another empty database and gives its URL."""

    async def on_sqlite() -> str:
        return f"sqlite:///{tmp_path}/store-{next(_numbers)}.db"

    async def on_postgresql() -> str:
        server: postgres.Postgres = request.getfixturevalue("postgres_server")
        name = f"store_{next(_numbers)}"
        async with await psycopg.AsyncConnection.connect(server.url(), autocommit=True) as connection:
            # A schema of its own is as empty as a database of its own, and made a hundred times as fast.
            await connection.execute(f"CREATE SCHEMA {name}".encode())
        return f"{server.url()}&options=-csearch_path%3D{name}"

    return on_sqlite if kind == "sqlite" else on_postgresql


@pytest.fixture
async def database(new_database: NewDatabase) -> str:
    return await new_database()


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    opened = await Store.open(database)
    yield opened
    await opened.close()


@pytest.fixture
async def gateways(database: str) -> AsyncIterator[list[Store]]:
    """Several stores on one database, as several gateways have."""
    opened = [await Store.open(database) for _ in range(4)]
    yield opened
    for one in opened:
        await one.close()

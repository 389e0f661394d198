"""One suite, two databases: every test that asks for `database` or `store` runs on both."""

import asyncio
import itertools
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import postgres
import psycopg
import pytest

from callbridge.store import Store, schema

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


async def _open_once(url: str) -> None:
    await (await Store.open(url)).close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("migrated") / "store.db"
    asyncio.run(_open_once(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def migrated_schema(postgres_server: postgres.Postgres) -> str:
    url = f"{postgres_server.url()}&options=-csearch_path%3Dmigrated"
    with psycopg.connect(postgres_server.url(), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA migrated")
    asyncio.run(_open_once(url))
    return url


@pytest.fixture
def ready(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """The URL of a database that has its tables and nothing in them. Migrating anew each time takes longer."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path / "ready.db")
        return f"sqlite:///{tmp_path}/ready.db"
    url: str = request.getfixturevalue("migrated_schema")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("; ".join(f"DELETE FROM {table}" for table in schema.metadata.tables).encode())
    return url


@pytest.fixture
async def store(ready: str) -> AsyncIterator[Store]:
    """An open store, its tables whole. Tests that damage those open a `database` of their own."""
    opened = await Store.open(ready)
    yield opened
    await opened.close()


@pytest.fixture
async def gateways(ready: str) -> AsyncIterator[list[Store]]:
    """Several stores on one database, as several gateways have."""
    opened = [await Store.open(ready) for _ in range(4)]
    yield opened
    for one in opened:
        await one.close()

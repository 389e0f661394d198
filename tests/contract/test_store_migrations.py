"""From any earlier schema to this one, and never back by accident."""

import asyncio
import json
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from store_samples import a_call, perform

from callbridge.domain.model.effects import SaveCall
from callbridge.store import Store, StoreTooNew, schema
from callbridge.store.codec import CALLS
from callbridge.store.database import connect
from callbridge.store.migrate import migrate, revisions


def _differences(connection: sa.Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), schema.metadata))


async def _differences_of(store: Store) -> list[Any]:
    async with store._database.write() as connection:
        return await connection.run_sync(_differences)


async def _at_revision(url: str, revision: str) -> None:
    database = await connect(url)
    async with database.write() as connection:
        await connection.run_sync(migrate, database="test", to=revision)
        columns = "id, state, group_id, arrived_at, progress, document"
        await connection.execute(
            sa.text(f"INSERT INTO calls ({columns}) VALUES ('c-1', 'waiting', 'sales', 1000, 0, :document)"),
            {"document": CALLS.encode(a_call())},
        )
    await database.close()


async def test_given_an_empty_database_when_opened_then_it_has_exactly_the_tables_that_the_code_expects(
    database: str,
) -> None:
    store = await Store.open(database)
    assert await _differences_of(store) == []
    await store.close()


@pytest.mark.parametrize("revision", revisions())
async def test_given_a_database_of_an_earlier_version_when_opened_then_it_is_migrated_and_keeps_its_calls(
    database: str, revision: str
) -> None:
    await _at_revision(database, revision)
    store = await Store.open(database)
    assert await _differences_of(store) == []
    assert (await store.load())[0] == [a_call()]
    await store.close()


async def test_given_webhooks_of_an_earlier_version_when_migrated_then_each_call_has_its_own_in_their_order(
    database: str,
) -> None:
    """Where a message does not say which call it is about, it waits for no other."""
    await _at_revision(database, "0003")
    bodies = {
        "z": {"type": "offer.made", "data": {"offer": {"id": "o-1", "call": "c-1"}}},
        "b": {"type": "call.updated", "data": {"call": {"id": "c-1"}}},
        "c": {"type": "call.updated", "data": {"call": {"id": "c-2"}}},
        "a": {"type": "odd", "data": []},
    }
    old = await connect(database)
    async with old.write() as connection:
        for at, (name, body) in enumerate(bodies.items()):
            await connection.execute(
                sa.text(
                    "INSERT INTO outbox (id, target, event, body, created_at, next_at, attempts, dead) "
                    "VALUES (:id, 'crm', 'e', :body, :at, :at, 0, :dead)"
                ),
                {"id": name, "body": json.dumps(body), "at": 1000.0 + at, "dead": False},
            )
    await old.close()
    store = await Store.open(database)
    found = await store.outbox_due(2000.0, "crm", 10)
    assert [[message.id for message in messages] for messages in found] == [["z", "b"], ["c"], ["a"]]
    await store.close()


async def test_given_a_database_of_a_newer_version_when_opened_then_it_is_refused_and_untouched(database: str) -> None:
    store = await Store.open(database)
    async with store._database.write() as connection:
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    await store.close()
    with pytest.raises(StoreTooNew, match=r"schema \(9999\) was made by a newer callbridge"):
        await Store.open(database)
    again = await connect(database)
    async with again.read() as connection:
        assert (await connection.execute(sa.text("SELECT version_num FROM alembic_version"))).scalar_one() == "9999"
    await again.close()


async def test_given_an_empty_database_when_several_gateways_open_it_at_once_then_it_is_migrated_once(
    database: str,
) -> None:
    stores = await asyncio.gather(*(Store.open(database) for _ in range(4)))
    await perform(stores[0], SaveCall(call=a_call()))
    assert [await store.call(a_call().id) for store in stores] == [a_call()] * 4
    for store in stores:
        await store.close()


async def test_given_a_migration_that_fails_midway_when_opened_then_nothing_of_it_is_left(database: str) -> None:
    halfway = await connect(database)
    async with halfway.write() as connection:
        await connection.execute(sa.text("CREATE TABLE idempotency (x INTEGER)"))
    with pytest.raises(Exception, match="idempotency"):
        await Store.open(database)
    async with halfway.write() as connection:
        await connection.execute(sa.text("DROP TABLE idempotency"))
    await halfway.close()
    store = await Store.open(database)
    assert await _differences_of(store) == []
    await store.close()

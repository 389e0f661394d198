"""All or nothing, whatever stops a transaction; and readers never wait for one."""

import asyncio
import subprocess
import sys

import pytest
import sqlalchemy as sa
import structlog
from store_samples import ANNA, BEN, a_call, a_reserve, perform, reserve

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import HistoryEntry
from callbridge.domain.model.effects import Record, SaveAgent, SaveCall
from callbridge.domain.model.ids import CallId
from callbridge.store import Store, StoreUnavailable, schema


async def _nothing_but(store: Store, *calls: str) -> None:
    assert [call.id for call in (await store.load())[0]] == list(calls)
    assert (await store.load())[1] == []
    assert (await store.history()).items == ()
    assert await reserve(store, a_reserve("free?", ANNA)) == [ANNA]


async def test_given_a_transaction_when_anything_is_raised_in_it_then_nothing_of_it_is_kept(store: Store) -> None:
    await perform(store, SaveCall(call=a_call("c-1")))

    async def fail_midway() -> None:
        async with store.transaction() as transaction:
            await transaction.apply([SaveCall(call=a_call("c-2")), a_reserve("o-1", ANNA)])
            entry = HistoryEntry(at=1.0, call=None, kind="test")
            await transaction.apply([SaveAgent(agent=Agent(id=ANNA)), Record(entry=entry)])
            raise RuntimeError("midway")

    with pytest.raises(RuntimeError, match="midway"):
        await fail_midway()
    await _nothing_but(store, "c-1")


async def test_given_a_transaction_when_its_task_is_cancelled_then_nothing_is_kept_and_the_next_one_works(
    store: Store,
) -> None:
    for ticks in range(40):
        effects = [SaveCall(call=a_call("c-9")), a_reserve("o-9", ANNA, call="c-9"), SaveAgent(agent=Agent(id=BEN))]
        task = asyncio.create_task(perform(store, *effects))
        for _ in range(ticks):
            await asyncio.sleep(0)
        task.cancel()
        [result] = await asyncio.gather(task, return_exceptions=True)
        kept = len((await store.load())[0])
        if kept:  # it was being committed just then, or had ended
            assert [call.id for call in (await store.load())[0]] == ["c-9"]
            assert len((await store.load())[1]) == 1
            assert await reserve(store, a_reserve(f"free-{ticks}?", ANNA)) == [None]
        else:
            assert isinstance(result, asyncio.CancelledError)
            await _nothing_but(store)
        async with store._database.write() as connection:
            for table in (schema.reservations, schema.calls, schema.agents):
                await connection.execute(table.delete())


async def test_given_readers_that_are_cancelled_when_others_read_and_write_then_nothing_is_in_their_way(
    store: Store,
) -> None:
    await perform(store, SaveCall(call=a_call()))
    for ticks in range(15):
        tasks = [asyncio.create_task(store.call(CallId("c-1"))) for _ in range(6)]
        tasks += [asyncio.create_task(store.idempotency_begin("s", f"k-{ticks}-{n}", "f", 1.0)) for n in range(2)]
        for _ in range(ticks):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(5):
            await perform(store, SaveCall(call=a_call(attempts=ticks)))
            assert await store.call(CallId("c-1")) == a_call(attempts=ticks)


_KILLED = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[2])
from store_samples import ANNA, a_call, a_reserve, perform
from callbridge.domain.model.effects import SaveCall
from callbridge.store import Store

async def main():
    store = await Store.open(sys.argv[1])
    await perform(store, SaveCall(call=a_call("c-1")))
    async with store.transaction() as transaction:
        await transaction.apply([SaveCall(call=a_call("c-2")), a_reserve("o-1", ANNA)])
        os.kill(os.getpid(), 9)

asyncio.run(main())
"""


async def test_given_a_gateway_that_is_killed_in_a_transaction_when_started_again_then_only_what_was_committed_is_there(
    database: str, request: pytest.FixtureRequest
) -> None:
    command = [sys.executable, "-c", _KILLED, database, str(request.path.parent)]
    killed = await asyncio.to_thread(subprocess.run, command, check=False, timeout=60)
    assert killed.returncode == -9
    store = await Store.open(database)
    await _nothing_but(store, "c-1")
    await store.close()


async def test_given_a_write_under_way_when_others_read_then_they_see_what_was_before_and_do_not_wait(
    store: Store,
) -> None:
    before, after = a_call(attempts=1), a_call(attempts=2)
    await perform(store, SaveCall(call=before))
    async with store.transaction() as transaction:
        await transaction.apply([SaveCall(call=after)])
        async with asyncio.timeout(5):
            assert await asyncio.gather(*(store.call(CallId("c-1")) for _ in range(20))) == [before] * 20
            assert (await store.calls()).items == (before,)
    assert await store.call(CallId("c-1")) == after


async def test_given_unreadable_rows_when_loaded_then_they_are_set_aside_logged_counted_and_the_rest_starts(
    database: str,
) -> None:
    store = await Store.open(database)
    saves = (SaveCall(call=a_call(name)) for name in ("c-1", "c-2", "c-3"))
    await perform(store, *saves, SaveAgent(agent=Agent(id=ANNA)), SaveAgent(agent=Agent(id=BEN)))
    await perform(store, a_reserve("o-1", ANNA, call="c-2"))
    async with store._database.write() as connection:
        await connection.execute(sa.text("""UPDATE calls SET document = '{"id": "c-2"}' WHERE id = 'c-2'"""))
        await connection.execute(sa.text("UPDATE agents SET document = 'nonsense' WHERE id = 'ben'"))
    with structlog.testing.capture_logs() as logs:
        calls, agents = await store.load()
    assert [call.id for call in calls] == ["c-1", "c-3"]
    assert [agent.id for agent in agents] == [ANNA]
    assert store.unreadable == 2
    aside = [log for log in logs if log["event"] == "unreadable row set aside"]
    assert [(log["table"], log["id"]) for log in aside] == [("calls", "c-2"), ("agents", "ben")]
    assert await reserve(store, a_reserve("o-2", ANNA)) == [ANNA]
    assert await store.call(CallId("c-2")) is None
    assert len((await store.calls()).items) == 2

    # A version that can read them finds them again; a new save takes their place.
    async with store._database.write() as connection:
        marked = (await connection.execute(sa.select(schema.calls.c.unreadable).order_by(schema.calls.c.id))).scalars()
        assert [mark is not None for mark in marked] == [False, True, False]
    await perform(store, SaveCall(call=a_call("c-2")), SaveAgent(agent=Agent(id=BEN)))
    assert len((await store.load())[0]) == 3
    assert store.unreadable == 0
    await store.close()


async def test_given_a_store_that_fails_when_it_says_so_then_the_text_has_no_caller_data(database: str) -> None:
    store = await Store.open(database)
    async with store._database.write() as connection:
        await connection.execute(sa.text("DROP TABLE pops"))
        await connection.execute(sa.text("DROP TABLE agents"))
    with pytest.raises(StoreUnavailable) as failure:
        await perform(store, SaveCall(call=a_call()), SaveAgent(agent=Agent(id=ANNA)))
    assert "agents" in str(failure.value)
    assert a_call().caller_number not in str(failure.value) + str(failure.value.__cause__)
    await store.close()

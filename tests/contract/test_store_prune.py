"""Retention: what is old goes, with all that belongs to it; what is open stays."""

import sqlalchemy as sa
from store_samples import ANNA, a_call, a_pop, a_transfer, an_ended_call, an_offer, perform

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import HistoryEntry
from callbridge.domain.model.effects import Record, SaveAgent, SaveCall, StoreEffect
from callbridge.domain.model.ids import CallId
from callbridge.store import OutboxMessage, Store, schema


async def rows(store: Store, *tables: sa.Table) -> list[int]:
    async with store._database.read() as connection:
        return [
            (await connection.execute(sa.select(sa.func.count()).select_from(table))).scalar_one() for table in tables
        ]


def whole(name: str, ended_at: float | None, at: float = 1000.0) -> list[StoreEffect]:
    parts = {
        "agent": ANNA,
        "offer": an_offer(f"{name}-o", name),
        "transfer": a_transfer(f"{name}-t", name),
        "pop": a_pop(f"{name}-p", name),
    }
    call = a_call(name, at=at, **parts) if ended_at is None else an_ended_call(name, at=at, ended_at=ended_at, **parts)
    entry = HistoryEntry(at=at, call=CallId(name), kind="call.arrived", detail={})
    return [SaveCall(call=call), Record(entry=entry)]


PARTS = (schema.call_agents, schema.offers, schema.transfers, schema.pops, schema.history)


async def test_given_old_calls_when_pruned_then_they_go_with_everything_of_theirs_and_the_rest_stays(
    store: Store,
) -> None:
    await perform(store, *whole("old", 1100.0), *whole("new", 3000.0), *whole("open", None))
    assert await store.prune(2000.0) == 1
    assert [call.id for call in (await store.calls()).items] == ["open", "new"]
    assert await rows(store, *PARTS) == [2, 2, 2, 2, 2]
    assert await store.prune(2000.0) == 0


async def test_given_more_old_calls_than_one_transaction_takes_when_pruned_then_all_go(store: Store) -> None:
    effects = [effect for number in range(450) for effect in whole(f"c-{number}", 1100.0)]
    await perform(store, *effects)
    assert await store.prune(2000.0) == 450
    assert await rows(store, schema.calls, *PARTS) == [0] * 6


async def test_given_history_of_no_call_when_pruned_then_only_what_is_old_goes(store: Store) -> None:
    await perform(
        store,
        SaveAgent(agent=Agent(id=ANNA)),
        *whole("open", None),
        *(Record(entry=HistoryEntry(at=at, call=None, kind="agent.in", agent=ANNA)) for at in (1000.0, 3000.0)),
        Record(entry=HistoryEntry(at=1000.0, call=CallId("never-saved"), kind="transfer.refused")),
    )
    await store.prune(2000.0)
    assert sorted(entry.at for entry in (await store.history()).items) == [1000.0, 3000.0]
    assert len((await store.load())[1]) == 1


async def test_given_dead_webhooks_when_pruned_then_the_old_go_and_the_waiting_stay(store: Store) -> None:
    async with store.transaction() as transaction:
        made = (("dead", 1000.0), ("waiting", 1000.0), ("newly-dead", 3000.0))
        await transaction.enqueue(
            [OutboxMessage(id=name, target="crm", call=name, event="e", body="", created_at=at) for name, at in made]
        )
    await store.outbox_dead("dead", "gone")
    await store.outbox_dead("newly-dead", "gone")
    await store.prune(2000.0)
    counts = await store.outbox_counts()
    assert (counts.waiting, counts.dead) == (1, 1)

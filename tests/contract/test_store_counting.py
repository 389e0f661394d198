"""How many of what since a moment, on both databases, and without reading the tables."""

import time
from dataclasses import replace

import sqlalchemy as sa
from store_samples import ANNA, BEN, HELP, a_call, a_transfer, an_ended_call, an_offer, perform

from callbridge.domain.model.calls import CallOutcome
from callbridge.domain.model.effects import SaveCall
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.transfer import Destination, DestinationKind, TransferKind, TransferState
from callbridge.store import Store
from callbridge.store.codec import CALLS, OFFERS, TRANSFERS
from callbridge.store.counting import since_queries
from callbridge.store.database import connect
from callbridge.store.migrate import migrate

MIDNIGHT = 100_000.0
TO_GROUP = Destination(kind=DestinationKind.GROUP, value=HELP)


async def test_given_nothing_when_counted_then_nothing(store: Store) -> None:
    found = await store.counts(0.0)
    assert (dict(found.calls), dict(found.offers), dict(found.transfers)) == ({}, {}, {})


async def test_given_a_day_when_counted_then_by_what_each_came_to_and_only_what_began_in_it(store: Store) -> None:
    await perform(
        store,
        SaveCall(call=an_ended_call("c-0", at=MIDNIGHT - 0.001, ended_at=MIDNIGHT + 60, outcome=CallOutcome.HANDLED)),
        SaveCall(call=an_ended_call("c-1", at=MIDNIGHT, ended_at=MIDNIGHT + 60, outcome=CallOutcome.HANDLED)),
        SaveCall(call=an_ended_call("c-2", at=MIDNIGHT + 1, ended_at=MIDNIGHT + 2, outcome=CallOutcome.ABANDONED)),
        SaveCall(call=an_ended_call("c-3", at=MIDNIGHT + 1, ended_at=MIDNIGHT + 2, outcome=CallOutcome.ABANDONED)),
        SaveCall(call=a_call("c-4", at=MIDNIGHT + 5)),
    )
    assert dict((await store.counts(MIDNIGHT)).calls) == {"handled": 1, "abandoned": 2, None: 1}


async def test_given_offers_and_transfers_when_they_come_to_an_end_then_they_are_counted_as_that(store: Store) -> None:
    at = MIDNIGHT + 10
    pending = a_call(at=at, offer=an_offer("o-1", at=at), offers_made=1)
    await perform(store, SaveCall(call=pending))
    assert dict((await store.counts(MIDNIGHT)).offers) == {"pending": 1}
    missed = replace(pending, offer=an_offer("o-1", at=at, state=OfferState.TIMED_OUT))
    taken = replace(pending, offer=an_offer("o-2", agent=BEN, at=at, state=OfferState.ACCEPTED), offers_made=2)
    first = replace(taken, transfer=a_transfer("t-1", at=at, destination=TO_GROUP), transfers_made=1)
    await perform(store, SaveCall(call=missed), SaveCall(call=taken), SaveCall(call=first))
    found = await store.counts(MIDNIGHT)
    assert dict(found.offers) == {"timed_out": 1, "accepted": 1}
    assert dict(found.transfers) == {("unsupervised", "group", "moving"): 1}
    done = replace(first, transfer=replace(a_transfer("t-1", at=at, destination=TO_GROUP), state=TransferState.FAILED))
    second = a_transfer("t-2", by=ANNA, at=at + 1, kind=TransferKind.SUPERVISED, state=TransferState.COMPLETED)
    await perform(store, SaveCall(call=done), SaveCall(call=replace(done, transfer=second, transfers_made=2)))
    assert dict((await store.counts(MIDNIGHT)).transfers) == {
        ("unsupervised", "group", "failed"): 1,
        ("supervised", "agent", "completed"): 1,
    }


async def test_given_many_rows_when_counted_then_each_question_is_answered_by_one_index_alone(store: Store) -> None:
    sqlite = store._database.is_sqlite
    effects = [
        SaveCall(
            call=a_call(
                f"c-{n}", at=1.0 + n, offer=an_offer(f"o-{n}", f"c-{n}"), transfer=a_transfer(f"t-{n}", f"c-{n}")
            )
        )
        for n in range(50)
    ]
    await perform(store, *effects)
    async with store._database.write() as connection:
        if not sqlite:
            # Fifty rows are read faster as they are; what matters is that the index has it all once there are more.
            await connection.execute(sa.text("SET LOCAL enable_seqscan = off"))
            await connection.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
        for query in since_queries(40.0):
            compiled = query.compile(connection.sync_connection, compile_kwargs={"literal_binds": True})
            prefix = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
            plan = "\n".join(str(row) for row in await connection.execute(sa.text(f"{prefix} {compiled}")))
            assert ("SEARCH" in plan and "COVERING INDEX" in plan) if sqlite else "Index Only Scan" in plan, plan
            assert "SCAN" not in plan.replace("COVERING", ""), plan


async def test_given_rows_of_today_from_before_when_migrated_then_they_are_counted_too(database: str) -> None:
    now = time.time()
    old = await connect(database)
    offer, transfer = an_offer("o-1", at=now), a_transfer("t-1", at=now)
    async with old.write() as connection:
        await connection.run_sync(migrate, database="test", to="0002")
        for name, at, document in (
            ("c-1", now, CALLS.encode(an_ended_call(at=now, ended_at=now, outcome=CallOutcome.HANDLED))),
            ("c-2", now, "not JSON"),
            ("c-3", now, '"a text"'),
            ("c-4", now - 9e6, CALLS.encode(an_ended_call(at=now - 9e6, ended_at=now, outcome=CallOutcome.HANDLED))),
        ):
            await connection.execute(
                sa.text(
                    "INSERT INTO calls (id, state, group_id, arrived_at, progress, document) "
                    "VALUES (:id, 'ended', 'sales', :at, 0, :document)"
                ),
                {"id": name, "at": at, "document": document},
            )
        for table, column, document in (
            ("offers", "agent", OFFERS.encode(offer)),
            ("transfers", "by_agent", TRANSFERS.encode(transfer)),
        ):
            await connection.execute(
                sa.text(
                    f"INSERT INTO {table} (id, call, {column}, made_at, ended, progress, document) "
                    "VALUES ('x', 'c-1', 'anna', :at, :ended, 0, :document)"
                ),
                {"at": now, "ended": False, "document": document},
            )
    await old.close()
    store = await Store.open(database)
    found = await store.counts(now - 1)
    assert dict(found.calls) == {"handled": 1, None: 2}
    assert dict(found.offers) == {"pending": 1}
    assert dict(found.transfers) == {("unsupervised", "agent", "moving"): 1}
    await store.close()

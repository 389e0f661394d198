"""Webhooks: written with the change, handed out until delivered, to one sender at a time."""

import asyncio

import pytest
from store_samples import a_call, perform

from callbridge.domain.model.effects import SaveCall
from callbridge.store import OutboxCounts, OutboxMessage, Store


def a_message(name: str, *, at: float = 1000.0, target: str = "crm") -> OutboxMessage:
    return OutboxMessage(id=name, target=target, event="call.ended", body='{"call":"ü"}', created_at=at)


async def enqueue(store: Store, *messages: OutboxMessage) -> None:
    async with store.transaction() as transaction:
        await transaction.enqueue(messages)


async def names(store: Store, now: float, limit: int = 10) -> list[str]:
    return [message.id for message in await store.outbox_due(now, limit)]


async def test_given_messages_when_asked_for_then_the_oldest_due_come_first_and_whole(store: Store) -> None:
    late, early, future = a_message("m-1", at=1002.0), a_message("m-2", at=1001.0), a_message("m-3", at=2000.0)
    await enqueue(store, late, early, future)
    await enqueue(store)
    assert await store.outbox_due(1500.0, 10) == [early, late]


async def test_given_more_due_than_the_limit_when_asked_for_then_the_rest_come_next(store: Store) -> None:
    await enqueue(store, *(a_message(f"m-{number}", at=1000.0 + number) for number in range(5)))
    assert [await names(store, 2000.0, 2) for _ in range(4)] == [["m-0", "m-1"], ["m-2", "m-3"], ["m-4"], []]


async def test_given_a_message_handed_out_when_its_sender_dies_then_it_is_due_again_after_the_lease(
    store: Store,
) -> None:
    await enqueue(store, a_message("m-1"))
    assert len(await store.outbox_due(1000.0, 10, lease=30.0)) == 1
    assert await names(store, 1029.0) == []
    assert await names(store, 1030.0) == ["m-1"]


async def test_given_several_senders_when_all_ask_at_once_then_each_message_is_handed_out_once(
    gateways: list[Store],
) -> None:
    await enqueue(gateways[0], *(a_message(f"m-{number:02}") for number in range(40)))
    taken = await asyncio.gather(*(names(store, 2000.0, 4) for store in gateways * 4))
    rest = [await names(gateways[0], 2000.0, 40)]
    assert sorted(name for part in taken + rest for name in part) == [f"m-{number:02}" for number in range(40)]


async def test_given_a_delivered_message_when_done_then_it_never_comes_again(store: Store) -> None:
    await enqueue(store, a_message("m-1"))
    await store.outbox_done("m-1")
    assert await names(store, 9999.0) == []


async def test_given_a_failed_attempt_when_it_is_due_again_then_it_carries_attempts_and_error(store: Store) -> None:
    await enqueue(store, a_message("m-1"))
    await store.outbox_due(1000.0, 1)
    await store.outbox_failed("m-1", 1005.0, "503 from the receiver")
    assert await names(store, 1004.9) == []
    [again] = await store.outbox_due(1005.0, 1)
    assert (again.attempts, again.error) == (1, "503 from the receiver")


async def test_given_a_dead_message_when_revived_then_it_is_due_again(store: Store) -> None:
    await enqueue(store, a_message("m-1"), a_message("m-2", target="wallboard"))
    await store.outbox_dead("m-1", "410 from the receiver")
    await store.outbox_dead("m-2", "gone")
    assert await names(store, 9999.0) == []
    assert await store.outbox_counts() == OutboxCounts(waiting=0, dead=2, oldest=None)
    assert await store.outbox_revive(9999.0, "crm") == 1
    assert await names(store, 9999.0) == ["m-1"]
    assert await store.outbox_counts() == OutboxCounts(waiting=1, dead=1, oldest=1000.0)
    assert await store.outbox_revive(9999.0) == 1


async def test_given_a_message_that_is_enqueued_twice_when_it_failed_meanwhile_then_it_stays_as_it_is(
    store: Store,
) -> None:
    await enqueue(store, a_message("m-1"), a_message("m-1"))
    await store.outbox_failed("m-1", 3000.0, "timeout")
    await enqueue(store, a_message("m-1"))
    assert await names(store, 2000.0) == []
    assert await store.outbox_counts() == OutboxCounts(waiting=1, dead=0, oldest=1000.0)


async def test_given_a_transaction_that_fails_when_it_had_enqueued_then_neither_change_nor_message_is_there(
    store: Store,
) -> None:
    async def fail() -> None:
        async with store.transaction() as transaction:
            await transaction.apply([SaveCall(call=a_call())])
            await transaction.enqueue([a_message("m-1")])
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await store.call(a_call().id) is None
    assert await names(store, 9999.0) == []
    await perform(store, SaveCall(call=a_call()))

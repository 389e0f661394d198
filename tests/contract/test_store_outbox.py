"""Webhooks: written with the change, handed out until delivered, to one sender at a time, one call's in their order."""

import asyncio

import pytest
from store_samples import a_call, perform

from callbridge.domain.model.effects import SaveCall
from callbridge.store import OutboxCounts, OutboxMessage, Store


def a_message(name: str, *, at: float = 1000.0, target: str = "crm", call: str | None = None) -> OutboxMessage:
    """Of a call of its own, unless it is said which."""
    body = '{"call":"ü"}'
    return OutboxMessage(id=name, target=target, call=call or name, event="call.ended", body=body, created_at=at)


async def enqueue(store: Store, *messages: OutboxMessage) -> None:
    async with store.transaction() as transaction:
        await transaction.enqueue(messages)


async def due(store: Store, now: float, calls: int = 10, target: str = "crm") -> list[list[str]]:
    """The ids that are handed out, by call."""
    return [[message.id for message in messages] for messages in await store.outbox_due(now, target, calls)]


async def names(store: Store, now: float, calls: int = 10) -> list[str]:
    return [name for messages in await due(store, now, calls) for name in messages]


async def test_given_messages_when_asked_for_then_the_oldest_due_come_first_and_whole(store: Store) -> None:
    late, early, future = a_message("m-1", at=1002.0), a_message("m-2", at=1001.0), a_message("m-3", at=2000.0)
    await enqueue(store, late, early, future, a_message("m-4", at=1000.0, target="wallboard"))
    await enqueue(store)
    assert await store.outbox_due(1500.0, "crm", 10) == [[early], [late]]


async def test_given_more_due_than_asked_for_when_asked_again_then_the_rest_come_next(store: Store) -> None:
    await enqueue(store, *(a_message(f"m-{number}", at=1000.0 + number) for number in range(5)))
    assert [await names(store, 2000.0, 2) for _ in range(4)] == [["m-0", "m-1"], ["m-2", "m-3"], ["m-4"], []]


async def test_given_several_of_one_call_when_asked_for_then_they_come_together_as_they_were_written(
    store: Store,
) -> None:
    await enqueue(store, a_message("z", call="c-1"), a_message("o", call="c-2"), a_message("a", call="c-1", at=900.0))
    await enqueue(store, a_message("b", call="c-1"), a_message("w", call="c-1", target="wallboard"))
    assert await due(store, 2000.0) == [["z", "a", "b"], ["o"]]


async def test_given_the_first_of_a_call_under_way_when_another_is_written_then_it_waits_for_it(store: Store) -> None:
    await enqueue(store, a_message("m-1", call="c-1"))
    assert await names(store, 1000.0) == ["m-1"]
    await enqueue(store, a_message("m-2", call="c-1"), a_message("m-3", call="c-2"))
    assert await names(store, 1001.0) == ["m-3"]
    await store.outbox_done("m-1")
    assert await names(store, 1001.0) == ["m-2"]


async def test_given_the_first_of_a_call_failed_when_asked_for_then_the_call_waits_for_its_next_attempt(
    store: Store,
) -> None:
    await enqueue(store, *(a_message(f"m-{number}", call="c-1") for number in range(3)))
    assert await names(store, 1000.0) == ["m-0", "m-1", "m-2"]
    await store.outbox_done("m-0")
    await store.outbox_failed("m-1", 1005.0, "503")
    await enqueue(store, a_message("m-3", call="c-1"))
    assert await names(store, 1004.9) == []
    assert await names(store, 1005.0) == ["m-1", "m-2", "m-3"]


async def test_given_the_first_of_a_call_given_up_when_asked_for_then_the_rest_goes_on(store: Store) -> None:
    await enqueue(store, *(a_message(f"m-{number}", call="c-1") for number in range(3)))
    await store.outbox_dead("m-0", "410")
    assert await names(store, 1000.0) == ["m-1", "m-2"]


async def test_given_a_call_with_very_many_when_asked_for_then_it_keeps_nobody_waiting_and_its_order(
    store: Store,
) -> None:
    await enqueue(store, *(a_message(f"m-{number:03}", call="c-1") for number in range(100)), a_message("other"))
    seen = []
    for _ in range(5):
        for name in await names(store, 2000.0, 2):
            seen.append(name)
            await store.outbox_done(name)
    assert [name for name in seen if name != "other"] == [f"m-{number:03}" for number in range(100)]


async def test_given_messages_handed_out_when_they_are_released_then_they_are_due_at_once(store: Store) -> None:
    await enqueue(store, a_message("m-1", call="c-1"), a_message("m-2", call="c-1"))
    assert await names(store, 1000.0) == ["m-1", "m-2"]
    await store.outbox_release(["m-1", "m-2"])
    assert await names(store, 1000.0) == ["m-1", "m-2"]


async def test_given_calls_that_were_put_off_when_the_target_takes_messages_again_then_the_oldest_is_first(
    store: Store,
) -> None:
    await enqueue(store, *(a_message(f"m-{number}", call=f"c-{number % 2}") for number in range(4)))
    await enqueue(store, a_message("w", target="wallboard"))
    await names(store, 1000.0)
    await store.outbox_failed("m-1", 2000.0, "503")
    await store.outbox_failed("m-0", 5000.0, "503")
    await store.outbox_failed("w", 5000.0, "503")
    await store.outbox_retry("crm", 1010.0)
    assert await due(store, 1010.0) == [["m-0", "m-2"], ["m-1", "m-3"]]
    assert await due(store, 1010.0, target="wallboard") == []


async def test_given_messages_under_way_when_the_target_takes_messages_again_then_they_are_not_handed_out_twice(
    store: Store,
) -> None:
    await enqueue(store, a_message("m-1"))
    await names(store, 1000.0)
    await store.outbox_retry("crm", 1001.0)
    assert await names(store, 1001.0) == []


async def test_given_targets_that_are_configured_when_the_others_are_abandoned_then_only_theirs_are_left(
    store: Store,
) -> None:
    await enqueue(store, a_message("m-1"), a_message("m-2", target="wallboard"), a_message("m-3", target="old"))
    assert await store.outbox_abandon(["crm", "wallboard"], "there is none") == 1
    assert await store.outbox_counts() == OutboxCounts(waiting=2, dead=1, oldest=1000.0)
    assert await store.outbox_abandon([], "there is none") == 2


async def test_given_a_message_handed_out_when_its_sender_dies_then_it_is_due_again_after_the_lease(
    store: Store,
) -> None:
    await enqueue(store, a_message("m-1", call="c-1"), a_message("m-2", call="c-1"))
    assert len(await store.outbox_due(1000.0, "crm", 10, lease=30.0)) == 1
    assert await names(store, 1029.0) == []
    assert await names(store, 1030.0) == ["m-1", "m-2"]


async def test_given_several_senders_when_all_ask_at_once_then_each_message_is_handed_out_once(
    gateways: list[Store],
) -> None:
    await enqueue(gateways[0], *(a_message(f"m-{number:02}") for number in range(40)))
    taken = await asyncio.gather(*(names(store, 2000.0, 4) for store in gateways * 4))
    rest = [await names(gateways[0], 2000.0, 40)]
    assert sorted(name for part in taken + rest for name in part) == [f"m-{number:02}" for number in range(40)]


async def test_given_several_senders_when_all_ask_at_once_then_no_call_is_ever_with_two_of_them(
    gateways: list[Store],
) -> None:
    wanted = {f"c-{call}": [f"c-{call}-{number}" for number in range(12)] for call in range(6)}
    await enqueue(gateways[0], *(a_message(f"c-{n % 6}-{n // 6}", call=f"c-{n % 6}") for n in range(72)))
    delivered: dict[str, list[str]] = {call: [] for call in wanted}
    held: set[str] = set()

    async def send(store: Store) -> None:
        while any(delivered[call] != wanted[call] for call in wanted):
            for messages in await store.outbox_due(2000.0, "crm", 2):
                call = messages[0].call
                assert call not in held
                held.add(call)
                for message in messages:
                    delivered[call].append(message.id)
                    if message is messages[-1]:
                        held.remove(call)
                    await store.outbox_done(message.id)

    async with asyncio.timeout(60):
        await asyncio.gather(*(send(store) for store in gateways))
    assert delivered == wanted


async def test_given_a_delivered_message_when_done_then_it_never_comes_again(store: Store) -> None:
    await enqueue(store, a_message("m-1"))
    await store.outbox_done("m-1")
    assert await names(store, 9999.0) == []


async def test_given_a_failed_attempt_when_it_is_due_again_then_it_carries_attempts_and_error(store: Store) -> None:
    await enqueue(store, a_message("m-1"))
    await store.outbox_due(1000.0, "crm", 1)
    await store.outbox_failed("m-1", 1005.0, "503 from the receiver")
    assert await names(store, 1004.9) == []
    [[again]] = await store.outbox_due(1005.0, "crm", 1)
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

"""The same request twice is performed once and answered twice alike."""

import asyncio

from callbridge.store import InProgress, Mismatch, New, Store, Stored


async def test_given_a_first_request_when_begun_then_it_is_new_and_a_second_is_told_to_wait(store: Store) -> None:
    assert await store.idempotency_begin("anna", "k-1", "f", 1000.0) == New()
    assert await store.idempotency_begin("anna", "k-1", "f", 1001.0) == InProgress()
    assert await store.idempotency_begin("ben", "k-1", "f", 1001.0) == New()
    assert await store.idempotency_begin("anna", "k-2", "f", 1001.0) == New()


async def test_given_a_finished_request_when_it_is_sent_again_then_the_answer_is_the_same(store: Store) -> None:
    await store.idempotency_begin("anna", "k-1", "f", 1000.0)
    answer = Stored(202, {"Location": "/v1/transfers/t-1"}, b'\x00{"state":"moving"}\xff')
    await store.idempotency_finish("anna", "k-1", answer.status, answer.headers, answer.body)
    assert await store.idempotency_begin("anna", "k-1", "f", 90000.0) == answer


async def test_given_a_used_key_when_another_request_comes_with_it_then_it_is_a_mismatch(store: Store) -> None:
    await store.idempotency_begin("anna", "k-1", "f", 1000.0)
    assert await store.idempotency_begin("anna", "k-1", "other", 1000.0) == Mismatch()
    await store.idempotency_finish("anna", "k-1", 202, {}, b"")
    assert await store.idempotency_begin("anna", "k-1", "other", 9000.0) == Mismatch()


async def test_given_a_request_whose_gateway_died_when_sent_again_much_later_then_it_is_new(store: Store) -> None:
    await store.idempotency_begin("anna", "k-1", "f", 1000.0)
    assert await store.idempotency_begin("anna", "k-1", "f", 1059.0) == InProgress()
    assert await store.idempotency_begin("anna", "k-1", "f", 1061.0) == New()
    assert await store.idempotency_begin("anna", "k-1", "f", 1062.0) == InProgress()


async def test_given_a_request_that_came_to_nothing_when_sent_again_then_it_is_new(store: Store) -> None:
    await store.idempotency_begin("anna", "k-1", "f", 1000.0)
    await store.idempotency_drop("anna", "k-1")
    assert await store.idempotency_begin("anna", "k-1", "g", 1000.0) == New()
    await store.idempotency_finish("anna", "k-1", 204, {}, b"")
    await store.idempotency_drop("anna", "k-1")
    assert await store.idempotency_begin("anna", "k-1", "g", 1000.0) == Stored(204, {}, b"")


async def test_given_old_answers_when_forgotten_then_their_keys_are_free_again(store: Store) -> None:
    for key, begun in (("old", 1000.0), ("new", 2000.0)):
        await store.idempotency_begin("anna", key, "f", begun)
        await store.idempotency_finish("anna", key, 200, {}, b"")
    assert await store.idempotency_forget(1500.0) == 1
    assert await store.idempotency_begin("anna", "old", "f", 2000.0) == New()
    assert await store.idempotency_begin("anna", "new", "f", 2000.0) == Stored(200, {}, b"")


async def test_given_the_same_request_at_many_gateways_when_all_begin_at_once_then_exactly_one_performs_it(
    gateways: list[Store],
) -> None:
    asked = (store.idempotency_begin("anna", "k-1", "f", 1000.0) for store in gateways * 3)
    answers = await asyncio.gather(*asked)
    assert answers.count(New()) == 1
    assert answers.count(InProgress()) == len(answers) - 1

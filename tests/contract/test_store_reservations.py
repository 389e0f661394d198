"""Reservations, one gateway: who gets whom, and when somebody is free again."""

from store_samples import ANNA, BEN, CLEO, a_call, a_reserve, an_ended_call, perform, reserve

from callbridge.domain.model.effects import ConfirmReservation, ReleaseReservation, SaveCall
from callbridge.domain.model.ids import OfferId
from callbridge.domain.model.signals import NobodyFree, Reserved
from callbridge.store import Store


async def test_given_two_free_agents_when_reserved_then_the_first_candidate_gets_the_offer(store: Store) -> None:
    assert await reserve(store, a_reserve("o-1", BEN, ANNA)) == [BEN]


async def test_given_a_pending_offer_when_another_is_reserved_then_the_next_candidate_gets_it(store: Store) -> None:
    await reserve(store, a_reserve("o-1", ANNA))
    assert await reserve(store, a_reserve("o-2", ANNA, BEN)) == [BEN]


async def test_given_everybody_has_a_pending_offer_when_reserved_then_nobody_is_free(store: Store) -> None:
    await reserve(store, a_reserve("o-1", ANNA), a_reserve("o-2", BEN))
    answer = await perform(store, a_reserve("o-3", ANNA, BEN, places=5))
    assert answer == [NobodyFree(call=a_call().id, offer=OfferId("o-3"))]


async def test_given_no_candidates_when_reserved_then_nobody_is_free(store: Store) -> None:
    assert await reserve(store, a_reserve("o-1")) == [None]


async def test_given_an_agent_with_no_places_when_reserved_then_nobody_is_free(store: Store) -> None:
    assert await reserve(store, a_reserve("o-1", ANNA, places=0)) == [None]


async def test_given_many_offers_in_one_batch_when_reserved_then_each_agent_gets_one(store: Store) -> None:
    wanted = [a_reserve(f"o-{number}", ANNA, BEN, CLEO) for number in range(5)]
    assert await reserve(store, *wanted) == [ANNA, BEN, CLEO, None, None]


async def test_given_an_offer_that_is_reserved_when_it_is_reserved_again_then_the_same_agent_has_it(
    store: Store,
) -> None:
    assert await reserve(store, a_reserve("o-1", BEN)) == [BEN]
    assert await reserve(store, a_reserve("o-1", ANNA, BEN), a_reserve("o-1", ANNA)) == [BEN, BEN]
    await perform(store, ConfirmReservation(offer=OfferId("o-1")))
    assert await reserve(store, a_reserve("o-1", ANNA, BEN)) == [BEN]
    assert await reserve(store, a_reserve("o-2", ANNA)) == [ANNA]


async def test_given_an_accepted_offer_and_one_place_when_reserved_then_the_agent_is_not_free(store: Store) -> None:
    await reserve(store, a_reserve("o-1", ANNA))
    await perform(store, ConfirmReservation(offer=OfferId("o-1")))
    assert await reserve(store, a_reserve("o-2", ANNA)) == [None]


async def test_given_an_accepted_offer_and_two_places_when_reserved_then_the_second_is_given_and_no_third(
    store: Store,
) -> None:
    await reserve(store, a_reserve("o-1", ANNA, places=2))
    await perform(store, ConfirmReservation(offer=OfferId("o-1")))
    assert await reserve(store, a_reserve("o-2", ANNA, places=2)) == [ANNA]
    await perform(store, ConfirmReservation(offer=OfferId("o-2")))
    assert await reserve(store, a_reserve("o-3", ANNA, places=2)) == [None]


async def test_given_a_released_offer_when_reserved_then_the_agent_is_free_again(store: Store) -> None:
    await reserve(store, a_reserve("o-1", ANNA))
    release = ReleaseReservation(offer=OfferId("o-1"))
    answers = await perform(store, a_reserve("o-2", ANNA), release, release, a_reserve("o-3", ANNA))
    assert [isinstance(answer, Reserved) for answer in answers] == [False, True]


async def test_given_unknown_offers_when_confirmed_or_released_then_nothing_happens(store: Store) -> None:
    await perform(store, ConfirmReservation(offer=OfferId("x")), ReleaseReservation(offer=OfferId("y")))
    assert await reserve(store, a_reserve("x", ANNA)) == [ANNA]


async def test_given_a_call_with_reservations_when_it_is_saved_as_ended_then_its_agents_are_free(store: Store) -> None:
    await perform(store, SaveCall(call=a_call()), a_reserve("o-1", ANNA), ConfirmReservation(offer=OfferId("o-1")))
    await perform(store, a_reserve("o-2", BEN))
    await perform(store, SaveCall(call=an_ended_call()))
    assert await reserve(store, a_reserve("o-3", ANNA), a_reserve("o-4", BEN)) == [ANNA, BEN]


async def test_given_reservations_when_the_store_is_opened_again_then_those_of_open_calls_count(database: str) -> None:
    first = await Store.open(database)
    await perform(first, SaveCall(call=a_call("c-1")))
    await reserve(first, a_reserve("o-1", ANNA, call="c-1"), a_reserve("o-2", BEN, call="c-never-saved"))
    await first.close()
    second = await Store.open(database)
    await second.load()
    assert await reserve(second, a_reserve("o-3", ANNA, BEN)) == [BEN]
    await second.close()

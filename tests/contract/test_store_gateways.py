"""Reservations, many gateways at once: never two pending offers for one agent, never more than allowed."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import sqlalchemy as sa
from store_samples import ANNA, BEN, CLEO, a_reserve, perform, reserve

from callbridge.domain.model.effects import ConfirmReservation, ReleaseReservation, Reserve
from callbridge.domain.model.ids import AgentId, OfferId
from callbridge.domain.model.signals import Reserved
from callbridge.store import Store
from callbridge.store.schema import reservations

PLACES = {AgentId(f"agent-{number}"): 1 + number % 3 for number in range(5)}


async def _check(store: Store) -> None:
    """What must be true at every moment, as one statement sees it."""
    pending = sa.func.sum(sa.case((reservations.c.state == "pending", 1), else_=0))
    query = sa.select(reservations.c.agent, sa.func.count(), pending).group_by(reservations.c.agent)
    async with store._database.read() as connection:
        for agent, all_of_them, pending_ones in await connection.execute(query):
            assert pending_ones <= 1, f"{agent} has {pending_ones} pending offers"
            assert all_of_them <= PLACES[agent], f"{agent} has {all_of_them} of {PLACES[agent]} places"


async def _life_of_calls(store: Store, name: str, dice: random.Random, rounds: int) -> int:
    """Reserve, then reject or accept, and hang up some time later; how many offers found somebody."""
    talking: list[OfferId] = []
    found = 0
    for number in range(rounds):
        offer = OfferId(f"{name}-{number}")
        candidates = tuple(dice.sample(list(PLACES), k=dice.randint(2, len(PLACES))))
        wanted = Reserve(call=a_reserve("x").call, offer=offer, candidates=candidates, max_sessions=PLACES)
        [answer] = await perform(store, wanted)
        await _check(store)
        if isinstance(answer, Reserved):
            found += 1
            if dice.random() < 0.7:
                await perform(store, ConfirmReservation(offer=offer))
                talking.append(offer)
            else:
                await perform(store, ReleaseReservation(offer=offer))
        if len(talking) > 1 or (talking and dice.random() < 0.3):
            await perform(store, ReleaseReservation(offer=talking.pop(0)))
    await perform(store, *(ReleaseReservation(offer=offer) for offer in talking))
    return found


async def test_given_four_gateways_when_all_reserve_at_once_then_no_agent_ever_has_too_much(
    gateways: list[Store],
) -> None:
    lives = [
        _life_of_calls(store, f"g{g}t{t}", random.Random(g * 10 + t), rounds=12)
        for g, store in enumerate(gateways)
        for t in range(3)
    ]
    found = await asyncio.gather(*lives)
    assert sum(found) > len(lives)
    assert await reserve(gateways[0], *(a_reserve(f"last-{agent}", agent) for agent in PLACES)) == list(PLACES)


async def test_given_as_many_agents_as_offers_when_all_gateways_reserve_at_once_then_every_offer_finds_one(
    gateways: list[Store],
) -> None:
    agents = (ANNA, BEN, CLEO, AgentId("dora"))
    for number in range(8):
        offers = [OfferId(f"o-{number}-{g}") for g in range(len(gateways))]
        both = zip(gateways, offers, strict=True)
        answers = await asyncio.gather(*(reserve(store, a_reserve(offer, *agents)) for store, offer in both))
        assert sorted(agent or "nobody" for [agent] in answers) == sorted(agents)
        await perform(gateways[0], *(ReleaseReservation(offer=offer) for offer in offers))


async def test_given_one_free_agent_when_all_gateways_reserve_at_once_then_exactly_one_wins(
    gateways: list[Store],
) -> None:
    for number in range(8):
        offers = [OfferId(f"o-{number}-{g}") for g in range(len(gateways))]
        both = zip(gateways, offers, strict=True)
        answers = await asyncio.gather(*(reserve(store, a_reserve(offer, ANNA)) for store, offer in both))
        assert sorted(agent or "" for [agent] in answers) == ["", "", "", ANNA]
        await perform(gateways[0], *(ReleaseReservation(offer=offer) for offer in offers))


async def test_given_batches_that_want_the_same_agents_crosswise_when_they_meet_then_neither_fails(
    gateways: list[Store],
) -> None:
    for number in range(8):
        names = [OfferId(f"o-{number}-{n}") for n in range(4)]
        one = reserve(gateways[0], a_reserve(names[0], ANNA), a_reserve(names[1], BEN))
        other = reserve(gateways[1], a_reserve(names[2], BEN), a_reserve(names[3], ANNA))
        answers = await asyncio.gather(one, other)
        assert sorted(agent for answer in answers for agent in answer if agent) == [ANNA, BEN]
        await perform(gateways[2], *(ReleaseReservation(offer=name) for name in names))


async def test_given_the_same_offer_when_two_gateways_reserve_it_at_once_then_both_hear_the_same_agent(
    gateways: list[Store],
) -> None:
    for number in range(8):
        offer = f"o-{number}"
        answers = await asyncio.gather(*(reserve(store, a_reserve(offer, ANNA, BEN)) for store in gateways))
        assert len({agent for [agent] in answers}) == 1
        await perform(gateways[0], ReleaseReservation(offer=OfferId(offer)))


class _Stop(Exception):
    pass


@asynccontextmanager
async def _holding(store: Store, *wanted: Reserve, then_fail: bool = False) -> AsyncIterator[asyncio.Event]:
    """A gateway in the middle of its transaction until the event is set; then it commits or fails."""
    has, go = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with store.transaction() as transaction:
            await transaction.apply(wanted)
            has.set()
            await go.wait()
            if then_fail:
                raise _Stop

    task = asyncio.create_task(hold())
    await asyncio.wait_for(has.wait(), 10)
    try:
        yield go
    finally:
        go.set()
        if then_fail:
            with pytest.raises(_Stop):
                await task
        else:
            await task


async def _blocked(store: Store) -> None:
    """Returns once some connection waits for a row that another has locked."""
    query = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(10):
        while True:
            async with store._database.read() as connection:
                if (await connection.execute(query)).scalar_one():
                    return
            await asyncio.sleep(0)


@pytest.mark.parametrize("fails", [True, False])
async def test_given_the_only_agent_is_locked_when_reserved_then_the_answer_waits_for_what_becomes_of_it(
    gateways: list[Store], kind: str, fails: bool
) -> None:
    await reserve(gateways[1], a_reserve("warm-up", BEN, ANNA))
    async with _holding(gateways[0], a_reserve("o-1", ANNA), then_fail=fails) as go:
        answer = asyncio.create_task(reserve(gateways[1], a_reserve("o-2", ANNA)))
        if kind == "postgresql":
            await _blocked(gateways[2])
        go.set()
        assert await answer == ([ANNA] if fails else [None])


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_given_a_gateway_that_stalls_in_its_transaction_when_others_reserve_then_they_go_on_without_its_agent(
    gateways: list[Store],
) -> None:
    async with _holding(gateways[0], a_reserve("o-1", ANNA)):
        assert await reserve(gateways[1], a_reserve("o-2", ANNA, BEN)) == [BEN]
        assert await reserve(gateways[2], a_reserve("o-3", ANNA, BEN), a_reserve("o-4", CLEO)) == [None, CLEO]
    await perform(gateways[3], ReleaseReservation(offer=OfferId("o-1")))
    assert await reserve(gateways[3], a_reserve("o-5", ANNA)) == [ANNA]

"""Lists, a page at a time."""

from typing import Any

import pytest
from store_samples import ANNA, BEN, CLEO, HELP, SALES, a_call, a_pop, a_transfer, an_ended_call, an_offer, perform

from callbridge.domain.model.calls import Call, HistoryEntry
from callbridge.domain.model.effects import Record, SaveCall, StoreEffect
from callbridge.domain.model.ids import AgentId, CallId, GroupId, TransferId
from callbridge.domain.model.transfer import Destination, DestinationKind
from callbridge.store import BadCursor, Page, Store


async def _all_calls(store: Store, limit: int) -> list[Page[Call]]:
    pages = [await store.calls(limit=limit)]
    while pages[-1].next is not None:
        pages.append(await store.calls(limit=limit, cursor=pages[-1].next))
    return pages


async def test_given_calls_when_paged_then_each_comes_once_and_the_newest_first(store: Store) -> None:
    calls = [a_call(f"c-{number}", at=1000.0 + number // 3) for number in range(10)]
    await perform(store, *(SaveCall(call=call) for call in calls))
    newest_first = sorted(calls, key=lambda call: (call.arrived_at, call.id), reverse=True)
    for limit in (1, 3, 5, 10, 11):
        pages = await _all_calls(store, limit)
        assert [call for page in pages for call in page.items] == newest_first
        assert all(len(page.items) == limit for page in pages[:-1])


async def test_given_a_page_was_read_when_calls_arrive_then_the_next_page_neither_repeats_nor_skips(
    store: Store,
) -> None:
    await perform(store, *(SaveCall(call=a_call(f"c-{n}", at=1000.0 + n)) for n in range(4)))
    first = await store.calls(limit=2)
    await perform(store, *(SaveCall(call=a_call(f"later-{n}", at=2000.0 + n)) for n in range(3)))
    second = await store.calls(limit=2, cursor=first.next)
    assert [call.id for call in (*first.items, *second.items)] == ["c-3", "c-2", "c-1", "c-0"]
    assert second.next is None


async def test_given_calls_of_several_agents_groups_and_states_when_filtered_then_only_those_come(
    store: Store,
) -> None:
    await perform(
        store,
        SaveCall(call=a_call("c-1", at=1.0, agent=ANNA)),
        SaveCall(call=a_call("c-2", at=2.0, agent=BEN, group=HELP)),
        SaveCall(call=an_ended_call("c-3", at=3.0, agent=ANNA, group=HELP)),
        SaveCall(call=a_call("c-4", at=4.0)),
    )
    await perform(store, SaveCall(call=a_call("c-1", at=1.0, agent=BEN)))

    async def names(**filters: Any) -> list[str]:
        return [call.id for call in (await store.calls(**filters)).items]

    assert await names(agent=ANNA) == ["c-3", "c-1"]  # c-1 was hers
    assert await names(agent=BEN) == ["c-2", "c-1"]
    assert await names(group=SALES) == ["c-4", "c-1"]
    assert await names(state="open") == ["c-4", "c-2", "c-1"]
    assert await names(state="ended", group=HELP, agent=ANNA) == ["c-3"]
    assert await names(agent=CLEO) == []
    assert await names(agent=AgentId("a\0'; DROP TABLE calls"), group=GroupId("\ud800")) == []


async def test_given_transfers_when_asked_for_an_agent_then_those_by_for_and_taken_by_them_come(store: Store) -> None:
    to_group = Destination(kind=DestinationKind.GROUP, value=HELP)
    transfers = [
        a_transfer("t-1", by=ANNA, at=1.0),  # meant for Ben
        a_transfer("t-2", by=BEN, at=2.0, destination=to_group),
        a_transfer("t-3", by=ANNA, at=3.0, destination=to_group, taken_by=CLEO),
    ]
    await perform(store, *(SaveCall(call=a_call(transfer=transfer)) for transfer in transfers))

    async def names(**filters: Any) -> list[str]:
        return [transfer.id for transfer in (await store.transfers(**filters)).items]

    assert await names() == ["t-3", "t-2", "t-1"]
    assert await names(agent=ANNA) == ["t-3", "t-1"]
    assert await names(agent=BEN) == ["t-2", "t-1"]
    assert await names(agent=CLEO, call=CallId("c-1")) == ["t-3"]
    assert await names(call=CallId("c-9")) == []
    assert await store.transfer(TransferId("none")) is None


async def test_given_offers_and_pops_when_paged_then_filters_and_cursors_work(store: Store) -> None:
    effects: list[StoreEffect] = []
    for number in range(6):
        agent, at = (ANNA, BEN)[number % 2], 1000.0 + number
        call = a_call(offer=an_offer(f"o-{number}", agent=agent, at=at), pop=a_pop(f"p-{number}", agent=agent, at=at))
        effects.append(SaveCall(call=call))
    await perform(store, *effects)
    offers = await store.offers(agent=ANNA, limit=2)
    assert [offer.id for offer in offers.items] == ["o-4", "o-2"]
    assert [offer.id for offer in (await store.offers(agent=ANNA, limit=2, cursor=offers.next)).items] == ["o-0"]
    pops = await store.pops(call=CallId("c-1"), limit=5)
    assert [pop.id for pop in pops.items] == ["p-5", "p-4", "p-3", "p-2", "p-1"]
    assert [pop.id for pop in (await store.pops(limit=5, cursor=pops.next)).items] == ["p-0"]


async def test_given_history_when_paged_then_it_comes_in_the_order_of_recording(store: Store) -> None:
    def entry(number: int) -> HistoryEntry:
        call = CallId(f"c-{number % 2}") if number < 6 else None
        return HistoryEntry(at=1000.0, call=call, kind="test.step", agent=ANNA, detail={"number": number})

    await perform(store, *(Record(entry=entry(number)) for number in range(8)))
    first = await store.history(agent=ANNA, limit=5)
    second = await store.history(agent=ANNA, limit=5, cursor=first.next)
    assert [*first.items, *second.items] == [entry(number) for number in reversed(range(8))]
    assert second.next is None
    assert [item.detail["number"] for item in (await store.history(call=CallId("c-1"))).items] == [5, 3, 1]
    assert len((await store.history()).items) == 8


@pytest.mark.parametrize("wrong", ["", "x", "ä", "bm90aGluZw", "W10", "WyJjYWxscyIsMSwyXQ", "WyJjYWxscyIsdHJ1ZSwieCJd"])
async def test_given_a_wrong_cursor_when_a_page_is_asked_for_then_it_is_refused(store: Store, wrong: str) -> None:
    for listing in (store.calls, store.transfers, store.offers, store.pops, store.history):
        with pytest.raises(BadCursor):
            await listing(cursor=wrong)


async def test_given_a_cursor_of_another_list_when_a_page_is_asked_for_then_it_is_refused(store: Store) -> None:
    await perform(store, *(SaveCall(call=a_call(f"c-{number}")) for number in range(2)))
    cursor = (await store.calls(limit=1)).next
    assert cursor is not None
    with pytest.raises(BadCursor):
        await store.transfers(cursor=cursor)


@pytest.mark.parametrize("limit", [0, -1, 1001])
async def test_given_an_impossible_limit_when_a_page_is_asked_for_then_it_is_refused(store: Store, limit: int) -> None:
    with pytest.raises(ValueError, match="between 1 and 1000"):
        await store.calls(limit=limit)
    with pytest.raises(ValueError, match="between 1 and 1000"):
        await store.history(limit=limit)

"""Saving and loading: what goes in comes out, again and again, in any order of repetition."""

import dataclasses
import itertools
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from store_samples import ANNA, BEN, HELP, a_call, a_pop, a_transfer, an_ended_call, an_offer, anything, perform

from callbridge.domain.model.agents import Agent, Presence
from callbridge.domain.model.calls import Call, CallState, HistoryEntry
from callbridge.domain.model.effects import Record, SaveAgent, SaveCall
from callbridge.domain.model.ids import CallId, TransferId
from callbridge.domain.model.offer import Note, OfferState
from callbridge.domain.model.transfer import TRANSFER_ENDED, TransferState
from callbridge.store import Store

_numbers = itertools.count(1)


async def test_given_an_empty_database_when_it_is_loaded_then_there_is_nothing(store: Store) -> None:
    assert await store.load() == ([], [])


async def test_given_saved_calls_and_agents_when_the_store_is_opened_again_then_load_is_equal(database: str) -> None:
    whole = a_call(
        "c-2",
        at=1000.123456789,
        state=CallState.TALKING,
        agent=ANNA,
        offer=an_offer("o-1", "c-2", state=OfferState.ACCEPTED),
        transfer=a_transfer("t-1", "c-2"),
        pop=a_pop("p-1", "c-2"),
        notes=(Note(at=1.5, by=BEN, text="two\nlines"),),
    )
    agents = [Agent(id=ANNA, calls=(CallId("c-2"),), since=0.1), Agent(id=BEN, presence=Presence.BUSY, reason="lunch")]
    first = await Store.open(database)
    await perform(first, *(SaveAgent(agent=agent) for agent in agents), SaveCall(call=whole), SaveCall(call=a_call()))
    await perform(first, SaveCall(call=an_ended_call("c-3")))
    await first.close()
    second = await Store.open(database)
    calls, loaded = await second.load()
    await second.close()
    assert sorted(calls, key=lambda call: call.id) == [a_call(), whole]
    assert loaded == agents


async def test_given_a_call_that_ended_when_it_is_asked_for_then_it_is_still_there(store: Store) -> None:
    await perform(store, SaveCall(call=an_ended_call()))
    assert await store.load() == ([], [])
    assert await store.call(CallId("c-1")) == an_ended_call()
    assert await store.call(CallId("nobody")) is None


async def test_given_a_call_that_is_ending_when_it_is_loaded_then_it_is_there(store: Store) -> None:
    ending = a_call(state=CallState.ENDING, ended_at=1100.0)
    await perform(store, SaveCall(call=ending))
    assert (await store.load())[0] == [ending]


async def test_given_many_effects_for_one_call_when_they_are_applied_at_once_then_the_last_one_counts(
    store: Store,
) -> None:
    steps = [a_call(attempts=number) for number in range(50)]
    await perform(store, *(SaveCall(call=step) for step in steps))
    assert await store.call(CallId("c-1")) == steps[-1]


async def test_given_earlier_offers_transfers_and_pops_when_the_call_goes_on_then_all_are_kept(store: Store) -> None:
    offers = [an_offer(f"o-{n}", at=1000.0 + n, state=OfferState.REJECTED) for n in range(3)]
    transfers = [a_transfer(f"t-{n}", at=1000.0 + n, state=TransferState.FAILED) for n in range(3)]
    pops = [a_pop(f"p-{n}", at=1000.0 + n) for n in range(3)]
    for offer, transfer, pop in zip(offers, transfers, pops, strict=True):
        await perform(store, SaveCall(call=a_call(offer=offer, transfer=transfer, pop=pop)))
    await perform(store, SaveCall(call=an_ended_call()))
    call = CallId("c-1")
    assert list((await store.offers(call=call)).items) == offers[::-1]
    assert list((await store.transfers(call=call)).items) == transfers[::-1]
    assert list((await store.pops(call=call)).items) == pops[::-1]
    assert await store.transfer(TransferId("t-1")) == transfers[1]
    assert await store.offer(offers[0].id) == offers[0]
    assert await store.pop(pops[0].id) == pops[0]


async def test_given_a_preview_when_the_offer_is_accepted_then_the_pop_takes_its_place(store: Store) -> None:
    preview, pop = a_pop("p-1", preview=True), a_pop("p-1", at=1005.0)
    await perform(store, SaveCall(call=a_call(pop=preview)))
    assert (await store.pops(agent=ANNA)).items == (preview,)
    await perform(store, SaveCall(call=a_call(pop=pop)), SaveCall(call=a_call(pop=preview)))
    await perform(store, SaveCall(call=a_call(pop=pop)))
    await perform(store, SaveCall(call=a_call(pop=preview)))
    assert (await store.pops(agent=ANNA)).items == (pop,)


async def test_given_an_ended_call_when_an_older_repetition_is_saved_then_it_stays_ended(store: Store) -> None:
    old = a_call(offer=an_offer("o-1"), transfer=a_transfer("t-1"))
    new = an_ended_call(
        offer=an_offer("o-1", state=OfferState.CANCELLED), transfer=a_transfer("t-1", state=TransferState.FAILED)
    )
    await perform(store, SaveCall(call=old))
    await perform(store, SaveCall(call=new))
    await perform(store, SaveCall(call=old))
    assert await store.call(CallId("c-1")) == new
    assert (await store.offers(call=old.id)).items == (new.offer,)
    assert (await store.transfers(call=old.id)).items == (new.transfer,)


async def test_given_a_call_with_more_offers_when_an_older_repetition_is_saved_then_it_changes_nothing(
    store: Store,
) -> None:
    old, new = a_call(legs_made=1, offers_made=1), a_call(legs_made=2, offers_made=2, group=HELP)
    await perform(store, SaveCall(call=new))
    await perform(store, SaveCall(call=old))
    assert await store.call(CallId("c-1")) == new
    assert (await store.calls(group=HELP)).items == (new,)


async def test_given_a_caller_who_comes_again_under_the_same_id_when_saved_then_the_new_call_counts(
    store: Store,
) -> None:
    await perform(store, SaveCall(call=an_ended_call(offers_made=4, offer=an_offer("o-1", state=OfferState.REJECTED))))
    again = a_call(at=5000.0, offer=an_offer("o-1", at=5001.0))
    await perform(store, SaveCall(call=again))
    assert (await store.load())[0] == [again]
    assert (await store.offers(call=again.id)).items == (again.offer,)


async def test_given_the_same_history_entry_twice_when_it_is_recorded_then_it_is_kept_once(store: Store) -> None:
    entry = HistoryEntry(at=1000.5, call=CallId("c-1"), kind="offer.made", agent=ANNA, detail={"offer": "o-1"})
    other = dataclasses.replace(entry, detail={"offer": "o-2"})
    await perform(store, Record(entry=entry), Record(entry=entry), Record(entry=other))
    await perform(store, Record(entry=entry))
    assert (await store.history(call=CallId("c-1"))).items == (other, entry)


@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
async def test_given_any_call_and_agent_when_they_are_saved_twice_then_load_gives_them_back(
    store: Store, data: st.DataObject
) -> None:
    call: Call = data.draw(anything(Call))
    agent: Agent = data.draw(anything(Agent))
    names: dict[str, Any] = {"id": CallId(f"c-{next(_numbers)}"), "arrived_at": abs(call.arrived_at)}
    for part in ("offer", "transfer", "pop"):
        value = getattr(call, part)
        if value is not None:
            mine = {"id": f"{names['id']}-{part}", "call": names["id"], **_plain(value)}
            names[part] = dataclasses.replace(value, **mine)
    call = dataclasses.replace(call, **names, **_plain(call), legs_made=1, offers_made=1, pops_made=1, transfers_made=1)
    agent = dataclasses.replace(agent, id=_sound(agent.id))
    for _ in range(2):
        await perform(store, SaveCall(call=call), SaveAgent(agent=agent))
    assert await store.call(call.id) == call
    assert agent in (await store.load())[1]
    if call.transfer is not None:
        assert await store.transfer(call.transfer.id) == call.transfer
        assert call.transfer.ended is (call.transfer.state in TRANSFER_ENDED)


def _sound(text: Any) -> Any:
    return text.replace("\0", "") if isinstance(text, str) else text


def _plain(value: Any) -> dict[str, Any]:
    """Ids without the one character that PostgreSQL's text cannot hold: no configured id has it."""
    return {name: _sound(getattr(value, name)) for name in ("agent", "group", "by", "taken_by") if hasattr(value, name)}

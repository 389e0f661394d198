"""The loop: save, then act, then push; what a failing store, a fault of the engine and a flood do to it."""

import asyncio
from dataclasses import replace

import pytest
from runtime_fakes import WITHIN, Bench, FakeOutbox, StoreDown, arrival, settings

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.effects import Originate, Reply, Reserve, SaveCall
from callbridge.domain.model.facts import PbxLost, PbxSeen
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import AcceptOffer, LogIn
from callbridge.domain.model.settings import AgentSettings, Options
from callbridge.domain.model.signals import Configured
from callbridge.web.ports import GatewayBusy, GatewayStopped

INBOX = 20_000
CALL = CallId("c-17-1")
ANNA, BEN = AgentId("anna"), AgentId("ben")


# ---------------------------------------------------------------- order


async def test_given_a_signal_when_handled_then_it_is_saved_then_acted_on_then_pushed() -> None:
    async with Bench() as bench:
        await bench.with_somebody_ready("anna")
        bench.runtime.put(arrival())
        await bench.handled()
        assert bench.ledger == ["save", "act", "push"]
        assert bench.actor.names() == ["Originate"]


async def test_given_a_reservation_when_the_store_answers_then_the_answer_is_decided_on_in_the_same_transaction() -> (
    None
):
    async with Bench() as bench:
        await bench.with_somebody_ready("anna")
        bench.runtime.put(arrival())
        await bench.handled()
        [batch] = bench.store.committed
        asked = next(index for index, effect in enumerate(batch) if isinstance(effect, Reserve))
        offered = [
            index
            for index, effect in enumerate(batch)
            if isinstance(effect, SaveCall) and effect.call.state is CallState.OFFERING
        ]
        assert offered
        assert asked < offered[0]


async def test_given_many_signals_when_they_wait_together_then_one_transaction_saves_them() -> None:
    bench = Bench()
    for number in range(150):
        bench.runtime.put(arrival(number))
    async with bench:
        await bench.handled()
        assert len(bench.store.committed) == 1
        assert bench.store.saved_states() == ["waiting"] * 150


async def test_given_more_signals_than_a_batch_holds_when_handled_then_none_is_lost_and_order_is_kept() -> None:
    bench = Bench()
    for number in range(450):
        bench.runtime.put(arrival(number))
    async with bench:
        await bench.handled()
        assert len(bench.store.committed) == 3
        saved = [
            effect.call.caller for batch in bench.store.committed for effect in batch if isinstance(effect, SaveCall)
        ]
        assert saved == [f"17.{number}" for number in range(450)]


async def test_given_a_request_when_its_save_is_under_way_then_the_reply_waits_for_it() -> None:
    async with Bench() as bench:
        bench.store.open.clear()
        bench.store.committing.clear()
        asked = asyncio.create_task(bench.runtime.ask(LogIn(request=bench.runtime.request_id(), agent=ANNA)))
        async with asyncio.timeout(WITHIN):
            await bench.store.committing.wait()
        assert not asked.done()
        bench.store.open.set()
        async with asyncio.timeout(WITHIN):
            assert (await asked).ok
        assert bench.ledger[0] == "save"


# ---------------------------------------------------------------- a store that fails


@pytest.mark.parametrize("where", ["fail_applying", "fail_committing"])
async def test_given_a_store_that_fails_twice_when_it_works_again_then_all_is_done_once(where: str) -> None:
    async with Bench() as bench:
        await bench.with_somebody_ready("anna")
        setattr(bench.store, where, 2)
        bench.runtime.put(arrival())
        await bench.handled()
        assert bench.ledger == ["save", "act", "push"], "something was done before it was saved, or twice"
        assert bench.actor.names() == ["Originate"]
        assert bench.publisher.kinds().count("offer.made") == 1
        assert bench.sleeper.slept == [0.4, 0.8]
        assert bench.metric("save_failures") == 2
        assert bench.engine.world.agents[ANNA].offer == f"{CALL}-offer-1"


async def test_given_a_failed_commit_when_the_store_gives_somebody_else_then_only_they_are_offered_the_call() -> None:
    async with Bench() as bench:
        await bench.with_somebody_ready("anna", "ben")
        bench.store.fail_committing = 1
        bench.store.answers.extend(["anna", "ben"])
        bench.runtime.put(arrival())
        await bench.handled()
        assert [effect.phone for effect in bench.actor.acted if isinstance(effect, Originate)] == ["PJSIP/ben"]
        agents = bench.engine.world.agents
        assert (agents[ANNA].state, agents[BEN].state) == (AgentState.AVAILABLE, AgentState.OFFERED)
        [batch] = bench.store.committed
        assert {effect.call.offer.agent for effect in batch if isinstance(effect, SaveCall) and effect.call.offer} == {
            BEN
        }


async def test_given_a_failed_commit_when_nobody_is_free_any_more_then_the_caller_waits_and_is_asked_for_again() -> (
    None
):
    async with Bench() as bench:
        await bench.with_somebody_ready("anna")
        bench.store.fail_committing = 1
        bench.store.answers.extend(["anna", None])
        bench.runtime.put(arrival())
        await bench.handled()
        assert bench.actor.names() == []
        assert bench.engine.world.calls[CALL].state is CallState.WAITING
        bench.clock.now += 1.0
        await bench.handled()
        assert bench.actor.names() == ["Originate"]


async def test_given_a_store_that_is_down_while_it_is_tried_again_then_the_world_is_what_is_saved() -> None:
    async with Bench() as bench:
        await bench.with_somebody_ready("anna")
        seen: list[object] = []

        async def look(seconds: float) -> None:
            seen.append((dict(bench.runtime.world.calls), bench.runtime.world.agents[ANNA].state))
            await asyncio.sleep(0)

        bench.runtime._sleep = look
        bench.store.fail_committing = 1
        bench.runtime.put(arrival())
        await bench.handled()
        assert seen == [({}, AgentState.AVAILABLE)]


async def test_given_a_store_that_fails_for_good_then_the_loop_ends_with_its_error_and_nothing_was_done() -> None:
    bench = Bench()
    bench.start()
    await bench.with_somebody_ready("anna")
    bench.store.fail_committing = 5
    bench.runtime.put(arrival())
    asked = asyncio.create_task(bench.runtime.ask(LogIn(request=bench.runtime.request_id(), agent=BEN)))
    assert bench.task is not None
    async with asyncio.timeout(WITHIN):
        with pytest.raises(StoreDown):
            await bench.task
        with pytest.raises(GatewayStopped):
            await asked
        with pytest.raises(GatewayStopped):
            await bench.runtime.ask(LogIn(request=bench.runtime.request_id(), agent=BEN))
    assert bench.ledger == []
    assert bench.metric("save_failures") == 4


async def test_given_a_stop_while_saving_then_nothing_is_acted_on() -> None:
    bench = Bench()
    bench.start()
    await bench.with_somebody_ready("anna")
    bench.store.open.clear()
    bench.store.committing.clear()
    bench.runtime.put(arrival())
    async with asyncio.timeout(WITHIN):
        await bench.store.committing.wait()
    await bench.stop()
    assert bench.ledger == []


async def test_given_webhooks_when_a_commit_is_tried_again_then_their_messages_are_the_same_ones() -> None:
    outbox = FakeOutbox()
    async with Bench(outbox=outbox) as bench:
        await bench.with_somebody_ready("anna")
        bench.store.messages.clear()
        outbox.made = 0
        bench.store.fail_committing = 2
        bench.runtime.put(arrival())
        await bench.handled()
        numbers = [int(message.split()[0]) for message in bench.store.messages]
        assert numbers == list(range(1, len(numbers) + 1)), "made anew, a receiver would not know the repetition"
        assert any(message.endswith("offer.made") for message in bench.store.messages)
        assert outbox.told > 0


# ---------------------------------------------------------------- faults and floods


class Stumbling(dict[AgentId, AgentSettings]):
    """Settings that cannot be read for as many times as told."""

    stumbles = 0

    def __contains__(self, agent: object) -> bool:
        if self.stumbles:
            self.stumbles -= 1
            raise RuntimeError("stumbled")
        return super().__contains__(agent)


async def test_given_a_fault_of_the_engine_when_a_request_meets_it_then_it_alone_is_lost_and_answered() -> None:
    agents = Stumbling(settings().agents)
    async with Bench(replace(settings(), agents=agents)) as bench:
        await bench.with_somebody_ready()
        agents.stumbles = 1
        first = asyncio.create_task(bench.runtime.ask(LogIn(request=bench.runtime.request_id(), agent=ANNA)))
        second = asyncio.create_task(bench.runtime.ask(LogIn(request=bench.runtime.request_id(), agent=BEN)))
        async with asyncio.timeout(WITHIN):
            replies: list[Reply] = [await first, await second]
        assert [(reply.ok, reply.code) for reply in replies] == [(False, "internal_error"), (True, "")]
        assert bench.engine.world.agents[ANNA].state is AgentState.OFFLINE
        assert bench.engine.world.agents[BEN].state is AgentState.BUSY
        assert bench.metric("anomalies") == 1


async def test_given_a_full_inbox_when_more_comes_then_it_is_counted_and_whoever_asks_is_told() -> None:
    bench = Bench()
    for _ in range(INBOX):
        assert bench.runtime.put(PbxLost())
    assert not bench.runtime.put(arrival())
    with pytest.raises(GatewayBusy):
        await bench.runtime.ask(LogIn(request=bench.runtime.request_id(), agent=ANNA))
    assert bench.metric("inbox_overflows") == 2


async def test_given_a_full_inbox_when_what_puts_things_right_comes_then_it_is_taken() -> None:
    bench = Bench()
    for number in range(INBOX):
        bench.runtime.put(arrival(number))
    assert bench.runtime.put(PbxLost())
    assert bench.runtime.put(PbxSeen(channels=(), phones={}, taken_at=0.0))
    assert bench.runtime.put(Configured(settings=settings()))
    assert bench.metric("inbox_overflows") == 0


async def test_given_a_request_that_waits_when_its_id_is_used_again_then_that_is_refused() -> None:
    bench = Bench()
    request = LogIn(request=bench.runtime.request_id(), agent=ANNA)
    first = asyncio.create_task(bench.runtime.ask(request))
    await asyncio.sleep(0)
    with pytest.raises(ValueError, match="in use"):
        await bench.runtime.ask(request)
    async with bench, asyncio.timeout(WITHIN):
        assert (await first).ok


# ---------------------------------------------------------------- time


async def test_given_an_offer_when_the_clock_passes_its_deadline_then_it_times_out() -> None:
    async with Bench() as bench:
        await bench.with_somebody_ready("anna")
        bench.runtime.put(arrival())
        await bench.handled()
        bench.clock.now += 19.9
        await bench.handled()
        assert bench.engine.world.calls[CALL].state is CallState.OFFERING
        bench.clock.now += 0.1
        await bench.handled()
        assert bench.engine.world.calls[CALL].state is CallState.WAITING
        assert bench.engine.world.agents[ANNA].state is AgentState.BUSY


async def test_given_a_deadline_when_nothing_comes_in_then_the_loop_wakes_up_for_it() -> None:
    bench = Bench(settings(Options(offer_timeout=0.05)))
    bench.runtime._clock = asyncio.get_running_loop().time
    async with bench:
        await bench.with_somebody_ready("anna")
        bench.runtime.put(arrival())
        async with asyncio.timeout(WITHIN):
            while "offer.ended" not in bench.publisher.kinds():
                bench.publisher.came.clear()
                await bench.publisher.came.wait()
        offer = bench.engine.world.calls[CALL].offer
        assert offer is not None
        assert offer.state is OfferState.TIMED_OUT


async def test_given_an_answer_and_its_deadline_in_one_batch_then_who_was_in_time_has_the_call() -> None:
    async with Bench() as bench:
        await bench.with_somebody_ready("anna")
        bench.runtime.put(arrival())
        await bench.handled()
        offer = bench.engine.world.agents[ANNA].offer
        assert offer is not None
        bench.clock.now += 20.0
        async with asyncio.timeout(WITHIN):
            reply = await bench.runtime.ask(AcceptOffer(request=bench.runtime.request_id(), agent=ANNA, offer=offer))
        assert reply.ok
        assert bench.engine.world.agents[ANNA].state is AgentState.ON_CALL


async def test_given_a_loop_that_turns_then_its_being_alive_is_seen() -> None:
    async with Bench() as bench:
        bench.clock.now += 500.0
        await bench.handled()
        assert bench.runtime.turned_at == bench.clock.now


async def test_given_a_loop_that_does_not_turn_or_has_no_pbx_then_it_vouches_for_nobody() -> None:
    async with Bench() as bench:
        await bench.handled()
        assert not bench.runtime.decides(10.0), "the PBX has not been seen yet"
        await bench.with_somebody_ready("anna")
        assert bench.runtime.decides(10.0)
        bench.clock.now += 10.0
        assert not bench.runtime.decides(10.0)
        await bench.handled()
        assert bench.runtime.decides(10.0)
        bench.runtime.put(PbxLost())
        await bench.handled()
        assert not bench.runtime.decides(10.0)


async def test_given_a_snapshot_that_the_engine_fails_on_then_it_vouches_for_nobody_until_the_next() -> None:
    async with Bench() as bench:
        bench.runtime.put(PbxSeen(channels=None, phones={}, taken_at=0.0))  # type: ignore[arg-type]
        await bench.handled()
        assert bench.metric("anomalies") == 1
        assert not bench.runtime.decides(10.0)
        await bench.with_somebody_ready("anna")
        assert bench.runtime.decides(10.0)

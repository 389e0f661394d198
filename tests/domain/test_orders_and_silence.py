"""Facts can be older than orders, and silence is no refusal."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from invariants import check_at_rest
from simulation import LEGS, Simulation, settings

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Hangup, Hold, PbxEffect, SetAfter
from callbridge.domain.model.facts import ActionFailed, PbxSeen, PbxSilent
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.legs import LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.signals import Tick
from callbridge.domain.model.transfer import Destination, DestinationKind

CLEO = Destination(kind=DestinationKind.AGENT, value="cleo")
OUTSIDE = Destination(kind=DestinationKind.NUMBER, value="+4930123")


def talking() -> tuple[Simulation, CallId]:
    sim = Simulation(settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.ready("cleo")
    assert sim.call(call).state is CallState.TALKING
    return sim, call


def consulting(to: Destination = CLEO) -> tuple[Simulation, CallId]:
    sim, call = talking()
    sim.consult("anna", call, to)
    sim.settle()
    sim.answer("cleo" if to is CLEO else "+4930123")
    sim.settle()
    return sim, call


def _hold_and_resume(sim: Simulation, call: CallId) -> None:
    assert sim.hold("anna", call).ok
    assert sim.resume("anna", call).ok


def _consult_and_cancel(sim: Simulation, call: CallId) -> None:
    assert sim.consult("anna", call, CLEO).ok
    assert sim.cancel("anna", call).ok


@pytest.mark.parametrize("both", [_hold_and_resume, _consult_and_cancel])
def test_given_an_order_under_way_when_it_is_taken_back_then_talking_is_said_only_once_both_were_seen(
    both: Callable[[Simulation, CallId], None],
) -> None:
    sim, call = talking()
    both(sim, call)
    # What was last seen is that they talk; but the caller was just sent to the music.
    assert sim.call(call).state is CallState.CONSULTING
    assert sim.on_music(call)
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


@pytest.mark.parametrize("both", [_hold_and_resume, _consult_and_cancel])
def test_given_an_order_under_way_when_the_gateway_dies_then_the_dialplan_keeps_the_caller(
    both: Callable[[Simulation, CallId], None],
) -> None:
    sim, call = talking()
    both(sim, call)
    sim.restart()
    assert sim.channels[sim.call(call).caller].after == "hold"
    sim.settle()
    assert sim.talking(call) == {"anna"}


def test_given_an_order_that_never_happens_when_it_is_needed_no_more_then_what_is_seen_counts() -> None:
    sim, call = talking()
    sim.cut = True
    _hold_and_resume(sim, call)
    sim.cut = False
    sim.settle()
    assert sim.call(call).state is CallState.CONSULTING
    sim.wait(5)
    assert sim.call(call).state is CallState.TALKING
    check_at_rest(sim)


def test_given_a_talk_then_the_order_to_end_with_it_is_for_the_turn_from_which_the_caller_was_fetched() -> None:
    sim, call = talking()
    [first] = [effect for effect in sim.effects if isinstance(effect, SetAfter)]
    assert (first.after, first.turn) == ("hangup", "1")
    sim.hold("anna", call)
    sim.settle()
    sim._act(first)  # late: the caller waits again
    assert sim.channels[sim.call(call).caller].after == "hold"
    sim.resume("anna", call)
    sim.settle()
    assert sim.channels[sim.call(call).caller].after == "hangup"


# ---------------------------------------------------------------- silence


def silent(sim: Simulation, seconds: float) -> list[PbxEffect]:
    """The link says nothing for so long, and the gateway knows; what it would have done meanwhile."""
    sim.cut = True
    sim.now += 3
    before = len(sim.effects)
    sim.give(PbxSilent())
    for _ in range(int(seconds)):
        sim.now += 1
        sim.give(Tick())
    return [effect for effect in sim.effects[before:] if isinstance(effect, PbxEffect)]


def speaks(sim: Simulation) -> None:
    sim.cut = False
    sim.give(sim.snapshot())


def test_given_complete_to_an_external_when_the_link_is_silent_then_nothing_is_done_until_it_speaks() -> None:
    sim, call = consulting(OUTSIDE)
    sim.cut = True
    sim.verb("anna", call, "complete")
    assert silent(sim, 60) == []
    assert sim.engine.next_deadline() is None
    speaks(sim)
    sim.wait(10)
    assert sim.call(call).state is CallState.EXTERNAL
    assert sim.talking(call) == {"+4930123"}
    check_at_rest(sim)


def test_given_silence_when_somebody_asks_for_anything_then_it_is_refused_and_nothing_changes() -> None:
    sim, call = consulting()
    silent(sim, 1)
    before = sim.call(call)
    for reply in (
        sim.verb("anna", call, "complete"),
        sim.cancel("anna", call),
        sim.end("anna", call),
        sim.party("anna", call, before.caller, "mute"),
    ):
        assert (reply.ok, reply.code) == (False, "pbx_unavailable")
    assert sim.call(call) == before


@pytest.mark.parametrize("leaves", [True, False])
def test_given_silence_when_an_agent_with_an_offer_leaves_then_the_phone_stops_once_it_speaks(leaves: bool) -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    offer = sim.offer_of("anna")
    assert silent(sim, 1) == []
    if leaves:
        sim.log_out("anna")
    else:
        sim.presence("anna", Presence.BUSY)
    assert silent(sim, 1) == []
    assert sim.engine.world.agents[AgentId("anna")].offer == offer
    speaks(sim)
    sim.settle()
    assert sim.engine.world.agents[AgentId("anna")].offer is None
    assert sim.call(call).state is CallState.WAITING
    check_at_rest(sim)


def test_given_a_phone_that_was_to_be_rung_in_the_silence_when_it_speaks_then_it_is_not_taken_for_lost() -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    sim.cut = True
    call = sim.arrive()
    sim.settle()
    offer = sim.offer_of("anna")
    silent(sim, 30)
    sim.give(
        ActionFailed(
            call=call, action="Originate", channel=sim.call(call).legs[0].channel, reason="no answer", refused=False
        )
    )
    sim.give(PbxSeen(channels=sim.snapshot().channels, phones={}, taken_at=sim.now - 10))
    assert sim.offer_of("anna") == offer
    assert sim.call(call).legs[0].state is LegState.DIALING
    pending = sim.call(call).offer
    assert pending is not None
    assert pending.state is OfferState.PENDING
    assert pending.deadline > sim.now


def test_given_a_move_that_is_not_answered_then_that_is_no_try_that_came_to_nothing() -> None:
    sim, call = consulting()
    sim.cut = True
    sim.verb("anna", call, "complete")
    for _ in range(8):
        moved = sim.call(call).moved
        assert moved is not None
        lost = ActionFailed(
            call=call, action="Hold", channel=moved.action.channel, reason="no answer in 5 s", refused=False
        )
        sim.give(lost)
        sim.now += 4.1
        sim.give(Tick())
    consult = sim.call(call).consult
    assert consult is not None
    assert consult.stage is Stage.COMPLETING
    assert not [effect for effect in sim.effects if isinstance(effect, Hangup)]
    sim.cut = False
    sim.wait(10)
    assert sim.talking(call) == {"cleo"}


def test_given_a_pbx_that_is_lost_in_the_middle_of_a_move_when_it_is_back_then_the_move_is_ordered_afresh() -> None:
    sim, call = consulting()
    sim.cut = True
    sim.verb("anna", call, "complete")
    for _ in range(2):
        sim.now += 4.1
        sim.give(Tick())
    sim.reconnect()
    sim.wait(10)
    assert sim.talking(call) == {"cleo"}
    check_at_rest(sim)


def test_given_a_caller_on_the_way_to_the_music_when_the_pbx_is_looked_at_often_then_they_are_sent_no_oftener() -> None:
    sim, call = talking()
    sim.cut = True
    assert sim.transfer("anna", call, CLEO).ok
    for _ in range(4):
        sim.now += 5
        sim.give(Tick())
    sim.cut = False
    leg = sim.leg_of("anna")
    before = len(sim.effects)
    for _ in range(5):
        sim.now += 0.05
        seen = sim.snapshot()
        # Agent 1 has fallen out of the talk already, and the caller is between two places.
        facts = tuple(
            replace(fact, bridge=LEGS, holding=True) if fact.channel == leg else replace(fact, bridge=None)
            for fact in seen.channels
        )
        sim.give(replace(seen, channels=facts))
    assert not [effect for effect in sim.effects[before:] if isinstance(effect, Hold)]

"""Another channel takes the caller's place: the call goes on, whatever the facts' order, and shows who really calls."""

from collections.abc import Callable
from itertools import permutations

import pytest
import scenes
from invariants import check_always, check_at_rest
from scenes import CALL, CLEO
from simulation import HOLD, Channel, Simulation

from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.effects import Adopt, LookAgain, SaveCall
from callbridge.domain.model.facts import ChannelEntered, ChannelGone
from callbridge.domain.model.ids import AgentId, ChannelId, RequestId
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import DoParty, PartyVerb

OLD, NEW = ChannelId("17.1"), ChannelId("18.1")
NUMBER = "+4930222"
IN_MUSIC = [scenes.waiting, scenes.offering, scenes.connecting, scenes.held, scenes.ringing, scenes.consulting]
IN_TALK = [
    *(scenes.talking, scenes.with_caller, scenes.conference, scenes.four_way, scenes.conference_outside),
    *(scenes.deferred, scenes.external),
]
SCENES = [*IN_MUSIC, *IN_TALK, scenes.transfer_waiting, scenes.recalling]
ORDERS = [*permutations(range(3)), "unseen", "gateway away"]


def replaced(sim: Simulation, order: object) -> None:
    """The facts of it come in this order, or are lost."""
    sim.settle()
    sim.replace(OLD)
    facts = list(sim.facts)
    sim.facts.clear()
    if order == "gateway away":
        sim.restart()
    elif order == "unseen":
        sim.give(sim.snapshot())
    else:
        sim.facts.extend(facts[place] for place in order if place < len(facts))  # type: ignore[attr-defined]
    sim.settle()
    check_always(sim)
    sim.wait(1.0)


def named(value: object) -> str:
    return value.__name__ if callable(value) else str(value)


@pytest.mark.parametrize("order", ORDERS, ids=named)
@pytest.mark.parametrize("scene", SCENES, ids=named)
def test_given_a_call_when_another_takes_the_callers_place_then_it_is_theirs(
    scene: Callable[[], Simulation], order: object
) -> None:
    sim = scene()
    before = sim.call(CALL)
    replaced(sim, order)
    call = sim.call(CALL)
    assert (call.caller, call.caller_number, call.missing) == (NEW, NUMBER, None)
    assert (call.state, call.agent, call.route, call.arrived_at) == (
        *(before.state, before.agent, before.route, before.arrived_at),
    )
    assert NEW in sim.channels
    assert sim.channels[NEW].role == "caller", "the site's own dialplan would have them after the talk"
    for pop in (call.pop, call.consult.pop if call.consult else None):
        assert pop is None or pop.caller_number == NUMBER
    assert sim.kinds().count("call.caller_replaced") == 1
    assert (sim.on_music(CALL), bool(sim.talking(CALL))) == (
        scene in IN_MUSIC or scene not in IN_TALK,
        scene in IN_TALK,
    )
    check_at_rest(sim)
    sim.hang_up(NEW)
    sim.wait(100)
    check_at_rest(sim)
    assert CALL not in sim.engine.world.calls or sim.engine.world.calls[CALL].consult is not None


@pytest.mark.parametrize("scene", IN_TALK, ids=named)
def test_given_a_talk_when_the_caller_really_hangs_up_then_no_other_look_is_needed_where_two_talked(
    scene: Callable[[], Simulation],
) -> None:
    sim = scene()
    sim.settle()
    several = len(sim.talking(CALL)) > 1
    sim.effects.clear()
    sim.hang_up(OLD)
    end = next(fact for fact in sim.facts if isinstance(fact, ChannelGone) and fact.channel == OLD)
    sim.facts.remove(end)
    sim.give(end)
    assert sim.engine.world.calls[CALL].missing is not None, "somebody may have their place"
    sim.wait(1.0)
    looks = [effect for effect in sim.effects if isinstance(effect, LookAgain)]
    assert bool(looks) == several
    call = sim.engine.world.calls.get(CALL) or sim.call(CALL)
    assert call.missing is None
    assert call.state in (CallState.ENDED, CallState.CONSULTING)
    check_at_rest(sim)


def test_given_a_new_caller_when_a_late_fact_of_the_old_channel_comes_then_there_is_no_second_call() -> None:
    sim = scenes.waiting()
    late = ChannelEntered(fact=sim.channels[OLD].fact())
    replaced(sim, (0,))
    sim.give(late)
    sim.settle()
    assert list(sim.engine.world.calls) == [CALL]
    assert sim.call(CALL).caller == NEW


def test_given_two_live_calls_of_one_name_then_each_is_a_call_of_its_own() -> None:
    sim = scenes.waiting()
    sim.arrive("empty", 2)
    sim.channels[ChannelId("17.2")].call = "17.1"
    sim.facts.clear()
    sim.give(ChannelEntered(fact=sim.channels[ChannelId("17.2")].fact()))
    sim.settle()
    assert {call.caller for call in sim.engine.world.calls.values()} == {OLD, "17.2"}
    check_at_rest(sim)


def test_given_a_call_that_was_replaced_twice_then_it_still_goes_on() -> None:
    sim = scenes.talking()
    replaced(sim, (0, 1, 2))
    sim.replace(NEW, "19.1", "+4930333")
    sim.wait(1.0)
    call = sim.call(CALL)
    assert (call.caller, call.caller_number, call.former) == ("19.1", "+4930333", (OLD, NEW))
    assert call.pop is not None
    assert call.pop.caller_number == "+4930333"
    check_at_rest(sim)


def test_given_a_talk_that_is_over_when_somebody_comes_into_it_then_the_call_ends() -> None:
    sim = scenes.talking()
    sim.replace(OLD)
    facts = list(sim.facts)
    sim.facts.clear()
    sim.end("anna", CALL)
    sim.facts.extend(facts)
    sim.wait(100)
    assert sim.call(CALL).outcome is CallOutcome.HANDLED
    assert sim.call(CALL).state is CallState.ENDED
    check_at_rest(sim)


def test_given_a_talk_that_was_ended_when_another_arrives_from_its_callers_place_then_they_are_a_new_call() -> None:
    sim = scenes.talking()
    sim.replace(OLD)
    sim.facts.clear()
    leg = sim.leg_of("anna")
    assert sim.end("anna", CALL).ok
    sim.facts.clear()
    sim.give(ChannelGone(channel=OLD, cause=16))
    sim.give(ChannelGone(channel=leg, cause=16))
    assert sim.call(CALL).outcome is CallOutcome.HANDLED
    stranger = sim.channels.setdefault(NEW, Channel(NEW, "caller", "17.1", answered=True))
    stranger.role, stranger.call, stranger.group = "caller", "17.1", "support"
    sim.facts.clear()
    sim._enter(NEW, HOLD)
    sim.settle()
    assert [call.caller for call in sim.engine.world.calls.values()] == [NEW]


def test_given_a_transfer_on_the_way_when_the_caller_is_replaced_twice_then_the_dialplan_knows_their_call() -> None:
    sim = scenes.talking()
    sim.replace(OLD)
    facts = list(sim.facts)
    sim.facts.clear()
    assert sim.transfer("anna", CALL, CLEO).ok
    sim.facts.extend(facts)
    sim.settle()
    assert (sim.channels[NEW].call, sim.channels[NEW].group) == ("17-1", "support")
    sim.replace(NEW, "19.1")
    sim.settle()
    assert sim.call(CALL).caller == "19.1"
    check_at_rest(sim)


def test_given_a_caller_who_was_just_put_on_hold_when_they_were_replaced_before_then_the_call_goes_on() -> None:
    sim = scenes.conference()
    sim.replace(OLD)
    facts = list(sim.facts)
    sim.facts.clear()
    assert sim.party("anna", CALL, OLD, "hold").ok
    sim.facts.extend((facts[0], facts[2], facts[1]))  # the end of the old channel is told first
    sim.settle()
    assert sim.call(CALL).caller == NEW
    assert sim.on_music(CALL)
    check_at_rest(sim)


@pytest.mark.parametrize("muted_on_the_pbx", [False, True])
def test_given_a_muted_caller_when_another_takes_their_place_then_these_are_heard(muted_on_the_pbx: bool) -> None:
    sim = scenes.conference()
    assert sim.party("anna", CALL, OLD, "mute").ok
    sim.replace(OLD)
    sim.channels[NEW].muted = muted_on_the_pbx
    sim.settle()
    sim.wait(1)
    assert not sim.call(CALL).caller_muted
    assert not sim.channels[NEW].muted


def test_given_an_adoption_that_was_refused_then_it_is_ordered_again_with_all_that_the_call_has() -> None:
    sim = scenes.talking()
    sim.refuse["Adopt"] = 1
    replaced(sim, (0, 1, 2))
    assert sim.channels[NEW].role == "caller"
    assert sim.talking(CALL) == {"anna"}
    adopted = [effect for effect in sim.effects if isinstance(effect, Adopt)]
    assert (adopted[-1].group, adopted[-1].after) == ("support", "hangup")


@pytest.mark.parametrize("scene", [scenes.talking, scenes.with_caller, scenes.conference, scenes.external], ids=named)
def test_given_an_adoption_that_was_refused_and_nothing_else_happens_then_it_is_ordered_again(
    scene: Callable[[], Simulation],
) -> None:
    sim = scene()
    sim.refuse["Adopt"] = 1
    replaced(sim, (0, 1, 2))
    sim.wait(2.0)
    assert sim.channels[NEW].role == "caller"
    assert sim.call(CALL).adopted is None


def test_given_a_gateway_that_dies_before_it_orders_the_adoption_then_it_does_so_at_its_start() -> None:
    sim = scenes.talking()
    sim.settle()
    sim.refuse["Adopt"] = 1
    sim.replace(OLD)
    sim.settle()
    assert sim.channels[NEW].role == ""
    sim.restart()
    sim.settle()
    assert sim.channels[NEW].role == "caller"
    assert sim.talking(CALL) == {"anna"}


def test_given_a_pbx_that_refuses_every_adoption_then_it_is_left_in_peace_after_three() -> None:
    sim = scenes.talking()
    sim.refuse["Adopt"] = 100
    replaced(sim, (0, 1, 2))
    sim.wait(60.0)
    assert len([effect for effect in sim.effects if isinstance(effect, Adopt)]) == 3
    assert sim.call(CALL).state is CallState.TALKING


def test_given_a_document_written_before_then_it_has_no_former_channels() -> None:
    sim = scenes.talking()
    saved = [effect.call for effect in sim.effects if isinstance(effect, SaveCall)]
    assert (saved[-1].former, saved[-1].missing) == ((), None)
    assert HOLD


def test_given_a_caller_who_hung_up_in_a_conference_when_the_agent_does_so_too_then_the_call_is_handled() -> None:
    sim = scenes.conference_with_fourth_only()
    sim.hang_up(OLD)
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    sim.wait(30)
    assert sim.call(CALL).state is CallState.ENDED
    assert sim.call(CALL).outcome in (CallOutcome.HANDLED, CallOutcome.LOST_SIGHT)


def test_given_a_party_on_the_way_out_when_the_caller_is_replaced_then_nobody_is_said_to_talk_with_them() -> None:
    """The move is of somebody else, so it goes on; where they were last seen is older than that order."""
    sim = scenes.conference()
    sim.settle()
    sim.party("anna", CALL, sim.leg_of("cleo"), "hold")
    way_out = list(sim.facts)
    sim.facts.clear()
    sim.replace(OLD)
    sim.verb("anna", CALL, "merge")
    sim.deliver()  # the old channel left the bridge
    sim.deliver()  # and the new one is there
    call = sim.call(CALL)
    assert (call.caller, call.moved is not None, call.consult and call.consult.settled) == (NEW, True, False)
    sim.facts.extend(way_out)
    sim.settle()
    sim.wait(10)
    assert sim.talking(CALL) == {"anna", "cleo"}
    check_at_rest(sim)


def test_given_a_caller_being_put_on_hold_when_replaced_and_the_gateway_dies_then_they_are_on_hold_after() -> None:
    """Though a leg is missing too, so that whoever is new in the talk might be in its place."""
    sim = scenes.four_way()
    sim.settle()
    sim.hang_up(sim.leg_of("cleo"), 44)
    sim.replace(OLD)
    sim.facts.clear()
    asked = DoParty(request=RequestId("r"), agent=AgentId("anna"), call=CALL, channel=OLD, verb=PartyVerb.HOLD)
    for effect in sim.handle(asked):
        sim._save(effect)  # and nothing of it is done
    sim.restart()
    sim.settle()
    sim.wait(1.0)
    call = sim.call(CALL)
    assert call.caller == NEW
    assert sim.channels[NEW].role == "caller"
    check_at_rest(sim)


def test_given_a_look_that_says_nothing_of_a_leg_when_the_caller_is_replaced_then_whoever_is_with_it_calls() -> None:
    sim = scenes.conference()
    sim.settle()
    leg = sim.leg_of("anna")
    sim.hang_up(sim.leg_of("cleo"), 44)
    sim.replace(OLD)
    sim.facts.clear()
    seen = sim.snapshot()
    shown = tuple(fact for fact in seen.channels if fact.channel != leg)
    sim.give(replace(seen, channels=shown, unclear=frozenset({leg})))
    assert sim.call(CALL).caller == NEW
    sim.wait(10)
    check_at_rest(sim)


def test_given_a_caller_just_put_into_a_talk_when_their_channel_ends_before_that_is_seen_then_one_may_be_there() -> (
    None
):
    sim = scenes.held()
    sim.settle()
    sim.resume("anna", CALL)
    sim.replace(OLD)
    end = next(fact for fact in sim.facts if isinstance(fact, ChannelGone) and fact.channel == OLD)
    sim.facts.clear()
    sim.give(end)
    assert sim.engine.world.calls[CALL].missing is not None
    sim.wait(5)
    assert sim.call(CALL).caller == NEW
    check_at_rest(sim)


def test_given_a_party_sent_to_the_old_caller_when_that_came_too_late_then_it_is_ordered_again_soon() -> None:
    """And whoever has the caller's place is made ours at once, whatever else is under way."""
    sim = scenes.conference()
    sim.settle()
    sim.party("anna", CALL, sim.leg_of("cleo"), "hold")
    sim.settle()
    sim.replace(OLD)
    facts = list(sim.facts)
    sim.facts.clear()
    sim.verb("anna", CALL, "merge")
    sim.facts.clear()
    sim.facts.extend(facts)
    sim.settle()
    assert any(isinstance(effect, Adopt) for effect in sim.effects)
    sim.wait(2.5)
    assert sim.talking(CALL) == {"anna", "cleo"}
    check_at_rest(sim)

"""The explorer itself: it finds nothing in the engine, and finds what is broken on purpose."""

import time
from collections.abc import Callable

import pytest

from callbridge.domain import asking, dispatch, reconcile, settling
from callbridge.domain.consult import arrangement, moves
from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.table import Event
from callbridge.domain.lifecycle.grid import nothing
from callbridge.domain.lifecycle.legs import drop_target
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.effects import ReleaseReservation
from callbridge.domain.model.facts import PbxSeen
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.signals import Reserved, Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.world import World
from callbridge.domain.routing import offers
from callbridge.domain.routing import table as routing
from callbridge.domain.routing.table import Stimulus
from explorer.command import line, main
from explorer.model import Node
from explorer.rules import check_at_rest, is_quiet
from explorer.shrink import shrunk
from explorer.starts import STARTS, start
from explorer.transcript import transcript
from explorer.walk import Explorer, Found

_LONG = 60.0
"""Seconds that no test here needs."""


@pytest.mark.parametrize("slow", [False, True], ids=["", "slow PBX"])
@pytest.mark.parametrize("name", STARTS)
def test_given_any_order_of_things_from_here_then_no_rule_is_broken(name: str, slow: bool) -> None:
    """Two things; where the PBX is slow only one: `make explore` has the time for more, and this suite has not."""
    explorer, depth = Explorer(name, slow=slow), 1 if slow else 2
    explorer.exhaust(depth, time.monotonic() + _LONG)
    assert explorer.result.found is None, transcript(explorer.result.found)
    assert explorer.result.depth == depth
    assert explorer.result.schedules > (1 if slow else 5)


@pytest.mark.parametrize("name", STARTS)
def test_given_any_long_order_from_here_then_no_rule_is_broken(name: str) -> None:
    explorer = Explorer(name, slow=True)
    explorer.wander(7, time.monotonic() + _LONG, most=6, depth=1)
    assert explorer.result.found is None, transcript(shrunk(explorer.result.found))


@pytest.mark.parametrize("name", STARTS)
def test_given_a_start_then_everybody_is_where_the_story_says_before_anything_is_explored(name: str) -> None:
    node = start(name)
    if is_quiet(node):
        check_at_rest(node)
    assert node.faults == 1


# ---------------------------------------------------------------- broken on purpose

Cell = Callable[[Step, Call, Signal], None]


def found_from(*names: str) -> Found:
    """What the explorer finds from one of these starts, within seconds."""
    for name in names:
        explorer = Explorer(name, slow=False)
        explorer.exhaust(3, time.monotonic() + _LONG)
        if explorer.result.found is not None:
            return shrunk(explorer.result.found)
    raise AssertionError("what is broken was not found")


def release_the_target(step: Step, call: Call, signal: Signal) -> None:
    """Instead of putting caller and target together."""
    drop_target(step, call, OfferState.CANCELLED)


def test_given_a_hang_up_that_releases_the_target_instead_of_completing_then_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(consulting.TABLE["consulting"], Event.AGENT_GONE, release_the_target)
    found = found_from("consulting")
    assert "the caller is on hold" in found.what
    assert len(found.steps) == 1
    assert "gone c-17-1-leg-1" in transcript(found)


def end_without_the_offer(step: Step, call: Call, signal: Signal) -> None:
    step.put(call)


def test_given_an_offer_that_is_not_released_when_the_caller_hangs_up_then_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(routing.TABLE[CallState.OFFERING], Stimulus.CALLER_GONE, end_without_the_offer)
    found = found_from("offered")
    assert [stimulus[0] for stimulus, _ in found.steps] == ["gone"]


def test_given_a_reservation_that_is_never_given_back_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Step.emit

    def forgetful(step: Step, *effects: object) -> None:
        real(step, *(effect for effect in effects if not isinstance(effect, ReleaseReservation)))  # type: ignore[arg-type]

    monkeypatch.setattr(Step, "emit", forgetful)
    assert "reserved" in found_from("offered").what


def test_given_agent_1_is_let_go_before_caller_and_target_are_together_then_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(consulting.TABLE["consulting"], Event.COMPLETE, hand_over_at_once)
    found = found_from("consulting")
    assert "complete" in [stimulus[0] for stimulus, _ in found.steps]


def hand_over_at_once(step: Step, call: Call, signal: Signal) -> None:
    moves.hand_over(step, call)
    step.accept(signal.request)  # type: ignore[union-attr]


def test_given_settled_is_said_without_looking_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def blind(call: Call, rooms: object) -> None:
        return None

    monkeypatch.setattr(arrangement, "next_action", blind)
    assert found_from("with caller", "consulting")


def test_given_a_request_that_is_not_answered_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(consulting.TABLE["conference"], Event.MERGE, nothing)
    assert "answered 0 times" in found_from("conference").what


def test_given_an_accept_that_wins_an_offer_which_is_over_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def accept_anyway(step: Step, call: Call, signal: Signal) -> None:
        offers.accept(step, call, "button")
        step.accept(signal.request)  # type: ignore[union-attr]

    monkeypatch.setitem(routing.TABLE[CallState.WAITING], Stimulus.ACCEPT, accept_anyway)
    assert found_from("offered", "recall")


def test_given_a_mute_that_outlives_its_conference_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "_end_mutes", lambda step, calls: None)
    monkeypatch.setattr(asking, "unmute_only", lambda step, call, signal: False)
    assert "cannot be unmuted" in found_from("conference").what


def test_given_deadlines_that_go_on_in_silence_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(World, "pbx_listens", property(lambda world: world.pbx_up))
    assert "while the link is silent" in found_from("offered", "talking").what


def test_given_a_refusal_that_tells_to_do_what_is_refused_too_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(consulting.TABLE["returning"], Event.TRANSFER, consulting.TABLE["consulting"][Event.TRANSFER])
    assert "but that is refused too" in found_from("returning").what


def test_given_a_question_to_the_store_that_is_asked_twice_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = reconcile.pbx_seen

    def forgetful(step: Step, signal: PbxSeen) -> None:
        step.world.reserving = None
        real(step, signal)

    monkeypatch.setattr(reconcile, "pbx_seen", forgetful)
    assert "reserved" in found_from("store asked").what


def test_given_a_phone_that_is_rung_by_an_answer_in_the_silence_then_it_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = dispatch.reserved

    def make_anyway(step: Step, signal: Reserved) -> None:
        call = step.world.calls.get(signal.call)
        if step.world.pbx_silent and call is not None:
            offers.make_offer(step, call, signal)
        else:
            real(step, signal)

    monkeypatch.setattr(dispatch, "reserved", make_anyway)
    assert "while the link is silent" in found_from("store asked").what


def test_given_a_cell_that_is_missing_then_it_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(consulting.TABLE["ringing"], Event.TARGET_GONE)
    assert "no cell for" in found_from("ringing agent").what


# ---------------------------------------------------------------- the command


def test_given_a_small_budget_then_the_command_says_what_it_has_explored(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seconds", "6", "--depth", "1", "--start", "consulting", "--workers", "1"]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("explored ")
    assert "party mute" in last
    assert "link stalls" in last
    assert last.endswith(" 0 violations")


def test_given_a_violation_then_its_transcript_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(consulting.TABLE["consulting"], Event.AGENT_GONE, release_the_target)
    found = found_from("consulting")
    text = transcript(found)
    assert "VIOLATION from 'consulting'" in text
    assert "engine: c-17-1 consulting/consulting of anna" in text
    assert text.splitlines()[-1].strip().startswith("=>")


def test_given_the_same_seed_then_the_same_walks() -> None:
    results = []
    for _ in range(2):
        explorer = Explorer("held", slow=False)
        explorer.wander(3, time.monotonic() + _LONG, most=5, depth=1)
        results.append((explorer.result.schedules, len(explorer.result.states)))
    assert results[0] == results[1]


def test_given_a_copy_then_what_happens_to_it_does_not_touch_the_original() -> None:
    explorer = Explorer("consulting", slow=False)
    before = explorer._key(explorer.first)
    explorer.exhaust(1, time.monotonic() + _LONG)
    assert explorer._key(explorer.first) == before
    assert isinstance(explorer.first, Node)
    assert "consulting" in line(explorer.result)

"""Each way in which a leg can come to nothing has one word, and one whose fault it is."""

import pytest
from scenes import BEN, CALL, CLEO, FOURTH, OUTSIDE, consulting, offering, talking
from simulation import Simulation

from callbridge.domain.model.agents import AgentState, Presence
from callbridge.domain.model.causes import CAUSES, DIED, FAULT, REASONS, Fault, LegEnd, Reason, leg_end
from callbridge.domain.model.effects import Record
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.offer import Offer

SAID = {
    17: Reason.BUSY,
    **dict.fromkeys((16, 21, 24), Reason.DECLINED),
    **dict.fromkeys((18, 19, 26), Reason.NO_ANSWER),
    **dict.fromkeys((1, 5, 28), Reason.NO_SUCH_NUMBER),
    **dict.fromkeys((22, 23), Reason.NUMBER_CHANGED),
    **dict.fromkeys((3, 4, 20, 27, 31, 88), Reason.UNREACHABLE),
    **dict.fromkeys((29, 50, 52, 53, 54, 55, 57, 87, 90), Reason.NOT_ALLOWED),
    **dict.fromkeys((2, 25, 34, 38, 41, 42, 44, 47, 58, 63, 79, 102, 111, 127), Reason.NETWORK_TROUBLE),
}


def test_every_cause_has_a_reason_and_every_reason_a_fault_and_a_cause() -> None:
    assert set(REASONS) == set(CAUSES) == set(range(1, 128))
    assert set(FAULT) == set(Reason) == set(REASONS.values())
    assert set(FAULT.values()) == set(Fault)
    assert {cause: REASONS[cause] for cause in SAID} == SAID
    assert {cause for cause in CAUSES if REASONS[cause] is not Reason.NETWORK_TROUBLE} <= set(SAID)


@pytest.mark.parametrize(
    ("cause", "sip", "reason"),
    [
        (17, 486, Reason.BUSY),
        (21, 603, Reason.DECLINED),
        (21, 403, Reason.DECLINED),  # what an Asterisk says for "rejected"
        (21, 407, Reason.NOT_ALLOWED),
        (21, 401, Reason.NOT_ALLOWED),
        (127, 608, Reason.DECLINED),
        (0, 503, Reason.NETWORK_TROUBLE),
        (0, 404, Reason.UNREACHABLE),
        (0, None, Reason.UNREACHABLE),
        (999, 600, Reason.DECLINED),
        (-3, None, Reason.UNREACHABLE),
    ],
)
def test_the_sip_status_says_more_where_it_does(cause: int, sip: int | None, reason: Reason) -> None:
    known = cause if cause in CAUSES else None
    assert leg_end(cause, sip) == LegEnd(reason=reason, cause=known, sip_status=sip)


def records(sim: Simulation, kind: str) -> list[dict[str, object]]:
    return [
        dict(effect.entry.detail) for effect in sim.effects if isinstance(effect, Record) and effect.entry.kind == kind
    ]


@pytest.mark.parametrize("cause", [*CAUSES, 0])
def test_given_a_number_outside_when_it_cannot_be_reached_then_the_transfer_says_why(cause: int) -> None:
    sim = talking()
    sim.consult("anna", CALL, OUTSIDE)
    sim.settle()
    sim.hang_up(sim.leg_of(OUTSIDE.value), cause, sip=500)
    sim.settle()
    transfer = sim.call(CALL).transfer
    assert transfer is not None
    expected = leg_end(cause, 500)
    assert (transfer.failure, transfer.leg_end) == (expected.reason.value, expected)
    said = {"said": expected.reason.value, "cause": expected.cause, "sip_status": 500}
    assert records(sim, "leg.ended") == [{"role": "target", "number": OUTSIDE.value} | said]
    assert records(sim, "transfer.failed")[-1] | said == records(sim, "transfer.failed")[-1]
    assert all(agent.state is not AgentState.BUSY for agent in sim.engine.world.agents.values())


def outcome(cause: int) -> tuple[str, AgentState, str | None]:
    """What becomes of the offer, and of the agent, when the phone ends with this cause."""
    sim = offering()
    channel = sim.call(CALL).offer
    assert channel is not None
    sim.hang_up(channel.channel, cause)
    sim.settle()
    agent = sim.engine.world.agents[AgentId("anna")]
    ended = next(each for each in _ended(sim) if each.agent == "anna")
    assert ended.leg_end == leg_end(cause)
    return ended.state.value, agent.state, ended.reason


def _ended(sim: Simulation) -> list[Offer]:
    return [effect.offer or effect.call.offer for effect in sim.published("offer.ended")]  # type: ignore[misc]


@pytest.mark.parametrize("cause", CAUSES)
def test_given_an_offer_when_the_phone_fails_then_its_agent_is_busy_only_where_that_helps(cause: int) -> None:
    expected = {
        Fault.REFUSED: ("rejected", AgentState.AVAILABLE, "phone"),
        Fault.AWAY: ("timed_out", AgentState.BUSY, None),
        Fault.PHONE: ("rescinded", AgentState.BUSY, "unreachable"),
        Fault.NETWORK: ("rescinded", AgentState.AVAILABLE, "network_trouble"),
    }
    assert outcome(cause) == expected[FAULT[REASONS[cause]]]


def test_given_the_network_failed_when_it_fails_again_at_once_then_it_is_taken_for_the_phone() -> None:
    sim = offering()
    sim.log_out("ben")
    for expected in (AgentState.AVAILABLE, AgentState.BUSY):
        offer = sim.call(CALL).offer
        assert offer is not None
        sim.hang_up(offer.channel, 34)
        sim.settle()
        assert sim.engine.world.agents[AgentId("anna")].state is expected
        sim.wait(5.1)
    assert sim.engine.world.agents[AgentId("anna")].reason == "phone_unreachable"


def test_given_the_network_failed_when_it_fails_again_much_later_then_the_agent_is_not_blamed() -> None:
    sim = offering()
    sim.log_out("ben")
    for _ in range(2):
        offer = sim.call(CALL).offer
        assert offer is not None
        sim.hang_up(offer.channel, 34)
        sim.settle()
        sim.presence("anna", Presence.BUSY)
        sim.wait(61)
        assert sim.engine.world.agents[AgentId("anna")].reason is None
        sim.ready("anna")


@pytest.mark.parametrize(
    ("cause", "failure", "busy"),
    [(17, "rejected", False), (19, "no_answer", True), (20, "unreachable", True), (38, "network_trouble", False)],
)
def test_given_a_consulted_agent_when_their_phone_fails_then_the_transfer_has_what_it_said(
    cause: int, failure: str, busy: bool
) -> None:
    sim = talking()
    sim.consult("anna", CALL, CLEO)
    sim.settle()
    sim.hang_up(sim.leg_of("cleo"), cause, sip=480)
    sim.settle()
    transfer = sim.call(CALL).transfer
    assert transfer is not None
    assert (transfer.failure, transfer.leg_end) == (failure, leg_end(cause, 480))
    assert (sim.engine.world.agents[AgentId("cleo")].state is AgentState.BUSY) is busy


def test_given_a_colleague_who_presses_reject_then_no_phone_said_anything() -> None:
    sim = talking()
    sim.consult("anna", CALL, CLEO)
    sim.settle()
    sim.reject("cleo")
    transfer = sim.call(CALL).transfer
    assert transfer is not None
    assert (transfer.failure, transfer.leg_end) == ("rejected", None)


@pytest.mark.parametrize("merged", [False, True])
@pytest.mark.parametrize("how", ["busy", "timeout", "unreachable", "vanished"])
def test_given_a_fourth_party_when_not_reached_then_the_call_says_why_until_another_is_called(
    how: str, merged: bool
) -> None:
    sim = consulting()
    if merged:
        sim.verb("anna", CALL, "merge")
        sim.settle()
    if how == "unreachable":
        sim.unreachable.add(f"PJSIP/{FOURTH}@carrier")
    sim.fourth("anna", CALL, FOURTH)
    sim.settle()
    expected = LegEnd(reason=Reason.UNREACHABLE)
    match how:
        case "busy":
            sim.hang_up(sim.leg_of(FOURTH), 17, sip=486)
            expected = leg_end(17, 486)
        case "timeout":
            sim.wait(100)
            expected = LegEnd(reason=Reason.NO_ANSWER)
        case "unreachable":
            sim.wait(1)
        case "vanished":
            sim.channels.pop(sim.leg_of(FOURTH))
            sim.give(sim.snapshot())
    sim.settle()
    consult = sim.call(CALL).consult
    assert consult is not None
    assert consult.fourth_failure is not None
    assert (consult.fourth_failure.number, consult.fourth_failure.leg_end) == (FOURTH, expected)
    assert consult.stage.value == ("conference" if merged else "consulting")
    told = records(sim, "fourth.not_reached")
    assert [(each["number"], each["said"]) for each in told] == [(FOURTH, expected.reason.value)]
    assert sim.published("call.updated")[-1].call.consult == consult
    sim.unreachable.clear()
    sim.fourth("anna", CALL, FOURTH)
    assert (found := sim.call(CALL).consult) is not None
    assert found.fourth_failure is None


def test_given_a_phone_that_dies_in_a_talk_then_the_history_has_its_cause() -> None:
    sim = talking()
    cause = min(DIED)
    sim.channels[sim.call(CALL).caller].after = "hold"  # the dialplan keeps whose partner's phone died
    sim.hang_up(sim.leg_of("anna"), cause)
    sim.settle()
    assert records(sim, "leg.ended") == [{"role": "agent", "number": None, "cause": cause}]


def test_given_a_transfer_to_an_agent_when_their_phone_is_dead_then_the_transfer_says_so() -> None:
    sim = talking()
    sim.transfer("anna", CALL, BEN)
    sim.settle()
    sim.hang_up(sim.leg_of("ben"), 20)
    sim.settle()
    transfer = sim.call(CALL).transfer
    assert transfer is not None
    assert (transfer.failure, transfer.leg_end) == ("unreachable", leg_end(20))


def test_given_a_conference_of_two_when_the_fourth_party_who_still_rings_fails_then_they_talk_as_before() -> None:
    sim = consulting()
    sim.verb("anna", CALL, "merge")
    sim.settle()
    sim.fourth("anna", CALL, FOURTH)
    sim.settle()
    sim.hang_up(sim.leg_of("cleo"))
    sim.settle()
    sim.hang_up(sim.leg_of(FOURTH), 17)
    sim.settle()
    assert (sim.call(CALL).state.value, sim.talking(CALL)) == ("talking", {"anna"})

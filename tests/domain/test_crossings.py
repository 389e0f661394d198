"""Things that cross: each of these was found by `make explore`, and is told here in its shortest form."""

import pytest
from invariants import check_at_rest
from simulation import HOLD, Simulation, settings

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.settings import Options
from callbridge.domain.model.transfer import Destination, DestinationKind

CLEO = Destination(kind=DestinationKind.AGENT, value="cleo")
NUMBER = Destination(kind=DestinationKind.NUMBER, value="+4930123")


def talk(sim: Simulation) -> CallId:
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    return call


def consulting(sim: Simulation, destination: Destination = CLEO, party: str = "cleo") -> CallId:
    call = talk(sim)
    sim.ready("cleo")
    sim.consult("anna", call, destination)
    sim.settle()
    sim.answer(party)
    sim.settle()
    assert sim.talk_of("anna") == {party}
    return call


@pytest.mark.parametrize("how", ["refused", "failed"])
def test_given_a_phone_that_never_rang_then_its_leg_is_not_believed_to_live(sim: Simulation, how: str) -> None:
    sim.ready("anna")
    if how == "refused":
        sim.refuse["Originate"] = 1
    else:
        sim.unreachable.add("PJSIP/anna")
    call = sim.arrive()
    sim.wait(1)
    assert sim.on_music(call)
    assert sim.call(call).legs == ()
    check_at_rest(sim)


@pytest.mark.parametrize("how", ["refused", "failed"])
def test_given_an_external_that_never_rang_then_its_leg_is_not_believed_to_live(sim: Simulation, how: str) -> None:
    call = talk(sim)
    if how == "refused":
        sim.refuse["Originate"] = 1
    else:
        sim.unreachable.add("PJSIP/+4930123@carrier")
    sim.consult("anna", call, NUMBER)
    sim.wait(1)
    assert sim.talking(call) == {"anna"}
    assert len(sim.call(call).legs) == 1
    check_at_rest(sim)


def test_given_a_phone_that_failed_when_its_offer_is_accepted_then_the_caller_does_not_wait_for_it(
    sim: Simulation,
) -> None:
    sim.unreachable.add("PJSIP/anna")
    sim.ready("anna", "ben")
    call = sim.arrive()
    sim.settle()
    assert sim.accept("anna").ok
    sim.wait(1)
    assert sim.state("ben") is AgentState.OFFERED
    check_at_rest(sim)
    sim.answer("ben")
    sim.settle()
    assert sim.talking(call) == {"ben"}


def test_given_a_target_whose_phone_failed_when_agent_1_hangs_up_then_the_caller_is_not_left_waiting(
    sim: Simulation,
) -> None:
    sim.unreachable.add("PJSIP/cleo")
    call = talk(sim)
    sim.ready("cleo")
    sim.consult("anna", call, CLEO)
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.wait(1)
    assert sim.state("anna") is AgentState.OFFERED
    check_at_rest(sim)


# ---------------------------------------------------------------- agent 1 is gone, and something is still pressed


def test_given_agent_1_has_ended_a_consultation_when_they_cancel_then_they_are_rung_again(sim: Simulation) -> None:
    call = consulting(sim)
    assert sim.end("anna", call).ok
    assert sim.cancel("anna", call).ok
    sim.settle()
    assert sim.on_music(call)
    assert sim.state("anna") is AgentState.OFFERED
    assert sim.state("cleo") is AgentState.AVAILABLE
    sim.answer("anna")
    sim.settle()
    assert sim.talking(call) == {"anna"}
    check_at_rest(sim)


def test_given_a_merge_that_has_not_happened_when_agent_1_hangs_up_then_caller_and_target_are_put_together(
    sim: Simulation,
) -> None:
    call = consulting(sim)
    sim.refuse["Bridge"] = sim.refuse["Join"] = 1
    sim.verb("anna", call, "merge")
    sim.hang_up(sim.leg_of("anna"))
    sim.wait(5)
    assert sim.talking(call) == {"cleo"}
    check_at_rest(sim)


@pytest.mark.parametrize("who", ["caller", "target"])
def test_given_a_party_is_held_in_a_conference_when_agent_1_leaves_then_the_others_talk(
    sim: Simulation, who: str
) -> None:
    call = consulting(sim)
    sim.verb("anna", call, "merge")
    sim.settle()
    sim.party("anna", call, sim.call(call).caller if who == "caller" else sim.leg_of("cleo"), "hold")
    sim.settle()
    assert sim.verb("anna", call, "leave").ok
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.state("anna") is AgentState.WRAP_UP
    check_at_rest(sim)


def test_given_the_target_took_over_a_conference_when_they_hang_up_too_then_they_are_rung_and_the_fourth_released(
    sim: Simulation,
) -> None:
    call = consulting(sim)
    sim.fourth("anna", call, "+4940555")
    sim.settle()
    sim.answer("+4940555")
    sim.settle()
    sim.verb("anna", call, "leave")
    sim.settle()
    fourth = sim.leg_of("+4940555")
    sim.hang_up(sim.leg_of("cleo"))
    sim.settle()
    assert sim.on_music(call)
    assert fourth not in sim.channels
    assert sim.state("cleo") is AgentState.OFFERED
    check_at_rest(sim)


def test_given_externals_may_stay_and_the_caller_is_held_when_agent_1_hangs_up_then_they_talk_again() -> None:
    options = Options(four_way=True, externals_may_stay=True, outbound_dial="PJSIP/{number}@carrier")
    sim = Simulation(settings(options))
    call = consulting(sim, NUMBER, "+4930123")
    sim.fourth("anna", call, "+4940555")
    sim.settle()
    sim.answer("+4940555")
    sim.settle()
    sim.party("anna", call, sim.call(call).caller, "hold")
    sim.settle()
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert sim.talking(call) == {"+4930123", "+4940555"}
    check_at_rest(sim)


@pytest.mark.parametrize("target_too", [False, True])
def test_given_a_fourth_who_still_rings_when_the_others_hang_up_then_the_caller_is_not_left_with_it(
    target_too: bool,
) -> None:
    options = Options(four_way=True, externals_may_stay=True, outbound_dial="PJSIP/{number}@carrier")
    sim = Simulation(settings(options))
    call = consulting(sim, NUMBER, "+4930123")
    sim.verb("anna", call, "merge")
    sim.settle()
    sim.fourth("anna", call, "+4940555")
    sim.settle()
    fourth = sim.leg_of("+4940555")
    if target_too:
        sim.hang_up(sim.leg_of("+4930123"))
    sim.hang_up(sim.leg_of("anna"))
    sim.settle()
    assert fourth not in sim.channels
    if target_too:
        assert sim.on_music(call)
        assert sim.state("anna") is AgentState.OFFERED
    else:
        assert sim.talking(call) == {"+4930123"}
    check_at_rest(sim)


# ---------------------------------------------------------------- a gateway that dies between deciding and doing


@pytest.mark.parametrize("crossing", ["ended on the page", "phone died"])
def test_given_the_agents_phone_went_while_the_gateway_was_dead_when_it_is_back_then_the_caller_is_not_forgotten(
    sim: Simulation, crossing: str
) -> None:
    call = talk(sim)
    caller = sim.call(call).caller
    if crossing == "ended on the page":
        sim.cut = True
        sim.end("anna", call)
        sim.cut = False
    sim.channels[caller].after = "hold"
    sim.hang_up(sim.leg_of("anna") if crossing == "phone died" else f"{call}-leg-1")  # type: ignore[arg-type]
    sim.restart()
    sim.wait(30)
    if crossing == "ended on the page":
        assert caller not in sim.channels
    else:
        assert sim.on_music(call)
        assert sim.call(call).state is not CallState.ENDED
    check_at_rest(sim)


def test_given_the_fallback_took_the_caller_of_an_external_who_died_when_sent_back_then_they_are_served(
    sim: Simulation,
) -> None:
    call = consulting(sim, NUMBER, "+4930123")
    sim.verb("anna", call, "complete")
    sim.settle()
    caller = sim.channels[sim.call(call).caller]
    caller.after = "hold"
    sim.hang_up(sim.leg_of("+4930123"), 44)
    caller.role, caller.bridge = "fallback", None
    sim.restart()
    sim.settle()
    assert sim.call(call).outcome is CallOutcome.FALLBACK
    caller.role = "caller"
    sim._enter(caller.id, HOLD)
    sim.settle()
    assert sim.call(call).state is CallState.WAITING
    check_at_rest(sim)


def test_given_the_caller_has_hung_up_when_they_are_muted_then_refused(sim: Simulation) -> None:
    call = consulting(sim)
    caller = sim.call(call).caller
    sim.hang_up(caller)
    sim.settle()
    assert sim.talk_of("anna") == {"cleo"}
    assert sim.party("anna", call, caller, "mute").code == "unknown_party"

"""A mute lasts as long as its conference, and can be undone in every state; who is handed a conference can go on."""

import pytest
from invariants import check_at_rest
from simulation import Simulation
from test_orders_and_silence import CLEO, consulting, talking

from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import CallId, ChannelId

FOURTH = "+4940555"


def conference() -> tuple[Simulation, CallId]:
    sim, call = consulting()
    sim.verb("anna", call, "merge")
    sim.settle()
    return sim, call


def handed() -> tuple[Simulation, CallId]:
    """Cleo has the caller and a fourth party."""
    sim, call = conference()
    sim.fourth("anna", call, FOURTH)
    sim.settle()
    sim.answer(FOURTH)
    sim.settle()
    assert sim.verb("anna", call, "complete").ok
    sim.settle()
    assert sim.talking(call) == {"cleo", FOURTH}
    assert sim.call(call).agent == "cleo"
    return sim, call


def channels(sim: Simulation, call: CallId) -> dict[str, ChannelId]:
    return {"caller": sim.call(call).caller, "agent": sim.leg_of("anna"), "target": sim.leg_of("cleo")}


def muted(sim: Simulation) -> set[ChannelId]:
    return {channel.id for channel in sim.channels.values() if channel.muted}


@pytest.mark.parametrize("who", ["caller", "agent", "target"])
@pytest.mark.parametrize(
    "how", ["leave", "complete", "cancel", "target gone", "agent gone", "caller gone", "agent dies"]
)
def test_given_a_mute_when_the_conference_ends_in_any_way_then_nobody_who_stays_is_muted(how: str, who: str) -> None:
    sim, call = conference()
    party = channels(sim, call)
    assert sim.party("anna", call, party[who], "mute").ok
    assert muted(sim) == {party[who]}
    match how:
        case "leave" | "complete":
            assert sim.verb("anna", call, how).ok
        case "cancel":
            assert sim.cancel("anna", call).ok
        case "target gone" | "agent gone" | "caller gone":
            sim.hang_up(party[how.removesuffix(" gone")])
        case _:
            sim.hang_up(party["agent"], 44)
    sim.wait(1)  # a caller's end in a talk is believed after another look
    assert muted(sim) == set()
    assert not sim.call(call).caller_muted
    assert not any(leg.muted for leg in sim.call(call).legs)
    check_at_rest(sim)


@pytest.mark.parametrize("how", ["restart", "reconnect"])
def test_given_a_mute_whose_end_is_lost_with_the_link_when_it_is_back_then_they_are_heard(how: str) -> None:
    sim, call = conference()
    target = sim.leg_of("cleo")
    sim.party("anna", call, target, "mute")
    sim.cut = True
    sim.party("anna", call, target, "unmute")
    assert muted(sim) == {target}
    sim.cut = False
    sim.restart() if how == "restart" else sim.reconnect()
    sim.settle()
    assert muted(sim) == set()


@pytest.mark.parametrize("how", ["restart", "reconnect"])
def test_given_a_mute_that_is_lost_with_the_link_when_it_is_back_then_they_are_muted(how: str) -> None:
    sim, call = conference()
    sim.cut = True
    sim.party("anna", call, sim.call(call).caller, "mute")
    assert muted(sim) == set()
    sim.cut = False
    sim.restart() if how == "restart" else sim.reconnect()
    sim.settle()
    assert muted(sim) == {sim.call(call).caller}


def test_given_a_muted_caller_when_the_conference_is_handed_over_then_the_new_agent_hears_them() -> None:
    sim, call = conference()
    sim.party("anna", call, sim.call(call).caller, "mute")
    sim.fourth("anna", call, FOURTH)
    sim.settle()
    sim.answer(FOURTH)
    sim.settle()
    sim.verb("anna", call, "leave")
    sim.settle()
    assert sim.talking(call) == {"cleo", FOURTH}
    assert muted(sim) == set()


def test_given_a_mute_when_the_gateway_is_started_again_then_it_is_known_and_can_be_undone() -> None:
    sim, call = conference()
    caller = sim.call(call).caller
    sim.party("anna", call, caller, "mute")
    sim.restart()
    sim.settle()
    assert sim.call(call).caller_muted
    assert sim.party("anna", call, caller, "unmute").ok
    assert muted(sim) == set()


@pytest.mark.parametrize("state", ["talking", "held", "ringing"])
def test_given_no_conference_then_unmute_is_no_error_and_mute_is(state: str) -> None:
    sim, call = talking()
    if state == "held":
        sim.hold("anna", call)
    if state == "ringing":
        sim.consult("anna", call, CLEO)
    sim.settle()
    caller = sim.call(call).caller
    sim.channels[caller].muted = True  # whatever the reason
    assert sim.party("anna", call, caller, "unmute").ok
    assert muted(sim) == set()
    assert not sim.party("anna", call, caller, "mute").ok
    assert sim.party("anna", call, ChannelId("nobody"), "unmute").code == "unknown_party"


# ---------------------------------------------------------------- handed a conference


def test_given_a_conference_that_was_handed_over_then_its_verbs_are_the_new_agents() -> None:
    sim, call = handed()
    fourth = sim.leg_of(FOURTH)
    assert sim.party("cleo", call, fourth, "hold").ok
    sim.settle()
    assert sim.talking(call) == {"cleo"}
    assert sim.verb("cleo", call, "merge").ok
    sim.settle()
    assert sim.talking(call) == {"cleo", FOURTH}
    reply = sim.verb("cleo", call, "leave")
    assert (reply.ok, reply.code) == (False, "only_externals_would_remain")
    assert sim.party("cleo", call, fourth, "drop").ok
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    check_at_rest(sim)


def test_given_a_conference_that_was_handed_over_when_a_transfer_is_refused_then_what_it_says_helps() -> None:
    sim, call = handed()
    sim.presence("anna", sim.engine.world.agents["cleo"].presence)  # type: ignore[index]
    reply = sim.consult("cleo", call, CLEO)
    assert (reply.ok, reply.detail) == (False, "This call is being transferred already; cancel that first.")
    assert sim.cancel("cleo", call).ok
    sim.settle()
    assert sim.call(call).state is CallState.TALKING
    assert sim.talking(call) == {"cleo"}
    assert sim.hold("cleo", call).ok


def test_given_a_conference_that_was_handed_over_then_its_first_agent_has_no_part_in_it_any_more() -> None:
    sim, call = handed()
    for reply in (sim.cancel("anna", call), sim.verb("anna", call, "leave"), sim.verb("anna", call, "merge")):
        assert (reply.ok, reply.code) == (False, "transfer_ended")
    assert sim.verb("ben", call, "merge").code == "unknown_transfer"
    consult = sim.call(call).consult
    assert consult is not None
    assert consult.stage is Stage.CONFERENCE

"""A fault of the engine's own costs one signal and rests one call; new settings take effect at once."""

from dataclasses import replace

import pytest
from scenes import CALL, CLEO, held, talking, waiting
from simulation import Simulation

from callbridge.domain import engine
from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.effects import Anomaly, LookAgain, ReleaseReservation
from callbridge.domain.model.facts import ChannelRinging, PbxLost, PbxSilent
from callbridge.domain.model.ids import AgentId, GroupId, OfferId
from callbridge.domain.model.settings import Member
from callbridge.domain.model.signals import Configured, NobodyFree, Reserved, Signal, Tick


def broken(*arguments: object, **more: object) -> None:
    raise RuntimeError("broken")


@pytest.fixture
def sim() -> Simulation:
    return talking()


@pytest.mark.parametrize(
    ("signal", "looks"),
    [
        (ChannelRinging(channel=OfferId("99.1"), name="PJSIP/99"), True),  # type: ignore[arg-type]
        (PbxLost(), False),
        (PbxSilent(), False),
    ],
)
def test_given_the_engine_fails_on_a_fact_then_nothing_has_changed_and_the_pbx_is_looked_at(
    sim: Simulation, signal: Signal, looks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sim.engine.world.copy()
    monkeypatch.setattr(engine, "settle_touched", broken)
    effects = sim.engine.handle(signal, sim.now)
    assert [type(effect) for effect in effects] == [Anomaly, LookAgain][: 1 + looks]
    assert isinstance(effects[0], Anomaly)
    assert f"{type(signal).__name__} could not be handled: RuntimeError('broken')" in effects[0].what
    assert "Traceback" in effects[0].what
    assert sim.engine.world == before


def test_given_the_engine_fails_on_the_stores_answer_then_the_agent_is_given_back_and_the_call_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim = waiting()
    offer = OfferId(f"{CALL}-offer-1")
    for signal in (Reserved(call=CALL, offer=offer, agent=AgentId("anna")), NobodyFree(call=CALL, offer=offer)):
        sim.engine.world.reserving = CALL
        with monkeypatch.context() as patch:
            patch.setattr(engine, "settle_touched", broken)
            effects = sim.engine.handle(signal, sim.now)
        assert ReleaseReservation(offer=offer) in effects
        assert effects[0].call == CALL  # type: ignore[union-attr]
        assert sim.engine.world.reserving is None
        assert sim.engine.world.faulty == {CALL: sim.now + 5}


def test_given_a_call_on_which_the_engine_fails_as_time_passes_then_it_rests_and_goes_on_after_five_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sim = waiting()
    sim.now += 60
    with monkeypatch.context() as patch:
        patch.setattr(engine, "pass_deadlines", broken)
        effects = sim.engine.handle(Tick(), sim.now)
    assert [effect.call for effect in effects if isinstance(effect, Anomaly)] == [CALL]
    assert sim.engine.next_deadline() == sim.now + 5, "its own deadline rests"
    assert sim.engine.handle(Tick(), sim.now + 4.9) == []
    sim.now += 5
    sim.give(Tick())
    assert sim.engine.world.faulty == {}
    sim.give(Tick())
    assert sim.engine.world.calls[CALL].state is CallState.FALLING_BACK


def test_given_a_call_that_rests_after_a_fault_then_it_is_not_offered_before(monkeypatch: pytest.MonkeyPatch) -> None:
    sim = waiting()
    sim.engine.world.faulty[CALL] = sim.now + 5
    members = (Member(agent=AgentId("anna")),)
    empty = replace(sim.settings.groups[GroupId("empty")], members=members)
    sim.give(Configured(settings=replace(sim.settings, groups={**sim.settings.groups, empty.id: empty})))
    sim.ready("anna")
    assert sim.state("anna") is AgentState.AVAILABLE
    sim.wait(5)
    assert sim.state("anna") is AgentState.OFFERED


def test_given_a_group_gets_an_agent_who_is_ready_then_its_waiting_caller_is_offered_at_once() -> None:
    sim = waiting()
    sim.ready("anna")
    empty = replace(sim.settings.groups[GroupId("empty")], members=(Member(agent=AgentId("anna")),))
    sim.give(Configured(settings=replace(sim.settings, groups={**sim.settings.groups, empty.id: empty})))
    assert sim.state("anna") is AgentState.OFFERED


@pytest.mark.parametrize("scene", [talking, held])
def test_given_an_agent_who_is_configured_no_more_when_the_gateway_starts_then_they_keep_their_call(
    scene: object,
) -> None:
    sim = scene()  # type: ignore[operator]
    sim.settings = replace(
        sim.settings, agents={key: each for key, each in sim.settings.agents.items() if key not in ("anna", "dan")}
    )
    sim.restart()
    assert sim.engine.world.agents[AgentId("anna")].calls == (CALL,)
    assert AgentId("dan") not in sim.engine.world.agents, "had none"
    sim.end("anna", CALL)
    sim.wait(60)
    assert CALL not in sim.engine.world.calls
    assert sim.state("anna") is AgentState.OFFLINE


def test_given_a_phone_that_is_configured_no_more_then_it_is_not_rung_again(sim: Simulation) -> None:
    sim.settings = replace(
        sim.settings, agents={key: each for key, each in sim.settings.agents.items() if key != "anna"}
    )
    sim.give(Configured(settings=sim.settings))
    reply = sim.ring_again("anna", CALL)
    assert (reply.ok, reply.code) == (False, "not_your_call")
    assert sim.talking(CALL) == {"anna"}


def test_given_a_transfer_waits_for_an_agent_who_is_configured_no_more_then_the_caller_is_not_lost(
    sim: Simulation,
) -> None:
    sim.transfer("anna", CALL, CLEO)
    sim.settle()
    fewer = {key: each for key, each in sim.settings.agents.items() if key != "cleo"}
    sim.give(Configured(settings=replace(sim.settings, agents=fewer)))
    sim.settle()
    assert sim.state("anna") is AgentState.OFFERED
    assert sim.call(CALL).transfer.failure == "agent_left"  # type: ignore[union-attr]

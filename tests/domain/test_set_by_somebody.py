"""An agent's state that somebody else has set: who it was, until the agent says something themselves."""

import pytest
from scenes import CALL, talking
from simulation import Simulation

from callbridge.domain.model.agents import Agent, Presence
from callbridge.domain.model.effects import PublishAgent, Record
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.requests import LogIn, LogOut, SetPresence

ANNA = AgentId("anna")


def agent(sim: Simulation) -> Agent:
    return sim.engine.world.agents[ANNA]


def told(sim: Simulation) -> list[Agent]:
    return [effect.agent for effect in sim.effects if isinstance(effect, PublishAgent) and effect.agent.id == ANNA]


def set_presence(sim: Simulation, presence: Presence, by: str | None = "Sam", reason: str | None = None) -> None:
    request = sim._request()
    assert sim.ask(SetPresence(request=request, agent=ANNA, presence=presence, reason=reason, by=by)).ok


def log_out(sim: Simulation, by: str | None = "Sam") -> None:
    assert sim.ask(LogOut(request=sim._request(), agent=ANNA, by=by)).ok


def test_given_an_agent_when_logged_out_by_somebody_then_they_are_told_by_whom_and_the_record_has_it(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    log_out(sim)
    assert (told(sim)[-1].presence, told(sim)[-1].set_by, told(sim)[-1].set_at) == (Presence.OFFLINE, "Sam", sim.now)
    entry = [effect.entry for effect in sim.effects if isinstance(effect, Record)][-1]
    assert (entry.kind, entry.detail) == ("agent.logged_out", {"by": "Sam"})


@pytest.mark.parametrize(("presence", "reason"), [(Presence.BUSY, "lunch"), (Presence.BUSY, None)])
def test_given_a_call_when_somebody_sets_what_comes_after_it_then_the_agent_is_told_during_the_call(
    presence: Presence, reason: str | None
) -> None:
    sim = talking()
    before = len(told(sim))
    set_presence(sim, presence, reason=reason)
    assert len(told(sim)) == before + 1
    assert (told(sim)[-1].presence, told(sim)[-1].set_by) == (presence, "Sam")
    assert sim.call(CALL).agent == ANNA


@pytest.mark.parametrize("own", ["log in", "log out", "the same state", "another state", "missed offer"])
def test_given_a_state_that_somebody_set_when_the_agent_or_the_gateway_sets_one_then_it_is_nobody_elses_any_more(
    sim: Simulation, own: str
) -> None:
    sim.ready("anna")
    set_presence(sim, Presence.BUSY, reason="lunch")
    assert agent(sim).set_by == "Sam"
    match own:
        case "log in":
            log_out(sim)
            assert sim.ask(LogIn(request=sim._request(), agent=ANNA)).ok
        case "log out":
            log_out(sim, by=None)
        case "the same state":
            set_presence(sim, Presence.BUSY, by=None, reason="lunch")
        case "another state":
            set_presence(sim, Presence.AVAILABLE, by=None)
        case "missed offer":
            set_presence(sim, Presence.AVAILABLE)
            sim.arrive()
            sim.settle()
            sim.wait(21)
            assert agent(sim).reason == "missed_offer"
    assert (agent(sim).set_by, agent(sim).set_at) == (None, None)
    assert told(sim)[-1].set_by is None


def test_given_an_agent_available_already_when_somebody_makes_them_available_then_nothing_has_changed(
    sim: Simulation,
) -> None:
    sim.ready("anna")
    set_presence(sim, Presence.AVAILABLE)
    assert agent(sim).set_by is None

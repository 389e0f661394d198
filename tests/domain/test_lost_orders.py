"""Orders that never reached the PBX, callers whom the dialplan's fallback has, and faults of the engine itself."""

from dataclasses import replace

import pytest
from invariants import check_always, check_at_rest
from simulation import HOLD, LEGS, Simulation, settings

from callbridge.domain.engine import Engine
from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallOutcome, CallState
from callbridge.domain.model.effects import Anomaly, Hangup, ReleaseReservation
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.settings import AgentSettings
from callbridge.domain.model.signals import Tick
from callbridge.domain.model.transfer import Destination, DestinationKind

# ---------------------------------------------------------------- a link that drops between decision and action


def test_given_a_link_that_drops_with_the_order_to_stop_ringing_when_it_is_back_then_the_phone_stops() -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    leg = sim.leg_of("anna")
    sim.cut = True
    sim.reject("anna")
    assert leg in sim.channels

    sim.reconnect()
    sim.settle()

    assert leg not in sim.channels
    assert sim.call(call).legs == ()
    check_at_rest(sim)


def test_given_a_lost_order_to_stop_ringing_when_the_phone_is_picked_up_then_nobody_waits_there_in_silence() -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    sim.arrive()
    sim.settle()
    leg = sim.channels[sim.leg_of("anna")]
    sim.cut = True
    sim.reject("anna")
    sim.cut = False  # the order was lost without anybody noticing

    leg.answered, leg.ringing = True, False
    sim._enter(leg.id, LEGS)
    sim.settle()

    assert leg.id not in sim.channels
    check_at_rest(sim)


@pytest.mark.parametrize("lost", ["Originate", "Bridge", "SetAfter"])
def test_given_a_link_that_drops_on_the_way_to_talking_when_it_is_back_then_they_talk(lost: str) -> None:
    sim = Simulation(settings())
    sim.ready("anna", "ben")
    sim.cut = lost == "Originate"
    call = sim.arrive()
    sim.settle()
    if lost == "Originate":
        sim.reconnect()
        sim.settle()
    agent = sim.call(call).offer.agent  # type: ignore[union-attr]
    sim.answer(agent)
    sim.cut = lost == "Bridge"
    sim.settle()
    if lost == "Bridge":
        sim.reconnect()
    sim.wait(10)

    assert sim.call(call).state is CallState.TALKING
    assert sim.talking(call) == {agent}
    check_at_rest(sim)


# ---------------------------------------------------------------- callers whom the dialplan's own fallback has


def fallen_back_with_a_ringing_phone() -> tuple[Simulation, Hangup]:
    """The lease ran out while a phone rang; the order to stop it does not arrive."""
    sim = Simulation(settings())
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    leg = sim.leg_of("anna")
    caller = sim.channels[sim.call(call).caller]
    caller.role, caller.bridge = "fallback", None
    sim.cut = True
    sim.give(sim.snapshot())
    sim.cut = False
    assert sim.call(call).state is CallState.ENDING
    assert sim.call(call).outcome is CallOutcome.FALLBACK
    return sim, Hangup(call=call, channel=leg)


def test_given_a_caller_in_the_fallback_when_looked_at_again_then_they_are_not_hung_up() -> None:
    sim, order = fallen_back_with_a_ringing_phone()
    caller = sim.call(order.call).caller

    sim.give(sim.snapshot())
    sim.wait(30)

    assert caller in sim.channels, "the fallback's caller was hung up"
    assert order.channel not in sim.channels
    assert sim.call(order.call).state is CallState.ENDED


def test_given_a_caller_in_the_fallback_when_sent_back_while_a_phone_still_rings_then_the_call_goes_on() -> None:
    sim, order = fallen_back_with_a_ringing_phone()
    caller = sim.channels[sim.call(order.call).caller]

    caller.role = "caller"
    sim._enter(caller.id, HOLD)
    sim.settle()

    assert caller.id in sim.channels, "a caller who came back was hung up"
    assert sim.call(order.call).state is CallState.OFFERING
    assert sim.call(order.call).outcome is None
    sim.answer("anna")
    sim.settle()
    assert sim.talking(order.call) == {"anna"}


# ---------------------------------------------------------------- nobody waits while somebody is free


def test_given_a_failed_transfer_when_the_transferer_is_gone_then_who_is_free_in_the_group_is_asked_at_once() -> None:
    sim = Simulation(settings())
    sim.ready("anna", "cleo")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    sim.transfer("anna", call, Destination(kind=DestinationKind.AGENT, value="cleo"))
    sim.settle()
    sim.log_out("anna")
    sim.ready("ben")

    sim.decline("cleo")
    sim.settle()

    offer = sim.call(call).offer
    assert offer is not None
    assert (sim.call(call).state, offer.agent) == (CallState.OFFERING, "ben")
    check_always(sim)


# ---------------------------------------------------------------- faults of the engine itself


class Stumbling(dict[AgentId, AgentSettings]):
    """Settings that cannot be read for as many times as told."""

    stumbles = 0

    def _stumble(self) -> None:
        if self.stumbles:
            self.stumbles -= 1
            raise RuntimeError("stumbled")

    def __getitem__(self, agent: AgentId) -> AgentSettings:
        self._stumble()
        return super().__getitem__(agent)

    def __contains__(self, agent: object) -> bool:
        self._stumble()
        return super().__contains__(agent)


def test_given_a_fault_on_the_stores_answer_then_the_agent_is_given_back_and_other_callers_are_served() -> None:
    agents = Stumbling(settings().agents)
    sim = Simulation(replace(settings(), agents=agents))
    sim.ready("anna")
    agents.stumbles = 1
    first = sim.arrive()
    sim.settle()
    assert len(sim.anomalies) == 1
    assert [effect for effect in sim.effects if isinstance(effect, ReleaseReservation)]
    assert sim.pending == {}
    assert sim.engine.world.reserving is None
    sim.anomalies.clear()

    second = sim.arrive()
    sim.settle()
    assert sim.call(second).state is CallState.OFFERING, "a fault with one call stopped the others"

    sim.ready("ben")
    sim.wait(6)
    assert sim.call(first).state is CallState.OFFERING, "the caller was left alone for good"
    check_always(sim)


def test_given_a_saved_call_that_makes_no_sense_then_other_calls_deadlines_pass_and_the_loop_does_not_spin() -> None:
    sim = Simulation(settings())
    sim.ready("anna")
    good = sim.arrive()
    sim.settle()
    broken = replace(
        sim.call(good), id="c-broken", caller="17.99", state=CallState.CONNECTING, offer=None, legs=(), deadline=sim.now
    )
    agent = sim.engine.world.agents[AgentId("anna")]
    sim.arrive(number=99)
    engine = Engine(sim.settings, calls=[sim.call(good), broken], agents=[agent])
    engine.handle(sim.snapshot(), sim.now)
    now = sim.now + 20.0

    effects = engine.handle(Tick(), now)

    assert [effect.call for effect in effects if isinstance(effect, Anomaly)] == ["c-broken"]
    assert engine.world.agents[AgentId("anna")].state is AgentState.BUSY, "the good call's offer has not timed out"
    deadline = engine.next_deadline()
    assert deadline is None or deadline > now
    again = [effect for effect in engine.handle(Tick(), now + 6.0) if isinstance(effect, Anomaly)]
    assert len(again) == 1, "after its rest it is tried again"


def test_given_a_fault_on_a_request_then_it_is_answered_and_nothing_has_changed() -> None:
    agents = Stumbling(settings().agents)
    sim = Simulation(replace(settings(), agents=agents))
    sim.ready("anna")
    call = sim.arrive()
    sim.settle()
    sim.answer("anna")
    sim.settle()
    before = sim.engine.world.copy()
    agents.stumbles = 1

    reply = sim.transfer("anna", call, Destination(kind=DestinationKind.AGENT, value="cleo"))

    assert (reply.ok, reply.code) == (False, "internal_error")
    assert sim.engine.world == before
    assert len(sim.anomalies) == 1
    assert sim.transfer("anna", call, Destination(kind=DestinationKind.AGENT, value="cleo")).ok

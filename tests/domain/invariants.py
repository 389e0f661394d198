"""What must be true after every step, and once everything has come to rest."""

from simulation import HOLD, LEGS, Simulation

from callbridge.domain.calls import CallState, OfferState
from callbridge.domain.eligibility import Candidates, judge


def check_always(sim: Simulation) -> None:
    world = sim.engine.world
    offered = {}
    for call in world.calls.values():
        if call.offer is not None and call.offer.state is OfferState.PENDING:
            assert call.state is CallState.OFFERING, f"a pending offer while {call.state}"
            assert call.offer.agent not in offered, f"{call.offer.agent} has two offers"
            offered[call.offer.agent] = call.offer.id
    for agent in world.agents.values():
        assert agent.offer == offered.get(agent.id), f"{agent.id} is shown {agent.offer}, has {offered.get(agent.id)}"
        assert len(set(agent.calls)) == len(agent.calls)
        for call_id in agent.calls:
            assert world.calls[call_id].agent == agent.id, f"{call_id} is not {agent.id}'s"
    assert not sim.anomalies, sim.anomalies
    assert world.reserving is None
    for call in world.calls.values():
        if world.pbx_up and call.state is CallState.WAITING:
            candidates, _ = judge(world, call, sim.now)
            assert Candidates(world, sim.now).of(call) == candidates
            assert not candidates, f"{call.id} waits although {candidates} are free"


def check_at_rest(sim: Simulation) -> None:
    """No fact is under way and no deadline is near: whoever lives is where they should be."""
    check_always(sim)
    world = sim.engine.world
    for channel in sim.channels.values():
        if channel.role == "caller":
            call = next((call for call in world.calls.values() if call.caller == channel.id), None)
            assert call is not None, f"nobody knows the caller {channel.id}"
            if channel.bridge == HOLD:
                assert call.state in (CallState.WAITING, CallState.OFFERING, CallState.CONNECTING), call.state
            else:
                partners = [each for each in sim.channels.values() if each.bridge == channel.bridge]
                assert channel.bridge is not None, f"{channel.id} is nowhere"
                assert len(partners) >= 2, f"{channel.id} is alone in silence"
                assert call.state is CallState.TALKING, call.state
        elif channel.role == "agent":
            call = next((call for call in world.calls.values() if call.leg(channel.id)), None)
            assert call is not None, f"nobody owns the leg {channel.id}"
            assert channel.bridge != LEGS or call.state is CallState.CONNECTING, "an agent waits in silence for nothing"
    for call in world.calls.values():
        if call.state is CallState.TALKING:
            assert sim.talking(call.id), "talking is said, but no bridge holds them"
    occupied = sorted(sim.occupied.values())
    owned = sorted(agent.id for agent in world.agents.values() for _ in [*agent.calls, *([1] if agent.offer else [])])
    assert occupied == owned, f"reserved {occupied}, in use {owned}"

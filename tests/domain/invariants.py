"""What must be true after every step, and once everything has come to rest."""

from simulation import EARLY, HOLD, LEGS, Simulation

from callbridge.domain.consult.together import present
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.legs import LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.rules.eligibility import Candidates, judge

WAITS = (CallState.WAITING, CallState.OFFERING, CallState.CONNECTING, CallState.CONSULTING)
TALKS = (CallState.TALKING, CallState.CONSULTING, CallState.EXTERNAL)
WAITS_IN = (Stage.HELD, Stage.RINGING, Stage.CONSULTING, Stage.COMPLETING)


def check_arrangement(sim: Simulation, call: Call) -> None:
    """Settled is said only when exactly those who should are in one bridge."""
    wanted = [channel for channel in present(call) if channel in sim.channels]
    rooms = {sim.channels[channel].bridge for channel in wanted}
    assert len(wanted) < 2 or (len(rooms) == 1 and not rooms & {HOLD, LEGS, EARLY, None}), f"{call.consult} but {rooms}"
    for leg in call.legs:
        if leg.channel in sim.channels and leg.channel not in wanted and len(wanted) >= 2:
            assert sim.channels[leg.channel].bridge not in rooms, f"{leg.channel} listens in"


def check_always(sim: Simulation) -> None:
    world = sim.engine.world
    offered = {}
    for call in world.calls.values():
        target = call.consult.offer if call.consult else None
        if call.offer is not None and call.offer.state is OfferState.PENDING:
            assert call.state is CallState.OFFERING, f"a pending offer while {call.state}"
        if target is not None and target.state is OfferState.PENDING:
            assert call.state is CallState.CONSULTING, f"a pending consultation while {call.state}"
        for offer in (call.offer, target):
            if offer is not None and offer.state is OfferState.PENDING:
                assert offer.agent not in offered, f"{offer.agent} has two offers"
                offered[offer.agent] = offer.id
        assert (call.consult is not None) == (call.state is CallState.CONSULTING) or call.state is CallState.EXTERNAL
    for agent in world.agents.values():
        assert agent.offer == offered.get(agent.id), f"{agent.id} is shown {agent.offer}, has {offered.get(agent.id)}"
        assert len(set(agent.calls)) == len(agent.calls)
        for call_id in agent.calls:
            call = world.calls[call_id]
            consulted = call.consult.offer.agent if call.consult and call.consult.offer else None
            assert agent.id in (call.agent, consulted), f"{call_id} is not {agent.id}'s"
    assert not sim.anomalies, sim.anomalies
    assert world.reserving is None
    for call in world.calls.values():
        fact = world.channels.get(call.caller)
        if world.pbx_up and call.state is CallState.WAITING and fact is not None and fact.holding:
            candidates, _ = judge(world, call, sim.now)
            assert Candidates(world, sim.now).of(call, call.route) == candidates
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
                parted = any(leg.phone_holds for leg in call.legs)
                assert call.state in WAITS or (call.state is CallState.EXTERNAL and parted), call.state
                stage = call.consult.stage if call.consult else None
                leg = call.agent_leg
                rings = leg is not None and leg.state in (LegState.DIALING, LegState.RINGING)
                assert stage in (None, *WAITS_IN) or call.caller_held or rings or parted, stage
            else:
                partners = [each for each in sim.channels.values() if each.bridge == channel.bridge]
                assert channel.bridge is not None, f"{channel.id} is nowhere"
                assert len(partners) >= 2, f"{channel.id} is alone in silence"
                assert call.state in TALKS, call.state
        elif channel.role == "agent":
            call = next((call for call in world.calls.values() if call.leg(channel.id)), None)
            assert call is not None, f"nobody owns the leg {channel.id}"
            resting = call.state in (CallState.CONNECTING, CallState.CONSULTING)
            assert channel.bridge not in (LEGS, EARLY) or resting, "an agent waits in silence for nothing"
            if channel.bridge not in (None, LEGS, EARLY):
                partners = [each for each in sim.channels.values() if each.bridge == channel.bridge]
                assert len(partners) >= 2, f"{channel.id} is alone in a bridge"
    for call in world.calls.values():
        if call.state is CallState.TALKING:
            assert sim.talking(call.id) == {call.agent}, "talking is said, but no bridge holds just them"
        if call.state is CallState.CONSULTING and call.consult is not None and call.consult.settled:
            check_arrangement(sim, call)
    occupied = sorted(sim.occupied.values())
    owned = sorted(agent.id for agent in world.agents.values() for _ in [*agent.calls, *([1] if agent.offer else [])])
    assert occupied == owned, f"reserved {occupied}, in use {owned}"

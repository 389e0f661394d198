"""After a time of not seeing: what is really on the PBX, against what was believed.

A snapshot says what is; it does not say what happened. Channels that are not in it are gone, channels that
are in it are observed as if an event had shown them, and the deadlines of the states do the rest.
"""

from dataclasses import replace

from callbridge.domain.facts import FALLBACK, find, gone, observe
from callbridge.domain.lifecycle import returning
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.facts import PbxSeen
from callbridge.domain.model.legs import LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.step import Step

_ORDERED = 2.0
"""Seconds that the PBX may take from an accepted Originate until the channel can be seen."""


def pbx_seen(step: Step, signal: PbxSeen) -> None:
    world = step.world
    came_back = not world.pbx_up
    world.pbx_up = True
    world.reserving = None
    world.phones = dict(signal.phones)
    step.dispatch = True
    seen = {fact.channel: fact for fact in signal.channels}
    for fact in signal.channels:
        # Who is still there must be known before anybody's end is decided on.
        if fact.variables.role != FALLBACK and find(step, fact.channel) is not None:
            world.channels[fact.channel] = fact
    for call_id in list(world.calls):
        # The caller first: a leg that ended with them is no reason to look for another agent.
        caller = seen.get(world.calls[call_id].caller)
        if caller is None:
            gone(step, world.calls[call_id].caller, signal)
        elif caller.variables.role == FALLBACK:
            observe(step, caller, signal)
        for leg in world.calls[call_id].legs:
            margin = 0.0 if came_back else _ORDERED
            too_new = leg.state is LegState.DIALING and leg.made_at > signal.taken_at - margin
            if leg.channel not in seen and not too_new:
                gone(step, leg.channel, signal)
    for fact in signal.channels:
        observe(step, fact, signal)
    step.touched.update(world.calls)
    if came_back:
        _forget_stale_offers(step)
        for call in [call for call in world.calls.values() if call.state is CallState.WAITING]:
            returning.wait(step, call, call.route)  # with settings that may have changed meanwhile


def _forget_stale_offers(step: Step) -> None:
    """An agent whose offer belongs to no call any more would never get another."""
    pending = {
        offer.id
        for call in step.world.calls.values()
        for offer in (call.offer, call.consult.offer if call.consult else None)
        if offer is not None and offer.state is OfferState.PENDING
    }
    for agent in list(step.world.agents.values()):
        offer = agent.offer if agent.offer in pending else None
        calls = tuple(call for call in agent.calls if call in step.world.calls)
        if (offer, calls) != (agent.offer, agent.calls):
            step.put_agent(replace(agent, offer=offer, calls=calls))

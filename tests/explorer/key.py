"""When two moments are the same: the key of a `Node`.

Two moments with one key have the same future, but for what nobody decides on. Left out, and why:

- texts that are only shown or kept: names, notes, pops, reasons, history, who was told what (`heard`), `waits`;
- times in the past. Only their order matters where it does (the place in the queue, the longest idle); a deadline
  counts as the time that is left, in milliseconds;
- `saved_*`: the same as the live calls and agents (`rules.check_always` sees to it);
- how many faults a walk may still have: kept beside the key, by those who walk.

Bridges are named by the first number that nobody speaks of any more, so that the same constellation has the same names.
Ids that count (legs, offers, transfers) are kept, which tells more moments apart than necessary, never fewer.
Keys are Python's 64-bit hashes: with a million moments, two of them share one by chance once in ten million runs.
"""

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Doing
from callbridge.domain.model.facts import ChannelFact
from callbridge.domain.model.legs import Leg, LegState
from callbridge.domain.model.offer import Offer, OfferState
from callbridge.domain.model.transfer import Route
from explorer.model import Node

_ECHO = 30.0
"""As in `arrivals.py`: seconds after a call's end in which events of its caller are taken for late ones."""
_SAME_TROUBLE = 60.0
"""As in `people.py`: seconds in which a second trouble of the network counts as the phone's."""


def core(node: Node) -> int:
    """The key, without the faults that are left."""
    world, now = node.world, node.now
    calls = world.calls
    look = node.look
    return hash(
        (
            node.dead,
            node.down,
            None if node.stalled is None else round(now - node.stalled, 3),
            node.silent,
            repr(node.pipe) if node.pipe else None,
            node.unanswered,
            tuple(sorted(node.moves.items())) if node.moves else None,
            world.pbx_up,
            world.pbx_silent,
            world.reserving,
            tuple(sorted(world.callers.items())),
            _left(world.unheard_since, now),
            tuple(sorted(node.channels.items())),
            tuple(sorted(node.queues.items())),
            None if look is None else (round(now - look[0], 3), look[1] and tuple(map(_fact, look[1].channels))),
            repr(node.deferred) if node.deferred else None,
            tuple(sorted(node.pending.items())),
            tuple(sorted(node.occupied.items())),
            tuple(sorted(node.won.items())),
            node.told_gone,
            tuple([_call(call, now) for _, call in sorted(calls.items())]),
            tuple(sorted(calls, key=lambda each: (calls[each].route.since, each))) if len(calls) > 1 else None,
            tuple([_agent(agent, now) for agent in world.agents.values()]),
            tuple(sorted(world.declines.items())),
            tuple(sorted(world.left_in_silence.items())),
            tuple(sorted(world.agents, key=lambda each: (world.agents[each].idle_since, each))),
            tuple([_fact(world.channels[channel]) for channel in sorted(world.channels)]),
            tuple([_ended(call, now) for call in world.ended.values()]),
        )
    )


def _ended(call: Call, now: float) -> object:
    long_ago = call.ended_at is not None and now - call.ended_at > _ECHO
    return (call.id, call.outcome, call.offers_made, call.legs_made, long_ago)


def _left(when: float | None, now: float) -> float | None:
    return None if when is None else round(when - now, 3)


def _agent(agent: Agent, now: float) -> object:
    trouble = agent.network_failed_at
    lasts = trouble is not None and now - trouble < _SAME_TROUBLE
    return (
        agent.id,
        agent.presence._value_,
        agent.offer,
        agent.calls,
        _left(agent.wrap_up_until, now),
        _left(trouble, now) if lasts else None,
    )


def _fact(fact: ChannelFact) -> object:
    return (
        fact.channel,
        fact.answered,
        fact.ringing,
        fact.bridge,
        fact.holding,
        fact.from_talk,
        fact.variables.role,
        fact.variables.after,
        fact.variables.turn,
    )


def _offer(offer: Offer | None, now: float) -> object:
    if offer is None:
        return None
    pending = offer.state is OfferState.PENDING
    return (offer.id, offer.agent, offer.channel, offer.state._value_, _left(offer.deadline, now) if pending else None)


def _leg(leg: Leg, now: float) -> object:
    early = leg.state is LegState.DIALING or leg.state is LegState.RINGING
    return (
        leg.channel,
        leg.role._value_,
        leg.state._value_,
        leg.name,
        leg.held,
        leg.muted,
        leg.releasing,
        leg.phone_hold._value_,
        leg.consoled,
        leg.early_sound,
        leg.listens,
        leg.failed,
        _left(leg.deadline, now) if early and not leg.releasing else None,
        _left(leg.made_at, now) if leg.state is LegState.DIALING else None,
    )


def _route(route: Route | None, now: float) -> object:
    if route is None:
        return None
    return (route.kind._value_, route.group, route.agent, route.mode._value_, _left(route.deadline, now))


def _doing(doing: Doing | None, now: float, *, past: bool = True) -> object:
    if doing is None or (not past and doing.deadline <= now):
        return None
    action = doing.action
    return (
        action.verb,
        action.channel,
        action.peer,
        _left(doing.deadline, now),
        doing.attempts,
        doing.seen,
        _left(doing.ordered_at, now) if doing.late else None,
    )


def _call(call: Call, now: float) -> object:
    transfer, consult = call.transfer, call.consult
    return (
        call.id,
        call.state._value_,
        call.group,
        call.agent,
        _route(call.route, now),
        _offer(call.offer, now),
        tuple([_leg(leg, now) for leg in call.legs]),
        transfer
        and (transfer.id, transfer.by, transfer.kind._value_, transfer.state._value_, transfer.destination.value),
        transfer and transfer.failure == "waited_too_long",
        consult
        and (
            consult.stage._value_,
            _route(consult.route, now),
            _offer(consult.offer, now),
            consult.settled,
            consult.from_hold,
        ),
        _doing(call.doing, now),
        _doing(call.moved, now, past=False),
        call.missing and (call.missing.certain, call.missing.talked, _left(call.missing.until, now)),
        (call.caller, call.former, _left(call.adopted, now), call.adoptions),
        call.caller_held,
        (call.caller_muted, call.muting),
        tuple([(pause.agent, _left(pause.until, now)) for pause in call.pauses]),
        _left(call.deadline, now),
        _left(call.least_talk_until, now),
        _left(call.sent_at, now) if call.state is CallState.MOVING else None,
        call.attempts,
        call.outcome,
        (call.legs_made, call.offers_made, call.pops_made, call.transfers_made),
    )

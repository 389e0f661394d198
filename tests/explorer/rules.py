"""What must be true after each step, and once everything has come to rest."""

from collections.abc import Mapping

from callbridge.domain.consult.together import present, together
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, OfferId, call_id
from callbridge.domain.model.legs import Leg, LegRole, LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.rules.eligibility import judge
from explorer.model import EARLY, HOLD, LEGS, ROOMS, Channel, Node, Violation
from explorer.remedies import remedies
from explorer.stimuli import do, requests

MUSIC = (CallState.WAITING, CallState.OFFERING, CallState.CONNECTING, CallState.CONSULTING)
"""In which a caller may be on hold: something is pending for them."""
MUSIC_IN = (None, Stage.HELD, Stage.RINGING, Stage.CONSULTING, Stage.COMPLETING)
TALK = (CallState.TALKING, CallState.CONSULTING, CallState.EXTERNAL)
SOON = 4.5
"""Seconds. A deadline that is nearer than this means that something is still being done."""


def must(condition: object, what: str) -> None:
    if not condition:
        raise Violation(what)


# ---------------------------------------------------------------- after each step
# By far the most often called: what is said is put together only where it is wanted.


Calls = Mapping[CallId, Call]


def check_always(node: Node, before: Calls | None = None) -> None:
    """`before`: the calls as they were before the step."""
    world = node.world
    offered: dict[AgentId, OfferId] = {}
    for call in world.calls.values():
        if node.saved_calls.get(call.id) is not call and not (node.saved_calls.get(call.id) == call):
            raise Violation(f"{call.id} is not saved as it is")
        target = call.consult.offer if call.consult else None
        for offer, state in ((call.offer, CallState.OFFERING), (target, CallState.CONSULTING)):
            if offer is not None and offer.state is OfferState.PENDING:
                if call.state is not state:
                    raise Violation(f"a pending offer while {call.state}")
                if not (offer.agent not in offered):
                    raise Violation(f"{offer.agent} has two offers")
                offered[offer.agent] = offer.id
        consulting = call.state is CallState.CONSULTING
        if not ((call.consult is not None) == consulting or call.state is CallState.EXTERNAL):
            raise Violation(f"consult while {call.state}")
        _connected(node, before, call)
    for agent in world.agents.values():
        if node.saved_agents.get(agent.id) is not agent and node.saved_agents.get(agent.id) not in (agent, None):
            raise Violation(f"{agent.id} is not saved as they are")
        if not (agent.offer == offered.get(agent.id)):
            raise Violation(f"{agent.id} has {agent.offer}, but {offered.get(agent.id)} is pending")
        if not (len(set(agent.calls)) == len(agent.calls)):
            raise Violation(f"{agent.id} has a call twice")
        for each in agent.calls:
            if each not in world.calls:
                raise Violation(f"{agent.id} has {each}, which is over")
            call = world.calls[each]
            consulted = call.consult.offer.agent if call.consult and call.consult.offer else None
            if agent.id not in (call.agent, consulted):
                raise Violation(f"{each} is not {agent.id}'s")
    if not (world.reserving is None or node.unanswered):
        raise Violation("the store's answer is still awaited")
    check_refusal(node)
    if world.faulty:
        raise Violation("the engine failed on a call")
    if world.pbx_up and not node.unanswered and not node.silent:
        for call in world.calls.values():
            fact = world.channels.get(call.caller)
            if call.state is CallState.WAITING and fact is not None and fact.holding:
                candidates, _ = judge(world, call, node.now)
                if candidates:
                    raise Violation(f"{call.id} waits although {candidates} are free")


def _connected(node: Node, before: Calls | None, call: Call) -> None:
    """Connected or settled is said only when one bridge holds exactly those, as far as the engine has been told."""
    if before is None:
        return
    old = before.get(call.id)
    if call is old:
        return
    if call.state is CallState.TALKING and old is not None and old.state is CallState.CONNECTING:
        leg = call.agent_leg
        if not (leg is not None and _one_room(node, (call.caller, leg.channel))):
            raise Violation("connected is said, but no bridge holds both")
    if call.state is CallState.TALKING and old is not None and old.state is not CallState.TALKING:
        leg = call.agent_leg
        _not_sent_elsewhere(node, (call.caller, *([leg.channel] if leg is not None else [])))
    settled = call.consult is not None and call.consult.settled
    was = old is not None and old.consult is not None and old.consult.settled
    if settled and not was and call.consult is not None:
        if not (_one_room(node, present(call))):
            raise Violation(f"settled in {call.consult.stage}, but not in one bridge")
        _not_sent_elsewhere(node, present(call))


def _not_sent_elsewhere(node: Node, wanted: tuple[ChannelId, ...]) -> None:
    """Facts can be older than orders: who was told to go somewhere else is not where they were last seen."""
    here = [channel for channel in wanted if channel in node.channels]
    for channel in here if len(here) > 1 else []:
        to = node.moves.get(channel)
        away = to is not None and not to & set(here) - {channel}
        must(not away or any(each not in node.channels for each in to or ()), f"{channel} was just sent elsewhere")


def _one_room(node: Node, wanted: tuple[ChannelId, ...]) -> bool:
    facts = [node.world.channels[channel] for channel in wanted if channel in node.world.channels]
    return len(facts) < 2 or (len({fact.bridge for fact in facts}) == 1 and not any(map(_off, facts)))


def _off(fact: object) -> bool:
    return fact.bridge is None or fact.holding  # type: ignore[attr-defined]


def check_refusal(node: Node) -> None:
    """No refusal contradicts another: what a sentence tells to do first is not refused too."""
    if node.refused is None:
        return
    request, reply = node.refused
    named = remedies(reply.detail)
    must(named is not None, f"nobody has said what {reply.detail!r} tells to do")
    if not named:
        return
    for stimulus in requests(node, everything=True):
        if stimulus[0] in named and stimulus[1] == request.agent:
            then = node.copy()
            do(then, stimulus)
            if then.refused is None:
                return
    raise Violation(f"{type(request).__name__} is refused with {reply.detail!r}, but that is refused too")


# ---------------------------------------------------------------- at rest


def is_quiet(node: Node) -> bool:
    """Nothing is under way, and no deadline is near."""
    if node.queues or node.look or node.down or node.stalled is not None or node.deferred or node.unanswered:
        return False
    deadline = node.engine_deadline()
    return deadline is None or deadline - node.now > SOON


def check_at_rest(node: Node) -> None:
    """Whoever lives is where they should be."""
    for channel in node.channels.values():
        must(channel.role, f"{channel.id} came in a caller's place and is nobody's")
        if channel.role == "caller":
            _check_caller(node, channel)
        elif channel.role != "fallback":
            _check_leg(node, channel)
    for call in node.world.calls.values():
        if call.state is CallState.TALKING:
            must(
                _talking(node, call) == {call.agent}, f"talking is said, but with the caller are {_talking(node, call)}"
            )
        if call.state is CallState.CONSULTING and call.consult is not None and call.consult.settled:
            _check_settled(node, call)
        for leg in call.legs:
            must(leg.channel in node.channels, f"{leg.channel} is believed to live")
    for channel in node.channels.values():
        if channel.bridge not in ROOMS and channel.role != "fallback":
            _check_hears(node, channel)
    occupied = sorted(node.occupied.values())
    agents = node.world.agents.values()
    used = sorted(agent.id for agent in agents for _ in [*agent.calls, *([1] if agent.offer else [])])
    must(occupied == used, f"reserved are {occupied}, in use {used}")


def _room(node: Node, channel: Channel) -> list[Channel]:
    return [each for each in node.channels.values() if each.bridge == channel.bridge]


def _first_call(channel: Channel) -> CallId:
    """The call in which this caller, or the one whose place they took, has arrived."""
    return call_id(channel.id.rstrip("'"))


def _check_caller(node: Node, channel: Channel) -> None:
    owner = node.world.callers.get(channel.id)
    call = node.world.calls.get(owner) if owner is not None else None
    if call is None:
        raise Violation(f"nobody knows the caller {channel.id}")
    first = _first_call(channel)
    before = node.world.calls.get(first) or node.world.ended.get(first)
    # Who comes in the place of one with whom the conversation is over begins anew. A restart forgets ended calls.
    over = before is None or before.outcome is CallOutcome.HANDLED
    must(call.id == first or over, f"the call of {channel.id} did not go on: they are in {call.id}")
    if channel.bridge == HOLD:
        stage = call.consult.stage if call.consult else None
        parted = any(_holds(node, leg) for leg in call.legs)
        must(
            call.state in MUSIC or (call.state is CallState.EXTERNAL and parted),
            f"the caller is on hold while {call.state}",
        )
        alone = call.caller_held or _rings(call.agent_leg) or parted
        must(stage in MUSIC_IN or alone, f"the caller is on hold in {stage}")
        _check_pending(call, parted)
    else:
        must(channel.bridge is not None, f"the caller {channel.id} is nowhere")
        must(len(_room(node, channel)) >= 2, f"the caller {channel.id} is alone in silence")
        must(call.state in TALK, f"the caller talks while {call.state}")
        _check_heard(node, call, channel)


def _check_hears(node: Node, channel: Channel) -> None:
    """In a talk everybody hears somebody, unless one who is still there muted them and can undo it."""
    others = [each for each in _room(node, channel) if each.id != channel.id]
    if not others or any(not other.muted for other in others):
        return
    call = next((call for call in node.world.calls.values() if channel.id == call.caller or call.leg(channel.id)), None)
    must(call is not None and call.agent is not None, f"{channel.id} hears nobody, and nobody can undo it")
    assert call is not None
    for other in others:
        then = node.copy()
        do(then, ("party unmute", str(call.agent), call.id, other.id))
        must(then.refused is None, f"{channel.id} hears nobody, and {other.id} cannot be unmuted")
        must(not then.channels[other.id].muted, f"{other.id} stays muted")


def _holds(node: Node, leg: Leg) -> bool:
    channel = node.channels.get(leg.channel)
    return channel is not None and channel.holds


def _check_heard(node: Node, call: Call, channel: Channel) -> None:
    """In a talk everybody hears somebody, or the PBX's music: nobody sits with a phone that holds, in silence."""
    if channel.holds or channel.consoled:
        return
    others = [each for each in _room(node, channel) if each.id != channel.id]
    must(not all(each.holds for each in others), f"{channel.id} hears only phones that hold, in {call.state}")


def _check_consoled(node: Node, call: Call, channel: Channel) -> None:
    """Who waits for a phone that holds hears music."""
    wanted = together(call)
    here = [each for each in wanted if each in node.channels and not node.channels[each].holds]
    if channel.id in wanted and not channel.holds and len(here) < 2 <= len(wanted):
        must(channel.hears == "music", f"{channel.id} waits for a phone that holds, and hears {channel.hears}")


def _check_pending(call: Call, parted: bool) -> None:
    """Who is on hold has something pending: a phone that rings or holds, an agent who consults, or the queue."""
    match call.state:
        case CallState.OFFERING | CallState.CONNECTING:
            must(call.agent_leg is not None, f"the caller is on hold while {call.state}, and no phone rings")
        case CallState.CONSULTING:
            # The target's phone, where the caller is being put through and it is rung again.
            pending = call.agent_leg is not None or _rings(call.party(LegRole.TARGET)) or parted
            must(pending, "the caller is on hold, and whoever put them there is gone")


def _rings(leg: Leg | None) -> bool:
    return leg is not None and leg.state in (LegState.DIALING, LegState.RINGING)


def _check_leg(node: Node, channel: Channel) -> None:
    call = next((call for call in node.world.calls.values() if call.leg(channel.id)), None)
    if call is None:
        raise Violation(f"nobody owns the leg {channel.id}")
    leg = call.leg(channel.id)
    must(leg is not None and not leg.releasing, f"{channel.id} is left behind")
    waits = channel.holds or call.state in (CallState.CONNECTING, CallState.CONSULTING)
    must(channel.bridge not in (LEGS, EARLY) or waits, f"{channel.id} waits in silence for nothing while {call.state}")
    _check_listens(node, call, channel)
    if channel.bridge == LEGS and call.consult is not None:
        _check_consoled(node, call, channel)
    if channel.bridge not in ROOMS:
        _check_heard(node, call, channel)
    must(channel.bridge in ROOMS or len(_room(node, channel)) >= 2, f"{channel.id} is alone in a bridge")
    must(channel.bridge is not None or not channel.answered, f"{channel.id} is nowhere")


def _check_listens(node: Node, call: Call, channel: Channel) -> None:
    """Agent 1 hears what a number outside says before it answers, and nothing of the kind afterwards."""
    ringing = call.consult is not None and call.consult.stage is Stage.RINGING
    target = node.channels.get(leg.channel) if (leg := call.party(LegRole.TARGET)) is not None else None
    speaks = ringing and target is not None and target.early and not target.answered
    mine = call.agent_leg is not None and call.agent_leg.channel == channel.id
    if speaks and mine and channel.answered:
        must(channel.bridge is EARLY, f"{channel.id} does not hear what {target and target.id} says before the answer")
    elif not channel.holds:
        must(channel.bridge is not EARLY, f"{channel.id} listens to somebody in {call.state}")


def _talking(node: Node, call: Call) -> set[object]:
    caller = node.channels.get(call.caller)
    if caller is None or caller.bridge in ROOMS:
        return set()
    names: dict[ChannelId, object] = {leg.channel: leg.agent or leg.number for leg in call.legs}
    return {names.get(each.id, each.id) for each in _room(node, caller) if each.id != caller.id}


def _check_settled(node: Node, call: Call) -> None:
    wanted = [channel for channel in together(call) if channel in node.channels and not node.channels[channel].holds]
    if len(wanted) < 2:
        return
    rooms = {node.channels[channel].bridge for channel in wanted}
    must(len(rooms) == 1 and not rooms & set(ROOMS), f"{call.consult and call.consult.stage} is settled in {rooms}")
    here = {each.id for each in node.channels.values() if each.bridge in rooms}
    must(here == set(wanted), f"{sorted(here - set(wanted))} listen in")


def check_released(node: Node) -> None:
    """Every caller is gone and everybody has finished: nothing is left."""
    left = [channel.id for channel in node.channels.values() if channel.role != "fallback"]
    must(not left, f"{left} are left behind")
    must(not node.world.calls, f"{sorted(node.world.calls)} are left open")
    must(not node.occupied, f"{sorted(node.occupied)} are left reserved")
    for agent in node.world.agents.values():
        must(not agent.calls and agent.offer is None, f"{agent.id} is not free")

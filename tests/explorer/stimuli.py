"""What can happen at a moment, and how it is done: every stimulus is a tuple of strings that a reader understands."""

from dataclasses import replace

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import Call
from callbridge.domain.model.effects import Originate, Reserve
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, OfferId, RequestId, TransferId
from callbridge.domain.model.legs import LegRole, LegState
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import (
    AcceptOffer,
    CallFourth,
    CancelTransfer,
    DoParty,
    DoTransfer,
    EndCall,
    HoldCall,
    LogIn,
    LogOut,
    PartyVerb,
    RejectOffer,
    Request,
    RequestTransfer,
    ResumeCall,
    RingAgain,
    SetPresence,
    Verb,
)
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.signals import Tick
from callbridge.domain.model.transfer import Destination, DestinationKind
from explorer.model import ARRIVES, HANGUP, HOLD, LEGS, ON_CHANNEL, REFUSABLE, Channel, Node

Stimulus = tuple[str, ...]
FOURTH, OUTSIDE = "+4940555", "+4930123"
_MOMENT = 0.3
"""Seconds; longer than a move is damped, shorter than any deadline of the calls."""
_DAMPED = 0.5
"""Seconds after which the dialplan has surely brought a channel where it was on the way to."""
SILENT, DEAD = 3.0, 15.0
"""Seconds without a word after which the gateway takes the link for silent, and for dead: SessionSettings says so."""
_AWAY = 25.0
"""Seconds; longer than any deadline but an external number's."""
_EARLY = (LegState.DIALING, LegState.RINGING)
DESTINATIONS = {
    "cleo": Destination(kind=DestinationKind.AGENT, value="cleo"),
    "ben": Destination(kind=DestinationKind.AGENT, value="ben"),
    "sales": Destination(kind=DestinationKind.GROUP, value="sales"),
    "empty": Destination(kind=DestinationKind.GROUP, value="empty"),
    "outside": Destination(kind=DestinationKind.NUMBER, value=OUTSIDE),
}


# ---------------------------------------------------------------- what can happen


def possible(node: Node, *, everything: bool = False) -> list[Stimulus]:
    """All that can happen now. `everything`: also what only makes the choice longer, for random walks."""
    found: list[Stimulus] = []
    taken = node.look is not None and node.look[1] is not None
    for name in sorted(node.queues):
        kind = node.queues[name][0][0]
        if kind == ARRIVES:
            found.append(("arrives", name))
        elif not node.down and node.stalled is None and not taken:
            found.append(("fact", name))
            if node.faults and not name.startswith("!"):
                found.append(("fact, to be repeated", name))
    if node.look is not None and node.stalled is None:
        found.append(("snapshot is taken",) if node.slow and not taken else ("snapshot",))
        if node.faults and not taken:
            believed = node.world.channels_believed()
            found += [("snapshot lacks", name) for name in sorted(node.channels) if name in believed]
    for channel in sorted(node.channels):
        found += _pbx(node, node.channels[channel], everything)
    if node.stalled is not None:
        found += [("link is found dead",), ("link is found dead and comes back",)]
        if not node.dead:
            found.append(("link flows again",))
    if node.down:
        found += [("link comes back",), ("link comes back later",)]
    elif node.faults and node.stalled is None:
        found += [("link is lost",), ("link stalls",)]
    if node.unanswered:
        found.append(("store answers",))
    if node.faults:
        found.append(("gateway restarts",))
    found += requests(node, everything=everything)
    deadline = node.engine_deadline()
    if deadline is not None or _falls_silent(node):
        found.append(("time passes",))
    if deadline is not None:
        damped = any(call.moved and call.moved.deadline > node.now for call in node.world.calls.values())
        if damped and deadline > node.now + _MOMENT:
            found.append(("a moment passes",))
    return found


def _falls_silent(node: Node) -> bool:
    return node.stalled is not None and not node.silent


def _pbx(node: Node, channel: Channel, everything: bool) -> list[Stimulus]:
    if channel.role == "fallback":
        return [("fallback sends back", channel.id)] if not node.world.callers.get(channel.id) or node.down else []
    if channel.role == "caller":
        own: list[Stimulus] = []
        if channel.bridge == HOLD:
            # Where nobody moves them the turns follow one another, each like the one before.
            own = [("turn ends", channel.id)] if everything or channel.after == "hangup" or node.moves else []
            own += [("fallback takes", channel.id)] if node.down or node.dead else []
        if node.faults and not channel.id.endswith("''"):
            own.append(("another takes the place", channel.id))
        return [("gone", channel.id, "16"), *own]
    if not channel.role:
        return [("gone", channel.id, "16")]
    if channel.answered and channel.reads_held:
        return [
            ("gone", channel.id, "16"),
            ("gone", channel.id, "44"),
        ]  # its hold key changes nothing that the PBX sees
    if channel.answered:
        key = ("takes back" if channel.holds else "phone holds", channel.id)
        return [("gone", channel.id, "16"), ("gone", channel.id, "44"), key]
    early = [("sounds early", channel.id)] if channel.role == "external" and not channel.early else []
    return [
        *early,
        ("picks up", channel.id),
        ("picks up without address", channel.id),
        ("gone", channel.id, "21"),
        ("gone", channel.id, "20"),
    ]


def requests(node: Node, *, everything: bool = False) -> list[Stimulus]:
    """What agents can ask for: what makes sense now, what is just over, and the same thing twice."""
    found: list[Stimulus] = []
    for agent in node.world.agents.values():
        if agent.offer is not None:
            found += [("busy", agent.id), ("logs out", agent.id)] if everything else [("busy", agent.id)]
        elif everything:
            ready = agent.presence is Presence.AVAILABLE and agent.wrap_up_until is None
            found.append(("busy", agent.id) if ready else ("available", agent.id))
    for call in node.world.calls.values():
        for offer in (call.offer, call.consult.offer if call.consult else None):
            if offer is not None:
                found += [("accept", offer.agent, offer.id), ("reject", offer.agent, offer.id)]
        transfer = call.transfer
        if transfer is not None:
            found.append(("cancel", transfer.by, transfer.id))
            if transfer.kind.value == "supervised":
                found += [(verb.value, transfer.by, transfer.id) for verb in Verb]
            if transfer.ended and call.agent not in (None, transfer.by) and call.consult is not None:
                found += [(verb, call.agent, transfer.id) for verb in ("cancel", *(verb.value for verb in Verb))]
        if call.agent is not None:
            found += _of_the_agent(call, call.agent, everything)
    return found


def _of_the_agent(call: Call, agent: AgentId, everything: bool) -> list[Stimulus]:
    found: list[Stimulus] = [(verb, agent, call.id) for verb in ("end", "hold", "resume", "ring again")]
    if call.transfer is None or call.transfer.ended:
        found += [("transfer", agent, call.id, "cleo"), ("transfer hard", agent, call.id, "ben")]
        found += [("transfer", agent, call.id, "empty"), ("consult", agent, call.id, "cleo")]
        found += [("consult", agent, call.id, "outside"), ("consult when available", agent, call.id, "cleo")]
        if everything:
            found += [("consult", agent, call.id, "sales"), ("consult when available", agent, call.id, "ben")]
    if call.consult is not None:
        target = call.consult.offer
        if target is not None and target.state is OfferState.ACCEPTED:
            found.append(("ring again", target.agent, call.id))
        found.append(("fourth", agent, call.id))
        parties = [call.caller, *(leg.channel for leg in call.legs if leg.role is not LegRole.AGENT)]
        found += [("party " + verb, agent, call.id, channel) for channel in parties for verb in ("hold", "resume")]
        found += [("party drop", agent, call.id, channel) for channel in parties[1:]]
        found += [(f"party {verb}", agent, call.id, channel) for channel in parties for verb in ("mute", "unmute")]
        if call.agent_leg is not None:
            found += [(f"party {verb}", agent, call.id, call.agent_leg.channel) for verb in ("mute", "unmute")]
    elif call.caller_muted or any(leg.muted for leg in call.legs):
        found += [
            ("party unmute", agent, call.id, channel) for channel in (call.caller, *(leg.channel for leg in call.legs))
        ]
    return found


def faults_of(node: Node) -> list[str]:
    """What can go wrong with that which was just done; `node` is the moment after it."""
    found = ["answer late"] if any(isinstance(effect, Reserve) for effect in node.effects) else []
    actions = [effect for effect in node.effects if isinstance(effect, ON_CHANNEL)]
    if not actions:
        return found
    found += ["lost", "crash", "late"]
    if node.stalled is None:
        found.append("stalls")
    if any(isinstance(effect, REFUSABLE) for effect in actions):
        found += ["refused", "unanswered"]
    if any(isinstance(effect, Originate) for effect in actions):
        found.append("unreachable")
    return found


# ---------------------------------------------------------------- doing it


def do(node: Node, stimulus: Stimulus, fault: str = "") -> None:
    """The node after this. `fault`: what goes wrong with the actions that follow; counted as one fault."""
    node.effects, node.refused = [], None
    kind, *what = stimulus
    if fault:
        node.faults -= 1
    match kind:
        case "fact":
            node.deliver(what[0], fault=fault)
        case "fact, to be repeated":
            node.faults -= 1
            node.deliver(what[0], again=True, fault=fault)
        case "arrives":
            _, place = node.pop(what[0])
            node.arrive_at(ChannelId(what[0]), place)  # type: ignore[arg-type]
        case "snapshot is taken":
            assert node.look is not None
            node.look = (node.look[0], node.snapshot(node.look[0]))
        case "snapshot":
            assert node.look is not None
            asked, seen = node.look
            node.look = None
            node.see(seen or node.snapshot(asked), fault)
        case "snapshot lacks":
            assert node.look is not None
            seen, lacks = node.snapshot(node.look[0]), ChannelId(what[0])
            node.faults -= 1
            node.look = (node.now, None)  # what is unclear is looked for again
            shown = tuple(fact for fact in seen.channels if fact.channel != lacks)
            node.see(replace(seen, channels=shown, unclear=frozenset((lacks,))), fault)
        case "picks up":
            _pick_up(node, ChannelId(what[0]))
        case "picks up without address":
            channel_id = ChannelId(what[0])
            node.channels[channel_id] = node.channels[channel_id]._replace(reads_held=True)
            node.queue(channel_id, "reads held", True)
            _pick_up(node, channel_id)
        case "sounds early":
            channel_id = ChannelId(what[0])
            node.channels[channel_id] = node.channels[channel_id]._replace(early=True)
            node.queue(channel_id, "early", None)
        case "phone holds" | "takes back":
            node.hold_key(ChannelId(what[0]), on=kind == "phone holds")
        case "gone":
            node.hang_up(ChannelId(what[0]), int(what[1]))
        case "another takes the place":
            node.faults -= 1
            node.replace(ChannelId(what[0]))
        case "fallback takes":
            node.to_fallback(ChannelId(what[0]))
        case "fallback sends back":
            node.channels[ChannelId(what[0])] = node.channels[ChannelId(what[0])]._replace(role="caller")
            node.send(ChannelId(what[0]), HOLD)
        case "turn ends":
            node.turn_ends(ChannelId(what[0]))
        case "link is lost":
            node.faults -= 1
            node.link_lost()
        case "link stalls":
            node.faults -= 1
            node.stall()
        case "link flows again":
            node.flow()
        case "link is found dead":
            _found_dead(node)
        case "link is found dead and comes back":
            _found_dead(node)
            node.link_back()
        case "link comes back":
            node.link_back()
        case "link comes back later":
            settle_ways(node)
            node.now += _AWAY
            node.link_back()
        case "store answers":
            answer, *rest = node.unanswered
            node.unanswered = tuple(rest)
            node.give(answer, fault)
        case "gateway restarts":
            node.faults -= 1
            node.restart()
        case "time passes":
            _time_passes(node, fault)
        case "a moment passes":
            node.now += _MOMENT
        case _:
            node.give(_request(kind, what), fault)


def _pick_up(node: Node, channel_id: ChannelId) -> None:
    channel = node.channels[channel_id]
    node.channels[channel_id] = channel._replace(answered=True, ringing=False)
    node.queue(channel_id, "answered", None)
    node.send(channel_id, LEGS)


def _found_dead(node: Node) -> None:
    """Nothing was heard for long enough; the gateway knows before that the link is silent."""
    assert node.stalled is not None
    settle_ways(node)
    if not node.silent:
        node.now = max(node.now, node.stalled + SILENT)
        node.fall_silent()
    node.now = max(node.now, node.stalled + DEAD)
    node.link_lost()


def _time_passes(node: Node, fault: str) -> None:
    """To the next deadline; by then who was on the way has arrived, also who is to be hung up."""
    deadline = node.engine_deadline()
    if node.stalled is not None and not node.silent:
        noticed = node.stalled + SILENT
        if deadline is None or deadline >= noticed:
            settle_ways(node)
            node.now = max(node.now, noticed)
            node.fall_silent()
            return
    assert deadline is not None
    if deadline > node.now + _DAMPED:
        settle_ways(node)
    node.now = max(node.now, deadline)
    node.give(Tick(), fault)


def settle_ways(node: Node) -> None:
    """Whoever is on the way somewhere arrives."""
    for _ in range(100):
        ways = [
            (name, index, place)
            for name, queue in sorted(node.queues.items())
            for index, (kind, place) in enumerate(queue)
            if kind == ARRIVES
        ]
        if not ways:
            return
        name, index, place = ways[0]
        rest = node.queues[name][:index] + node.queues[name][index + 1 :]
        if rest:
            node.queues[name] = rest
        else:
            del node.queues[name]
        node.arrive_at(ChannelId(name), place)  # type: ignore[arg-type]
    raise AssertionError("nobody ever arrives")


def _request(kind: str, what: list[str]) -> Request:
    request, agent = RequestId("q"), AgentId(what[0])
    match kind:
        case "logs in":
            return LogIn(request=request, agent=agent)
        case "logs out":
            return LogOut(request=request, agent=agent)
        case "available" | "busy":
            return SetPresence(request=request, agent=agent, presence=Presence(kind))
        case "accept":
            return AcceptOffer(request=request, agent=agent, offer=OfferId(what[1]))
        case "reject":
            return RejectOffer(request=request, agent=agent, offer=OfferId(what[1]))
        case "cancel":
            return CancelTransfer(request=request, agent=agent, transfer=TransferId(what[1]))
        case "alternate" | "merge" | "complete" | "leave":
            return DoTransfer(request=request, agent=agent, transfer=TransferId(what[1]), verb=Verb(kind))
    call = CallId(what[1])
    match kind:
        case "end":
            return EndCall(request=request, agent=agent, call=call)
        case "hold":
            return HoldCall(request=request, agent=agent, call=call)
        case "resume":
            return ResumeCall(request=request, agent=agent, call=call)
        case "ring again":
            return RingAgain(request=request, agent=agent, call=call)
        case "fourth":
            return CallFourth(request=request, agent=agent, call=call, number=FOURTH)
        case "transfer" | "transfer hard":
            mode = AgentTransferMode.HARD if kind == "transfer hard" else None
            return RequestTransfer(
                request=request, agent=agent, call=call, destination=DESTINATIONS[what[2]], mode=mode
            )
        case "consult" | "consult when available":
            return RequestTransfer(
                request=request,
                agent=agent,
                call=call,
                destination=DESTINATIONS[what[2]],
                supervised=True,
                deferred=kind != "consult",
            )
        case _:
            verb = PartyVerb(kind.removeprefix("party "))
            return DoParty(request=request, agent=agent, call=call, channel=ChannelId(what[2]), verb=verb)


__all__ = ["HANGUP", "OfferState", "Stimulus", "do", "faults_of", "possible", "requests", "settle_ways"]

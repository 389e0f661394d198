"""How each stimulus of the two tables is brought about for real: by what the PBX, the people or the time do."""

from collections.abc import Callable

from scenes import BEN, CALL, CLEO, EMPTY, FOURTH, OUTSIDE
from simulation import HOLD, LEGS, Simulation

from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.causes import DIED
from callbridge.domain.model.facts import (
    ActionFailed,
    ChannelAnswered,
    ChannelEntered,
    ChannelGone,
    ChannelRinging,
    OriginateFailed,
    PhoneHolds,
)
from callbridge.domain.model.ids import AgentId, BridgeId, ChannelId, OfferId
from callbridge.domain.model.legs import Leg, LegRole
from callbridge.domain.model.requests import (
    AcceptOffer,
    CallFourth,
    CancelTransfer,
    DoParty,
    DoTransfer,
    EndCall,
    HoldCall,
    PartyVerb,
    RejectOffer,
    Request,
    RequestTransfer,
    ResumeCall,
    RingAgain,
    Verb,
)
from callbridge.domain.model.signals import Tick

Provoke = Callable[[Simulation], None]
_MOVES = ("Bridge", "Hold", "Join", "Park")


def _call(sim: Simulation) -> Call:
    return sim.engine.world.calls[CALL]


def _caller(sim: Simulation) -> ChannelId:
    return _call(sim).caller


def _leg(role: LegRole | None) -> Callable[[Simulation], Leg | None]:
    """The live leg in this role; None: of the present agent, or whatever is still there when all is over."""

    def find(sim: Simulation) -> Leg | None:
        call = _call(sim)
        if role is not None:
            return call.party(role)
        return next(iter(call.legs), None) if call.state is CallState.ENDING else call.agent_leg

    return find


def _gone(role: LegRole | None, cause: int) -> Provoke:
    def provoke(sim: Simulation) -> None:
        leg = _leg(role)(sim)
        if leg is not None:
            if cause in DIED and (caller := sim.channels.get(_caller(sim))) is not None:
                caller.after = "hold"  # the dialplan keeps whose partner's phone died
            sim.hang_up(leg.channel, cause)

    return provoke


def _gone_first(role: LegRole | None) -> Provoke:
    """The leg's end overtakes what it did to the others."""

    def provoke(sim: Simulation) -> None:
        leg = _leg(role)(sim)
        if leg is not None and leg.channel in sim.channels:
            sim.hang_up(leg.channel)
            end = next(fact for fact in sim.facts if isinstance(fact, ChannelGone) and fact.channel == leg.channel)
            sim.facts.remove(end)
            sim.give(end)

    return provoke


def _replaced(order: str) -> Provoke:
    """Another channel takes the caller's place; of the facts the old one's end comes last, first, or none is seen."""

    def provoke(sim: Simulation) -> None:
        old = _caller(sim)
        if old not in sim.channels:
            return
        sim.replace(old)
        if order == "unseen":
            sim.facts.clear()
            sim.give(sim.snapshot())
        elif order == "end first":
            end = next(fact for fact in sim.facts if isinstance(fact, ChannelGone) and fact.channel == old)
            sim.facts.remove(end)
            sim.give(end)

    return provoke


def _vanished(role: LegRole | None) -> Provoke:
    """Nobody saw how it ended."""

    def provoke(sim: Simulation) -> None:
        leg = _leg(role)(sim)
        if leg is not None:
            sim.hang_up(leg.channel)
            sim.facts.clear()
            sim.give(sim.snapshot())

    return provoke


def _rings(sim: Simulation) -> None:
    leg = _leg(None)(sim)
    if leg is not None:
        sim.give(ChannelRinging(channel=leg.channel, name=leg.channel))


def _answers(role: LegRole | None) -> Provoke:
    def provoke(sim: Simulation) -> None:
        leg = _leg(role)(sim)
        if leg is not None:
            sim.give(ChannelAnswered(channel=leg.channel, name=leg.channel))

    return provoke


def _up(role: LegRole | None) -> Provoke:
    """Picked up, and where it can be bridged; or seen there once more."""

    def provoke(sim: Simulation) -> None:
        leg = _leg(role)(sim)
        if leg is not None and leg.channel in sim.channels:
            sim.channels[leg.channel].answered = True
            sim._enter(leg.channel, LEGS)

    return provoke


def _failed(sim: Simulation) -> None:
    leg = _leg(None)(sim)
    if leg is not None:
        sim.give(OriginateFailed(channel=leg.channel))


def _joined(sim: Simulation) -> None:
    leg = _leg(None)(sim)
    for channel in (_caller(sim), *([leg.channel] if leg is not None else [])):
        sim._enter(channel, BridgeId("by hand"))


def _fell_back(sim: Simulation) -> None:
    channel = sim.channels.get(_caller(sim))
    if channel is not None:
        sim._leave(channel.id)
        channel.role = "fallback"
        sim.give(sim.snapshot())


def _held(sim: Simulation) -> None:
    """In the music; the dialplan's fallback may have sent them back."""
    channel = sim.channels.get(_caller(sim))
    if channel is not None:
        channel.role = "caller"
        sim._enter(channel.id, HOLD)


def _held_first(sim: Simulation) -> None:
    """That the caller is in the music overtakes where the other one is."""
    caller = _caller(sim)
    if caller in sim.channels:
        sim._enter(caller, HOLD)
        entered = next(fact for fact in sim.facts if isinstance(fact, ChannelEntered) and fact.fact.channel == caller)
        sim.facts.remove(entered)
        sim.give(entered)


def _action_failed(action: str) -> Provoke:
    def provoke(sim: Simulation) -> None:
        leg = _leg(None)(sim)
        channel = leg.channel if leg is not None and action == "Originate" else _caller(sim)
        sim.give(ActionFailed(call=CALL, action=action, channel=channel, reason="refused"))

    return provoke


def _time(sim: Simulation) -> None:
    """One deadline after the other, while the PBX does nothing; then it is seen again."""
    sim.cut = True
    for _ in range(12):
        deadline = sim.engine.next_deadline()
        if deadline is None or CALL not in sim.engine.world.calls:
            break
        sim.now = max(sim.now, deadline)
        sim.give(Tick())
    sim.reconnect()


def _stuck(sim: Simulation) -> None:
    """Somebody is not where they should be, and every move is refused."""
    sim.refuse.update(dict.fromkeys(_MOVES, 1000))
    leg = _leg(None)(sim) or _leg(LegRole.TARGET)(sim)
    if leg is not None:
        sim._enter(leg.channel, LEGS)
    caller = sim.channels.get(_caller(sim))
    if caller is not None and caller.bridge != HOLD:
        sim._enter(caller.id, HOLD)
    sim.settle()
    for _ in range(12):
        sim.now += 2
        sim.give(Tick())
        sim.settle()


def _settle(sim: Simulation) -> None:
    """What was lost is ordered again."""
    for _ in range(4):
        sim.now += 2
        sim.give(Tick())
        sim.settle()


# ---------------------------------------------------------------- requests


def asked(kind: str, sim: Simulation) -> list[Request]:
    """All requests of this kind that could come for the call."""
    call, request = _call(sim), sim._request
    agent = call.agent or AgentId("anna")
    known = [each for each in (call.offer, call.consult.offer if call.consult else None) if each]
    offers = [(each.agent, each.id) for each in known[::-1]] or [(agent, OfferId(f"{CALL}-offer-9"))]
    transfer = call.transfer.id if call.transfer else "c-17-1-transfer-0"
    by = call.transfer.by if call.transfer else agent
    match kind:
        case "accept":
            return [AcceptOffer(request=request(), agent=who, offer=offer) for who, offer in offers]
        case "reject":
            return [RejectOffer(request=request(), agent=who, offer=offer) for who, offer in offers]
        case "end":
            return [EndCall(request=request(), agent=agent, call=CALL)]
        case "hold":
            return [HoldCall(request=request(), agent=agent, call=CALL)]
        case "resume":
            return [ResumeCall(request=request(), agent=agent, call=CALL)]
        case "ring_again":
            return [
                RingAgain(request=request(), agent=who, call=CALL)
                for who in dict.fromkeys((agent, *(w for w, _ in offers)))
            ]
        case "transfer":
            plain = ((CLEO, False), (EMPTY, False), (CLEO, True), (OUTSIDE, True), (OUTSIDE, False), (BEN, True))
            return [
                RequestTransfer(
                    request=request(), agent=agent, call=CALL, destination=to, supervised=supervised, deferred=to is BEN
                )
                for to, supervised in plain
            ]
        case "cancel" | "cancel_transfer":
            return [CancelTransfer(request=request(), agent=by, transfer=transfer)]  # type: ignore[arg-type]
        case "call_fourth":
            return [CallFourth(request=request(), agent=agent, call=CALL, number=FOURTH)]
        case "party":
            channels = [call.caller, *(leg.channel for leg in call.legs)]
            return [
                DoParty(request=request(), agent=agent, call=CALL, channel=channel, verb=verb)
                for channel in channels
                for verb in PartyVerb
            ]
        case _:
            return [DoTransfer(request=request(), agent=by, transfer=transfer, verb=Verb(kind))]  # type: ignore[arg-type]


def _leaves(sim: Simulation) -> None:
    call = _call(sim)
    for offer in (call.offer, call.consult.offer if call.consult else None):
        if offer is not None:
            sim.log_out(offer.agent)


REQUESTS = (
    *("accept", "reject", "end", "hold", "resume", "ring_again", "transfer", "cancel_transfer", "cancel"),
    *("alternate", "merge", "complete", "leave", "call_fourth", "party"),
)
_CAUSES = (16, 21, 19, 44, 0)
_TARGET, _FOURTH = LegRole.TARGET, LegRole.FOURTH


def _hold_key(*presses: bool) -> Provoke:
    """Of the present agent's phone."""

    def provoke(sim: Simulation) -> None:
        leg = _leg(None)(sim)
        for on in presses:
            if leg is not None:
                sim.give(PhoneHolds(channel=leg.channel, on=on, answered=True))

    return provoke


FACTS: dict[str, list[Provoke]] = {
    "caller_held": [_held, _held_first],
    "caller_gone": [lambda sim: sim.hang_up(_caller(sim))],
    "caller_replaced": [_replaced(order) for order in ("as seen", "end first", "unseen")],
    "caller_fell_back": [_fell_back],
    "leg_ringing": [_rings],
    "leg_answered": [_answers(None)],
    "leg_held": [_up(None)],
    "leg_gone": [*(_gone(None, cause) for cause in _CAUSES), _gone_first(None), _vanished(None)],
    "agent_gone": [*(_gone(None, cause) for cause in _CAUSES), _gone_first(None), _vanished(None)],
    "agent_overdue": [_time],
    "leg_failed": [_failed],
    "joined": [_joined],
    "action_failed": [_action_failed("Bridge"), _action_failed("Originate")],
    "offer_timeout": [_time],
    "pbx_timeout": [_time],
    "wait_timeout": [_time],
    "talked": [_time],
    "agent_left": [_leaves],
    "target_left": [_leaves],
    "target_answered": [_answers(_TARGET)],
    "target_up": [_up(_TARGET)],
    "target_gone": [*(_gone(_TARGET, cause) for cause in _CAUSES), _gone_first(_TARGET), _vanished(_TARGET)],
    "target_overdue": [_time],
    "fourth_up": [_up(_FOURTH)],
    "fourth_gone": [*(_gone(_FOURTH, cause) for cause in _CAUSES), _gone_first(_FOURTH), _vanished(_FOURTH)],
    "fourth_failed": [*(_gone(_FOURTH, cause) for cause in _CAUSES), _vanished(_FOURTH)],
    "fourth_overdue": [_time],
    "settled": [_settle],
    "stuck": [_stuck],
    "phone_holds": [_hold_key(True)],
    "phone_back": [_hold_key(True, False)],
}

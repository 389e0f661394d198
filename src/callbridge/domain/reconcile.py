"""After a time of not seeing: what is really on the PBX, against what was believed.

A snapshot says what is; it does not say what happened. Channels that are not in it are gone, except those of which it
says that nobody knows; channels that are in it are observed as if an event had shown them, and the deadlines of the
states do the rest.
"""

from callbridge.domain import replacing
from callbridge.domain.consult import early_sound
from callbridge.domain.facts import find, gone, hold_seen, observe
from callbridge.domain.lifecycle import returning
from callbridge.domain.lifecycle.legs import say_mutes
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Doing
from callbridge.domain.model.effects import LookAgain
from callbridge.domain.model.facts import PbxSeen
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.legs import LegState, PhoneHold
from callbridge.domain.model.offer import Offer, OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.step import Step
from callbridge.domain.replacing import FALLBACK
from callbridge.domain.routing.table import Stimulus, apply
from callbridge.domain.routing.talk_cells import gives_up, looked_since

_ORDERED = 2.0
"""Seconds that the PBX may take from an accepted Originate until the channel can be seen."""


_SILENT_BEFORE = 5.0
"""Seconds for which nothing may have been heard before the silence was noticed."""


def pbx_lost(step: Step) -> None:
    world = step.world
    if world.pbx_up and world.unheard_since is None:
        world.unheard_since = step.now
    world.pbx_up = world.pbx_silent = False


def pbx_silent(step: Step) -> None:
    world = step.world
    if world.pbx_listens:
        world.pbx_silent, world.unheard_since = True, step.now


def pbx_seen(step: Step, signal: PbxSeen) -> None:
    world = step.world
    came_back = not world.pbx_up
    margin = 0.0 if came_back else _ORDERED
    if world.unheard_since is not None:
        _time_stood_still(step, step.now - world.unheard_since, silent=not came_back)
        if not came_back:
            # What was told before or in the silence may have been heard only just now.
            margin = max(margin, signal.taken_at - world.unheard_since + _SILENT_BEFORE)
    world.pbx_up, world.pbx_silent, world.unheard_since = True, False, None
    were_moved = {call.id for call in world.calls.values() if replacing.is_being_moved(call)}
    if came_back:
        _nothing_is_under_way(step)
    else:
        _late_moves_are_over(step, signal)
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
        if caller is None and world.calls[call_id].caller not in signal.unclear:
            caller = replacing.heir(step, world.calls[call_id], signal, was_moved=call_id in were_moved)
            if caller is None:
                gone(step, world.calls[call_id].caller, signal)
            else:
                replacing.take_place(step, world.calls[call_id], caller, signal)
        # A caller who is unclear is there, as far as anybody can tell: nobody's end is believed without proof.
        if caller is not None and caller.variables.role == FALLBACK:
            observe(step, caller, signal)
        for leg in world.calls[call_id].legs:
            if leg.channel in seen or leg.channel in signal.unclear:
                continue
            if leg.state is not LegState.DIALING or leg.made_at <= signal.taken_at - margin:
                gone(step, leg.channel, signal)
            elif margin > _ORDERED:
                step.emit(LookAgain(why="a phone was to be rung in the silence"))
    for fact in signal.channels:
        observe(step, fact, signal)
    for channel, hold in signal.holding.items():
        _hold(step, channel, signal, hold)
    step.touched.update(world.calls)
    for call in list(world.calls.values()):
        if call.state is CallState.MOVING and gives_up(call) and looked_since(call, signal):
            apply(step, call, Stimulus.PBX_TIMEOUT, signal)
    if came_back:
        _play_again(step)
        _mute_again(step)
        _forget_stale_offers(step)
        for call in [call for call in world.calls.values() if call.state is CallState.WAITING]:
            returning.wait(step, call, call.route)  # with settings that may have changed meanwhile


def _time_stood_still(step: Step, seconds: float, *, silent: bool) -> None:
    """Nobody could do in this time what the deadlines wait for, or be seen to do it.

    `silent`: a phone that was to be rung may not have rung either. Where the link was lost, it rang all the while.
    """

    def later(when: float | None) -> float | None:
        return None if when is None else when + seconds

    def doing(move: Doing | None) -> Doing | None:
        return None if move is None else replace(move, deadline=move.deadline + seconds)

    def pending(offer: Offer | None) -> Offer | None:
        waits = silent and offer is not None and offer.state is OfferState.PENDING
        return replace(offer, deadline=offer.deadline + seconds) if offer is not None and waits else offer

    for call in list(step.world.calls.values()):
        consult = call.consult
        step.put(
            replace(
                call,
                deadline=later(call.deadline),
                doing=doing(call.doing),
                moved=doing(call.moved),
                offer=pending(call.offer),
                consult=replace(consult, offer=pending(consult.offer)) if consult is not None else None,
                legs=tuple(replace(leg, deadline=later(leg.deadline)) for leg in call.legs),
            )
        )


def _nothing_is_under_way(step: Step) -> None:
    """The snapshot is younger than every order: what it does not show is still to be done."""
    for call in list(step.world.calls.values()):
        if call.doing is not None or call.moved is not None or call.adopted is not None:
            step.put(replace(call, doing=None, moved=None, adopted=None, adoptions=0))


def _late_moves_are_over(step: Step, signal: PbxSeen) -> None:
    """This snapshot was asked for after they had been ordered: it shows what became of them."""
    for call in list(step.world.calls.values()):
        if call.moved is not None and call.moved.late and signal.taken_at >= call.moved.ordered_at:
            step.put(replace(call, moved=None))


def _hold(step: Step, channel: ChannelId, signal: PbxSeen, hold: PhoneHold) -> None:
    """What the phone's SDP says now: what was unclear stays so, and what was clear; else it is as the PBX knows it."""
    call = find(step, channel)
    leg = call.leg(channel) if call is not None else None
    if leg is not None:
        known = leg.phone_hold if leg.phone_hold is not PhoneHold.NO else hold
        hold_seen(step, channel, signal, on=hold is not PhoneHold.NO, answered=known is PhoneHold.YES)


def _play_again(step: Step) -> None:
    """Whether those who wait for a phone that holds were sent to the music is not known: they are sent there.

    So is whoever should hear what a number outside says, and is not seen to.
    """
    for call in list(step.world.calls.values()):
        if any(leg.consoled for leg in call.legs):
            call = step.put(replace(call, legs=tuple(replace(leg, consoled=False) for leg in call.legs)))
        for leg in call.legs:
            fact = step.world.channels.get(leg.channel)
            if fact is None or not fact.listens:
                call = early_sound.tell_again(step, call, leg.channel)


def _mute_again(step: Step) -> None:
    """Whether the last order about a mute reached the PBX is not known: who is muted, and who is not, is said again."""
    for call in list(step.world.calls.values()):
        if call.may_be_muted and call.state is not CallState.ENDING:
            say_mutes(step, call)


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

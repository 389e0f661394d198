"""A call outlives its channels: another channel can take the place of the caller's.

A phone of the PBX that called a group transfers the one whom it has on its other line; Asterisk optimizes a Local
channel away; another phone takes a call over. Where that happens in a bridge the new channel is a stranger's there, and
still runs the site's dialplan; in the music it takes over dialplan and variables of the old one. Of the facts that tell
of it the old channel's end may come first: so no end of a caller is believed while somebody may have their place.
"""

from urllib.parse import urlencode

from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.arrangement import ARRANGED
from callbridge.domain.consult.table import Event
from callbridge.domain.consult.together import together
from callbridge.domain.lifecycle.caller import called_by
from callbridge.domain.lifecycle.patience import SOON, TRIES
from callbridge.domain.lifecycle.screen_pop import renew_pop
from callbridge.domain.model.calls import Call, CallState, Missing
from callbridge.domain.model.consult import Action, Doing
from callbridge.domain.model.effects import Adopt, Introduce, LookAgain, Mute
from callbridge.domain.model.facts import ChannelFact, ChannelGone, PbxSeen
from callbridge.domain.model.ids import CallId, ChannelId, call_id
from callbridge.domain.model.legs import Leg
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.routing.table import Stimulus, apply

CALLER, FALLBACK = "caller", "fallback"
"""Values of CALLBRIDGE_ROLE."""

_NOTICE = 0.3
"""Seconds that the facts of one moment may take; after that the PBX is asked who is there."""
_LOOK = 3.0
"""Seconds until it is asked again."""
_RETURN = 1.0
"""Seconds in which an adopted channel comes back into the talk by itself."""


def _talks(call: Call) -> bool:
    """Whether the caller is in a talk, or on the way into or out of one."""
    if call.state in ARRANGED:
        return call.caller in together(call)
    return call.state in (CallState.CONNECTING, CallState.TALKING, CallState.MOVING)


def _may_talk(call: Call, seen: ChannelFact | None) -> bool:
    """Whether the caller can be in a talk: they shall, or were in one when they were `seen` last, or are being taken
    out of one."""
    in_a_talk = seen is not None and (seen.from_talk or (seen.bridge is not None and not seen.holding))
    return _talks(call) or (call.state in ARRANGED and (in_a_talk or is_being_moved(call)))


def is_being_moved(call: Call) -> bool:
    """Whether the caller was told to leave a talk, and has not been seen to."""
    moved = call.moved
    return moved is not None and not moved.seen and moved.action == Action(verb="apart", channel=call.caller)


def _in_a_talk(step: Step, call: Call) -> list[Leg]:
    """Who of the call is in a bridge with somebody, as far as is known."""
    facts = ((leg, step.world.channels.get(leg.channel)) for leg in call.legs if not leg.releasing)
    return [leg for leg, fact in facts if fact is not None and fact.bridge is not None and not fact.holding]


def _may_be_in_a_talk(step: Step, call: Call) -> bool:
    """Whether somebody of the call is, or was just sent somewhere, which is younger than what is known."""
    return _in_a_talk(step, call) != [] or (call.moved is not None and not call.moved.seen)


# ---------------------------------------------------------------- is the caller gone?


def doubt(step: Step, call: Call, signal: Signal, seen: ChannelFact | None) -> bool:
    """The caller's channel, `seen` so last, is gone. True: whether they are is not known: one may have their place.

    Whoever talked with them is still in that bridge: it ends in a moment, or somebody else is there. And a channel that
    ended elsewhere than in our dialplan has given its place away.
    """
    if not isinstance(signal, ChannelGone):
        return False
    if signal.elsewhere:
        step.emit(LookAgain(why="the caller's channel ended, and another one may have its place"))
    if call.state is CallState.ENDING:
        return False  # whoever is in its place begins anew
    if not signal.elsewhere and not (_may_talk(call, seen) and _may_be_in_a_talk(step, call)):
        return False
    until = step.now + (_LOOK if signal.elsewhere else _NOTICE)
    talked = _may_talk(call, seen) and _in_a_talk(step, call) != []
    step.put(replace(call, missing=Missing(until=until, certain=signal.elsewhere, talked=talked)))
    return True


def ask(step: Step, call: Call) -> None:
    """Nothing that was seen has cleared it up."""
    step.emit(LookAgain(why="it is not known whether another channel has the caller's place"))
    assert call.missing is not None
    step.put(replace(call, missing=replace(call.missing, until=step.now + _LOOK)))


def clear_up(step: Step, call: Call, signal: Signal) -> Call:
    """Nobody is left in the talk, so nobody took the caller's place in it: they are gone."""
    if call.missing is None or call.missing.certain or _may_be_in_a_talk(step, call):
        return call
    caller_gone(step, call, signal)
    return step.world.calls[call.id]


def caller_gone(step: Step, call: Call, signal: Signal) -> None:
    left_in_talk = call.missing is not None and call.missing.talked
    call = step.put(replace(call, missing=None, left_in_talk=left_in_talk))
    if call.state in ARRANGED:
        consulting.apply(step, call, Event.CALLER_GONE, signal)
    else:
        apply(step, call, Stimulus.CALLER_GONE, signal)


# ---------------------------------------------------------------- another one is the caller


def heir(step: Step, call: Call, seen: PbxSeen, *, was_moved: bool) -> ChannelFact | None:
    """Who is where the caller was, in a snapshot that does not show the caller.

    `was_moved`: the caller had been told to leave a talk, which nobody saw.
    """
    if call.state is CallState.ENDING:
        return None
    legs = {leg.channel for leg in call.legs if not leg.releasing}
    # A leg of which the snapshot says nothing is where it was.
    known = [fact for leg in legs & seen.unclear if (fact := step.world.channels.get(leg)) is not None]
    talks = {
        fact.bridge for fact in (*seen.channels, *known) if fact.channel in legs and fact.bridge and not fact.holding
    }
    strangers = [fact for fact in seen.channels if not _is_known(step, fact)]
    for fact in strangers:
        if fact.variables.role in (CALLER, FALLBACK) and call_id(fact.variables.call) == call.id:
            return fact
    shown = {fact.channel for fact in seen.channels} | seen.unclear
    # A stranger can also be in the place of a leg that is no longer there.
    nobody_else = all(leg.channel in shown for leg in call.legs if not (leg.unanswered or leg.releasing))
    talked = was_moved or _may_talk(call, step.world.channels.get(call.caller))
    if not (nobody_else or call.missing is not None or talked):
        return None
    return next((fact for fact in strangers if not fact.variables.role and fact.bridge in talks), None)


def _is_known(step: Step, fact: ChannelFact) -> bool:
    """A live call's caller, or a leg of one."""
    calls = step.world.calls
    owner = calls.get(step.world.callers.get(fact.channel) or call_id(""))
    if owner is not None and owner.caller == fact.channel:
        return True
    return any(call.leg(fact.channel) is not None for call in calls.values())


def take_place(step: Step, call: Call, fact: ChannelFact, signal: Signal) -> Call:
    """From now on this channel is the caller: the call, its place in the queue, its pop and its history go on."""
    world, before = step.world, call.caller
    world.channels.pop(before, None)
    world.callers |= {before: call.id, fact.channel: call.id}
    world.channels[fact.channel] = fact
    step.touched.add(call.id)
    if call.may_be_muted:
        # A mute was meant for whoever was there; where this channel took over all that the old one had, it has it.
        step.emit(Mute(call=call.id, channel=fact.channel, on=False))
    former = (*(channel for channel in call.former if channel != fact.channel), before)
    doing = _in_their_place(step, call.doing, before, fact.channel)
    call = step.put(
        replace(
            call,
            caller=fact.channel,
            caller_channel=fact.name,
            former=former,
            missing=None,
            caller_muted=False,
            doing=doing if doing is not None and doing.attempts > 0 else None,
            moved=_in_their_place(step, call.moved, before, fact.channel),
            adopted=None,
            adoptions=0,
        )
    )
    introduce(step, call, fact)
    step.record(call.id, "call.caller_replaced", None, channel=fact.channel, before=before)
    call = show_caller(step, call, fact)
    step.publish(call.id, "call.updated", [call.agent])
    if call.state in ARRANGED:
        consulting.apply(step, call, Event.CALLER_REPLACED, signal)
    else:
        apply(step, call, Stimulus.CALLER_REPLACED, signal)
    return step.world.calls[call.id]


def _in_their_place(step: Step, move: Doing | None, before: ChannelId, now: ChannelId) -> Doing | None:
    """What is under way of a move: one of somebody else's goes on, the caller's has gone with their channel.

    One that led to the old channel may have come too late: if it is not seen soon, it is ordered again.
    """
    if move is None or move.action.channel == before:
        return None
    if move.action.peer != before:
        return move
    deadline = min(move.deadline, step.now + SOON)
    return replace(move, action=replace(move.action, peer=now), deadline=deadline)


def introduce(step: Step, call: Call, fact: ChannelFact) -> None:
    """Their channel has not the call's name, or had it lost with the link: it gets it."""
    if fact.variables.role == FALLBACK or call.state is CallState.ENDING or id_in_dialplan(fact) == call.id:
        return
    said = Introduce(
        call=call.id, channel=fact.channel, group=call.group, called=call.called, data=urlencode(call.data)
    )
    if said not in step.effects:
        step.emit(said)


def id_in_dialplan(fact: ChannelFact) -> CallId:
    return call_id(fact.variables.call or fact.channel)


def show_caller(step: Step, call: Call, fact: ChannelFact) -> Call:
    """Pop and CRM link are those of who really calls."""
    now = called_by(call, fact, step.world.settings)
    if now == call or not (now.caller_number or now.caller_number_raw or now.caller_withheld):
        return call
    call = now
    settings, consult = step.world.settings, call.consult
    if call.pop is not None:
        call = replace(call, pop=renew_pop(settings, call, call.pop))
    if consult is not None and consult.pop is not None:
        call = replace(call, consult=replace(consult, pop=renew_pop(settings, call, consult.pop)))
    call = step.put(call)
    if call.pop is not None:
        pending = call.offer is not None and call.offer.state is OfferState.PENDING
        step.publish(call.id, "offer.made" if pending and call.pop.preview else "pop", [call.pop.agent])
    if call.consult is not None and call.consult.pop is not None and call.consult.offer is not None:
        step.publish_offer(call, call.consult.offer, call.consult.pop)
    step.publish(call.id, "call.updated", [call.agent])
    return call


# ---------------------------------------------------------------- and becomes ours


def _is_foreign(fact: ChannelFact) -> bool:
    """Whether a channel is in a talk and runs a dialplan that is not ours."""
    in_a_talk = fact.bridge is not None and not fact.holding
    return in_a_talk and fact.variables.role not in (CALLER, FALLBACK)


def is_ours(step: Step, call: Call) -> Call:
    """The channel that came in the caller's place was seen with our dialplan."""
    return step.put(replace(call, adopted=None, adoptions=0)) if call.adoptions else call


def adopt_again(step: Step, call: Call) -> None:
    """The order was refused, or lost with the link or the gateway, unless the channel is ours and is seen later."""
    step.put(replace(call, adopted=None))


def adopt(step: Step, call_id: CallId) -> None:
    """In a talk the new channel still runs the site's dialplan, which would have it when the talk ends: often a hangup.

    So it is made ours at once, while everybody is about to hear another voice anyway.
    """
    call = step.world.calls.get(call_id)
    fact = step.world.channels.get(call.caller) if call is not None else None
    if call is None or fact is None or not _is_foreign(fact) or not _talks(call) or call.state is CallState.MOVING:
        return
    if (call.adopted is not None and step.now < call.adopted) or call.adoptions >= TRIES:
        return
    flying = call.moved if call.moved is not None and not call.moved.seen else None
    moves_them = flying is not None and (
        flying.action.channel == call.caller or (flying.action.verb == "bridge" and flying.action.peer == call.caller)
    )
    if moves_them:
        return  # on the way to somewhere else already: what is seen is older than that order
    peers = [leg for leg in _in_a_talk(step, call) if step.world.channels[leg.channel].bridge == fact.bridge]
    if not peers or peers[0].name is None:
        return
    several = len(peers) > 1
    call = step.put(replace(call, adopted=step.now + _RETURN, adoptions=call.adoptions + 1))
    if call.state in ARRANGED and flying is None:
        move = Action(verb="join" if several else "bridge", channel=call.caller, peer=peers[0].channel)
        call = step.put(
            replace(call, moved=Doing(action=move, deadline=step.now + _RETURN, attempts=1, ordered_at=step.now))
        )
    lasts = call.state in (CallState.TALKING, CallState.EXTERNAL) and call.least_talk_until is None
    step.emit(
        Adopt(
            call=call.id,
            channel=fact.channel,
            peer=peers[0].channel,
            several=several,
            group=call.group,
            called=call.called,
            data=urlencode(call.data),
            after="hangup" if lasts else "hold",
            record=call.recording,
        )
    )

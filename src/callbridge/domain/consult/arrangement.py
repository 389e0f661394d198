"""Who should be in the talk now, where everybody is, and the one move that brings the two closer.

A consultation never tells the PBX "now alternate": it says who shall talk with one another, and the rest follow from
what is seen. So a move that failed, came late or was undone is simply still needed, and after a restart the same
comparison goes on from the snapshot. At most one move of a call is under way: until it was seen to happen, or to fail,
the facts are older than the order, so nothing else is ordered, and nobody is said to be where they were last seen.
"""

from collections import Counter

from callbridge.domain.consult.early_sound import let_listen, tell_again
from callbridge.domain.consult.together import awaited, parties, present, together
from callbridge.domain.lifecycle.legs import end_with_talk
from callbridge.domain.lifecycle.patience import SOON, TRIES
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Action, Doing, Stage
from callbridge.domain.model.effects import Bridge, Hold, Join, LookAgain, Park, SetHear
from callbridge.domain.model.facts import ActionFailed, ChannelFact
from callbridge.domain.model.ids import BridgeId, ChannelId
from callbridge.domain.model.records import replace
from callbridge.domain.model.step import Step

ARRANGED = frozenset({CallState.CONSULTING, CallState.EXTERNAL})
"""States in which a call is arranged by this module."""

_DAMPING = 0.25
"""Seconds for which a move waits for those who are between two places, and is not repeated after it was seen."""


def next_action(call: Call, rooms: dict[ChannelId, BridgeId | None]) -> Action | None:
    """The move that is needed; None: none is, or the next is on its way by itself.

    `rooms`: the talk bridge of each party that has one; None for those on hold or between two places.
    """
    wanted = [channel for channel in present(call) if channel in rooms]
    crowd = Counter(room for room in rooms.values() if room is not None)
    if len(wanted) < 2:
        if call.state is CallState.EXTERNAL and (talk := rooms.get(call.caller)) is not None and crowd[talk] > 1:
            # Where the talk ends otherwise, the dialplan hangs up on the caller.
            return Action(verb="apart", channel=call.caller)
        return _apart(wanted, rooms, crowd)
    places = Counter(room for channel in wanted if (room := rooms[channel]) is not None)
    room, size = places.most_common(1)[0] if places else (None, 0)
    if size == len(wanted):
        return _apart(wanted, rooms, crowd)
    if len(wanted) == 2 or size < 2:
        for channel in wanted[:2]:
            # From talk to talk by way of the waiting room: a channel that goes straight on keeps its translation path,
            # and where the codecs differ Asterisk as Debian builds it may then let nothing through, see
            # asterisk/README.md.
            if (place := rooms[channel]) is not None and crowd[place] > 1:
                return Action(verb="apart", channel=channel)
        return Action(verb="bridge", channel=wanted[0], peer=wanted[1])
    newcomer = next(channel for channel in wanted if rooms[channel] != room)
    peer = next(channel for channel in wanted if rooms[channel] == room)
    return Action(verb="join", channel=newcomer, peer=peer)


def _apart(wanted: list[ChannelId], rooms: dict[ChannelId, BridgeId | None], crowd: Counter[BridgeId]) -> Action | None:
    """Somebody is in a talk that is not theirs. Who is alone in a bridge falls out of it by themselves."""
    for channel, room in rooms.items():
        if room is not None and channel not in wanted and crowd[room] > 1:
            return Action(verb="apart", channel=channel)
    if len(wanted) == 1 and (room := rooms[wanted[0]]) is not None and crowd[room] > 1:
        return Action(verb="apart", channel=wanted[0])
    return None


def are_together(step: Step, call: Call, *channels: ChannelId) -> bool:
    """Whether they were last seen to talk with one another, and nobody of the call has been moved since."""
    if call.moved is not None and not call.moved.seen:
        return False
    facts = [step.world.channels.get(channel) for channel in channels]
    rooms = {fact.bridge if fact is not None and not fact.holding else None for fact in facts}
    return len(rooms) == 1 and None not in rooms


def settle(step: Step, call: Call) -> bool:
    """Orders the move that is needed, if any. True: everybody has just come to where they should be."""
    if call.missing is not None:
        return False
    if call.state not in ARRANGED:
        if call.doing is not None or call.moved is not None:
            step.put(replace(call, doing=None, moved=None))
        return False
    call = let_listen(step, _console(step, call))
    facts = {channel: step.world.channels.get(channel) for channel in parties(call)}
    rooms = {
        channel: fact.bridge if fact.bridge is not None and not fact.holding else None
        for channel, fact in facts.items()
        if fact is not None
    }
    moved = call.moved
    if moved is not None and not moved.seen and _landed(moved.action, facts, rooms):
        moved = replace(moved, seen=True, deadline=step.now + _DAMPING)
        call = step.put(replace(call, moved=moved))
    flying = moved if moved is not None and not moved.seen else None
    action = next_action(call, rooms)
    if action is not None:
        # Who is between two places is on the way to one; a move would pull them out of what is just being done.
        resting = all(fact is None or fact.bridge is not None for fact in map(facts.get, _moved_by(action)))
        again = moved is not None and moved.action == action and step.now < moved.deadline
        ready = resting and flying is None and not again
        doing = call.doing if call.doing is not None and call.doing.action == action else None
        if ready and (doing is None or doing.attempts == 0):
            order(step, _unsettled(call), action, 1)
        elif doing is None:
            until = step.now + _DAMPING if flying is None else flying.deadline
            wait = Doing(action=action, deadline=until, attempts=0)
            step.put(replace(_unsettled(call), doing=wait))
        elif call.consult is not None and call.consult.settled:
            step.put(_unsettled(call))
        return False
    if call.doing is not None:
        call = step.put(replace(call, doing=None))
    resting = all(fact is None or fact.bridge is not None for fact in facts.values())
    wanted = present(call)
    if call.state is CallState.EXTERNAL and resting and flying is None and len(wanted) > 1:
        _ends_with_the_talk(step, call)
    if not resting or flying is not None or call.consult is None or call.consult.settled or awaited(call):
        return False
    if len(wanted) < len(together(call)) and call.consult.stage is not Stage.CONFERENCE:
        return False
    if any(channel not in rooms for channel in wanted) or len({rooms[channel] for channel in wanted}) > 1:
        return False
    step.put(replace(call, consult=replace(call.consult, settled=True)))
    return True


def _landed(
    action: Action, facts: dict[ChannelId, ChannelFact | None], rooms: dict[ChannelId, BridgeId | None]
) -> bool:
    """Whether the move was seen to happen, or whoever was to be moved is gone."""
    if any(facts.get(channel) is None for channel in _moved_by(action)):
        return True
    if action.peer is None:
        fact = facts[action.channel]
        return fact is not None and fact.holding
    return rooms[action.channel] is not None and rooms[action.channel] == rooms[action.peer]


def _console(step: Step, call: Call) -> Call:
    """Who waits for a phone that holds hears music. What a leg hears in the waiting room is set on the way in."""
    if not any(leg.phone_holds or leg.consoled for leg in call.legs):
        return call
    wanted = present(call)
    waits = len(wanted) == 1 < len(together(call))
    legs = []
    for leg in call.legs:
        fact = step.world.channels.get(leg.channel)
        alone = waits and leg.channel in wanted and fact is not None and fact.holding
        if alone and not leg.consoled:
            step.emit(SetHear(call=call.id, channel=leg.channel, hear="music"))
            step.emit(Park(call=call.id, channel=leg.channel))
        legs.append(replace(leg, consoled=alone or (leg.consoled and waits)) if alone != leg.consoled else leg)
    return call if tuple(legs) == call.legs else step.put(replace(call, legs=tuple(legs)))


def _ends_with_the_talk(step: Step, call: Call) -> None:
    """The music has told the dialplan to keep the caller; an external party's hang-up is the end again."""
    fact = step.world.channels.get(call.caller)
    if fact is not None and fact.variables.after == "hold":
        variables = replace(fact.variables, after="hangup")
        step.world.channels[call.caller] = replace(fact, variables=variables)
        end_with_talk(step, call)


def _moved_by(action: Action) -> tuple[ChannelId, ...]:
    """Whose place it changes."""
    return (action.channel, action.peer) if action.peer is not None else (action.channel,)


def _unsettled(call: Call) -> Call:
    if call.consult is None or not call.consult.settled:
        return call
    return replace(call, consult=replace(call.consult, settled=False))


def order(step: Step, call: Call, action: Action, attempt: int) -> None:
    """Tells the PBX, once; `overdue` tells it again."""
    moved = Doing(
        action=action, deadline=step.now + step.options.connect_timeout, attempts=attempt, ordered_at=step.now
    )
    call = step.put(replace(call, doing=moved, moved=moved))
    if not all(_is_there(call, channel) for channel in (action.channel, action.peer) if channel is not None):
        return
    match action.verb:
        case "bridge":
            assert action.peer is not None
            record = call.recording if action.channel == call.caller else private_recording(step, call)
            step.emit(
                Bridge(
                    call=call.id,
                    channel=action.channel,
                    channel_name=call.caller_channel if action.channel == call.caller else "",
                    peer=action.peer,
                    record=record,
                )
            )
        case "join":
            assert action.peer is not None
            step.emit(Join(call=call.id, channel=action.channel, peer=action.peer))
        case _ if action.channel == call.caller:
            step.emit(Hold(call=call.id, channel=action.channel))
        case _:
            step.emit(Park(call=call.id, channel=action.channel))


def private_recording(step: Step, call: Call) -> str:
    """The file for what agent and target say without the caller; empty where it is not recorded."""
    private = call.consult is not None and call.consult.stage is Stage.CONSULTING
    if not (private and call.recording and step.options.record_consultations):
        return ""
    stem, dot, form = call.recording.rpartition(".")
    return f"{stem or form}-consult-{call.transfers_made}{dot or '.'}{form if stem else 'wav'}"


def _is_there(call: Call, channel: ChannelId) -> bool:
    """Whether the PBX has shown this channel: nothing is done to one that is still being made."""
    leg = call.leg(channel)
    return leg is None or leg.name is not None


def refused(step: Step, call: Call, signal: ActionFailed) -> None:
    """The PBX did not take the move: `channel not up` passes quickly. Where it only did not answer, nobody knows."""
    leg = call.leg(signal.channel)
    if leg is not None and leg.consoled and signal.action == "Park":
        legs = tuple(replace(each, consoled=False) if each is leg else each for each in call.legs)
        call = step.put(replace(call, legs=legs))
        step.touched.add(call.id)
    if signal.action == "Listen":
        if signal.refused:
            tell_again(step, call, signal.channel)
        return
    moved, doing = call.moved, call.doing
    if moved is None or moved.seen or moved.action.channel != signal.channel:
        return
    if not signal.refused:
        # Silence is not refusal: it may still happen, and is no try that came to nothing.
        if doing is not None and doing.attempts > 0:
            step.put(replace(call, doing=replace(doing, attempts=doing.attempts - 1)))
    elif doing is not None and doing.attempts > 0:
        soon = min(moved.deadline, step.now + SOON)
        step.put(replace(call, doing=replace(doing, deadline=soon), moved=replace(moved, deadline=soon)))
    else:
        step.put(replace(call, moved=None))


def overdue(step: Step, call: Call) -> bool:
    """The move was not seen in time: look, and order it again. True: it has been tried often enough."""
    if call.moved is not None and not call.moved.seen:
        step.emit(LookAgain(why=f"{call.moved.action.verb} was not seen to happen"))
    if call.doing is None and call.moved is not None:
        until = step.now + step.options.connect_timeout
        step.put(replace(call, moved=replace(call.moved, late=True, deadline=until)))
        return False
    assert call.doing is not None
    if call.doing.attempts >= TRIES:
        step.put(replace(call, doing=None, moved=None))
        return True
    order(step, call, call.doing.action, call.doing.attempts + 1)
    return False

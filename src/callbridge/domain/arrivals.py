"""Channels that no live call knows: a new caller, one who comes back, or a leg that nobody wants."""

from callbridge.domain.lifecycle.caller import called_by
from callbridge.domain.lifecycle.returning import group_route, to_fallback
from callbridge.domain.lifecycle.screen_pop import parse_attached_data
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.effects import Hangup, LookAgain
from callbridge.domain.model.facts import ChannelFact, PbxSeen
from callbridge.domain.model.ids import CallId, ChannelId, GroupId, call_id
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.model.transfer import Route, RouteKind
from callbridge.domain.replacing import CALLER, id_in_dialplan

AGENT, EXTERNAL = "agent", "external"
"""More values of CALLBRIDGE_ROLE."""

_ECHO = 30.0
"""Seconds after a call's end within which an event of its caller is taken for a late one (16.9 s have been seen)."""


def stranger(step: Step, fact: ChannelFact, signal: Signal) -> None:
    role = fact.variables.role
    named = step.world.calls.get(call_id(fact.variables.call))
    if role == CALLER and fact.holding and not isinstance(signal, PbxSeen) and named is not None:
        if fact.channel not in named.former:
            # Another channel of this call, or another call of this name: only all channels together show which.
            step.emit(LookAgain(why="a caller has the name of another call"))
    elif role == CALLER and fact.holding:
        _arrived(step, fact, signal)
    elif role in (AGENT, EXTERNAL) and fact.holding:
        # Nobody is in a bridge with it, and no call wants it: a leg that was originated late or twice.
        step.emit(Hangup(call=CallId(fact.variables.call), channel=fact.channel))
        step.record(None, "leg.orphan", None, channel=fact.channel)


def _is_back(before: Call, now: float, signal: Signal) -> bool:
    """Whether the caller of a call that ended is really there again, and not only an event of theirs late.

    A call whose end was not seen may have been ended too early. The dialplan's fallback sends callers back; whether it
    has, a look at the PBX shows, which an event can be older than.
    """
    if before.outcome is CallOutcome.LOST_SIGHT or isinstance(signal, PbxSeen):
        return True
    return now - (before.ended_at or now) > _ECHO


def _was_caller(call: Call, channel: ChannelId) -> bool:
    return channel == call.caller or channel in call.former


def _arrived(step: Step, fact: ChannelFact, signal: Signal) -> None:
    """A caller nobody knows is in the music: a new call, whenever and however the PBX brought it."""
    variables = fact.variables
    call_key, apart = id_in_dialplan(fact), call_id(f"{fact.channel}-{variables.call}")
    if call_key in step.world.calls:
        # The site gave two live callers one name: each is a call of their own all the same.
        call_key = apart
    before = step.world.ended.get(call_key)
    if before is not None and before.outcome is CallOutcome.HANDLED and not _was_caller(before, fact.channel):
        # Came in the place of one with whom the conversation was just ended: nobody has talked with them.
        call_key = apart
        before = step.world.ended.get(call_key)
    if before is not None and not _is_back(before, step.now, signal):
        if before.outcome is CallOutcome.FALLBACK:
            step.emit(LookAgain(why="the fallback may have sent a caller back, or it is from before it had them"))
        return  # the echo of a call that is over
    group = GroupId(variables.group)
    route = group_route(step, group, step.now) or Route(kind=RouteKind.GROUP, group=group, since=step.now)
    call = Call(
        id=call_key,
        caller=fact.channel,
        caller_channel=fact.name,
        caller_number="",
        caller_name="",
        called=variables.called,
        group=group,
        data=parse_attached_data(variables.data),
        recording=variables.record,
        arrived_at=step.now,
        state=CallState.WAITING,
        route=route,
    )
    if before is not None:
        # The dialplan's fallback sent them back: the same call goes on, and its ids go on counting.
        step.world.ended.pop(call_key)
        former = before.former if _was_caller(before, fact.channel) else (*before.former, before.caller)
        call = replace(
            before,
            former=former,
            caller=fact.channel,
            caller_channel=fact.name,
            group=group,
            data=call.data,
            state=CallState.WAITING,
            route=route,
            outcome=None,
            ended_at=None,
            offer=None,
            pop=None,
        )
    call = called_by(call, fact, step.world.settings)
    step.world.channels[fact.channel] = fact
    step.world.callers[fact.channel] = call.id
    step.put(call)
    step.record(call.id, "call.arrived", None, group=group, called=call.called)
    if call.recording:
        step.record(call.id, "call.recorded", None, file=call.recording)
    step.publish(call.id, "call.updated", [])
    if group not in step.world.settings.groups:
        step.anomaly(f"a caller arrived for the group {group[:64]!r}, which is not configured", call.id)
        to_fallback(step, call, "unknown_group")

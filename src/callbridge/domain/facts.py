"""Facts about channels, turned into what they mean for a call: the stimuli of the table in `routing/table.py`."""

from callbridge.domain import replacing
from callbridge.domain.arrivals import stranger
from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.arrangement import ARRANGED
from callbridge.domain.consult.table import Event
from callbridge.domain.lifecycle.legs import end_of, fourth_failed, record_end
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.causes import END_FOLLOWS
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Hangup
from callbridge.domain.model.facts import (
    ChannelAnswered,
    ChannelEntered,
    ChannelFact,
    ChannelGone,
    ChannelLeft,
    ChannelReplaced,
    ChannelRinging,
    EarlySound,
    ListenerHungUp,
    OriginateFailed,
    PbxSeen,
    PhoneHolds,
)
from callbridge.domain.model.ids import ChannelId, call_of
from callbridge.domain.model.legs import Leg, LegRole, LegState, PhoneHold
from callbridge.domain.model.records import replace
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step
from callbridge.domain.replacing import CALLER, FALLBACK
from callbridge.domain.routing.table import Stimulus, apply

_GONE = {
    LegRole.AGENT: Event.AGENT_GONE,
    LegRole.TARGET: Event.TARGET_GONE,
    LegRole.FOURTH: Event.FOURTH_GONE,
}

_ORDER = (LegState.DIALING, LegState.RINGING, LegState.ANSWERED)


def find(step: Step, channel: ChannelId) -> Call | None:
    """The live call that this channel is the caller or a leg of."""
    world = step.world
    owner = world.callers.get(channel)
    call = world.calls.get(owner if owner is not None else call_of(channel))
    if call is None or call.state is CallState.ENDED:
        return None
    return call if call.caller == channel or call.leg(channel) is not None else None


def channel_entered(step: Step, signal: ChannelEntered) -> None:
    observe(step, signal.fact, signal)


def channel_replaced(step: Step, signal: ChannelReplaced) -> None:
    call, new = find(step, signal.old), find(step, signal.fact.channel)
    # Who comes into a talk that is ended already is not followed: the site's dialplan goes on with them.
    if call is not None and call.caller == signal.old and new is None and call.state is not CallState.ENDING:
        replacing.take_place(step, call, signal.fact, signal)
    observe(step, signal.fact, signal)


def observe(step: Step, fact: ChannelFact, signal: Signal) -> None:
    """This is how the channel is now, from an event or a snapshot."""
    call = find(step, fact.channel)
    if call is None:
        stranger(step, fact, signal)
        return
    if call.missing is not None and fact.channel == call.caller:
        if not isinstance(signal, PbxSeen):
            return  # from before its end
        call = step.put(replace(call, missing=None))
    step.world.channels[fact.channel] = fact
    step.touched.add(call.id)
    if fact.channel == call.caller:
        _observe_caller(step, call, fact, signal)
    else:
        _observe_leg(step, call, fact, signal)


def _observe_caller(step: Step, call: Call, fact: ChannelFact, signal: Signal) -> None:
    if fact.name and fact.name != call.caller_channel:
        call = step.put(replace(call, caller_channel=fact.name))
    call = replacing.show_caller(step, call, fact)
    replacing.introduce(step, call, fact)
    if fact.variables.role == CALLER:
        call = replacing.is_ours(step, call)
    step.dispatch = step.dispatch or fact.holding
    if call.state in ARRANGED:
        if fact.variables.role == FALLBACK:
            consulting.apply(step, call, Event.CALLER_FELL_BACK, signal)
    elif fact.variables.role == FALLBACK:
        apply(step, call, Stimulus.CALLER_FELL_BACK, signal)
    elif fact.holding:
        apply(step, call, Stimulus.CALLER_HELD, signal)
    elif not isinstance(signal, PbxSeen):  # a snapshot shows both, and the leg says it
        _joined(step, call, signal)


def _observe_leg(step: Step, call: Call, fact: ChannelFact, signal: Signal) -> None:
    leg = call.leg(fact.channel)
    if leg is not None and leg.releasing:
        # Still there: the order to hang up is under way, or was lost with the link.
        step.emit(Hangup(call=call.id, channel=fact.channel))
    if fact.bridge is not None:
        state, stimulus = (LegState.PARKED, Stimulus.LEG_HELD) if fact.holding else (LegState.TALKING, None)
    elif fact.answered:
        state, stimulus = LegState.ANSWERED, Stimulus.LEG_ANSWERED
    elif fact.ringing:
        state, stimulus = LegState.RINGING, Stimulus.LEG_RINGING
    else:
        return
    call = replacing.clear_up(step, _set_leg(step, call, fact.channel, state, fact.name), signal)
    if call.state in ARRANGED:
        _consult_leg(step, call, fact.channel, state, signal)
        return
    if not _is_present(call, fact.channel):
        return
    if stimulus is not None:
        apply(step, call, stimulus, signal)
    else:
        _joined(step, call, signal)


def _consult_leg(step: Step, call: Call, channel: ChannelId, state: LegState, signal: Signal) -> None:
    leg = call.leg(channel)
    if leg is None or leg.releasing or leg.role is LegRole.AGENT or state is LegState.RINGING:
        return
    if leg.role is LegRole.FOURTH:
        stage = call.consult.stage if call.consult is not None else None
        # Who was in the conference goes on talking without the caller; a snapshot shows both in one moment.
        stays = stage is Stage.WITHOUT_CALLER and (state is LegState.TALKING or leg.held)
        if state is not LegState.ANSWERED and stage is not Stage.CONFERENCE and not stays:
            consulting.apply(step, call, Event.FOURTH_UP, signal)
        return
    event = Event.TARGET_ANSWERED if state is LegState.ANSWERED else Event.TARGET_UP
    consulting.apply(step, call, event, signal)


def _joined(step: Step, call: Call, signal: Signal) -> None:
    """Connected is said only when one bridge holds both."""
    leg = call.agent_leg
    caller_fact = step.world.channels.get(call.caller)
    leg_fact = step.world.channels.get(leg.channel) if leg is not None else None
    if caller_fact is None or leg_fact is None or caller_fact.holding or leg_fact.holding:
        return
    if caller_fact.bridge is not None and caller_fact.bridge == leg_fact.bridge:
        apply(step, call, Stimulus.JOINED, signal)


def channel_left(step: Step, signal: ChannelLeft) -> None:
    fact = step.world.channels.get(signal.channel)
    if fact is None or fact.bridge != signal.bridge:
        return
    step.world.channels[signal.channel] = replace(fact, bridge=None, holding=False, from_talk=not fact.holding)
    call = find(step, signal.channel)
    if call is not None:
        step.touched.add(call.id)
        if call.leg(signal.channel) is not None:
            call = _set_leg(step, call, signal.channel, LegState.ANSWERED, fact.name, back=True)
        replacing.clear_up(step, call, signal)


def stimulate_leg(step: Step, signal: ChannelRinging | ChannelAnswered, state: LegState) -> None:
    call = find(step, signal.channel)
    leg = call.leg(signal.channel) if call is not None else None
    if call is None or leg is None or leg.state not in _ORDER or _ORDER.index(leg.state) >= _ORDER.index(state):
        return
    call = _set_leg(step, call, signal.channel, state, signal.name)
    if call.state in ARRANGED:
        _consult_leg(step, call, signal.channel, state, signal)
    elif _is_present(call, signal.channel):
        stimulus = Stimulus.LEG_RINGING if state is LegState.RINGING else Stimulus.LEG_ANSWERED
        apply(step, call, stimulus, signal)


def early_sound(step: Step, signal: EarlySound) -> None:
    """Also of a network that never says that it rings: the leg is there."""
    call = find(step, signal.channel)
    leg = call.leg(signal.channel) if call is not None else None
    if call is None or leg is None or leg.agent is not None or leg.releasing or not leg.unanswered:
        return
    now = replace(leg, early_sound=True, state=LegState.RINGING)
    legs = tuple(now if each is leg else each for each in call.legs)
    step.put(replace(call, legs=legs))


def listener_hung_up(step: Step, signal: ListenerHungUp) -> None:
    fact = step.world.channels.get(signal.channel)
    if fact is not None and fact.listens:
        gone(step, signal.channel, ChannelGone(channel=signal.channel, cause=signal.cause))


def phone_holds(step: Step, signal: PhoneHolds) -> None:
    hold_seen(step, signal.channel, signal, on=signal.on, answered=signal.answered)


def hold_seen(step: Step, channel: ChannelId, signal: Signal, *, on: bool, answered: bool) -> None:
    """The phone holds by its own key, or does not; see `PhoneHold` for what was so from the answer on."""
    call = find(step, channel)
    leg = call.leg(channel) if call is not None else None
    if call is None or leg is None or leg.releasing:
        return
    settings = step.world.settings.agents.get(leg.agent) if leg.agent is not None else None
    in_page = settings is not None and settings.phone_in_page
    now = PhoneHold.NO if not on else PhoneHold.YES if answered and not in_page else PhoneHold.UNCLEAR
    if now is leg.phone_hold:
        return
    legs = tuple(replace(each, phone_hold=now) if each is leg else each for each in call.legs)
    call = step.put(replace(call, legs=legs))
    step.touched.add(call.id)
    if PhoneHold.YES not in (now, leg.phone_hold) or not _is_present(call, channel):
        return
    if call.state in ARRANGED:
        consulting.apply(step, call, Event.PHONE_HOLDS if on else Event.PHONE_BACK, signal)
    else:
        apply(step, call, Stimulus.PHONE_HOLDS if on else Stimulus.PHONE_BACK, signal)


def channel_gone(step: Step, signal: ChannelGone) -> None:
    gone(step, signal.channel, signal)


def originate_failed(step: Step, signal: OriginateFailed) -> None:
    """Comes before the leg's end, or alone; also for an Originate that was repeated while the leg lives."""
    call = find(step, signal.channel)
    leg = call.leg(signal.channel) if call is not None else None
    if call is None or leg is None:
        return
    if leg.releasing and leg.state is LegState.DIALING:
        gone(step, signal.channel, signal)
        return
    call = mark_failed(step, call, leg)
    if call.state not in ARRANGED and _is_present(call, signal.channel):
        apply(step, call, Stimulus.LEG_FAILED, signal)


def mark_failed(step: Step, call: Call, leg: Leg) -> Call:
    """A leg that was not seen to ring, and whose end with the cause may follow in a moment, or never."""
    if leg.state is not LegState.DIALING:
        return call
    failed = replace(leg, failed=True)
    if call.state in ARRANGED:
        failed = replace(failed, deadline=min(leg.deadline or step.now + END_FOLLOWS, step.now + END_FOLLOWS))
    return step.put(replace(call, legs=tuple(failed if each is leg else each for each in call.legs)))


def gone(step: Step, channel: ChannelId, signal: Signal) -> None:
    call = find(step, channel)
    last = step.world.channels.pop(channel, None)
    if call is None:
        return
    step.touched.add(call.id)
    if channel == call.caller:
        if call.missing is not None and isinstance(signal, ChannelGone):
            return  # a repetition
        if not replacing.doubt(step, call, signal, last):
            replacing.caller_gone(step, call, signal)
        return
    present, lost = _is_present(call, channel), call.leg(channel)
    call = step.put(replace(call, legs=tuple(leg for leg in call.legs if leg.channel != channel)))
    call = replacing.clear_up(step, call, signal)
    if call.state in ARRANGED:
        if lost is not None and not lost.releasing:
            record_end(step, call, lost, signal)
            event = Event.AGENT_GONE if present else _GONE[lost.role]
            if event is Event.FOURTH_GONE and lost.unanswered:
                call, event = fourth_failed(step, call, lost, end_of(signal)), Event.FOURTH_FAILED
            consulting.apply(step, call, event, signal)
    elif present or call.state is CallState.ENDING:
        if lost is not None and not lost.releasing:
            record_end(step, call, lost, signal)
        apply(step, call, Stimulus.LEG_GONE, signal)


def _is_present(call: Call, channel: ChannelId) -> bool:
    leg = call.agent_leg
    return leg is not None and leg.channel == channel


def _set_leg(
    step: Step, call: Call, channel: ChannelId, state: LegState, name: str | None, *, back: bool = False
) -> Call:
    """The leg has come to this state. A repetition of an earlier one does not take it back, unless it was seen."""

    leg = call.leg(channel)
    if leg is None:
        return call
    late = not back and leg.state not in _ORDER and state in _ORDER
    now = replace(leg, state=leg.state if late else state, name=name or leg.name)
    if now == leg:
        return call
    return step.put(replace(call, legs=tuple(now if each is leg else each for each in call.legs)))

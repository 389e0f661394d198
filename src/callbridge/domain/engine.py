"""The engine: every signal comes in here with the time, and what shall be done comes out.

`handle` decides; it never waits and never does. The order of the outside world is not trusted: facts can be
late, repeated or out of date, requests can cross with them, and each must find its cell in a table.
"""

from collections.abc import Callable, Iterable
from functools import partial
from traceback import format_exception

from callbridge.domain import dispatch, reconcile
from callbridge.domain.asking import answer_offer, ask_of_call, rescind, rescind_left, transfer_verb
from callbridge.domain.consult import arrangement
from callbridge.domain.consult import table as consulting
from callbridge.domain.consult.arrangement import ARRANGED
from callbridge.domain.consult.table import Event
from callbridge.domain.deadlines import deadlines, end_wrap_ups, is_due, pass_deadlines
from callbridge.domain.facts import (
    channel_entered,
    channel_gone,
    channel_left,
    channel_replaced,
    early_sound,
    gone,
    listener_hung_up,
    mark_failed,
    originate_failed,
    phone_holds,
    stimulate_leg,
)
from callbridge.domain.lifecycle import people
from callbridge.domain.model.agents import Agent, Presence
from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Anomaly, Effect, LookAgain, ReleaseReservation, Reply
from callbridge.domain.model.facts import (
    ActionFailed,
    ChannelAnswered,
    ChannelEntered,
    ChannelGone,
    ChannelLeft,
    ChannelReplaced,
    ChannelRinging,
    EarlySound,
    ListenerHungUp,
    OriginateFailed,
    PbxFact,
    PbxLost,
    PbxSeen,
    PbxSilent,
    PhoneChanged,
    PhoneHolds,
)
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.legs import LegRole, LegState
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import (
    AcceptOffer,
    AddNote,
    CallFourth,
    CancelTransfer,
    DoParty,
    DoTransfer,
    EndCall,
    HoldCall,
    LogIn,
    LogOut,
    RejectOffer,
    Request,
    RequestTransfer,
    ResumeCall,
    RingAgain,
    SetPresence,
)
from callbridge.domain.model.settings import Settings
from callbridge.domain.model.signals import Configured, NobodyFree, Reserved, Signal, Tick
from callbridge.domain.model.step import Step
from callbridge.domain.model.world import World
from callbridge.domain.routing.table import Stimulus, apply
from callbridge.domain.settling import settle_touched

_REST = 5.0
"""Seconds for which a call on which the engine failed is left alone, so that the fault is not repeated in a loop."""


class Engine:
    """The live model of all calls and agents, and its rules."""

    def __init__(self, settings: Settings, *, calls: Iterable[Call] = (), agents: Iterable[Agent] = ()) -> None:
        """What was saved goes in; until the first `PbxSeen` nothing is decided on it."""
        self.world = World(settings=settings)
        self.world.calls = {call.id: call for call in calls if call.state is not CallState.ENDED}
        for call in self.world.calls.values():
            self.world.callers |= dict.fromkeys((call.caller, *call.former), call.id)
        saved = {agent.id: agent for agent in agents}
        for agent_id in settings.agents:
            self.world.agents[agent_id] = saved.get(agent_id) or Agent(id=agent_id)
        for agent_id, agent in saved.items():
            if agent.calls or agent.offer:
                # No longer configured: they keep the call they have and get no other, as in `_configured`.
                self.world.agents.setdefault(agent_id, replace(agent, presence=Presence.OFFLINE, reason=None))

    def handle(self, signal: Signal, now: float) -> list[Effect]:
        """What follows from the signal. `now` in epoch seconds; it may repeat, but should not go back."""
        if isinstance(signal, Tick):
            return self._tick(signal, now)
        return self._guarded(signal, now, lambda step: self._handle(step, signal))

    def next_deadline(self) -> float | None:
        """Epoch seconds at which the next `Tick` must come at the latest; None: no need of one."""
        world = self.world
        times = [agent.wrap_up_until for agent in world.agents.values() if agent.wrap_up_until is not None]
        if world.pbx_listens:
            times += world.faulty.values()
            for call in world.calls.values():
                if call.id in world.faulty:
                    continue
                times += (when for _, when in deadlines(call))
                if call.state is CallState.WAITING:
                    times += (pause.until for pause in call.pauses)
        return min(times, default=None)

    def _guarded(
        self, signal: Signal, now: float, do: Callable[[Step], None], call: CallId | None = None
    ) -> list[Effect]:
        """A fault of ours costs this one signal, not the callers: all is as it was before."""
        before = self.world.copy()
        step = Step(world=self.world, now=now)
        try:
            do(step)
            settle_touched(step, signal)
            if step.dispatch:
                dispatch.dispatch(step)
                settle_touched(step, signal)
            return step.finish()
        except Exception as error:
            self.world = before
            return self._failed(signal, now, error, call)

    def _failed(self, signal: Signal, now: float, error: Exception, call: CallId | None) -> list[Effect]:
        what = f"{type(signal).__name__} could not be handled: {error!r}\n{''.join(format_exception(error))}"
        effects: list[Effect] = []
        match signal:
            case Tick():
                pass
            case Reserved() | NobodyFree():
                # Nobody would ever answer again: the agent is given back, and other calls are offered first.
                self.world.reserving = None
                call = signal.call
                effects.append(ReleaseReservation(offer=signal.offer))
            case PbxSeen() | PbxLost() | PbxSilent():
                pass
            case _ if isinstance(signal, Request):
                detail = "The gateway failed on this request; nothing was changed."
                effects.append(Reply(request=signal.request, ok=False, code="internal_error", detail=detail))
            case _ if isinstance(signal, PbxFact):
                effects.append(LookAgain(why="a fact could not be handled"))
        if call is not None:
            self.world.faulty[call] = now + _REST
        return [Anomaly(what=what, call=call), *effects]

    def _tick(self, signal: Tick, now: float) -> list[Effect]:
        """Each call's deadlines by themselves: a fault in one call's may not stop those of all others."""
        effects = self._guarded(signal, now, end_wrap_ups)
        if self.world.pbx_listens:
            for call_id in [call.id for call in self.world.calls.values() if is_due(self.world, call, now)]:
                effects += self._guarded(signal, now, partial(pass_deadlines, call_id, signal), call_id)
        return effects

    def _handle(self, step: Step, signal: Signal) -> None:
        match signal:
            case ChannelEntered():
                channel_entered(step, signal)
            case ChannelReplaced():
                channel_replaced(step, signal)
            case ChannelLeft():
                channel_left(step, signal)
            case ChannelRinging():
                stimulate_leg(step, signal, LegState.RINGING)
            case ChannelAnswered():
                stimulate_leg(step, signal, LegState.ANSWERED)
            case ChannelGone():
                channel_gone(step, signal)
            case EarlySound():
                early_sound(step, signal)
            case ListenerHungUp():
                listener_hung_up(step, signal)
            case OriginateFailed():
                originate_failed(step, signal)
            case PhoneHolds():
                phone_holds(step, signal)
            case PhoneChanged():
                step.world.phones[signal.phone] = signal.state
                step.dispatch = True
            case PbxSeen():
                reconcile.pbx_seen(step, signal)
                rescind_left(step, signal)
            case PbxLost():
                reconcile.pbx_lost(step)
            case PbxSilent():
                reconcile.pbx_silent(step)
            case ActionFailed():
                _action_failed(step, signal)
            case LogIn():
                people.log_in(step, signal)
            case LogOut():
                rescind(step, signal.agent, signal)
                people.log_out(step, signal)
            case SetPresence():
                if signal.presence is not Presence.AVAILABLE:
                    rescind(step, signal.agent, signal)
                people.set_presence(step, signal)
            case AcceptOffer() | RejectOffer():
                answer_offer(step, signal)
            case EndCall() | RequestTransfer() | AddNote() | HoldCall() | ResumeCall() | RingAgain():
                ask_of_call(step, signal)
            case CallFourth() | DoParty():
                ask_of_call(step, signal)
            case CancelTransfer() | DoTransfer():
                transfer_verb(step, signal)
            case Reserved():
                dispatch.reserved(step, signal)
            case NobodyFree():
                dispatch.nobody_free(step, signal)
            case Configured():
                _configured(step, signal)
            case Tick():
                pass  # see _tick


def _action_failed(step: Step, signal: ActionFailed) -> None:
    call = step.world.calls.get(signal.call)
    if call is None:
        return
    if step.world.pbx_silent and not signal.refused:
        return  # what became of it is seen once the PBX speaks again
    leg = call.leg(signal.channel)
    unheard = signal.action == "Originate" and not signal.refused
    if unheard and leg is not None and not leg.releasing and call.state in ARRANGED:
        consulting.apply(step, call, _unheard(call, leg.role), signal)
    elif signal.action == "Originate" and leg is not None and (leg.releasing or call.state in ARRANGED):
        gone(step, signal.channel, signal)
    elif call.state in ARRANGED:
        arrangement.refused(step, call, signal)
    else:
        if signal.action == "Originate" and leg is not None and signal.refused:
            call = mark_failed(step, call, leg)
        apply(step, call, Stimulus.ACTION_FAILED, signal)


def _unheard(call: Call, role: LegRole) -> Event:
    """The order to ring a phone was lost, through no fault of the phone's."""
    if role is LegRole.AGENT:
        return Event.AGENT_OVERDUE
    if role is LegRole.FOURTH:
        return Event.FOURTH_OVERDUE
    first = call.consult is not None and call.consult.stage is Stage.RINGING
    return Event.TARGET_LEFT if first else Event.TARGET_OVERDUE


def _configured(step: Step, signal: Configured) -> None:
    """New settings. Calls go on; who is no longer configured keeps the call they have and gets no other."""
    world = step.world
    world.settings = signal.settings
    step.dispatch = True
    for agent_id in signal.settings.agents:
        if agent_id not in world.agents:
            step.put_agent(Agent(id=agent_id))
    for agent_id, agent in list(world.agents.items()):
        if agent_id not in signal.settings.agents and agent.presence is not Presence.OFFLINE:
            rescind(step, agent_id, signal)
            step.put_agent(replace(world.agents[agent_id], presence=Presence.OFFLINE, reason=None))
    for call in list(world.calls.values()):
        gone = call.route.group is not None and call.route.group not in signal.settings.groups
        if call.state is CallState.WAITING and gone:
            apply(step, call, Stimulus.WAIT_TIMEOUT, signal)

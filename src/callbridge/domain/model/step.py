"""The handling of one signal: what it changed and what follows from it, collected until it is complete."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import cast, get_args

from callbridge.domain.model.agents import Agent, AgentState
from callbridge.domain.model.calls import Call, CallState, HistoryEntry
from callbridge.domain.model.effects import (
    Anomaly,
    ChannelEffect,
    Effect,
    PublishAgent,
    PublishCall,
    Record,
    Reply,
    SaveAgent,
    SaveCall,
)
from callbridge.domain.model.ids import AgentId, CallId, RequestId
from callbridge.domain.model.offer import Offer, OfferState, Pop
from callbridge.domain.model.records import replace
from callbridge.domain.model.settings import Options
from callbridge.domain.model.world import World

_MOMENT = 0.001
"""Seconds: the difference of two moments that is shown."""
_ON_CHANNEL = frozenset(get_args(ChannelEffect))
_REMEMBER_ENDED = 600.0
"""Seconds for which an ended call is still known; events that are later than that have not been seen."""


@dataclass(slots=True)
class Step:
    world: World
    now: float
    effects: list[Effect] = field(default_factory=list)
    dispatch: bool = False
    """Something changed that may give a waiting call its agent."""
    _calls: dict[CallId, Call | None] = field(default_factory=dict)
    """The changed calls, as they were before."""
    _agents: dict[AgentId, Agent | None] = field(default_factory=dict)
    touched: set[CallId] = field(default_factory=set)
    """Calls whose parties may be elsewhere now: they are to be settled."""
    _offers: list[tuple[CallId, Offer, Pop | None]] = field(default_factory=list)
    _publish: dict[tuple[CallId, str], set[AgentId]] = field(default_factory=dict)

    @property
    def options(self) -> Options:
        return self.world.settings.options

    def emit(self, *effects: Effect) -> None:
        self.effects.extend(effect for effect in effects if not self._at_nobody(effect))

    def _at_nobody(self, effect: Effect) -> bool:
        """Nothing is ordered of a caller of whom it is not known which channel they are; it is still needed then."""
        if type(effect) not in _ON_CHANNEL:
            return False
        order = cast(ChannelEffect, effect)
        call = self.world.calls.get(order.call)
        return call is not None and call.missing is not None and call.caller == order.channel

    def put(self, call: Call) -> Call:
        """The call is like this now."""
        before = self.world.calls.get(call.id)
        if before != call:
            self._calls.setdefault(call.id, before)
            self.world.calls[call.id] = call
            self.touched.add(call.id)
            self.dispatch = self.dispatch or call.state in (CallState.WAITING, CallState.CONSULTING)
        return call

    def put_agent(self, agent: Agent) -> Agent:
        before = self.world.agents.get(agent.id)
        if before != agent:
            self._agents.setdefault(agent.id, before)
            self.world.agents[agent.id] = agent
            self.dispatch = True
        return agent

    def publish(self, call: CallId, kind: str, to: Iterable[AgentId | None]) -> None:
        """Tell these agents, once the signal is handled, how the call is then."""
        listeners = self._publish.setdefault((call, kind), set())
        listeners.update(agent for agent in to if agent is not None)

    def publish_offer(self, call: Call, offer: Offer, pop: Pop | None = None) -> None:
        """Tell the agent of an offer that is not the call's own."""
        self._offers.append((call.id, offer, pop))

    def record(self, call: CallId | None, kind: str, agent: AgentId | None = None, /, **detail: object) -> None:
        self.emit(Record(entry=HistoryEntry(at=self.now, call=call, kind=kind, agent=agent, detail=detail)))

    def accept(self, request: RequestId, result: Mapping[str, object] | None = None) -> None:
        self.emit(Reply(request=request, ok=True, result=result or {}))

    def refuse(self, request: RequestId, code: str, detail: str) -> None:
        self.emit(Reply(request=request, ok=False, code=code, detail=detail))

    def anomaly(self, what: str, call: CallId | None = None) -> None:
        self.emit(Anomaly(what=what, call=call))

    def finish(self) -> list[Effect]:
        """All that follows, each changed call and agent saved and published once, as it is at the end."""
        for agent_id, before in self._agents.items():
            agent = self.world.agents[agent_id]
            if before is None or (before.state, before.reason) != (agent.state, agent.reason):
                became_available = agent.state is AgentState.AVAILABLE
                since_idle = self.now if became_available and agent.idle_since == 0.0 else agent.idle_since
                agent = replace(agent, since=self.now, idle_since=since_idle)
                self.world.agents[agent_id] = agent
                self.emit(PublishAgent(agent=agent))
            elif _told(before) != _told(agent):
                self.emit(PublishAgent(agent=agent))
            self.emit(SaveAgent(agent=agent))
        self._publish_moves()
        told = [*self._tell_offers(), *self._tell()]
        for call_id in self._calls:
            if not any(effect.call.id == call_id for effect in told):
                self._number(call_id)
        for call_id in sorted(self._calls):
            self.emit(SaveCall(call=self.world.calls[call_id]))
        self.emit(*told)
        for call_id in self._calls:
            call = self.world.calls[call_id]
            if call.state is CallState.ENDED:
                del self.world.calls[call_id]
                for channel in (call.caller, *call.former):
                    if self.world.callers.get(channel) == call_id:
                        del self.world.callers[channel]
                self.world.channels.pop(call.caller, None)
                self.world.ended.pop(call_id, None)
                self.world.ended[call_id] = call
        if self._calls and self.world.ended:
            self._forget()
        return self.effects

    def _tell_offers(self) -> Iterator[PublishCall]:
        for call_id, offer, pop in self._offers:
            call = self._number(call_id)
            if call is not None:
                kind = "offer.made" if offer.state is OfferState.PENDING else "offer.ended"
                yield PublishCall(call=call, to=frozenset({offer.agent}), kind=kind, offer=offer, pop=pop)

    def _tell(self) -> Iterator[PublishCall]:
        for (call_id, kind), to in self._publish.items():
            call = self._number(call_id)
            if call is not None:
                yield PublishCall(call=call, to=frozenset(to), kind=kind)

    def _number(self, call_id: CallId) -> Call | None:
        """The call as it is, with the next number and moment of its own, to be saved; None: it is forgotten."""
        call = self.world.calls.get(call_id) or self.world.ended.get(call_id)
        if call is None:
            return None
        changed_at = max(round(self.now, 3), round(call.changed_at + _MOMENT, 3))
        call = replace(call, sequence=call.sequence + 1, changed_at=changed_at)
        self._calls.setdefault(call_id, call)
        self.world.calls[call_id] = call
        return call

    def _publish_moves(self) -> None:
        """A call that is somewhere else, or somebody else's: whoever watches all calls is told in any case."""
        for call_id, before in self._calls.items():
            call = self.world.calls[call_id]
            moved = before is None or (before.state, before.agent) != (call.state, call.agent)
            if moved and call.state is not CallState.ENDED:
                self.publish(call_id, "call.updated", [call.agent])

    def _forget(self) -> None:
        """Drops what was touched last long ago: when it ended, or a note was added. The oldest ones are the first."""
        ended = self.world.ended
        while ended:
            oldest = next(iter(ended))
            call = ended[oldest]
            noted = call.notes[-1].at if call.notes else 0.0
            if max(call.ended_at or 0.0, noted) > self.now - _REMEMBER_ENDED:
                return
            del ended[oldest]


def _told(agent: Agent) -> tuple[object, ...]:
    """What the agent is told of themselves beside state and reason."""
    return agent.calls, agent.presence, agent.set_by, agent.set_at

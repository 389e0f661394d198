"""Agents: login, available and busy, wrap-up, and the calls that are theirs."""

from callbridge.domain.lifecycle.patience import PBX_PAUSE
from callbridge.domain.model.agents import (
    LOGGED_IN,
    MISSED_OFFER,
    PHONE_DECLINES,
    PHONE_UNREACHABLE,
    Agent,
    Presence,
)
from callbridge.domain.model.causes import Fault, LegEnd
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.offer import Offer, OfferState
from callbridge.domain.model.records import replace
from callbridge.domain.model.requests import LogIn, LogOut, SetPresence
from callbridge.domain.model.step import Step

_SAME_TROUBLE = 60.0
"""Seconds in which a phone that the network did not reach twice is taken for the one that fails."""
_AT_ONCE = 2.0
"""Seconds from an offer to a decline within which hardly anybody has looked at the phone."""
_DECLINES = 3
"""So many of them, one after the other."""


def log_in(step: Step, signal: LogIn) -> None:
    agent = step.world.agents.get(signal.agent)
    if agent is None or signal.agent not in step.world.settings.agents:
        step.refuse(signal.request, "unknown_agent", "This agent is not configured.")
        return
    if agent.presence is Presence.OFFLINE:
        step.put_agent(replace(agent, presence=Presence.BUSY, reason=LOGGED_IN, set_by=None, set_at=None))
        step.record(None, "agent.logged_in", agent.id)
    step.accept(signal.request)


def log_out(step: Step, signal: LogOut) -> None:
    agent = step.world.agents.get(signal.agent)
    if agent is None:
        step.refuse(signal.request, "unknown_agent", "This agent is not configured.")
        return
    if agent.presence is not Presence.OFFLINE:
        agent = replace(agent, presence=Presence.OFFLINE, reason=None, wrap_up_until=None)
        step.put_agent(_set_by(step, agent, signal.by))
        step.record(None, "agent.logged_out", agent.id, **_by(signal.by))
    step.accept(signal.request)


def set_presence(step: Step, signal: SetPresence) -> None:
    agent = step.world.agents.get(signal.agent)
    if agent is None:
        step.refuse(signal.request, "unknown_agent", "This agent is not configured.")
        return
    if agent.presence is Presence.OFFLINE:
        step.refuse(signal.request, "offline", "Log in first: an agent who is offline has no state to set.")
        return
    if signal.presence is Presence.OFFLINE:
        step.refuse(signal.request, "invalid_state", "Log out to go offline.")
        return
    reason = signal.reason if signal.presence is Presence.BUSY else None
    if (agent.presence, agent.reason, agent.wrap_up_until) != (signal.presence, reason, None):
        ready = signal.presence is Presence.AVAILABLE
        step.world.declines.pop(agent.id, None)
        changed = replace(
            agent,
            presence=signal.presence,
            reason=reason,
            wrap_up_until=None,
            idle_since=step.now if ready else agent.idle_since,
        )
        step.put_agent(_set_by(step, changed, signal.by))
        presence = signal.presence.value
        step.record(None, "agent.presence", agent.id, presence=presence, reason=reason, **_by(signal.by))
    elif signal.by is None and agent.set_by is not None:
        # What somebody else said of them, they have said themselves now.
        step.put_agent(replace(agent, set_by=None, set_at=None))
    step.accept(signal.request)


def _set_by(step: Step, agent: Agent, by: str | None) -> Agent:
    return replace(agent, set_by=by, set_at=step.now if by is not None else None)


def _by(by: str | None) -> dict[str, object]:
    return {} if by is None else {"by": by}


def make_busy(step: Step, agent_id: AgentId, reason: str) -> None:
    """What a missed offer or a dead phone does; an agent who is offline stays so."""
    agent = step.world.agents.get(agent_id)
    if agent is not None and agent.presence is not Presence.OFFLINE:
        step.put_agent(replace(agent, presence=Presence.BUSY, reason=reason, set_by=None, set_at=None))
        step.record(None, "agent.presence", agent_id, presence=Presence.BUSY.value, reason=reason)


def phone_failed(step: Step, agent_id: AgentId, end: LegEnd) -> Fault:
    """Whose fault it is that this agent's phone was not reached, and what becomes of the agent.

    The network's fault once is the network's. Twice within a minute it is this phone that it does not lead to.
    """
    fault = end.fault
    agent = step.world.agents.get(agent_id)
    if fault is Fault.NETWORK and agent is not None:
        again = agent.network_failed_at is not None and step.now - agent.network_failed_at < _SAME_TROUBLE
        step.put_agent(replace(agent, network_failed_at=step.now))
        fault = Fault.PHONE if again else fault
    if fault is Fault.PHONE:
        make_busy(step, agent_id, PHONE_UNREACHABLE)
    elif fault is Fault.AWAY:
        make_busy(step, agent_id, MISSED_OFFER)
    return fault


def pause_for(step: Step, fault: Fault) -> tuple[str, float]:
    """Why, and for how many seconds, the call is not offered again to an agent whose phone failed so."""
    match fault:
        case Fault.NETWORK:
            return "not_connected", PBX_PAUSE
        case Fault.PHONE:
            return PHONE_UNREACHABLE, step.options.reject_pause
        case Fault.AWAY:
            return MISSED_OFFER, step.options.reject_pause
        case _:
            return "rejected_recently", step.options.reject_pause


FAILURE = {
    Fault.REFUSED: "rejected",
    Fault.AWAY: "no_answer",
    Fault.PHONE: "unreachable",
    Fault.NETWORK: "network_trouble",
}
"""What is said of an agent who was not reached."""
OFFER_ENDS = {
    Fault.REFUSED: OfferState.REJECTED,
    Fault.AWAY: OfferState.TIMED_OUT,
    Fault.PHONE: OfferState.RESCINDED,
    Fault.NETWORK: OfferState.RESCINDED,
}


def phone_declined(step: Step, offer: Offer) -> None:
    """A phone that declines all by itself is no phone to be asked again and again; its agent is named instead."""
    declines = step.world.declines
    at_once = step.now - offer.made_at <= _AT_ONCE
    count = declines.pop(offer.agent, 0) + 1 if at_once else 0
    if count >= _DECLINES:
        make_busy(step, offer.agent, PHONE_DECLINES)
    elif count:
        declines[offer.agent] = count
    else:
        declines.pop(offer.agent, None)


def give_call(step: Step, agent_id: AgentId, call: CallId) -> None:
    """The call is theirs now; wrap-up of an earlier one is over."""
    agent = step.world.agents[agent_id]
    calls = agent.calls if call in agent.calls else (*agent.calls, call)
    step.put_agent(replace(agent, calls=calls, offer=None, wrap_up_until=None))
    step.world.declines.pop(agent_id, None)


def take_call(step: Step, agent_id: AgentId, call: CallId, *, wrap_up: bool) -> None:
    """The call is no longer theirs."""
    agent = step.world.agents.get(agent_id)
    if agent is None or call not in agent.calls:
        return
    calls = tuple(each for each in agent.calls if each != call)
    seconds = step.options.wrap_up
    until = step.now + seconds if wrap_up and seconds > 0 and not calls else agent.wrap_up_until
    step.put_agent(replace(agent, calls=calls, wrap_up_until=until, idle_since=step.now))


def end_wrap_up(step: Step, agent: Agent) -> None:
    step.put_agent(replace(agent, wrap_up_until=None, idle_since=step.now))

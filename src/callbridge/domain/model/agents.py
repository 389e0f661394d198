"""An agent as the engine sees one now."""

from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.model.ids import AgentId, CallId, OfferId


class Presence(StrEnum):
    """What the agent (or a missed offer) last said. What they are doing at the moment is `AgentState`."""

    OFFLINE = "offline"
    """Not logged in."""
    AVAILABLE = "available"
    """Ready for calls."""
    BUSY = "busy"
    """Logged in, and not ready."""


class AgentState(StrEnum):
    """What everybody is shown (row 12 of the features)."""

    OFFLINE = "offline"
    """Not logged in."""
    AVAILABLE = "available"
    """Ready for calls, and without one."""
    OFFERED = "offered"
    """A call is offered to them, and they have not answered yet."""
    ON_CALL = "on_call"
    """At least one call is theirs, or they are consulted about one."""
    WRAP_UP = "wrap_up"
    """After a call: no new one for a while."""
    BUSY = "busy"
    """Logged in, and not ready; `reason` says why."""


class PhoneState(StrEnum):
    """Asterisk's device states, folded to what matters for an offer."""

    UNKNOWN = "unknown"
    """Not told by the PBX. Offers are made: the attempt will show."""
    IDLE = "idle"
    """Ready to ring."""
    IN_USE = "in_use"
    """It rings or is on a call, here or elsewhere."""
    UNREACHABLE = "unreachable"
    """Not registered, or not answering the PBX: no offers."""


LOGGED_IN = "logged_in"
"""The reason of being busy after login: nobody gets a call before they said that they are ready."""
MISSED_OFFER = "missed_offer"
PHONE_UNREACHABLE = "phone_unreachable"
PHONE_DECLINES = "phone_declines"
"""The phone declined one call after the other at once, as one that is set to "do not disturb" does."""
GATEWAY_REASONS = frozenset({LOGGED_IN, MISSED_OFFER, PHONE_UNREACHABLE, PHONE_DECLINES})
"""Why Busy, where the agent did not say so themselves."""


@dataclass(frozen=True, kw_only=True)
class Agent:
    id: AgentId
    presence: Presence = Presence.OFFLINE
    reason: str | None = None
    """Why Busy: one of GATEWAY_REASONS, or what the agent gave."""
    since: float = 0.0
    """Epoch seconds of the last change of what `state` says."""
    idle_since: float = 0.0
    """Epoch seconds since when the agent could have had a call: the longest idle is asked first."""
    offer: OfferId | None = None
    """The one pending offer. An agent never has two."""
    calls: tuple[CallId, ...] = ()
    """The calls that are theirs, oldest first."""
    wrap_up_until: float | None = None
    set_by: str | None = None
    """Who else set the presence, as people call them: a supervisor or a service. None: the agent, or the gateway."""
    set_at: float | None = None
    """Epoch seconds at which `set_by` did so."""
    network_failed_at: float | None = None
    """Epoch seconds of the last offer that came to nothing by the network's fault."""

    @property
    def state(self) -> AgentState:
        if self.offer is not None:
            return AgentState.OFFERED
        if self.calls:
            return AgentState.ON_CALL
        if self.presence is Presence.OFFLINE:
            return AgentState.OFFLINE
        if self.wrap_up_until is not None:
            return AgentState.WRAP_UP
        return AgentState(self.presence.value)

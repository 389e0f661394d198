"""The channels that callbridge originates for a call."""

from dataclasses import dataclass
from enum import StrEnum

from callbridge.domain.model.ids import AgentId, ChannelId


class LegState(StrEnum):
    DIALING = "dialing"
    RINGING = "ringing"
    ANSWERED = "answered"
    """Picked up, but not yet where it can be bridged."""
    PARKED = "held"
    """In the legs' own holding bridge, in silence: ready to be bridged."""
    TALKING = "talking"
    """In a bridge with somebody."""


class PhoneHold(StrEnum):
    """Whether the phone holds by its own key (RFC 3264: `sendonly` or `inactive`)."""

    NO = "no"
    YES = "yes"
    """It is not heard, and hears nobody."""
    UNCLEAR = "unclear"
    """The PBX takes it for one that holds, but it was so from the answer on: there was no address in it, as browsers do
    it, and sound flows all the same."""


class LegRole(StrEnum):
    AGENT = "agent"
    """Of the agent whose call it is, or who is offered it."""
    TARGET = "target"
    """Of the one who is consulted."""
    FOURTH = "fourth"


@dataclass(frozen=True, kw_only=True)
class Leg:
    """One channel that callbridge originated for a call."""

    channel: ChannelId
    role: LegRole
    agent: AgentId | None = None
    """None: an external party."""
    number: str | None = None
    """Of an external party, E.164."""
    state: LegState = LegState.DIALING
    name: str | None = None
    """Asterisk's channel name, once it is known."""
    made_at: float = 0.0
    deadline: float | None = None
    """Epoch seconds by which it must have been answered, where no offer's deadline says so."""
    muted: bool = False
    held: bool = False
    """In a conference: put on hold by the agent."""
    releasing: bool = False
    """Told to hang up: what it still says does not matter any more."""
    failed: bool = False
    """The PBX said that it came to nothing."""
    phone_hold: PhoneHold = PhoneHold.NO
    consoled: bool = False
    """Hears music in the waiting room, since the phone of whom they shall talk with holds."""
    early_sound: bool = False
    """Of an external party: sound came from there before it was answered."""
    listens: bool = False
    """Of agent 1: it was told to hear the target's early sound."""

    @property
    def phone_holds(self) -> bool:
        return self.phone_hold is PhoneHold.YES

    @property
    def unanswered(self) -> bool:
        return self.state in (LegState.DIALING, LegState.RINGING)

    @property
    def never_came(self) -> bool:
        """It failed and was not seen to ring: its end with the cause follows in a moment, or never."""
        return self.failed and self.state is LegState.DIALING

"""All that the engine knows now. The engine changes it; everybody else only reads."""

from dataclasses import dataclass, field

from callbridge.domain.model.agents import Agent, PhoneState
from callbridge.domain.model.calls import Call
from callbridge.domain.model.facts import ChannelFact
from callbridge.domain.model.hearing import Party
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, GroupId, OfferId
from callbridge.domain.model.settings import Settings


@dataclass(slots=True)
class World:
    settings: Settings
    agents: dict[AgentId, Agent] = field(default_factory=dict)
    """Every configured agent, and those no longer configured who still have a call."""
    calls: dict[CallId, Call] = field(default_factory=dict)
    """The calls that have not ended."""
    callers: dict[ChannelId, CallId] = field(default_factory=dict)
    """The call of each caller's channel, and of those whose place it took."""
    channels: dict[ChannelId, ChannelFact] = field(default_factory=dict)
    """The live channels of these calls, as the PBX last showed them."""
    phones: dict[str, PhoneState] = field(default_factory=dict)
    pbx_up: bool = False
    pbx_silent: bool = False
    """The PBX says nothing: until it is seen again nothing is decided but what follows from its facts."""
    unheard_since: float | None = None
    """Epoch seconds since which the PBX has not been heard, or seen: time stands still for what it was told."""
    ended: dict[CallId, Call] = field(default_factory=dict)
    """Calls that ended a short while ago: what still comes of them is late, not new."""
    waits: dict[GroupId, tuple[float, ...]] = field(default_factory=dict)
    """Seconds that the last callers of each group waited until somebody accepted."""
    heard: dict[CallId, tuple[Party, ...]] = field(default_factory=dict)
    """Who heard whom, as it was last published."""
    reserving: CallId | None = None
    """The call for which the store has been asked for an agent and has not answered.

    Whatever happens meanwhile it is not asked again: two answers would be for one offer, and the one that came second
    would give back what the first one gave.
    """
    declines: dict[AgentId, int] = field(default_factory=dict)
    """How many offers in a row each agent's phone has declined at once; none: not in here."""
    left_in_silence: dict[AgentId, OfferId] = field(default_factory=dict)
    """Who left or became busy with this offer pending while the PBX was silent: no phone could be told to stop."""
    faulty: dict[CallId, float] = field(default_factory=dict)
    """Calls on which the engine failed: their deadlines and offers rest until then (epoch seconds)."""

    @property
    def pbx_listens(self) -> bool:
        """Whether the PBX can be told something and would be seen to do it."""
        return self.pbx_up and not self.pbx_silent

    def channels_believed(self) -> set[ChannelId]:
        """The channels of the calls that have not ended, callers and legs."""
        legs = {leg.channel for call in self.calls.values() for leg in call.legs}
        return legs | {call.caller for call in self.calls.values()}

    def copy(self) -> "World":
        """Independent of this one: everything inside is frozen."""
        return World(
            settings=self.settings,
            agents=dict(self.agents),
            calls=dict(self.calls),
            callers=dict(self.callers),
            channels=dict(self.channels),
            phones=dict(self.phones),
            pbx_up=self.pbx_up,
            pbx_silent=self.pbx_silent,
            unheard_since=self.unheard_since,
            ended=dict(self.ended),
            waits=dict(self.waits),
            heard=dict(self.heard),
            reserving=self.reserving,
            declines=dict(self.declines),
            left_in_silence=dict(self.left_in_silence),
            faulty=dict(self.faulty),
        )

"""Who hears whom in a call, from the bridges that exist, never from what is intended."""

from collections.abc import Mapping
from dataclasses import dataclass

from callbridge.domain.model.calls import Call
from callbridge.domain.model.facts import ChannelFact
from callbridge.domain.model.ids import AgentId, ChannelId
from callbridge.domain.model.legs import LegState


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """One who takes part in a call, with what they hear at this moment."""

    channel: ChannelId
    role: str
    """`caller`, `agent`, `target` or `fourth`."""
    agent: AgentId | None
    number: str | None
    state: str
    """`dialing`, `ringing`, `answered` (on the way), `held` or `talking`."""
    muted: bool
    held: bool
    """Put on hold by the agent, in a conference."""
    phone_holds: bool
    """By the phone's own key: they hear nobody, and nobody hears them."""
    hears: tuple[ChannelId, ...]
    """Those who are in one bridge with them, not muted, and whose phones do not hold."""


def parties(call: Call, channels: Mapping[ChannelId, ChannelFact]) -> tuple[Party, ...]:
    """Everybody in the call, the caller first; legs that are being released are left out."""
    legs = [leg for leg in call.legs if not leg.releasing]
    muted = {leg.channel: leg.muted for leg in legs} | {call.caller: call.caller_muted}
    holds = {leg.channel for leg in legs if leg.phone_holds}
    rooms = {
        channel: fact.bridge
        for channel in muted
        if (fact := channels.get(channel)) is not None and fact.bridge is not None and not fact.holding
    }

    def hears(channel: ChannelId) -> tuple[ChannelId, ...]:
        room = rooms.get(channel)
        if room is None or channel in holds:
            return ()
        others = (other for other, place in rooms.items() if other != channel and place == room)
        return tuple(other for other in others if not muted[other] and other not in holds)

    found = []
    if call.caller in channels:
        state = "talking" if call.caller in rooms else "held" if channels[call.caller].holding else "answered"
        found.append(
            Party(
                channel=call.caller,
                role="caller",
                agent=None,
                number=call.caller_number,
                state=state,
                muted=call.caller_muted,
                held=call.caller_held,
                phone_holds=False,
                hears=hears(call.caller),
            )
        )
    found += (
        Party(
            channel=leg.channel,
            role=leg.role.value,
            agent=leg.agent,
            number=leg.number,
            state=leg.state.value if leg.state is not LegState.TALKING or leg.channel in rooms else "answered",
            muted=leg.muted,
            held=leg.held,
            phone_holds=leg.phone_holds,
            hears=hears(leg.channel),
        )
        for leg in legs
    )
    return tuple(found)

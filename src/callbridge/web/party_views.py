"""From the live call to the parties that clients are shown. Pure."""

from collections.abc import Iterable

from callbridge.domain.model.calls import Call
from callbridge.domain.model.hearing import Party, parties
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, PresetId
from callbridge.domain.model.settings import Settings
from callbridge.domain.model.transfer import DestinationKind
from callbridge.domain.model.world import World
from callbridge.web.numbers import international
from callbridge.web.party_answers import PartiesOut, PartyOut

CALLER = "caller"


def party_id(call: Call, channel: ChannelId) -> str:
    """The party's name within its call: what it is called on the PBX is the PBX's own matter."""
    return CALLER if channel == call.caller else channel.removeprefix(f"{call.id}-")


def party_channel(call: Call, party: str) -> ChannelId:
    """The channel of this party, if there is one."""
    return call.caller if party == CALLER else ChannelId(f"{call.id}-{party}")


def parties_of(world: World, call: Call) -> list[PartyOut]:
    """Everybody in the call as the PBX shows them now; nobody where it is over."""
    if call.id not in world.calls:
        return []
    found = parties(call, world.channels)
    return [_party(world.settings, call, party, found) for party in found]


def parties_out(world: World, call: Call) -> PartiesOut:
    return PartiesOut(
        call=call.id,
        state=call.state,
        stage=call.consult.stage if call.consult else None,
        items=parties_of(world, call),
    )


def party_out(world: World, call_id: CallId, channel: ChannelId) -> PartyOut | None:
    """None: they are gone already."""
    call = world.calls.get(call_id)
    found = (each for each in parties_of(world, call) if each.id == party_id(call, channel)) if call else iter(())
    return next(found, None)


def _party(settings: Settings, call: Call, party: Party, everybody: Iterable[Party]) -> PartyOut:
    return PartyOut.model_validate(
        {
            "id": party_id(call, party.channel),
            "role": party.role,
            "agent": party.agent,
            "name": _name(settings, call, party),
            "number": international(party.number) if party.number else None,
            "state": party.state,
            "muted": party.muted,
            "held": party.held,
            "phone_holds": party.phone_holds,
            "external": party.agent is None and party.channel != call.caller,
            "hears": [party_id(call, other.channel) for other in everybody if other.channel in party.hears],
        }
    )


def _name(settings: Settings, call: Call, party: Party) -> str | None:
    if party.channel == call.caller:
        return call.caller_name or None
    if party.agent is not None:
        known = settings.agents.get(AgentId(party.agent))
        return known.name if known else party.agent
    destination = call.transfer.destination if call.transfer else None
    if party.role == "target" and destination is not None and destination.kind is DestinationKind.PRESET:
        preset = settings.presets.get(PresetId(destination.value))
        return preset.name if preset else None
    return None

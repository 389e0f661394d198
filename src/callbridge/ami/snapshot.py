"""What really is on the PBX now, as one signal: taken after every login, and whenever something is in doubt.

A channel that is in no list need not be gone: a stranger can tear his row, and a list can lack one. So each channel
that is believed to be there and was not shown is asked for by its Uniqueid.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol

from callbridge.ami.decode import (
    EARLY,
    HOLDING_BRIDGES,
    MUSIC,
    channel_fact,
    channel_variables,
    is_genuine,
    is_listening,
    is_waiting,
    is_whole,
    phone_state,
    text,
)
from callbridge.ami.errors import ActionRefused, AmiError, ConnectionLost, StampMissing
from callbridge.ami.framing import Message
from callbridge.domain.model.facts import ChannelFact, PbxSeen
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.legs import PhoneHold

Headers = Mapping[str, str | Sequence[str]]

_LEGS = frozenset({"agent", "external"})
"""Roles of the channels whose phones callbridge rang."""
_HOLD = "CHANNEL(rtp,hold)"
"""1: the SDP that the phone last sent says hold. For Getvar alone: Status reads variables with the channel locked, and
this one waits for the thread that may be waiting for the channel."""
_HELD = "CALLBRIDGE_HELD"
"""1: it said so when the phone answered. The dialplan has written it down."""

_AT_ONCE = 50
"""Channels that are asked for at the same time."""


class Asking(Protocol):
    async def action(self, name: str, /, headers: Headers = ...) -> Message: ...

    async def list_action(self, name: str, /, headers: Headers = ...) -> list[Message]: ...


async def take_snapshot(
    link: Asking,
    now: float,
    stamp: str,
    known: Callable[[], Collection[ChannelId]] = tuple,
    *,
    login: bool = False,
) -> PbxSeen:
    """All channels with their bridges and variables, and the phones' states. `now` in epoch seconds.

    `known` gives the channels that are believed to be there.
    `login`: nothing was seen for a while, so each leg's phone is also asked whether it holds; no list shows that.

    Not one moment: three lists, one after the other. Events that came since the first one was asked for must be
    handled after this signal. Rows without the stamp are not the PBX's and are left out, as long as others have it.
    Raises what `Link.list_action` raises, and StampMissing where callbridge's channels are there and none has it.
    """
    channels = await link.list_action("Status")
    bridges = await link.list_action("BridgeList")
    phones = await link.list_action("DeviceStateList")
    rooms = {text(bridge, "BridgeUniqueid"): bridge for bridge in bridges}
    genuine = [channel for channel in channels if is_genuine(channel, stamp)]
    if not genuine and any(_is_ours(channel, rooms) for channel in channels):
        raise StampMissing
    facts = []
    for channel in genuine:
        bridge = text(channel, "BridgeID")
        room = rooms.get(bridge)
        # A bridge that was gone by the second list holds nobody any more.
        place = bridge if room is not None else ""
        if not place:
            place = MUSIC if is_waiting(channel) else EARLY if is_listening(channel) else ""
        facts.append(channel_fact(channel, bridge=place, room=room))
    shown = {fact.channel for fact in facts}
    return PbxSeen(
        taken_at=now,
        channels=tuple(facts),
        unclear=await _not_gone(link, [channel for channel in known() if channel not in shown]),
        phones={text(phone, "Device"): phone_state(text(phone, "State")) for phone in phones},
        holding=await _holding(link, facts) if login else {},
    )


async def _not_gone(link: Asking, missing: Sequence[ChannelId]) -> frozenset[ChannelId]:
    """Those of the channels of which the PBX does not say that there is no such channel."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def is_gone(channel: ChannelId) -> bool:
        async with places:
            try:
                await link.action("Getvar", {"Channel": channel, "Variable": "CHANNEL(uniqueid)"})
            except ConnectionLost:
                raise
            except AmiError as error:
                return isinstance(error, ActionRefused) and "no such channel" in error.message.lower()
        return False

    answers = await asyncio.gather(*(is_gone(channel) for channel in missing), return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return frozenset(channel for channel, gone in zip(missing, answers, strict=True) if not gone)


async def _holding(link: Asking, facts: Iterable[ChannelFact]) -> dict[ChannelId, PhoneHold]:
    """Which legs' phones hold by their own key; without those that are gone meanwhile."""
    found: dict[ChannelId, PhoneHold] = {}
    for fact in facts:
        if fact.variables.role in _LEGS and fact.answered and fact.name.startswith("PJSIP/"):
            with suppress(ActionRefused):
                holds = await _reads(link, fact.channel, _HOLD)
                always = holds and await _reads(link, fact.channel, _HELD)
                found[fact.channel] = PhoneHold.UNCLEAR if always else PhoneHold.YES if holds else PhoneHold.NO
    return found


async def _reads(link: Asking, channel: ChannelId, variable: str) -> bool:
    return text(await link.action("Getvar", {"Channel": channel, "Variable": variable}), "Value") == "1"


def _is_ours(channel: Message, rooms: Mapping[str, Message]) -> bool:
    """Whether a row without the stamp looks like a channel of callbridge's."""
    room = rooms.get(text(channel, "BridgeID"), {})
    return is_whole(channel) and (
        text(channel, "Context").startswith("callbridge")
        or bool(channel_variables(channel).role)
        or text(room, "BridgeName") in HOLDING_BRIDGES
    )

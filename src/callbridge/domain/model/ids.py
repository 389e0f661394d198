"""The names of things, each its own type so that two of them are never mixed up.

Every id is derived, never drawn: a restarted gateway that decides again decides on the same ids, so an
effect that is performed twice hits the same channel, offer or row.
"""

import re
from typing import NewType

AgentId = NewType("AgentId", str)
GroupId = NewType("GroupId", str)
PresetId = NewType("PresetId", str)
CallId = NewType("CallId", str)
OfferId = NewType("OfferId", str)
TransferId = NewType("TransferId", str)
PopId = NewType("PopId", str)
BridgeId = NewType("BridgeId", str)
"""Asterisk's BridgeUniqueid."""
ChannelId = NewType("ChannelId", str)
"""Asterisk's Uniqueid of one leg. Channel *names* can change; this does not."""
RequestId = NewType("RequestId", str)
"""Names one request of an outside client, so that its answer finds the way back."""

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]")
_COUNTED = re.compile(r"-(?:leg|offer|transfer|pop)-[0-9]+$")


def call_id(arrival: str) -> CallId:
    """The call of this arrival (the dialplan's CALLBRIDGE_CALL); safe in a URL and in a dialplan variable."""
    return CallId("c-" + _UNSAFE.sub("-", arrival)[:80])


def arrival_of(call: CallId) -> str:
    """The arrival that gives this call's id again."""
    return call.removeprefix("c-")


def leg_channel_id(call: CallId, number: int) -> ChannelId:
    """The Uniqueid that the call's `number`-th leg is originated with."""
    return ChannelId(f"{call}-leg-{number}")


def offer_id(call: CallId, number: int) -> OfferId:
    return OfferId(f"{call}-offer-{number}")


def call_of(made: OfferId | TransferId | PopId | ChannelId) -> CallId:
    """The call that an offer, a transfer, a pop or a leg is of, by its name; any other id is no call's."""
    return CallId(_COUNTED.sub("", made))


def transfer_id(call: CallId, number: int) -> TransferId:
    return TransferId(f"{call}-transfer-{number}")


def pop_id(call: CallId, number: int) -> PopId:
    return PopId(f"{call}-pop-{number}")

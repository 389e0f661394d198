"""AMI messages to signals. Pure; what is not understood is None, never an exception.

Fields and their meaning are those that Asterisk 22 was seen to send; a field that is missing reads as empty.
"""

import re

from callbridge.ami.framing import Message, number
from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.facts import (
    ChannelAnswered,
    ChannelEntered,
    ChannelFact,
    ChannelGone,
    ChannelLeft,
    ChannelReplaced,
    ChannelRinging,
    ChannelVariables,
    EarlySound,
    ListenerHungUp,
    OriginateFailed,
    PhoneChanged,
    PhoneHolds,
)
from callbridge.domain.model.ids import BridgeId, ChannelId
from callbridge.domain.model.signals import Signal

CHANNEL_EVENTS = frozenset(
    {"BridgeEnter", "BridgeLeave", "Newstate", "Hangup", "HangupRequest", "UserEvent", "Hold", "Unhold"}
)
"""Those that carry the channel's variables, the stamp among them."""

DIALLED = "DialState"
"""Tells of a channel that is being called, in headers that begin with `Dest`, its variables among them; before those it
may have another channel's, with theirs."""

WANTED = (*sorted(CHANNEL_EVENTS), DIALLED, "OriginateResponse", "DeviceStateChange", "FullyBooted")
"""The events that mean something here; the eventfilter lines of asterisk/manager-callbridge.conf name the same."""

STAMP = "CALLBRIDGE_STAMP"
"""Global variable with a word that only the PBX and the gateway know.

A line break in a caller's SIP address becomes one in AMI's messages, so a stranger can add headers to an event, or
whole events. Such a one does not have the word.
"""

PRESENTATION = "CALLERID(pres)"
"""A function of the dialplan, which Asterisk asks for each event: whether the caller wants to be shown."""

WITHHELD = "CALLBRIDGE_WITHHELD"
"""Where the dialplan keeps the number that a caller withholds."""

ADDED_LATER = ("CALLBRIDGE_CALLER", WITHHELD, PRESENTATION)
"""Those that an older manager.conf lacks. Without them all works, but for what they tell."""

VARIABLES = (
    "CALLBRIDGE_ROLE",
    "CALLBRIDGE_CALL",
    "CALLBRIDGE_GROUP",
    "CALLBRIDGE_CALLED",
    "CALLBRIDGE_DATA",
    "CALLBRIDGE_AFTER",
    "CALLBRIDGE_RECORD",
    STAMP,
    "CALLBRIDGE_CALLER",
    WITHHELD,
    PRESENTATION,
)
"""The variables that every channel event must carry: channelvars in manager.conf names the same."""

HOLDING_BRIDGES = frozenset({"callbridge-hold", "callbridge-legs"})
"""Names of the waiting rooms in asterisk/extensions-callbridge.conf.

Of callers only those wait in the first one who came before the PBX's dialplan was upgraded.
"""

MUSIC = BridgeId("callbridge-music")
"""Where waiting callers are. They are in no bridge of Asterisk's, but in music that the dialplan plays to each."""

EARLY = BridgeId("callbridge-early")
"""Where legs are that hear another one before it is answered: in no bridge of Asterisk's either."""

WAITING_LINE = ("callbridge-hold", "s", "15")
"""The line of the dialplan in which callers wait: it does not change from version to version."""

WAITS, LEAVES = "CallbridgeWaits", "CallbridgeLeaves"
"""Names of the dialplan's UserEvents: a caller begins to wait, or a leg to listen; the own fallback takes a caller."""

ACTION_ID_STAMP = "|"
"""Between the ChannelId and the stamp in an Originate's ActionID."""

_RINGING, _UP = "5", "6"
_ESCAPED = re.compile(r"\\(.)")
_QUOTED_PAIR = re.compile(r'\\(["\\])')

_PHONE_STATES = {
    "NOT_INUSE": PhoneState.IDLE,
    "INUSE": PhoneState.IN_USE,
    "BUSY": PhoneState.IN_USE,
    "RINGING": PhoneState.IN_USE,
    "RINGINUSE": PhoneState.IN_USE,
    "ONHOLD": PhoneState.IN_USE,
    "UNAVAILABLE": PhoneState.UNREACHABLE,
    "INVALID": PhoneState.UNREACHABLE,
}


def text(message: Message, header: str) -> str:
    """The header's value; the first where it is repeated, empty where it is missing."""
    value = message.get(header, "")
    return value if isinstance(value, str) else (value[0] if value else "")


def has_stamp(message: Message, stamp: str, *, dialled: bool = False) -> bool:
    """Whether the PBX's own word is in it: then it is a genuine message, or the end of one.

    `dialled`: among the variables of the channel that is being called.
    """
    return f"{STAMP}={stamp}" in _lines(message, "Dest" if dialled else "")


def is_genuine(message: Message, stamp: str) -> bool:
    """Whether a channel's message has the stamp, as the PBX adds it, and nothing twice. Others have none to show.

    A forged message can end in the tail of the real one that it was put into, stamp and all. Where head and tail are
    one message, something is in it twice; where they are two, `callbridge.ami.seam` knows.
    """
    if text(message, "Event") == DIALLED:
        return has_stamp(message, stamp, dialled=True) and is_whole(message)
    if text(message, "Event") not in CHANNEL_EVENTS and text(message, "Event") != "Status":
        return True
    return has_stamp(message, stamp) and is_whole(message)


def is_whole(message: Message) -> bool:
    """Whether it says everything once. Asterisk repeats nothing but the header of channels' variables."""
    if any(isinstance(value, list) for header, value in message.items() if not header.endswith("ChanVariable")):
        return False
    for prefix in ("", "Dest"):
        named = [line.partition("=")[0] for line in _lines(message, prefix)]
        if len(named) > len(set(named)):
            return False
    return True


def _lines(message: Message, prefix: str = "") -> list[str]:
    values = message.get(f"{prefix}ChanVariable", [])
    return [values] if isinstance(values, str) else values


def decode(message: Message, stamp: str) -> Signal | None:
    """The signal of an event; None where it means nothing here."""
    match text(message, "Event"):
        case "BridgeEnter":
            fact = channel_fact(message, bridge=text(message, "BridgeUniqueid"), room=message)
            swapped = text(message, "SwapUniqueid")
            return ChannelReplaced(old=ChannelId(swapped), fact=fact) if swapped else ChannelEntered(fact=fact)
        case "BridgeLeave":
            return ChannelLeft(
                channel=ChannelId(text(message, "Uniqueid")), bridge=BridgeId(text(message, "BridgeUniqueid"))
            )
        case "Newstate":
            return _newstate(message)
        case "Hangup":
            return ChannelGone(
                channel=ChannelId(text(message, "Uniqueid")),
                cause=number(text(message, "Cause")) or 0,
                sip_status=_sip_status(text(message, "TechCause")),
                elsewhere=_ended_elsewhere(message),
            )
        case "UserEvent" if text(message, "UserEvent") == WAITS:
            place = MUSIC if channel_variables(message).role == "caller" else EARLY
            return ChannelEntered(fact=channel_fact(message, bridge=place, room=None))
        case "UserEvent" if text(message, "UserEvent") == LEAVES:
            return ChannelEntered(fact=channel_fact(message, bridge="", room=None))
        case "Hold" | "Unhold" as event:
            # Told as soon as the SDP says so. In the answer itself it comes before the channel is up.
            up = text(message, "ChannelState") == _UP
            return PhoneHolds(channel=ChannelId(text(message, "Uniqueid")), on=event == "Hold", answered=up)
        case "HangupRequest" if text(message, "Context") == EARLY:
            put_down = ChannelId(text(message, "Uniqueid"))
            return ListenerHungUp(channel=put_down, cause=number(text(message, "Cause")) or 0)
        case "DialState" if text(message, "DialStatus") == "PROGRESS":
            # There will be sound, or only a word of it: whoever is told asks for the sound.
            ours = _found(message, "Dest").get("CALLBRIDGE_ROLE") == "external"
            return EarlySound(channel=ChannelId(text(message, "DestUniqueid"))) if ours else None
        case "OriginateResponse" if text(message, "Response") == "Failure":
            # The Uniqueid is "<null>" where no channel was made; the ActionID is what `encode` gave it.
            channel, _, shown = text(message, "ActionID").partition(ACTION_ID_STAMP)
            return OriginateFailed(channel=ChannelId(channel)) if shown == stamp else None
        case "DeviceStateChange":
            return PhoneChanged(phone=text(message, "Device"), state=phone_state(text(message, "State")))
    return None


def _ended_elsewhere(message: Message) -> bool:
    """Whether a caller's channel ended with another's place in the dialplan, having given its own to that one.

    Seen on Asterisk 22: a channel into whose music somebody is transferred ends with their context, and the variables
    stay with both.
    """
    context = text(message, "Context")
    return channel_variables(message).role == "caller" and not context.startswith("callbridge") and context != ""


def _newstate(message: Message) -> Signal | None:
    channel, name = ChannelId(text(message, "Uniqueid")), text(message, "Channel")
    match text(message, "ChannelState"):
        case state if state == _RINGING:
            return ChannelRinging(channel=channel, name=name)
        case state if state == _UP:
            return ChannelAnswered(channel=channel, name=name)
    return None


def channel_fact(message: Message, *, bridge: str, room: Message | None) -> ChannelFact:
    """The channel as this message shows it, in this bridge; `room` has the fields that describe the bridge."""
    state = text(message, "ChannelState")
    holding = bridge in (MUSIC, EARLY) or (
        room is not None
        and text(room, "BridgeTechnology") == "holding_bridge"
        and text(room, "BridgeName") in HOLDING_BRIDGES
    )
    found = _found(message)
    withheld = known(found.get(WITHHELD, ""))
    return ChannelFact(
        channel=ChannelId(text(message, "Uniqueid")),
        name=text(message, "Channel"),
        answered=state == _UP,
        ringing=state == _RINGING,
        caller_number=withheld or known(text(message, "CallerIDNum")),
        caller_name=unescaped(known(text(message, "CallerIDName"))),
        bridge=BridgeId(bridge) if bridge else None,
        holding=holding,
        variables=channel_variables(message),
        caller_withheld=bool(withheld) or found.get(PRESENTATION, "").startswith("prohib"),
        listens=bridge == EARLY,
    )


def is_waiting(row: Message) -> bool:
    """Whether a row of Status shows a caller who waits."""
    place = (text(row, "Context"), text(row, "Exten"), text(row, "Priority"))
    return place == WAITING_LINE and not text(row, "BridgeID")


def is_listening(row: Message) -> bool:
    """Whether a row of Status shows a leg that hears another one before it is answered."""
    return text(row, "Context") == EARLY and not text(row, "BridgeID")


def channel_variables(message: Message) -> ChannelVariables:
    """callbridge's variables: `ChanVariable: NAME=value`, in events and in the answers to Status alike."""
    found = _found(message)
    after, _, turn = found.get("CALLBRIDGE_AFTER", "").partition("-")
    return ChannelVariables(
        role=found.get("CALLBRIDGE_ROLE", ""),
        call=found.get("CALLBRIDGE_CALL", ""),
        group=found.get("CALLBRIDGE_GROUP", ""),
        called=found.get("CALLBRIDGE_CALLED", ""),
        data=_from_c(found.get("CALLBRIDGE_DATA", "")),
        after=after,
        turn=turn if turn.isascii() and turn.isdigit() else "",
        record=found.get("CALLBRIDGE_RECORD", ""),
        caller=found.get("CALLBRIDGE_CALLER", ""),
    )


def _found(message: Message, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _lines(message, prefix):
        name, _, value = line.partition("=")
        found.setdefault(name, value)
    return found


def phone_state(state: str) -> PhoneState:
    return _PHONE_STATES.get(state.upper().replace(" ", "_"), PhoneState.UNKNOWN)


def known(value: str) -> str:
    """Asterisk writes `<unknown>` where there is none."""
    return "" if value in ("<unknown>", "<null>") else value


def unescaped(name: str) -> str:
    """A name as the caller sent it.

    Asterisk leaves `\\"` and `\\\\` of a SIP display name as they are (quoted-pair, RFC 3261 section 25.1), and writes
    names in AMI like a C string (`ast_escape_c`), apostrophes too. Escaped control characters become spaces.
    """
    return _QUOTED_PAIR.sub(r"\1", _from_c(name))


def _from_c(value: str) -> str:
    return _ESCAPED.sub(lambda found: " " if found[1] in "abfnrtv" else found[1], value)


def _sip_status(value: str) -> int | None:
    """`TechCause` of a PJSIP channel (seen in Asterisk 22.10): a final status other than success."""
    return int(value) if value.isascii() and value.isdigit() and len(value) == 3 and value >= "300" else None

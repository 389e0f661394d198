"""Effects to AMI actions. Pure. What a person or a caller can choose is only ever a value, and a clean one.

Control characters are refused once more by the link, for every header of every action.
"""

import re
from typing import NamedTuple

from callbridge.ami.decode import ACTION_ID_STAMP
from callbridge.domain.effects import (
    Bridge,
    ChannelEffect,
    Hangup,
    Hold,
    Originate,
    SetAfter,
    ToFallback,
)

_UNSAFE_NAME = re.compile(r'[\x00-\x1f\x7f"<>\\,;|()]+')
_UNSAFE_NUMBER = re.compile(r"[^0-9A-Za-z+*#._-]+")
_NORMAL_CLEARING = "16"


class Action(NamedTuple):
    name: str
    headers: dict[str, str | list[str]]


def encode(effect: ChannelEffect, stamp: str) -> Action:
    """The one AMI action that performs the effect; `stamp` makes an Originate's answer recognisable."""
    match effect:
        case Originate():
            return Action("Originate", _originate(effect, stamp))
        case Bridge():
            return Action("Bridge", {"Channel1": effect.caller_name, "Channel2": effect.leg_name, "Tone": "no"})
        case Hold():
            return _redirect(effect.name, "callbridge-hold")
        case ToFallback():
            return _redirect(effect.name, "callbridge-fallback")
        case SetAfter():
            return Action("Setvar", {"Channel": effect.name, "Variable": "CALLBRIDGE_AFTER", "Value": effect.after})
        case Hangup():
            # The Uniqueid: a leg that is still being dialled may have no name yet that we know.
            return Action("Hangup", {"Channel": effect.channel, "Cause": _NORMAL_CLEARING})


def _redirect(channel_name: str, context: str) -> Action:
    return Action("Redirect", {"Channel": channel_name, "Context": context, "Exten": "s", "Priority": "1"})


def _originate(effect: Originate, stamp: str) -> dict[str, str | list[str]]:
    return {
        # OriginateResponse carries the ActionID also where no channel came to life.
        "ActionID": f"{effect.channel}{ACTION_ID_STAMP}{stamp}",
        "Channel": effect.phone,
        "ChannelId": effect.channel,
        "Context": "callbridge-leg",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(int(effect.timeout * 1000)),
        "CallerID": caller_id(effect.caller_name, effect.caller_number),
        "Variable": [
            "CALLBRIDGE_ROLE=agent",
            f"CALLBRIDGE_CALL={effect.call}",
            f"CALLBRIDGE_LEG={effect.channel}",
        ],
    }


def caller_id(name: str, number: str) -> str:
    """`"Name" <number>`, without anything that could end the quotes, the brackets or the header."""
    clean_name = _UNSAFE_NAME.sub(" ", name).strip()[:80]
    clean_number = _UNSAFE_NUMBER.sub("", number)[:40]
    return f'"{clean_name}" <{clean_number}>'

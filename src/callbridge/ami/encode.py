"""Effects to AMI actions. Pure. What a person or a caller can choose is only ever a value, and a clean one.

Channels are acted on by Uniqueid: a name may be another channel's tomorrow, or be read out of what a stranger wrote.
Control characters are refused once more by the link, for every header of every action.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from callbridge.ami.decode import ACTION_ID_STAMP
from callbridge.ami.headers import FORBIDDEN
from callbridge.domain.model.effects import (
    Adopt,
    Bridge,
    ChannelEffect,
    Hangup,
    Hold,
    Introduce,
    Join,
    Listen,
    Mute,
    Originate,
    Park,
    SetAfter,
    SetHear,
    StopRecording,
    ToFallback,
)
from callbridge.domain.model.ids import ChannelId, arrival_of

_HOLD = "callbridge-hold,s,1"
_LEG_AGAIN = "callbridge-leg,s,7"
"""Past the lines that a leg runs once."""
_TALK = "callbridge-talk,s,1"
_JOIN = "callbridge-join,s,1"
_FALLBACK = "callbridge-fallback,s,1"
_ADOPT, _ADOPT_AND_JOIN = "callbridge-adopt,s,1", "callbridge-adopt,join,1"
PLACES = (_HOLD, _LEG_AGAIN, _TALK, _JOIN, _FALLBACK, _ADOPT, _ADOPT_AND_JOIN)
"""Where channels are redirected to. Where there is no such place Asterisk says `Success`, and the channel is gone."""
DIALPLAN = (*PLACES, "callbridge-whole,s,1")
"""What this version's dialplan has, and an older one does not: its callers would wait where nobody looks for them."""

_MOST_DATA = 1000
"""Characters; as much as the dialplan lets in."""
_LOCAL = "Local/"
_UNSAFE_NAME = re.compile(rf'[{FORBIDDEN}"<>\\,;|()]+')
_UNSAFE_NUMBER = re.compile(r"[^0-9A-Za-z+*#._-]+")
_NORMAL_CLEARING = "16"
CALL_HEADER = "X-Callbridge-Call"
"""In the INVITE of a phone in a page: the call's id, which has nothing in it that a header could not carry."""


class Action(NamedTuple):
    name: str
    headers: dict[str, str | list[str]]
    names: Mapping[str, ChannelId] = MappingProxyType({})
    """Headers that want the channel's name, which is to be asked for just before.

    AMI's Bridge is the only such action. It takes a Uniqueid too, but also for the *beginning* of one: `17.1` is
    `17.12` to it, as seen on Asterisk 22.10.1. All others look for the whole Uniqueid.
    """


def encode(effect: ChannelEffect, stamp: str) -> tuple[Action, ...]:
    """The actions that perform the effect, in order; `stamp` makes an Originate's answer recognisable.

    One verb is one action, but where the dialplan must first be told whom to join, or what to record. An action after
    one that was refused is not to be sent.
    """
    match effect:
        case Originate():
            return (Action("Originate", _originate(effect, stamp)),)
        case Bridge() if effect.record or effect.channel_name.startswith(_LOCAL):
            # AMI's own MixMonitor needs the class `system`, which nobody should have who does not own the PBX; and its
            # Bridge takes away the hook that keeps a Local channel from being optimized away.
            file = [_setvar(effect.channel, "CALLBRIDGE_RECORD", effect.record)] if effect.record else []
            peer = _setvar(effect.channel, "CALLBRIDGE_PEER", effect.peer)
            return (*file, peer, _redirect(effect.channel, _TALK))
        case Bridge():
            return (Action("Bridge", {"Tone": "no"}, {"Channel1": effect.channel, "Channel2": effect.peer}),)
        case Adopt():
            return _adopt(effect)
        case Introduce():
            return _introduce(effect)
        case Hold():
            return (_redirect(effect.channel, _HOLD),)
        case Park():
            return (_redirect(effect.channel, _LEG_AGAIN),)
        case Join():
            peer = _setvar(effect.channel, "CALLBRIDGE_PEER", effect.peer)
            return (peer, _redirect(effect.channel, _JOIN))
        case ToFallback():
            return (_redirect(effect.channel, _FALLBACK),)
        case SetAfter():
            after = f"{effect.after}-{effect.turn}" if effect.turn else effect.after
            return (_setvar(effect.channel, "CALLBRIDGE_AFTER", after),)
        case SetHear():
            return (_setvar(effect.channel, "CALLBRIDGE_HEAR", effect.hear),)
        case Listen():
            # By way of the waiting room: a dialplan that does not know it lets the leg hear ringing.
            return (_setvar(effect.channel, "CALLBRIDGE_EARLY", effect.to), _redirect(effect.channel, _LEG_AGAIN))
        case Mute():
            return (_setvar(effect.channel, "MUTEAUDIO(in)", "on" if effect.on else "off"),)
        case StopRecording():
            return (Action("StopMixMonitor", {"Channel": effect.channel}),)
        case Hangup():
            return (Action("Hangup", {"Channel": effect.channel, "Cause": _NORMAL_CLEARING}),)


def _introduce(effect: Adopt | Introduce) -> tuple[Action, ...]:
    variables = {
        "CALLBRIDGE_CALL": arrival_of(effect.call),
        "CALLBRIDGE_GROUP": effect.group,
        "CALLBRIDGE_CALLED": effect.called,
        "CALLBRIDGE_DATA": effect.data[:_MOST_DATA],
    }
    return tuple(_setvar(effect.channel, name, value) for name, value in variables.items())


def _adopt(effect: Adopt) -> tuple[Action, ...]:
    variables = {
        "CALLBRIDGE_AFTER": effect.after,
        "CALLBRIDGE_RECORD": effect.record,
        "CALLBRIDGE_PEER": effect.peer,
    }
    place = _ADOPT_AND_JOIN if effect.several else _ADOPT
    told = (_setvar(effect.channel, name, value) for name, value in variables.items())
    return (*_introduce(effect), *told, _redirect(effect.channel, place))


def _setvar(channel: ChannelId, name: str, value: str) -> Action:
    return Action("Setvar", {"Channel": channel, "Variable": name, "Value": value})


def _redirect(channel: ChannelId, place: str) -> Action:
    context, exten, priority = place.split(",")
    return Action("Redirect", {"Channel": channel, "Context": context, "Exten": exten, "Priority": priority})


def _originate(effect: Originate, stamp: str) -> dict[str, str | list[str]]:
    return {
        # OriginateResponse carries the ActionID also where no channel came to life.
        "ActionID": f"{effect.channel}{ACTION_ID_STAMP}{stamp}",
        "Channel": effect.phone,
        "ChannelId": effect.channel,
        "Context": "callbridge-external" if effect.external else "callbridge-leg",
        "Exten": "s",
        "Priority": "1",
        "Async": "true",
        "Timeout": str(int(effect.timeout * 1000)),
        "CallerID": '"" <>' if effect.caller_withheld else caller_id(effect.caller_name, effect.caller_number),
        "Variable": _variables(effect),
    }


def _variables(effect: Originate) -> list[str]:
    variables = [
        f"CALLBRIDGE_ROLE={'external' if effect.external else 'agent'}",
        f"CALLBRIDGE_CALL={effect.call}",
        f"CALLBRIDGE_LEG={effect.channel}",
    ]
    if effect.hear != "silence":
        variables.append(f"CALLBRIDGE_HEAR={effect.hear}")
    if effect.named:
        variables.append(f"PJSIP_HEADER(add,{CALL_HEADER})={effect.call}")
    if effect.caller_withheld:
        # With a CallerID Asterisk would set the presentation to "allowed", whatever these say: so it is empty.
        variables += ["CALLERID(pres)=prohib", "CONNECTEDLINE(pres)=prohib"]
    return variables


def caller_id(name: str, number: str) -> str:
    """`"Name" <number>`, without anything that could end the quotes, the brackets or the header."""
    clean_name = _UNSAFE_NAME.sub(" ", name).strip()[:80]
    clean_number = _UNSAFE_NUMBER.sub("", number)[:40]
    return f'"{clean_name}" <{clean_number}>'

"""What strangers write to tear AMI's messages, and the talks of others that must not be touched by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import steps

from callbridge.demo.bank_ami import Message
from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

LIST_END = "x\r\n\r\nEvent: FakeComplete\r\nFoo: "


def forged(channel: Message) -> str:
    """Says of whoever writes it that their channel is this one, and that it talks."""
    return f"x\r\n\r\nEvent: BridgeEnter\r\nChannel: {channel['Channel']}\r\nChannelState: 6\r\nFoo: "


def hangup(channel: Message) -> str:
    """A whole event that says that this channel has ended, and the beginning of another."""
    told = f"Channel: {channel['Channel']}\r\nUniqueid: {channel['Uniqueid']}\r\nCause: 16"
    return f"x\r\n\r\nEvent: Hangup\r\n{told}\r\n\r\nEvent: Hangup\r\nCause: 16\r\nFoo: "


def ends(channel: Message) -> str:
    """Says that this channel has ended, in the piece that has the genuine rest, with the stamp."""
    return f"x\r\n\r\nEvent: Hangup\r\nChannel: {channel['Channel']}\r\nUniqueid: {channel['Uniqueid']}\r\nFoo: "


def escaped(text: str) -> str:
    return quote(text, safe="")


@dataclass
class Talk:
    """Two who talk all the while."""

    caller: Caller
    desk: steps.Desk
    call: str
    channel: Message


async def talking(site: Site, lab: Lab, desk: steps.Desk, did: str, number: str) -> Talk:
    caller = await steps.ring(lab, did, number=number)
    pop = await desk.take()
    mine = next(
        one for one in await lab.channels() if one["CallerIDNum"] == number and one["Channel"].startswith("PJSIP/c")
    )
    return Talk(caller, desk, pop["call"], mine)


async def torn_rows(lab: Lab) -> list[Message]:
    """What a list of the channels says that Asterisk did not mean to say."""
    return [row for row in await (await lab.ami()).list_action("Status") if row.get("Event") != "Status"]


async def looks_again(site: Site) -> None:
    """The gateway is begun anew: it takes a snapshot, and nothing but that tells it who is there."""
    await site.stop()
    await site.start()


async def unharmed(site: Site, lab: Lab, *talks: Talk) -> None:
    for talk in talks:
        await steps.hear_each_other(lab, talk.caller, talk.desk.phone)
    states: Mapping[str, Any] = {call["id"]: call["state"] for call in await steps.live_calls(site)}
    assert [states.get(talk.call) for talk in talks] == ["talking"] * len(talks)
    await site.wait_ready()

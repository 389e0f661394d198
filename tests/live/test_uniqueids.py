"""Channels are named by their Uniqueid, and Asterisk takes the whole of it: on a real Asterisk, without a gateway."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import pytest
import pytest_asyncio

from callbridge.demo.bank_ami import AmiClient, AmiError, Message
from callbridge.demo.lab import Lab

_count = itertools.count(10)


@pytest_asyncio.fixture(scope="module")
async def lab() -> AsyncIterator[Lab]:
    async with Lab(agents=["anna", "boris"], dids={"5550100": "support"}) as running:
        yield running


@pytest_asyncio.fixture(autouse=True)
async def quiet_lab(lab: Lab) -> AsyncIterator[None]:
    await (await lab.ami()).action("Setvar", Variable="CALLBRIDGE_ALIVE", Value="99999999999")
    yield
    await lab.reset()


def entering(ami: AmiClient, **headers: str) -> "AbstractContextManager[asyncio.Future[Message]]":
    """A future of the next BridgeEnter with these headers."""
    wanted = {"Event": "BridgeEnter", **headers}
    return ami.expect(lambda message: wanted.items() <= message.items())


async def leg(lab: Lab, phone: str, uniqueid: str) -> str:
    """A leg with this Uniqueid in the legs' waiting room."""
    await lab.bank.phone(phone).auto_answer()
    ami = await lab.ami()
    with entering(ami, Uniqueid=uniqueid) as waits:
        await ami.action(
            "Originate",
            variables={"CALLBRIDGE_ROLE": "agent", "CALLBRIDGE_LEG": uniqueid},
            Channel=f"PJSIP/{phone}",
            Context="callbridge-leg",
            Exten="s",
            Priority=1,
            ChannelId=uniqueid,
            Async="true",
        )
        await asyncio.wait_for(waits, 10)
    return uniqueid


async def bridge_of(lab: Lab, channel: str) -> str:
    rows = await (await lab.ami()).list_action("Status", Channel=channel)
    return rows[0]["BridgeID"]


@pytest.mark.parametrize("context", ["callbridge-talk", "callbridge-join"])
async def test_given_a_leg_whose_uniqueid_begins_with_the_peers_when_sent_to_the_peer_then_it_is_the_peer(
    lab: Lab, context: str
) -> None:
    """Bridge and BridgeAdd of Asterisk would take either of the two legs, by the hash of their names."""
    ami = await lab.ami()
    for phone, others_phone in (("anna", "boris"), ("boris", "anna")):
        peer = await leg(lab, phone, f"17.{next(_count)}")
        other = await leg(lab, others_phone, f"{peer}1")
        if context == "callbridge-join":  # the two are then in the same room: apart
            await ami.action("Redirect", Channel=other, Context="callbridge-hold", Exten="s", Priority=1)
            await until_out(lab, other)
        wanted = await bridge_of(lab, peer)
        with ami.expect(lambda message: message.get("UserEvent") == "CallbridgeWaits") as arrives:
            caller = await lab.bank.call(from_number="4917012345", did="5550100")
            mine = (await asyncio.wait_for(arrives, 10))["Uniqueid"]
        await ami.action("Setvar", Channel=mine, Variable="CALLBRIDGE_PEER", Value=peer)
        with entering(ami, Uniqueid=mine) as joins:
            await ami.action("Redirect", Channel=mine, Context=context, Exten="s", Priority=1)
            joined = (await asyncio.wait_for(joins, 10))["BridgeUniqueid"]
        if context == "callbridge-join":
            assert joined == wanted
        else:
            assert (await bridge_of(lab, peer), await bridge_of(lab, other) == joined) == (joined, False)
        await caller.wait_up()
        await lab.reset()


async def until_out(lab: Lab, channel: str) -> None:
    """Returns once it is in no room any more."""
    async with asyncio.timeout(5):
        while await bridge_of(lab, channel):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_given_the_beginning_of_a_uniqueid_then_every_action_that_is_used_with_one_refuses_it(lab: Lab) -> None:
    ami = await lab.ami()
    await leg(lab, "anna", "17.501")
    somewhere = {"Context": "callbridge-leg", "Exten": "s", "Priority": 7}
    for name, headers in [
        ("Redirect", somewhere),
        ("Setvar", {"Variable": "X", "Value": "1"}),
        ("Getvar", {"Variable": "CHANNEL(name)"}),
        ("StopMixMonitor", {}),
        ("Hangup", {}),
    ]:
        with pytest.raises(AmiError, match=r"(?i)channel"):
            await ami.action(name, Channel="17.50", **headers)
    named = await ami.action("Getvar", Channel="17.501", Variable="CHANNEL(name)")
    assert named["Value"].startswith("PJSIP/anna-")
    await ami.action("Redirect", Channel="17.501", **somewhere)
    with ami.expect(lambda message: message.get("Event") == "Hangup" and message["Uniqueid"] == "17.501") as gone:
        await ami.action("Hangup", Channel="17.501", Cause=16)
        await asyncio.wait_for(gone, 5)

"""A supervised transfer through the whole gateway when the PBX refuses, is late, or is cut off in the middle of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import ScriptedServer, encode
from scripted_pbx import CALL, CALLER, LEG, STAMP, Gateway, row

from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import Reply
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.requests import CancelTransfer, DoTransfer, RequestTransfer, Verb
from callbridge.domain.model.transfer import Destination, DestinationKind, TransferState

TARGET = f"{CALL}-leg-2"
ANNA = AgentId("anna")


@pytest.fixture
async def gateway(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with Gateway(server, tmp_path) as running:
        yield running
        assert running.anomalies() == []


async def consult(gateway: Gateway) -> None:
    """Anna talks with her caller and consults Ben, whose phone is to be rung."""
    await gateway.talking()
    await gateway.ready("ben")
    destination = Destination(kind=DestinationKind.AGENT, value="ben")
    request = gateway.runtime.request_id()
    asked = RequestTransfer(request=request, agent=ANNA, call=CALL, destination=destination, supervised=True)
    reply = await gateway.ask(asked)
    assert reply.ok, reply.detail


async def held(gateway: Gateway) -> None:
    """The orders by which the caller goes to the music and Ben's phone rings, and what is seen of it."""
    seen = []
    while {"Redirect", "Originate"} - set(seen):
        peer, action = await gateway.any_order()
        peer.reply(action)
        seen.append(action["Action"])
    gateway.enters(CALLER, "hold")
    gateway.enters(LEG, "legs")
    gateway.tell("Newstate", TARGET, ChannelState="5")
    await gateway.until(lambda: stage(gateway) is Stage.RINGING)


def stage(gateway: Gateway) -> Stage | None:
    call = gateway.engine.world.calls.get(CALL)
    return call.consult.stage if call is not None and call.consult is not None else None


async def settings_obeyed(gateway: Gateway, name: str) -> dict[str, str]:
    """The next order that sets no variable, which must have this name and is obeyed."""
    while True:
        peer, action = await gateway.any_order()
        peer.reply(action)
        if action["Action"] != "Setvar":
            assert action["Action"] == name, dict(action)
            return action


async def consulting(gateway: Gateway) -> None:
    await consult(gateway)
    await held(gateway)
    gateway.tell("Newstate", TARGET, ChannelState="6")
    gateway.enters(TARGET, "legs")
    bridge = await settings_obeyed(gateway, "Bridge")
    assert {bridge["Channel1"], bridge["Channel2"]} == {f"PJSIP/{LEG}", f"PJSIP/{TARGET}"}
    gateway.enters(LEG, "b2")
    gateway.enters(TARGET, "b2")
    await gateway.until(lambda: settled(gateway))
    assert stage(gateway) is Stage.CONSULTING


async def leaves_the_talk(gateway: Gateway, channel: str) -> None:
    """On the way to another talk; whom they talked with is alone and falls out of it too."""
    parked = await settings_obeyed(gateway, "Redirect")
    assert (parked["Channel"], parked["Context"]) == (channel, "callbridge-leg")
    for each in (LEG, TARGET):
        gateway.enters(each, "legs")


def settled(gateway: Gateway) -> bool:
    consult = gateway.engine.world.calls[CALL].consult
    return consult is not None and consult.settled


def rows(**rooms: str) -> list[dict[str, object]]:
    names = {"caller": CALLER, "leg": LEG, "target": TARGET}
    return [row(names[who], BridgeID=room) for who, room in rooms.items()]


async def verb(gateway: Gateway, which: Verb) -> Reply:
    transfer = gateway.engine.world.calls[CALL].transfer
    assert transfer is not None
    request = gateway.runtime.request_id()
    return await gateway.ask(DoTransfer(request=request, agent=ANNA, transfer=transfer.id, verb=which))


def transfer_state(gateway: Gateway) -> TransferState:
    transfer = gateway.engine.world.calls[CALL].transfer
    assert transfer is not None
    return transfer.state


async def test_given_a_bridge_of_an_alternate_that_is_refused_with_channel_not_up_then_it_is_made_again(
    gateway: Gateway,
) -> None:
    await consulting(gateway)
    assert (await verb(gateway, Verb.ALTERNATE)).ok
    await leaves_the_talk(gateway, LEG)
    peer, bridge = await gateway.order("Bridge")
    gateway.rows = rows(caller="hold", leg="legs", target="legs")
    peer.refuse(bridge, "Channel not up")
    again = await settings_obeyed(gateway, "Bridge")
    assert {again["Channel1"], again["Channel2"]} == {"PJSIP/carrier-1", f"PJSIP/{LEG}"}
    for channel in (CALLER, LEG):
        gateway.enters(channel, "b3")
    await gateway.until(lambda: settled(gateway))
    assert stage(gateway) is Stage.WITH_CALLER
    await gateway.nothing_more()


async def test_given_a_target_who_is_gone_between_alternate_and_its_bridge_then_agent_1_gets_the_caller(
    gateway: Gateway,
) -> None:
    await consulting(gateway)
    await verb(gateway, Verb.ALTERNATE)
    await leaves_the_talk(gateway, LEG)
    await settings_obeyed(gateway, "Bridge")
    gateway.enters(CALLER, "b3")
    gateway.enters(LEG, "b3")
    await gateway.until(lambda: settled(gateway))
    assert (await verb(gateway, Verb.ALTERNATE)).ok
    await leaves_the_talk(gateway, LEG)
    gateway.enters(CALLER, "hold")
    peer, bridge = await gateway.order("Bridge")
    gateway.ends(TARGET)
    peer.refuse(bridge, "No such channel")
    back = await settings_obeyed(gateway, "Bridge")
    assert {back["Channel1"], back["Channel2"]} == {"PJSIP/carrier-1", f"PJSIP/{LEG}"}
    gateway.enters(CALLER, "b4")
    gateway.enters(LEG, "b4")
    call = await gateway.state(CallState.TALKING)
    assert call.agent == ANNA
    assert transfer_state(gateway) is TransferState.FAILED


async def test_given_agent_1s_leg_gone_between_decision_and_action_then_the_caller_is_with_the_target(
    gateway: Gateway,
) -> None:
    await consulting(gateway)
    await verb(gateway, Verb.ALTERNATE)
    await leaves_the_talk(gateway, LEG)
    peer, bridge = await gateway.order("Bridge")
    gateway.ends(LEG)
    peer.refuse(bridge, "No such channel")
    completes = await settings_obeyed(gateway, "Bridge")
    assert {completes["Channel1"], completes["Channel2"]} == {"PJSIP/carrier-1", f"PJSIP/{TARGET}"}
    gateway.enters(CALLER, "b4")
    gateway.enters(TARGET, "b4")
    call = await gateway.state(CallState.TALKING)
    assert call.agent == "ben"
    assert transfer_state(gateway) is TransferState.COMPLETED


async def test_given_an_originate_that_answers_late_and_says_it_failed_twice_then_the_consultation_begins_once(
    gateway: Gateway,
) -> None:
    await consult(gateway)
    late = None
    seen = set()
    while {"Redirect", "Originate"} - seen:
        peer, action = await gateway.any_order()
        seen.add(action["Action"])
        if action["Action"] == "Originate":
            late = (peer, action)  # not answered yet
        else:
            peer.reply(action)
    assert late is not None
    gateway.enters(CALLER, "hold")
    gateway.enters(LEG, "legs")
    gateway.tell("Newstate", TARGET, ChannelState="5")
    gateway.tell("Newstate", TARGET, ChannelState="6")
    gateway.enters(TARGET, "legs")
    await settings_obeyed(gateway, "Bridge")
    late[0].reply(late[1])
    failure = {"Event": "OriginateResponse", "ActionID": f"{TARGET}|{STAMP}", "Response": "Failure"}
    for _ in range(2):
        gateway.events.send(encode(failure.items()))
    gateway.enters(LEG, "b2")
    gateway.enters(TARGET, "b2")
    await gateway.until(lambda: settled(gateway))
    assert stage(gateway) is Stage.CONSULTING
    await gateway.nothing_more()


async def test_given_a_target_that_answers_after_the_transfer_was_cancelled_then_its_leg_is_hung_up(
    gateway: Gateway,
) -> None:
    await consult(gateway)
    await held(gateway)
    transfer = gateway.engine.world.calls[CALL].transfer
    assert transfer is not None
    cancel = CancelTransfer(request=gateway.runtime.request_id(), agent=ANNA, transfer=transfer.id)
    assert (await gateway.ask(cancel)).ok
    gateway.tell("Newstate", TARGET, ChannelState="6")
    gateway.enters(TARGET, "legs")
    names: list[tuple[str, str]] = []
    while ("Bridge", "PJSIP/carrier-1") not in names or ("Hangup", TARGET) not in names:
        peer, action = await gateway.any_order()
        peer.reply(action)
        names.append((action["Action"], action.get("Channel1") or action.get("Channel", "")))
    gateway.ends(TARGET)
    gateway.enters(CALLER, "b3")
    gateway.enters(LEG, "b3")
    assert (await gateway.state(CallState.TALKING)).agent == ANNA


async def test_given_a_link_that_drops_in_mid_consultation_then_it_goes_on_and_the_next_verb_works(
    gateway: Gateway,
) -> None:
    await consulting(gateway)
    gateway.bridges["b2"] = ""
    gateway.rows = rows(caller="hold", leg="b2", target="b2")
    gateway.events.abort()
    await gateway.back()
    await gateway.nothing_more()
    assert stage(gateway) is Stage.CONSULTING
    assert (await verb(gateway, Verb.COMPLETE)).ok
    await leaves_the_talk(gateway, TARGET)
    bridge = await settings_obeyed(gateway, "Bridge")
    assert {bridge["Channel1"], bridge["Channel2"]} == {"PJSIP/carrier-1", f"PJSIP/{TARGET}"}
    for channel in (CALLER, TARGET):
        gateway.enters(channel, "b5")
    call = await gateway.state(CallState.TALKING)
    assert call.agent == "ben"


async def test_given_a_link_that_drops_with_an_alternate_under_way_then_the_snapshot_says_what_is_still_to_do(
    gateway: Gateway,
) -> None:
    await consulting(gateway)
    await verb(gateway, Verb.ALTERNATE)
    peer, _ = await gateway.order("Redirect")
    gateway.bridges["b2"] = ""
    gateway.rows = rows(caller="hold", leg="b2", target="b2")
    peer.abort()
    await leaves_the_talk(gateway, LEG)
    again = await settings_obeyed(gateway, "Bridge")
    assert {again["Channel1"], again["Channel2"]} == {"PJSIP/carrier-1", f"PJSIP/{LEG}"}
    for channel in (CALLER, LEG):
        gateway.enters(channel, "b3")
    await gateway.until(lambda: settled(gateway))
    assert stage(gateway) is Stage.WITH_CALLER

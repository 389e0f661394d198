"""Link, loop, engine and store together, on an AMI server that answers late, twice, with a refusal, or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted import ScriptedServer, encode
from scripted_pbx import CALL, CALLER, HOLD, LEG, STAMP, Gateway, message, row

from callbridge.domain.model.agents import AgentState
from callbridge.domain.model.calls import CallState
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.requests import EndCall, RejectOffer, RequestTransfer
from callbridge.domain.model.transfer import Destination, DestinationKind, TransferState

SECOND_LEG = f"{CALL}-leg-2"


@pytest.fixture
async def gateway(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with Gateway(server, tmp_path) as running:
        yield running
        assert running.anomalies() == []


async def transfer(gateway: Gateway) -> None:
    reply = await gateway.ask(
        RequestTransfer(
            request=gateway.runtime.request_id(),
            agent=AgentId("anna"),
            call=CALL,
            destination=Destination(kind=DestinationKind.GROUP, value="support"),
        )
    )
    assert reply.ok, reply.detail


async def test_given_a_caller_when_offered_picked_up_and_ended_then_all_of_it_is_stored(gateway: Gateway) -> None:
    await gateway.talking()
    reply = await gateway.ask(EndCall(request=gateway.runtime.request_id(), agent=AgentId("anna"), call=CALL))
    assert reply.ok
    ended = {(await gateway.obeys("Hangup"))["Channel"] for _ in range(2)}
    assert ended == {CALLER, LEG}
    gateway.ends(CALLER)
    gateway.ends(LEG)
    await gateway.until(lambda: CALL not in gateway.engine.world.calls)
    assert await gateway.history(ending="call.ended") == [
        "call.arrived",
        "offer.made",
        "offer.accepted",
        "call.connected",
        "call.ended",
    ]
    call = await gateway.store.call(CALL)
    assert call is not None
    assert (call.state, call.outcome) == (CallState.ENDED, "handled")
    assert gateway.agent("anna").state is AgentState.AVAILABLE


async def test_given_a_redirect_that_fails_with_channel_not_up_then_it_is_tried_again_and_the_caller_waits(
    gateway: Gateway,
) -> None:
    await gateway.talking()
    await transfer(gateway)
    assert (await gateway.obeys("Setvar"))["Value"] == "hold"
    peer, redirect = await gateway.order("Redirect")
    gateway.rows = [row(CALLER, BridgeID="b1"), row(LEG, BridgeID="b1")]
    peer.refuse(redirect, "Redirect failed, channel not up")
    again = await gateway.obeys("Redirect")
    assert (again["Context"], again["Channel"]) == (redirect["Context"], redirect["Channel"])
    assert (await gateway.state(CallState.MOVING)).agent == "anna", "acknowledged is not moved"
    gateway.enters(CALLER, "hold")
    call = await gateway.state(CallState.OFFERING)
    assert call.transfer is not None
    assert call.transfer.state is TransferState.OFFERED


async def test_given_a_redirect_that_is_refused_for_good_then_the_call_stays_with_agent_1(gateway: Gateway) -> None:
    await gateway.talking()
    await transfer(gateway)
    await gateway.obeys("Setvar")
    gateway.rows = [row(CALLER, BridgeID="b1"), row(LEG, BridgeID="b1")]
    for _ in range(3):
        peer, redirect = await gateway.order("Redirect")
        peer.refuse(redirect, "Redirect failed, channel not up")
    assert (await gateway.obeys("Setvar"))["Value"] == "hangup"
    call = await gateway.state(CallState.TALKING)
    assert call.agent == "anna"
    assert call.transfer is not None
    assert (call.transfer.state, call.transfer.failure) == (TransferState.FAILED, "pbx_refused")


async def test_given_an_originate_whose_answer_comes_after_the_phone_is_up_then_the_call_is_connected(
    gateway: Gateway,
) -> None:
    await gateway.ready("anna")
    gateway.enters(CALLER, "hold")
    peer, originate = await gateway.order("Originate")
    gateway.tell("Newstate", LEG, ChannelState="6")
    gateway.enters(LEG, "legs")
    await gateway.obeys("Bridge")
    peer.reply(originate, Message="Originate successfully queued")
    gateway.enters(CALLER, "b1")
    gateway.enters(LEG, "b1")
    await gateway.state(CallState.TALKING)
    await gateway.obeys("Setvar")
    await gateway.nothing_more()


async def test_given_an_originate_that_is_answered_twice_then_one_phone_rings_for_one_offer(gateway: Gateway) -> None:
    await gateway.ready("anna")
    gateway.enters(CALLER, "hold")
    peer, originate = await gateway.order("Originate")
    peer.reply(originate)
    peer.reply(originate)
    gateway.tell("Newstate", LEG, ChannelState="5")
    gateway.tell("Newstate", LEG, ChannelState="5")
    failure = [("Event", "OriginateResponse"), ("ActionID", originate["ActionID"]), ("Response", "Failure")]
    gateway.ends(LEG, cause=21)
    gateway.ends(LEG, cause=21)
    gateway.events.send(encode(failure) * 2)
    await gateway.state(CallState.WAITING)
    await gateway.nothing_more()
    kinds = await gateway.history("offer.rejected")
    assert [kinds.count(kind) for kind in ("offer.made", "offer.rejected")] == [1, 1]
    assert gateway.agent("anna").state is AgentState.AVAILABLE


async def test_given_an_originate_that_is_refused_then_the_next_agent_is_rung(gateway: Gateway) -> None:
    await gateway.ready("anna", "ben")
    gateway.enters(CALLER, "hold")
    peer, originate = await gateway.order("Originate")
    assert originate["Channel"] == "PJSIP/anna"
    peer.refuse(originate, "Extension does not exist.")
    await gateway.obeys("Hangup")
    second = await gateway.obeys("Originate")
    assert (second["Channel"], second["ChannelId"]) == ("PJSIP/ben", SECOND_LEG)
    assert (gateway.agent("anna").state, gateway.agent("anna").reason) == (AgentState.BUSY, "phone_unreachable")


async def test_given_a_link_that_drops_between_decision_and_action_then_the_snapshot_says_what_is_still_to_do(
    gateway: Gateway,
) -> None:
    await gateway.ready("anna")
    gateway.enters(CALLER, "hold")
    await gateway.obeys("Originate")
    gateway.tell("Newstate", LEG, ChannelState="6")
    gateway.enters(LEG, "legs")
    peer, bridge = await gateway.order("Bridge")
    gateway.rows = [row(CALLER, BridgeID="hold"), row(LEG, BridgeID="legs")]
    peer.abort()
    await gateway.back()
    gateway.unseen_for_too_long()
    again = await gateway.obeys("Bridge")
    assert again["ActionID"] != bridge["ActionID"], "the link repeats nothing; the engine decided again"
    gateway.enters(CALLER, "b1")
    gateway.enters(LEG, "b1")
    call = await gateway.state(CallState.TALKING)
    assert call.agent == "anna"
    assert gateway.link.counters.ups == 2


async def test_given_a_bridge_that_was_made_before_the_link_dropped_then_it_is_not_made_again(gateway: Gateway) -> None:
    await gateway.ready("anna")
    gateway.enters(CALLER, "hold")
    await gateway.obeys("Originate")
    gateway.tell("Newstate", LEG, ChannelState="6")
    gateway.enters(LEG, "legs")
    peer, _ = await gateway.order("Bridge")
    gateway.bridges["b1"] = ""
    gateway.rows = [row(CALLER, BridgeID="b1"), row(LEG, BridgeID="b1")]
    peer.abort()
    assert (await gateway.obeys("Setvar"))["Value"] == "hangup"
    await gateway.state(CallState.TALKING)
    await gateway.nothing_more()


async def test_given_an_order_to_stop_ringing_lost_with_the_link_then_it_is_given_again(gateway: Gateway) -> None:
    await gateway.ready("anna")
    gateway.enters(CALLER, "hold")
    await gateway.obeys("Originate")
    gateway.tell("Newstate", LEG, ChannelState="5")
    await gateway.state(CallState.OFFERING)
    offer = gateway.agent("anna").offer
    assert offer is not None
    await gateway.ask(RejectOffer(request=gateway.runtime.request_id(), agent=AgentId("anna"), offer=offer))
    peer, hangup = await gateway.order("Hangup")
    gateway.rows = [row(CALLER, BridgeID="hold"), row(LEG, ChannelState="5")]
    peer.abort()
    assert (await gateway.obeys("Hangup"))["Channel"] == hangup["Channel"] == LEG


async def test_given_a_link_that_drops_when_the_caller_hangs_up_meanwhile_then_the_agent_is_free_afterwards(
    gateway: Gateway,
) -> None:
    await gateway.talking()
    gateway.rows = []
    gateway.events.abort()
    await gateway.until(lambda: CALL not in gateway.engine.world.calls)
    assert gateway.agent("anna").state is AgentState.AVAILABLE
    assert (await gateway.history(ending="call.ended"))[-1] == "call.ended"


async def test_given_forged_events_then_nobodys_call_ends_and_nobody_arrives(gateway: Gateway) -> None:
    await gateway.talking()
    forged = row(CALLER)
    forged["variables"] = {**forged["variables"], "CALLBRIDGE_STAMP": "guessed"}
    gateway.events.send(message("Hangup", **forged, Cause="16"))
    without = {**row("17.66"), "variables": {"CALLBRIDGE_ROLE": "caller", "CALLBRIDGE_GROUP": "support"}}
    room = {"BridgeUniqueid": "hold", "BridgeName": HOLD, "BridgeTechnology": "holding_bridge"}
    gateway.events.send(message("BridgeEnter", **without, **room))
    failure = [("Event", "OriginateResponse"), ("ActionID", f"{LEG}|guessed"), ("Response", "Failure")]
    gateway.events.send(encode(failure))
    gateway.rows = [row(CALLER, BridgeID="b1"), row(LEG, BridgeID="b1")]
    await gateway.until(lambda: gateway.pbx.unstamped == 2)
    gateway.tell("Newstate", LEG, ChannelState="6")
    assert set(gateway.engine.world.calls) == {CALL}
    assert (await gateway.state(CallState.TALKING)).agent == "anna"
    assert STAMP not in str(gateway.logs)

"""A link that says nothing: what is asked for is refused, and the PBX is looked at before anything else is decided."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from scripted import ScriptedServer
from scripted_pbx import CALL, CALLER, LEG, Gateway, row

from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.requests import EndCall, HoldCall, ResumeCall


@pytest_asyncio.fixture
async def gateway(server: ScriptedServer, tmp_path: Path) -> AsyncIterator[Gateway]:
    async with Gateway(server, tmp_path) as running:
        yield running
        assert running.anomalies() == []


async def test_given_an_order_unanswered_when_nothing_is_heard_then_nothing_is_decided_until_it_was_looked(
    gateway: Gateway,
) -> None:
    await gateway.talking()
    held = HoldCall(request=gateway.runtime.request_id(), agent=AgentId("anna"), call=CALL)
    gateway.soon_silent(0.15)
    assert (await gateway.ask(held)).ok
    assert (await gateway.obeys("Setvar"))["Value"] == "hold"
    await gateway.obeys("Setvar")
    peer, hold = await gateway.order("Redirect")
    await gateway.until(lambda: gateway.engine.world.pbx_silent)
    assert gateway.pbx.trouble is not None
    end = EndCall(request=gateway.runtime.request_id(), agent=AgentId("anna"), call=CALL)
    reply = await gateway.ask(end)
    assert (reply.ok, reply.code) == (False, "pbx_unavailable")
    assert gateway.orders.empty()
    gateway.rows = [row(CALLER, BridgeID="hold"), row(LEG, BridgeID="legs")]
    peer.reply(hold)
    await gateway.until(lambda: not gateway.engine.world.pbx_silent)
    assert gateway.pbx.trouble is None
    consult = gateway.engine.world.calls[CALL].consult
    assert consult is not None
    assert consult.stage is Stage.HELD
    back = ResumeCall(request=gateway.runtime.request_id(), agent=AgentId("anna"), call=CALL)
    assert (await gateway.ask(back)).ok
    await gateway.obeys("Bridge")

"""The API on the real loop, engine and store; only the PBX is played: facts go in, actions come to nothing."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, WSMsgType
from web_fakes import PASSWORD, web_settings
from web_samples import (
    ANNA,
    BEN,
    settings,
)

from callbridge.domain.agents import PhoneState
from callbridge.domain.engine import Engine
from callbridge.domain.ids import BridgeId, ChannelId
from callbridge.domain.signals import ChannelEntered, ChannelFact, ChannelVariables, PbxSeen
from callbridge.runtime import Runtime
from callbridge.web import Limits, create_app, create_hub, start_server
from callbridge.wiring import Archive


class NoPbx:
    def act(self, effects: Any) -> None:
        pass


class Story:
    def __init__(self, url: str, http: ClientSession, runtime: Runtime) -> None:
        self.url, self.http, self.runtime = url, http, runtime
        self.tokens: dict[str, str] = {}

    async def ask(self, method: str, path: str, who: str | None = None, status: int = 200, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        headers |= more.pop("headers", {})
        async with self.http.request(method, self.url + path, headers=headers, **more) as answer:
            found = await answer.json(content_type=None) if answer.status != 204 else None
            assert answer.status == status, found
            return found

    async def log_in(self, agent: str) -> None:
        session = await self.ask("POST", "/v1/login", json={"agent": agent, "password": PASSWORD})
        self.tokens[agent] = session["token"]
        await self.ask("PUT", "/v1/me/state", agent, json={"state": "available"})


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    store = await Archive.open(f"sqlite+aiosqlite:///{tmp_path}/calls.db")
    runtime = Runtime(Engine(settings()), store=store)
    configured = web_settings(limits=Limits(batch=0.02))
    hub = create_hub(runtime, configured)
    runtime.attach(actor=NoPbx(), publisher=hub)
    loop = asyncio.create_task(runtime.run())
    runner = await start_server(create_app(runtime, store, configured, hub=hub), configured, drain=0.1)
    async with ClientSession() as http:
        yield Story(f"http://127.0.0.1:{runner.addresses[0][1]}", http, runtime)
    await runner.cleanup()
    loop.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await loop
    await store.close()


def arrival() -> ChannelFact:
    return ChannelFact(
        channel=ChannelId("1800000000.1"),
        name="PJSIP/carrier-1",
        answered=True,
        ringing=False,
        caller_number="+491701234567",
        caller_name="Zoë",
        bridge=BridgeId("music"),
        holding=True,
        variables=ChannelVariables(role="caller", call="1800000000.1", group="windows", called="+4930555", data="k=v"),
    )


async def test_given_a_caller_when_offered_and_accepted_then_the_stream_tells_it_and_the_archive_has_it(
    story: Story,
) -> None:
    for agent in (ANNA, BEN):
        await story.log_in(agent)
    story.runtime.put(
        PbxSeen(taken_at=time.time(), channels=(), phones={"PJSIP/anna": PhoneState.IDLE, "PJSIP/ben": PhoneState.IDLE})
    )
    await story.ask("GET", "/v1/me", ANNA)
    async with story.http.ws_connect(
        story.url + "/v1/ws", protocols=["callbridge.v1", f"bearer.{story.tokens[ANNA]}"]
    ) as ws:
        assert (await ws.receive_json(timeout=3))["type"] == "snapshot"
        story.runtime.put(ChannelEntered(fact=arrival()))

        async def event(kind: str) -> Any:
            async with asyncio.timeout(3):
                while True:
                    message = await ws.receive()
                    assert message.type is WSMsgType.TEXT
                    found = message.json()
                    if found["type"] == kind:
                        return found["data"]

        offer = (await event("offer.made"))["offer"]
        assert offer["preview"]["data"] == {"k": "v"}
        key = {"Idempotency-Key": "accept-1"}
        for _ in range(2):
            accepted = await story.ask("POST", f"/v1/offers/{offer['id']}:accept", ANNA, headers=dict(key))
            assert accepted["state"] == "accepted"
        pop = (await event("pop"))["pop"]
        assert (pop["id"], pop["preview"]) == (offer["preview"]["id"], False)
    calls = await story.ask("GET", "/v1/calls?state=all", ANNA)
    assert [call["id"] for call in calls["items"]] == [offer["call"]]
    assert (await story.ask("GET", "/v1/calls", BEN))["items"] == []
    await story.ask("GET", f"/v1/calls/{offer['call']}", BEN, status=404)
    history = await story.ask("GET", f"/v1/calls/{offer['call']}/history?limit=1", ANNA)
    assert history["next_cursor"]
    older = await story.ask("GET", f"/v1/calls/{offer['call']}/history?cursor={history['next_cursor']}", ANNA)
    assert "offer.made" in {entry["kind"] for entry in older["items"]} | {history["items"][0]["kind"]}
    refusal = await story.ask(
        "POST",
        f"/v1/calls/{offer['call']}/transfers",
        ANNA,
        status=409,
        json={"destination": {"kind": "group", "value": "sales"}},
    )
    assert refusal["code"] == "not_talking"
    problem = await story.ask("GET", "/v1/calls?state=ended&cursor=AAAA", ANNA, status=422)
    assert problem["code"] == "invalid_cursor"

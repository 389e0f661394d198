"""A caller's way through the API on the real loop, engine and store; only the PBX is played."""

import asyncio
import time
from typing import Any

from aiohttp import WSMsgType
from web_samples import ANNA, BEN
from web_story import Story, arrival

from callbridge.domain.agents import PhoneState
from callbridge.domain.signals import ChannelEntered, PbxSeen


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

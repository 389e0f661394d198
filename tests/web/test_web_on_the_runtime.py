"""A caller's way through the API on the real loop, engine and store; only the PBX is played."""

import asyncio
import time
from typing import Any

from aiohttp import WSMsgType
from test_web_consult_on_the_runtime import CALL, CALLER, leg, offered, talking
from web_samples import ANNA, BEN
from web_story import Story, arrival

from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.facts import ChannelEntered, ChannelGone, PbxSeen
from callbridge.domain.model.ids import ChannelId


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


async def test_given_wrap_up_when_a_note_is_added_then_it_is_kept_and_nobody_else_may(story: Story) -> None:
    await talking(story)
    await story.ask("POST", f"/v1/calls/{CALL}:hangup", ANNA, status=202, json={})
    for channel in (CALLER, leg(1)):
        story.runtime.put(ChannelGone(channel=ChannelId(channel), cause=16))
    ended = await story.until(f"/v1/calls/{CALL}", ANNA, lambda call: call["state"] == "ended")
    assert (ended["agent"], ended["last_agent"]["id"], ended["outcome"]) == (None, "anna", "handled")
    assert (await story.ask("GET", "/v1/me", ANNA))["state"] == "wrap_up"
    path, body = f"/v1/calls/{CALL}/notes", {"text": "wants to be called back"}
    await story.ask("POST", path, BEN, status=404, json=body)
    noted = await story.ask("POST", path, ANNA, status=201, json=body)
    assert [note["text"] for note in noted["notes"]] == ["wants to be called back"]
    kept = await story.ask("GET", "/v1/calls?state=ended", ANNA)
    assert kept["items"][0]["notes"] == noted["notes"]
    assert (await story.ask("GET", "/v1/calls", ANNA))["items"] == [], "it is still over"


async def test_given_an_offer_that_went_to_the_next_agent_when_accepted_too_late_then_409(story: Story) -> None:
    for agent in (ANNA, BEN):
        await story.log_in(agent)
    idle = {"PJSIP/anna": PhoneState.IDLE, "PJSIP/ben": PhoneState.IDLE}
    story.runtime.put(PbxSeen(taken_at=time.time(), channels=(), phones=idle))
    story.runtime.put(ChannelEntered(fact=arrival()))
    first = await offered(story, ANNA)
    await story.ask("POST", f"/v1/offers/{first['id']}:reject", ANNA)
    assert (await offered(story, BEN))["id"] != first["id"]
    problem = await story.ask("POST", f"/v1/offers/{first['id']}:accept", ANNA, status=409)
    assert problem["code"] == "offer_ended"
    await story.ask("POST", f"/v1/offers/{first['id']}:accept", BEN, status=404)

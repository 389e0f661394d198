"""Streams: snapshot, deltas, resume, and what happens to a client that is slow, expired or curious."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType
from web_fakes import CRM_TOKEN, WATCH_TOKEN
from web_samples import (
    ANNA,
    BEN,
    CLEO,
    NOW,
    a_call,
    a_transfer,
    offered,
    put,
    talking,
)
from web_served import Serve, Served

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.effects import PublishAgent, PublishCall
from callbridge.domain.model.ids import AgentId
from callbridge.web import Limits


@contextlib.asynccontextmanager
async def stream(served: Served, who: str = ANNA, query: str = "") -> AsyncIterator[ClientWebSocketResponse]:
    url = served.url + "/v1/ws" + query
    async with served.http.ws_connect(url, headers=served.headers(who), protocols=["callbridge.v1"]) as ws:
        assert ws.protocol == "callbridge.v1"
        yield ws


async def event(ws: ClientWebSocketResponse, kind: str | None = None) -> Any:
    """The next event (of this type)."""
    async with asyncio.timeout(3):
        while True:
            message = await ws.receive()
            assert message.type is WSMsgType.TEXT, message
            found = orjson.loads(message.data)
            if kind in (None, found["type"]):
                return found


async def silence(ws: ClientWebSocketResponse) -> None:
    with pytest.raises(TimeoutError):
        await ws.receive(timeout=0.15)


def call_event(call: Any, kind: str, *to: AgentId) -> PublishCall:
    return PublishCall(call=call, to=frozenset(to), kind=kind)


async def test_given_calls_and_offers_when_connecting_then_the_snapshot_has_mine_and_everybodys_states(
    serve: Serve,
) -> None:
    mine, anothers = talking(a_call(1), ANNA), talking(a_call(2), BEN)
    served = await serve(mine, anothers, offered(a_call(3), CLEO))
    async with stream(served) as ws:
        first = await event(ws)
    assert first["type"] == "snapshot"
    assert first["id"].startswith(served.hub.epoch + "-")
    data = first["data"]
    assert [call["id"] for call in data["calls"]] == ["c-1"]
    assert data["calls"][0]["pop"]["crm_url"] == "https://crm.example/c-1"
    assert data["offers"] == []
    assert {agent["id"]: agent["state"] for agent in data["directory"]["agents"]} == {
        "anna": "on_call",
        "ben": "on_call",
        "cleo": "offered",
    }
    assert data["me"]["id"] == "anna"


async def test_given_an_offer_when_made_then_only_its_agent_gets_it_with_a_preview(serve: Serve) -> None:
    served = await serve()
    async with stream(served, ANNA) as anna, stream(served, BEN) as ben:
        await event(anna)
        await event(ben)
        call = offered(a_call(), ANNA)
        served.hub.publish([call_event(call, "offer.made", ANNA)])
        made = await event(anna)
        assert made["type"] == "offer.made"
        assert made["data"]["offer"]["preview"]["data"] == {"customer": "77"}
        await silence(ben)


async def test_given_a_pop_when_published_then_sse_gets_it_with_id_event_and_data(serve: Serve) -> None:
    served = await serve()
    async with served.http.get(served.url + "/v1/events", headers=served.headers()) as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Cache-Control"] == "no-store"
        lines = [await answer.content.readline() for _ in range(4)]
        assert lines[0].startswith(b"id: ")
        assert lines[1] == b"event: snapshot\n"
        served.hub.publish([call_event(talking(a_call(), ANNA), "pop", ANNA)])
        lines = [await answer.content.readline() for _ in range(4)]
        assert lines[0] == f"id: {served.hub.epoch}-1\n".encode()
        assert lines[1] == b"event: pop\n"
        assert orjson.loads(lines[2].removeprefix(b"data: "))["pop"]["id"] == "c-1-pop-1"
        assert lines[3] == b"\n"


async def test_given_a_lost_connection_when_coming_back_then_exactly_what_was_missed_and_nothing_twice(
    serve: Serve,
) -> None:
    served = await serve()
    call = talking(a_call(), ANNA)
    seen = []
    async with stream(served) as ws:
        await event(ws)
        for _ in range(3):
            served.hub.publish([call_event(call, "call.updated", ANNA)])
            seen.append((await event(ws, "call.updated"))["id"])
    for _ in range(3):
        served.hub.publish([call_event(call, "call.updated", ANNA), call_event(call, "call.updated", BEN)])
    async with stream(served, query=f"?last_event_id={seen[-1]}") as ws:
        served.hub.publish([call_event(call, "call.ended", ANNA)])
        while True:
            found = await event(ws)
            assert found["type"] != "snapshot"
            if found["type"] != "directory":
                seen.append(found["id"])
            if found["type"] == "call.ended":
                break
    assert len(seen) == len(set(seen)) == 7
    numbers = [int(each.rpartition("-")[2]) for each in seen]
    assert numbers == sorted(numbers)


@pytest.mark.parametrize("last", ["nonsense", "", "0-0", "aaaa-1", "EPOCH-99999", "EPOCH--1", "EPOCH-", "EPOCH-0"])
async def test_given_an_unknown_or_too_old_id_when_coming_back_then_a_new_snapshot(serve: Serve, last: str) -> None:
    served = await serve(limits=Limits(ring=2, batch=10.0))
    for _ in range(5):
        served.hub.publish([call_event(talking(a_call(), ANNA), "call.updated", ANNA)])
    async with stream(served, query=f"?last_event_id={last.replace('EPOCH', served.hub.epoch)}") as ws:
        assert (await event(ws))["type"] == "snapshot"


async def test_given_sse_when_coming_back_with_the_header_then_what_was_missed(serve: Serve) -> None:
    served = await serve(limits=Limits(batch=10.0))
    for _ in range(3):
        served.hub.publish([call_event(talking(a_call(), ANNA), "call.updated", ANNA)])
    headers = served.headers() | {"Last-Event-ID": f"{served.hub.epoch}-1"}
    async with served.http.get(served.url + "/v1/events", headers=headers) as answer:
        lines = [await answer.content.readline() for _ in range(8)]
    assert [line for line in lines if line.startswith(b"id")] == [
        f"id: {served.hub.epoch}-{number}\n".encode() for number in (2, 3)
    ]


async def test_given_many_state_changes_when_published_then_everybody_gets_them_in_one_batch(serve: Serve) -> None:
    served = await serve(limits=Limits(batch=0.1))
    async with stream(served, CLEO) as ws:
        await event(ws)
        agents = served.gateway.world.agents
        for presence in (Presence.BUSY, Presence.AVAILABLE, Presence.BUSY):
            for name in (ANNA, BEN):
                agents[name] = replace(agents[name], presence=presence, since=NOW)
                served.hub.publish([PublishAgent(agent=agents[name])])
        put(served.gateway.world, a_call())
        batch = await event(ws)
        assert batch["type"] == "directory"
        assert {agent["id"]: agent["state"] for agent in batch["data"]["agents"]} == {"anna": "busy", "ben": "busy"}
        assert batch["data"]["groups"][0]["waiting"] == 1
        await silence(ws)


async def test_given_my_state_changes_when_published_then_i_get_it_at_once(serve: Serve) -> None:
    served = await serve(limits=Limits(batch=10.0))
    async with stream(served) as ws:
        await event(ws)
        agent = replace(served.gateway.world.agents[ANNA], presence=Presence.BUSY, reason="missed_offer")
        served.hub.publish([PublishAgent(agent=agent)])
        mine = await event(ws)
        assert (mine["type"], mine["data"]["missed_offer"]) == ("agent", True)


async def test_given_a_slow_client_when_much_is_pushed_then_it_is_cut_off_and_others_get_everything(
    serve: Serve,
) -> None:
    served = await serve(limits=Limits(client_bytes=100_000, batch=10.0))
    call = talking(a_call(data={"x": "y" * 20_000}), ANNA)
    async with stream(served, BEN) as quick:
        await event(quick)
        slow = socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2])))
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        head = f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.token(BEN)}\r\n\r\n"
        slow.sendall(head.encode())
        async with asyncio.timeout(3):
            while len(served.hub.clients) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        got = 0
        for _ in range(1000):
            served.hub.publish([call_event(call, "call.updated", BEN)])
            await event(quick, "call.updated")
            got += 1
        assert got == 1000
        async with asyncio.timeout(3):
            while len(served.hub.clients) > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        slow.close()


async def test_given_a_websocket_that_is_not_read_when_it_is_cut_off_then_close_code_1013(serve: Serve) -> None:
    served = await serve(limits=Limits(client_bytes=100_000, batch=10.0))
    call = talking(a_call(data={"x": "y" * 50_000}), ANNA)
    async with stream(served) as ws:
        await event(ws)
        for _ in range(2000):
            served.hub.publish([call_event(call, "call.updated", ANNA)])
            if not any(client.cut_off is None for client in served.hub.clients):
                break
        async with asyncio.timeout(5):
            while (await ws.receive()).type is WSMsgType.TEXT:
                pass
        assert ws.close_code == 1013
    assert not served.hub.clients


async def test_given_a_client_that_takes_nothing_for_long_when_little_is_pushed_then_it_is_cut_off_too(
    serve: Serve,
) -> None:
    served = await serve(limits=Limits(batch=10.0, heartbeat=0.05, write=0.2, client_bytes=64 * 1024 * 1024))
    with socket.create_connection(("127.0.0.1", int(served.url.rpartition(":")[2]))) as slow:
        slow.sendall(f"GET /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {served.token()}\r\n\r\n".encode())
        async with asyncio.timeout(5):
            while not served.hub.clients:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            call = talking(a_call(data={"x": "y" * 1_000_000}), ANNA)
            served.hub.publish([call_event(call, "call.updated", ANNA)] * 12)
            while served.hub.clients:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("size", [1, 200, 70_000])
async def test_given_events_of_any_size_when_framed_then_clients_read_them(serve: Serve, size: int) -> None:
    served = await serve(limits=Limits(batch=10.0))
    async with (
        stream(served) as ws,
        served.http.get(served.url + "/v1/events", headers=served.headers(), read_bufsize=2**20) as sse,
    ):
        await event(ws)
        for _ in range(4):
            await sse.content.readline()
        call = talking(a_call(data={"x": "ü" * size}), ANNA)
        served.hub.publish([call_event(call, "call.updated", ANNA)])
        assert (await event(ws))["data"]["call"]["data"]["x"] == "ü" * size
        lines = [await sse.content.readline() for _ in range(4)]
        assert orjson.loads(lines[2].removeprefix(b"data: "))["call"]["data"]["x"] == "ü" * size


async def test_given_http_1_0_when_streaming_sse_then_plain_lines_without_chunks(serve: Serve) -> None:
    served = await serve()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
    writer.write(f"GET /v1/events HTTP/1.0\r\nAuthorization: Bearer {served.token()}\r\n\r\n".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 3)
    assert b"chunked" not in head
    assert (await asyncio.wait_for(reader.readline(), 3)).startswith(b"id: ")
    writer.close()


async def test_given_an_expired_token_when_streaming_then_closed_with_4401(serve: Serve) -> None:
    served = await serve(limits=Limits(heartbeat=0.05, batch=10.0))
    async with stream(served) as ws:
        await event(ws)
        served.clock.now += 901
        async with asyncio.timeout(3):
            await ws.receive()
        assert ws.close_code == 4401


async def test_given_logout_when_streaming_then_this_tokens_streams_end_and_others_stay(serve: Serve) -> None:
    served = await serve()
    headers = served.headers()
    async with (
        served.http.ws_connect(served.url + "/v1/ws", headers=headers) as mine,
        stream(served) as other,
        served.http.get(served.url + "/v1/events", headers=headers) as sse,
    ):
        await event(mine)
        await event(other)
        await served.ask("POST", "/v1/logout", None, headers=headers)
        async with asyncio.timeout(3):
            while (await mine.receive()).type is WSMsgType.TEXT:
                pass
            assert (await sse.read()).endswith(b'event: end\ndata: "logged_out"\n\n')
        assert mine.close_code == 4401
        assert not other.closed


async def test_given_a_browser_when_the_token_is_a_subprotocol_then_it_is_taken_and_not_given_back(
    serve: Serve,
) -> None:
    served = await serve()
    protocols = ["callbridge.v1", f"bearer.{served.token()}"]
    async with served.http.ws_connect(served.url + "/v1/ws", protocols=protocols) as ws:
        assert ws.protocol == "callbridge.v1"
        assert (await event(ws))["data"]["me"]["id"] == "anna"


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, "", 401),
        ({"Authorization": "Bearer nonsense"}, "", 401),
        ({"Authorization": f"Bearer {WATCH_TOKEN}"}, "", 403),
        ({"Authorization": f"Bearer {CRM_TOKEN}", "Origin": "https://evil.example"}, "", 403),
        ({"Authorization": f"Bearer {CRM_TOKEN}", "Origin": "http://["}, "", 403),
        ({"Authorization": f"Bearer {CRM_TOKEN}"}, "?token=x", 422),
        ({"Authorization": f"Bearer {CRM_TOKEN}"}, "?view=yours", 422),
    ],
)
async def test_given_no_right_to_the_stream_when_connecting_then_refused_before_the_upgrade(
    serve: Serve, headers: dict[str, str], query: str, status: int
) -> None:
    served = await serve()
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await served.http.ws_connect(served.url + "/v1/ws" + query, headers=headers)
    assert refused.value.status == status


async def test_given_no_upgrade_when_asking_for_the_websocket_then_400(serve: Serve) -> None:
    served = await serve()
    status, problem, _ = await served.ask("GET", "/v1/ws")
    assert (status, problem["code"]) == (400, "malformed")


async def test_given_a_service_or_supervisor_when_streaming_then_everything(serve: Serve) -> None:
    served = await serve(talking(a_call(1), ANNA))
    async with stream(served, CRM_TOKEN) as crm, stream(served, CLEO, "?view=all") as wallboard:
        for ws in (crm, wallboard):
            assert [call["id"] for call in (await event(ws))["data"]["calls"]] == ["c-1"]
        transferred = replace(talking(a_call(1), ANNA), transfer=a_transfer(a_call(1), ANNA))
        served.hub.publish([call_event(transferred, "transfer.updated", ANNA), call_event(a_call(9), "call.updated")])
        for ws in (crm, wallboard):
            assert (await event(ws, "transfer.updated"))["data"]["transfer"]["by"] == "anna"
            assert (await event(ws, "call.updated"))["data"]["call"]["id"] == "c-9"


async def test_given_an_agent_when_asking_for_all_events_then_403(serve: Serve) -> None:
    served = await serve()
    status, problem, _ = await served.ask("GET", "/v1/events?view=all")
    assert (status, problem["code"]) == (403, "scope_missing")


async def test_given_too_many_streams_of_one_subject_when_opening_another_then_429(serve: Serve) -> None:
    served = await serve(limits=Limits(streams_per_subject=1))
    async with stream(served) as ws:
        await event(ws)
        status, problem, _ = await served.ask("GET", "/v1/events")
        assert (status, problem["code"]) == (429, "too_many_streams")


async def test_given_a_client_that_sends_when_streaming_then_closed_with_1008(serve: Serve) -> None:
    served = await serve()
    async with stream(served) as ws:
        await event(ws)
        await ws.send_str("hello")
        await ws.receive(timeout=3)
        assert ws.close_code == 1008


async def test_given_the_gateway_stops_when_streaming_then_closed_with_1001(serve: Serve) -> None:
    served = await serve()
    async with stream(served) as ws:
        await event(ws)
        served.hub.close()
        await ws.receive(timeout=3)
        assert ws.close_code == 1001


async def test_given_silence_when_streaming_sse_then_signs_of_life(serve: Serve) -> None:
    served = await serve(limits=Limits(heartbeat=0.05))
    async with served.http.get(served.url + "/v1/events", headers=served.headers()) as answer:
        for _ in range(4):
            await answer.content.readline()
        assert await asyncio.wait_for(answer.content.readline(), 1) == b": still here\n"


async def test_given_an_sse_client_that_left_when_nothing_is_pushed_then_it_is_forgotten_soon(serve: Serve) -> None:
    served = await serve(limits=Limits(heartbeat=60.0))
    async with served.http.get(served.url + "/v1/events", headers=served.headers()) as answer:
        await answer.content.readline()
        assert len(served.hub.clients) == 1
    async with asyncio.timeout(4):
        while served.hub.clients:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_given_what_cannot_be_encoded_when_publishing_then_the_others_still_get_theirs(serve: Serve) -> None:
    served = await serve()
    async with stream(served) as ws:
        await event(ws)
        odd = talking(a_call(caller_name="bad \ud800 name"), ANNA)
        served.hub.publish([call_event(odd, "no.such.kind", ANNA), call_event(odd, "call.updated", ANNA)])
        assert (await event(ws, "call.updated"))["data"]["call"]["caller_name"] == "bad ? name"

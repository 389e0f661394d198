"""Connections are bounded: how many there are, and how long each may take for what it has to say."""

import asyncio
import time
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import ClientError, WSMsgType
from web_fakes import PASSWORD
from web_samples import ANNA, a_call, talking
from web_served import Serve, Served

from callbridge.domain.model.effects import PublishAgent
from callbridge.web import Limits

SHORT = Limits(batch=0.02, idle=0.3, body_time=0.3, unread=0.3)
HEAD = b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60\r\n"


async def connect(served: Served, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(served.url.rpartition(":")[2]))
    writer.write(sent)
    return reader, writer


async def until_closed(reader: asyncio.StreamReader, within: float = 5.0) -> bytes:
    async with asyncio.timeout(within):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"G",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /he",
        HEAD + b"\r\n",
        HEAD + b'\r\n{"agent": ',
        HEAD.replace(b"/v1/login", b"/v1/nothing") + b"\r\n{",
        HEAD.replace(b"/v1/login", b"/v1/me/state") + b"\r\n{",
    ],
)
async def test_given_a_connection_that_says_too_little_when_its_time_is_over_then_it_is_closed(
    serve: Serve, sent: bytes
) -> None:
    served = await serve(limits=SHORT)
    reader, writer = await connect(served, sent)
    began = time.monotonic()
    await until_closed(reader)
    assert time.monotonic() - began < 3
    writer.close()


async def test_given_a_head_that_drips_when_its_time_is_over_then_it_is_closed(serve: Serve) -> None:
    served = await serve(limits=SHORT)
    reader, writer = await connect(served, b"GET /healthz HTTP/1.1\r\nX: ")

    async def drip() -> None:
        while True:
            writer.write(b"x")
            await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    await until_closed(reader)
    dripping.cancel()
    writer.close()


async def test_given_a_body_that_does_not_come_when_its_time_is_over_then_408(serve: Serve) -> None:
    served = await serve(limits=SHORT)
    reader, writer = await connect(served, HEAD + b"\r\n{")
    answer = await until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"too_slow"' in answer
    writer.close()


async def test_given_a_client_that_reads_nothing_when_its_time_is_over_then_it_is_cut_off(serve: Serve) -> None:
    served = await serve(limits=SHORT)
    asks = b"GET /v1/openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 400
    _, writer = await connect(served)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    async with asyncio.timeout(10):
        while not writer.transport.is_closing():
            writer.write(asks)
            await asyncio.sleep(0.05)
    writer.close()


@pytest.mark.parametrize("path", ["/v1/ws", "/v1/events"])
async def test_given_a_stream_when_all_these_times_are_over_then_it_goes_on(serve: Serve, path: str) -> None:
    served = await serve(talking(a_call(), ANNA), limits=replace(SHORT, heartbeat=5.0 if path == "/v1/ws" else 0.2))
    headers = served.headers()
    if path == "/v1/ws":
        async with served.http.ws_connect(served.url + path, headers=headers) as socket:
            await socket.receive(5)
            await asyncio.sleep(1.2)
            served.hub.publish([PublishAgent(agent=served.gateway.world.agents[ANNA])])
            assert (await socket.receive(5)).type is WSMsgType.TEXT
    else:
        async with served.http.get(served.url + path, headers=headers) as answer:
            found = b""
            began = time.monotonic()
            while time.monotonic() - began < 1.2:
                async with asyncio.timeout(5):
                    found += await answer.content.readany()
            assert found.count(b"still here") >= 3


@pytest.mark.parametrize(
    ("limits", "more", "open_ones"),
    [
        ({"connections": 3}, {}, 3),
        ({"connections_per_peer": 2}, {}, 2),
        ({"connections": 3, "connections_per_peer": 2}, {"trusted_proxies": frozenset({"127.0.0.1"})}, 3),
    ],
)
async def test_given_as_many_connections_as_there_may_be_when_another_comes_then_it_is_turned_away(
    serve: Serve, limits: dict[str, Any], more: dict[str, Any], open_ones: int
) -> None:
    served = await serve(limits=Limits(**limits), **more)
    ask = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    there = [await connect(served, ask) for _ in range(open_ones)]
    for reader, _ in there:
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
    reader, writer = await connect(served)
    assert (await until_closed(reader)).startswith(b"HTTP/1.1 503 ")
    writer.close()
    there[0][1].close()
    status = 0
    async with asyncio.timeout(5):
        while status != 200:
            try:
                status, _, _ = await served.ask("POST", "/v1/login", None, json={"agent": ANNA, "password": PASSWORD})
            except ClientError:
                await asyncio.sleep(0.02)
    for _, writer in there:
        writer.close()

"""What pushing costs: one event to many clients, by WebSocket and SSE, beside writing the same bytes to raw sockets.

    python tests/bench/bench_push.py [clients] [events]

All three run in the same process one after the other, in rounds; the readers are a process of their own, so that
only the sender's CPU time is counted. The ratio to the raw write is what says something; the times are this machine's.
"""

import asyncio
import base64
import contextlib
import multiprocessing
import os
import selectors
import socket
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

sys.path.insert(0, str(Path(__file__).parent.parent / "web"))

from web_fakes import CRM_TOKEN, FakeArchive, FakeGateway, web_settings
from web_samples import (
    ANNA,
    a_call,
    talking,
    world,
)

from callbridge.domain.model.effects import PublishCall
from callbridge.web import Limits, create_app, create_hub, start_server

ROUNDS = 5


def drain(port: int, clients: int, request: bytes, ready: "multiprocessing.synchronize.Event") -> None:
    """Opens the connections, and reads and forgets until they are closed."""
    selector = selectors.DefaultSelector()
    opened = 0
    for _ in range(clients):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.sendall(request)
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
        opened += 1
    ready.set()
    while opened:
        for key, _ in selector.select():
            found = key.fileobj
            assert isinstance(found, socket.socket)
            try:
                data = found.recv(1 << 20)
            except ConnectionError:
                data = b""
            if not data:
                selector.unregister(found)
                found.close()
                opened -= 1


Joined = Callable[[], int]
Send = Callable[[], Awaitable[None]]


async def measure(port: int, clients: int, request: bytes, joined: Joined, send: Send, events: int) -> float:
    """Microseconds of CPU for one event to one client."""
    ready = multiprocessing.Event()
    reader = multiprocessing.Process(target=drain, args=(port, clients, request, ready), daemon=True)
    reader.start()
    while joined() < clients:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    began = time.process_time()
    for _ in range(events):
        await send()
    spent = time.process_time() - began
    reader.terminate()
    reader.join()
    while joined():  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return spent / events / clients * 1e6


async def main(clients: int, events: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    call = talking(a_call(), ANNA)
    gateway = FakeGateway(world(call))
    settings = web_settings(limits=Limits(streams_per_subject=clients, streams=clients, batch=3600.0, heartbeat=3600.0))
    hub = create_hub(gateway, settings)
    runner = await start_server(create_app(gateway, FakeArchive(), settings, hub=hub), settings)
    port = runner.addresses[0][1]
    effect = [PublishCall(call=call, to=frozenset({ANNA}), kind="call.updated")]
    hub.publish(effect)
    frame = hub._ring[-1]

    raw: set[asyncio.StreamWriter] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raw.add(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(1024):
                pass
        raw.discard(writer)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    raw_port = server.sockets[0].getsockname()[1]

    async def send_raw() -> None:
        for writer in raw:
            writer.write(frame.websocket)
        await asyncio.sleep(0)

    async def send_hub() -> None:
        hub.publish(effect)
        await asyncio.sleep(0)

    head = f"Host: x\r\nAuthorization: Bearer {CRM_TOKEN}\r\n"
    key = base64.b64encode(os.urandom(16)).decode()
    upgrade = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
    ways: dict[str, tuple[int, bytes, Joined, Send]] = {
        "raw socket": (raw_port, b"hello", lambda: len(raw), send_raw),
        "websocket": (port, f"GET /v1/ws HTTP/1.1\r\n{head}{upgrade}\r\n".encode(), lambda: len(hub.clients), send_hub),
        "sse": (port, f"GET /v1/events HTTP/1.1\r\n{head}\r\n".encode(), lambda: len(hub.clients), send_hub),
    }
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, (where, request, joined, send) in ways.items():
            found[name].append(await measure(where, clients, request, joined, send, events))
    base = statistics.median(found["raw socket"])
    print(f"{clients} clients, {events} events of {len(frame.websocket)} bytes, median of {ROUNDS} rounds")
    for name, values in found.items():
        middle = statistics.median(values)
        print(f"  {name:12} {middle:7.2f} µs of CPU for each client and event   {middle / base:5.2f} times raw")
    server.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200, int(sys.argv[2]) if len(sys.argv) > 2 else 200))

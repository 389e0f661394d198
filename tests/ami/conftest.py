"""A scripted server, and a link to it that is stopped with the test. Both go by a clock of their own."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from ami_harness import Harness
from own_time import own_time
from scripted import ScriptedServer


@pytest_asyncio.fixture(autouse=True)
async def clock() -> AsyncIterator[None]:
    with own_time(asyncio.get_running_loop()):
        yield


@pytest.fixture
async def server() -> AsyncIterator[ScriptedServer]:
    async with ScriptedServer() as running:
        yield running


@pytest.fixture
async def harness(server: ScriptedServer) -> AsyncIterator[Harness]:
    made = Harness(server)
    try:
        yield made
    finally:
        await made.stop()

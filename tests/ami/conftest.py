"""A scripted server, and a link to it that is stopped with the test."""

from collections.abc import AsyncIterator

import pytest
from ami_harness import Harness
from scripted import ScriptedServer


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

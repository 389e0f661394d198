"""Serves an application for one test."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from web_fakes import FakeArchive, FakeGateway, web_settings
from web_samples import (
    world,
)
from web_served import Clock, Serve, Served
from web_story import Story, telling

from callbridge.domain.model.calls import Call
from callbridge.web import create_app, create_hub, start_server


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with AsyncExitStack() as stack:

        async def start(*calls: Call, **changes: Any) -> Served:
            gateway, archive, clock = FakeGateway(world(*calls)), FakeArchive(), Clock()
            settings = web_settings(**changes)
            hub = create_hub(gateway, settings, clock=clock)
            app = create_app(gateway, archive, settings, hub=hub, clock=clock)
            runner = await start_server(app, settings)
            stack.push_async_callback(runner.cleanup)
            port = runner.addresses[0][1]
            http = await stack.enter_async_context(ClientSession())
            return Served(f"http://127.0.0.1:{port}", gateway, archive, hub, settings, clock, http)

        yield start


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    async with telling(tmp_path) as told:
        yield told

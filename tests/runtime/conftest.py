"""The scripted AMI server of tests/ami is used here too, and its clock."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

sys.path.append(str(Path(__file__).resolve().parents[1] / "ami"))

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

"""One lab for all live tests: a private real Asterisk and the phones around it. Where none can be had, they fail."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from callbridge.demo.lab import Lab

AGENTS = ("anna", "bernd", "carla", "dora")
DIDS = {"5550100": "support", "5550200": "sales"}

# Numbers for what the instrument itself is tested with, past callbridge: each agent's phone, and the world outside.
PLAIN_DIALPLAN = """
[from-carrier]
exten => 5551001,1,Dial(PJSIP/anna,60)
exten => 5551002,1,Dial(PJSIP/bernd,60)
exten => _00X.,1,Dial(PJSIP/${EXTEN:2}@carrier,60)
"""


@pytest_asyncio.fixture(scope="session")
async def lab_of_the_session() -> AsyncIterator[Lab]:
    async with Lab(agents=AGENTS, dids=DIDS, dialplan=PLAIN_DIALPLAN, progress=print) as lab:
        yield lab


@pytest_asyncio.fixture
async def lab(lab_of_the_session: Lab) -> AsyncIterator[Lab]:
    """The lab, with no call left over from the test before, and phones that ring until they are told what to do."""
    yield lab_of_the_session
    await lab_of_the_session.reset()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/live/" in item.nodeid:
            item.add_marker("live")

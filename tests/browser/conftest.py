"""One lab and one browser for all tests of the page: a private real Asterisk, phones, a gateway for each module."""

import copy
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

sys.path.insert(0, str(Path(__file__).parent.parent / "live"))

import steps
from browsers import open_browser

AGENTS = ("anna", "bernd", "carla", "dora")
DIDS = {steps.SUPPORT: "support", steps.SALES: "sales", steps.EMPTY: "empty"}
CRM = "https://crm.example/customers?number={caller_number}&order={data.order}"


@pytest_asyncio.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        chromium = await open_browser(playwright, print)
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="session")
async def lab_of_the_session() -> AsyncIterator[Lab]:
    dialplan = "\n[from-carrier]\n" + steps.DATA_DIALPLAN
    async with Lab(agents=AGENTS, dids=DIDS, dialplan=dialplan, progress=print) as lab:
        yield lab


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    options = {"wrap_up": 20, "offer_timeout": 20, "crm_url": CRM, "transfers": {"four_way": True}}
    async with steps.open_site(lab_of_the_session, options=options) as site:
        yield site


@pytest_asyncio.fixture
async def site(site_of_the_module: Site, browser: Browser) -> AsyncIterator[Site]:
    """The module's gateway with nobody at work; afterwards no call is left, and the gateway has nothing to report."""
    site = site_of_the_module
    document = copy.deepcopy(site.document)
    yield site
    for context in browser.contexts:
        await context.close()
    await site.lab.reset()
    await steps.no_calls(site)
    for name in AGENTS:
        await site.crm.call("PUT", f"/v1/agents/{name}/state", {"state": "offline"})
    await site.send_home()
    if site.document != document:
        site.document = document
        site.write_config()
        assert await site.reload()
    assert steps.faults(site) == []


@pytest_asyncio.fixture
async def lab(site: Site) -> Lab:
    return site.lab


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.nodeid:
            item.add_marker("live")
            # A real browser and real sound on a machine that others use too: see tests/live/conftest.py.
            item.add_marker(pytest.mark.flaky(reruns=1))

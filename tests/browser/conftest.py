"""One lab and one browser for all tests of the page: a private real Asterisk, phones, a gateway for each module."""

import copy
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Browser, Playwright, async_playwright, expect

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.tones import write_wav

sys.path.insert(0, str(Path(__file__).parent.parent / "live"))

import steps
from browsers import open_browser
from page_phone import CHAT, ONLINE, OpenPhone, PagePhone, with_phone

# A page that is right is right at once; a busy machine may take longer to show it than five seconds.
expect.set_options(timeout=15_000)

AGENTS = ("anna", "bernd", "carla", "dora")
DIDS = {steps.SUPPORT: "support", steps.SALES: "sales", steps.EMPTY: "empty"}
CRM = "https://crm.example/customers?number={caller_number}&order={data.order}"


@pytest_asyncio.fixture(scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest_asyncio.fixture(scope="session")
async def browser(playwright: Playwright) -> AsyncIterator[Browser]:
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
    await site.revive()  # see tests/live/conftest.py
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


# ---------------------------------------------------------------- agents whose phone is in the page

WEB_AGENTS = ("erika", "felix")
WEB_GROUPS = {"online": ["erika"], "chat": ["felix"], "support": ["anna", "bernd"]}
WEB_DIDS = {ONLINE: "online", CHAT: "chat", steps.SUPPORT: "support"}


@pytest_asyncio.fixture(scope="session")
async def web_lab_of_the_session() -> AsyncIterator[Lab]:
    async with Lab(agents=("anna", "bernd"), web_agents=WEB_AGENTS, dids=WEB_DIDS, progress=print) as lab:
        for name, hertz in lab.voices.items():
            write_wav(lab.folder / f"{name}.wav", hertz)
        yield lab


@pytest_asyncio.fixture(scope="module")
async def web_site_of_the_module(web_lab_of_the_session: Lab) -> AsyncIterator[Site]:
    options = {"wrap_up": 0.0, "offer_timeout": 20, "transfers": {"four_way": True}}
    async with steps.open_site(web_lab_of_the_session, groups=WEB_GROUPS, presets=(), options=options) as site:
        yield site


@pytest_asyncio.fixture
async def web_site(web_site_of_the_module: Site) -> AsyncIterator[Site]:
    """A gateway of a lab in which erika and felix have their phones in a page, and anna and bernd on their desks."""
    site = web_site_of_the_module
    yield site
    await site.lab.reset()
    await site.revive()
    await steps.no_calls(site)
    for name in (*WEB_AGENTS, "anna", "bernd"):
        await site.crm.call("PUT", f"/v1/agents/{name}/state", {"state": "offline"})
    await site.send_home()
    assert steps.faults(site) == []


@pytest_asyncio.fixture
async def web_lab(web_site: Site) -> Lab:
    return web_site.lab


@pytest_asyncio.fixture
async def open_phone(web_site: Site, playwright: Playwright) -> AsyncIterator[OpenPhone]:
    """`erika = await open_phone("erika")`: at work, with her phone registered, in a browser of her own.

    Each has a browser of their own, since a browser has one microphone; it plays the tone by which they are heard.
    """
    browsers: list[Browser] = []

    async def open_one(name: str, *, flags: tuple[str, ...] = (), **more: object) -> PagePhone:
        voice = web_site.lab.folder / f"{name}.wav"
        flags = (f"--use-file-for-fake-audio-capture={voice}", *flags)
        chromium = await open_browser(playwright, print, flags=flags)
        browsers.append(chromium)
        return await with_phone(chromium, web_site, name, **more)

    yield open_one
    for chromium in browsers:
        await chromium.close()

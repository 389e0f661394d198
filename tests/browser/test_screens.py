"""Every screen fits its width; and for people to look at, `make screens` writes build/screens/NAME-WIDTH-SCHEME.png."""

import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest_asyncio
import steps
from desk_steps import Desk, at_desk, open_page
from playwright.async_api import Browser, Page, expect

from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

SCREENS = Path(__file__).parents[2] / "build" / "screens"
PICTURES = "CALLBRIDGE_PICTURES" in os.environ
SIZES = ((360, 740), (1280, 800), (1920, 1080))
AGENTS = {"anna": "Anna Albers", "bernd": "Bernd Çelik", "carla": "Carla Dietz", "dora": "Dora Engel"}
GROUPS = {
    "support": {"name": "Windows Support", "members": ["anna", "bernd"]},
    "sales": {"name": "Sales", "members": ["carla"]},
    "empty": {"name": "Billing", "members": ["dora"]},
    "deliveries": {"name": "Deliveries and Returns", "members": ["bernd", "dora"]},
}
PRESETS = [
    {"id": "plumber", "name": "Plumber on duty", "number": "+4940555777", "group": "support"},
    {"id": "courier", "name": "Courier service", "number": "+4930555888", "group": "support"},
]
WITH_DATA = "5550450"
DATA = {
    "customer": "C-20931",
    "order": "A-1047",
    "language": "German",
    "topic": "The replacement has not arrived; she called twice already, and was promised a call back for Tuesday.",
    "spoken": "Zoë <b>O’Neill</b> שלום",
}


@contextlib.asynccontextmanager
async def _site(lab: Lab) -> AsyncIterator[Site]:
    options = {
        "wrap_up": 60,
        "offer_timeout": 60,
        "crm_url": "https://crm.example/customers/{data.customer}",
        "transfers": {"four_way": True},
    }
    agents: Mapping[str, Mapping[str, Any]] = {
        name: {"name": shown, **({"supervisor": True} if name == "anna" else {})} for name, shown in AGENTS.items()
    }
    async with steps.open_site(lab, groups=GROUPS, presets=PRESETS, agents=agents, options=options) as site:
        yield site


@pytest_asyncio.fixture
async def named_site(lab_of_the_session: Lab, browser: Browser) -> AsyncIterator[Site]:
    """A site with names as real ones have them. It has its own gateway, since the module's has the lab's address."""
    async with _site(lab_of_the_session) as site:
        yield site
        for context in browser.contexts:
            await context.close()
        await lab_of_the_session.reset()
        await steps.no_calls(site)


async def shoot(page: Page, name: str) -> None:
    SCREENS.mkdir(parents=True, exist_ok=True)
    for width, height in SIZES:
        await page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark") if PICTURES else ():
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await page.evaluate("window.scrollTo(0, 0)")
            await page.wait_for_timeout(60)
            await page.screenshot(path=SCREENS / f"{name}-{width}-{scheme}.png", animations="disabled")
        over = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert over <= 0, f"{name} is {over} px too wide for {width} px"
    await page.set_viewport_size({"width": 1280, "height": 800})
    await page.emulate_media(color_scheme="light")


async def ring_with_data(lab: Lab) -> Caller:
    """A caller of whom the site's dialplan knows something."""
    data = "&".join(f"{key}={quote(value, safe='')}" for key, value in DATA.items())
    lines = (
        "Gosub(callbridge-clean,s,1)",
        "Set(CALLBRIDGE_CALLED=+498005550450)",
        f"Set(CALLBRIDGE_DATA={data})",
        "Goto(callbridge,support,1)",
    )
    ami = await lab.ami()
    for priority, line in enumerate(lines, 1):
        command = f"dialplan add extension {WITH_DATA},{priority},{line} into from-carrier"
        await ami.action("Command", Command=command)
    return await steps.ring(lab, WITH_DATA, name="Zoë O’Neill", number="+493012345678")


async def test_given_each_screen_when_it_is_shown_then_it_fits_its_width(named_site: Site, browser: Browser) -> None:
    site, lab = named_site, named_site.lab
    page, _ = await open_page(browser, site)
    await expect(page.get_by_label("Password")).to_be_visible()
    await shoot(page, "01-login")
    await page.context.close()

    carla = await at_desk(browser, site, "carla")
    bernd = await at_desk(browser, site, "bernd", available=False)
    anna = await at_desk(browser, site, "anna")
    await shoot(anna.page, "02-desk-empty")

    caller = await ring_with_data(lab)
    await expect(anna.offer).to_be_visible()
    await shoot(anna.page, "03-offer")
    await anna.take()
    await anna.page.get_by_label("Add a note").fill("Was promised a call back for Tuesday.")
    await anna.button("Save").click()
    await expect(anna.call.get_by_role("article")).to_be_visible()
    await shoot(anna.page, "04-call")

    await transfer_screens(anna)
    await consultation(site, anna, carla)
    await shoot(carla.page, "12-transferred")

    await shoot(anna.page, "13-wrap-up")
    await anna.button("End wrap-up now").click()
    await caller.hang_up()
    await missed(site, bernd)
    await supervisor(site, anna)


async def transfer_screens(anna: Desk) -> None:
    page = anna.page
    await anna.button("Transfer").click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("treeitem", name="Sales").first).to_be_visible()
    await shoot(page, "05-transfer")
    search = dialog.get_by_role("combobox")
    await search.fill("ca")
    await expect(dialog.get_by_role("treeitem", name="Carla Dietz").first).to_be_visible()
    await shoot(page, "06-transfer-search")
    await search.fill("nobody of this name")
    await shoot(page, "06-transfer-nothing-found")
    await search.fill("ca")
    await dialog.get_by_role("treeitem", name="Carla Dietz").first.click()
    await expect(dialog.get_by_role("button", name="Transfer", exact=True)).to_be_enabled()
    await shoot(page, "07-transfer-agent")
    await search.fill("plumber")
    await dialog.get_by_role("treeitem", name="Plumber").first.click()
    await shoot(page, "07-transfer-preset")
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")
    await expect(dialog).to_have_count(0)


async def consultation(site: Site, anna: Desk, carla: Desk) -> None:
    lab = site.lab
    call = (await steps.live_calls(site))[0]["id"]
    person = site.person("anna")
    await person.log_in()
    transfer = await person.consult(call, "agent", "carla", reason="Knows about the replacement")
    await expect(carla.offer).to_contain_text("Anna Albers")
    await shoot(carla.page, "08-consult-offer")
    await shoot(anna.page, "08-consult-ringing")
    await carla.offer.get_by_role("button", name="Accept").click()
    await carla.pick_up()
    await expect(carla.call.get_by_role("status").first).to_contain_text("consults you")
    await expect(anna.call).to_contain_text("You talk with")
    await shoot(anna.page, "09-consult")
    await shoot(carla.page, "09-consulted")
    outside = await lab.bank.outside("4940555222", "the fourth")
    await outside.auto_answer()
    await person.fourth(call, "+49 40 555222")
    await expect(anna.call.get_by_role("status").first).to_contain_text("conference")
    await anna.page.wait_for_timeout(1000)
    await shoot(anna.page, "10-four-way")
    await shoot(carla.page, "11-four-way-target")
    await outside.hang_up()
    await person.complete(transfer["id"])
    await carla.talks()
    await expect(anna.page.get_by_role("region", name="Wrap-up")).to_be_visible()


async def missed(site: Site, bernd: Desk) -> None:
    assert await steps.configure(site, options={"offer_timeout": 1})
    await bernd.button("Available").click()
    caller = await steps.ring(site.lab, name="Moritz Hagen")
    await expect(bernd.page.get_by_role("region", name="You were set to Busy")).to_be_visible()
    await shoot(bernd.page, "14-missed-offer")
    await caller.hang_up()
    assert await steps.configure(site, options={"offer_timeout": 60})


async def supervisor(site: Site, anna: Desk) -> None:
    waiting = [await steps.ring(site.lab, steps.EMPTY, name=name) for name in ("Mia Winter", "Ole Sommer")]
    for name in ("supervisor", "wallboard"):
        await anna.page.goto(f"{site.url}/#/{name}")
        await anna.page.wait_for_timeout(1500)
        await shoot(anna.page, f"15-{name}")
    for caller in waiting:
        await caller.hang_up()

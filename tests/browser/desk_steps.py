"""What happens again and again in the tests of the agents' page: somebody logs in, a call comes, somebody looks."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

sys.path.insert(0, str(Path(__file__).parent.parent / "live"))

from callbridge.demo.bank import Phone
from callbridge.demo.site import Site

AXE = Path(__file__).parents[2] / "src/callbridge/desktop/page/node_modules/axe-core/axe.min.js"


@dataclass
class Desk:
    """An agent's page, and the phone beside it."""

    name: str
    page: Page
    phone: Phone
    faults: list[str]
    """What the browser has complained about: errors of the page, and of its policy."""

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    @property
    def offer(self) -> Locator:
        return self.page.locator("#offer-card")

    @property
    def call(self) -> Locator:
        return self.page.get_by_role("region", name="Call", exact=True)

    @property
    def calls(self) -> Locator:
        return self.page.get_by_role("region", name="My calls", exact=True)

    @property
    def state(self) -> Locator:
        return self.page.get_by_role("region", name="My state")

    def toast(self, text: str) -> Locator:
        return self.page.get_by_role("status").get_by_text(text)

    async def pick_up(self) -> None:
        await self.phone.wait_ringing()
        await self.phone.answer()

    async def take(self) -> None:
        """Accepts the offer on the page and picks the phone up; returns once the page says that they talk."""
        await self.offer.get_by_role("button", name="Accept").click()
        await self.pick_up()
        await self.talks()

    async def talks(self) -> None:
        await expect(self.call.get_by_role("status").filter(has_text="Talking")).to_be_visible(timeout=20_000)


async def open_page(browser: Browser, site: Site, *, script: str = "", **more: Any) -> tuple[Page, list[str]]:
    """The page as a browser without a past shows it, and what the browser complains about.

    `script` runs in it before its own.
    """
    context: BrowserContext = await browser.new_context(
        **{"viewport": {"width": 1280, "height": 800}, "color_scheme": "light", "locale": "en-GB", **more}
    )
    await context.add_init_script(script)
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if said.type == "error" and _is_fault(said.text) else None,
    )
    await page.goto(site.url)
    return page, faults


def _is_fault(text: str) -> bool:
    """Requests that are refused are said by the page itself, and a gateway that is away is no fault of the page."""
    return "status of 4" not in text and "ERR_" not in text and "WebSocket" not in text


async def log_in(page: Page, name: str, password: str) -> None:
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("region", name="My state")).to_be_visible()


async def at_desk(browser: Browser, site: Site, name: str, *, available: bool = True, **more: Any) -> Desk:
    """The agent logs in, and becomes available."""
    page, faults = await open_page(browser, site, **more)
    await log_in(page, name, site.password)
    desk = Desk(name, page, site.lab.bank.phone(name), faults)
    if available:
        await desk.button("Available").click()
        await expect(desk.state).to_contain_text("Available")
        await expect(desk.button("Available")).to_have_attribute("aria-pressed", "true")
    return desk


async def axe(page: Page, where: str) -> None:
    """Fails with what axe finds, in light and in dark.

    Its source comes in by the debugger, which the page's policy does not concern.
    """
    for scheme in ("dark", "light"):
        await page.emulate_media(color_scheme=scheme)
        await page.evaluate(_SETTLED)
        if not await page.evaluate("'axe' in window"):
            await page.evaluate(AXE.read_text())
        found = await page.evaluate(_RUN)
        assert found == [], f"{where}, {scheme}: " + "\n".join(found)


_SETTLED = """Promise.all(document.getAnimations().filter((each) => each instanceof CSSTransition || each.playState
    === 'running' && each.effect.getTiming().iterations === 1).map((each) => each.finished.catch(() => 0)))"""
"""Once nothing fades in or out any more: half-transparent text has little contrast, for a moment."""
_RUN = """axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations.map(
    ({id, help, nodes}) => `${id}: ${help}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`))"""

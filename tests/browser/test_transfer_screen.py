"""Row 10: the transfer screen, by keyboard and mouse: what it remembers, what it allows and what it says."""

import re
import statistics
from collections.abc import AsyncIterator

import pytest_asyncio
from desk_steps import Desk, at_desk, axe
from many_people import WORKER, agent_id, group_id, large_site
from many_people import Site as LargeSite
from playwright.async_api import Browser, Locator, Page, Route, expect
from steps import ring

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.domain.model.agents import Presence

SECTIONS = ("My Agent Groups", "Agent Groups", "External Presets")


class TransferScreen:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.dialog = page.get_by_role("dialog", name="Transfer")
        self.search = self.dialog.get_by_role("combobox")
        self.number = self.dialog.get_by_label("Phone number")
        self.transfer = self.dialog.get_by_role("button", name="Transfer", exact=True)
        self.ok = self.dialog.get_by_role("button", name="OK")

    async def open(self) -> "TransferScreen":
        await self.page.get_by_role("button", name="Transfer", exact=True).click()
        await expect(self.search).to_be_focused()
        return self

    def section(self, name: str) -> Locator:
        return self.dialog.get_by_role("button", name=name)

    def row(self, name: str) -> Locator:
        return self.dialog.get_by_role("treeitem", name=name).first

    def way(self, name: str) -> Locator:
        return self.dialog.get_by_role("radio", name=name)

    async def choose(self, typed: str, row: str | None = None) -> None:
        """By keyboard alone: what is typed, and Enter. `row`: which row is marked then, and chosen with Enter."""
        await self.search.fill(typed)
        await expect(self.marked).to_contain_text(row or typed.title())
        await self.page.keyboard.press("Enter")
        await expect(self.dialog.get_by_role("treeitem", selected=True).first).to_contain_text(row or typed.title())

    @property
    def marked(self) -> Locator:
        """The row that a screen reader is told of while the search has the focus, and that is marked for the eye."""
        return self.dialog.get_by_role("treeitem").and_(self.dialog.locator("[class*=rowMarked]"))

    async def announced(self) -> str:
        key = await self.search.get_attribute("aria-activedescendant")
        return str(await self.page.evaluate("(id) => document.getElementById(id)?.textContent", key))

    async def confirm(self, sentence: str) -> None:
        """Ctrl and Enter, then Enter again."""
        await expect(self.transfer).to_be_enabled()
        await self.page.keyboard.press("Control+Enter")
        await expect(self.dialog.get_by_role("group", name="Is this right?")).to_contain_text(sentence)
        await expect(self.ok).to_be_focused()
        await self.page.keyboard.press("Enter")
        await expect(self.dialog).to_have_count(0)


async def talking(site: Site, lab: Lab, browser: Browser, name: str = "Max Berg") -> Desk:
    anna = await at_desk(browser, site, "anna")
    await ring(lab, name=name)
    await anna.take()
    return anna


async def test_given_a_call_when_transferred_by_keyboard_then_the_group_has_it_and_it_can_be_taken_back(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser)
    screen = await TransferScreen(anna.page).open()
    await expect(screen.transfer).to_be_disabled()
    await axe(anna.page, "the transfer screen")
    await screen.choose("sal", "Sales")
    await screen.way("Hand over at once").check()
    await expect(screen.dialog).to_contain_text("Nobody is free now")
    await screen.dialog.get_by_label("Why").fill("wants an offer")
    await screen.confirm("Max Berg's call goes to Sales.")
    under_way = anna.page.get_by_role("region", name="On their way")
    await expect(under_way).to_contain_text("Max Berg's call waits for Sales.")
    await under_way.get_by_role("button", name="Take back").click()
    await expect(under_way).to_have_count(0)
    await anna.pick_up()
    await anna.talks()
    # What was chosen last is proposed the next time.
    await screen.open()
    await expect(screen.way("Hand over at once")).to_be_checked()
    assert anna.faults == []


async def test_given_a_name_when_typed_and_enter_pressed_then_whoever_is_called_so_is_taken_not_the_row_above(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser)
    screen = await TransferScreen(anna.page).open()
    chosen = screen.dialog.get_by_role("region", name="Where to")
    for typed, name, kind in (
        ("carla", "Carla", "Agent"),
        ("plumber", "Plumber", "External preset"),
        ("sales", "Sales", "Agent group"),
        ("bernd", "Bernd", "Agent"),
        ("support", "Support", "Agent group"),
    ):
        await screen.search.fill(typed)
        # As fast as somebody types who knows the name: nothing is waited for.
        await anna.page.keyboard.press("Enter")
        await expect(chosen).to_contain_text(name)
        await expect(chosen.get_by_text(kind, exact=True)).to_be_visible()
        await expect(screen.marked).to_have_count(1)
        await expect(screen.marked).to_contain_text(name)
        assert name in await screen.announced()
    await axe(anna.page, "a row that is marked")
    # Closed by hand before, a group does not hide whom the search finds in it.
    await screen.search.fill("")
    support = screen.dialog.get_by_role("treeitem", name="Support").first
    await support.get_by_title("Show the agents of Support").click()
    await support.get_by_title("Hide the agents of Support").click()
    await screen.choose("bernd")
    # From the marked row the arrow keys go on: above Bernd stands his group.
    await anna.page.keyboard.press("ArrowUp")
    await expect(screen.marked).to_contain_text("Support")
    assert "Support" in await screen.announced()
    assert anna.faults == []


async def test_given_sections_when_left_in_some_way_then_they_stay_so_after_a_reload(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser)
    screen = await TransferScreen(anna.page).open()
    for name in SECTIONS:
        await expect(screen.section(name).first).to_have_attribute("aria-expanded", "true")
    await screen.section("External Presets").click()
    await screen.section("My Agent Groups").click()
    await expect(screen.row("Plumber")).to_have_count(0)
    # A search shows what it finds also there, and changes nothing of it.
    await screen.search.fill("plum")
    await expect(screen.row("Plumber")).to_be_visible()
    await anna.page.keyboard.press("Escape")
    await expect(screen.dialog).to_have_count(0)
    await anna.page.reload()
    await anna.talks()
    await screen.open()
    states = [await screen.section(name).first.get_attribute("aria-expanded") for name in SECTIONS]
    # "Agent Groups" is in the name of the first one too.
    assert [states[0], states[2]] == ["false", "false"]
    await expect(screen.row("Sales")).to_be_visible()
    await expect(screen.row("Plumber")).to_have_count(0)
    await expect(screen.row("Support")).to_have_count(0)


async def test_given_an_external_destination_then_only_supervised_and_its_number_is_judged_while_typed(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser)
    screen = await TransferScreen(anna.page).open()
    await screen.way("Hand over at once").check()
    await screen.choose("plumber")
    await expect(screen.way("Hand over at once")).to_be_disabled()
    await expect(screen.way("Speak first")).to_be_checked()
    await expect(screen.dialog).to_contain_text("Not to external numbers: speak with them first.")
    await expect(screen.transfer).to_be_enabled()

    await screen.number.click()
    await anna.page.keyboard.type("04055")
    await expect(screen.transfer).to_be_disabled()
    await anna.page.keyboard.type("5111")
    await expect(screen.number).to_have_value("040 555111")
    await expect(screen.dialog).to_contain_text("+49 40 555111 will be called.")
    await expect(screen.transfer).to_be_enabled()
    await expect(screen.way("Hand over at once")).to_be_disabled()
    await screen.number.fill("112")
    await expect(screen.dialog).to_contain_text("Emergency numbers are not dialled from here")
    await expect(screen.transfer).to_be_disabled()
    await screen.number.fill("carla")
    await expect(screen.dialog).to_contain_text("This is not a phone number.")
    await expect(screen.transfer).to_be_disabled()
    await anna.page.keyboard.press("Control+Enter")
    await expect(screen.ok).to_have_count(0)
    assert anna.faults == []


async def test_given_a_refusal_when_sent_then_it_is_said_there_and_nothing_that_was_entered_is_lost(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser)
    screen = await TransferScreen(anna.page).open()
    await screen.choose("sal", "Sales")
    await screen.way("Hand over at once").check()
    await screen.dialog.get_by_label("Note").fill("A long story.")
    await expect(screen.transfer).to_be_enabled()
    # As if the rules had changed in the very moment.
    await anna.page.route(
        "**/v1/calls/*/transfers",
        lambda route: route.fulfill(
            status=403,
            content_type="application/problem+json",
            body='{"type": "x", "title": "x", "status": 403, "detail": "Not now.", "code": "transfers_disabled"}',
        ),
    )
    await screen.transfer.click()
    await screen.ok.click()
    await expect(screen.dialog.get_by_role("alert").filter(has_text="Transfers are switched off.")).to_be_visible()
    await expect(screen.dialog.get_by_label("Note")).to_have_value("A long story.")
    await expect(screen.transfer).to_be_enabled()


async def test_given_the_transfer_screen_when_the_gateway_dies_and_comes_back_then_the_screen_says_so_and_goes_on(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser)
    screen = await TransferScreen(anna.page).open()
    # Bernd is busy, so that there is a clock beside his name.
    await site.crm.call("PUT", "/v1/agents/bernd/state", {"state": "busy"})
    await screen.choose("bernd")
    await screen.way("Hand over at once").check()
    await screen.dialog.get_by_label("Note").fill("A long story.")
    await expect(screen.transfer).to_be_enabled()
    assert await screen.dialog.get_by_role("timer").count() > 0
    await site.kill()
    banner = screen.dialog.get_by_role("alert").filter(has_text="The gateway cannot be reached.")
    await expect(banner).to_be_visible(timeout=20_000)
    await expect(screen.transfer).to_be_disabled()
    await expect(screen.transfer).to_have_attribute("title", re.compile("Not connected to the gateway"))
    await anna.page.keyboard.press("Control+Enter")
    await expect(screen.ok).to_have_count(0)
    await axe(anna.page, "the transfer screen without a gateway")
    # The banner counts on, and nothing that it calls old does.
    said, clocks = await banner.text_content(), await screen.dialog.get_by_role("timer").all_text_contents()
    await expect(banner).not_to_have_text(said or "", timeout=20_000)
    assert await screen.dialog.get_by_role("timer").all_text_contents() == clocks

    await site.start()
    await expect(banner).to_have_count(0, timeout=15_000)
    await expect(screen.dialog.get_by_label("Note")).to_have_value("A long story.")
    await expect(screen.transfer).to_be_enabled()
    await screen.transfer.click()
    await expect(screen.ok).to_be_enabled()

    # At the last look too: nothing is sent into the void, and OK works again once somebody is there.
    await site.kill()
    await expect(screen.dialog.get_by_role("alert").filter(has_text="cannot be reached")).to_be_visible(timeout=20_000)
    await expect(screen.ok).to_be_disabled()
    await anna.page.keyboard.press("Enter")
    await site.start()
    await expect(screen.ok).to_be_enabled(timeout=15_000)
    await expect(screen.ok).to_be_focused()
    await anna.page.keyboard.press("Enter")
    await expect(screen.dialog).to_have_count(0)
    await expect(anna.page.get_by_role("region", name="On their way")).to_contain_text("waits for Bernd")
    assert anna.faults == []


# ---------------------------------------------------------------- a large site


@pytest_asyncio.fixture
async def large() -> AsyncIterator[LargeSite]:
    async with large_site() as large:
        yield large


async def test_given_500_agents_and_60_groups_when_typing_then_each_key_takes_a_frame_or_two(
    large: LargeSite, browser: Browser
) -> None:
    context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
    page = await large.log_in(context, WORKER)
    large.talk(large.caller(group_id(1), name="Anna Berg"), WORKER)
    screen = await TransferScreen(page).open()
    await page.evaluate(_MEASURE)
    for word in ("anna", "windows", "support berlin"):
        await screen.search.fill("")
        for key in word:
            await page.keyboard.press(key)
            await page.evaluate(_DRAWN)
    took = await page.evaluate("window.took")
    said = (
        f"scripting per key in ms: median {statistics.median(took):.1f}, longest {max(took):.1f}, of {len(took)} keys"
    )
    print(said)
    assert statistics.median(took) < 33, said
    # All that is found can be reached, though only what is seen is made.
    assert await screen.dialog.get_by_role("treeitem").count() < 200
    await screen.search.fill("a")
    await page.keyboard.press("ArrowUp")
    await expect(screen.dialog.locator("[aria-activedescendant]")).to_have_count(1)

    await screen.search.fill("anna albers")
    row = screen.row("Anna Albers")
    await expect(row).to_contain_text("Available")
    large.set_states([agent_id(0)], Presence.BUSY, "lunch")
    await expect(row).to_contain_text("Busy")
    await expect(row).to_contain_text("Lunch")
    await context.close()


async def test_given_a_directory_that_is_too_large_to_be_loaded_when_searched_then_the_gateway_is_asked(
    large: LargeSite, browser: Browser
) -> None:
    context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})

    async def beginning(route: Route) -> None:
        await route.continue_(url=route.request.url.replace("limit=5000", "limit=30"))

    await context.route("**/v1/directory?limit=5000", beginning)
    page = await large.log_in(context, WORKER)
    large.talk(large.caller(group_id(1), name="Anna Berg"), WORKER)
    screen = await TransferScreen(page).open()
    await expect(screen.dialog).to_contain_text("There are more than are shown")
    await screen.search.fill("support wien")
    await expect(screen.row("Windows Support Wien")).to_be_visible()
    await context.close()


_MEASURE = """() => {
  window.took = [];
  const seen = (list) => {
    for (const entry of list.getEntries())
      if (entry.name === 'input') window.took.push(entry.processingEnd - entry.processingStart);
  };
  new PerformanceObserver(seen).observe({ type: 'event', durationThreshold: 16 });
}"""
"""The time from the key's event until the page has been made anew for it; without painting."""
_DRAWN = "new Promise((done) => requestAnimationFrame(() => setTimeout(done)))"

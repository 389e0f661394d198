"""The wallboard: read across a room, alone for days, and honest about old numbers."""

import re

from many_people import BOARD_TOKEN, BOSS, WORKER, Site, group_id, large_site, violations
from playwright.async_api import Browser, Page, expect

from callbridge.domain.model.agents import Presence

WALLBOARD = "/#/wallboard"


async def on_the_wall(browser: Browser) -> Page:
    context = await browser.new_context(locale="en", viewport={"width": 1920, "height": 1080}, reduced_motion="reduce")
    return await context.new_page()


async def set_up(page: Page, site: Site, token: str = BOARD_TOKEN) -> None:
    """With a token of its own, nobody being logged in."""
    await page.goto(site.url + WALLBOARD)
    await page.get_by_role("button", name="Set up as a wallboard").click()
    await page.get_by_label("Token").fill(token)
    await page.get_by_role("button", name="Show the wallboard").click()


async def test_given_twelve_groups_on_a_large_screen_when_shown_then_all_are_seen_without_scrolling(
    browser: Browser,
) -> None:
    async with large_site(40, 12) as site:
        context = await browser.new_context(locale="en", viewport={"width": 1920, "height": 1080})
        page = await site.log_in(context, BOSS, WALLBOARD)
        site.caller(group_id(1), waited=3700)
        tiles = page.get_by_role("list", name="Agent groups").get_by_role("listitem")
        await expect(tiles).to_have_count(12)
        sales = tiles.filter(has=page.get_by_role("heading", name="Sales", exact=True))
        await expect(sales).to_contain_text(re.compile(r"1:01:\d\d"))
        await expect(sales).to_contain_text("waits too long")
        fits = "(root) => root.scrollHeight <= innerHeight && root.scrollWidth <= innerWidth"
        assert await page.locator("html").evaluate(fits)
        outside = await page.evaluate(
            """() => [...document.querySelectorAll("main *")].filter((each) => {
                const box = each.getBoundingClientRect();
                return box.width > 1 && (box.bottom > innerHeight + 1 || box.right > innerWidth + 1);
            }).length"""
        )
        assert outside == 0
        cut = await page.evaluate(
            """() => [...document.querySelectorAll("main li dd")].filter((each) => {
                const tile = each.closest("li").getBoundingClientRect();
                return each.lastElementChild?.getBoundingClientRect().right > tile.right;
            }).length"""
        )
        assert cut == 0
        await expect(page.get_by_role("group", name="Set my state")).to_have_count(0)
        await context.close()


async def test_given_more_groups_than_fit_when_time_passes_then_their_pages_turn_until_stopped(
    browser: Browser,
) -> None:
    async with large_site(40, 26) as site:
        page = await on_the_wall(browser)
        await page.clock.install()
        await set_up(page, site)
        first = page.get_by_role("list", name="Agent groups").get_by_role("heading").first
        await expect(page.get_by_text("1 / 3")).to_be_visible()
        name = await first.inner_text()
        await page.wait_for_timeout(500)  # until the page's timer runs, which begins after the page was drawn
        await page.clock.fast_forward(15_500)
        await expect(page.get_by_text("2 / 3")).to_be_visible()
        await expect(first).not_to_have_text(name)
        await page.get_by_role("button", name="Stay on this page").click()
        await expect(page.get_by_role("button", name="Go on turning pages")).to_be_visible()
        await page.clock.fast_forward(60_000)
        await expect(page.get_by_text("2 / 3")).to_be_visible()
        await page.get_by_role("button", name="Next page").click()
        await page.get_by_role("button", name="Next page").click()
        await expect(first).to_have_text(name)
        await page.context.close()


async def test_given_a_screen_with_a_token_when_loaded_again_then_it_needs_nobody(browser: Browser) -> None:
    async with large_site(12, 4) as site:
        page = await on_the_wall(browser)
        await set_up(page, site, "not-the-token")
        await expect(page.get_by_text("The gateway does not know this token.")).to_be_visible()
        await page.get_by_label("Token").fill(BOARD_TOKEN)
        await page.get_by_role("button", name="Show the wallboard").click()
        tile = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="Sales"))
        await expect(tile).to_contain_text("of 5")
        site.caller(group_id(1), waited=10)
        await expect(tile).to_contain_text(re.compile(r"00:1\d"), timeout=20_000)
        site.set_states([WORKER], Presence.OFFLINE)
        await expect(tile).to_contain_text("of 4", timeout=20_000)
        await expect(page.get_by_text("Calls today")).to_be_visible()
        await page.reload()
        await expect(tile).to_contain_text(re.compile(r"00:1\d"))
        assert await violations(page) == []
        await page.context.close()


async def test_given_a_gateway_that_is_away_when_it_is_back_then_old_numbers_were_marked_and_new_ones_come(
    browser: Browser,
) -> None:
    async with large_site(12, 4) as site:
        context = await browser.new_context(locale="en", viewport={"width": 1920, "height": 1080})
        page = await site.log_in(context, BOSS, WALLBOARD)
        alone = await on_the_wall(browser)
        await set_up(alone, site)
        site.caller(group_id(1), waited=10)
        for each in (page, alone):
            await expect(each.get_by_role("listitem").filter(has_text="00:")).to_have_count(1, timeout=20_000)
            await each.route("**/*", lambda route: route.abort())
            await each.context.set_offline(True)
        # Chromium leaves open WebSockets alone when it plays being offline.
        for client in list(site.hub.clients):
            client.abort()
        for each in (page, alone):
            alert = each.locator("main").get_by_role("alert")
            await expect(alert).to_contain_text(re.compile(r"These numbers are from \d\d:\d\d:\d\d"), timeout=20_000)
            await expect(each.locator("main")).to_have_attribute("data-old", "true")
            wait = each.get_by_role("listitem").filter(has_text="00:")
            before = await wait.inner_text()
            await each.wait_for_timeout(1500)
            assert await wait.inner_text() == before, "old waits count on"
        site.caller(group_id(2), waited=20)
        for each in (page, alone):
            await each.unroute_all()
            await each.context.set_offline(False)
        for each in (page, alone):
            await expect(each.get_by_role("listitem").filter(has_text="00:")).to_have_count(2, timeout=20_000)
            await expect(each.locator("main").get_by_role("alert")).to_have_text("")
        await context.close()
        await alone.context.close()


async def test_given_chosen_groups_when_the_screen_is_loaded_again_then_only_these_are_shown(
    browser: Browser,
) -> None:
    async with large_site(12, 6) as site:
        page = await on_the_wall(browser)
        await set_up(page, site)
        await page.get_by_role("button", name="Settings of this screen").click()
        await page.get_by_role("checkbox", name="Sales").check()
        await page.get_by_role("checkbox", name="Returns").check()
        await page.get_by_role("button", name="Close").last.click()
        headings = page.get_by_role("list", name="Agent groups").get_by_role("heading")
        await expect(headings).to_have_text(["Returns", "Sales"])
        await page.reload()
        await expect(headings).to_have_text(["Returns", "Sales"])
        await page.context.close()

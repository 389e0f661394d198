"""The supervisor's view: what waits, who is there, and that it changes by itself."""

import re
from collections.abc import AsyncIterator
from typing import Literal

import pytest
from many_people import BOSS, WORKER, Site, agent_id, group_id, large_site, violations
from playwright.async_api import Browser, Page, expect

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import CallOutcome
from callbridge.domain.model.transfer import TransferKind, TransferState

VIEW, WALLBOARD = "/#/supervisor", "/#/wallboard"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with large_site(24, 6, batch=0.02) as site:
        yield site


@pytest.fixture
async def page(site: Site, browser: Browser) -> AsyncIterator[Page]:
    """The supervisor's view."""
    context = await browser.new_context(locale="en", viewport={"width": 1280, "height": 900})
    yield await site.log_in(context, BOSS, VIEW)
    await context.close()


async def test_given_a_caller_who_waits_when_they_come_and_go_then_the_group_says_so(site: Site, page: Page) -> None:
    row = page.get_by_role("table", name="Agent groups").get_by_role("row", name="Sales")
    await expect(row.get_by_role("cell").first).to_have_text("0")
    call = site.caller(group_id(1), waited=75)
    await expect(row.get_by_role("cell").first).to_have_text("1")
    await expect(row).to_contain_text(re.compile(r"01:1\d"))
    await expect(row).to_contain_text("waits too long")
    waiting = page.get_by_role("list", name="1 caller waiting")
    await expect(waiting).to_contain_text("Zoë Ørsted")
    call = site.offer(call, agent_id(3))
    await expect(waiting).to_contain_text("rings at Dora Albers")
    site.talk(call, agent_id(3))
    await expect(row.get_by_role("cell").first).to_have_text("0")
    await expect(page.get_by_text("Nobody waits")).to_be_visible()
    agent = page.get_by_role("table", name="Agents").get_by_role("row", name="Dora Albers")
    await expect(agent).to_contain_text("On a call")
    await expect(agent).to_contain_text("Zoë Ørsted")


async def test_given_a_shorter_limit_when_chosen_then_more_waits_are_marked(site: Site, page: Page) -> None:
    site.caller(group_id(1), waited=30)
    caller = page.get_by_role("list", name="1 caller waiting")
    await expect(caller).to_contain_text(re.compile(r"00:3\d"))
    await expect(caller).not_to_contain_text("waits too long")
    await page.get_by_label("Too long from").select_option(label="20 s")
    await expect(caller).to_contain_text("waits too long")


async def test_given_an_agent_when_their_state_changes_then_it_is_seen_with_its_reason(site: Site, page: Page) -> None:
    row = page.get_by_role("table", name="Agents").get_by_role("row", name="Bernd Albers")
    await expect(row).to_contain_text("Available")
    site.set_states([WORKER], Presence.BUSY, "lunch")
    await expect(row).to_contain_text("Busy", timeout=5000)
    await expect(row).to_contain_text("Lunch")
    await expect(row).to_contain_text(re.compile(r"00:0\d"))


async def test_given_the_agents_when_sorted_and_filtered_then_only_these_are_there_in_order(
    site: Site, page: Page
) -> None:
    table = page.get_by_role("table", name="Agents")
    names = table.get_by_role("rowheader")
    await expect(names).to_have_count(24)
    header = table.get_by_role("columnheader", name="Agent", exact=True)
    await expect(header).to_have_attribute("aria-sort", "ascending")
    await header.get_by_role("button").click()
    await expect(header).to_have_attribute("aria-sort", "descending")
    await expect(page.get_by_text("Sorted by Agent, descending")).to_be_attached()
    await expect(names.first).to_have_text("Rosa Albers")
    await table.get_by_role("columnheader", name="State").get_by_role("button").click()
    await expect(header).not_to_have_attribute("aria-sort", "descending")
    await expect(table.get_by_role("row").nth(1)).to_contain_text("Available")

    await page.get_by_label("Search agents").fill("alb an")
    await expect(names).to_have_text(["Anna Albers"])
    await expect(page.get_by_role("status").get_by_text("1 of 24")).to_be_visible()
    await page.get_by_label("Search agents").fill("nobody")
    await page.get_by_role("button", name="Show all").click()
    await expect(names).to_have_count(24)
    await page.get_by_label("Only agents of").select_option(label="Sales")
    members = {member.agent for member in site.world.settings.groups[group_id(1)].members}
    await expect(names).to_have_count(len(members))
    await page.get_by_label("Only agents of").select_option(label="All groups")
    await page.get_by_role("button", name=re.compile("^Offline")).click()
    offline = sum(agent.presence is Presence.OFFLINE for agent in site.world.agents.values())
    await expect(names).to_have_count(offline)


async def test_given_a_reload_when_the_order_was_chosen_then_it_is_kept(page: Page) -> None:
    header = page.get_by_role("table", name="Agents").get_by_role("columnheader", name="For")
    await header.get_by_role("button").click()
    await page.reload()
    await expect(header).to_have_attribute("aria-sort", "ascending")


async def test_given_todays_calls_when_one_ends_then_the_numbers_follow(site: Site, page: Page) -> None:
    handled = page.locator("dl", has=page.get_by_text("Handled today"))
    site.transfer(1, TransferState.COMPLETED, TransferKind.SUPERVISED)
    call = site.caller(group_id(1))
    site.hang_up(call, CallOutcome.ABANDONED)
    today = page.get_by_role("region", name="Today")
    await expect(today.get_by_role("definition").nth(1)).to_contain_text("1")
    await expect(today.get_by_role("row", name="Completed")).to_have_text(re.compile("Completed\\s*0\\s*1"))
    await expect(handled).to_contain_text("0")


async def test_given_an_agent_when_opened_then_their_state_can_be_set(site: Site, page: Page) -> None:
    await page.get_by_role("button", name="Bernd Albers").click()
    dialog = page.get_by_role("dialog", name="Bernd Albers")
    await dialog.get_by_label("Reason").select_option(label="Lunch")
    await dialog.get_by_role("button", name="Busy").click()
    await expect(dialog.get_by_role("button", name="Busy")).not_to_have_attribute("aria-busy", "true")
    assert site.world.agents[WORKER].reason == "lunch"
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Bernd Albers")).to_be_focused()


async def test_given_the_focus_in_a_row_when_the_order_changes_then_it_stays_there(site: Site, page: Page) -> None:
    table = page.get_by_role("table", name="Agents")
    await table.get_by_role("columnheader", name="State").get_by_role("button").click()
    first = table.get_by_role("rowheader").first
    name = await first.inner_text()
    button = page.get_by_role("button", name=name, exact=True)
    await button.focus()
    number = next(agent for agent, known in site.world.settings.agents.items() if known.name == name)
    site.set_states([number], Presence.BUSY)
    await expect(first).not_to_have_text(name)
    await expect(button).to_be_focused()


async def test_given_an_ordinary_agent_when_they_ask_for_the_view_then_it_is_refused(
    site: Site, browser: Browser
) -> None:
    context = await browser.new_context(locale="en")
    page = await site.log_in(context, WORKER, VIEW)
    await expect(page.get_by_role("heading", name="Only for supervisors")).to_be_attached()
    await expect(page.get_by_role("table")).to_have_count(0)
    await expect(page.get_by_role("link", name="Supervisor")).to_have_count(0)
    answer = await page.evaluate(
        """async () => {
            const { token } = JSON.parse(sessionStorage.getItem("callbridge.session"));
            const headers = { Authorization: `Bearer ${token}` };
            return (await fetch("/v1/statistics/today", { headers })).status;
        }"""
    )
    assert answer == 403
    await page.get_by_role("link", name="Back to the desk").click()
    await expect(page.get_by_role("region", name="My calls")).to_be_visible()
    await context.close()


async def test_given_a_narrow_screen_when_shown_then_there_are_cards_that_fit(site: Site, browser: Browser) -> None:
    site.caller(group_id(1), waited=4000, name="Somebody With A Name That Is Longer Than Most Names Are")
    context = await browser.new_context(locale="en", viewport={"width": 360, "height": 740})
    page = await site.log_in(context, BOSS, VIEW)
    agents = page.get_by_role("list", name="Agents")
    await expect(agents.get_by_role("listitem")).to_have_count(24)
    await expect(page.get_by_role("table", name="Agents")).to_have_count(0)
    await page.get_by_label("Sort by").nth(1).select_option(label="Agent")
    await page.get_by_role("button", name="Turn the order round").nth(1).click()
    await expect(agents.get_by_role("listitem").first).to_contain_text("Rosa Albers")
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await context.close()


@pytest.mark.parametrize("width", [360, 1280, 1920])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", [VIEW, WALLBOARD])
async def test_given_the_screens_when_looked_at_with_axe_then_it_finds_nothing(
    site: Site, browser: Browser, path: str, scheme: Literal["light", "dark"], width: int
) -> None:
    waiting = [site.caller(group_id(n % 3), waited=40.0 * n) for n in range(4)]
    site.offer(waiting[0], agent_id(3))
    site.talk(site.caller(group_id(2)), agent_id(7))
    site.transfer(1, TransferState.COMPLETED)
    context = await browser.new_context(
        locale="en", color_scheme=scheme, viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    page = await site.log_in(context, BOSS, path)
    await expect(page.get_by_text("Zoë Ørsted" if path == VIEW else "Sales").first).to_be_visible()
    await expect(page.get_by_text(re.compile("^Transfers$")).first).to_be_visible()
    assert await violations(page) == []
    if path == VIEW:
        await page.get_by_role("button", name="Bernd Albers").click()
    else:
        await page.get_by_role("button", name="Settings of this screen").click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    assert await violations(page) == []
    await context.close()

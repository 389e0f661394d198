"""How quick the page is with 500 agents in 60 groups. A benchmark: `-s` prints what it measured.

What is asserted does not depend on the machine: how often the page is drawn, and how much of it is there.
"""

import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial

import pytest_asyncio
from many_people import BOSS, WORKER, Site, group_id, large_site
from playwright.async_api import Browser, CDPSession, Page, expect

from callbridge.domain.model.agents import Presence

BURST = 200
FRAMES_OF_A_BURST = 4
"""The agents' own events and the directory's, which is told a tenth of a second later, may be drawn apart."""
ROWS = 250
"""In the page at once, in whatever table or list; there are 500 agents, most of them in two groups."""

_WATCH = """() => {
    // Clocks tick all the time; every other change is one that somebody caused.
    const seen = { frames: 0, changes: 0, longest: 0, long: 0 };
    let drawn = false;
    new MutationObserver((records) => {
        const real = records.filter(({ target }) => {
            const element = target instanceof Element ? target : target.parentElement;
            return !element?.closest("time, [role=timer]");
        });
        if (real.length === 0) return;
        seen.changes += real.length;
        if (drawn) return;
        drawn = true;
        seen.frames += 1;
        requestAnimationFrame(() => { drawn = false; });
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    new PerformanceObserver((list) => {
        for (const task of list.getEntries()) {
            seen.long += 1;
            seen.longest = Math.max(seen.longest, task.duration);
        }
    }).observe({ type: "longtask" });
    window.__seen = seen;
}"""
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_ROWS = "() => document.querySelectorAll('tr, li, [role=option], [role=treeitem], [role=row]').length"


@dataclass
class Costs:
    """Milliseconds, as the browser counts them."""

    script: float
    style_and_layout: float
    task: float

    def __str__(self) -> str:
        return f"script {self.script:6.1f}   style and layout {self.style_and_layout:6.1f}   all {self.task:6.1f} ms"


@pytest_asyncio.fixture(scope="module")
async def large() -> AsyncIterator[Site]:
    async with large_site(500, 60) as site:
        for number in range(30):
            site.caller(group_id(number), waited=number)
        yield site


async def measured(page: Page, cdp: CDPSession, act: Callable[[], Awaitable[object]]) -> Costs:
    before = await _metrics(cdp)
    await act()
    await page.evaluate(_DRAWN)
    after = await _metrics(cdp)
    spent = {name: 1000 * (after[name] - before[name]) for name in before}
    style = spent["RecalcStyleDuration"] + spent["LayoutDuration"]
    return Costs(spent["ScriptDuration"], style, spent["TaskDuration"])


async def _metrics(cdp: CDPSession) -> dict[str, float]:
    found = {each["name"]: each["value"] for each in (await cdp.send("Performance.getMetrics"))["metrics"]}
    return {name: found[name] for name in ("ScriptDuration", "RecalcStyleDuration", "LayoutDuration", "TaskDuration")}


async def opened(browser: Browser, site: Site, agent: str, path: str) -> tuple[Page, CDPSession]:
    context = await browser.new_context(locale="en", viewport={"width": 1280, "height": 900})
    page = await site.log_in(context, agent, path)
    cdp = await context.new_cdp_session(page)
    await cdp.send("Performance.enable")
    return page, cdp


async def typing(page: Page, cdp: CDPSession, words: str, where: str) -> None:
    """Each key by itself, then all of them taken back."""
    costs, rows = [], 0
    for key in [*words, *["Backspace"] * len(words)]:
        cost = await measured(page, cdp, partial(page.keyboard.press, key))
        costs.append((key, cost))
        rows = max(rows, await page.evaluate(_ROWS))
    print(f"\n{where}: each of {len(costs)} keys, 500 agents, 60 groups, 20 presets")
    for name in ("script", "style_and_layout", "task"):
        values = sorted(getattr(cost, name) for _, cost in costs)
        print(f"  {name:17} median {statistics.median(values):6.1f}   worst {values[-1]:6.1f} ms")
    for key, cost in costs:
        print(f"    {key!r:12} {cost}")
    print(f"  rows in the page at most: {rows}")
    assert rows <= ROWS


async def burst(page: Page, cdp: CDPSession, site: Site, where: str) -> int:
    """200 states in one moment, then back, one after the other: how often the page was drawn for the first."""
    agents = [agent for agent in site.world.agents if agent not in (BOSS, WORKER)][:BURST]
    presences = {agent: (site.world.agents[agent].presence, site.world.agents[agent].reason) for agent in agents}

    async def at_once() -> None:
        site.set_states(agents, Presence.BUSY, "meeting")
        await page.wait_for_timeout(600)

    async def one_by_one() -> None:
        for agent in agents:
            site.set_states([agent], *presences[agent])
            await page.wait_for_timeout(5)
        await page.wait_for_timeout(400)

    for name, act in (("in one moment", at_once), ("one after the other", one_by_one)):
        await page.evaluate("() => Object.assign(window.__seen, { frames: 0, changes: 0, longest: 0, long: 0 })")
        costs = await measured(page, cdp, act)
        seen = await page.evaluate("() => window.__seen")
        print(f"\n{where}: {BURST} changes of state {name}\n  {costs}")
        print(f"  {seen['frames']} times drawn, {seen['changes']} changes of the page, ", end="")
        print(f"{seen['long']} tasks over 50 ms, the longest {seen['longest']:.0f} ms")
        if act is at_once:
            frames: int = seen["frames"]
            assert frames <= FRAMES_OF_A_BURST, "a burst is drawn in a few frames"
    return frames


async def test_given_a_large_directory_when_searched_on_the_transfer_screen_then_few_rows_are_drawn(
    large: Site, browser: Browser
) -> None:
    page, cdp = await opened(browser, large, WORKER, "/")
    large.talk(large.caller(group_id(1)), WORKER)
    await page.get_by_role("button", name="Transfer", exact=True).first.click()
    dialog = page.get_by_role("dialog")
    field = dialog.get_by_role("combobox").or_(dialog.get_by_role("searchbox")).first
    await field.click()
    await page.evaluate(_WATCH)
    await page.wait_for_timeout(500)
    for words in ("anna windows", "q", "s"):
        await typing(page, cdp, words, f"transfer screen, {words!r}")
    await page.keyboard.press("a")
    await burst(page, cdp, large, "transfer screen, with a search")
    await page.context.close()


async def test_given_a_large_site_when_a_supervisor_watches_then_bursts_are_drawn_in_few_frames(
    large: Site, browser: Browser
) -> None:
    page, cdp = await opened(browser, large, BOSS, "/#/supervisor")
    await expect(page.get_by_text("500 agents")).to_be_visible()
    await expect(page.get_by_role("rowheader", name="Anna Albers").first).to_be_visible()
    await page.evaluate(_WATCH)
    await page.get_by_label("Search agents").click()
    await typing(page, cdp, "anna m", "supervisor's view")
    await burst(page, cdp, large, "supervisor's view")
    await page.get_by_role("columnheader", name="State").get_by_role("button").click()
    await burst(page, cdp, large, "supervisor's view, sorted by state")

    async def nothing() -> None:
        await page.wait_for_timeout(2000)

    costs = await measured(page, cdp, nothing)
    print(f"\nsupervisor's view, two seconds in which nothing happens but clocks\n  {costs}")
    await page.context.close()


async def test_given_a_large_site_when_states_change_then_the_desk_is_not_drawn_for_it(
    large: Site, browser: Browser
) -> None:
    page, cdp = await opened(browser, large, WORKER, "/")
    await page.evaluate(_WATCH)
    await page.wait_for_timeout(500)
    seen = await burst(page, cdp, large, "desk")
    assert seen == 0
    await page.context.close()

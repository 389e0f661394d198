"""The call on the page: its screen pop, notes and history, wrap-up, and that nothing is lost when the page is."""

from html import escape

import steps
from aiohttp import web
from desk_steps import Desk, at_desk, axe
from playwright.async_api import Browser, expect

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

HOSTILE_NAME = "<script>alert(1)</script><img src=x onerror=alert(2)>"
TWO_CALLS = {"max_sessions": 2}


async def talking(site: Site, lab: Lab, browser: Browser, did: str = steps.SUPPORT, **more: str) -> Desk:
    anna = await at_desk(browser, site, "anna")
    await steps.ring(lab, did, **more)
    await anna.take()
    return anna


async def test_given_hostile_data_when_the_call_is_taken_then_all_of_it_is_text(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    opened: list[str] = []
    anna.page.on("dialog", lambda dialog: opened.append(dialog.message))
    await steps.ring(lab, steps.WITH_DATA, name=HOSTILE_NAME)
    await expect(anna.offer.get_by_text(HOSTILE_NAME)).to_be_visible()
    await anna.take()
    await expect(anna.call.get_by_role("heading", level=2)).to_have_text(HOSTILE_NAME)
    table = anna.call.get_by_role("table", name="Attached data")
    for name, value in steps.HOSTILE_DATA.items():
        row = table.get_by_role("row").filter(has=anna.page.get_by_role("rowheader", name=name, exact=True))
        lines = (value or "empty").splitlines()
        await expect(row.get_by_role("cell")).to_contain_text(lines[0])
        await expect(row.get_by_role("cell")).to_contain_text(lines[-1])
    assert await table.locator("a, script, img").count() == 0
    assert await anna.page.locator("img[src=x]").count() == 0
    link = anna.call.get_by_role("link", name="Open in crm.example")
    assert await link.get_attribute("rel") == "noopener noreferrer"
    assert await link.get_attribute("target") == "_blank"
    assert "order=A-1%20%26%20B%3D2" in str(await link.get_attribute("href"))
    for width in (360, 820, 1920):
        await anna.page.set_viewport_size({"width": width, "height": 800})
        wide = await anna.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"at {width} px the page is {wide} px too wide"
    assert (opened, anna.faults) == ([], [])


async def test_given_a_call_when_it_is_worked_on_then_notes_history_and_wrap_up_are_there(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser, name="Max")
    await axe(anna.page, "a call")
    await anna.page.get_by_label("Add a note").fill("Wants his money back.\nPolite.")
    await anna.page.keyboard.press("Control+Enter")
    notes = anna.call.get_by_role("region", name="Notes")
    await expect(notes.get_by_role("article")).to_contain_text("Wants his money back.")
    await expect(anna.page.get_by_label("Add a note")).to_have_value("")
    await anna.button("History").click()
    await expect(anna.call).to_contain_text("Anna and the caller talk")
    await lab.reset()

    wrapup = anna.page.get_by_role("region", name="Wrap-up")
    await expect(wrapup).to_be_visible()
    await expect(wrapup.get_by_role("timer")).to_have_text("00:17", timeout=20_000)
    await axe(anna.page, "wrap-up")
    await anna.page.reload()
    # The call is over, so the stream knows it no more; its record does.
    await expect(anna.call.get_by_role("heading", level=2)).to_have_text("Max")
    await expect(notes).to_contain_text("Polite.")
    await anna.page.get_by_label("Add a note").fill("Money is on its way.")
    await anna.button("Save").click()
    await expect(notes.get_by_role("article").last).to_contain_text("Money is on its way.")
    await wrapup.get_by_role("button", name="End wrap-up now").click()
    await expect(wrapup).to_have_count(0)
    await expect(anna.state).to_contain_text("Available")
    await expect(anna.call).to_contain_text("No call selected")
    assert anna.faults == []


async def test_given_a_call_when_page_and_gateway_begin_anew_then_the_picture_is_the_same(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await talking(site, lab, browser, steps.WITH_DATA, name="Max")
    await anna.page.reload()
    await anna.talks()
    await expect(anna.call.get_by_role("heading", level=2)).to_have_text("Max")
    await expect(anna.call.get_by_role("table")).to_contain_text("A-1 & B=2")

    await site.kill()
    await expect(anna.page.get_by_text("The gateway cannot be reached.")).to_be_visible(timeout=20_000)
    await anna.page.get_by_label("Add a note").fill("Written while nobody heard it.")
    await expect(anna.button("Save")).to_be_disabled()
    await expect(anna.call.get_by_text("Not connected to the gateway").first).to_be_visible()
    for button in ("Transfer", "Hold", "Hang up", "Available", "Busy"):
        await expect(anna.button(button)).to_be_disabled()
    await axe(anna.page, "a lost connection")
    await site.start()
    await expect(anna.page.get_by_text("The gateway cannot be reached.")).to_have_count(0, timeout=15_000)
    await anna.talks()
    await anna.button("Save").click()
    await expect(anna.call.get_by_role("article")).to_contain_text("Written while nobody heard it.")
    assert anna.faults == []


async def test_given_two_calls_when_one_is_chosen_then_it_is_shown_also_after_a_reload(
    site: Site, lab: Lab, browser: Browser
) -> None:
    assert await steps.configure(site, agents={"anna": TWO_CALLS})
    anna = await talking(site, lab, browser, name="Max")
    await anna.page.get_by_label("Add a note").fill("A draft")
    await steps.ring(lab, name="Moritz", number="+493012399999")
    await anna.take()
    await expect(anna.call.get_by_role("heading", level=2)).to_have_text("Moritz")
    await anna.calls.get_by_role("button", name="Max").click()
    await expect(anna.call.get_by_role("heading", level=2)).to_have_text("Max")
    await expect(anna.call).to_contain_text("On hold")
    await expect(anna.page.get_by_label("Add a note")).to_have_value("A draft")
    await anna.page.reload()
    await expect(anna.call.get_by_role("heading", level=2)).to_have_text("Max")
    await expect(anna.calls.get_by_role("listitem")).to_have_count(2)
    assert anna.faults == []


async def test_given_a_site_with_its_crm_in_a_frame_then_the_page_of_the_crm_is_there_and_cannot_lead_this_one_away(
    site: Site, lab: Lab, browser: Browser
) -> None:
    async def customer(request: web.Request) -> web.Response:
        text = f"<h1>Order {escape(request.query['order'])}</h1><input aria-label=Remark><a target=_top href=/>Away</a>"
        return web.Response(text=text, content_type="text/html")

    app = web.Application()
    app.router.add_get("/customer", customer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        crm = f"http://127.0.0.1:{runner.addresses[0][1]}/customer?order={{data.order}}"
        assert await steps.configure(site, options={"crm_frame": True, "crm_url": crm}, agents={"anna": TWO_CALLS})
        anna = await talking(site, lab, browser, steps.WITH_DATA, name="Max")
        frame = anna.page.frame_locator("iframe >> visible=true")
        await expect(frame.get_by_role("heading")).to_have_text("Order A-1 & B=2; +3%20")
        await frame.get_by_label("Remark").fill("half a sentence")
        await steps.ring(lab, name="Moritz")
        await anna.take()
        await anna.calls.get_by_role("button", name="Max").click()
        await expect(frame.get_by_label("Remark")).to_have_value("half a sentence")
        anna.faults.clear()
        await frame.get_by_role("link", name="Away").click()
        await expect(anna.call.get_by_role("heading", level=2)).to_have_text("Max")
        assert anna.page.url.rstrip("/#") == site.url
        assert any("sandbox" in fault for fault in anna.faults), anna.faults
    finally:
        await runner.cleanup()

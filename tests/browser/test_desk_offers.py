"""The offer on the page: answered there, on the phone, or not at all."""

import steps
from desk_steps import at_desk, axe
from playwright.async_api import Browser, expect

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


async def test_given_an_offer_when_it_is_accepted_on_the_page_then_the_phone_is_picked_up_and_they_talk(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    caller = await steps.ring(lab, name="Max Mustermann", number="+493012345678")
    await expect(anna.offer).to_contain_text("Incoming call")
    await expect(anna.offer).to_contain_text("Support")
    await expect(anna.offer).to_contain_text("+49 30 12345678")
    await expect(anna.page).to_have_title("☎ Incoming call")
    await expect(anna.calls).to_contain_text("Offered to you")
    await expect(anna.state).to_contain_text("Offered a call")
    await axe(anna.page, "an offer")
    await anna.offer.get_by_role("button", name="Accept").click()
    await expect(anna.offer).to_have_count(0)
    await expect(anna.call).to_contain_text("Pick up your phone")
    await anna.pick_up()
    await anna.talks()
    await expect(anna.page).to_have_title("callbridge")
    await steps.hear_each_other(lab, caller, anna.phone)
    assert anna.faults == []


async def test_given_an_offer_when_the_phone_is_picked_up_then_it_is_accepted_with_it(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    await steps.ring(lab)
    await expect(anna.offer).to_be_visible()
    await anna.pick_up()
    await expect(anna.offer).to_have_count(0)
    await anna.talks()


async def test_given_two_agents_when_one_rejects_then_the_other_is_asked_and_the_page_says_so(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    bernd = await at_desk(browser, site, "bernd")
    await steps.ring(lab)
    await expect(anna.offer).to_be_visible()
    await expect(bernd.offer).to_have_count(0)
    # Shortcuts do not need the mouse; the offer has the focus, since nothing else had it.
    await anna.page.keyboard.press("Alt+r")
    await expect(anna.offer).to_have_count(0)
    await expect(anna.toast("Rejected. The next free agent of")).to_be_visible()
    await expect(bernd.offer).to_be_visible()
    await bernd.take()
    assert anna.faults == bernd.faults == []


async def test_given_somebody_who_types_when_an_offer_comes_then_no_key_answers_it_and_the_text_stays(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna", available=False)
    await anna.button("Why busy").click()
    await anna.page.get_by_role("menuitem", name="Another reason").click()
    field = anna.page.get_by_role("dialog").get_by_role("textbox")
    await field.fill("half a ")
    await site.crm.call("PUT", "/v1/agents/anna/state", {"state": "available"})
    caller = await steps.ring(lab)
    await expect(anna.offer).to_be_visible()
    await expect(field).to_be_focused()
    await anna.page.keyboard.type("sentence are words")
    await anna.page.keyboard.press("Alt+a")
    await anna.page.keyboard.press("Alt+r")
    await expect(field).to_have_value("half a sentence are words")
    await expect(anna.offer).to_be_visible()
    await axe(anna.page, "an offer above a dialog")
    # Above the dialog it can be answered all the same.
    await anna.offer.get_by_role("button", name="Reject").click()
    await expect(anna.offer).to_have_count(0)
    await expect(field).to_have_value("half a sentence are words")
    await caller.hang_up()


async def test_given_an_offer_when_the_caller_hangs_up_then_it_says_so(site: Site, lab: Lab, browser: Browser) -> None:
    anna = await at_desk(browser, site, "anna")
    caller = await steps.ring(lab)
    await expect(anna.offer).to_be_visible()
    await caller.hang_up()
    await expect(anna.offer).to_have_count(0)
    await expect(anna.toast("The caller has hung up.")).to_be_visible()
    await expect(anna.state).to_contain_text("Available")


async def test_given_an_offer_that_nobody_answers_then_the_agent_is_busy_and_one_click_away_from_available(
    site: Site, lab: Lab, browser: Browser
) -> None:
    assert await steps.configure(site, options={"offer_timeout": 2})
    anna = await at_desk(browser, site, "anna")
    caller = await steps.ring(lab, name="Max")
    await expect(anna.offer).to_be_visible()
    missed = anna.page.get_by_role("region", name="You were set to Busy")
    await expect(missed).to_contain_text("You did not answer the call of Max")
    await expect(anna.offer).to_have_count(0)
    await axe(anna.page, "a missed offer")
    await anna.page.reload()
    await expect(missed).to_be_visible()
    await caller.hang_up()
    await missed.get_by_role("button", name="Become Available").click()
    await expect(missed).to_have_count(0)
    await expect(anna.button("Available")).to_have_attribute("aria-pressed", "true")

    await steps.ring(lab, name="Moritz")
    await expect(missed).to_be_visible()
    await missed.get_by_role("button", name="Stay Busy").click()
    await expect(missed).to_have_count(0)
    await expect(anna.button("Busy")).to_have_attribute("aria-pressed", "true")

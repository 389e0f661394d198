"""Logging in at the page, and my state."""

from desk_steps import at_desk, axe, log_in, open_page
from playwright.async_api import Browser, expect

from callbridge.demo.site import Site


async def test_given_a_wrong_password_when_logging_in_then_it_says_so_and_the_right_one_opens_the_desk(
    site: Site, browser: Browser
) -> None:
    page, faults = await open_page(browser, site)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_text("Enter your name and your password.")).to_be_visible()
    await page.get_by_label("Name", exact=True).fill("anna")
    await page.get_by_label("Password").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert").get_by_text("Name or password is wrong.")).to_be_visible()
    await axe(page, "login")
    await log_in(page, "anna", site.password)
    await expect(page.get_by_role("region", name="My state")).to_contain_text("just logged in")
    assert faults == []


async def test_given_an_agent_when_they_choose_then_their_state_is_one_click_away(site: Site, browser: Browser) -> None:
    anna = await at_desk(browser, site, "anna")
    await anna.button("Why busy").click()
    await axe(anna.page, "the reasons")
    await anna.page.get_by_role("menuitemradio", name="Lunch").click()
    await expect(anna.state).to_contain_text("Lunch")
    assert (await site.crm.get("/v1/agents/anna"))["reason"] == "lunch"
    await anna.button("Available").click()
    await expect(anna.calls).to_contain_text("You are available")
    await axe(anna.page, "the empty desk")
    await anna.page.reload()
    await expect(anna.button("Available")).to_have_attribute("aria-pressed", "true")
    await anna.page.get_by_role("button", name="settings and log out").click()
    await anna.page.get_by_role("menuitem", name="Log out").click()
    await expect(anna.page.get_by_text("You are logged out.")).to_be_visible()
    assert (await site.crm.get("/v1/agents/anna"))["state"] == "offline"
    assert anna.faults == []

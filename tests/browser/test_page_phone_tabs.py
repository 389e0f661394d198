"""The phone in the page, and an agent who has several tabs, or logs out during a call."""

import steps
from desk_steps import log_in
from page_phone import ONLINE, OpenPhone, PagePhone, hear_each_other, talking
from playwright.async_api import Page, expect

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


async def test_given_an_offer_when_accepted_in_another_tab_then_the_tab_with_the_phone_picks_up(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    first = await open_phone("erika")
    second = tab_of(first, await first.page.context.new_page())
    await second.page.goto(web_site.url)
    await log_in(second.page, "erika", web_site.password)
    await second.is_ready()
    await expect(first.panel).to_contain_text("in use in another window")
    caller = await steps.ring(web_lab, ONLINE)
    await first.accept()
    await second.talks()
    await hear_each_other(second, caller)
    call = await steps.the_call(web_site)
    assert "phone.rung_again" not in await steps.history(web_site, call["id"])


async def test_given_a_call_when_the_tab_is_duplicated_then_it_goes_on_where_it_was_until_the_agent_wants_it_there(
    web_site: Site, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    call = await steps.the_call(web_site)
    # Such a window gets a copy of what the tab remembers, as a duplicated tab does.
    async with erika.page.context.expect_page() as opened:
        await erika.page.evaluate("void window.open(location.href)")
    copy = tab_of(erika, await opened.value)
    await copy.is_ready()
    await expect(copy.button("Talk here")).to_be_visible()
    await hear_each_other(erika, caller)
    assert "phone.rung_again" not in await steps.history(web_site, call["id"])
    await copy.button("Talk here").click()
    await copy.assert_hears(caller, within=10)
    await hear_each_other(copy, caller)


async def test_given_a_call_when_the_agent_logs_out_then_it_goes_on_until_they_hang_up(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    await erika.page.get_by_role("button", name="settings and log out").click()
    await erika.page.get_by_role("menuitem", name="Log out").click()
    dialog = erika.page.get_by_role("dialog", name="Log out during a call?")
    await dialog.get_by_role("button", name="Log out").click()
    await expect(erika.page.get_by_label("Password")).to_be_visible()
    await hear_each_other(erika, caller)
    await erika.button("Hang up").click()
    await caller.wait_ended()
    await steps.no_calls(web_site)
    await web_lab.wait_no_channels()


def tab_of(phone: PagePhone, page: Page) -> PagePhone:
    return PagePhone(phone.name, phone.browser, page, phone.site, phone.faults)

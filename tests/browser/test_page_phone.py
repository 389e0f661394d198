"""The phone in the page: it rings, is answered, heard and muted, and sends keys."""

import steps
from page_phone import ONLINE, OpenPhone, hear_each_other, talking
from playwright.async_api import expect

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


async def test_given_an_offer_when_accepted_on_the_page_then_its_phone_answers_and_both_hear_each_other(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await steps.ring(web_lab, ONLINE)
    await erika.accept()
    await erika.talks()
    await hear_each_other(erika, caller)
    assert erika.faults == []


async def test_given_a_call_when_the_microphone_is_muted_then_the_caller_hears_silence_until_it_is_not(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    await erika.button("Mute my microphone").click()
    await web_lab.assert_hears({caller: set()}, seconds=0.6)
    await erika.assert_hears(caller)
    await erika.button("Muted: speak again").click()
    await hear_each_other(erika, caller)


async def test_given_a_call_when_keys_are_pressed_on_the_page_and_the_keyboard_then_the_caller_gets_the_digits(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    await erika.button("Keypad").click()
    for key in ("4", "2", "hash"):
        await erika.panel.get_by_role("button", name=key, exact=True).click()
    await erika.page.keyboard.press("7")
    await expect(erika.panel.get_by_label("Keys pressed")).to_have_text("42#7")
    leg = caller.up
    assert leg is not None
    await caller.watch.until(lambda: leg.dtmf == "42#7", 10, f"42#7 arrives, not {leg.dtmf!r}")
    await hear_each_other(erika, caller)


async def test_given_a_call_when_the_agent_hangs_up_then_it_ends_and_no_phone_is_rung_again(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    call = await steps.the_call(web_site)
    await web_site.person("erika").log_in()
    await web_site.person("erika").hang_up(call["id"])
    await caller.wait_ended()
    await steps.no_calls(web_site)
    await web_lab.wait_no_channels()
    assert "phone.rung_again" not in await steps.history(web_site, call["id"])
    assert erika.faults == []

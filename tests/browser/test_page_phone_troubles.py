"""The phone in the page says in words what is wrong with it; and the ringing is heard."""

import json
from typing import Any

import steps
from desk_steps import axe, open_page
from page_phone import ONLINE, OpenPhone, hear_each_other, talking
from playwright.async_api import Browser, Route, expect

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

# The fake device cannot be unplugged, so the browser is made to say that there is none.
NO_MICROPHONE = """
navigator.mediaDevices.enumerateDevices = async () => [];
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("none", "NotFoundError"); };
"""
# What the page has asked the browser for.
ASKED = """
window.asked = [];
const give = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) => { window.asked.push(wanted); return give(wanted); };
"""
FORBIDDEN = """
navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError"); };
navigator.permissions.query = async () => ({ state: "denied" });
"""
# Keeps what plays without being in the page: the ringing.
PLAYED = """
window.played = [];
const play = HTMLMediaElement.prototype.play;
HTMLMediaElement.prototype.play = function () { window.played.push(this); return play.call(this); };
"""


async def test_given_an_agent_with_a_desk_phone_then_the_page_says_where_their_calls_ring_and_asks_for_nothing(
    web_site: Site, browser: Browser
) -> None:
    page, faults = await open_page(browser, web_site)
    requests: list[str] = []
    page.on("websocket", lambda socket: requests.append(socket.url))
    await page.get_by_label("Name", exact=True).fill("anna")
    await page.get_by_label("Password").fill(web_site.password)
    await page.get_by_role("button", name="Log in").click()
    panel = page.get_by_role("region", name="Phone", exact=True)
    await expect(panel).to_contain_text("Your calls ring on your desk phone or softphone")
    await expect(panel.get_by_role("button")).to_have_count(0)
    assert not [url for url in requests if web_site.lab.pbx.web_phone_url in url]
    assert faults == []


async def test_given_no_microphone_then_the_page_says_so_and_the_caller_is_heard_all_the_same(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika", script=NO_MICROPHONE, ready=False)
    await expect(erika.panel).to_contain_text("There is no microphone, so callers would not hear you.")
    caller = await steps.ring(web_lab, ONLINE)
    await erika.accept()
    await erika.talks()
    await erika.assert_hears(caller)
    await web_lab.assert_hears({caller: set()}, seconds=0.6)
    # A headset is plugged in.
    await erika.page.evaluate(
        "delete navigator.mediaDevices.enumerateDevices; delete navigator.mediaDevices.getUserMedia;"
        "navigator.mediaDevices.dispatchEvent(new Event('devicechange'))"
    )
    await hear_each_other(erika, caller)
    await erika.is_ready()


async def test_given_a_forbidden_microphone_then_the_page_says_so_until_it_is_allowed(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika", script=FORBIDDEN, ready=False)
    await expect(erika.panel).to_contain_text("This page may not use the microphone")
    await expect(erika.panel.get_by_role("status").first).to_have_text("Not ready")
    await axe(erika.page, "a phone without a microphone")
    # What the browser's settings do, and the button then.
    await erika.page.evaluate(
        "delete navigator.mediaDevices.getUserMedia; navigator.permissions.query = async () => ({ state: 'granted' })"
    )
    await erika.button("Try again").click()
    await erika.is_ready()
    await hear_each_other(erika, await talking(erika))


async def test_given_a_wrong_password_then_the_page_says_that_the_pbx_does_not_accept_the_phone(
    web_site: Site, open_phone: OpenPhone
) -> None:
    async def wrong(route: Route) -> None:
        answer = await route.fetch()
        phone: dict[str, Any] = await answer.json()
        await route.fulfill(response=answer, body=json.dumps({**phone, "password": "wrong"}))

    erika = await open_phone("erika", ready=False)
    await erika.page.route("**/v1/me/phone", wrong)
    await erika.page.reload()
    await expect(erika.panel).to_contain_text("The phone system does not accept this phone.")


async def test_given_a_call_when_another_microphone_is_chosen_then_the_talk_goes_on_with_it(
    web_site: Site, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika", script=ASKED)
    caller = await talking(erika)
    await erika.button("Microphone and speaker").click()
    choice = erika.panel.get_by_label("Microphone", exact=True)
    offered = await choice.locator("option").all_text_contents()
    assert len(offered) >= 3, offered
    chosen = await choice.locator("option").nth(2).get_attribute("value")
    await choice.select_option(index=2)
    used = "asked.at(-1)?.audio.deviceId?.ideal ?? null"
    await steps.eventually(lambda: erika.page.evaluate(used), lambda id: id == chosen, "the chosen one is asked for")
    await hear_each_other(erika, caller)
    await axe(erika.page, "a call with the phone's devices open")


async def test_given_somebody_calls_then_the_page_rings_until_it_is_answered(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika", script=PLAYED)
    rings = "played.some((each) => each.loop && !each.paused && each.currentTime > 0)"
    assert not await erika.page.evaluate(rings)
    await steps.ring(web_lab, ONLINE)
    await steps.eventually(lambda: erika.page.evaluate(rings), bool, "it rings")
    await erika.accept()
    await erika.talks()
    assert not await erika.page.evaluate(rings)

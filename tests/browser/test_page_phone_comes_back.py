"""The phone in the page comes back: after the PBX, the gateway, the network or the page itself was away."""

import asyncio

import steps
from page_phone import ONLINE, OpenPhone, PagePhone, hear_each_other, talking
from playwright.async_api import WebSocketRoute, expect

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


async def test_given_the_pbx_restarts_then_the_phone_says_that_it_is_lost_and_is_registered_again_by_itself(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    await web_lab.pbx.kill()
    await expect(erika.panel.get_by_role("status")).to_have_text("Not connected")
    await web_lab.pbx.start()
    await web_lab.bank.wait_registered()
    await erika.is_ready()
    await web_site.wait_ready()
    caller = await talking(erika)
    await hear_each_other(erika, caller)


async def test_given_a_call_when_the_gateway_restarts_then_both_go_on_hearing_each_other(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    await web_site.kill()
    await hear_each_other(erika, caller)
    await web_site.start()
    await erika.talks()
    await hear_each_other(erika, caller)
    call = await steps.the_call(web_site)
    assert "phone.rung_again" not in await steps.history(web_site, call["id"])


async def test_given_a_call_when_the_page_is_reloaded_then_the_caller_hears_music_and_the_talk_goes_on(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    call = await steps.the_call(web_site)
    async with web_lab.recording(caller) as heard:
        await erika.page.reload()
        await erika.is_ready()
        await erika.talks()
        await hear_each_other(erika, caller)
    away = heard.track.longest_gap("erika")
    nothing = heard.track.longest_gap("erika", HOLD_MUSIC)
    print(f"without erika for {away:.0f} ms, of these in silence {nothing:.0f} ms")
    assert away < 5000
    assert heard.track.first_heard(HOLD_MUSIC) is not None
    assert nothing < 1500
    after = await steps.the_call(web_site)
    assert (after["id"], after["agent"], after["pop"]["id"]) == (call["id"], "erika", call["pop"]["id"])
    assert erika.faults == []


async def test_given_the_way_to_the_pbx_breaks_during_a_call_then_they_talk_on_and_the_phone_is_reached_again(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    wires = await through_a_wire(erika)
    caller = await talking(erika)
    async with web_lab.recording(caller) as heard:
        await wires.cut()
        await expect(erika.panel.get_by_role("status")).to_have_text("Not connected")
        # The sound has a way of its own.
        await hear_each_other(erika, caller)
        await erika.is_ready()
        call = await steps.the_call(web_site)
        await steps.eventually(
            lambda: steps.history(web_site, call["id"]), lambda seen: "phone.rung_again" in seen, "it rings again"
        )
        await erika.talks()
        await hear_each_other(erika, caller)
    print(f"without erika for {heard.track.longest_gap('erika'):.0f} ms")
    assert heard.track.longest_gap("erika", HOLD_MUSIC) < 1500
    # By the old way the PBX could not have said that it is over.
    await caller.hang_up()
    await expect(erika.page.locator("audio[data-part=call]")).to_have_count(0)
    await steps.no_calls(web_site)


async def test_given_a_way_to_the_pbx_that_swallows_everything_when_looked_after_then_another_is_taken(
    web_site: Site, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    wires = await through_a_wire(erika)
    wires.swallow = True
    await looks_now(erika)
    await expect(erika.panel.get_by_role("status")).to_have_text("Not connected", timeout=15_000)
    wires.swallow = False
    await erika.is_ready()
    await hear_each_other(erika, await talking(erika))


async def test_given_an_offer_that_rings_when_the_page_is_reloaded_then_it_can_be_accepted_all_the_same(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await steps.ring(web_lab, ONLINE)
    await expect(erika.offer).to_be_visible()
    await erika.page.reload()
    await erika.is_ready()
    await erika.accept()
    await erika.talks()
    await hear_each_other(erika, caller)


async def test_given_a_consultation_when_both_pages_are_reloaded_then_it_goes_on_and_can_be_completed(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika, felix = await open_phone("erika"), await open_phone("felix")
    caller = await talking(erika)
    call = await steps.the_call(web_site)
    person = web_site.person("erika")
    await person.log_in()
    transfer = await person.consult(call["id"], "agent", "felix")
    await felix.accept()
    await felix.assert_hears(erika)
    await asyncio.gather(erika.page.reload(), felix.page.reload())
    await asyncio.gather(erika.is_ready(), felix.is_ready())
    await felix.assert_hears(erika, within=10)
    await erika.assert_hears(felix)
    await steps.hears_music(web_lab, caller)
    await person.complete(transfer["id"])
    await felix.talks()
    await hear_each_other(felix, caller)
    await expect(erika.page.locator("audio[data-part=call]")).to_have_count(0)


async def test_given_a_call_when_the_window_is_closed_then_the_caller_hears_music_and_goes_on_to_the_next_agent(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    caller = await talking(erika)
    await erika.page.close(run_before_unload=False)
    await steps.hears_music(web_lab, caller, within=3)
    # Once the PBX has heard nothing from the page for rtp_timeout seconds, the caller waits for somebody else.
    await steps.the_call(web_site, lambda call: call["agent"] is None, within=40)
    again = await open_phone("erika")
    await again.accept()
    await again.talks()
    await hear_each_other(again, caller)


async def test_given_the_phone_is_open_in_another_window_then_the_first_one_says_so_and_can_take_it_back(
    web_site: Site, web_lab: Lab, open_phone: OpenPhone
) -> None:
    erika = await open_phone("erika")
    other = await open_phone("erika", available=False)
    await looks_now(erika)
    await expect(erika.panel).to_contain_text("in use in another window")
    await erika.button("Use the phone here").click()
    await erika.is_ready()
    caller = await talking(erika)
    await hear_each_other(erika, caller)
    await looks_now(other)
    await expect(other.panel).to_contain_text("in use in another window")


async def looks_now(phone: PagePhone) -> None:
    """The page asks the PBX who has the phone: it does so every 20 seconds, and when the computer is online again."""
    await phone.page.evaluate("window.dispatchEvent(new Event('online'))")


class Wires:
    """The page's WebSockets to the PBX, which go through here."""

    def __init__(self) -> None:
        self.swallow = False
        self._open: list[tuple[WebSocketRoute, WebSocketRoute]] = []

    def connect(self, page: WebSocketRoute) -> None:
        pbx = page.connect_to_server()
        self._open.append((page, pbx))
        page.on_message(lambda said: None if self.swallow else pbx.send(said))
        pbx.on_message(lambda said: None if self.swallow else page.send(said))

    async def cut(self) -> None:
        for ends in self._open:
            for end in ends:
                await end.close(code=4000)
        self._open.clear()


async def through_a_wire(phone: PagePhone) -> Wires:
    wires = Wires()
    await phone.page.route_web_socket(phone.lab.pbx.web_phone_url, wires.connect)
    await phone.page.reload()
    await phone.is_ready()
    return wires

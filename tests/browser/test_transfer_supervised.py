"""Rows 7, 8 and 9 as agents meet them: consult, alternate, merge, a fourth party, leave, and what fails, on sound."""

from consults import FOURTH, FOURTH_DIALLED, matrix, talk
from desk_steps import Desk, at_desk, axe
from playwright.async_api import Browser, Locator, expect
from steps import configure, hear_each_other, ring, the_call
from test_transfer_screen import TransferScreen

from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.tones import HOLD_MUSIC


def controls(desk: Desk) -> Locator:
    return desk.page.get_by_role("region", name="Transfer", exact=True)


def button(desk: Desk, name: str) -> Locator:
    return controls(desk).get_by_role("button", name=name, exact=True)


def picture(desk: Desk) -> Locator:
    return controls(desk).get_by_role("img")


async def both(site: Site, lab: Lab, browser: Browser) -> tuple[Desk, Desk, Caller]:
    """Anna talks with a caller, Carla is free; both are at their pages."""
    anna = await at_desk(browser, site, "anna")
    carla = await at_desk(browser, site, "carla")
    caller = await ring(lab, name="Max Berg")
    await anna.take()
    return anna, carla, caller


async def consult(anna: Desk, name: str) -> None:
    screen = await TransferScreen(anna.page).open()
    await screen.choose(name)
    await screen.way("Speak first").check()
    await screen.confirm("first; Max Berg hears music meanwhile.")


async def test_given_a_call_when_consulted_and_conferred_through_the_screen_then_picture_and_sound_agree(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna, carla, caller = await both(site, lab, browser)
    outside = await lab.bank.outside(FOURTH_DIALLED, "the fourth")
    call = (await the_call(site))["id"]

    await consult(anna, "carla")
    await expect(controls(anna)).to_contain_text("Carla is being called.")
    await expect(controls(anna).get_by_role("timer")).to_be_visible()
    await expect(carla.offer).to_contain_text("Anna")
    await carla.offer.get_by_role("button", name="Accept").click()
    await carla.pick_up()
    await expect(picture(anna)).to_have_accessible_name(
        "Who hears whom: Max Berg: on hold, hears music. You: hear Carla. Carla: hears you."
    )
    await expect(controls(anna)).to_contain_text("You talk with Carla. Max Berg is on hold.")
    await matrix(site, call, caller, {caller: {HOLD_MUSIC}, anna.phone: {carla.phone}, carla.phone: {anna.phone}})
    await axe(anna.page, "a consultation")
    # The target sees who asks, and what the call is about.
    await expect(controls(carla)).to_contain_text("Anna asks you about this call.")
    await expect(carla.call).to_contain_text("Max Berg")
    await expect(button(carla, "Hang up")).to_be_visible()
    await axe(carla.page, "being consulted")

    await button(anna, "Talk to the caller").dblclick()
    await expect(button(anna, "Talk to Carla")).to_be_enabled()
    await matrix(site, call, caller, {caller: {anna.phone}, anna.phone: {caller}, carla.phone: {HOLD_MUSIC}})

    await anna.page.get_by_label("Call a fourth party").fill(FOURTH)
    await button(anna, "Call").click()
    await talk(site, call, "caller", "agent", "target", "fourth")
    await expect(controls(anna)).to_contain_text("You talk with Max Berg, Carla and +49 40 555222.")
    await hear_each_other(lab, caller, anna.phone, carla.phone, outside)
    await axe(anna.page, "four talk")

    await button(anna, "Mute Carla").click()
    await expect(button(anna, "Unmute Carla")).to_be_visible()
    await expect(picture(anna)).to_have_accessible_name(
        "Who hears whom: Max Berg: hears you and +49 40 555222. You: hear Max Berg and +49 40 555222. "
        "Carla: hears Max Berg, you and +49 40 555222, muted. +49 40 555222: hears Max Berg and you."
    )
    await button(anna, "Unmute Carla").click()
    await button(anna, "Hold +49 40 555222").click()
    await expect(button(anna, "Resume +49 40 555222")).to_be_enabled()
    await lab.assert_hears({outside: {HOLD_MUSIC}, caller: {anna.phone, carla.phone}})
    await button(anna, "Resume +49 40 555222").click()
    await talk(site, call, "caller", "agent", "target", "fourth")

    await button(anna, "Leave").click()
    await expect(controls(anna)).to_have_count(0)
    await expect(controls(carla)).to_contain_text("You talk with Max Berg and +49 40 555222.")
    await hear_each_other(lab, caller, carla.phone, outside)
    await button(carla, "Drop +49 40 555222").click()
    await carla.talks()
    await expect(anna.state).to_contain_text("Wrap-up")
    assert (anna.faults, carla.faults) == ([], [])


async def test_given_a_target_who_declines_then_it_is_said_and_the_second_consultation_is_completed(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna, carla, caller = await both(site, lab, browser)
    await consult(anna, "carla")
    await carla.offer.get_by_role("button", name="Reject").click()
    await expect(anna.call).to_contain_text("Carla declined. You have the caller again.")
    await hear_each_other(lab, caller, anna.phone)

    await consult(anna, "carla")
    await carla.pick_up()
    await expect(controls(anna)).to_contain_text("You talk with Carla.")
    outside = await lab.bank.outside(FOURTH_DIALLED, "the fourth")
    await outside.auto_refuse()
    await anna.page.get_by_label("Call a fourth party").fill(FOURTH)
    await button(anna, "Call").click()
    await expect(controls(anna)).to_contain_text("+49 40 555222 is busy")
    await button(anna, "Complete").click()
    await expect(controls(anna)).to_have_count(0)
    await expect(anna.toast("Carla has the call now.")).to_be_visible()
    await carla.talks()
    await expect(controls(carla)).to_have_count(0)
    await hear_each_other(lab, caller, carla.phone)


async def test_given_a_busy_agent_when_the_transfer_waits_for_them_then_it_starts_once_they_are_free(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna, carla, caller = await both(site, lab, browser)
    await carla.button("Busy").click()
    screen = await TransferScreen(anna.page).open()
    await screen.choose("carla")
    await expect(screen.dialog).to_contain_text("Carla is busy.")
    await expect(screen.transfer).to_be_disabled()
    await screen.dialog.get_by_label("Wait until Carla is free; the caller stays with you.").check()
    await screen.search.focus()
    await screen.confirm("You stay with Max Berg until Carla is free.")
    await expect(controls(anna)).to_contain_text("Waiting until Carla is free. The caller stays with you.")
    await expect(controls(anna)).to_contain_text("Busy")
    await expect(anna.button("Transfer")).to_have_count(0)
    await hear_each_other(lab, caller, anna.phone)
    await carla.button("Available").click()
    await carla.pick_up()
    await expect(controls(anna)).to_contain_text("You talk with Carla. Max Berg is on hold.")
    await button(anna, "Cancel").click()
    await expect(anna.call).to_contain_text("The transfer is cancelled. You have the caller again.")
    await hear_each_other(lab, caller, anna.phone)

    # Hold without a transfer, from the call's own buttons.
    await anna.button("Hold").click()
    await lab.assert_hears({caller: {HOLD_MUSIC}})
    await anna.button("Resume").click()
    await hear_each_other(lab, caller, anna.phone)
    await anna.button("Hang up").click()
    await caller.wait_ended()
    await expect(anna.state).to_contain_text("Wrap-up")


async def test_given_two_calls_when_one_is_resumed_then_the_other_is_on_hold(
    site: Site, lab: Lab, browser: Browser
) -> None:
    assert await configure(site, agents={"anna": {"max_sessions": 2}})
    anna = await at_desk(browser, site, "anna")
    first = await ring(lab, name="Max Berg")
    await anna.take()
    second = await ring(lab, name="Eva Stein", number="+493054321")
    await anna.offer.get_by_role("button", name="Accept").click()
    await anna.pick_up()
    await hear_each_other(lab, second, anna.phone)
    await lab.assert_hears({first: {HOLD_MUSIC}})
    await anna.calls.get_by_role("button", name="Max Berg").click()
    await anna.button("Switch to this call").click()
    await lab.assert_hears({first: {anna.phone}, second: {HOLD_MUSIC}})
    await anna.calls.get_by_role("button", name="Eva Stein").click()
    await expect(anna.button("Switch to this call")).to_be_visible()

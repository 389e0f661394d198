"""What the page says of what somebody does not see: a missed consultation, a call given away, a state set by others."""

import re

from desk_steps import Desk, at_desk
from playwright.async_api import Browser, Locator, expect
from steps import configure, ring
from test_transfer_screen import TransferScreen

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


def missed(desk: Desk) -> Locator:
    return desk.page.get_by_role("region", name="You were set to Busy")


async def test_given_a_consultation_when_missed_then_the_target_reads_that_the_caller_is_back_with_whoever_asked(
    site: Site, lab: Lab, browser: Browser
) -> None:
    assert await configure(site, options={"offer_timeout": 5})
    anna = await at_desk(browser, site, "anna")
    carla = await at_desk(browser, site, "carla")
    await ring(lab, name="Max Berg")
    await anna.take()
    screen = await TransferScreen(anna.page).open()
    await screen.choose("carla")
    await screen.way("Speak first").check()
    await screen.confirm("You talk with Carla first")
    await expect(carla.offer).to_be_visible()
    await expect(missed(carla)).to_contain_text(
        "Anna wanted to talk with you about a call, and you did not answer. Anna has the caller again.",
        timeout=15_000,
    )
    await anna.talks()
    # Unsupervised it comes back to Anna, and Carla reads that too.
    await missed(carla).get_by_role("button", name="Become Available").click()
    await expect(carla.state).to_contain_text("Available")
    await screen.open()
    await screen.choose("carla")
    await screen.way("Hand over at once").check()
    await screen.confirm("Max Berg's call goes to Carla.")
    await expect(anna.call).to_contain_text("Rings at Carla")
    await expect(missed(carla)).to_contain_text(
        "You did not answer the call of Max Berg. The call goes back to Anna.", timeout=15_000
    )
    await anna.pick_up()
    await anna.talks()
    assert (anna.faults, carla.faults) == ([], [])


async def test_given_a_call_handed_over_then_whoever_had_it_reads_where_it_went_and_finishes_the_note(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    carla = await at_desk(browser, site, "carla")
    await ring(lab, name="Max Berg")
    await anna.take()
    await anna.page.get_by_label("Add a note").fill("Wants his mon")
    screen = await TransferScreen(anna.page).open()
    await screen.choose("carla")
    await screen.way("Hand over at once").check()
    await screen.confirm("Max Berg's call goes to Carla.")
    await carla.take()
    await expect(anna.toast("Carla has the call now.")).to_be_visible()
    await expect(anna.call.get_by_role("status").filter(has_text="Handed over to Carla")).to_be_visible()
    await expect(anna.page.get_by_text("On the way to somebody else")).to_have_count(0)

    # Wrap-up ends while she writes: she writes on, also after a reload.
    await anna.page.get_by_role("button", name="End wrap-up now").click()
    await expect(anna.state).to_contain_text("Available")
    note = anna.page.get_by_label("Add a note")
    await expect(note).to_have_value("Wants his mon")
    await anna.page.reload()
    await anna.calls.get_by_role("button", name="Note not saved yet").click()
    await expect(anna.call).to_contain_text("The call goes on with somebody else.")
    await expect(note).to_have_value("Wants his mon")
    await note.fill("Wants his money back.")
    await anna.button("Save").click()
    await expect(carla.call.get_by_role("article")).to_contain_text("Wants his money back.")
    await expect(anna.calls.get_by_role("button", name="Note not saved yet")).to_have_count(0)
    assert (anna.faults, carla.faults) == ([], [])


async def test_given_a_note_half_typed_when_the_call_is_over_and_somebody_else_logs_in_then_only_its_agent_sees_it(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    await ring(lab, name="Max Berg")
    await anna.take()
    note = anna.page.get_by_label("Add a note")
    await note.fill("Half a")
    await lab.reset()
    await anna.page.get_by_role("button", name="End wrap-up now").click()
    await expect(note).to_have_value("Half a")
    await anna.page.get_by_role("button", name=re.compile("settings and log out")).click()
    await anna.page.get_by_role("menuitem", name="Log out").click()
    await anna.page.get_by_label("Name", exact=True).fill("bernd")
    await anna.page.get_by_label("Password").fill(site.password)
    await anna.page.get_by_role("button", name="Log in").click()
    await expect(anna.state).to_be_visible()
    await expect(anna.call).to_contain_text("No call selected")
    await expect(anna.calls).not_to_contain_text("Note not saved yet")
    await anna.page.get_by_role("button", name=re.compile("settings and log out")).click()
    await anna.page.get_by_role("menuitem", name="Log out").click()
    await anna.page.get_by_label("Name", exact=True).fill("anna")
    await anna.page.get_by_label("Password").fill(site.password)
    await anna.page.get_by_role("button", name="Log in").click()
    await anna.calls.get_by_role("button", name="Note not saved yet").click()
    await expect(anna.call.get_by_role("heading", level=2)).to_have_text("Max Berg")
    await note.fill("Half a sentence, and its end.")
    await anna.button("Save").click()
    await expect(anna.call.get_by_role("article")).to_contain_text("Half a sentence, and its end.")
    assert anna.faults == []


async def test_given_a_supervisor_and_a_program_when_they_set_an_agents_state_then_the_agent_reads_who_it_was(
    site: Site, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    await site.crm.call("PUT", "/v1/agents/anna/state", {"state": "busy"})
    await expect(anna.state).to_contain_text(re.compile(r"Set to Busy by \S+ at \d\d:\d\d"))
    await anna.button("Available").click()
    await expect(anna.state).not_to_contain_text("Set to")
    await site.crm.call("PUT", "/v1/agents/anna/state", {"state": "offline"})
    await expect(anna.page.get_by_text(re.compile(r"Logged out by \S+ at \d\d:\d\d"))).to_be_visible()
    await expect(anna.page.get_by_role("button", name="Log in")).to_be_visible()
    assert anna.faults == []


async def test_given_an_offline_or_busy_agent_when_chosen_then_it_is_said_before_ok_what_will_happen(
    site: Site, lab: Lab, browser: Browser
) -> None:
    anna = await at_desk(browser, site, "anna")
    await ring(lab, name="Max Berg")
    await anna.take()
    screen = await TransferScreen(anna.page).open()
    await screen.choose("carla")
    await screen.way("Hand over at once").check()
    await expect(screen.dialog.get_by_role("region", name="Where to")).to_contain_text("Carla is not logged in.")
    await expect(screen.transfer).to_be_enabled()
    await anna.page.keyboard.press("Control+Enter")
    plan = screen.dialog.get_by_role("group", name="Is this right?")
    await expect(plan).to_contain_text(
        re.compile(r"Carla is not logged in\. .* as soon as they are free\. If nobody takes it within .* comes back")
    )
    await anna.page.keyboard.press("Escape")
    await screen.way("Speak first").check()
    await expect(screen.dialog).to_contain_text("Carla is not logged in.")
    await expect(screen.transfer).to_be_disabled()
    await screen.dialog.get_by_label("Wait until Carla is free; the caller stays with you.").check()
    await expect(screen.transfer).to_be_enabled()
    await screen.search.focus()
    await anna.page.keyboard.press("Control+Enter")
    await expect(plan).to_contain_text("You stay with Max Berg until Carla is free.")
    assert anna.faults == []

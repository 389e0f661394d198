"""A link that is open and says nothing: noticed long before it is given up, since silence is no answer."""

import asyncio

import pytest
from ami_harness import Harness, answered
from scripted import event

from callbridge.ami.errors import ActionTimeout

_SOON = {"silent_after": 0.1, "action_timeout": 60.0}


async def test_given_an_action_unanswered_when_nothing_is_heard_then_the_link_is_silent_until_it_speaks(
    harness: Harness,
) -> None:
    harness.settings = _SOON
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Redirect"))
    redirect = await actions.expect("Redirect")
    await harness.until(lambda: bool(harness.told("silent")))
    assert link.state.up
    actions.reply(redirect)
    await asked
    await harness.until(lambda: bool(harness.told("speaks")))
    assert [kind for kind, _ in harness.heard] == ["up", "silent", "speaks"]


async def test_given_an_action_unanswered_when_other_answers_come_then_the_link_is_not_silent(
    harness: Harness,
) -> None:
    harness.settings = _SOON
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Redirect", within=0.4))
    await actions.expect("Redirect")
    while not asked.done():
        await answered(link, actions)
        await asyncio.sleep(0.01)
    with pytest.raises(ActionTimeout):
        await asked
    assert harness.told("silent") == []


async def test_given_nothing_asked_when_nothing_is_heard_then_that_is_no_silence(harness: Harness) -> None:
    harness.settings = {"silent_after": 0.05}
    link, _, actions = await harness.up()
    await asyncio.sleep(0.2)
    await answered(link, actions)
    assert harness.told("silent") == []


async def test_given_events_that_stall_when_a_ping_is_not_answered_then_the_link_is_silent(harness: Harness) -> None:
    harness.settings = {"silent_after": 0.1, "ping_interval": 0.1, "dead_after": 30.0}
    link, events, actions = await harness.up()
    harness.server.answer_pings = False
    while not harness.told("silent"):
        await answered(link, actions)
        await asyncio.sleep(0.01)
    events.send(event("Hangup"))
    await harness.until(lambda: bool(harness.told("event")))
    assert harness.told("silent")


async def test_given_silence_that_lasts_when_the_watchdog_gives_up_then_the_link_goes_down_and_is_silent_no_more(
    harness: Harness,
) -> None:
    harness.settings = {"silent_after": 0.1, "ping_interval": 0.05, "dead_after": 0.3}
    await harness.up()
    harness.server.answer_pings = False
    await harness.until(lambda: bool(harness.told("down")))
    assert [kind for kind, _ in harness.heard][:3] == ["up", "silent", "down"]
    harness.server.answer_pings = True
    await harness.until(lambda: len(harness.told("up")) == 2)
    assert len(harness.told("silent")) == 1

"""Row 3: who picks up and puts down at once has not served the caller, who is the next one again."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from steps import (
    Desk,
    agent_is,
    at_work,
    ended_call,
    eventually,
    hear_each_other,
    hears_music,
    history,
    open_site,
    ring,
)

from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


@pytest_asyncio.fixture(scope="module")
async def site_of_the_module(lab_of_the_session: Lab) -> AsyncIterator[Site]:
    async with open_site(lab_of_the_session, options={"wrap_up": 0.0, "min_talk": 2.0}) as site:
        yield site


async def _picked_up(lab: Lab, desk: Desk) -> tuple[Caller, str]:
    caller = await ring(lab)
    offer = await desk.offer()
    await desk.pick_up()
    await desk.is_talking(offer["call"])
    return caller, str(offer["call"])


@pytest.mark.parametrize("how", ["phone", "page"])
async def test_given_a_pick_up_when_it_is_dropped_at_once_then_the_caller_waits_on_and_is_the_first(
    site: Site, lab: Lab, how: str
) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller, call = await _picked_up(lab, anna)
    await (anna.phone.hang_up() if how == "phone" else anna.person.hang_up(call))
    offer = await bernd.offer()
    assert offer["call"] == call
    await hears_music(lab, caller)
    await bernd.phone.wait_ringing()
    await bernd.take_ringing(call)
    await hear_each_other(lab, caller, bernd.phone)
    assert "call.dropped" in await history(site, call)
    await agent_is(site, "anna", "available")


async def test_given_a_pick_up_when_it_is_dropped_while_no_gateway_is_there_then_the_caller_hears_music_and_is_served(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, _ = await _picked_up(lab, anna)
    await site.kill()
    await anna.phone.hang_up()
    await hears_music(lab, caller)
    await site.start()
    await anna.phone.wait_ringing()
    await anna.phone.answer()
    await hear_each_other(lab, caller, anna.phone)


async def test_given_a_pick_up_when_the_caller_hangs_up_at_once_then_the_call_is_over(site: Site, lab: Lab) -> None:
    anna, bernd = await at_work(site, "anna", "bernd")
    caller, call = await _picked_up(lab, anna)
    await caller.hang_up()
    assert (await ended_call(site, call))["outcome"] == "handled"
    assert bernd.seen("offer.made") == []


async def test_given_a_talk_of_the_least_time_when_the_agent_hangs_up_then_the_caller_is_hung_up(
    site: Site, lab: Lab
) -> None:
    [anna] = await at_work(site, "anna")
    caller, call = await _picked_up(lab, anna)
    await eventually(lambda: _after(lab), lambda after: after.startswith("hangup-"), "the least time has passed")
    await hear_each_other(lab, caller, anna.phone)
    await anna.phone.hang_up()
    await caller.wait_ended()
    assert (await ended_call(site, call))["outcome"] == "handled"


async def _after(lab: Lab) -> str:
    """What the dialplan would do with the only caller."""
    [channel] = [row["Channel"] for row in await lab.channels() if row["Channel"].startswith("PJSIP/carrier-")]
    answer = await (await lab.ami()).action("Getvar", Channel=channel, Variable="CALLBRIDGE_AFTER")
    return str(answer["Value"])

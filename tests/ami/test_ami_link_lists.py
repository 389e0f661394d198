"""Actions that answer with a list of events."""

import asyncio

import pytest
from ami_harness import Harness, answered
from scripted import event

from callbridge.ami.errors import ActionRefused, ActionTimeout, AnswerIncomplete, ConnectionLost, LimitReached


async def test_given_a_list_when_it_is_complete_then_its_rows_come_without_its_end(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status", {"Variables": "X"}))
    other = asyncio.ensure_future(link.action("Hangup"))
    sent = await actions.expect("Status")
    actions.reply(sent, EventList="start", Message="Channel status will follow")
    actions.send(event("Status", ActionID=sent["ActionID"], Channel="PJSIP/a-1", Linkedid=""))
    actions.send(event("Status", ActionID="foreign", Channel="PJSIP/x-9"))
    actions.reply(await actions.expect("Hangup"))
    actions.send(event("Status", ActionID=sent["ActionID"], Channel="PJSIP/b-2"))
    actions.send(event("StatusComplete", ActionID=sent["ActionID"], EventList="Complete", ListItems="2", Items="2"))
    assert [row["Channel"] for row in await asked] == ["PJSIP/a-1", "PJSIP/b-2"]
    await other
    assert harness.messages == []


@pytest.mark.parametrize("ending", [{"ListItems": "0"}, {"EventList": "complete", "ListItems": "0"}])
async def test_given_an_empty_list_when_it_ends_then_there_are_no_rows(
    harness: Harness, ending: dict[str, str]
) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("BridgeList"))
    sent = await actions.expect("BridgeList")
    actions.reply(sent, EventList="start")
    actions.send(event("BridgeListComplete", ActionID=sent["ActionID"], **ending))
    assert await asked == []


async def test_given_a_list_when_asterisk_refuses_it_then_it_does_not_hang(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status"))
    actions.refuse(await actions.expect("Status"), "Permission denied")
    with pytest.raises(ActionRefused, match="Permission denied"):
        await asked


async def test_given_a_list_when_it_never_ends_then_it_times_out(harness: Harness) -> None:
    harness.settings = {"action_timeout": 0.05}
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status"))
    sent = await actions.expect("Status")
    actions.reply(sent, EventList="start")
    actions.send(event("Status", ActionID=sent["ActionID"]))
    with pytest.raises(ActionTimeout):
        await asked
    assert (link.pending, link.counters.action_timeouts) == (0, 1)


async def test_given_a_list_when_a_row_was_lost_then_it_is_not_taken_for_a_snapshot(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status"))
    sent = await actions.expect("Status")
    actions.reply_list(sent, "Status", {"Channel": "a"}, said=2)
    with pytest.raises(AnswerIncomplete, match="1 of 2 rows"):
        await asked
    for said in ({}, {"ListItems": "many"}, {"ListItems": "9" * 5_000}):
        asked = asyncio.ensure_future(link.list_action("Status"))
        sent = await actions.expect("Status")
        actions.send(event("StatusComplete", ActionID=sent["ActionID"], EventList="Complete", **said))
        with pytest.raises(AnswerIncomplete, match="how many rows"):
            await asked
    asked = asyncio.ensure_future(link.list_action("Status"))
    sent = await actions.expect("Status")
    actions.send(event("StatusComplete", ActionID=sent["ActionID"], EventList="cancelled"))
    with pytest.raises(AnswerIncomplete, match="cancelled"):
        await asked


async def test_given_a_row_that_is_too_long_then_neither_it_nor_what_may_be_its_rest_counts_and_the_list_ends(
    harness: Harness,
) -> None:
    harness.settings = {"max_message_bytes": 2_000}
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status"))
    sent = await actions.expect("Status")
    actions.reply_list(sent, "Status", {"Channel": "a"}, {"Channel": "b" * 3_000}, {"Channel": "c"}, {"Channel": "d"})
    assert [row["Channel"] for row in await asked] == ["a", "d"]


async def test_given_a_list_when_it_is_longer_than_may_be_kept_then_it_is_refused(harness: Harness) -> None:
    harness.settings = {"max_list_rows": 3}
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status"))
    actions.reply_list(await actions.expect("Status"), "Status", *({"Channel": str(n)} for n in range(5)))
    with pytest.raises(LimitReached):
        await asked
    await answered(link, actions)
    assert link.pending == 0


async def test_given_a_list_that_is_half_sent_when_the_link_drops_then_it_fails_and_is_not_joined_with_the_next(
    harness: Harness,
) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status"))
    sent = await actions.expect("Status")
    actions.reply(sent, EventList="start")
    actions.send(event("Status", ActionID=sent["ActionID"], Channel="a"))
    actions.close()
    with pytest.raises(ConnectionLost):
        await asked
    _, actions = await harness.peers()
    await harness.until(lambda: link.state.up)
    actions.send(event("StatusComplete", ActionID=sent["ActionID"], EventList="Complete"))
    await answered(link, actions)
    assert link.pending == 0

"""Events and actions on a link that is up."""

import asyncio
from typing import Any

import pytest
from ami_harness import Harness, answered
from scripted import encode, event

from callbridge.ami.errors import ActionRefused, BadValue, LimitReached


async def test_given_wanted_and_other_events_when_they_come_then_only_the_wanted_arrive_in_order(
    harness: Harness,
) -> None:
    link, events, _ = await harness.up()
    for number in range(50):
        events.send(
            event("Hangup", Number=str(number)) + event("VarSet", Value="x" * 1000) + b"Event: RTCPSent\r\njunk\r\n\r\n"
        )
    await harness.marked(events)
    assert [message["Number"] for message in harness.named("Hangup")] == [str(number) for number in range(50)]
    assert {message["Event"] for message in harness.messages} == {"Hangup", "Mark"}
    assert (link.counters.events, link.counters.skipped) == (51, 100)
    assert link.counters.garbage == 0  # What nobody wants is not even parsed.


async def test_given_an_event_when_it_comes_then_the_names_are_exact_and_missing_headers_are_missing(
    harness: Harness,
) -> None:
    _, events, _ = await harness.up()
    events.send(b"Event: Hangup\r\nChanVariable: a=1\r\nChanVariable: b=2\r\nCause-txt: \r\n\r\n")
    await harness.marked(events)
    assert harness.messages[0] == {"Event": "Hangup", "ChanVariable": ["a=1", "b=2"], "Cause-txt": ""}
    assert "Channel" not in harness.messages[0]


async def test_given_a_letter_split_over_two_reads_when_it_comes_then_the_name_is_whole(harness: Harness) -> None:
    _, events, _ = await harness.up()
    data = event("Hangup", CallerIDName="Иван")
    at = data.index("И".encode()) + 1
    await events.send_split(data, at, at + 1, len(data) - 2)
    await harness.marked(events)
    assert harness.messages[0]["CallerIDName"] == "Иван"


async def test_given_the_application_raises_when_an_event_comes_then_it_is_counted_and_the_link_goes_on(
    harness: Harness,
) -> None:
    def broken(message: Any) -> None:
        if message["Event"] == "Hangup":
            raise RuntimeError("a bug")

    harness.on_message = broken
    link, events, _ = await harness.up()
    events.send(event("Hangup") * 3)
    await harness.marked(events)
    assert link.counters.callback_errors == 3
    assert link.state.up
    assert harness.told("down") == []


async def test_given_garbage_and_giants_when_they_come_then_they_are_counted_and_the_rest_arrives(
    harness: Harness,
) -> None:
    harness.settings = {"max_message_bytes": 2_000}
    link, events, _ = await harness.up()
    events.send(
        b"what is this\r\n\r\n" + event("Hangup", Number="1") + b"\xff\xfe\r\nEvent: Hangup\r\nNumber: 2\r\n\r\n"
    )
    events.send(event("Hangup", Number="x" * 300_000) + event("Hangup", Number="3"))
    await harness.marked(events)
    assert [message["Number"] for message in harness.named("Hangup")] == ["1", "2", "3"]
    assert (link.counters.garbage, link.counters.oversize) == (2, 1)
    assert harness.told("down") == []


async def test_given_a_forged_name_in_user_data_when_it_comes_then_it_stays_a_user_event(harness: Harness) -> None:
    link, events, _ = await harness.up()
    events.send(b"Event: UserEvent\r\nUserEvent: pop\r\nEvent: Hangup\r\nResponse: Success\r\nActionID: 1\r\n\r\n")
    await harness.marked(events)
    assert harness.named("Hangup") == []
    assert harness.named("UserEvent")[0]["UserEvent"] == "pop"
    assert link.counters.garbage == 1


async def test_given_a_message_without_an_end_when_the_connection_drops_then_it_is_never_delivered(
    harness: Harness,
) -> None:
    _, events, _ = await harness.up()
    events.send(b"Event: Hangup\r\nChannel: PJSIP/a-1\r\n")
    events.close()
    await harness.until(lambda: len(harness.told("up")) == 2)
    assert harness.named("Hangup") == []


async def test_given_events_when_only_one_session_is_in_then_they_are_not_delivered(harness: Harness) -> None:
    harness.server.on_login = lambda action: True if action["Username"] == "events" else None
    link = harness.start()
    events = await harness.server.peer("events")
    events.send(event("Hangup"))
    await harness.until(lambda: link.counters.skipped == 1)
    assert harness.heard == []


async def test_given_timestamps_when_events_come_then_the_lag_is_measured(harness: Harness) -> None:
    harness.clock = lambda: 1_000.5
    link, events, _ = await harness.up()
    assert link.lag is None
    events.send(event("Hangup", Timestamp="998.25"))
    await harness.marked(events)
    assert link.lag == 2.25
    events.send(event("Hangup", Timestamp="soon"))
    await harness.marked(events)
    assert link.lag == 2.25


async def test_given_a_value_with_a_line_break_when_an_action_is_asked_for_then_nothing_is_sent(
    harness: Harness,
) -> None:
    link, _, actions = await harness.up()
    with pytest.raises(BadValue, match="Exten"):
        await link.action("Redirect", {"Exten": "1\r\nAction: Hangup\r\nChannel: PJSIP/a-1"})
    with pytest.raises(BadValue, match="Variable"):
        await link.list_action("Status", {"Variable": ["a", "b\n"]})
    await answered(link, actions)
    assert [action["Action"] for action in harness.server.actions] == ["CoreStatus"]
    assert link.pending == 0


async def test_given_an_action_when_answered_then_the_answer_is_a_plain_dict(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Getvar", {"Channel": "PJSIP/a-1", "Variable": "NAME"}))
    sent = await actions.expect("Getvar")
    assert (sent["Channel"], sent["Variable"]) == ("PJSIP/a-1", "NAME")
    actions.reply(sent, Variable="NAME", Value="")
    assert await asked == {"Response": "Success", "ActionID": sent["ActionID"], "Variable": "NAME", "Value": ""}


async def test_given_repeated_headers_when_sent_then_each_has_its_line_in_order(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Originate", {"Variable": ["b=Иван", "a=2"]}))
    raw = await actions.expect("Originate")
    assert raw.lines("Variable") == ["b=Иван", "a=2"]
    actions.reply(raw)
    await asked


async def test_given_a_queued_acknowledgement_when_there_is_no_async_header_then_the_link_stays_up(
    harness: Harness,
) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Originate", {"Channel": "PJSIP/100"}))
    actions.reply(await actions.expect("Originate"), Message="Originate successfully queued")
    assert (await asked)["Message"] == "Originate successfully queued"
    assert link.state.up


async def test_given_an_async_originate_when_acknowledged_then_it_returns_and_the_outcome_is_an_event(
    harness: Harness,
) -> None:
    harness.wanted |= {"OriginateResponse"}
    link, events, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Originate", {"Async": "true", "ActionID": "leg-7"}))
    sent = await actions.expect("Originate")
    assert sent["ActionID"] == "leg-7"
    actions.reply(sent, Message="Originate successfully queued")
    await asked
    events.send(event("OriginateResponse", ActionID="leg-7", Response="Failure", Reason="5"))
    await harness.marked(events)
    assert harness.named("OriginateResponse")[0]["Reason"] == "5"
    assert link.counters.unmatched == 0


async def test_given_an_event_with_the_actions_id_when_it_comes_first_then_it_is_no_answer(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Originate"))
    sent = await actions.expect("Originate")
    actions.send(event("OriginateResponse", ActionID=sent["ActionID"], Response="Failure"))
    actions.reply(sent, Message="queued")
    assert (await asked)["Message"] == "queued"
    assert link.counters.skipped == 1


async def test_given_answers_out_of_order_when_they_come_then_each_reaches_its_own_caller(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = [asyncio.ensure_future(link.action("Getvar", {"Variable": name})) for name in "abc"]
    for sent in reversed([await actions.expect("Getvar") for _ in asked]):
        actions.reply(sent, Value=sent["Variable"])
    assert [answer["Value"] for answer in await asyncio.gather(*asked)] == ["a", "b", "c"]


async def test_given_an_error_response_when_it_comes_then_the_action_is_refused(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Redirect", {"Channel": "PJSIP/a-1"}))
    actions.refuse(await actions.expect("Redirect"), "Redirect failed, channel not up.")
    with pytest.raises(ActionRefused) as caught:
        await asked
    assert (caught.value.action, caught.value.message) == ("Redirect", "Redirect failed, channel not up.")
    assert link.state.up


async def test_given_a_doubled_answer_when_it_comes_then_it_is_counted_and_the_link_stays_up(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Hangup"))
    sent = await actions.expect("Hangup")
    actions.reply(sent)
    actions.reply(sent)
    actions.send(encode([("Response", "Success"), ("ActionID", sent["ActionID"]), ("ActionID", "other")]))
    actions.send(encode([("Response", "Success")]))
    await asked
    await answered(link, actions)
    assert link.counters.unmatched == 3
    assert harness.told("down") == []


async def test_given_an_action_id_that_is_pending_when_used_again_then_it_is_refused(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Originate", {"ActionID": "leg-7"}))
    sent = await actions.expect("Originate")
    with pytest.raises(BadValue, match="ActionID"):
        await link.action("Originate", {"ActionID": "leg-7"})
    actions.reply(sent)
    await asked
    assert link.pending == 0


async def test_given_a_caller_that_is_cancelled_when_it_waits_then_nothing_stays_in_the_table(
    harness: Harness,
) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.list_action("Status"))
    sent = await actions.expect("Status")
    assert link.pending == 1
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert link.pending == 0
    actions.reply_list(sent, "Status", {"Channel": "PJSIP/a-1"})
    await answered(link, actions)
    assert link.counters.unmatched == 1


async def test_given_a_full_table_when_one_more_is_asked_for_then_it_is_refused_and_not_sent(harness: Harness) -> None:
    harness.settings = {"max_pending": 2}
    link, _, actions = await harness.up()
    asked = [asyncio.ensure_future(link.action("Hangup")) for _ in range(2)]
    sent = [await actions.expect("Hangup") for _ in asked]
    with pytest.raises(LimitReached):
        await link.action("Hangup")
    for one in sent:
        actions.reply(one)
    await asyncio.gather(*asked)
    await answered(link, actions)
    assert len(harness.server.actions) == 3

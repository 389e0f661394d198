"""Connecting, losing the connection, and coming back."""

import asyncio
from typing import Any

import pytest
from ami_harness import Harness
from panoramisk.manager import Manager
from scripted import ScriptedServer, event

from callbridge.ami.errors import ActionTimeout, ConnectionLost
from callbridge.ami.link import Backoff


async def test_given_two_sessions_when_both_are_logged_in_then_the_link_is_up_once(harness: Harness) -> None:
    link, events, actions = await harness.up()
    assert harness.heard == [("up", "")]
    assert (events.login["Events"], actions.login["Events"]) == ("on", "off")
    assert link.state.reason == ""
    assert link.counters.ups == 1
    assert link.counters.reconnects == 0


async def test_given_an_action_unanswered_when_the_link_reconnects_then_it_is_not_sent_again(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Redirect", {"Channel": "PJSIP/a-1", "Exten": "hold"}))
    await actions.expect("Redirect")
    actions.abort()
    with pytest.raises(ConnectionLost):
        await asked
    events, actions = await harness.peers()
    await harness.until(lambda: link.state.up)
    # The stock Manager sends what it kept on FullyBooted.
    events.send(event("FullyBooted", Privilege="system,all", Status="Fully Booted"))
    await harness.marked(events)
    answered = asyncio.ensure_future(link.action("CoreStatus"))
    actions.reply(await actions.expect("CoreStatus"))
    await answered
    assert [action["Action"] for action in harness.server.actions] == ["Redirect", "CoreStatus"]


@pytest.mark.parametrize("role", ["events", "actions"])
async def test_given_pending_actions_when_either_session_drops_then_all_fail_at_once_and_the_other_is_closed(
    harness: Harness, role: str
) -> None:
    harness.settings = {"action_timeout": 60.0}
    link, events, actions = await harness.up()
    asked: list[asyncio.Future[Any]] = [asyncio.ensure_future(link.action("Status")) for _ in range(3)]
    asked.append(asyncio.ensure_future(link.list_action("BridgeList")))
    for name in ("Status", "Status", "Status", "BridgeList"):
        await actions.expect(name)
    {"events": events, "actions": actions}[role].close()
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ConnectionLost] * 4
    async with asyncio.timeout(1):
        await events.gone.wait()
        await actions.gone.wait()
    await harness.until(lambda: len(harness.told("up")) == 2)
    assert harness.told("down") == [f"{role}: Asterisk closed the connection"]
    assert [kind for kind, _ in harness.heard] == ["up", "down", "up"]


async def test_given_pending_actions_when_the_link_drops_then_they_have_failed_before_on_down(harness: Harness) -> None:
    link, _, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Status"))
    await actions.expect("Status")
    assert link.pending == 1
    actions.abort()
    await harness.until(lambda: bool(harness.told("down")))
    assert asked.done()
    assert link.pending == 0
    with pytest.raises(ConnectionLost):
        await asked


async def test_given_the_link_is_down_when_an_action_is_asked_for_then_it_fails_at_once(harness: Harness) -> None:
    harness.server.on_login = lambda action: None
    link = harness.start()
    with pytest.raises(ConnectionLost):
        await link.action("Status")
    with pytest.raises(ConnectionLost):
        await link.list_action("Status")


async def test_given_a_half_closed_connection_when_asterisk_sent_its_end_then_the_link_goes_down(
    harness: Harness,
) -> None:
    _, events, _ = await harness.up()
    events.half_close()
    await harness.until(lambda: len(harness.told("up")) == 2)
    assert len(harness.told("down")) == 1


async def test_given_a_half_open_connection_when_no_pong_comes_then_the_watchdog_gives_it_up(harness: Harness) -> None:
    harness.settings = {"ping_interval": 0.05, "dead_after": 0.2}
    _, events, actions = await harness.up()
    await harness.until(lambda: events.pings >= 2 and actions.pings >= 2)
    assert not harness.told("down")
    harness.server.answer_pings = False
    await harness.until(lambda: bool(harness.told("down")))
    assert "nothing heard for 0.2 s" in harness.told("down")[0]


async def test_given_no_pong_when_events_keep_coming_then_the_connection_is_kept(harness: Harness) -> None:
    harness.settings = {"ping_interval": 0.02, "dead_after": 0.1}
    link, _events, actions = await harness.up()
    harness.server.answer_pings = False
    started = asyncio.get_running_loop().time()
    while asyncio.get_running_loop().time() - started < 0.4:
        _events.send(event("Newexten"))
        actions.send(event("Newexten"))
        await asyncio.sleep(0.01)
    assert link.state.up
    assert harness.told("down") == []


async def test_given_bytes_that_end_no_message_when_no_pong_comes_then_they_are_no_sign_of_life(
    harness: Harness,
) -> None:
    harness.settings = {"ping_interval": 0.05, "dead_after": 0.2}
    _, events, _ = await harness.up()

    async def drip() -> None:
        while not events.gone.is_set():
            events.send(b"x" * 100_000)
            await asyncio.sleep(0.01)

    dripping = asyncio.ensure_future(drip())
    await harness.until(lambda: bool(harness.told("down")))
    assert harness.told("down") == ["events: nothing heard for 0.2 s"]
    await dripping


async def test_given_a_server_that_closes_at_once_when_connecting_then_the_back_off_grows(harness: Harness) -> None:
    harness.server.close_at_once = True
    link = harness.start()
    await harness.until(lambda: harness.server.connections >= 3)
    assert link.state.phase == "down"
    assert link.state.reason == "events: Asterisk closed the connection"
    assert harness.heard == []
    harness.server.close_at_once = False
    await harness.until(lambda: link.state.up)


async def test_given_the_events_session_drops_when_the_other_one_still_logs_in_then_both_are_given_up_at_once(
    harness: Harness,
) -> None:
    harness.settings = {"connect_timeout": 60.0}
    harness.server.on_login = lambda action: True if action["Username"] == "events" else None
    link = harness.start()
    events = await harness.server.peer("events")
    await harness.until(lambda: harness.server.logins == ["events", "actions"])
    events.close()
    await harness.until(lambda: link.state.phase == "down")
    assert link.state.reason == "events: Asterisk closed the connection"
    assert harness.heard == []


async def test_given_nobody_listens_when_asterisk_starts_later_then_the_link_comes_up_with_its_own_tries_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(Manager.defaults, "reconnect_timeout", 0)
    async with ScriptedServer() as server:
        pass
    harness = Harness(server)
    link = harness.start()
    try:
        await harness.until(lambda: link.counters.reconnects >= 2)
        assert "cannot connect" in link.state.reason
        since = link.state.since
        async with server:
            await harness.until(lambda: link.state.up)
            assert since == 1_000.0
            assert server.connections == 2
            await harness.stop()
    finally:
        await harness.stop()


async def test_given_a_real_shutdown_when_the_connection_closes_then_the_link_goes_down_at_once(
    harness: Harness,
) -> None:
    _, events, _ = await harness.up()
    events.send(event("Shutdown", Shutdown="Cleanly", Restart="False"))
    events.close()
    await harness.until(lambda: len(harness.told("up")) == 2)
    assert harness.told("down") == ["events: Asterisk closed the connection"]


async def test_given_a_forged_shutdown_when_it_comes_then_asterisk_is_asked_and_the_link_stays_up(
    harness: Harness,
) -> None:
    harness.settings = {"ping_interval": 0.5, "dead_after": 30.0}
    _, events, _ = await harness.up()
    forged = event("Newstate", CallerIDNum="x") + event("Shutdown", Shutdown="Cleanly")
    events.send(forged * 1000 + event("Hangup"))
    await harness.until(lambda: events.pings == 1)
    await harness.marked(events)
    assert harness.told("down") == []
    assert len(harness.named("Hangup")) == 1
    assert events.pings == 1, "a flood of them is one question"


async def test_given_a_shutdown_when_asterisk_stops_answering_then_the_link_goes_down(harness: Harness) -> None:
    harness.settings = {"ping_interval": 0.1, "dead_after": 0.3}
    _, events, _ = await harness.up()
    harness.server.answer_pings = False
    events.send(event("Shutdown", Shutdown="Cleanly"))
    await harness.until(lambda: bool(harness.told("down")))
    assert "nothing heard for 0.3 s" in harness.told("down")[0]


async def test_given_a_link_that_is_up_when_it_is_stopped_then_on_down_is_called_once_and_all_is_closed(
    harness: Harness,
) -> None:
    link, events, actions = await harness.up()
    asked = asyncio.ensure_future(link.action("Status"))
    await actions.expect("Status")
    await harness.stop()
    with pytest.raises(ConnectionLost):
        await asked
    async with asyncio.timeout(1):
        await events.gone.wait()
        await actions.gone.wait()
    assert harness.told("down") == ["events: the link was stopped"]
    assert link.state.phase == "down"
    names = {task.get_name() for task in asyncio.all_tasks()}
    assert not [name for name in names if name.startswith("ami-")]


async def test_given_on_up_and_on_down_raise_when_called_then_it_is_counted_and_the_link_goes_on(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(what: str, detail: str) -> None:
        raise RuntimeError(what)

    monkeypatch.setattr(harness, "_note", broken)
    link, events, _ = await harness.up()
    events.close()
    await harness.until(lambda: link.counters.ups == 2)
    assert link.counters.callback_errors == 3


def test_given_failures_in_a_row_when_waiting_then_the_delay_doubles_up_to_the_maximum_less_jitter() -> None:
    backoff = Backoff(initial=0.5, factor=2.0, maximum=30.0, jitter=0.5)
    assert [backoff.delay(n, lambda: 0.0) for n in (1, 2, 3, 7, 5_000)] == [0.5, 1.0, 2.0, 30.0, 30.0]
    assert backoff.delay(3, lambda: 1.0) == 1.0


async def test_given_a_link_that_drops_soon_after_each_login_when_it_reconnects_then_the_delay_grows(
    harness: Harness,
) -> None:
    delays: list[int] = []

    class Recording(Backoff):
        def delay(self, failures: int, random: object) -> float:
            delays.append(failures)
            return 0.001

    harness.backoff = Recording(stable_after=60.0)
    link = harness.start()
    for _ in range(3):
        events, _ = await harness.peers()
        events.close()
        await events.gone.wait()
    await harness.until(lambda: len(delays) == 3)
    assert delays == [1, 2, 3]
    assert link.counters.reconnects >= 2


async def test_given_a_link_that_was_stable_when_it_drops_then_the_delay_starts_again(harness: Harness) -> None:
    delays: list[int] = []

    class Recording(Backoff):
        def delay(self, failures: int, random: object) -> float:
            delays.append(failures)
            return 0.001

    harness.backoff = Recording(stable_after=0.0)
    harness.start()
    for _ in range(3):
        events, _ = await harness.peers()
        await harness.until(lambda: harness.link.state.up)
        events.close()
        await events.gone.wait()
    await harness.until(lambda: len(delays) == 3)
    assert delays == [1, 1, 1]


async def test_given_a_timed_out_action_when_the_link_lives_on_then_the_late_answer_is_only_counted(
    harness: Harness,
) -> None:
    link, _, actions = await harness.up()
    with pytest.raises(ActionTimeout, match=r"Status within 0\.05 s"):
        await link.action("Status", within=0.05)
    late = await actions.expect("Status")
    assert (link.pending, link.counters.action_timeouts) == (0, 1)
    actions.reply(late)
    asked = asyncio.ensure_future(link.action("CoreStatus"))
    actions.reply(await actions.expect("CoreStatus"), CoreCurrentCalls="0")
    assert (await asked)["CoreCurrentCalls"] == "0"
    assert link.counters.unmatched == 1

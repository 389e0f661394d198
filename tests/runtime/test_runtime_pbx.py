"""Between the link and the loop: snapshots and the events around them, actions in their order, and the lease."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import pytest
from runtime_fakes import WITHIN, Clock, Sleeper

from callbridge.ami.errors import ActionRefused, ActionTimeout, ConnectionLost
from callbridge.ami.framing import Message
from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.effects import Bridge, ChannelEffect, Hangup, Hold, LookAgain, Originate, SetAfter
from callbridge.domain.model.facts import ActionFailed, ChannelGone, EarlySound, PbxLost, PbxSeen, PhoneChanged
from callbridge.domain.model.ids import CallId, ChannelId
from callbridge.domain.model.signals import Signal
from callbridge.runtime.pbx import Pbx

STAMP = "0123456789abcdef" * 2
CALL = CallId("c-1")
Headers = Mapping[str, str | Sequence[str]]


class FakeAmi:
    """Answers at once, fails as told, or waits at a gate; keeps every action in its order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, str | Sequence[str]]]] = []
        self.variables = {"CALLBRIDGE_STAMP": STAMP, "EPOCH": "5000"}
        self.failures: dict[str, deque[Exception]] = {}
        self.gates: dict[str, asyncio.Event] = {}
        self.lists: dict[str, list[Message]] = {}
        self.alive: set[str] = set()
        """Channels that are there when they are asked for, whatever the lists show."""
        self.came = asyncio.Event()

    async def action(self, name: str, /, headers: Headers = {}, *, within: float | None = None) -> Message:  # noqa: B006
        self.sent.append((name, dict(headers)))
        self.came.set()
        variable = str(headers.get("Variable", ""))
        await self._meets(f"{name} {variable}" if f"{name} {variable}" in self.gates | self.failures else name)
        if name == "Setvar" and "Channel" not in headers:
            self.variables[variable] = str(headers["Value"])
        if variable == "CHANNEL(uniqueid)" and headers["Channel"] not in self.alive:
            raise ActionRefused("Getvar", "No such channel")
        if variable == "CHANNEL(name)":
            return {"Response": "Success", "Value": f"name of {headers['Channel']}"}
        there = "1" if variable.startswith("DIALPLAN_EXISTS") else ""
        return {"Response": "Success", "Value": self.variables.get(variable, there)}

    async def list_action(self, name: str, /, headers: Headers = {}, *, within: float | None = None) -> list[Message]:  # noqa: B006
        self.sent.append((name, dict(headers)))
        self.came.set()
        await self._meets(name)
        return list(self.lists.get(name, []))

    async def _meets(self, name: str) -> None:
        if name in self.gates:
            await self.gates[name].wait()
        if self.failures.get(name):
            raise self.failures[name].popleft()

    def fail(self, name: str, *errors: Exception) -> None:
        self.failures.setdefault(name, deque()).extend(errors)

    def names(self) -> list[str]:
        return [name for name, _ in self.sent]

    def leases(self) -> list[str]:
        given = [headers for name, headers in self.sent if name == "Setvar"]
        return [str(headers["Value"]) for headers in given if headers["Variable"] == "CALLBRIDGE_ALIVE"]


class Desk:
    """A running `Pbx` with what it told the loop."""

    def __init__(self) -> None:
        self.ami = FakeAmi()
        self.clock = Clock()
        self.sleeper = Sleeper()
        self.told: list[Signal] = []
        self.full = False
        self.alive = True
        self.believed: list[ChannelId] = []
        self.lease = 30.0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.pbx: Pbx

    def start(self) -> Pbx:
        self.pbx = Pbx(
            put=self._put,
            alive=lambda: self.alive,
            phones=lambda: ["PJSIP/anna", "PJSIP/ben"],
            channels=lambda: self.believed,
            lease=self.lease,
            clock=self.clock,
            sleep=self.sleeper,
        )
        self.pbx.attach(self.ami)
        self._task = asyncio.get_running_loop().create_task(self.pbx.run())
        return self.pbx

    async def up(self) -> Pbx:
        pbx = self.start()
        pbx.on_up()
        await self.until(pbx.seen.is_set)
        return pbx

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def _put(self, signal: Signal) -> bool:
        self._changed.set()
        if self.full and not isinstance(signal, PbxSeen | PbxLost):
            return False
        self.told.append(signal)
        return True

    async def until(self, reached: Callable[[], bool]) -> None:
        """Looked at whenever something is sent or told, and now and then."""
        async with asyncio.timeout(WITHIN):
            while not reached():
                assert self._task is None or not self._task.done(), "it has ended"
                self._changed.clear()
                self.ami.came.clear()
                waits = [asyncio.ensure_future(event.wait()) for event in (self._changed, self.ami.came)]
                await asyncio.wait(waits, timeout=0.01, return_when=asyncio.FIRST_COMPLETED)
                for wait in waits:
                    wait.cancel()

    def kinds(self) -> list[str]:
        return [type(signal).__name__ for signal in self.told]

    def snapshots(self) -> int:
        return self.kinds().count("PbxSeen")


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    made = Desk()
    yield made
    await made.stop()


def gone(channel: str, stamp: str = STAMP) -> Message:
    return {"Event": "Hangup", "Uniqueid": channel, "Cause": "16", "ChanVariable": [f"CALLBRIDGE_STAMP={stamp}"]}


def hold(number: int = 1) -> Hold:
    return Hold(call=CALL, channel=ChannelId(f"17.{number}"))


def bridge() -> Bridge:
    return Bridge(call=CALL, channel=ChannelId("17.1"), peer=ChannelId("leg"))


def originate() -> Originate:
    return Originate(
        call=CALL, channel=ChannelId("leg"), phone="PJSIP/anna", caller_number="1", caller_name="x", timeout=5.0
    )


# ---------------------------------------------------------------- snapshots


async def test_given_a_login_then_a_snapshot_comes_first_and_only_then_is_the_pbx_seen(desk: Desk) -> None:
    pbx = desk.start()
    assert not pbx.seen.is_set()
    desk.ami.gates["DeviceStateList"] = asyncio.Event()
    pbx.on_up()
    await desk.until(lambda: "DeviceStateList" in desk.ami.names())
    assert (desk.told, pbx.seen.is_set()) == ([], False)
    desk.ami.gates["DeviceStateList"].set()
    await desk.until(pbx.seen.is_set)
    assert desk.kinds() == ["PbxSeen"]


async def test_given_events_while_a_snapshot_is_taken_then_they_are_handled_after_it_in_their_order(desk: Desk) -> None:
    pbx = desk.start()
    desk.ami.gates["BridgeList"] = asyncio.Event()
    pbx.on_up()
    await desk.until(lambda: "BridgeList" in desk.ami.names())
    pbx.on_event(gone("1.1"))
    pbx.on_event(gone("1.2"))
    assert desk.told == []
    desk.ami.gates["BridgeList"].set()
    await desk.until(lambda: len(desk.told) == 3)
    assert desk.kinds() == ["PbxSeen", "ChannelGone", "ChannelGone"]
    assert [signal.channel for signal in desk.told if isinstance(signal, ChannelGone)] == ["1.1", "1.2"]
    pbx.on_event(gone("1.3"))
    assert len(desk.told) == 4, "afterwards nothing is held back"


async def test_given_a_first_snapshot_that_fails_then_it_is_taken_again_and_no_event_comes_before_it(
    desk: Desk,
) -> None:
    pbx = desk.start()
    desk.ami.fail("BridgeList", ActionTimeout("BridgeList", 5.0), ActionRefused("BridgeList", "no"))
    desk.ami.gates["BridgeList"] = asyncio.Event()
    pbx.on_up()
    await desk.until(lambda: "BridgeList" in desk.ami.names())
    pbx.on_event(gone("1.1"))
    desk.ami.gates["BridgeList"].set()
    await desk.until(pbx.seen.is_set)
    assert desk.sleeper.slept == [1.0, 1.0]
    assert desk.kinds() == ["PbxSeen"], "what came before is in the snapshot that was taken afterwards"


async def test_given_a_later_snapshot_that_fails_then_events_go_on_and_it_is_taken_again(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.fail("Status", ActionTimeout("Status", 5.0))
    desk.ami.gates["Status"] = asyncio.Event()
    pbx.act([LookAgain(why="a test")])
    await desk.until(lambda: desk.ami.names().count("Status") == 2)
    pbx.on_event(gone("1.1"))
    desk.ami.gates["Status"].set()
    await desk.until(lambda: desk.snapshots() == 2)
    assert desk.kinds() == ["PbxSeen", "ChannelGone", "PbxSeen"]


async def test_given_a_link_that_drops_during_a_snapshot_then_only_the_next_ones_snapshot_counts(desk: Desk) -> None:
    pbx = desk.start()
    desk.ami.fail("Status", ConnectionLost("gone"))
    desk.ami.gates["Status"] = asyncio.Event()
    pbx.on_up()
    await desk.until(lambda: "Status" in desk.ami.names())
    pbx.on_event(gone("1.1"))
    pbx.on_down("cable")
    desk.ami.gates["Status"].set()
    pbx.on_up()
    await desk.until(pbx.seen.is_set)
    assert desk.kinds() == ["PbxLost", "PbxSeen"]


async def test_given_a_link_that_drops_with_the_snapshots_last_row_then_it_is_not_taken_for_now(desk: Desk) -> None:
    pbx = desk.start()
    desk.ami.gates["DeviceStateList"] = asyncio.Event()
    pbx.on_up()
    await desk.until(lambda: "DeviceStateList" in desk.ami.names())
    desk.ami.gates["DeviceStateList"].set()
    pbx.on_down("cable")
    pbx.act([hold()])
    pbx.on_up()
    await desk.until(pbx.seen.is_set)
    assert desk.kinds() == ["PbxLost", "PbxSeen"]
    assert desk.ami.names().count("DeviceStateList") == 2
    assert "Redirect" not in desk.ami.names()


async def test_given_an_inbox_that_is_full_then_the_pbx_is_looked_at_again_but_not_without_end(desk: Desk) -> None:
    pbx = await desk.up()
    desk.full = True
    for number in range(50):
        pbx.on_event(gone(f"1.{number}"))
    await desk.until(lambda: desk.snapshots() == 2)
    assert desk.sleeper.slept == [1.0]
    assert desk.kinds() == ["PbxSeen", "PbxSeen"]


async def test_given_more_events_than_may_wait_for_a_snapshot_then_another_one_takes_their_place(desk: Desk) -> None:
    pbx = desk.start()
    desk.ami.gates["Status"] = asyncio.Event()
    pbx.on_up()
    await desk.until(lambda: "Status" in desk.ami.names())
    for number in range(20_001):
        pbx.on_event(gone(f"1.{number}"))
    pbx.on_event(gone("2.1"))
    desk.ami.gates["Status"].set()
    await desk.until(lambda: desk.snapshots() == 2)
    assert desk.kinds() == ["PbxSeen", "ChannelGone", "PbxSeen"]


async def test_given_a_pbx_that_has_booted_when_it_says_so_then_it_is_looked_at_again(desk: Desk) -> None:
    pbx = await desk.up()
    pbx.on_event({"Event": "FullyBooted"})
    await desk.until(lambda: desk.snapshots() == 2)


# ---------------------------------------------------------------- the stamp


async def test_given_a_flood_of_events_that_are_not_believed_then_it_is_looked_into_at_once_and_once_more_after_it(
    desk: Desk,
) -> None:
    patience = desk.sleeper.gate = asyncio.Event()
    pbx = await desk.up()
    pbx.on_event(gone("1.1", stamp="guessed"))
    await desk.until(lambda: desk.snapshots() == 2)
    for _ in range(1000):
        pbx.on_event(gone("1.1", stamp="guessed"))
        pbx.on_event({"Event": "FullyBooted"})
    await desk.until(lambda: desk.sleeper.slept == [5.0])
    pbx.act([hold()])
    await desk.until(lambda: "Redirect" in desk.ami.names())
    assert (pbx.unstamped, desk.snapshots()) == (1001, 2)
    patience.set()
    await desk.until(lambda: desk.snapshots() == 3)
    await desk.until(lambda: desk.sleeper.slept == [5.0, 5.0])
    assert desk.kinds() == ["PbxSeen"] * 3, "nothing of it was believed"


def torn(*, tail: Message) -> list[Message | bytes]:
    """A genuine BridgeEnter of 17.1 with a line break in the caller's number: head, what is in between, tail."""
    head: Message = {"Event": "BridgeEnter", "Channel": "PJSIP/x-1", "ChannelState": "6", "CallerIDNum": "x"}
    between: Message = {"Event": "DeviceStateChange", "Device": "PJSIP/stranger"}
    return [head, b"no message", between, tail]


async def test_given_a_torn_event_then_its_tail_is_no_event_and_a_look_tells_what_it_would_have_told(
    desk: Desk,
) -> None:
    """The tail ends in the real one's rest, so that it has the stamp, and says whatever the stranger likes."""
    pbx = await desk.up()
    stamp = f"CALLBRIDGE_STAMP={STAMP}"
    tail: Message = {"Event": "Hangup", "Uniqueid": "17.2", "Cause": "16", "ChanVariable": [stamp]}
    for piece in torn(tail=tail):
        pbx.on_unread(piece) if isinstance(piece, bytes) else pbx.on_event(piece)
    await desk.until(lambda: desk.snapshots() == 2)
    assert (desk.kinds(), pbx.torn) == (["PbxSeen", "PbxSeen"], 1)
    pbx.on_event(gone("17.3"))
    assert desk.kinds()[-1] == "ChannelGone", "the next one is whole"


@pytest.mark.parametrize(
    "between", [b"", b"Response: Success", b"Event: VarSet\r\nChannel: x"], ids=["too long", "an answer", "not wanted"]
)
async def test_given_a_head_that_is_no_wanted_event_then_the_tail_is_not_believed_all_the_same(
    desk: Desk, between: bytes
) -> None:
    pbx = await desk.up()
    pbx.on_unread(between)
    pbx.on_event(gone("17.2"))
    pbx.on_event(gone("17.3"))
    assert [signal.channel for signal in desk.told if isinstance(signal, ChannelGone)] == ["17.3"]


async def test_given_a_tail_that_is_no_event_then_the_next_one_is_believed(desk: Desk) -> None:
    pbx = await desk.up()
    pbx.on_event(gone("17.1", stamp="no"))
    pbx.on_unread(f"x\r\nChanVariable: CALLBRIDGE_STAMP={STAMP}".encode())
    pbx.on_event(gone("17.3"))
    assert desk.kinds()[-1] == "ChannelGone"


@pytest.mark.parametrize(
    "more",
    [
        {"Uniqueid": ["17.2", "17.1"]},
        {"CallerIDNum": ["x", "y"]},
        {"ChanVariable": [f"CALLBRIDGE_STAMP={STAMP}", "CALLBRIDGE_CALL=c-2", "CALLBRIDGE_CALL="]},
        {"ChanVariable": ["CALLBRIDGE_STAMP=guessed", f"CALLBRIDGE_STAMP={STAMP}"]},
    ],
    ids=["a channel", "a number", "a call", "a stamp"],
)
async def test_given_an_event_that_says_something_twice_then_it_is_not_believed_and_looked_into(
    desk: Desk, more: Message
) -> None:
    pbx = await desk.up()
    pbx.on_event({**gone("17.1"), **more})
    await desk.until(lambda: desk.snapshots() == 2)
    assert (desk.kinds(), pbx.torn) == (["PbxSeen", "PbxSeen"], 1)
    pbx.on_event(gone("17.3"))
    assert desk.kinds()[-1] == "ChannelGone"


async def test_given_a_channel_that_no_list_shows_then_it_is_asked_for_and_gone_only_if_the_pbx_says_so(
    desk: Desk,
) -> None:
    desk.believed = [ChannelId("17.1"), ChannelId("17.2"), ChannelId("17.3")]
    desk.ami.alive = {"17.2"}
    desk.ami.fail("Getvar CHANNEL(uniqueid)", ActionTimeout("Getvar", 5.0))
    patience = desk.sleeper.gate = asyncio.Event()
    await desk.up()
    seen = next(signal for signal in desk.told if isinstance(signal, PbxSeen))
    assert len(seen.unclear) == 2
    assert "17.2" in seen.unclear
    await desk.until(lambda: desk.snapshots() == 2)
    seen = [signal for signal in desk.told if isinstance(signal, PbxSeen)][-1]
    assert seen.unclear == {"17.2"}, "looked at again: the one without an answer is gone"
    desk.ami.alive.clear()
    patience.set()
    await desk.until(lambda: desk.snapshots() == 3)
    assert not [signal for signal in desk.told if isinstance(signal, PbxSeen)][-1].unclear


async def test_given_a_pbx_without_a_stamp_then_it_gets_one_that_nobody_can_guess(desk: Desk) -> None:
    desk.ami.variables["CALLBRIDGE_STAMP"] = "short"
    pbx = await desk.up()
    stamp = desk.ami.variables["CALLBRIDGE_STAMP"]
    assert len(stamp) == 32
    pbx.on_event(gone("1.1", stamp=stamp))
    assert desk.kinds() == ["PbxSeen", "ChannelGone"]


async def test_given_a_pbx_that_does_not_show_the_stamp_then_callers_are_not_vouched_for_until_it_does(
    desk: Desk,
) -> None:
    row: Message = {"Event": "Status", "Uniqueid": "17.1", "Context": "callbridge-hold"}
    desk.ami.lists["Status"] = [row]
    desk.lease = 0.06
    pbx = desk.start()
    pbx.on_up()
    await desk.until(lambda: desk.ami.names().count("Status") == 3)
    assert (desk.told, pbx.seen.is_set(), desk.ami.leases()) == ([], False, [])
    assert pbx.trouble == "CALLBRIDGE_STAMP is missing in channelvars= of manager.conf."
    desk.ami.lists["Status"] = [{**row, "ChanVariable": f"CALLBRIDGE_STAMP={STAMP}"}]
    await desk.until(pbx.seen.is_set)
    assert (desk.kinds(), pbx.trouble) == (["PbxSeen"], None)
    await desk.until(lambda: len(desk.ami.leases()) > 0)


async def test_given_an_older_dialplan_then_no_channel_is_sent_to_nowhere_and_what_to_do_is_said(desk: Desk) -> None:
    desk.ami.variables["DIALPLAN_EXISTS(callbridge-talk,s,1)"] = "0"
    pbx = desk.start()
    pbx.on_up()
    await desk.until(lambda: pbx.trouble is not None)
    assert (desk.told, pbx.seen.is_set(), desk.ami.leases()) == ([], False, [])
    assert pbx.trouble is not None
    assert "has no callbridge-talk,s,1: copy this version's extensions-callbridge.conf" in pbx.trouble
    desk.ami.variables["DIALPLAN_EXISTS(callbridge-talk,s,1)"] = "1"
    await desk.until(pbx.seen.is_set)
    assert pbx.trouble is None
    asked = len([name for name in desk.ami.names() if name == "Getvar"])
    pbx.on_event({"Event": "FullyBooted"})
    await desk.until(lambda: desk.snapshots() >= 2)
    again = [headers["Variable"] for name, headers in desk.ami.sent if name == "Getvar"][asked:]
    assert not [variable for variable in again if "DIALPLAN_EXISTS" in str(variable)], "once in each life is enough"


async def test_given_a_manager_conf_without_the_dialplans_events_then_waiting_callers_are_found_and_it_is_said(
    desk: Desk,
) -> None:
    pbx = desk.start()
    pbx.on_up()
    await desk.until(lambda: desk.snapshots() == 1)
    row: Message = {"Event": "Status", "Uniqueid": "17.1", "Context": "callbridge-hold", "Exten": "s", "Priority": "15"}
    desk.ami.lists["Status"] = [{**row, "ChanVariable": f"CALLBRIDGE_STAMP={STAMP}"}]
    for snapshots in (2, 3):
        assert pbx.trouble is None, "an event may be later than a snapshot"
        pbx.act([LookAgain(why="test")])
        await desk.until(lambda wanted=snapshots: desk.snapshots() == wanted)  # type: ignore[misc]
    assert pbx.trouble is not None
    assert "eventfilter lines for UserEvent from manager-callbridge.conf" in pbx.trouble
    pbx.on_event({"Event": "UserEvent", "UserEvent": "CallbridgeWaits", "ChanVariable": f"CALLBRIDGE_STAMP={STAMP}"})
    pbx.act([LookAgain(why="test")])
    await desk.until(lambda: desk.snapshots() == 4)


async def test_given_a_pbx_that_boots_then_a_dialplan_of_which_it_says_nothing_yet_is_asked_for_again(
    desk: Desk,
) -> None:
    desk.ami.variables["DIALPLAN_EXISTS(callbridge-hold,s,1)"] = ""
    pbx = desk.start()
    pbx.on_up()
    await desk.until(lambda: pbx.trouble is not None)
    assert (desk.told, pbx.seen.is_set()) == ([], False)
    assert pbx.trouble is not None
    assert "still booting" in pbx.trouble
    assert "copy" not in pbx.trouble, "it is not known to be outdated"
    desk.ami.variables["DIALPLAN_EXISTS(callbridge-hold,s,1)"] = "1"
    await desk.until(pbx.seen.is_set)
    assert pbx.trouble is None


async def test_given_a_pbx_that_stops_showing_the_stamp_then_no_call_is_ended_and_the_lease_runs_out(
    desk: Desk,
) -> None:
    row: Message = {"Event": "Status", "Uniqueid": "17.1", "Context": "callbridge-hold"}
    pbx = await desk.up()
    await desk.until(lambda: len(desk.ami.leases()) == 1)
    desk.ami.lists["Status"] = [row]
    pbx.on_event({"Event": "Newstate", "Uniqueid": "17.1"})
    await desk.until(lambda: desk.ami.names().count("Status") >= 3)
    pbx.on_event(gone("17.2"))
    assert desk.kinds() == ["PbxSeen", "PbxLost"], "it is lost once, and nothing is believed meanwhile"
    assert not pbx.seen.is_set()
    desk.ami.lists["Status"] = []
    await desk.until(pbx.seen.is_set)
    assert desk.kinds()[:3] == ["PbxSeen", "PbxLost", "PbxSeen"]
    assert pbx.trouble is None


async def test_given_a_link_that_drops_while_the_stamp_is_not_shown_then_that_is_not_the_trouble_any_more(
    desk: Desk,
) -> None:
    desk.ami.lists["Status"] = [{"Event": "Status", "Uniqueid": "17.1", "Context": "callbridge-hold"}]
    pbx = desk.start()
    pbx.on_up()
    await desk.until(lambda: pbx.trouble is not None)
    pbx.on_down("cable")
    assert pbx.trouble is None


# ---------------------------------------------------------------- phones


def changed(phone: str, state: str) -> Message:
    return {"Event": "DeviceStateChange", "Device": phone, "State": state}


def phones(desk: Desk) -> list[tuple[str, PhoneState]]:
    return [(signal.phone, signal.state) for signal in desk.told if isinstance(signal, PhoneChanged)]


async def test_given_an_event_about_a_phone_then_what_the_pbx_says_counts_and_not_the_event(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.variables["DEVICE_STATE(PJSIP/anna)"] = "NOT_INUSE"
    desk.ami.variables["DEVICE_STATE(PJSIP/ben)"] = "UNAVAILABLE"
    pbx.on_event(changed("PJSIP/anna", "UNAVAILABLE"))
    pbx.on_event(changed("PJSIP/ben", "NOT_INUSE"))
    await desk.until(lambda: len(phones(desk)) == 2)
    assert phones(desk) == [("PJSIP/anna", PhoneState.IDLE), ("PJSIP/ben", PhoneState.UNREACHABLE)]


async def test_given_events_about_strangers_phones_then_nobody_is_asked(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.variables["DEVICE_STATE(PJSIP/anna)"] = "INUSE"
    for number in range(100):
        pbx.on_event(changed(f"PJSIP/stranger-{number}", "NOT_INUSE"))
    pbx.on_event(changed("PJSIP/anna", "INUSE"))
    await desk.until(lambda: len(phones(desk)) == 1)
    asked = [str(headers["Variable"]) for name, headers in desk.ami.sent if name == "Getvar"]
    assert [name for name in asked if name.startswith("DEVICE_STATE")] == ["DEVICE_STATE(PJSIP/anna)"]


async def test_given_a_flood_of_events_about_one_phone_then_it_is_asked_for_once_and_once_more_after_the_answer(
    desk: Desk,
) -> None:
    question = "Getvar DEVICE_STATE(PJSIP/anna)"
    pbx = await desk.up()
    desk.ami.gates[question] = asyncio.Event()
    desk.ami.variables["DEVICE_STATE(PJSIP/anna)"] = "INUSE"
    asked = {"Variable": "DEVICE_STATE(PJSIP/anna)"}
    pbx.on_event(changed("PJSIP/anna", "NOT_INUSE"))
    await desk.until(lambda: ("Getvar", asked) in desk.ami.sent)
    for _ in range(1000):
        pbx.on_event(changed("PJSIP/anna", "NOT_INUSE"))
    desk.ami.gates[question].set()
    await desk.until(lambda: len(phones(desk)) == 2)
    assert desk.ami.sent.count(("Getvar", asked)) == 2


async def test_given_an_answer_about_a_phone_while_a_snapshot_is_taken_then_it_is_asked_again_after_it(
    desk: Desk,
) -> None:
    question = "Getvar DEVICE_STATE(PJSIP/anna)"
    pbx = await desk.up()
    desk.ami.gates[question] = asyncio.Event()
    desk.ami.gates["DeviceStateList"] = asyncio.Event()
    desk.ami.variables["DEVICE_STATE(PJSIP/anna)"] = "INUSE"
    pbx.on_event(changed("PJSIP/anna", "INUSE"))
    await desk.until(lambda: desk.ami.names()[-1] == "Getvar")
    pbx.act([LookAgain(why="a test")])
    await desk.until(lambda: desk.ami.names()[-1] == "DeviceStateList")
    desk.ami.gates[question].set()
    await asyncio.sleep(0.02)
    assert phones(desk) == []
    desk.ami.gates["DeviceStateList"].set()
    await desk.until(lambda: len(phones(desk)) == 1)
    assert desk.kinds() == ["PbxSeen", "PbxSeen", "PhoneChanged"]


async def test_given_a_pbx_that_cannot_say_how_a_phone_is_then_a_snapshot_does(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.fail("Getvar DEVICE_STATE(PJSIP/ben)", ActionTimeout("Getvar", 5.0))
    pbx.on_event(changed("PJSIP/anna", "INUSE"))  # no func_devstate: no value
    await desk.until(lambda: desk.snapshots() == 2)
    pbx.on_event(changed("PJSIP/ben", "INUSE"))
    await desk.until(lambda: desk.snapshots() == 3)
    assert (phones(desk), desk.sleeper.slept) == ([], [1.0, 1.0])


# ---------------------------------------------------------------- actions


async def test_given_effects_then_their_actions_are_sent_in_order_without_waiting_for_answers(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.gates["Redirect"] = asyncio.Event()
    pbx.act([hold(number) for number in range(20)])
    await desk.until(lambda: desk.ami.names().count("Redirect") == 20)
    redirects = [headers["Channel"] for name, headers in desk.ami.sent if name == "Redirect"]
    assert redirects == [f"17.{number}" for number in range(20)]
    desk.ami.gates["Redirect"].set()


async def test_given_a_bridge_then_it_names_whom_the_pbx_names_and_the_calls_next_order_comes_after_it(
    desk: Desk,
) -> None:
    pbx = await desk.up()
    question = "Getvar CHANNEL(name)"
    desk.ami.gates[question] = asyncio.Event()
    after = SetAfter(call=CALL, channel=ChannelId("17.1"), after="hangup")
    pbx.act([bridge(), after, replace(hold(2), call=CallId("c-2"))])
    await desk.until(lambda: "Redirect" in desk.ami.names())
    assert "Bridge" not in desk.ami.names(), "another call does not wait for this one"
    desk.ami.gates[question].set()
    await desk.until(lambda: len([sent for sent in desk.ami.sent if sent[1].get("Channel") == "17.1"]) == 2)
    orders = [(name, headers) for name, headers in desk.ami.sent if name != "Getvar"][-2:]
    assert orders == [
        ("Bridge", {"Channel1": "name of 17.1", "Channel2": "name of leg", "Tone": "no"}),
        ("Setvar", {"Channel": "17.1", "Variable": "CALLBRIDGE_AFTER", "Value": "hangup"}),
    ]


async def test_given_a_bridge_with_a_channel_that_is_gone_then_the_engine_is_told_and_the_next_order_is_sent(
    desk: Desk,
) -> None:
    pbx = await desk.up()
    desk.ami.fail("Getvar CHANNEL(name)", ActionRefused("Getvar", "No such channel"))
    pbx.act([bridge(), hold()])
    await desk.until(lambda: len(desk.told) == 2 and "Redirect" in desk.ami.names())
    failed = desk.told[-1]
    assert isinstance(failed, ActionFailed)
    assert (failed.action, failed.refused, "Bridge" in desk.ami.names()) == ("Bridge", True, False)


async def test_given_a_link_that_drops_while_a_name_is_asked_for_then_the_order_dies_with_it(desk: Desk) -> None:
    pbx = await desk.up()
    question = "Getvar CHANNEL(name)"
    desk.ami.gates[question] = asyncio.Event()
    pbx.act([bridge(), hold()])
    await desk.until(lambda: desk.ami.names()[-1] == "Getvar")
    pbx.on_down("cable")
    pbx.on_up()
    await desk.until(pbx.seen.is_set)
    desk.ami.gates[question].set()
    pbx.act([replace(hold(3), call=CallId("c-3"))])
    await desk.until(lambda: "Redirect" in desk.ami.names())
    assert [headers["Channel"] for name, headers in desk.ami.sent if name == "Redirect"] == ["17.3"]
    assert "Bridge" not in desk.ami.names()


async def test_given_many_effects_then_only_a_hundred_are_under_way_at_once(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.gates["Redirect"] = asyncio.Event()
    pbx.act([hold(number) for number in range(150)])
    await desk.until(lambda: desk.ami.names().count("Redirect") == 100)
    desk.ami.gates["Redirect"].set()
    await desk.until(lambda: desk.ami.names().count("Redirect") == 150)


@pytest.mark.parametrize(
    ("effect", "action"), [(hold(), "Redirect"), (originate(), "Originate")], ids=["Hold", "Originate"]
)
async def test_given_an_action_that_is_refused_then_the_engine_is_told(
    desk: Desk, effect: ChannelEffect, action: str
) -> None:
    pbx = await desk.up()
    desk.ami.fail(action, ActionRefused(action, "Redirect failed, channel not up"))
    pbx.act([effect])
    await desk.until(lambda: len(desk.told) == 2)
    failed = desk.told[-1]
    assert isinstance(failed, ActionFailed)
    assert (failed.call, failed.action) == (CALL, type(effect).__name__)


async def test_given_an_action_lost_with_the_connection_then_nothing_is_said_but_that(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.gates["Redirect"] = asyncio.Event()
    desk.ami.fail("Redirect", ConnectionLost("gone"))
    pbx.act([hold()])
    await desk.until(lambda: "Redirect" in desk.ami.names())
    pbx.on_down("cable")
    desk.ami.gates["Redirect"].set()
    pbx.on_up()
    await desk.until(pbx.seen.is_set)
    assert desk.kinds() == ["PbxSeen", "PbxLost", "PbxSeen"]
    assert desk.ami.names().count("Redirect") == 1, "nothing is sent twice"


@pytest.mark.parametrize(
    ("effect", "action"),
    [
        (Hangup(call=CALL, channel=ChannelId("17.1")), "Hangup"),
        (SetAfter(call=CALL, channel=ChannelId("17.1"), after="hangup"), "Setvar"),
    ],
    ids=["Hangup", "SetAfter"],
)
async def test_given_an_order_for_a_channel_that_is_gone_when_refused_then_nobody_minds(
    desk: Desk, effect: ChannelEffect, action: str
) -> None:
    pbx = await desk.up()
    desk.ami.fail(action, ActionRefused(action, "No such channel"), ActionTimeout(action, 5.0))
    pbx.act([effect])
    await desk.until(lambda: len(desk.ami.failures[action]) == 1)
    pbx.act([effect])
    await desk.until(lambda: len(desk.told) == 2)
    failed = desk.told[-1]
    assert isinstance(failed, ActionFailed), "without an answer nobody knows, and that is said"
    assert "did not answer" in failed.reason


async def test_given_a_link_that_is_down_when_something_is_to_be_done_then_it_is_not_done_later(desk: Desk) -> None:
    pbx = await desk.up()
    pbx.on_down("cable")
    pbx.act([hold()])
    pbx.on_up()
    await desk.until(pbx.seen.is_set)
    pbx.act([LookAgain(why="a test")])
    await desk.until(lambda: desk.snapshots() == 3)
    assert "Redirect" not in desk.ami.names()


# ---------------------------------------------------------------- the lease


async def test_given_a_pbx_that_is_seen_then_the_lease_is_renewed_at_once_by_its_own_clock(desk: Desk) -> None:
    await desk.up()
    await desk.until(lambda: desk.ami.leases() == ["5030"])


async def test_given_a_pbx_that_comes_back_then_the_lease_is_renewed_at_once_again(desk: Desk) -> None:
    pbx = await desk.up()
    await desk.until(lambda: len(desk.ami.leases()) == 1)
    pbx.on_down("restart")
    desk.ami.variables["EPOCH"] = "9000"
    pbx.on_up()
    await desk.until(lambda: desk.ami.leases() == ["5030", "9030"])


async def test_given_a_loop_that_does_not_turn_then_the_lease_is_not_renewed_until_it_does(desk: Desk) -> None:
    desk.alive = False
    desk.lease = 0.06
    pbx = await desk.up()
    pbx.act([LookAgain(why="a test")])
    await desk.until(lambda: desk.snapshots() == 2)
    assert desk.ami.leases() == []
    desk.alive = True
    await desk.until(lambda: len(desk.ami.leases()) >= 3)


async def test_given_a_loop_that_takes_a_moment_for_the_snapshot_then_the_lease_is_renewed_right_after(
    desk: Desk,
) -> None:
    desk.alive = False
    await desk.up()
    desk.alive = True
    async with asyncio.timeout(0.5):
        await desk.until(lambda: desk.ami.leases() == ["5030"])


async def test_given_a_pbx_that_is_not_seen_then_the_lease_is_not_renewed(desk: Desk) -> None:
    desk.lease = 0.06
    pbx = desk.start()
    desk.ami.gates["Status"] = asyncio.Event()
    pbx.on_up()
    await desk.until(lambda: "Status" in desk.ami.names())
    await asyncio.sleep(0.1)  # several times the lease
    assert desk.ami.leases() == []


def lease_orders(desk: Desk) -> list[str]:
    """The order of snapshots and renewals, as the PBX sees it."""
    return [
        "look" if name == "Status" else "renew"
        for name, headers in desk.ami.sent
        if name == "Status" or (name == "Setvar" and headers.get("Variable") == "CALLBRIDGE_ALIVE")
    ]


async def test_given_a_lease_that_had_run_out_while_the_link_was_up_then_it_is_looked_before_anybody_is_vouched_for(
    desk: Desk,
) -> None:
    desk.lease = 0.06
    await desk.up()
    await desk.until(lambda: lease_orders(desk) == ["look", "renew"])
    desk.ami.gates["Status"] = asyncio.Event()
    desk.ami.variables["EPOCH"] = "5100"
    await desk.until(lambda: lease_orders(desk) == ["look", "renew", "look"])
    assert desk.kinds() == ["PbxSeen", "PbxLost"], "nothing is decided before the snapshot is in"
    assert not desk.pbx.seen.is_set()
    desk.pbx.on_event(gone("17.1"))
    await asyncio.sleep(0.1)  # several times the lease
    assert lease_orders(desk) == ["look", "renew", "look"]
    desk.ami.gates["Status"].set()
    await desk.until(lambda: len(desk.ami.leases()) >= 2)
    await desk.until(lambda: desk.snapshots() == 3)
    assert lease_orders(desk)[:5] == ["look", "renew", "look", "renew", "look"]
    assert desk.kinds() == ["PbxSeen", "PbxLost", "PbxSeen", "ChannelGone", "PbxSeen"]
    await asyncio.sleep(0.1)
    assert desk.snapshots() == 3, "once is enough"


async def test_given_a_snapshot_begun_before_the_lease_was_found_run_out_then_it_does_not_count(desk: Desk) -> None:
    desk.lease = 0.06
    pbx = await desk.up()
    await desk.until(lambda: len(desk.ami.leases()) == 1)
    desk.ami.gates["BridgeList"] = asyncio.Event()
    pbx.act([LookAgain(why="a test")])
    await desk.until(lambda: desk.ami.names().count("BridgeList") == 2)
    desk.ami.variables["EPOCH"] = "5100"
    await desk.until(lambda: "PbxLost" in desk.kinds())
    desk.ami.gates["BridgeList"].set()
    await desk.until(lambda: len(desk.ami.leases()) == 2)
    assert lease_orders(desk)[:5] == ["look", "renew", "look", "look", "renew"]
    assert desk.kinds()[:3] == ["PbxSeen", "PbxLost", "PbxSeen"]


async def test_given_a_lease_that_ran_out_while_the_gateway_was_away_then_its_first_snapshot_is_enough_to_renew(
    desk: Desk,
) -> None:
    desk.ami.variables["CALLBRIDGE_ALIVE"] = "4000"
    await desk.up()
    await desk.until(lambda: desk.snapshots() == 2)
    assert lease_orders(desk)[:3] == ["look", "renew", "look"]
    assert desk.kinds() == ["PbxSeen", "PbxSeen"], "it is looked again for who left meanwhile, without being lost"


async def test_given_a_renewal_that_fails_then_it_is_tried_again_soon(desk: Desk) -> None:
    desk.lease = 0.06
    desk.ami.fail("Getvar EPOCH", ActionTimeout("Getvar", 5.0))
    desk.ami.variables["EPOCH"] = "5000"
    await desk.up()
    await desk.until(lambda: desk.ami.leases()[:1] == ["5000"])


# ---------------------------------------------------------------- sound before the answer

OUTSIDE = ChannelId("c-1-leg-2")
PACKETS = "CHANNEL(rtcp,rxcount)"


def variables(prefix: str = "", role: str = "external") -> Message:
    return {f"{prefix}ChanVariable": [f"CALLBRIDGE_ROLE={role}", f"CALLBRIDGE_STAMP={STAMP}"]}


async def test_given_a_word_of_early_sound_when_packets_come_then_that_is_told(desk: Desk) -> None:
    pbx = await desk.up()
    desk.ami.variables[PACKETS] = "0"
    pbx.on_event({"Event": "DialState", "DestUniqueid": OUTSIDE, "DialStatus": "PROGRESS", **variables("Dest")})
    await desk.until(lambda: [headers.get("Variable") for _, headers in desk.ami.sent].count(PACKETS) > 1)
    assert EarlySound(channel=OUTSIDE) not in desk.told
    desk.ami.variables[PACKETS] = "7"
    await desk.until(lambda: EarlySound(channel=OUTSIDE) in desk.told)


async def test_given_a_number_outside_that_is_called_when_the_gateway_logs_in_then_it_is_asked_for_sound(
    desk: Desk,
) -> None:
    row: Message = {"Event": "Status", "Uniqueid": OUTSIDE, "Channel": "PJSIP/carrier-2", "ChannelState": "5"}
    up: Message = {**row, "Uniqueid": "c-1-leg-3", "ChannelState": "6"}
    desk.ami.lists["Status"] = [{**row, **variables()}, {**up, **variables()}]
    desk.ami.variables[PACKETS] = "7"
    await desk.up()
    await desk.until(lambda: EarlySound(channel=OUTSIDE) in desk.told)
    asked = [headers["Channel"] for _, headers in desk.ami.sent if headers.get("Variable") == PACKETS]
    assert asked == [OUTSIDE]

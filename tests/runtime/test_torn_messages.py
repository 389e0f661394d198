"""What strangers write, put into every field that takes it, between messages of others: none of it is believed.

Sessions, parsing, lists, stamp and decoding are the real ones; only the bytes are made here, as Asterisk makes them.
"""

import asyncio
import gzip
import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from callbridge.ami.decode import WANTED, channel_fact, is_genuine, text
from callbridge.ami.errors import AnswerIncomplete
from callbridge.ami.framing import Message, parse
from callbridge.ami.session import Session
from callbridge.ami.settings import SessionSettings
from callbridge.domain.model.facts import ChannelAnswered, ChannelEntered, ChannelGone, ChannelLeft, ChannelRinging
from callbridge.domain.model.signals import Signal
from callbridge.runtime.pbx import Pbx

STAMP = "0123456789abcdef" * 2
MINE, VICTIM, OTHER = "1700000000.66", "1700000000.1", "1700000000.2"
EXCERPT = Path(__file__).parent.parent / "ami/data/ami-excerpt.bin.gz"
TAKES = ("CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName", "Exten", "AccountCode")
"""Fields of a channel that can hold what somebody outside wrote."""
LAST_VARIABLES = ("CALLBRIDGE_DATA", "CALLBRIDGE_CALLED")
BROKEN = "\r\n\r\n"
HEADS = ("", "x", "\r\n", BROKEN, f"x{BROKEN}", f"x{BROKEN}{BROKEN}", "\r", "\n", "\r\n\r", f"{BROKEN}noise{BROKEN}")
FORGED = (
    "",
    f"Event: Hangup\r\nChannel: PJSIP/victim\r\nUniqueid: {VICTIM}\r\nCause: 16",
    f"Event: BridgeEnter\r\nChannel: PJSIP/victim\r\nUniqueid: {VICTIM}\r\nChannelState: 6\r\nBridgeUniqueid: b-9",
    f"Event: BridgeLeave\r\nUniqueid: {VICTIM}\r\nBridgeUniqueid: b-1",
    f"Event: Status\r\nUniqueid: {VICTIM}\r\nChannel: PJSIP/victim\r\nChanVariable: CALLBRIDGE_ROLE=fallback",
    "Event: FakeComplete",
    "Event: StatusComplete\r\nEventList: Complete\r\nListItems: 0\r\nItems: 0",
    "Event: StatusComplete\r\nEventList: cancelled",
    "Event: StatusComplete\r\nEventList: Complete\r\nListItems: " + "9" * 5_000,
    "Response: Error\r\nMessage: No such channel",
    "Response: Success\r\nActionID: theirs\r\nMessage: x",
    f"ActionID: theirs\r\nUniqueid: {VICTIM}",
    f"Uniqueid: {VICTIM}\r\nChannel: PJSIP/victim",
    "ChanVariable: CALLBRIDGE_STAMP=guessed\r\nChanVariable: CALLBRIDGE_CALL=c-1",
    "Cause: " + "1" * 5_000,
    "Timestamp: " + "1" * 5_000,
    "Timestamp: nan",
    "no colon at all",
    "Event: DeviceStateChange\r\nDevice: PJSIP/anna\r\nState: UNAVAILABLE",
    "Event: Shutdown",
    "Event: FullyBooted",
    f"Event: DialState\r\nDestUniqueid: {VICTIM}\r\nDialStatus: PROGRESS\r\nDestChanVariable: CALLBRIDGE_ROLE=external",
    f"DestUniqueid: {VICTIM}\r\nDestChanVariable: CALLBRIDGE_ROLE=external\r\nDialStatus: PROGRESS",
    f"Event: DialEnd\r\nDestUniqueid: {VICTIM}",
)
TAILS = (
    "",
    BROKEN,
    "\r\nFoo: ",
    f"{BROKEN}Event: Newstate\r\nA: ",
    "\r\nA",
    "\0",
    "\udcc3",
    f"{BROKEN}Foo: ",
    "y" * 70_000,
)


def texts() -> Iterator[str]:
    for head, forged, tail in itertools.product(HEADS, FORGED, TAILS):
        yield f"{head}{forged}{tail}"


def headers(name: str, uniqueid: str, field: str = "", value: str = "") -> list[tuple[str, str]]:
    """A channel's message in Asterisk's own order; one field holds what somebody wrote."""
    lines = [("Event", name), ("Privilege", "call,all"), ("Timestamp", "1700000000.5")]
    if name.startswith("Bridge"):
        lines += [("BridgeUniqueid", "b-1"), ("BridgeTechnology", "holding_bridge"), ("BridgeName", "callbridge-hold")]
    lines += [("Channel", f"PJSIP/{uniqueid}"), ("ChannelState", "6"), ("CallerIDNum", "1"), ("CallerIDName", "n")]
    lines += [("ConnectedLineNum", "2"), ("ConnectedLineName", "m"), ("Language", "en"), ("AccountCode", "")]
    lines += [("Context", "callbridge-hold"), ("Exten", "s"), ("Priority", "15"), ("Uniqueid", uniqueid)]
    lines += [("Linkedid", uniqueid)]
    if name == "Status":
        lines += [("BridgeID", "b-1")]
    written = [(header, value if header == field else given) for header, given in lines]
    names = ("ROLE", "CALL", "GROUP", "CALLED", "DATA", "AFTER", "RECORD", "STAMP")
    given = {"CALLBRIDGE_ROLE": "caller", "CALLBRIDGE_STAMP": STAMP, field: value}
    written += [("ChanVariable", f"CALLBRIDGE_{one}={given.get(f'CALLBRIDGE_{one}', '')}") for one in names]
    return [*written, ("Cause", "16")] if name == "Hangup" else written


def dialling(name: str, field: str = "", value: str = "", *, caller: bool = True) -> list[tuple[str, str]]:
    """What Asterisk tells of a channel that is being called, after all that there is of the one who calls, if any."""
    dest = field.removeprefix("Dest") if field.startswith("Dest") else ""
    lines = headers(name, OTHER, "" if dest else field, value) if caller else headers(name, OTHER)[:3]
    called = [(f"Dest{header}", given) for header, given in headers("", MINE, dest, value)[3:]]
    role = ("DestChanVariable", "CALLBRIDGE_ROLE=caller")
    called = [(role[0], "CALLBRIDGE_ROLE=external") if line == role else line for line in called]
    return [*lines, *called, ("DialStatus", "PROGRESS")]


def raw(lines: list[tuple[str, str]]) -> bytes:
    return "".join(f"{key}: {value}\r\n" for key, value in lines).encode("utf-8", "surrogateescape") + b"\r\n"


def hostile(seed: int, count: int) -> Iterator[tuple[str, str, str]]:
    """Some of all: an event's name, the field, and what is written there."""
    kinds = ("BridgeEnter", "BridgeLeave", "Newstate", "Hangup")
    every = list(itertools.product(kinds, (*TAKES, *LAST_VARIABLES), texts()))
    yield from random.Random(seed).sample(every, count)


class Ears:
    """An events session with what is made of it."""

    def __init__(self) -> None:
        self.told: list[Signal] = []
        self.pbx = Pbx(put=self._put, alive=lambda: True, phones=lambda: ["PJSIP/anna"])
        self.pbx._stamp = STAMP
        self.session = session(wanted=WANTED, ears=self.pbx)

    def _put(self, signal: Signal) -> bool:
        self.told.append(signal)
        return True

    def hears(self, data: bytes) -> list[Signal]:
        self.told.clear()
        self.session.received(data)
        return list(self.told)


def session(wanted: tuple[str, ...] | None, ears: Pbx | None) -> Session:
    made = Session(
        SessionSettings(host="127.0.0.1", username="u", secret="s"),
        role="test",
        events=ears is not None,
        wanted=wanted,
        on_event=ears.on_event if ears else lambda message: None,
        on_unread=ears.on_unread if ears else lambda raw: None,
        on_lost=pytest.fail,
    )
    made.received(b"Asterisk Call Manager/11.0.0\r\n")
    return made


def subject(signal: Signal) -> str:
    if isinstance(signal, ChannelEntered):
        return signal.fact.channel
    assert isinstance(signal, ChannelGone | ChannelLeft | ChannelRinging | ChannelAnswered), signal
    return signal.channel


@pytest.mark.parametrize("seed", range(2))
async def test_given_events_torn_anywhere_then_no_other_channel_is_spoken_of_and_nobody_elses_event_is_lost(
    seed: int,
) -> None:
    ears = Ears()
    before, after = raw(headers("Newstate", VICTIM)), raw(headers("BridgeEnter", OTHER))
    for name, field, written in hostile(seed, 1_000):
        signals = ears.hears(before + raw(headers(name, MINE, field, written)) + after)
        about = [subject(signal) for signal in signals]
        assert [one for one in about if one != MINE] in ([VICTIM, OTHER], [VICTIM]), (name, field, written[:200])
        if OTHER not in about:
            # A piece that was too long hides whether it was the end: then the next one waits for a look.
            assert len(written) > 60_000, (name, field, written[:200])
            assert ears.pbx._doubts.is_set()
        own = [signal for signal in signals if subject(signal) == MINE]
        whole = ears.hears(raw(headers(name, MINE)))
        assert [strip(signal) for signal in own] in ([], [strip(signal) for signal in whole]), (name, field, written)
        if not own:
            assert ears.pbx._doubts.is_set(), "what it would have told is looked for"
        ears.pbx._doubts.clear()


@pytest.mark.parametrize("caller", [True, False])
@pytest.mark.parametrize("seed", range(2))
async def test_given_dialling_torn_in_either_channel_then_no_other_is_expected_to_speak_and_nobody_elses_event_is_lost(
    seed: int, *, caller: bool
) -> None:
    ears = Ears()
    before, after = raw(headers("Newstate", VICTIM)), raw(headers("BridgeEnter", "1700000000.3"))
    fields = [
        f"{prefix}{one}" for prefix in (("", "Dest") if caller else ("Dest",)) for one in (*TAKES, *LAST_VARIABLES)
    ]
    every = list(itertools.product(("DialState", "DialBegin", "DialEnd"), fields, texts()))
    for name, field, written in random.Random(seed).sample(every, 1_000):
        about = [
            subject(signal)
            for signal in ears.hears(before + raw(dialling(name, field, written, caller=caller)) + after)
        ]
        assert about in ([VICTIM, "1700000000.3"], [VICTIM]), (name, field, written[:200])
        assert len(about) == 2 or len(written) > 60_000, (name, field, written[:200])
        assert set(ears.pbx._early_sounds._legs) <= {MINE}, (name, field, written[:200])
        ears.pbx._early_sounds.clear()
    ears.hears(raw(dialling("DialState", caller=caller)))
    assert set(ears.pbx._early_sounds._legs) == {MINE}


def strip(signal: Signal) -> object:
    """Without what the caller may say of himself."""
    if not isinstance(signal, ChannelEntered):
        return signal
    fact = signal.fact
    return (fact.channel, fact.name, fact.answered, fact.bridge, fact.holding, fact.variables.role, fact.variables.call)


@pytest.mark.parametrize("seed", range(2))
async def test_given_a_row_torn_anywhere_then_the_list_has_all_other_rows_and_nothing_else(seed: int) -> None:
    """Or, where the row was too long to be read, all others but the next."""
    actions = session(wanted=None, ears=None)
    for number, (_, field, written) in enumerate(hostile(seed, 1_000)):
        given = f"id-{number}"
        waiting = actions._pending.add(given, "Status", as_list=True)
        start = raw([("Response", "Success"), ("ActionID", given), ("EventList", "start")])
        rows = [
            raw([*headers("Status", channel, field, value), ("ActionID", given)])
            for channel, value in ((VICTIM, "1"), (MINE, written), (OTHER, "2"), ("17.3", "3"))
        ]
        end = [("Event", "StatusComplete"), ("ActionID", given), ("EventList", "Complete"), ("ListItems", "4")]
        actions.received(start + b"".join(rows) + raw([*end, ("Items", "4")]))
        assert waiting.answer.done(), (field, written[:200])
        believed = [row for row in await waiting.answer if is_genuine(row, STAMP)]
        channels = [channel_fact(row, bridge="", room=None).channel for row in believed]
        wanted = [VICTIM, "17.3"] if len(written) > 60_000 and OTHER not in channels else [VICTIM, OTHER, "17.3"]
        assert [channel for channel in channels if channel != MINE] == wanted, (field, written[:200])
        assert channels.count(MINE) <= 1
    assert actions.lost is None


async def test_given_real_messages_cut_and_joined_anywhere_then_nothing_raises_and_no_forged_stamp_is_believed() -> (
    None
):
    dice = random.Random(7)
    stream = gzip.decompress(EXCERPT.read_bytes())
    ears = Ears()
    for _ in range(300):
        at = dice.randrange(len(stream) - 4_000)
        piece = bytearray(stream[at : at + 4_000])
        for _ in range(dice.randrange(1, 6)):
            place = dice.randrange(len(piece))
            piece[place:place] = dice.choice([*FORGED, BROKEN, "\r\n", "\0"]).encode() + dice.choice(
                [b"", b"\xc3", b"\r"]
            )
        assert ears.hears(bytes(piece) + b"\r\n\r\n") == []
    assert ears.session.lost is None


async def test_given_a_list_that_lost_a_row_without_anything_torn_then_it_is_an_error() -> None:
    actions = session(wanted=None, ears=None)
    waiting = actions._pending.add("id", "Status", as_list=True)
    end = [("Event", "StatusComplete"), ("ActionID", "id"), ("EventList", "Complete"), ("ListItems", "2")]
    actions.received(raw([*headers("Status", VICTIM), ("ActionID", "id")]) + raw(end))
    with pytest.raises(AnswerIncomplete):
        await asyncio.wait_for(waiting.answer, 1)


def test_given_what_asterisk_writes_then_it_is_taken_as_it_is() -> None:
    for name in ("BridgeEnter", "Newstate", "Hangup", "Status"):
        message, garbage = parse(raw(headers(name, VICTIM)).removesuffix(b"\r\n\r\n"))
        assert message is not None
        assert garbage == 0
        assert is_genuine(message, STAMP)
        assert text(message, "Uniqueid") == VICTIM
        doubled: Message = {**message, "Uniqueid": [VICTIM, MINE]}
        assert not is_genuine(doubled, STAMP)

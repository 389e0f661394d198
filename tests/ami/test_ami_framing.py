"""Bytes to messages, on a capture of a real Asterisk and on what no Asterisk should send."""

import gzip
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callbridge.ami.framing import Framer, Message, event_name, parse

CAPTURE = gzip.decompress((Path(__file__).parent / "data" / "ami-excerpt.bin.gz").read_bytes())
RAW = CAPTURE.split(b"\r\n\r\n")[:-1]
BIG = 1 << 20


def read(data: bytes, *cuts: int, max_bytes: int = BIG) -> tuple[list[Message], int, int]:
    """The messages, the pieces of garbage and the messages that were too long."""
    framer = Framer(max_bytes)
    messages: list[Message] = []
    garbage = 0
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    for start, end in itertools.pairwise(edges):
        for raw in framer.feed(data[start:end]):
            message, skipped = parse(raw)
            garbage += skipped
            if message is not None:
                messages.append(message)
    return messages, garbage, framer.oversize


def naive(raw: bytes) -> list[tuple[str, str]]:
    """Every header of a well-formed message, the obvious way."""
    return [tuple(line.split(": ", 1)) for line in raw.decode().split("\r\n")]  # type: ignore[misc]


def flat(message: Message) -> list[tuple[str, str]]:
    return [(key, item) for key, value in message.items() for item in ([value] if isinstance(value, str) else value)]


def test_given_a_real_capture_when_parsed_then_every_header_of_every_message_is_there() -> None:
    messages, garbage, oversize = read(CAPTURE)
    assert (len(messages), garbage, oversize) == (len(RAW), 0, 0)
    for raw, message in zip(RAW, messages, strict=True):
        assert Counter(flat(message)) == Counter(naive(raw))
        assert next(iter(message)) == "Event"
    assert len({str(message["Event"]) for message in messages}) == 37


def test_given_an_empty_last_header_when_parsed_then_it_is_kept() -> None:
    empty_last = [raw for raw in RAW if raw.endswith(b": ")]
    assert len(empty_last) > 100
    for raw in empty_last:
        message, _ = parse(raw)
        assert message is not None
        assert message[raw.rsplit(b"\r\n", 1)[1].decode().removesuffix(": ")] == ""


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, len(CAPTURE)), max_size=200))
def test_given_a_real_capture_when_split_anywhere_then_it_parses_as_in_one_piece(cuts: list[int]) -> None:
    assert read(CAPTURE, *cuts) == read(CAPTURE)


def test_given_a_real_capture_when_it_comes_byte_by_byte_then_it_parses_as_in_one_piece() -> None:
    part = b"\r\n\r\n".join(RAW[:40]) + b"\r\n\r\n"
    assert read(part, *range(len(part))) == read(part)


HOSTILE = st.lists(
    st.sampled_from(
        [
            b"Event: A\r\n",
            b"Response: Error\r\n",
            b"Key: value\r\n",
            b"Key: \r\n",
            b"Key:\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b"\r\n\r\n",
            b": \r\n",
            b"no colon\r\n",
            "Имя: Иван\r\n".encode(),
            b"\xff\xfe",
            b"\x00",
            b"x" * 60,
            b"\r\r\n\n",
        ]
    ),
    max_size=40,
).map(b"".join)


@settings(max_examples=300, deadline=None)
@given(HOSTILE, st.lists(st.integers(0, 2_000), max_size=30), st.integers(1, 80))
def test_given_hostile_bytes_when_split_anywhere_then_the_result_is_the_same_and_nothing_raises(
    data: bytes, cuts: list[int], max_bytes: int
) -> None:
    assert read(data, *cuts, max_bytes=max_bytes) == read(data, max_bytes=max_bytes)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=500), st.lists(st.integers(0, 500), max_size=20))
def test_given_any_bytes_when_parsed_then_each_message_has_one_name_and_it_comes_first(
    data: bytes, cuts: list[int]
) -> None:
    for message in read(b"Event: X\r\n" + data + b"\r\n\r\nEvent: Y\r\n\r\n", *cuts)[0]:
        first = next(iter(message))
        assert first in ("Event", "Response")
        assert isinstance(message[first], str)


def test_given_letters_of_two_bytes_when_split_between_them_then_none_is_lost() -> None:
    data = "Event: Newchannel\r\nCallerIDName: Иван Жданов\r\n\r\n".encode()
    for cut in range(len(data)):
        messages, _, _ = read(data, cut)
        assert messages == [{"Event": "Newchannel", "CallerIDName": "Иван Жданов"}]


def test_given_bytes_that_are_no_utf8_when_parsed_then_they_are_replaced_and_the_rest_is_kept() -> None:
    assert read(b"Event: A\r\nName: M\xfcller\r\nNext: 1\r\n\r\n")[0] == [
        {"Event": "A", "Name": "M\N{REPLACEMENT CHARACTER}ller", "Next": "1"}
    ]


@pytest.mark.parametrize(
    ("data", "expected", "garbage"),
    [
        (b"Event: A\r\nV: 1\r\nV: 2\r\nV: 3", {"Event": "A", "V": ["1", "2", "3"]}, 0),
        (b"Event: A\r\nV: \r\nV: ", {"Event": "A", "V": ["", ""]}, 0),
        (b"Event: A\r\nV: a: b:c", {"Event": "A", "V": "a: b:c"}, 0),
        (b"Event: A\r\nV:  two spaces ", {"Event": "A", "V": " two spaces "}, 0),
        (b"Event: A\r\nV:\r\nW: 1", {"Event": "A", "V": "", "W": "1"}, 0),
        (b"Event: A\r\njunk\r\nW: 1", {"Event": "A", "W": "1"}, 1),
        (b"junk\r\nEvent: A\r\nW: 1", {"Event": "A", "W": "1"}, 1),
        (b"Key: junk\r\nmore\r\nResponse: Success", {"Response": "Success"}, 1),
        (b"\r\nEvent: A", {"Event": "A"}, 0),
        (b"Event: UserEvent\r\nUserEvent: x\r\nEvent: Hangup", {"Event": "UserEvent", "UserEvent": "x"}, 1),
        (
            b"Event: OriginateResponse\r\nResponse: Failure",
            {"Event": "OriginateResponse", "Response": "Failure"},
            0,
        ),
        (b"Key: value", None, 1),
        (b"", None, 0),
        (b"\r\n", None, 0),
    ],
)
def test_given_an_irregular_message_when_parsed_then_what_can_be_read_is_kept_and_the_rest_counted(
    data: bytes, expected: dict[str, Any] | None, garbage: int
) -> None:
    assert parse(data) == (expected, garbage)


def test_given_garbage_with_its_own_end_when_parsed_then_the_next_message_is_whole() -> None:
    assert read(b"blah blah\r\n\r\nEvent: A\r\nB: 1\r\n\r\n") == ([{"Event": "A", "B": "1"}], 1, 0)


def test_given_a_message_that_is_too_long_when_read_then_it_is_dropped_counted_and_the_next_one_is_whole() -> None:
    limit = 100
    fits = b"Event: F\r\nX: " + b"x" * (limit - 13)
    long = fits + b"x"
    assert len(fits) == limit
    data = b"\r\n\r\n".join([fits, long, fits, long + b"x" * 10_000, b"Event: Z"]) + b"\r\n\r\n"
    for cuts in ([], [limit + 2], [limit + 4, 2 * limit + 8], range(0, len(data), 7), range(len(data))):
        messages, garbage, oversize = read(data, *cuts, max_bytes=limit)
        assert [message["Event"] for message in messages] == ["F", "F", "Z"]
        assert (garbage, oversize) == (0, 2)


def test_given_data_without_an_end_when_it_goes_on_and_on_then_the_memory_is_bounded() -> None:
    framer = Framer(1_000)
    for _ in range(1_000):
        assert framer.feed(b"x" * 999) == []
        assert framer.unfinished <= 1_003
    assert framer.oversize == 1
    assert framer.feed(b"\r\n\r\nEvent: A\r\n\r\n") == [b"", b"Event: A"], "empty for what was too long"


def test_given_an_unparsed_message_when_asked_for_its_name_then_no_parsing_is_needed() -> None:
    assert event_name(b"Event: Hangup\r\nX: 1") == b"Hangup"
    assert event_name(b"Event: Hangup") == b"Hangup"
    assert event_name(b"Response: Success") is None
    assert event_name(b"\r\nEvent: Hangup") is None

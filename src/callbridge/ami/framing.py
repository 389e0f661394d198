"""Bytes from Asterisk to messages: framing and parsing, without I/O.

A message is a run of `Key: value` lines that ends with an empty line; each line ends with CR LF. Framing works on
bytes and a message is decoded as a whole, so that no letter and no separator is lost when it is split over two reads.
"""

from typing import Final

Message = dict[str, str | list[str]]
"""One AMI message: exact header names in the order of arrival. The first key is always `Event` or `Response`.

A repeated header is a list of its values, an empty one is `''`. A header that is not there is not in the dict.
"""

BANNER: Final = b"Asterisk Call Manager/"
EOL: Final = b"\r\n"
SEPARATOR: Final = b"\r\n\r\n"
EVENT: Final = b"Event: "
_NAMING: Final = ("Event: ", "Response: ")
_OVERLAP: Final = len(SEPARATOR) - 1


class Framer:
    """Cuts a stream into messages; what is longer than `max_bytes` is empty in the result and counted in `oversize`.

    The result does not depend on how the stream was split into reads. At most `max_bytes` + 3 bytes are kept between
    two calls, however long the peer goes on without ending a message.
    """

    __slots__ = ("_dropping", "_held", "_max_bytes", "oversize")

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._held = bytearray()
        self._dropping = False
        self.oversize = 0

    @property
    def unfinished(self) -> int:
        """How many bytes of a message without an end are kept."""
        return len(self._held)

    def feed(self, data: bytes) -> list[bytes]:
        """Takes what was read and returns the messages that it completes, without their separators."""
        held = self._held
        if held:
            if SEPARATOR not in data and SEPARATOR not in held[-_OVERLAP:] + data[:_OVERLAP]:
                self._hold(data)
                return []
            data = bytes(held) + data
            held.clear()
        pieces = data.split(SEPARATOR)
        rest = pieces.pop()
        if pieces and self._dropping:
            self._dropping = False
            pieces[0] = b""
        if rest:
            self._hold(rest)
        if len(data) > self._max_bytes:
            self.oversize += sum(len(piece) > self._max_bytes for piece in pieces)
            pieces = [piece if len(piece) <= self._max_bytes else b"" for piece in pieces]
        return pieces

    def _hold(self, data: bytes) -> None:
        held = self._held
        held += data
        if len(held) > self._max_bytes + _OVERLAP:
            if not self._dropping:
                self._dropping = True
                self.oversize += 1
            del held[:-_OVERLAP]


def event_name(raw: bytes) -> bytes | None:
    """The name of the event in an unparsed message, or None where it does not begin with one."""
    if not raw.startswith(EVENT):
        return None
    end = raw.find(EOL)
    return raw[len(EVENT) : end] if end > 0 else raw[len(EVENT) :]


def parse(raw: bytes) -> tuple[Message | None, int]:
    """The message in `raw`, None where there is none, and how many pieces of garbage were skipped."""
    lines = raw.decode("utf-8", "replace").split("\r\n")
    if lines[0].startswith(_NAMING):
        message: Message = {}
        for line in lines:
            key, colon, value = line.partition(": ")
            if colon:
                message[key] = value
        if len(message) == len(lines):  # Neither a repeated header nor a line that is none.
            return message, 0
    return _parse_irregular(lines)


def _parse_irregular(lines: list[str]) -> tuple[Message | None, int]:
    """Repeated headers, lines that are no headers, and a message that something else runs into."""
    lines = [line for line in lines if line]
    start = next((at for at, line in enumerate(lines) if line.startswith(_NAMING)), None)
    if start is None:
        return None, 1 if lines else 0
    garbage = 1 if start else 0
    message: Message = {}
    naming = lines[start].partition(": ")[0]
    for line in lines[start:]:
        key, colon, value = line.partition(": ")
        if not colon:
            if not line.endswith(":"):
                garbage += 1
                continue
            key = line[:-1]
        known = message.get(key)
        if known is None:
            message[key] = value
        elif key == naming:
            # A message has one name. A second one was smuggled in, for instance by the data of a UserEvent.
            garbage += 1
        elif isinstance(known, list):
            known.append(value)
        else:
            message[key] = [known, value]
    return message, garbage


def text(message: Message, key: str) -> str | None:
    """The header's value, the first one where it is repeated, None where it is missing."""
    value = message.get(key)
    return value[0] if isinstance(value, list) else value


_MOST_DIGITS = 18


def number(value: str) -> int | None:
    """The whole number; None where it is none, or longer than any that Asterisk says (Python refuses 4,300 digits)."""
    return int(value) if value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else None

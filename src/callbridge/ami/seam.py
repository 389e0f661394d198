"""Where one event ends and the next begins: a line break in what a stranger writes makes pieces that look like events.

Asterisk writes a channel's numbers and names before its variables. So the first piece of a torn event has no stamp,
what the stranger wrote in between has none, since nobody knows it, and the last piece has it although it is not the
PBX's: it may begin with `Event: Hangup` and name anybody's channel. Hence a stamp is believed only where the piece
before it was whole.
"""

from enum import Enum

from callbridge.ami.decode import CHANNEL_EVENTS, STAMP, has_stamp, is_whole, text
from callbridge.ami.framing import Message


class Piece(Enum):
    WHOLE = "whole"
    """The PBX's, and all of it; or of a kind that has no stamp and is only ever a reason to ask."""
    UNSTAMPED = "unstamped"
    """Begun by the PBX or written by a stranger. What it tells is lost unless the PBX is looked at."""
    TORN = "torn"
    """The end of something torn. What it told is lost unless the PBX is looked at."""


class Seam:
    """Fed with every piece in the order of arrival."""

    def __init__(self) -> None:
        self._open = False

    def restart(self) -> None:
        """Another connection: what was begun on the last one is not ended here."""
        self._open = False

    def read(self, message: Message, stamp: str) -> Piece:
        """What a message is worth."""
        stamped = has_stamp(message, stamp)
        if text(message, "Event") not in CHANNEL_EVENTS and not stamped:
            return Piece.WHOLE  # it neither begins nor ends what is torn
        if not stamped and text(message, "Event") == "UserEvent" and "Channel" not in message:
            return Piece.UNSTAMPED  # some program's own, of no channel: nothing is torn
        return self._next(stamped, whole=text(message, "Event") in CHANNEL_EVENTS and is_whole(message))

    def unread(self, raw: bytes, stamp: str) -> Piece:
        """What a piece is worth that is no message, or that nobody wants."""
        stamped = bool(stamp) and f"{STAMP}={stamp}".encode() in raw
        return self._next(stamped, whole=raw.startswith(b"Event: "))

    def _next(self, stamped: bool, *, whole: bool) -> Piece:
        if not stamped:
            self._open = True
            return Piece.UNSTAMPED
        if self._open or not whole:
            self._open = False
            return Piece.TORN
        return Piece.WHOLE

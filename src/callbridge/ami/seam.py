"""Where one event ends and the next begins: a line break in what a stranger writes makes pieces that look like events.

Asterisk writes a channel's numbers and names before its variables. So the first piece of a torn event has no stamp,
what the stranger wrote in between has none, since nobody knows it, and the last piece has it although it is not the
PBX's: it may begin with `Event: Hangup` and name anybody's channel. Hence a stamp is believed only where the piece
before it was whole.

An event of dialling tells of two channels, one after the other: torn in the second one, its first piece has the first
one's stamp. So there only the stamp of the second, who is being called, shows that nothing is open.
"""

from enum import Enum

from callbridge.ami.decode import CHANNEL_EVENTS, DIALLED, STAMP, has_stamp, is_whole, text
from callbridge.ami.framing import Message

_DIALLING = b"Event: Dial"
"""How DialBegin, DialState and DialEnd begin, whoever wants them."""


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
        event = text(message, "Event")
        own, dialled = has_stamp(message, stamp), has_stamp(message, stamp, dialled=True)
        known = event in CHANNEL_EVENTS or event == DIALLED
        if not known and not own and not dialled:
            return Piece.WHOLE  # it neither begins nor ends what is torn
        if not own and event == "UserEvent" and "Channel" not in message and not dialled:
            return Piece.UNSTAMPED  # some program's own, of no channel: nothing is torn
        begun_well = dialled if event == DIALLED else own
        return self._next(own or dialled, begun_well=begun_well, whole=known and is_whole(message))

    def unread(self, raw: bytes, stamp: str) -> Piece:
        """What a piece is worth that is no message, or that nobody wants."""
        word = f"{STAMP}={stamp}".encode()
        stamped = bool(stamp) and word in raw
        begun_well = stamped and (not raw.startswith(_DIALLING) or b"DestChanVariable: " + word in raw)
        return self._next(stamped, begun_well=begun_well, whole=raw.startswith(b"Event: "))

    def _next(self, stamped: bool, *, begun_well: bool, whole: bool) -> Piece:
        """`stamped`: it can be the end of what is open. `begun_well`: nothing of it can be missing at its end."""
        if self._open and stamped:
            self._open = False
            return Piece.TORN
        if not begun_well:
            self._open = True
            return Piece.UNSTAMPED
        return Piece.WHOLE if whole else Piece.TORN

"""The actions that wait for an answer. No I/O: messages go in, futures are settled.

A line break in a caller's number tears the row of a list in two: a head without an ActionID, and a tail that begins
with what the stranger wrote and ends in the genuine rest, ActionID included. What he wrote in between has none, since
nobody knows it. So after a piece without an ActionID the next one that has it is no answer, whatever it says; it is
counted, so that the list is known to be whole without it. Whoever takes a list for the truth must ask for what is not
in it.
"""

import asyncio
from dataclasses import dataclass, field

from callbridge.ami.errors import ActionRefused, AnswerIncomplete, BadValue, ConnectionLost, LimitReached
from callbridge.ami.framing import Message, number, text


@dataclass(slots=True, eq=False)
class Waiting:
    """One action on its way. `answer` gets one message for a single action, the rows for a list."""

    action: str
    as_list: bool
    answer: asyncio.Future[list[Message]]
    rows: list[Message] = field(default_factory=list)
    torn: int = 0
    """Rows that came in pieces and were dropped."""


class Pending:
    """A bounded table from ActionID to what waits for it. An entry goes as soon as it is settled or removed."""

    def __init__(self, *, max_actions: int, max_rows: int) -> None:
        self._max_actions = max_actions
        self._max_rows = max_rows
        self._waiting: dict[str, Waiting] = {}
        self._open = False
        """The last piece had no end: what comes next with an ActionID may be the rest of the same row."""
        self.torn = 0
        """Rows of lists that came in pieces, since the session began."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, action_id: str, action: str, *, as_list: bool) -> Waiting:
        """Registers an action. Raises LimitReached when the table is full, BadValue for an id that is pending."""
        if action_id in self._waiting:
            raise BadValue("ActionID", "is pending already")
        if len(self._waiting) >= self._max_actions:
            raise LimitReached(f"{self._max_actions} actions are waiting for an answer already")
        waiting = Waiting(action, as_list, asyncio.get_running_loop().create_future())
        self._waiting[action_id] = waiting
        return waiting

    def remove(self, action_id: str, waiting: Waiting) -> None:
        """Forgets the action, whatever became of it."""
        if self._waiting.get(action_id) is waiting:
            del self._waiting[action_id]
        if waiting.answer.done() and not waiting.answer.cancelled():
            waiting.answer.exception()  # Seen, so that asyncio does not report it as never retrieved.

    def deliver(self, message: Message) -> bool:
        """Gives a message to the action that it belongs to; False where none waits for it (late, doubled, foreign)."""
        given = message.get("ActionID")
        if isinstance(given, list):
            return self._tears(given)
        waiting = self._waiting.get(given) if given is not None else None
        if given is None or waiting is None or waiting.answer.done():
            self._open = True
            return False
        if waiting.as_list and self._open and not message.keys() <= _BARE:
            return self._tears([given])
        self._open = False
        if next(iter(message)) == "Response":
            response = (text(message, "Response") or "").lower()
            if response == "error" or response.startswith("fail"):
                self._settle(given, ActionRefused(waiting.action, text(message, "Message") or response))
            elif not waiting.as_list:
                self._settle(given, [message])
            return True
        if not waiting.as_list:
            return False  # An OriginateResponse and the like: only the acknowledgement answers a single action.
        if _ends_list(message):
            self._settle(given, _complete(waiting, message))
        elif len(waiting.rows) >= self._max_rows:
            self._settle(given, LimitReached(f"{waiting.action} gave more than {self._max_rows} rows"))
        else:
            waiting.rows.append(message)
        return True

    def unread(self, raw: bytes) -> None:
        """A piece that is no message, or was too long and is empty: where it has no end, one may follow."""
        if not raw:
            self._tears([given for given, waiting in self._waiting.items() if waiting.as_list])
            self._open = True
        elif not self._tears([given for given in self._waiting if f"ActionID: {given}".encode() in raw]):
            self._open = True

    def _tears(self, given: list[str]) -> bool:
        """Counts a row that is lost to each of these lists; whether there is any."""
        lists = [self._waiting[one] for one in given if one in self._waiting and self._waiting[one].as_list]
        for waiting in lists:
            waiting.torn += 1
            self.torn += 1
        self._open = self._open and not lists
        return bool(lists)

    def fail_all(self, reason: str) -> None:
        """The connection is gone: every action hears it now."""
        for action_id in list(self._waiting):
            self._settle(action_id, ConnectionLost(reason))

    def _settle(self, action_id: str, outcome: list[Message] | Exception) -> None:
        answer = self._waiting.pop(action_id).answer
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


_BARE = frozenset({"Event", "Response", "Message", "ActionID", "EventList", "Items", "Timestamp", "SequenceNumber"}) | {
    f"List{what}" for what in ("Items", "Contexts", "Extensions", "Priorities")
}
"""All that the messages around a list's rows consist of. The end of a torn row has more in it."""


def _ends_list(message: Message) -> bool:
    if not message.keys() <= _BARE:
        return False
    mark = text(message, "EventList")
    if mark is not None:
        return mark.lower() in ("complete", "cancelled")
    return (text(message, "Event") or "").endswith("Complete")


def _complete(waiting: Waiting, last: Message) -> list[Message] | Exception:
    if (text(last, "EventList") or "").lower() == "cancelled":
        return AnswerIncomplete(f"Asterisk cancelled the list of {waiting.action}")
    said = number(text(last, "ListItems") or "")
    if said is None:
        return AnswerIncomplete(f"{waiting.action} did not say how many rows it gave")
    if said > len(waiting.rows) + waiting.torn:
        return AnswerIncomplete(f"{waiting.action} gave {len(waiting.rows)} of {said} rows")
    return waiting.rows

"""The actions that wait for an answer. No I/O: messages go in, futures are settled."""

import asyncio
from dataclasses import dataclass, field

from callbridge.ami.errors import ActionRefused, AnswerIncomplete, BadValue, ConnectionLost, LimitReached
from callbridge.ami.framing import Message, text


@dataclass(slots=True, eq=False)
class Waiting:
    """One action on its way. `answer` gets one message for a single action, the rows for a list."""

    action: str
    as_list: bool
    answer: asyncio.Future[list[Message]]
    rows: list[Message] = field(default_factory=list)


class Pending:
    """A bounded table from ActionID to what waits for it. An entry goes as soon as it is settled or removed."""

    def __init__(self, *, max_actions: int, max_rows: int) -> None:
        self._max_actions = max_actions
        self._max_rows = max_rows
        self._waiting: dict[str, Waiting] = {}

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
        action_id = text(message, "ActionID")
        waiting = self._waiting.get(action_id) if action_id is not None else None
        if action_id is None or waiting is None or waiting.answer.done():
            return False
        if next(iter(message)) == "Response":
            response = (text(message, "Response") or "").lower()
            if response == "error" or response.startswith("fail"):
                self._settle(action_id, ActionRefused(waiting.action, text(message, "Message") or response))
            elif not waiting.as_list:
                self._settle(action_id, [message])
            return True
        if not waiting.as_list:
            return False  # An OriginateResponse and the like: only the acknowledgement answers a single action.
        if _ends_list(message):
            self._settle(action_id, _complete(waiting, message))
        elif len(waiting.rows) >= self._max_rows:
            self._settle(action_id, LimitReached(f"{waiting.action} gave more than {self._max_rows} rows"))
        else:
            waiting.rows.append(message)
        return True

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


def _ends_list(message: Message) -> bool:
    mark = text(message, "EventList")
    if mark is not None:
        return mark.lower() in ("complete", "cancelled")
    return (text(message, "Event") or "").endswith("Complete")


def _complete(waiting: Waiting, last: Message) -> list[Message] | Exception:
    if (text(last, "EventList") or "").lower() == "cancelled":
        return AnswerIncomplete(f"Asterisk cancelled the list of {waiting.action}")
    said = text(last, "ListItems") or ""
    if said.isdecimal() and int(said) > len(waiting.rows):
        return AnswerIncomplete(f"{waiting.action} gave {len(waiting.rows)} of {said} rows")
    return waiting.rows

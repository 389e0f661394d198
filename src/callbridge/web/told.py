"""What was told last of each call, so that what has not changed is not told again."""

from collections.abc import Set

from callbridge.domain.model.effects import PublishCall
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.web.pushed import CallEvent, OfCall

_CALLS = 20_000
"""Calls that are remembered: the latest. Whatever is told of another is news."""

_Told = tuple[str, OfCall, Set[AgentId]]


class Told:
    """`is_news` notes what shall be told; `saved` makes it what was told, `dropped` forgets it."""

    def __init__(self) -> None:
        self._told: dict[CallId, dict[str, _Told]] = {}
        self._noted: dict[CallId, dict[str, _Told]] = {}

    def is_news(self, effect: PublishCall, event: OfCall) -> bool:
        """Whether anybody whom it is for has been told something else last, or nothing yet."""
        call = effect.call.id
        about = _about(effect)
        event = _without_number(event)
        last = self._noted.get(call, {}).get(about) or self._told.get(call, {}).get(about)
        listeners: Set[AgentId] = effect.to
        if last is not None and last[:2] == (effect.kind, event):
            if effect.to <= last[2]:
                return False
            listeners = effect.to | last[2]
        self._noted.setdefault(call, {})[about] = (effect.kind, event, listeners)
        return True

    def saved(self) -> None:
        for call, noted in self._noted.items():
            told = self._told.pop(call, {})
            self._told[call] = told | noted
            if len(self._told) > _CALLS:
                del self._told[next(iter(self._told))]
        self._noted.clear()

    def dropped(self) -> None:
        self._noted.clear()


def _without_number(event: OfCall) -> OfCall:
    changes: dict[str, object] = {"sequence": 0}
    if isinstance(event, CallEvent):
        changes["call"] = event.call.model_copy(update={"sequence": 0})
    return event.model_copy(update=changes)


def _about(effect: PublishCall) -> str:
    """Which of the call's things it tells of."""
    thing = effect.kind.partition(".")[0]
    match thing:
        case "offer":
            offer = effect.offer or effect.call.offer
            return f"offer {offer.id}" if offer is not None else thing
        case "pop":
            pop = effect.pop or effect.call.pop
            return f"pop {pop.agent}" if pop is not None else thing
        case _:
            return thing

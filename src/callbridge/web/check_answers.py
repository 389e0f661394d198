"""Why a transfer is or is not allowed, as JSON; and what was decided."""

from callbridge.web.answers import DestinationOut, HistoryOut, Ref
from callbridge.web.words import Out, Text


class NotEligibleOut(Out):
    id: str
    name: Text
    code: str
    """Stable: `has_the_call`, `has_an_offer`, `rejected_recently`, `missed_offer`, `not_connected`, `offline`,
    `at_maximum_sessions`, `phone_unreachable`, `phone_declines`, `busy`, `wrap_up`, `phone_in_use`, `unknown_agent`."""
    reason: str
    """The same in words."""


class CheckOut(Out):
    allowed: bool
    code: str | None
    """The code that the transfer would be refused with now."""
    reason: str | None
    """A sentence that says what to do."""
    can_wait: bool
    """Refused only because the agent is not available: with `deferred` the transfer would wait for them."""
    destination: DestinationOut
    """As it was understood: a number in E.164, and as people read it."""
    eligible: list[Ref]
    """Agents who would be asked now, in this order."""
    others: list[NotEligibleOut]
    """The destination's other agents, and why they would not be asked."""
    waiting: int
    """Calls that wait for the same destination and were there first."""
    expected_wait: float | None
    """Seconds, from the last waits; 0: somebody is free; null: not known."""
    back_after: float | None
    """Seconds after which the caller is back with whoever transfers them, where nobody takes the call until then; null:
    they wait without an end, stay where they are (`deferred`), or a number rings for as long as it may."""


class DecisionOut(HistoryOut):
    call: str | None


class DecisionsOut(Out):
    items: list[DecisionOut]
    next_cursor: str | None

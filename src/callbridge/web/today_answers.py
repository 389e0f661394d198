"""Today's numbers, as JSON."""

from enum import StrEnum

from callbridge.domain.model.transfer import DestinationKind, TransferKind
from callbridge.web.words import Moment, Out


class TransferOutcome(StrEnum):
    """What a transfer has come to."""

    UNDER_WAY = "under_way"
    """It is not decided yet."""
    COMPLETED = "completed"
    """The target has call and pop."""
    FAILED = "failed"
    """The target was not reached, did not take it, or the caller hung up: `failure` of the transfer says which."""
    CANCELLED = "cancelled"
    """The agent took the caller back."""


class CallsToday(Out):
    """Calls that arrived today, by what they came to. Together they are `arrived`."""

    arrived: int
    live: int
    """They go on."""
    handled: int
    abandoned: int
    fallback: int
    lost_sight: int


class OffersToday(Out):
    """Offers of calls that were made today, by their state. Without those to be consulted, which are transfers."""

    made: int
    pending: int
    accepted: int
    rejected: int
    timed_out: int
    cancelled: int
    rescinded: int


class TransfersToday(Out):
    """Transfers of one kind to one kind of destination, made today, that came to the same."""

    kind: TransferKind
    destination: DestinationKind
    outcome: TransferOutcome
    count: int


class TodayOut(Out):
    """The site's numbers since its midnight. Everything counts for the day on which it began."""

    since: Moment
    """The last midnight in `timezone`."""
    until: Moment
    """The next one: then it begins anew."""
    timezone: str
    calls: CallsToday
    offers: OffersToday
    transfers: list[TransfersToday]
    """Only what there was, in the order of kind, destination and outcome."""

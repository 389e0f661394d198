"""Today's numbers: when the day began, what was counted, and telling those who watch."""

import asyncio
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

import structlog

from callbridge.domain.model.calls import CallOutcome
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.transfer import DestinationKind, TransferKind, TransferState
from callbridge.web.ports import Archive, Counts
from callbridge.web.today_answers import CallsToday, OffersToday, TodayOut, TransferOutcome, TransfersToday
from callbridge.web.words import moment

log = structlog.get_logger(__name__)

_LONGEST_WAIT = 600.0
"""Seconds after which the clock is looked at again, however far midnight is: it may have been put right."""

_PATIENCE = 10
"""How many times longer the pause is after the archive did not answer."""

_OUTCOMES = {
    TransferState.COMPLETED: TransferOutcome.COMPLETED,
    TransferState.FAILED: TransferOutcome.FAILED,
    TransferState.CANCELLED: TransferOutcome.CANCELLED,
}


def day(now: float, zone: str) -> tuple[float, float]:
    """When the day of this moment began in the time zone, and when the next one does. All in epoch seconds.

    Where clocks are put forward at midnight, the day begins with the first minute that there is.
    """
    there = _zone(zone)
    today = datetime.fromtimestamp(now, there).date()
    return _midnight(today, there), _midnight(today + timedelta(days=1), there)


@cache
def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)


def _midnight(at: date, there: tzinfo) -> float:
    return datetime.combine(at, time.min, there).timestamp()


def today_out(counts: Counts, *, since: float, until: float, zone: str) -> TodayOut:
    """`since` and `until` as `day` gives them, in epoch seconds."""
    transfers: dict[tuple[TransferKind, DestinationKind, TransferOutcome], int] = {}
    for (kind, destination, state), count in counts.transfers.items():
        outcome = _OUTCOMES.get(TransferState(state), TransferOutcome.UNDER_WAY)
        key = (TransferKind(kind), DestinationKind(destination), outcome)
        transfers[key] = transfers.get(key, 0) + count
    calls = {outcome.value: counts.calls.get(outcome.value, 0) for outcome in CallOutcome}
    offers = {state.value: counts.offers.get(state.value, 0) for state in OfferState}
    return TodayOut(
        since=moment(since),
        until=moment(until),
        timezone=zone,
        calls=CallsToday(arrived=sum(counts.calls.values()), live=counts.calls.get(None, 0), **calls),
        offers=OffersToday(made=sum(offers.values()), **offers),
        transfers=[
            TransfersToday(kind=kind, destination=destination, outcome=outcome, count=count)
            for (kind, destination, outcome), count in sorted(transfers.items())
        ],
    )


async def read_today(archive: Archive, now: float, zone: str) -> TodayOut:
    """`now` in epoch seconds. Raises what the archive raises."""
    since, until = day(now, zone)
    return today_out(await archive.counts(since), since=since, until=until, zone=zone)


class Today:
    """Tells those who watch, once after they came and then whenever the numbers have changed.

    Run it as a task; cancel it to stop. The archive is asked only while somebody watches.
    """

    def __init__(
        self,
        archive: Archive,
        zone: str,
        *,
        tell: Callable[[TodayOut], None],
        watched: Callable[[], bool],
        clock: Callable[[], float],
        pause: float,
    ) -> None:
        """`tell` is called at most once in `pause` seconds; `clock` gives epoch seconds."""
        self._archive = archive
        self._zone = zone
        self._tell = tell
        self._watched = watched
        self._clock = clock
        self._pause = pause
        self._touched = asyncio.Event()
        self._last: TodayOut | None = None
        """What all who watch have been told."""
        self._ends = math.inf
        """When the day ends that they were told of, epoch seconds."""

    def touched(self) -> None:
        """Something was saved that may be counted."""
        self._touched.set()

    def joined(self) -> None:
        """Somebody watches who has been told nothing yet."""
        self._last = None
        self._touched.set()

    async def run(self) -> None:
        while True:
            await self._wait()
            if not self._watched():
                self._ends = math.inf
                continue
            found = await self._look()
            await asyncio.sleep(self._pause if found else self._pause * _PATIENCE)

    async def _wait(self) -> None:
        """Until something has changed, or the day has."""
        try:
            async with asyncio.timeout(min(self._ends - self._clock(), _LONGEST_WAIT)):
                await self._touched.wait()
        except TimeoutError:
            pass
        self._touched.clear()

    async def _look(self) -> bool:
        """False: the archive did not answer; it is to be asked again."""
        last, now = self._last, self._clock()
        try:
            found = await read_today(self._archive, now, self._zone)
            if found != last or self._last is not last:
                self._tell(found)
        except Exception as error:
            log.warning("not counted", why=repr(error))
            self._touched.set()
            return False
        self._last, self._ends = found, day(now, self._zone)[1]
        return True

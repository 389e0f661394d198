"""The AMI link: two sessions with one Asterisk, kept up, with nothing ever sent twice.

One session for events and one for actions: an answer then never waits behind a burst of events, and the session that
may act needs no right to listen. In manager.conf the first needs `read=` with the classes of the wanted events and
no `write`, the second the `write` classes of the actions used and never `command`. With `timestampevents=yes` the
link measures how late events come; `writetimeout` should be well above its default of 100 ms.
"""

import asyncio
import math
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from functools import partial
from random import random as any_random

import structlog

from callbridge.ami.errors import ActionTimeout, AuthenticationFailed, ConnectionLost
from callbridge.ami.framing import Message
from callbridge.ami.session import NO_HEADERS, Headers, Session
from callbridge.ami.settings import Backoff, LinkCounters, LinkState, Phase, SessionSettings

__all__ = ["Backoff", "Headers", "Link", "LinkCounters", "LinkState", "Message", "Session", "SessionSettings"]

_log = structlog.get_logger(__name__)


class Link:
    """Both sessions up, or neither.

    The callbacks are called in the event loop and may not block; an exception in one is logged and counted.

    - `on_up()`: both sessions are logged in. What happened before is unknown: take a snapshot through `list_action` and
      only then be ready. Asterisk accepts logins while it still loads its dialplan and endpoints. Where the events'
      user has `read=system`, have FullyBooted in `wanted` and take another snapshot when it comes: one that came before
      `on_up` is not delivered and not needed. Elsewhere check that the snapshot has the endpoints that are expected.
    - `on_event(message)`: one event whose name is in `wanted`, in the order of arrival; only between `on_up` and
      `on_down`. It can be late, repeated, and, where the dialplan puts callers' data into UserEvent, forged.
    - `on_unread(raw)`: a piece between two events that is no message, too long (then empty), or an event that shows a
      channel and is not wanted. What follows it may be the rest of the message that it began.
    - `on_down(reason)`: exactly once for each `on_up`, when either session is lost and `run` ends. Every action that
      was pending has failed with ConnectionLost by then.

    - `on_silent()`: something was asked, and nothing has been heard for a few seconds, in one session at least. What
      was sent may be performed later, all at once. `on_speaks()`: something was heard again in both. Only between
      `on_up` and `on_down`; a link that stays silent goes down without speaking again.

    Events whose name is not in `wanted` are skipped before they are parsed.
    """

    def __init__(
        self,
        *,
        events: SessionSettings,
        actions: SessionSettings,
        wanted: Collection[str],
        on_event: Callable[[Message], None],
        on_up: Callable[[], None],
        on_down: Callable[[str], None],
        on_silent: Callable[[], None] = lambda: None,
        on_speaks: Callable[[], None] = lambda: None,
        on_unread: Callable[[bytes], None] = lambda raw: None,
        backoff: Backoff | None = None,
        counters: LinkCounters | None = None,
        clock: Callable[[], float] = time.time,
        random: Callable[[], float] = any_random,
    ) -> None:
        """`clock` gives seconds since the epoch, `random` a number from 0 to 1."""
        self.counters = counters or LinkCounters()
        self.lag: float | None = None
        """How late the last event came, in seconds by both machines' clocks; None before one with a Timestamp."""
        self._settings = (events, actions)
        self._wanted = frozenset(wanted)
        self._on_event = on_event
        self._on_up = on_up
        self._on_down = on_down
        self._on_silent = on_silent
        self._on_speaks = on_speaks
        self._silent: set[str] = set()
        """The roles of the sessions of which nothing is heard."""
        self._on_unread = on_unread
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._random = random
        self._state = LinkState(phase="connecting", since=clock())
        self._sessions: tuple[Session, ...] = ()
        self._up = False
        self._up_at: float | None = None
        self._retry = asyncio.Event()

    @property
    def state(self) -> LinkState:
        """Where the link is now."""
        return self._state

    @property
    def pending(self) -> int:
        """How many actions wait for an answer."""
        return self._sessions[-1].pending if self._up else 0

    def retry_now(self) -> None:
        """Ends the wait before the next try, also the long one after a refused login. Does nothing while up."""
        self._retry.set()

    async def run(self) -> None:
        """Connects, keeps the link up and connects again, until cancelled. To be run once."""
        failures = 0
        while True:
            self._up_at = None
            try:
                await self._live()
            except AuthenticationFailed as error:
                self._moved("refused", str(error))
                wait = self._backoff.refused
                _log.error("ami_login_refused", reason=str(error), retry_in=wait)
            except ConnectionLost as error:
                failures = 1 if self._was_stable() else failures + 1
                self._moved("down", str(error))
                wait = self._backoff.delay(failures, self._random)
                _log.warning("ami_down", reason=str(error), failures=failures, retry_in=round(wait, 3))
            await self._pause(wait)
            self.counters.reconnects += 1

    async def action(self, name: str, /, headers: Headers = NO_HEADERS, *, within: float | None = None) -> Message:
        """Sends an action once and returns Asterisk's acknowledgement, which says nothing about the outcome.

        `within` is in seconds, by default the session's `action_timeout`. Raises BadValue before anything is sent,
        LimitReached likewise, ActionRefused for `Response: Error`, ActionTimeout, and ConnectionLost, also when the
        link is not up. After the last two nobody knows whether Asterisk acted.

        An ActionID in `headers` is used instead of the link's own: OriginateResponse, which comes as an event, has it.
        """
        session = self._acting()
        try:
            return await session.request(name, headers, within=within)
        except ActionTimeout:
            self.counters.action_timeouts += 1
            raise

    async def list_action(
        self, name: str, /, headers: Headers = NO_HEADERS, *, within: float | None = None
    ) -> list[Message]:
        """Sends an action that answers with a list, and returns its events without the closing `...Complete`.

        Errors as in `action`, `within` being for the whole list; and AnswerIncomplete when rows are missing,
        LimitReached when there are more than `max_list_rows`.
        """
        session = self._acting()
        try:
            return await session.request_list(name, headers, within=within)
        except ActionTimeout:
            self.counters.action_timeouts += 1
            raise

    def _acting(self) -> Session:
        if not self._up:
            raise ConnectionLost(self._state.reason or "the link is not up")
        return self._sessions[-1]

    async def _live(self) -> None:
        """One life of the link: both sessions from connecting to loss. Always raises."""
        over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def lost(reason: str) -> None:
            if not over.done():
                over.set_result(reason)
                for session in sessions:
                    session.abort("given up with the other session")
                self._went_down(reason)

        events, actions = self._settings
        sessions = self._sessions = (
            Session(
                events,
                role="events",
                events=True,
                wanted=self._wanted,
                on_event=self._event,
                on_lost=lost,
                on_silent=partial(self._listens, "events"),
                on_unread=self._unread,
                counters=self.counters,
            ),
            Session(
                actions,
                role="actions",
                events=False,
                on_event=self._stray,
                on_lost=lost,
                on_silent=partial(self._listens, "actions"),
                counters=self.counters,
            ),
        )
        try:
            for session in sessions:
                await session.open()
            self._went_up()
            raise ConnectionLost(await asyncio.shield(over))
        except ConnectionLost:
            raise ConnectionLost(over.result()) from None  # The first cause, not what followed from it.
        finally:
            for session in sessions:
                await session.close("the link was stopped")

    def _went_up(self) -> None:
        self._up = True
        self._silent.clear()
        self._up_at = asyncio.get_running_loop().time()
        self.counters.ups += 1
        self._moved("up", "")
        _log.info("ami_up", version=self._sessions[0].version)
        try:
            self._on_up()
        except Exception:
            self.counters.callback_errors += 1
            _log.exception("ami_callback_failed", callback="on_up")

    def _went_down(self, reason: str) -> None:
        if not self._up:
            return
        self._up = False
        self._moved("down", reason)
        try:
            self._on_down(reason)
        except Exception:
            self.counters.callback_errors += 1
            _log.exception("ami_callback_failed", callback="on_down")

    def _listens(self, role: str, silent: bool) -> None:
        before = bool(self._silent)
        (self._silent.add if silent else self._silent.discard)(role)
        if not self._up or bool(self._silent) == before:
            return
        _log.warning("ami_silent" if silent else "ami_speaks", session=role)
        try:
            (self._on_silent if silent else self._on_speaks)()
        except Exception:
            self.counters.callback_errors += 1
            _log.exception("ami_callback_failed", callback="on_silent" if silent else "on_speaks")

    def _was_stable(self) -> bool:
        lasted = 0.0 if self._up_at is None else asyncio.get_running_loop().time() - self._up_at
        return self._up_at is not None and lasted >= self._backoff.stable_after

    def _event(self, message: Message) -> None:
        if not self._up:
            self.counters.skipped += 1
            return
        self.counters.events += 1
        stamp = message.get("Timestamp")
        if isinstance(stamp, str):
            self._measure(stamp)
        try:
            self._on_event(message)
        except Exception:
            self.counters.callback_errors += 1
            _log.exception("ami_callback_failed", callback="on_event", event_name=message["Event"])

    def _unread(self, raw: bytes) -> None:
        if self._up:
            self._on_unread(raw)

    def _stray(self, message: Message) -> None:
        """An event on the session that asked for none."""
        self.counters.skipped += 1

    def _measure(self, stamp: str) -> None:
        try:
            at = float(stamp)
        except ValueError:
            at = math.nan
        if math.isfinite(at):
            self.lag = self._clock() - at
        else:
            self.counters.garbage += 1

    def _moved(self, phase: Phase, reason: str) -> None:
        if self._state.phase == phase:
            self._state = replace(self._state, reason=reason)
        else:
            self._state = LinkState(phase=phase, reason=reason, since=self._clock())

    async def _pause(self, seconds: float) -> None:
        self._retry.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._retry.wait()
        except TimeoutError:
            pass

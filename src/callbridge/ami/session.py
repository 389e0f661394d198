"""One AMI session: one connection, one login, what waits on it, and the watch over its being alive."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final

from callbridge.ami.decode import STAMP
from callbridge.ami.errors import ActionRefused, ActionTimeout, AuthenticationFailed, ConnectionLost, LimitReached
from callbridge.ami.framing import BANNER, EOL, Framer, Message, event_name, parse
from callbridge.ami.headers import checked
from callbridge.ami.pending import Pending
from callbridge.ami.protocol import Wire
from callbridge.ami.settings import LinkCounters, SessionSettings

Headers = Mapping[str, str | Sequence[str]]

NO_HEADERS: Final[Headers] = {}
_MAX_BANNER: Final = 128
_STAMPED: Final = f"{STAMP}=".encode()
CHANNEL_SHOWN: Final = frozenset(
    b"Newchannel NewCallerid NewConnectedLine NewExten Newexten NewAccountCode VarSet Rename HangupRequest Newstate"
    b" SoftHangupRequest DialBegin DialState DialEnd Hold Unhold MusicOnHoldStart MusicOnHoldStop DTMFBegin DTMFEnd"
    b" AttendedTransfer BlindTransfer LocalBridge LocalOptimizationBegin LocalOptimizationEnd Pickup UserEvent Hangup"
    b" ChanSpyStart ChanSpyStop MixMonitorStart MixMonitorStop MixMonitorMute BridgeEnter BridgeLeave".split()
)
"""Events that tell a channel's numbers and variables, in the classes that the gateway's user may read."""
_CLOSE_WITHIN: Final = 1.0


class Session:
    """Never reused: once lost it stays lost, and nothing of it is sent anywhere else.

    `on_event` gets every event in `wanted` (where that is None: every event that belongs to no list), in the order of
    arrival; it may not raise. `on_unread` gets what is no message, and events that show a channel and nobody wants: a
    part of a wanted one can be in them. `on_lost` is called once, after everything pending has failed.
    `on_silent(True)` is called when something was asked and nothing at all is heard for `silent_after`,
    `on_silent(False)` with the next whole message. None may block.
    """

    def __init__(
        self,
        settings: SessionSettings,
        *,
        role: str,
        events: bool,
        on_event: Callable[[Message], None],
        on_lost: Callable[[str], None],
        on_silent: Callable[[bool], None] = lambda _: None,
        on_unread: Callable[[bytes], None] = lambda raw: None,
        wanted: Collection[str] | None = None,
        counters: LinkCounters | None = None,
    ) -> None:
        self.role = role
        self.version: str | None = None
        """Asterisk's AMI version, once it has shown its banner."""
        self.lost: str | None = None
        """Why the session is over; None while it is not."""
        self._settings = settings
        self._events = "on" if events else "off"
        self._on_event = on_event
        self._on_lost = on_lost
        self._on_silent = on_silent
        self._on_unread = on_unread
        self._wanted = None if wanted is None else frozenset(name.encode() for name in {*wanted, "Shutdown"})
        self._counters = counters or LinkCounters()
        self._framer = Framer(settings.max_message_bytes)
        self._head = b""
        self._pending = Pending(max_actions=settings.max_pending, max_rows=settings.max_list_rows)
        self._loop = asyncio.get_running_loop()
        self._heard = self._loop.time()
        self._asked = 0.0
        """When the first of the actions that wait now was sent."""
        self._silent = False
        self._listening: asyncio.TimerHandle | None = None
        self._greeted: asyncio.Future[None] = self._loop.create_future()
        self._closed = asyncio.Event()
        self._doubted = asyncio.Event()
        """Something says that the other side goes away: the watchdog asks it now."""
        self._transport: asyncio.Transport | None = None
        self._watchdog: asyncio.Task[None] | None = None
        self._wire = Wire(settings, self)

    @property
    def pending(self) -> int:
        """How many actions wait for an answer."""
        return len(self._pending)

    async def open(self) -> None:
        """Connects and logs in. Raises ConnectionLost, or AuthenticationFailed when Asterisk refuses the login."""
        settings = self._settings
        login = {"Username": settings.username, "Secret": settings.secret, "Events": self._events}
        try:
            async with asyncio.timeout(settings.connect_timeout):
                await self._wire.connect()
                await self._greeted
                await self.request("Login", login, within=settings.connect_timeout)
        except (TimeoutError, ActionTimeout):
            self.abort(f"no login within {settings.connect_timeout:g} s")
        except (OSError, UnicodeError) as error:
            self.abort(f"cannot connect: {error}")
        except ActionRefused as error:
            self.abort(f"the login was refused: {error.message}")
            # Other refusals pass by themselves: "Asterisk is shutting down", "Login Already In Use".
            if error.message.lower().startswith("authentication"):
                raise AuthenticationFailed(self.lost) from None
        if self.lost is not None:
            raise ConnectionLost(self.lost)
        self._watchdog = self._loop.create_task(self._watch(), name=f"ami-watchdog-{self.role}")

    async def request(self, name: str, headers: Headers = NO_HEADERS, *, within: float | None = None) -> Message:
        """Sends an action and returns its single answer. Errors as in `Link.action`."""
        return (await self._ask(name, headers, as_list=False, within=within))[0]

    async def request_list(
        self, name: str, headers: Headers = NO_HEADERS, *, within: float | None = None
    ) -> list[Message]:
        """Sends an action and returns the events of its list. Errors as in `Link.list_action`."""
        return await self._ask(name, headers, as_list=True, within=within)

    def abort(self, reason: str) -> None:
        """Gives the connection up. Everything pending has failed with ConnectionLost when this returns."""
        if self.lost is not None:
            return
        self.lost = f"{self.role}: {reason}"
        self._pending.fail_all(self.lost)
        if not self._greeted.done():
            self._greeted.set_exception(ConnectionLost(self.lost))
            self._greeted.exception()  # Seen, also where nobody waits for it.
        if self._watchdog is not None:
            self._watchdog.cancel()
        if self._listening is not None:
            self._listening.cancel()
        if self._transport is not None:
            self._transport.abort()
        self._on_lost(self.lost)

    async def close(self, reason: str = "closed") -> None:
        """Gives the connection up and waits until it is gone, at most two seconds."""
        self.abort(reason)
        if self._watchdog is not None:
            await asyncio.wait({self._watchdog}, timeout=_CLOSE_WITHIN)
        if self._transport is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_WITHIN):
                    await self._closed.wait()

    async def _ask(self, name: str, headers: Headers, *, as_list: bool, within: float | None) -> list[Message]:
        sendable = checked(name, headers)
        if self.lost is not None or self._transport is None:
            raise ConnectionLost(self.lost or f"{self.role}: not connected")
        seconds = self._settings.action_timeout if within is None else within
        action_id, action = self._wire.action(sendable)
        if not len(self._pending):
            self._asked = self._loop.time()
        waiting = self._pending.add(action_id, name, as_list=as_list)
        try:
            async with asyncio.timeout(seconds):
                self._wire.send(action)
                self._listen()
                return await waiting.answer
        except TimeoutError:
            raise ActionTimeout(name, seconds) from None
        finally:
            self._pending.remove(action_id, waiting)

    def _listen(self) -> None:
        """Something was asked: from now on a word is due."""
        if self._listening is None and not self._silent:
            self._listening = self._loop.call_later(self._settings.silent_after, self._notice)

    def _notice(self) -> None:
        self._listening = None
        if self.lost is not None or self._silent or not len(self._pending):
            return
        left = max(self._heard, self._asked) + self._settings.silent_after - self._loop.time()
        if left > 0:
            self._listening = self._loop.call_later(left, self._notice)
        else:
            self._silent = True
            self._on_silent(True)

    async def _watch(self) -> None:
        """Notices a connection that is open on this side only. Every whole message is a sign of life."""
        settings = self._settings
        while self.lost is None:
            quiet = self._loop.time() - self._heard
            if quiet >= settings.dead_after:
                self.abort(f"nothing heard for {settings.dead_after:g} s")
            elif quiet < settings.ping_interval and not self._doubted.is_set():
                with suppress(TimeoutError):
                    async with asyncio.timeout(settings.ping_interval - quiet):
                        await self._doubted.wait()
                        await asyncio.sleep(settings.ping_interval / 10)  # whoever forges doubts gets few Pings
            else:
                self._doubted.clear()
                try:
                    await self.request("Ping", within=settings.dead_after - quiet)
                except (ActionTimeout, ActionRefused, ConnectionLost):
                    continue  # What was heard in the meantime decides.
                except LimitReached:
                    await asyncio.sleep(settings.ping_interval / 10)

    # The receiver's side of the wire.

    def connected(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        if self.lost is not None:
            transport.abort()

    def disconnected(self, error: Exception | None) -> None:
        self._closed.set()
        self.abort(f"the connection broke: {error}" if error else "Asterisk closed the connection")

    def received(self, data: bytes) -> None:
        if self.version is None:
            data = self._greet(data)
        if self.lost is not None or not data:
            return
        counters = self._counters
        framer = self._framer
        before = framer.oversize
        pieces = framer.feed(data)
        counters.oversize += framer.oversize - before
        if any(pieces):  # only what is whole is a sign of life
            self._heard = self._loop.time()
            if self._silent:
                self._silent = False
                self._on_silent(False)
        wanted = self._wanted
        for raw in pieces:
            name = None
            if wanted is not None:
                name = event_name(raw)
                if name is not None and name not in wanted:
                    counters.skipped += 1
                    if name in CHANNEL_SHOWN or _STAMPED in raw:
                        self._on_unread(raw)
                    continue
            message, garbage = parse(raw)
            counters.garbage += garbage
            if message is None:
                self._pending.unread(raw)
                self._on_unread(raw)
                continue
            if name is None or name == b"Shutdown" or "ActionID" in message:
                self._route(message, raw)
            else:
                self._pending.deliver(message)
                self._on_event(message)
            if self.lost is not None:
                return

    def _greet(self, data: bytes) -> bytes:
        """Takes the banner off the stream and returns what follows it."""
        self._head += data
        line, end, rest = self._head.partition(EOL)
        expected = BANNER if end else BANNER[: len(line)]
        if not line.startswith(expected) or len(line) > _MAX_BANNER:
            self.abort("what answers there is not an Asterisk manager")
            return b""
        if not end:
            return b""
        self.version = line[len(BANNER) :].decode("ascii", "replace")
        if not self._greeted.done():
            self._greeted.set_result(None)
        return rest

    def _route(self, message: Message, raw: bytes) -> None:
        if self._pending.deliver(message):
            return
        name = message.get("Event")
        if next(iter(message)) == "Event" and isinstance(name, str):
            if name == "Shutdown":
                # A stranger can have written it. A PBX that really goes away closes the connection, or stops answering.
                self._doubted.set()
            elif self._wanted is None or name.encode() in self._wanted:
                self._on_event(message)
                return
            else:
                self._counters.skipped += 1
        else:
            self._counters.unmatched += 1
        if name != "Shutdown" or _STAMPED in raw:
            self._on_unread(raw)

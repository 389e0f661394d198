"""The PBX as the loop has it: facts come in as signals, effects go out as actions, and the lease is renewed.

While a snapshot is being taken events wait, so that the engine first learns what is and then what happened since.
"""

import asyncio
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Protocol

import structlog

from callbridge.ami.decode import MUSIC, STAMP, WAITS, decode, phone_state, text
from callbridge.ami.encode import DIALPLAN, encode
from callbridge.ami.errors import (
    ActionRefused,
    AmiError,
    ConnectionLost,
    DialplanOutdated,
    DialplanUnknown,
    StampMissing,
)
from callbridge.ami.framing import Message, number
from callbridge.ami.seam import Piece, Seam
from callbridge.ami.snapshot import take_snapshot
from callbridge.domain.model.effects import (
    ChannelEffect,
    Hangup,
    Introduce,
    LookAgain,
    Mute,
    PbxEffect,
    SetAfter,
    SetHear,
    StopRecording,
)
from callbridge.domain.model.facts import (
    ActionFailed,
    ChannelAnswered,
    EarlySound,
    PbxLost,
    PbxSeen,
    PbxSilent,
    PhoneChanged,
)
from callbridge.domain.model.ids import CallId, ChannelId
from callbridge.domain.model.signals import Signal
from callbridge.runtime.early_sound import EarlySounds

_log = structlog.get_logger(__name__)

_LOOK_EVERY = 60.0
"""Seconds between two snapshots when nothing gives cause for one: a safety net under missed events."""
_LOOK_UNTOLD = 5.0
"""Seconds between two snapshots while the PBX does not tell of waiting callers by itself."""
_UNTOLD = (
    "The PBX does not tell of waiting callers, who are only found by looking: give the events user of manager.conf "
    "`read = call,user,system` and the eventfilter lines for UserEvent from manager-callbridge.conf, then reload."
)
_HARMLESS = (Hangup, Introduce, SetAfter, SetHear, Mute, StopRecording)
"""Effects that may be refused: the channel is gone, or its end is on its way."""
_LOOK_RETRY = 1.0
_RENEW_RETRY = 1.0
_ALIVE_RETRY = 0.05
"""Seconds until it is asked again whether the loop decides: it takes a moment to take a snapshot in."""
_IN_FLIGHT = 100
"""Actions that may be under way at once; the next ones wait their turn, in order."""
_QUEUE = 10_000
_HELD_BACK = 20_000
"""Events that may wait for a snapshot; where there are more, another snapshot takes the place of all of them."""
_DOUBT_EVERY = 5.0
"""Seconds between two snapshots for which a stranger, or a PBX without the stamp, can give cause."""
_STAMP_SHAPE = re.compile(r"[0-9a-f]{32}")
_STAMP_CURE = "a caller's number or name tears events, or CALLBRIDGE_STAMP is missing in channelvars= of manager.conf"


class Ami(Protocol):
    """The part of `callbridge.ami.link.Link` that is used here."""

    async def action(
        self, name: str, /, headers: Mapping[str, str | Sequence[str]] = ..., *, within: float | None = None
    ) -> Message: ...

    async def list_action(
        self, name: str, /, headers: Mapping[str, str | Sequence[str]] = ..., *, within: float | None = None
    ) -> list[Message]: ...


class Pbx:
    """Between the link and the loop. `on_up`, `on_event` and `on_down` are the link's callbacks."""

    def __init__(
        self,
        *,
        put: Callable[[Signal], bool],
        alive: Callable[[], bool],
        phones: Callable[[], Collection[str]] = tuple,
        channels: Callable[[], Collection[ChannelId]] = tuple,
        lease: float = 30.0,
        music_class: str = "default",
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """`put` takes signals; `alive` tells whether the loop still turns: without it the lease is not renewed.

        `phones` gives the devices whose changes matter; what an event says of them is asked for before it is believed.
        `channels` gives those that are believed to be on the PBX: none counts as gone before the PBX was asked for it.
        `lease` in seconds: so long after the last renewal the dialplan takes the callers to its own fallback.
        `music_class`: what waiting callers hear, where the dialplan says nothing else. `clock` gives epoch seconds,
        `sleep` waits before a failed snapshot is tried again.
        """
        self._put = put
        self._alive = alive
        self._phones = phones
        self._channels = channels
        self._lease = lease
        self._music_class = music_class
        self._clock = clock
        self._sleep = sleep
        self._ami: Ami | None = None
        self._up = False
        self._life = 0
        """How often the link came up: what one life shows says nothing about the next."""
        self._checked = 0
        """The life in which the dialplan was last seen to be this version's."""
        self._looked = 0
        """The life in which a snapshot was last taken."""
        self._look = asyncio.Event()
        self._held_back: list[Message | bytes] | None = None
        self._overflowed = False
        self._renew_now = asyncio.Event()
        self._lapsed = False
        """Nobody vouched for the callers for a time, so that they may be in the fallback: a snapshot must show it."""
        self._lapse_seen = False
        """A snapshot that was begun since then has been taken."""
        self._told = False
        """In this life the PBX told of a waiting caller."""
        self._waiting: frozenset[str] | None = None
        """Who waited in the snapshot before."""
        self._untold: frozenset[str] = frozenset()
        """Who began to wait since the first snapshot, in the last one."""
        self._changed_phones: dict[str, None] = {}
        """Phones to be asked about, in the order of their events."""
        self._phone_changed = asyncio.Event()
        self._early_sounds = EarlySounds(
            ask=lambda name, headers: self._link.action(name, headers),
            tell=lambda leg: self._tell(EarlySound(channel=leg)),
            sleep=sleep,
        )
        self._actions: asyncio.Queue[tuple[int, ChannelEffect]] = asyncio.Queue(_QUEUE)
        self._silent = False
        self._epoch = 0
        """How often the link came up or fell silent: what was decided before that is not done after it."""
        self._places = asyncio.Semaphore(_IN_FLIGHT)
        self._last_sent: dict[CallId, asyncio.Event] = {}
        """For each call with orders under way: set once the newest of them is on its way to the PBX."""
        self._tasks: asyncio.TaskGroup | None = None
        self._stamp = ""
        self._seam = Seam()
        self._doubts = asyncio.Event()
        self.unstamped = 0
        """Events dropped because they did not have the stamp."""
        self.torn = 0
        """Ends of events that a line break in somebody's number or name tore, dropped too."""
        self.seen = asyncio.Event()
        """A snapshot has been taken since the link came up, and nothing has come into doubt since."""
        self.trouble: str | None = None
        """What keeps the PBX from being seen, in a sentence, where a person has to put it right."""

    def attach(self, ami: Ami) -> None:
        """The link to act through; once, before `run`."""
        self._ami = ami

    @property
    def _link(self) -> Ami:
        assert self._ami is not None
        return self._ami

    # ------------------------------------------------------------ the link's callbacks

    def on_up(self) -> None:
        self._up = True
        self._life += 1
        self._lapsed, self._lapse_seen = True, False  # for all that is known
        self._told, self._waiting, self._untold = False, None, frozenset()
        self._held_back = []
        self._seam.restart()
        self._look.set()

    def on_silent(self) -> None:
        """What was sent may still be done, all at once; what was not sent is decided anew once the PBX speaks."""
        self._silent = True
        self._epoch += 1
        self.trouble = "The PBX has not answered for some seconds."
        self._drop_actions()
        self._put(PbxSilent())

    def on_speaks(self) -> None:
        self._silent = False
        self._look.set()

    def _drop_actions(self) -> None:
        while not self._actions.empty():
            self._actions.get_nowait()

    def on_down(self, reason: str) -> None:
        self._up = self._silent = False
        self._epoch += 1
        self.trouble = None
        self.seen.clear()
        self._held_back = None
        self._changed_phones.clear()
        self._early_sounds.clear()
        self._drop_actions()
        self._put(PbxLost())

    def on_event(self, message: Message) -> None:
        self._arrived(message)

    def on_unread(self, raw: bytes) -> None:
        self._arrived(raw)

    def _arrived(self, piece: Message | bytes) -> None:
        if self._held_back is None:
            self._take(piece)
        elif len(self._held_back) < _HELD_BACK:
            self._held_back.append(piece)
        else:
            _log.error("held_back_full")
            self._held_back.clear()
            self._look.set()

    def _take(self, piece: Message | bytes) -> None:
        if isinstance(piece, bytes):
            self._worth(self._seam.unread(piece, self._stamp))
        elif self._worth(self._seam.read(piece, self._stamp)):
            self._believe(piece)

    def _worth(self, piece: Piece) -> bool:
        """Whether it may be believed. What is lost with one that may not, the next snapshot shows."""
        if piece is Piece.UNSTAMPED:
            self.unstamped += 1
        elif piece is Piece.TORN:
            self.torn += 1
        else:
            return True
        self._doubts.set()
        return False

    def _believe(self, message: Message) -> None:
        if text(message, "Event") == "FullyBooted":
            self._doubts.set()
            return
        self._told = self._told or text(message, "UserEvent") == WAITS
        signal = decode(message, self._stamp)
        if isinstance(signal, PhoneChanged):
            if signal.phone in self._phones():
                self._changed_phones[signal.phone] = None
                self._phone_changed.set()
        elif isinstance(signal, EarlySound):
            self._early_sounds.expect(signal.channel)
        elif signal is not None:
            if isinstance(signal, ChannelAnswered):
                self._early_sounds.forget(signal.channel)
            self._tell(signal)

    def _tell(self, signal: Signal) -> None:
        if not self._put(signal):
            self._overflowed = True
            self._look.set()

    async def _doubting(self) -> None:
        """Looks soon after something odd, once for all that came meanwhile, and not as often as a stranger likes."""
        told = (0, 0)
        while True:
            await self._doubts.wait()
            self._doubts.clear()
            if told != (now := (self.unstamped, self.torn)):
                _log.warning("events_not_believed", unstamped=self.unstamped, torn=self.torn, cure=_STAMP_CURE)
                told = now
            self._look.set()
            await self._sleep(_DOUBT_EVERY)

    # ------------------------------------------------------------ effects

    def act(self, effects: Sequence[PbxEffect]) -> None:
        for effect in effects:
            if isinstance(effect, LookAgain):
                _log.info("looking_again", why=effect.why)
                self._look.set()
            elif not self._up or self._silent:
                continue  # the snapshot after the next login shows what is still to be done
            elif self._actions.full():
                _log.error("actions_full", effect=type(effect).__name__)
                self._look.set()
            else:
                self._actions.put_nowait((self._epoch, effect))

    async def run(self) -> None:
        """Performs, looks and renews, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            tasks.create_task(self._perform(), name="pbx-actions")
            tasks.create_task(self._looking(), name="pbx-snapshots")
            tasks.create_task(self._doubting(), name="pbx-doubts")
            tasks.create_task(self._asking_phones(), name="pbx-phones")
            tasks.create_task(self._early_sounds.run(), name="pbx-early-sounds")
            tasks.create_task(self._renewing(), name="pbx-lease")

    async def _perform(self) -> None:
        """Sends actions in their order, without waiting for one's answer before the next."""
        assert self._tasks is not None
        while True:
            epoch, effect = await self._actions.get()
            await self._places.acquire()
            if epoch != self._epoch:
                self._places.release()
                continue
            before, sent = self._last_sent.get(effect.call), asyncio.Event()
            self._last_sent[effect.call] = sent
            self._tasks.create_task(self._perform_one(effect, epoch, before, sent))
            await asyncio.sleep(0)  # lets it be sent before the next one

    async def _perform_one(
        self, effect: ChannelEffect, epoch: int, before: asyncio.Event | None, sent: asyncio.Event
    ) -> None:
        """`before`: the call's order before this one is on its way; `sent` says the same of this one to the next."""
        name = type(effect).__name__
        try:
            if before is not None:
                await before.wait()
            actions = encode(effect, self._stamp)
            for action in actions:
                headers = {**action.headers, **await self._named(action.names)}
                if not self._up or epoch != self._epoch:
                    return  # too late: what was decided before the link fell silent or dropped is not done after it
                if action is actions[-1]:
                    sent.set()  # nobody runs before it is written
                await self._link.action(action.name, headers)
        except ConnectionLost:
            pass  # PbxLost is on its way; the next snapshot decides
        except AmiError as error:
            if isinstance(error, ActionRefused) and isinstance(effect, _HARMLESS):
                return  # the channel is gone, which is what was wanted, or its Hangup event is on its way
            _log.warning("action_failed", action=name, reason=str(error))
            channel = effect.channel
            refused = isinstance(error, ActionRefused)
            self._put(ActionFailed(call=effect.call, action=name, channel=channel, reason=str(error), refused=refused))
        finally:
            sent.set()
            if self._last_sent.get(effect.call) is sent:
                del self._last_sent[effect.call]
            self._places.release()

    async def _named(self, names: Mapping[str, ChannelId]) -> dict[str, str]:
        """The headers with the names that these channels have now. Raises what `Link.action` raises."""
        asked = [
            self._link.action("Getvar", {"Channel": channel, "Variable": "CHANNEL(name)"}) for channel in names.values()
        ]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        found = {}
        for header, answer in zip(names, answers, strict=True):
            if isinstance(answer, BaseException):
                raise answer
            found[header] = text(answer, "Value")
        return found

    # ------------------------------------------------------------ snapshots

    async def _looking(self) -> None:
        while True:
            try:
                async with asyncio.timeout(_LOOK_UNTOLD if self._untold else _LOOK_EVERY):
                    await self._look.wait()
            except TimeoutError:
                pass
            if self._overflowed:
                await self._sleep(_LOOK_RETRY)
                self._overflowed = False
            self._look.clear()
            if self._up and not self._silent:
                await self._look_once()

    async def _look_once(self) -> None:
        life, lapsed, epoch = self._life, self._lapsed, self._epoch
        self._held_back = []  # what came before is in the snapshot
        try:
            await self._stamp_pbx()
            await self._check_dialplan()
            first = self._looked != life
            seen = await take_snapshot(self._link, self._clock(), self._stamp, self._channels, login=first)
        except ConnectionLost:
            return
        except AmiError as error:
            _log.warning("snapshot_failed", reason=str(error))
            if not self._up or life != self._life:
                return
            if isinstance(error, StampMissing | DialplanOutdated | DialplanUnknown):
                self.trouble = f"{error}."
                self._doubt()
            elif self.seen.is_set():
                self._release_events()
            await self._sleep(_LOOK_RETRY)
            self._look.set()
            return
        if not self._up or life != self._life:
            return
        if epoch != self._epoch:
            # Asked for before the silence: what was ordered since is not in it.
            self._release_events()
            self._look.set()
            return
        if self._lapsed and not lapsed:
            self._look.set()  # begun before the callers were let go
            return
        self._lapse_seen, self._looked = lapsed, life
        self._put(seen)
        for fact in seen.channels if first else ():
            if fact.variables.role == "external" and not fact.answered:
                self._early_sounds.expect(fact.channel)
        self.trouble = self._not_told(seen)
        self.seen.set()
        self._renew_now.set()
        self._release_events()
        if seen.unclear:
            _log.warning("channels_not_shown", channels=len(seen.unclear))
            self._doubts.set()

    def _not_told(self, seen: PbxSeen) -> str | None:
        """What is wrong where callers wait of whom no event told, as with a manager.conf of an older version.

        An event can be later than a snapshot, so that only the next one says so.
        """
        waiting = frozenset(fact.channel for fact in seen.channels if fact.bridge == MUSIC)
        if self._waiting is None:
            self._waiting = waiting
        before, self._untold = self._untold, frozenset() if self._told else waiting - self._waiting
        if not before & self._untold:
            return None
        _log.error("waiting_callers_not_told", cure=_UNTOLD)
        return _UNTOLD

    def _doubt(self) -> None:
        """What is on the PBX is not known any more: nothing is decided and nobody vouched for until the next snapshot.

        Events wait for it too.
        """
        if self.seen.is_set():
            self.seen.clear()
            self._put(PbxLost())
        if self._held_back is None:
            self._held_back = []

    def _release_events(self) -> None:
        """Events that came meanwhile, after the snapshot. Before the first one after a login nothing is released."""
        pieces, self._held_back = self._held_back or [], None
        for piece in pieces:
            self._take(piece)

    async def _stamp_pbx(self) -> None:
        """Makes genuine events recognisable: the stamp that the PBX has, or a new one. It is shared by all gateways."""
        answer = await self._link.action("Getvar", {"Variable": STAMP})
        stamp = text(answer, "Value")
        if not _STAMP_SHAPE.fullmatch(stamp):
            stamp = secrets.token_hex(16)
            await self._link.action("Setvar", {"Variable": STAMP, "Value": stamp})
        self._stamp = stamp
        await self._link.action("Setvar", {"Variable": "CALLBRIDGE_MUSIC", "Value": self._music_class})

    async def _check_dialplan(self) -> None:
        """Once in each life of the link: after an upgrade of the gateway alone callers would be sent to nowhere.

        Raises DialplanOutdated, or DialplanUnknown from a PBX that boots: what it does not answer is to be asked again.
        """
        if self._checked == self._life:
            return
        life = self._life
        for place in DIALPLAN:
            exists = text(await self._link.action("Getvar", {"Variable": f"DIALPLAN_EXISTS({place})"}), "Value")
            if exists == "0":
                raise DialplanOutdated(place)
            if exists != "1":
                raise DialplanUnknown(place)
        self._checked = life

    # ------------------------------------------------------------ phones

    async def _asking_phones(self) -> None:
        """The true state of each phone that an event named. A stranger can forge such an event: it has no stamp."""
        while True:
            await self._phone_changed.wait()
            self._phone_changed.clear()
            while self._changed_phones:
                phone = next(iter(self._changed_phones))
                del self._changed_phones[phone]
                await self._ask_phone(phone)

    async def _ask_phone(self, phone: str) -> None:
        life = self._life
        try:
            state = text(await self._link.action("Getvar", {"Variable": f"DEVICE_STATE({phone})"}), "Value")
        except ConnectionLost:
            return  # the next snapshot has it
        except AmiError as error:
            _log.warning("phone_not_asked", phone=phone, reason=str(error))
            state = ""
        if not self._up or life != self._life:
            return
        if not state:
            # No answer, or no func_devstate: the snapshot's list has it too. Not for each event one.
            await self._sleep(_LOOK_RETRY)
            self._look.set()
        elif self._held_back is None:
            self._tell(PhoneChanged(phone=phone, state=phone_state(state)))
        else:
            # A snapshot is under way that may be older than this answer: asked again after it.
            self.on_event({"Event": "DeviceStateChange", "Device": phone})

    # ------------------------------------------------------------ the lease

    async def _renewing(self) -> None:
        """Vouches for the callers as long as the loop turns. The PBX's own clock counts, not ours.

        Also after each snapshot, at once: the PBX that was logged in to may have forgotten the lease, and gives its
        callers a few seconds only.
        """
        while True:
            self._renew_now.clear()
            wait = min(_RENEW_RETRY, self._lease / 3)
            if self.seen.is_set() and not self._alive():
                wait = _ALIVE_RETRY
            elif self.seen.is_set():
                try:
                    await self._renew()
                    wait = self._lease / 3
                except AmiError as error:
                    _log.warning("lease_not_renewed", reason=str(error))
            try:
                async with asyncio.timeout(wait):
                    await self._renew_now.wait()
            except TimeoutError:
                pass

    async def _renew(self) -> None:
        """Where the lease had run out the callers may be in the dialplan's fallback: then a snapshot comes first.

        And another one afterwards, for those who left between the first one and the renewal.
        """
        life = self._life
        alive = number(text(await self._link.action("Getvar", {"Variable": "CALLBRIDGE_ALIVE"}), "Value")) or 0
        epoch = number(text(await self._link.action("Getvar", {"Variable": "EPOCH"}), "Value"))
        if not self.seen.is_set() or life != self._life:
            return
        now = epoch or int(self._clock())
        lapsed = 0 < alive < now
        if lapsed and not self._lapse_seen:
            _log.warning("lease_had_run_out", seconds=now - alive)
            self._lapsed = True
            self._doubt()
            self._look.set()
            return
        until = str(now + int(self._lease))
        await self._link.action("Setvar", {"Variable": "CALLBRIDGE_ALIVE", "Value": until})
        self._lapsed = self._lapse_seen = False
        if lapsed:
            self._look.set()

"""Callers who are more than a channel that rings a group: by a ring group, by a reception, and those who tear messages.

Two receptions put their callers through to the group, while they wait for somebody and while they talk. Whoever is
hostile writes other people's channels into their headers: some wait in the queue like everybody else, and one is
where nothing is cleaned and names, in the middle of their call, whoever has just begun to talk.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from crowd import Crowd, Way
from crowd_habits import first_of
from hostile import LIST_END, ends, escaped, forged, hangup
from sip_phone import Dialog, SipPhone
from withheld_caller import SipCaller

from callbridge.demo.bank_ami import Message
from callbridge.demo.bank_lines import Leg, LegState, Line
from callbridge.demo.pbx import TRUNK

SUPPORT, UNCLEANED = "5550100", "5550888"
RING_GROUPS = ("5550710", "5550720")
RECEPTIONS = {"reception": ("5550700", "+49309990010"), "warehouse": ("5550701", "+49309990011")}
"""Names of phones of the PBX that are no agents': by which number they are called, and which one they show."""
DIALPLAN = """
[from-carrier]
exten => 5550700,1,Dial(PJSIP/reception,60)
exten => 5550701,1,Dial(PJSIP/warehouse,60)
exten => 5550710,1,Dial(Local/ring@ring-group,300)
exten => 5550720,1,Dial(Local/outer@ring-group,300)
exten => 5550888,1,Answer()
 same => n,MusicOnHold(default)
[ring-group]
exten => ring,1,Goto(callbridge,support,1)
exten => outer,1,Dial(Local/ring@ring-group,300)
[from-inside]
exten => 5550100,1,Goto(callbridge,support,1)
"""
_NAMES_EVERY = 2
"""Of so many talks that begin, one is named by the one who is where nothing is cleaned."""
_PRESSES = 20
_WITHIN = 60.0
_LONG = 150.0


def by_ring_group(caller: int) -> bool:
    """Also of those who are listened to, half."""
    return caller % 10 == 3 or caller % 40 == 0


def by_reception(caller: int) -> bool:
    return caller % 25 == 11


def is_hostile(caller: int) -> bool:
    return caller % 20 == 15


@dataclass(eq=False, kw_only=True)
class HostileLine(Line):
    """A line of whoever writes headers that no phone would write."""

    sip: SipCaller

    async def hang_up(self, leg: Leg | None = None, *, within: float = 10) -> None:
        self.sip.bye()

    def over(self) -> None:
        self.legs[0].state = LegState.ENDED
        self.watch.changed()


@dataclass
class Strangers:
    """`ways` says who of the crowd's callers comes how, and `here` is what goes on beside them."""

    crowd: Crowd
    put_through: dict[str, str] = field(default_factory=dict)
    """Calls that a reception has transferred while they went on: whose they are now."""
    _free: asyncio.Queue[SipPhone] = field(default_factory=asyncio.Queue)
    _seen: set[str] = field(default_factory=set)
    """Calls of the receptions."""

    def ways(self, callers: int) -> Iterator[tuple[int, Way]]:
        groups, whens = cycle(RING_GROUPS), cycle(("waits", "talks"))
        for caller in range(1, callers + 1):
            if by_ring_group(caller):
                yield caller, self._ring_group(next(groups))
            elif by_reception(caller):
                yield caller, self._reception(next(whens))
            elif is_hostile(caller):
                yield caller, self._hostile

    @asynccontextmanager
    async def here(self) -> AsyncIterator[None]:
        """During the block the receptions are at their phones, and somebody is hostile all the while."""
        async with AsyncExitStack() as stay:
            for name in RECEPTIONS:
                self._free.put_nowait(await stay.enter_async_context(SipPhone(self.crowd.lab, name)))
            async with asyncio.TaskGroup() as tasks:
                watching = tasks.create_task(self._names_talks())
                yield
                watching.cancel()

    def _ring_group(self, did: str) -> Way:
        async def calls(number: str, choose: random.Random) -> None:
            await self.crowd.by_number(number, choose, did)

        return calls

    # ------------------------------------------------------------ a reception

    def _reception(self, when: str) -> Way:
        async def calls(number: str, choose: random.Random) -> None:
            phone = await self._free.get()
            try:
                call = await self._asks(phone, number, when)
            finally:
                self._free.put_nowait(phone)
            await self.crowd.until_over(number, lambda ended: ended["id"] == call)

        return calls

    async def _asks(self, phone: SipPhone, number: str, when: str) -> str:
        """Until the caller is put through, or gone; again where the group's agent has hung up too soon. The call."""
        crowd = self.crowd
        crowd.shown_otherwise.add(number)
        did, shows = RECEPTIONS[phone.name]
        line = crowd.lines[number] = await crowd.lab.bank.call(from_number=number, did=did, crowd=True, line=number)
        first = await phone.answer()
        await line.wait_up(_WITHIN)
        await phone.hold(first)
        while True:
            second = await phone.call(SUPPORT)
            call = await self._new_call(number, shows)
            if await self._transfers(phone, first, second, call, when):
                # The PBX says yes before it has done it, and ends this call once it has. A phone that hangs up in
                # between takes away the channel to which the caller is being moved, and Asterisk drops the caller.
                with suppress(TimeoutError):
                    await asyncio.wait_for(second.ended.wait(), _WITHIN)
                if not second.ended.is_set():
                    phone.hang_up(second)
                if not await self._is_over_sooner(call, number):
                    crowd.did[f"reception transfers while it {when}"] += 1
                    self.put_through[call] = number
                return call
            await self._is_over_sooner(call, number)
            crowd.did["reception asks again"] += 1
            crowd.let_go.discard(number)

    async def _is_over_sooner(self, call: str, number: str) -> bool:
        """Whether the call ends before it is known as this caller's."""
        is_theirs, is_over = (
            self.crowd.all.event("call.updated", lambda data: _is(data, call, number), within=_LONG),
            self.crowd.all.event("call.ended", lambda data: data["call"]["id"] == call, within=_LONG),
        )
        return await first_of(is_theirs, is_over) == {1}

    async def _new_call(self, number: str, shows: str) -> str:
        new = await self.crowd.all.event(
            "call.updated",
            lambda data: data["call"]["caller_number"] == shows and data["call"]["id"] not in self._seen,
            within=_WITHIN,
        )
        call = str(new["call"]["id"])
        self._seen.add(call)
        self.crowd.comes_from(call, number)
        return call

    async def _transfers(self, phone: SipPhone, first: Dialog, second: Dialog, call: str, when: str) -> bool:
        """Whether the PBX has done it, or the caller is gone; not, where the group's agent is gone before that."""
        everything = self.crowd.all
        if when == "talks":
            await first_of(
                everything.event("call.updated", lambda data: _talks(data, call), within=_LONG),
                first.ended.wait(),
                second.ended.wait(),
            )
        statuses: list[int] = []

        async def presses() -> None:
            status = await phone.transfer(first, second)
            statuses.append(await asyncio.wait_for(first.transferred.get(), _WITHIN) if status == 202 else status)

        for _ in range(_PRESSES):
            mark = everything.mark()
            await first_of(presses(), first.ended.wait())
            if first.ended.is_set() or statuses[-1:] == [200]:
                return True
            # A channel that is being moved in this moment cannot be transferred: the next thing that happens tells.
            await first_of(everything.more(mark), first.ended.wait(), second.ended.wait())
            if second.ended.is_set():
                return first.ended.is_set()
        raise AssertionError(f"{phone.name}'s transfer was refused again and again: {statuses}")

    # ------------------------------------------------------------ who is hostile

    async def _hostile(self, number: str, choose: random.Random) -> None:
        """Waits for an agent and talks with them as others do. What they wrote tears the PBX's messages on arrival."""
        crowd = self.crowd
        crowd.shown_otherwise.add(number)
        channel = await self._somebody(choose)
        says = escaped(choose.choice([hangup, forged, ends])(channel))
        with self._line(number, await self._sip()) as line:
            crowd.lines[number] = line
            await line.sip.invite(
                SUPPORT,
                f'"{says}" <sip:{number}@{self._host}>',
                f"Diversion: <sip:{says}@{self._host}>;reason=unconditional;counter=1\r\n",
                within=_WITHIN,
            )
            line.legs[0].state = LegState.UP
            new = await crowd.all.event("call.updated", lambda data: data["call"]["caller_number"] == number)
            call = str(new["call"]["id"])
            crowd.comes_from(call, number)
            await crowd.stays(number, choose, lambda ended: ended["id"] == call)

    async def _names_talks(self) -> None:
        """Says of every few talks that have just begun that they are over, or theirs."""
        crowd, sip, number = self.crowd, await self._sip(), "+49301009"
        texts = cycle([hangup, forged, ends])
        says = escaped(LIST_END)
        with self._line(number, sip):
            await sip.invite(
                UNCLEANED,
                f'"{says}" <sip:{says}@{self._host}>',
                f"P-Asserted-Identity: <sip:{says}@{self._host}>\r\n",
                within=_WITHIN,
            )
            began: dict[str, None] = {}
            at = 0
            while True:
                news, at = crowd.all.events[at:], len(crowd.all.events)
                for event in news:
                    call = event["data"].get("call")
                    if event["type"] == "call.updated" and call["state"] == "talking" and call["id"] not in began:
                        began[call["id"]] = None
                        if len(began) % _NAMES_EVERY == 0 and (row := await self._channel(call["caller_number"])):
                            await self._says(sip, next(texts)(row), "UPDATE")
                            # What a hold key says is an event, in which all of it is.
                            await sip.again("INVITE", "", _WITHIN, direction="sendonly")
                            await sip.again("INVITE", "", _WITHIN)
                await crowd.all.more(at)

    async def _says(self, sip: SipCaller, name: str, method: str) -> None:
        status = await sip.again(method, f"P-Asserted-Identity: <sip:{escaped(name)}@{self._host}>\r\n", _WITHIN)
        self.crowd.did[f"hostile {method}: {status}"] += 1

    async def _channel(self, number: str) -> Message | None:
        """The caller's channel. There may be torn rows among the others."""
        rows = await self.crowd.lab.channels()
        return next((row for row in rows if row.get("CallerIDNum") == number and _is_carriers(row)), None)

    async def _somebody(self, choose: random.Random) -> Message:
        """A caller's channel, where anybody else calls."""
        rows = [row for row in await self.crowd.lab.channels() if row.get("Uniqueid") and _is_carriers(row)]
        return choose.choice(rows or [{"Channel": f"PJSIP/{TRUNK}-00000000", "Uniqueid": "1"}])

    @property
    def _host(self) -> str:
        """The carrier's address, behind which strangers are."""
        return self.crowd.lab.pbx.address.rpartition(".")[0] + ".3"

    async def _sip(self) -> SipCaller:
        return await SipCaller.open(self._host, self.crowd.lab.pbx.address)

    @contextmanager
    def _line(self, number: str, sip: SipCaller) -> Iterator[HostileLine]:
        bank = self.crowd.lab.bank
        line = HostileLine(name=number, key=number, hertz=0, ami=lambda: bank.ami, watch=bank.watch, sip=sip)
        line.legs.append(Leg(line=number, uniqueid="", state=LegState.CALLING))
        sip.on_end = line.over
        try:
            yield line
        finally:
            sip.bye()


def _is_carriers(row: Message) -> bool:
    return row.get("Channel", "").startswith(f"PJSIP/{TRUNK}-")


def _is(data: Any, call: str, number: str) -> bool:
    return (data["call"]["id"], data["call"]["caller_number"]) == (call, number)


def _talks(data: Any, call: str) -> bool:
    return (data["call"]["id"], data["call"]["state"]) == (call, "talking")

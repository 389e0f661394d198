"""The phone bank: a second Asterisk that plays every agent's phone, the carrier and the world outside."""

import itertools
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from callbridge.demo import bank_config
from callbridge.demo.bank_ami import AmiClient, Message
from callbridge.demo.bank_lines import CalledLine, Caller, Leg, LegState, Line, Outside, Watch, shown
from callbridge.demo.instance import AsteriskInstance, InstanceFiles
from callbridge.demo.module_lists import SIP_MODULES
from callbridge.demo.pbx import Endpoint
from callbridge.demo.provision import AsteriskProgram
from callbridge.demo.tones import (
    CROWD,
    CROWD_TONE,
    FALLBACK,
    FALLBACK_TONE,
    HOLD_MUSIC,
    HOLD_TONE,
    LINE_TONES,
    RINGING,
    RINGING_TONE,
    write_tone,
)

_Line = TypeVar("_Line", bound=Line)


class Phone(CalledLine):
    """An agent's desk phone, registered at the PBX."""

    bank: "Bank"

    @property
    def registered(self) -> bool:
        return self.name in self.bank.registered

    async def register(self, within: float = 10) -> None:
        await self.ami().action("PJSIPRegister", Registration=f"phone-{self.name}")
        await self.watch.until(lambda: self.registered, within, f"{self.name} registers")

    async def unregister(self, within: float = 10) -> None:
        """The PBX forgets where the phone is, as when its cable is pulled in an orderly way."""
        await self.ami().action("PJSIPUnregister", Registration=f"phone-{self.name}")
        await self.watch.until(lambda: not self.registered, within, f"{self.name} unregisters")

    async def dial(self, number: str) -> Leg:
        """Places a call from this phone, which the PBX may refuse. Returns before it is answered."""
        return await self.bank.place(self, f"PJSIP/{number}@phone-{self.name}", f'"{self.name}" <{self.name}>')


class Bank(AsteriskInstance):
    """Has one AMI session, which is open from `start` to `stop`; every line hangs on it."""

    def __init__(
        self,
        program: AsteriskProgram,
        folder: Path,
        *,
        address: str,
        carrier_address: str,
        pbx_address: str,
        endpoints: Sequence[Endpoint],
        verbose: int = 0,
    ) -> None:
        self._ami: AmiClient | None = None
        self._watch = Watch()
        self._numbers = itertools.count(1)
        self._callers = itertools.count(1)
        self._free = deque(tone for tone in LINE_TONES if tone != CROWD_TONE)
        self._legs: dict[str, Leg] = {}
        self._lines: dict[str, Line] = {}
        self._voices: dict[str, int] = {}
        self.registered: set[str] = set()
        """Names of the phones that the PBX knows to be there."""
        self._phones = {endpoint.name: self._new(Phone, endpoint.name, endpoint.name) for endpoint in endpoints}
        for phone in self._phones.values():
            phone.bank = self
        configs = {
            "pjsip.conf": bank_config.pjsip(address, carrier_address, pbx_address, endpoints),
            "extensions.conf": bank_config.extensions({phone.key: phone.hertz for phone in self._phones.values()}),
        }
        files = InstanceFiles(name="bank", address=address, modules=SIP_MODULES, configs=configs, verbose=verbose)
        super().__init__(program, folder, files)
        for tone in LINE_TONES:
            write_tone(self.folder / f"sounds/tone{tone}.ulaw", tone)

    @property
    def ami(self) -> AmiClient:
        if self._ami is None or not self._ami.connected:
            raise ConnectionError("the phone bank is not running")
        return self._ami

    @property
    def phones(self) -> Mapping[str, Phone]:
        return self._phones

    @property
    def sources(self) -> dict[str, int]:
        """Who can be heard now, by name, and at which Hz."""
        lines = {line.name: line.hertz for line in self._lines.values() if line.hertz != CROWD_TONE}
        machines = {CROWD: CROWD_TONE, HOLD_MUSIC: HOLD_TONE, FALLBACK: FALLBACK_TONE, RINGING: RINGING_TONE}
        return lines | self._voices | machines

    @property
    def watch(self) -> Watch:
        """For a line of a test's own, on which others wait as on the bank's."""
        return self._watch

    def voice(self, name: str) -> int:
        """The tone in Hz of somebody who is heard but has no phone here: one whose phone is in a browser."""
        if name not in self._voices:
            self._voices[name] = self._free.popleft()
        return self._voices[name]

    async def start(self, within: float = 30) -> None:
        """Returns once the bank is up; its phones register on their own, see `wait_registered`."""
        await super().start(within)
        if self._ami is None or not self._ami.connected:
            await self._disconnect()
            # Without the classes that grow with every packet report and every step of a dialplan.
            self._ami = await self.connect(events="call,user,system,dtmf")
            self._ami.listen(self._on_event)
        for row in await self._ami.list_action("PJSIPShowRegistrationsOutbound"):
            if row.get("Status") == "Registered":
                self.registered.add(row["ObjectName"].removeprefix("phone-"))
        self._watch.changed()

    async def stop(self, within: float = 5) -> None:
        await self._disconnect()
        await super().stop(within)

    async def kill(self) -> None:
        await super().kill()
        await self._disconnect()

    async def wait_registered(self, within: float = 30) -> None:
        """Returns once the PBX knows every phone."""
        waited = f"phones register ({', '.join(self._phones)})"
        await self._watch.until(lambda: self.registered >= self._phones.keys(), within, waited)

    def phone(self, name: str) -> Phone:
        return self._phones[name]

    def line(self, name: str) -> Line:
        """The line that is heard by this name. Raises LookupError where there is none."""
        for line in self._lines.values():
            if line.name == name:
                return line
        raise LookupError(f"there is no line {name}")

    async def outside(self, number: str, name: str = "") -> Outside:
        """The line behind a number outside. Ask for it before it is dialled, so that it has a tone of its own."""
        key = f"out-{''.join(filter(str.isdigit, number))}"
        line = self._lines.get(key)
        if not isinstance(line, Outside):
            line = self._new(Outside, name or number, key)
            await self.ami.action("Setvar", Variable=f"TONE_{key}", Value=line.hertz)
        return line

    async def call(
        self,
        *,
        from_number: str,
        did: str,
        name: str = "",
        line: str = "",
        headers: Mapping[str, str] | None = None,
        crowd: bool = False,
    ) -> Caller:
        """A call from outside through the trunk. Returns as soon as it is on its way; see `Caller.wait_up`.

        `name` is the caller's name on displays; `line` names the caller in sound checks, by default `caller-1` and so
        on. `headers` are added to the INVITE; their values may not contain commas, which AMI would split. One of a
        `crowd` sings the tone that all of a crowd share, and leaves the others to those who must be told apart.
        """
        line = line or f"caller-{next(self._callers)}"
        if (old := self._lines.get(line)) is not None:
            if old.leg is not None:
                raise ValueError(f"{line} is in a call already")
            self._release(old)
        caller = self._new(Caller, line, line, crowd=crowd)
        caller.number = from_number
        extra = {f"PJSIP_HEADER(add,{key})": value for key, value in (headers or {}).items()}
        if any("," in value for value in extra.values()):
            raise ValueError("a header's value with a comma cannot be sent")
        shown = name.replace("\\", r"\\").replace('"', r"\"")
        await self.place(caller, f"PJSIP/{did}@trunk", f'"{shown}" <{from_number}>', extra)
        return caller

    async def place(self, line: Line, channel: str, caller_id: str, extra: Mapping[str, str] | None = None) -> Leg:
        """Originates a leg of `line`, which sings once it is answered."""
        uniqueid = f"bank-{next(self._numbers)}-{line.key}"
        # Asterisk takes the id for the name until the channel has its name.
        leg = Leg(line=line.key, uniqueid=uniqueid, state=LegState.CALLING, channel=uniqueid)
        self._legs[leg.uniqueid] = leg
        line.legs.insert(0, leg)
        variables = {"KEY": line.key, "TONE": str(line.hertz), **(extra or {})}
        await self.ami.action(
            "Originate",
            variables=variables,
            Channel=channel,
            Context="sing",
            Exten="s",
            Priority=1,
            Timeout=120_000,
            CallerID=caller_id,
            ChannelId=leg.uniqueid,
            Async="true",
        )
        return leg

    async def hang_up_all(self, within: float = 10) -> None:
        """Ends every leg of every line, and forgets callers that are gone."""
        for line in tuple(self._lines.values()):
            for leg in tuple(line.legs):
                await line.hang_up(leg, within=within)
        for line in [line for line in self._lines.values() if isinstance(line, Caller)]:
            self._release(line)

    async def reset(self, within: float = 10) -> None:
        """Ends every call; phones are registered and ring until told, numbers outside are forgotten."""
        await self.hang_up_all(within)
        for phone in self._phones.values():
            await phone.auto_answer(None)
            if not phone.registered:
                await phone.register(within)
            phone.legs.clear()
        for line in [line for line in self._lines.values() if isinstance(line, Outside)]:
            await self.ami.action("Setvar", Variable=f"TONE_{line.key}", Value="")
            await self.ami.action("Setvar", Variable=f"HOW_{line.key}", Value="")
            await self.ami.action("Setvar", Variable=f"AFTER_{line.key}", Value="")
            self._release(line)

    def _new(self, kind: type[_Line], name: str, key: str, *, crowd: bool = False) -> _Line:
        if not self._free and not crowd:
            for gone in [line for line in self._lines.values() if isinstance(line, Caller) and line.ended]:
                self._release(gone)
        hertz = self._free.popleft() if self._free and not crowd else CROWD_TONE
        line = kind(name=name, key=key, hertz=hertz, ami=lambda: self.ami, watch=self._watch)
        self._lines[key] = line
        return line

    def _release(self, line: Line) -> None:
        """Gives the line's tone back, to be used again as late as possible."""
        if self._lines.pop(line.key, None) is line and line.hertz != CROWD_TONE:
            self._free.append(line.hertz)

    async def _disconnect(self) -> None:
        if self._ami is not None:
            await self._ami.close()
            self._ami = None

    def _on_event(self, message: Message) -> None:
        kind = message.get("Event")
        if kind == "UserEvent" and message.get("UserEvent") == "BankLine":
            self._arrived(message)
        elif kind == "Registry":
            name = message.get("Username", "").removeprefix("sip:").partition("@")[0]
            known = self.registered.add if message.get("Status") == "Registered" else self.registered.discard
            known(name)
        elif (leg := self._leg_of(message)) is not None:
            leg.learn(message)
            if not leg.live:
                del self._legs[leg.uniqueid]
        self._watch.changed()

    def _leg_of(self, message: Message) -> Leg | None:
        """By the channel's name where a line break in somebody's name has torn the event before the Uniqueid."""
        if "Uniqueid" in message:
            return self._legs.get(message["Uniqueid"])
        channel = message.get("Channel")
        return next((leg for leg in self._legs.values() if leg.channel == channel), None)

    def _arrived(self, message: Message) -> None:
        """The PBX calls a line."""
        key = message["Key"]
        line = self._lines.get(key)
        if line is None:
            # Nobody asked for this number before; the dialplan sings the shared tone for it.
            line = Outside(name=message["Number"], key=key, hertz=CROWD_TONE, ami=lambda: self.ami, watch=self._watch)
            self._lines[key] = line
        leg = Leg(line=key, uniqueid=message["Uniqueid"], state=LegState.RINGING, channel=message["Channel"])
        leg.caller_number, leg.caller_name = shown(message["CallerIDNum"]), shown(message["CallerIDName"])
        line.legs.insert(0, leg)
        self._legs[leg.uniqueid] = leg

"""The whole lab: a PBX with callbridge's files, and the phone bank around it, on loopback addresses of their own."""

import asyncio
import contextlib
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Self

from callbridge.demo.bank import Bank
from callbridge.demo.bank_ami import AmiClient, AmiError, Message
from callbridge.demo.bank_lines import Line
from callbridge.demo.errors import PbxUnavailable
from callbridge.demo.instance import free_subnet, run_folder
from callbridge.demo.pbx import Endpoint, InsidePhone, Pbx
from callbridge.demo.provision import AsteriskProgram, Progress, provision
from callbridge.demo.sound import NO_CALL, Hearing, Recording, SoundTrack, hear

Expected = Mapping[Line, set[str] | set[Line] | frozenset[str]]
"""Line -> exactly whom it should hear. An empty set: silence, in a call."""


class Lab:
    """`async with Lab(agents=["anna"], dids={"5550100": "support"}) as lab:` and calls can be made.

    Raises:
        PbxUnavailable: on entering, where no Asterisk can be had; the message says what to do.
    """

    pbx: Pbx
    bank: Bank
    voices: Mapping[str, int]
    """The tone in Hz by which each web and foreign agent is heard, once their microphone plays it."""
    foreign_address: str
    """Where a test may have phones of its own."""

    def __init__(
        self,
        *,
        agents: Sequence[str],
        web_agents: Sequence[str] = (),
        inside: Sequence[str] = (),
        foreign_agents: Sequence[str] = (),
        dids: Mapping[str, str],
        dialplan: str = "",
        indications: str = "",
        progress: Progress = lambda line: None,
        program: AsteriskProgram | None = None,
        verbose: int = 0,
        keep: bool = False,
    ) -> None:
        """`agents` are endpoints' names, each with a phone in the bank; `web_agents` have theirs in a browser,
        `foreign_agents` one that the test itself plays, see `endpoint`.

        `inside` are phones of the PBX that are no agents'; each has an address in `inside`, where a test plays it.
        `dids` maps dialled numbers to groups' ids, `dialplan` is appended to the PBX's extensions.conf, `indications`
        is its indications.conf where that is not the usual one, and `keep` leaves the folder with both Asterisks' logs
        behind.
        """
        self.endpoints = [
            Endpoint(
                name=agent,
                password=secrets.token_hex(8),
                web=agent in web_agents,
                foreign=agent in foreign_agents,
            )
            for agent in (*agents, *web_agents, *foreign_agents)
        ]
        self.inside: dict[str, str] = dict.fromkeys(inside, "")
        self._dids = dict(dids)
        self._dialplan = dialplan
        self._indications = indications
        self._progress = progress
        self._program = program
        self._verbose = verbose
        self._keep = keep
        self._ami: AmiClient | None = None

    async def __aenter__(self) -> Self:
        program = self._program
        if program is None:
            program = await asyncio.to_thread(provision, self._progress)
        for attempt in range(3):
            self.folder = run_folder()
            try:
                await self._start(program)
                return self
            except BaseException as error:
                await self._stop()
                # Another run may have taken the same network between the look and the start.
                if not isinstance(error, PbxUnavailable) or attempt == 2:
                    raise
        raise AssertionError("unreachable")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _start(self, program: AsteriskProgram) -> None:
        subnet = free_subnet()
        pbx, phones, carrier = (f"{subnet}.{host}" for host in (1, 2, 3))
        self.inside = {name: f"{subnet}.{host}" for host, name in enumerate(self.inside, 10)}
        self.pbx = Pbx(
            program,
            self.folder,
            address=pbx,
            carrier_address=carrier,
            endpoints=self.endpoints,
            inside=[InsidePhone(name=name, address=address) for name, address in self.inside.items()],
            dids=self._dids,
            dialplan=self._dialplan,
            indications=self._indications,
            verbose=self._verbose,
        )
        desk = [endpoint for endpoint in self.endpoints if not (endpoint.web or endpoint.foreign)]
        self.foreign_address = f"{subnet}.200"
        self.bank = Bank(
            program,
            self.folder,
            address=phones,
            carrier_address=carrier,
            pbx_address=pbx,
            endpoints=desk,
            verbose=self._verbose,
        )
        self.voices = {
            endpoint.name: self.bank.voice(endpoint.name)
            for endpoint in self.endpoints
            if endpoint.web or endpoint.foreign
        }
        # At the same time, since phones first register a second after the bank's start anyway.
        await asyncio.gather(self.pbx.start(), self.bank.start())
        await self.bank.wait_registered()

    async def _stop(self) -> None:
        if self._ami is not None:
            await self._ami.close()
            self._ami = None
        running = [instance for instance in (getattr(self, "bank", None), getattr(self, "pbx", None)) if instance]
        await asyncio.gather(*(instance.stop() for instance in running))
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def endpoint(self, name: str) -> Endpoint:
        return next(endpoint for endpoint in self.endpoints if endpoint.name == name)

    async def ami(self) -> AmiClient:
        """A session on the PBX with every permission, for a test's own observation; a new one after a restart."""
        if self._ami is not None and self._ami.connected:
            return self._ami
        if self._ami is not None:
            await self._ami.close()
        self._ami = await self.pbx.connect()
        return self._ami

    async def channels(self) -> list[Message]:
        """The channels on the PBX now: CoreShowChannel events, with `Channel`, `BridgeId`, `Application` and more."""
        return await (await self.ami()).list_action("CoreShowChannels")

    async def wait_no_channels(self, within: float = 10) -> None:
        """Raises TimeoutError, naming the channels that are left, after `within` seconds."""
        gone = asyncio.Event()
        ami = await self.ami()
        stop = ami.listen(lambda message: gone.set() if message.get("Event") == "Hangup" else None)
        left: list[str] = []
        try:
            async with asyncio.timeout(within):
                while left := [channel["Channel"] for channel in await self.channels()]:
                    await gone.wait()
                    gone.clear()
        except TimeoutError:
            raise TimeoutError(f"channels are left on the PBX after {within:g} s: {', '.join(left)}") from None
        finally:
            stop()

    async def reset(self, within: float = 10) -> None:
        """Hangs up every call, and lets every phone be as at the start; also starts an Asterisk that has died."""
        for instance in (self.pbx, self.bank):
            if not instance.running:
                await instance.start()
        await self.bank.reset(within)
        ami = await self.ami()
        for channel in await self.channels():
            with contextlib.suppress(AmiError):
                await ami.action("Hangup", Channel=channel["Channel"])
        await self.wait_no_channels(within)

    async def hear(self, lines: Sequence[Line], seconds: float = 1.2) -> dict[str, Hearing]:
        """Listens at several lines at the same time."""
        channels = {line.name: line.up.channel for line in lines if line.up is not None}
        heard = await hear(self.bank.ami, self.bank.folder / "recordings", channels, self.bank.sources, seconds)
        nobody = Hearing(shares={NO_CALL: 1.0}, seconds=0.0)
        return {line.name: heard.get(line.name, nobody) for line in lines}

    async def who_hears_whom(self, lines: Sequence[Line], seconds: float = 1.2) -> dict[str, frozenset[str]]:
        """Line's name -> exactly whom it hears now.

        Raises:
            AssertionError: somebody was heard for a part of the time only.
        """
        heard = await self.hear(lines, seconds)
        if unclear := [f"{name}: {hearing}" for name, hearing in heard.items() if hearing.unclear]:
            raise AssertionError(f"unclear who is heard: {'; '.join(unclear)}")
        return {name: hearing.sources for name, hearing in heard.items()}

    async def assert_hears(self, expected: Expected, *, seconds: float = 1.2, within: float = 10.0) -> None:
        """Asserts that each line hears exactly those who are named, listening again until `within` seconds are over.

        Sound follows the signalling by a moment, hence the patience; `within=0` listens once.
        """
        deadline = asyncio.get_running_loop().time() + within
        wanted = {
            line.name: frozenset(source.name if isinstance(source, Line) else source for source in sources)
            for line, sources in expected.items()
        }
        while True:
            heard = await self.hear(list(expected), seconds)
            wrong = {name: hearing for name, hearing in heard.items() if hearing.sources != wanted[name]}
            wrong |= {name: hearing for name, hearing in heard.items() if hearing.unclear}
            if not wrong:
                return
            if asyncio.get_running_loop().time() >= deadline:
                break
            # Where nobody is in a call there is nothing to listen to: then nothing of the above has waited.
            await asyncio.sleep(0.05)
        lines = [f"{name} should hear {_names(wanted[name])}, hears {hearing}" for name, hearing in wrong.items()]
        raise AssertionError("; ".join(lines))

    @contextlib.asynccontextmanager
    async def recording(self, line: Line) -> AsyncIterator["LineRecording"]:
        """Records what a line hears during the block; `track` of what it gives is there afterwards."""
        leg = line.up
        if leg is None:
            raise LookupError(f"{line.name} is in no call, there is nothing to record")
        recording = Recording(self.bank.ami, self.bank.folder / "recordings", leg.channel)
        await recording.start()
        result = LineRecording(recording)
        sources = self.bank.sources
        try:
            yield result
        finally:
            result.track = SoundTrack(await recording.stop(), sources | self.bank.sources)


class LineRecording:
    """A recording that is running, or has been ended by the end of its block."""

    track: SoundTrack

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def now(self) -> float:
        """Seconds into the recording, to mark when something was done."""
        return self._recording.now()


def _names(sources: frozenset[str]) -> str:
    return ", ".join(sorted(sources)) or "silence"

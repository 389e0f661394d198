"""What happens again and again in the tests of the rows: somebody calls, somebody takes it, somebody listens."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

from callbridge.demo.bank import Phone
from callbridge.demo.bank_lines import Caller, Line
from callbridge.demo.lab import Lab
from callbridge.demo.people import Event, Person
from callbridge.demo.site import Site
from callbridge.demo.tones import FALLBACK, HOLD_MUSIC

SUPPORT, SALES, EMPTY, IMPATIENT, NOWHERE, WITH_DATA = (
    *("5550100", "5550200", "5550300", "5550500", "5550900"),
    "5550400",
)
GROUPS: Mapping[str, Any] = {
    "support": ["anna", "bernd"],
    "sales": ["carla"],
    "empty": [],
    "impatient": {"members": ["anna"], "max_wait": 1.0},
}
PRESETS = [{"id": "plumber", "name": "Plumber", "number": "+4940555777", "group": "support"}]
PRESET_NUMBER = "4940555777"

HOSTILE_DATA = {
    "order": "A-1 & B=2; +3%20",
    "text": "\"quoted\" 'single' \\back, comma; ${SHELL(id)} $[1+1] (x) {y}",
    "lines": "one\r\n\r\nEvent: Hangup\r\nUniqueid: forged",
    "name": "Zoë Müller-Łukasz 東京 🎷",
    "markup": "<script>alert(1)</script>",
    "link": "https://evil.example/?a=b#c",
    "nothing": "",
}
DATA_DIALPLAN = "".join(
    [
        f"exten => {WITH_DATA},1,Gosub(callbridge-clean,s,1)\n same => n,Set(CALLBRIDGE_CALLED=${{EXTEN}})\n",
        *(f" same => n,Set(MY_{key}=${{URIDECODE({quote(text, safe='')})}})\n" for key, text in HOSTILE_DATA.items()),
        " same => n,Set(CALLBRIDGE_DATA=",
        "&".join(f"{key}=${{URIENCODE(${{MY_{key}}})}}" for key in HOSTILE_DATA),
        ")\n same => n,Goto(callbridge,support,1)\n",
    ]
)
"""A number of a site that attaches data, whatever the data is, as the shipped dialplan says."""

LISTEN = 0.6
"""Seconds that a line is listened to: six verdicts, each of which must be the same."""


# ---------------------------------------------------------------- the gateway


@asynccontextmanager
async def open_site(lab: Lab, *, pbx: Mapping[str, Any] | None = None, **more: Any) -> AsyncIterator[Site]:
    """A gateway without a past beside the lab; afterwards nobody vouches for callers, as before.

    `pbx`: keys of the configuration's section, where the PBX is not to be reached directly.
    """
    settings: dict[str, Any] = {"groups": GROUPS, "presets": PRESETS, "options": {"wrap_up": 0.0}, **more}
    # Tests hang up sooner than people; the least time of a talk is tested where it matters.
    settings["options"] = {"min_talk": 0.0, **settings["options"]}
    site = Site(lab, **settings)
    site.document["pbx"].update(pbx or {})
    for file in (*site.folder.glob("callbridge.db*"), *site.folder.glob("gateway.log")):
        file.unlink()
    async with site:
        yield site
    await (await lab.ami()).action("Setvar", Variable="CALLBRIDGE_ALIVE", Value="0")


async def configure(site: Site, **sections: Any) -> bool:
    """Changes the configuration of the running gateway.

    `options` are merged; `groups`, `agents` give keys of the sections with these ids. False: it was refused.
    """
    options = sections.pop("options", {})
    site.document["options"] = {**site.document["options"], **options}
    for kind, changes in sections.items():
        for section in site.document[kind]:
            section.update(changes.get(section["id"], {}))
    site.write_config()
    return await site.reload()


async def eventually(
    read: Callable[[], Awaitable[Any]], fits: Callable[[Any], bool], what: str, within: float = 20
) -> Any:
    """Reads again and again until it fits: for what the gateway shows, but does not push to anybody at hand."""
    seen: Any = None
    try:
        async with asyncio.timeout(within):
            while True:
                seen = await read()
                if fits(seen):
                    return seen
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{what}: not within {within:g} s; seen was {seen}") from None


async def live_calls(site: Site) -> list[Any]:
    return list((await site.crm.get("/v1/calls"))["items"])


async def no_calls(site: Site, within: float = 20) -> None:
    """Returns once the gateway knows of no call any more."""
    await eventually(lambda: live_calls(site), lambda calls: not calls, "no call is left in the gateway", within)


async def the_call(site: Site, fits: Callable[[Any], bool] = lambda call: True, within: float = 20) -> Any:
    """The first call that the gateway has and that fits."""
    calls = await eventually(lambda: live_calls(site), lambda calls: any(map(fits, calls)), "such a call", within)
    return next(call for call in calls if fits(call))


async def ended_call(site: Site, call: str, within: float = 20) -> Any:
    """The call as it is kept, once it has ended."""
    return await eventually(
        lambda: site.crm.get(f"/v1/calls/{call}"), lambda found: found["ended_at"], f"{call} ends", within
    )


async def history(site: Site, call: str) -> list[str]:
    return [entry["kind"] for entry in (await site.crm.get(f"/v1/calls/{call}/history?limit=200"))["items"]]


_read: dict[str, int] = {}
"""How much of each site's log has been looked through."""


def faults(site: Site) -> list[str]:
    """The lines that the gateway has logged since the last look and that tell of a fault. A test expects none."""
    log = site.log
    place = str(site.config_file) + site.password
    lines = log[_read.get(place, 0) :].splitlines()
    _read[place] = len(log)
    written = [orjson.loads(line) for line in lines if line.startswith("{")]
    loud = [str(line) for line in written if line.get("level") in ("error", "critical")]
    return loud + [line for line in lines if line and not line.startswith("{")]


class Cable:
    """The network between gateway and PBX: a TCP proxy that can be cut, or swallow what is sent."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._plugged = True
        self._flowing = {"near": asyncio.Event(), "far": asyncio.Event()}
        self.flow()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    async def __aenter__(self) -> "Cable":
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Every connection breaks, and none can be made."""
        self._plugged = False
        for writer in self._writers:
            writer.transport.abort()

    def plug(self) -> None:
        self._plugged = True

    def stall(self, *, from_near: bool = True, from_far: bool = True) -> None:
        """Nothing arrives any more of what the gateway (near) or the PBX (far) says, and nobody is told."""
        for end, stalls in (("near", from_near), ("far", from_far)):
            if stalls:
                self._flowing[end].clear()

    def flow(self) -> None:
        """What was held back arrives, and all that follows."""
        for flowing in self._flowing.values():
            flowing.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._plugged:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._to)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        pumps = [
            asyncio.create_task(self._pump(reader, far_writer, "near")),
            asyncio.create_task(self._pump(far_reader, writer, "far")),
        ]
        await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
        for end in both:
            end.transport.abort()
        self._writers -= both

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, end: str) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flowing[end].wait()
                writer.write(data)
                await writer.drain()


# ---------------------------------------------------------------- people


@dataclass
class Desk:
    """An agent at work: the browser and the phone. Each event is taken once, in order."""

    person: Person
    phone: Phone
    _taken: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.person.name

    async def next(self, kind: str, fits: Callable[[Any], bool] = lambda data: True, within: float = 20) -> Any:
        """The data of the next event of this kind that fits; those before it are passed over."""
        found: list[int] = []
        events = self.person.events

        def new(data: Any) -> bool:
            place = next(index for index, event in enumerate(events) if event["data"] is data)
            if place < self._taken.get(kind, 0) or not fits(data):
                return False
            found.append(place)
            return True

        data = await self.person.event(kind, new, within=within)
        self._taken[kind] = found[0] + 1
        return data

    def seen(self, kind: str) -> list[Any]:
        """What came of this kind until now, taken or not."""
        return [event["data"] for event in self.person.events if event["type"] == kind]

    async def offer(self, within: float = 20) -> Any:
        return (await self.next("offer.made", within=within))["offer"]

    async def offer_ended(self, within: float = 20) -> Any:
        return (await self.next("offer.ended", within=within))["offer"]

    async def pop(self, within: float = 20) -> Any:
        return (await self.next("pop", within=within))["pop"]

    async def is_talking(self, call: str, within: float = 20) -> Any:
        """The call, once caller and this agent were seen in one bridge."""
        return (await self.next("call.updated", _talking(call, self.name), within))["call"]

    async def transfer_is(self, state: str, within: float = 20) -> Any:
        return (await self.next("transfer.updated", lambda data: data["transfer"]["state"] == state, within))[
            "transfer"
        ]

    async def take(self) -> Any:
        """Picks the next offer up on the phone. Returns the pop, once caller and agent talk."""
        offer = await self.offer()
        await self.pick_up()
        pop = await self.pop()
        assert (pop["call"], pop["preview"]) == (offer["call"], False)
        await self.is_talking(pop["call"])
        return pop

    async def pick_up(self) -> None:
        await self.phone.wait_ringing()
        await self.phone.answer()

    async def take_ringing(self, call: str) -> None:
        """Picks up a phone that rings already, and returns once this agent talks with the caller of `call`."""
        before = self.person.mark()
        await self.phone.answer()
        await self.person.event("call.updated", _talking(call, self.name), since=before)

    async def stops_ringing(self) -> None:
        await self.phone.watch.until(lambda: self.phone.ringing is None, 5, f"{self.name}'s phone stops ringing")


def _talking(call: str, agent: str) -> Callable[[Any], bool]:
    return lambda data: (data["call"]["id"], data["call"]["state"], data["call"]["agent"]) == (call, "talking", agent)


async def at_work(site: Site, *names: str) -> list[Desk]:
    """These log in and become available, one after the other: the first has been idle longest."""
    await site.at_work(*names)
    return [Desk(site.person(name), site.lab.bank.phone(name)) for name in names]


async def logged_in(site: Site, *names: str) -> list[Desk]:
    """These log in and are still busy."""
    for name in names:
        await site.person(name).log_in()
    return [Desk(site.person(name), site.lab.bank.phone(name)) for name in names]


async def agent(site: Site, name: str) -> Any:
    """The agent as everybody sees them."""
    return await site.crm.get(f"/v1/agents/{name}")


async def agent_is(site: Site, name: str, state: str, reason: str | None = None, within: float = 20) -> Any:
    """Waits until everybody sees this agent so."""
    return await eventually(
        lambda: agent(site, name),
        lambda seen: seen["state"] == state and reason in (None, seen["reason"]),
        f"{name} is {state} ({reason})",
        within,
    )


# ---------------------------------------------------------------- callers and sound


async def ring(lab: Lab, did: str = SUPPORT, *, number: str = "+493012345", name: str = "Max", **more: Any) -> Caller:
    """A caller who is connected to the PBX."""
    caller = await lab.bank.call(from_number=number, did=did, name=name, **more)
    await caller.wait_up()
    return caller


async def connected(site: Site, desk: Desk, did: str = SUPPORT) -> tuple[Caller, Any]:
    """A caller who talks with this agent, and the pop."""
    caller = await ring(site.lab, did)
    return caller, await desk.take()


async def waiting(site: Site, lab: Lab, did: str = SUPPORT) -> tuple[Caller, Any]:
    """A caller with the music, and the call as the gateway knows it."""
    known = {call["id"] for call in await live_calls(site)}
    caller = await ring(lab, did)
    return caller, await the_call(site, lambda call: call["id"] not in known)


async def hears_music(lab: Lab, *lines: Line, within: float = 10.0) -> None:
    """Music and nothing else."""
    await lab.assert_hears({line: {HOLD_MUSIC} for line in lines}, seconds=LISTEN, within=within)


async def hears_fallback(lab: Lab, *lines: Line, within: float = 10.0) -> None:
    await lab.assert_hears({line: {FALLBACK} for line in lines}, seconds=LISTEN, within=within)


async def hear_each_other(lab: Lab, *lines: Line) -> None:
    """Each hears all the others, nobody himself, and nothing else."""
    await lab.assert_hears({line: {other for other in lines if other is not line} for line in lines}, seconds=LISTEN)


# ---------------------------------------------------------------- Server-Sent Events


class SseStream:
    """The events of `/v1/events`, as a program without WebSocket gets them."""

    def __init__(self, http: aiohttp.ClientSession, token: str, last_event_id: str = "") -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last_event_id:
            self._headers["Last-Event-ID"] = last_event_id
        self._response: aiohttp.ClientResponse
        self.events: list[Event] = []

    async def __aenter__(self) -> "SseStream":
        self._response = await self._http.get("/v1/events", headers=self._headers)
        assert self._response.status == 200, await self._response.text()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._response.close()

    async def until(self, kind: str, fits: Callable[[Any], bool] = lambda data: True, within: float = 20) -> Any:
        """Reads on until such an event; all that came on the way is in `events`."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(within):
            async for line in self._response.content:
                text = line.decode().rstrip("\n")
                if text:
                    name, _, value = text.partition(": ")
                    fields[name] = value
                    continue
                if "data" in fields:
                    event = {"id": fields["id"], "type": fields["event"], "data": orjson.loads(fields["data"])}
                    self.events.append(event)
                    if event["type"] == kind and fits(event["data"]):
                        return event["data"]
                fields = {}
        raise AssertionError(f"the stream ended without {kind}")

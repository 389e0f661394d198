"""What a fault happens to: a site at work, and one call at one step."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from steps import Cable, Desk, open_site

from callbridge.demo.bank_lines import CalledLine, Caller, Line
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

AGENTS = ("anna", "bernd", "carla")
SUPPORT, SALES = "5550100", "5550200"
DIDS = {SUPPORT: "support", SALES: "sales"}
GROUPS = {"support": ["anna", "bernd"], "sales": ["carla"]}
PRESETS = [{"id": "plumber", "name": "Plumber", "number": "+4940555777", "group": "support"}]
UNCLEANED = "5550888"
DIALPLAN = f"""
[from-carrier]
exten => {UNCLEANED},1,Answer()
 same => n,MusicOnHold(default)
"""
"""A number of the PBX's own, past callbridge, where nothing is cleaned."""
LEASE = 30
"""Seconds: as usual, and longer than a gateway takes to begin anew on a busy machine."""
OPTIONS = {"wrap_up": 0.0, "offer_timeout": 60.0, "transfers": {"four_way": True, "max_wait": 60}}

Verb = Callable[[], Awaitable[Any]]


@dataclass(kw_only=True)
class Stage:
    """The site with its agents, and the network between gateway and PBX."""

    lab: Lab
    site: Site
    cable: Cable
    desks: dict[str, Desk] = field(default_factory=dict)

    async def at_work(self, *names: str) -> list[Desk]:
        """These log in and are available."""
        await self.site.at_work(*names)
        for name in names:
            self.desks[name] = Desk(self.site.person(name), self.lab.bank.phone(name))
        return [self.desks[name] for name in names]

    @property
    def phones(self) -> list[CalledLine]:
        return [self.lab.bank.phone(name) for name in AGENTS]


@dataclass(kw_only=True)
class Scene:
    """One caller, whose call is at some step."""

    caller: Caller
    call: str
    """Its id; empty where the gateway has not said it yet."""
    agent: CalledLine | None = None
    """The phone of whoever has the call, or is offered it."""
    target: CalledLine | None = None
    """Whoever is asked, consulted, or in the conference beside them."""
    others: tuple[Line, ...] = ()
    heard: frozenset[str] = frozenset()
    """Whom the caller heard before the fault."""
    verb: Verb | None = None
    """What a person is about to do."""

    def people(self, stage: Stage) -> list[Line]:
        """Everybody who can be in the call beside the caller, each once."""
        target = [self.target] if self.target is not None else []
        return list(dict.fromkeys([*stage.phones, *target, *self.others]))


@dataclass(kw_only=True)
class Damage:
    """What a fault leaves behind beside itself."""

    hung_up: set[Line] = field(default_factory=set)
    """Those who put the receiver down."""
    calls_ended: bool = False
    """The PBX itself has died, and all calls with it."""
    fallback: bool = False
    """Waiting callers may have been given to the site's own fallback."""
    excused: tuple[str, ...] = ()
    """Events of the log, of level error, which this fault explains."""


Moment = Callable[[Stage], Awaitable[Scene]]
Fault = Callable[[Stage, Scene], Awaitable[Damage]]


@asynccontextmanager
async def stage_of(lab: Lab, **more: Any) -> AsyncIterator[Stage]:
    """A gateway without a past, which reaches the PBX through a cable that can be cut."""
    async with Cable(lab.pbx.address, lab.pbx.ami_port) as cable:
        far_end = {"host": "127.0.0.1", "port": cable.port}
        settings: dict[str, Any] = {"groups": GROUPS, "presets": PRESETS, "options": OPTIONS, "lease": LEASE} | more
        async with open_site(lab, pbx=far_end, **settings) as site:
            yield Stage(lab=lab, site=site, cable=cable)

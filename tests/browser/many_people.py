"""A gateway in this process for a large site: its page, API and streams are the real ones, the calls are played."""

import contextlib
import sys
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.async_api import BrowserContext, Page

sys.path.insert(0, str(Path(__file__).parent.parent / "web"))

from web_fakes import KNOWN, PASSWORD, FakeArchive, FakeGateway, token_hash, web_settings

from callbridge.desktop import bundle
from callbridge.domain.model.agents import Agent, PhoneState, Presence
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.effects import PublishAgent, PublishCall
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, GroupId, OfferId, PopId, PresetId, TransferId
from callbridge.domain.model.offer import Offer, OfferKind, OfferState, Pop
from callbridge.domain.model.settings import AgentSettings, GroupSettings, Member, Options, PresetSettings, Settings
from callbridge.domain.model.transfer import (
    Destination,
    DestinationKind,
    Route,
    RouteKind,
    Transfer,
    TransferKind,
    TransferState,
)
from callbridge.domain.model.world import World
from callbridge.web import Hub, Limits, Scope, Service, create_app, create_hub, start_server

FIRST = [
    "Anna",
    "Bernd",
    "Carla",
    "Dora",
    "Emil",
    "Fatma",
    "Georg",
    "Hanna",
    "Ivan",
    "Jana",
    "Kofi",
    "Lena",
    "Marek",
    "Nadia",
    "Oskar",
    "Paula",
    "Quentin",
    "Rosa",
]
LAST = [
    "Albers",
    "Brandt",
    "Çelik",
    "Dietz",
    "Engel",
    "Fischer",
    "Groß",
    "Hoffmann",
    "Ilić",
    "Jansen",
    "Kowalski",
    "Lindner",
    "Müller",
    "Novák",
    "Özdemir",
]
TEAMS = ["Windows Support", "Sales", "Billing", "Linux Support", "Returns", "Deliveries", "Contracts", "Key Accounts"]
TEAMS += ["Complaints", "Spare Parts"]
CITIES = ["Berlin", "Hamburg", "Köln", "Wien", "Zürich", "Graz"]

BOARD_TOKEN = "wallboard-secret-token"
"""Of a service that may read groups and calls, as a wallboard needs it."""


def agent_id(number: int) -> AgentId:
    return AgentId(f"agent-{number:03}")


def group_id(number: int) -> GroupId:
    return GroupId(f"group-{number:02}")


BOSS, WORKER = agent_id(0), agent_id(1)
"""A supervisor, and an agent who is none."""


def large_settings(agents: int, groups: int) -> Settings:
    """Each agent is in two groups."""
    names = [f"{FIRST[n % len(FIRST)]} {LAST[(n // len(FIRST)) % len(LAST)]}" for n in range(agents)]
    cities = groups > len(TEAMS) + 2
    titles = [
        TEAMS[n % len(TEAMS)] + (f" {CITIES[n // len(TEAMS) % len(CITIES)]}" if cities or n >= len(TEAMS) else "")
        for n in range(groups)
    ]
    members: list[list[Member]] = [[] for _ in range(groups)]
    for n in range(agents):
        for group in {n % groups, (n * 7 + 3) % groups}:
            members[group].append(Member(agent=agent_id(n)))
    return Settings(
        agents={
            agent_id(n): AgentSettings(id=agent_id(n), name=names[n], phone=f"PJSIP/{n}", max_sessions=2)
            for n in range(agents)
        },
        groups={
            group_id(n): GroupSettings(id=group_id(n), name=titles[n], members=tuple(members[n])) for n in range(groups)
        },
        presets={
            PresetId(f"preset-{n}"): PresetSettings(
                id=PresetId(f"preset-{n}"), name=f"Vendor {n}", number=f"+49301230{n:03}", group=group_id(n % groups)
            )
            for n in range(20)
        },
        options=Options(four_way=True, outbound_dial="PJSIP/{number}@carrier"),
    )


class Site:
    """What a test plays."""

    def __init__(self, url: str, gateway: FakeGateway, archive: FakeArchive, hub: Hub) -> None:
        self.url, self.gateway, self.archive, self.hub = url, gateway, archive, hub
        self._number = 0

    @property
    def world(self) -> World:
        return self.gateway.world

    def set_states(self, agents: Iterable[AgentId], presence: Presence, reason: str | None = None) -> None:
        """All of them in one moment, told as one save tells it."""
        changed = []
        for agent in agents:
            now = time.time()
            self.world.agents[agent] = replace(self.world.agents[agent], presence=presence, reason=reason, since=now)
            changed.append(PublishAgent(agent=self.world.agents[agent]))
        self.hub.publish(changed)

    def caller(self, group: GroupId, *, name: str = "Zoë Ørsted", waited: float = 0.0) -> Call:
        """Somebody who waits for the group."""
        self._number += 1
        at = time.time() - waited
        call = Call(
            id=CallId(f"c-{self._number}"),
            caller=ChannelId(f"{self._number}.1"),
            caller_channel=f"PJSIP/carrier-{self._number}",
            caller_number=f"+4917012{self._number:05}",
            caller_name=name,
            called="+4930555",
            group=group,
            data={"customer": str(self._number)},
            arrived_at=at,
            state=CallState.WAITING,
            route=Route(kind=RouteKind.GROUP, group=group, since=at),
        )
        return self._put(call, "call.updated")

    def offer(self, call: Call, agent: AgentId) -> Call:
        now = time.time()
        offer = Offer(
            id=OfferId(f"{call.id}-offer-1"),
            call=call.id,
            agent=agent,
            kind=OfferKind.GROUP,
            group=call.group,
            channel=ChannelId(f"{call.id}-leg-1"),
            made_at=now,
            deadline=now + 600,
        )
        self.world.agents[agent] = replace(self.world.agents[agent], offer=offer.id, since=now)
        call = self._put(replace(call, state=CallState.OFFERING, offer=offer), "offer.made", agent)
        return self._put(call, "call.updated", agent)

    def talk(self, call: Call, agent: AgentId, *, since: float | None = None) -> Call:
        """The call is the agent's."""
        now = time.time() if since is None else since
        known = self.world.agents[agent]
        self.world.agents[agent] = replace(known, offer=None, calls=(*known.calls, call.id), since=now)
        offer = replace(call.offer, state=OfferState.ACCEPTED, ended_at=now) if call.offer else None
        if offer is not None:
            self._put(replace(call, offer=offer), "offer.ended", agent)
        pop = Pop(
            id=PopId(f"{call.id}-pop"),
            call=call.id,
            agent=agent,
            preview=False,
            at=now,
            caller_number=call.caller_number,
            caller_name=call.caller_name,
            called=call.called,
            group=call.group,
            data=call.data,
            notes=(),
            transferred_by=None,
            transfer_reason=None,
            crm_url=None,
        )
        talking = replace(call, state=CallState.TALKING, agent=agent, answered_at=now, offer=offer, pop=pop)
        self.hub.publish([PublishAgent(agent=self.world.agents[agent])])
        return self._put(talking, "call.updated", agent)

    def hang_up(self, call: Call, outcome: CallOutcome = CallOutcome.HANDLED) -> None:
        now = time.time()
        if call.agent is not None:
            known = self.world.agents[call.agent]
            self.world.agents[call.agent] = replace(known, calls=(), since=now, wrap_up_until=now + 600)
        self.world.calls.pop(call.id, None)
        ended = replace(call, state=CallState.ENDED, agent=None, outcome=outcome, ended_at=now)
        self.archive.stored_calls[call.id] = ended
        to = frozenset({call.agent} if call.agent else ())
        self.hub.publish([PublishCall(call=ended, to=to, kind="call.ended")])

    def transfer(self, number: int, state: TransferState, kind: TransferKind = TransferKind.UNSUPERVISED) -> None:
        """One that is on record."""
        transfer = Transfer(
            id=TransferId(f"t-{number}"),
            call=CallId(f"c-{number}"),
            by=WORKER,
            destination=Destination(kind=DestinationKind.GROUP, value=group_id(1)),
            mode=None,
            reason=None,
            made_at=time.time(),
            kind=kind,
            state=state,
        )
        self.archive.stored_transfers[transfer.id] = transfer

    def _put(self, call: Call, kind: Any, *to: AgentId) -> Call:
        self.world.calls[call.id] = call
        self.archive.stored_calls[call.id] = call
        self.hub.publish([PublishCall(call=call, to=frozenset(to), kind=kind)])
        return call

    async def log_in(self, context: BrowserContext, agent: AgentId, path: str = "/") -> Page:
        """A page of the agent's."""
        page = await context.new_page()
        await page.goto(self.url + path)
        await page.get_by_label("Name").fill(agent)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        await page.locator("main#main").wait_for()
        return page


@contextlib.asynccontextmanager
async def large_site(agents: int = 500, groups: int = 60, *, batch: float = 0.1, **changes: Any) -> AsyncIterator[Site]:
    """Nobody calls yet; two thirds of the agents are at work."""
    settings = large_settings(agents, groups)
    world = World(settings=settings, pbx_up=True)
    now = time.time()
    for n, agent in enumerate(settings.agents):
        presence, reason = _AT_WORK[n % len(_AT_WORK)]
        world.agents[agent] = Agent(id=agent, presence=presence, reason=reason, since=now - 60 * (n % 47) - n)
        world.phones[f"PJSIP/{n}"] = PhoneState.IDLE
    board = Service(
        name="board", token_hash=token_hash(BOARD_TOKEN), scopes=frozenset({Scope.AGENTS_READ, Scope.CALLS_READ})
    )
    configured = web_settings(
        agents=dict.fromkeys((BOSS, WORKER), KNOWN),
        supervisors=frozenset({BOSS}),
        phones={},
        services=(board,),
        limits=Limits(batch=batch, statistics=0.2),
        **changes,
    )
    gateway, archive = FakeGateway(world), FakeArchive()
    hub = create_hub(gateway, configured)
    runner = await start_server(create_app(gateway, archive, configured, hub=hub), configured)
    try:
        yield Site(f"http://127.0.0.1:{runner.addresses[0][1]}", gateway, archive, hub)
    finally:
        await runner.cleanup()


async def violations(page: Page) -> list[str]:
    """What axe finds wrong with the page as it is now, each as one line."""
    await page.evaluate((bundle.PAGE / "node_modules/axe-core/axe.min.js").read_text())
    found = await page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for rule in found["violations"]
        for node in rule["nodes"][:3]
    ]


_AT_WORK = (
    (Presence.AVAILABLE, None),
    (Presence.AVAILABLE, None),
    (Presence.BUSY, "lunch"),
    (Presence.AVAILABLE, None),
    (Presence.OFFLINE, None),
    (Presence.BUSY, "missed_offer"),
)

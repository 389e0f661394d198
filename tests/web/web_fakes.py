"""A gateway with scripted replies, an archive in memory, and a small world for both."""

import base64
import hashlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from argon2 import PasswordHasher

from callbridge.domain.agents import Agent, PhoneState, Presence
from callbridge.domain.calls import (
    Call,
    CallState,
    Consult,
    Destination,
    DestinationKind,
    HistoryEntry,
    Leg,
    LegRole,
    LegState,
    Note,
    Offer,
    OfferKind,
    OfferState,
    Pop,
    Route,
    RouteKind,
    Stage,
    Transfer,
    TransferKind,
    TransferState,
)
from callbridge.domain.effects import Reply
from callbridge.domain.ids import AgentId, BridgeId, CallId, ChannelId, GroupId, OfferId, PopId, PresetId, TransferId
from callbridge.domain.settings import (
    AgentSettings,
    GroupSettings,
    Member,
    NumberRules,
    Options,
    PresetSettings,
    Settings,
)
from callbridge.domain.signals import (
    AcceptOffer,
    AddNote,
    CallFourth,
    CancelTransfer,
    ChannelFact,
    ChannelVariables,
    DoParty,
    DoTransfer,
    EndCall,
    HoldCall,
    LogIn,
    LogOut,
    RejectOffer,
    Request,
    RequestTransfer,
    ResumeCall,
    SetPresence,
)
from callbridge.domain.world import World
from callbridge.web import Limits, Scope, Service, Webhook, WebSettings
from callbridge.web.ports import InProgress, Mismatch, New, Stored

T = TypeVar("T")

ANNA, BEN, CLEO = AgentId("anna"), AgentId("ben"), AgentId("cleo")
WINDOWS, SALES = GroupId("windows"), GroupId("sales")
NOW = 1_800_000_000.0
PASSWORD = "correct horse"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KNOWN = HASHER.hash(PASSWORD)
CRM_TOKEN, WATCH_TOKEN = "crm-secret-token", "watch-secret-token"


def settings() -> Settings:
    return Settings(
        agents={
            ANNA: AgentSettings(id=ANNA, name="Anna Österreich", phone="PJSIP/anna"),
            BEN: AgentSettings(id=BEN, name="Ben Müller", phone="PJSIP/ben", max_sessions=2),
            CLEO: AgentSettings(id=CLEO, name="Cléo Strauß", phone="PJSIP/cleo"),
        },
        groups={
            WINDOWS: GroupSettings(id=WINDOWS, name="Windows Support", members=(Member(agent=ANNA), Member(agent=BEN))),
            SALES: GroupSettings(id=SALES, name="Sales", members=(Member(agent=CLEO, priority=2),)),
        },
        presets={
            PresetId("vendor"): PresetSettings(
                id=PresetId("vendor"), name="Vendor hotline", number="+4930123456", group=WINDOWS
            )
        },
        options=Options(four_way=True, outbound_dial="PJSIP/{number}@carrier"),
        numbers=NumberRules(allow=("+49",), deny=("+49170",)),
    )


def a_call(number: int = 1, **changes: Any) -> Call:
    call_id = CallId(f"c-{number}")
    values: dict[str, Any] = {
        "id": call_id,
        "caller": ChannelId(f"{number}.1"),
        "caller_channel": f"PJSIP/carrier-{number}",
        "caller_number": "+491701234567",
        "caller_name": "Zoë Ørsted",
        "called": "+4930555",
        "group": WINDOWS,
        "data": {"customer": "77"},
        "arrived_at": NOW - 60 + number,
        "state": CallState.WAITING,
        "route": Route(kind=RouteKind.GROUP, group=WINDOWS, since=NOW - 60 + number),
    }
    return Call(**(values | changes))


def a_pop(call: Call, agent: AgentId, *, preview: bool = False) -> Pop:
    return Pop(
        id=PopId(f"{call.id}-pop-1"),
        call=call.id,
        agent=agent,
        preview=preview,
        at=NOW,
        caller_number=call.caller_number,
        caller_name=call.caller_name,
        called=call.called,
        group=call.group,
        data=call.data,
        notes=call.notes,
        transferred_by=None,
        transfer_reason=None,
        crm_url="https://crm.example/c-1",
    )


def offered(call: Call, agent: AgentId, state: OfferState = OfferState.PENDING) -> Call:
    offer = Offer(
        id=OfferId(f"{call.id}-offer-1"),
        call=call.id,
        agent=agent,
        kind=OfferKind.GROUP,
        group=call.group,
        channel=ChannelId(f"{call.id}-leg-1"),
        made_at=NOW,
        deadline=NOW + 20,
        state=state,
    )
    return replace(call, state=CallState.OFFERING, offer=offer, pop=a_pop(call, agent, preview=True))


def talking(call: Call, agent: AgentId) -> Call:
    call = offered(call, agent, OfferState.ACCEPTED)
    return replace(call, state=CallState.TALKING, agent=agent, answered_at=NOW, pop=a_pop(call, agent))


def consulting(call: Call, by: AgentId, target: AgentId, *, stage: Stage = Stage.CONSULTING) -> Call:
    """`target` has accepted to be consulted, unless the stage is `ringing`; nobody's channel is seen yet."""
    call = talking(call, by)
    ringing = stage is Stage.RINGING
    offer = Offer(
        id=OfferId(f"{call.id}-offer-2"),
        call=call.id,
        agent=target,
        kind=OfferKind.CONSULT,
        group=None,
        channel=ChannelId(f"{call.id}-leg-2"),
        made_at=NOW,
        deadline=NOW + 20,
        state=OfferState.PENDING if ringing else OfferState.ACCEPTED,
    )
    own = Leg(channel=ChannelId(f"{call.id}-leg-1"), role=LegRole.AGENT, agent=by, state=LegState.TALKING)
    state = LegState.RINGING if ringing else LegState.TALKING
    other = Leg(channel=offer.channel, role=LegRole.TARGET, agent=target, state=state)
    transfer = a_transfer(
        call,
        by,
        destination=Destination(kind=DestinationKind.AGENT, value=target),
        kind=TransferKind.SUPERVISED,
        state=TransferState.RINGING if ringing else TransferState.CONSULTING,
    )
    consult = Consult(stage=stage, offer=offer, pop=replace(a_pop(call, target, preview=True), transferred_by=by))
    return replace(call, state=CallState.CONSULTING, legs=(own, other), transfer=transfer, consult=consult)


def a_channel(channel: str, bridge: str | None = None, *, holding: bool = False) -> ChannelFact:
    return ChannelFact(
        channel=ChannelId(channel),
        name=f"PJSIP/{channel}",
        answered=True,
        ringing=False,
        caller_number="",
        caller_name="",
        bridge=BridgeId(bridge) if bridge else None,
        holding=holding,
        variables=ChannelVariables(),
    )


def a_transfer(call: Call, by: AgentId, **changes: Any) -> Transfer:
    values: dict[str, Any] = {
        "id": TransferId(f"{call.id}-transfer-1"),
        "call": call.id,
        "by": by,
        "destination": Destination(kind=DestinationKind.GROUP, value=SALES),
        "mode": None,
        "reason": "wrong department",
        "made_at": NOW,
    }
    return Transfer(**(values | changes))


def world(*calls: Call) -> World:
    found = World(settings=settings(), pbx_up=True)
    found.phones = {"PJSIP/anna": PhoneState.IDLE}
    for agent in found.settings.agents:
        found.agents[agent] = Agent(id=agent, presence=Presence.AVAILABLE, since=NOW - 100)
    for call in calls:
        put(found, call)
    return found


def put(found: World, call: Call) -> None:
    found.calls[call.id] = call
    if call.agent is not None:
        agent = found.agents[call.agent]
        found.agents[agent.id] = replace(agent, calls=(*agent.calls, call.id), offer=None)
    elif call.offer is not None and call.offer.state is OfferState.PENDING:
        agent = found.agents[call.offer.agent]
        found.agents[agent.id] = replace(agent, offer=call.offer.id)
    asked = call.consult.offer if call.consult else None
    if asked is not None:
        agent = found.agents[asked.agent]
        pending = asked.state is OfferState.PENDING
        calls = agent.calls if pending else (*agent.calls, call.id)
        found.agents[agent.id] = replace(agent, calls=calls, offer=asked.id if pending else None)


def web_settings(**changes: Any) -> WebSettings:
    values: dict[str, Any] = {
        "port": 0,
        "token_secret": b"s" * 32,
        "agents": dict.fromkeys((ANNA, BEN, CLEO), KNOWN),
        "supervisors": frozenset({CLEO}),
        "services": (
            Service(name="crm", token_hash=token_hash(CRM_TOKEN), scopes=frozenset(Scope)),
            Service(name="watch", token_hash=token_hash(WATCH_TOKEN), scopes=frozenset({Scope.AGENTS_READ})),
        ),
        "region": "DE",
        "limits": Limits(batch=0.02, heartbeat=5.0),
    }
    return WebSettings(**(values | changes))


def token_hash(token: str) -> str:
    return "sha256:" + hashlib.sha256(token.encode()).hexdigest()


def webhook(url: str, name: str = "crm", *, events: frozenset[str] = frozenset()) -> Webhook:
    secret = "whsec_" + base64.b64encode(b"k" * 24).decode()
    return Webhook(name=name, url=url, secret=secret, events=events)


class FakeGateway:
    """Does what an engine would have done to the world, in the simplest way, unless a reply is scripted."""

    def __init__(self, found: World) -> None:
        self.world = found
        self.asked: list[Request] = []
        self.scripted: dict[type, Callable[[Request], Reply]] = {}
        self.raises: Exception | None = None

    def refuse(self, signal: type, code: str, detail: str = "Not now.") -> None:
        self.scripted[signal] = lambda request: Reply(request=request.request, ok=False, code=code, detail=detail)

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        if self.raises is not None:
            raise self.raises
        scripted = self.scripted.get(type(request))
        if scripted is not None:
            return scripted(request)
        return Reply(request=request.request, ok=True, result=self._do(request) or {})

    def _do(self, request: Request) -> dict[str, object] | None:
        agents, calls = self.world.agents, self.world.calls
        agent = agents[request.agent]
        match request:
            case LogIn() if agent.presence is Presence.OFFLINE:
                agents[agent.id] = replace(agent, presence=Presence.BUSY, reason="logged_in")
            case LogOut():
                agents[agent.id] = replace(agent, presence=Presence.OFFLINE, reason=None)
            case SetPresence():
                agents[agent.id] = replace(agent, presence=request.presence, reason=request.reason, wrap_up_until=None)
            case AddNote():
                call = calls[request.call]
                note = Note(at=NOW, by=request.agent, text=request.text)
                calls[call.id] = replace(call, notes=(*call.notes, note))
            case AcceptOffer() | RejectOffer() if (asked := self._asked(request.offer)) is not None:
                assert asked.consult is not None
                assert asked.consult.offer is not None
                taken = isinstance(request, AcceptOffer)
                offer = replace(asked.consult.offer, state=OfferState.ACCEPTED) if taken else None
                calls[asked.id] = replace(asked, consult=replace(asked.consult, offer=offer))
            case AcceptOffer() | RejectOffer():
                call = next(call for call in calls.values() if call.offer and call.offer.id == request.offer)
                assert call.offer is not None
                state = OfferState.ACCEPTED if isinstance(request, AcceptOffer) else OfferState.REJECTED
                calls[call.id] = replace(call, offer=replace(call.offer, state=state, ended_at=NOW))
            case RequestTransfer():
                call = calls[request.call]
                kind = TransferKind.SUPERVISED if request.supervised else TransferKind.UNSUPERVISED
                transfer = a_transfer(
                    call,
                    request.agent,
                    destination=request.destination,
                    mode=request.mode,
                    reason=request.reason,
                    kind=kind,
                )
                calls[call.id] = replace(call, state=CallState.MOVING, transfer=transfer)
            case CallFourth():
                call = calls[request.call]
                leg = Leg(channel=ChannelId(f"{call.id}-leg-9"), role=LegRole.FOURTH, number=request.number)
                calls[call.id] = replace(call, legs=(*call.legs, leg))
                return {"party": leg.channel}
            case EndCall() | CancelTransfer() | DoTransfer() | DoParty() | HoldCall() | ResumeCall():
                pass
        return None

    def _asked(self, offer: OfferId) -> Call | None:
        found = ((call, call.consult.offer if call.consult else None) for call in self.world.calls.values())
        return next((call for call, asked in found if asked is not None and asked.id == offer), None)


@dataclass(frozen=True)
class FakePage(Generic[T]):
    items: tuple[T, ...]
    next: str | None


@dataclass
class FakeArchive:
    stored_calls: dict[CallId, Call] = field(default_factory=dict)
    entries: list[HistoryEntry] = field(default_factory=list)
    stored_transfers: dict[TransferId, Transfer] = field(default_factory=dict)
    keys: dict[tuple[str, str], tuple[str, Stored | None]] = field(default_factory=dict)
    broken: bool = False

    def _check(self) -> None:
        if self.broken:
            raise RuntimeError("disk full")

    async def call(self, call: CallId) -> Call | None:
        self._check()
        return self.stored_calls.get(call)

    async def calls(
        self,
        *,
        agent: AgentId | None = None,
        group: GroupId | None = None,
        state: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> FakePage[Call]:
        self._check()
        found = [
            call
            for call in sorted(self.stored_calls.values(), key=lambda call: -call.arrived_at)
            if (agent is None or call.agent == agent)
            and (group is None or call.group == group)
            and (state is None or (call.ended_at is not None) == (state == "ended"))
        ]
        return _page(found, limit, cursor)

    async def history(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        kinds: Collection[str] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> FakePage[HistoryEntry]:
        self._check()
        found = [
            entry
            for entry in self.entries
            if (call is None or entry.call == call)
            and (agent is None or entry.agent == agent)
            and (not kinds or entry.kind in kinds)
        ]
        return _page(found, limit, cursor)

    async def transfer(self, transfer: TransferId) -> Transfer | None:
        self._check()
        return self.stored_transfers.get(transfer)

    async def transfers(
        self,
        *,
        agent: AgentId | None = None,
        call: CallId | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> FakePage[Transfer]:
        self._check()
        found = [
            transfer
            for transfer in self.stored_transfers.values()
            if (agent is None or transfer.by == agent) and (call is None or transfer.call == call)
        ]
        return _page(found, limit, cursor)

    async def idempotency_begin(
        self, subject: str, key: str, fingerprint: str, now: float
    ) -> New | InProgress | Stored | Mismatch:
        self._check()
        known = self.keys.get((subject, key))
        if known is None:
            self.keys[(subject, key)] = (fingerprint, None)
            return New()
        if known[0] != fingerprint:
            return Mismatch()
        return known[1] or InProgress()

    async def idempotency_finish(
        self, subject: str, key: str, status: int, headers: Mapping[str, str], body: bytes
    ) -> None:
        fingerprint, _ = self.keys[(subject, key)]
        self.keys[(subject, key)] = (fingerprint, Stored(status, dict(headers), body))

    async def idempotency_drop(self, subject: str, key: str) -> None:
        self.keys.pop((subject, key), None)


def _page(found: list[T], limit: int, cursor: str | None) -> FakePage[T]:
    begin = int(cursor) if cursor is not None else 0
    page = found[begin : begin + limit]
    return FakePage(tuple(page), str(begin + limit) if len(found) > begin + limit else None)

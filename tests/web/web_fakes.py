"""A gateway with scripted replies, an archive in memory, and a small world for both."""

import base64
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from argon2 import PasswordHasher
from web_samples import ANNA, BEN, CLEO, NOW, a_transfer

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import Call, CallState, HistoryEntry
from callbridge.domain.model.effects import Reply
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, GroupId, OfferId, TransferId
from callbridge.domain.model.legs import Leg, LegRole
from callbridge.domain.model.offer import Note, OfferState
from callbridge.domain.model.requests import (
    AcceptOffer,
    AddNote,
    CallFourth,
    CancelTransfer,
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
    RingAgain,
    SetPresence,
)
from callbridge.domain.model.transfer import Transfer, TransferKind
from callbridge.domain.model.world import World
from callbridge.web import IceServer, Limits, NotReadyReason, Scope, Service, Webhook, WebPhone, WebSettings
from callbridge.web.ports import InProgress, Mismatch, New, Stored

T = TypeVar("T")

PASSWORD = "correct horse"
HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
KNOWN = HASHER.hash(PASSWORD)
PHONE_PASSWORD, TURN_PASSWORD = "anna's own phone", "the relay's"
CRM_TOKEN, WATCH_TOKEN = "crm-secret-token", "watch-secret-token"


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
        "phones": {ANNA: a_phone()},
        "region": "DE",
        "timezone": "Europe/Berlin",
        "not_ready_reasons": (NotReadyReason(id="lunch", name="Lunch"),),
        "limits": Limits(batch=0.02, heartbeat=5.0, statistics=0.1),
    }
    return WebSettings(**(values | changes))


def a_phone() -> WebPhone:
    return WebPhone(
        url="wss://pbx.example:8089/ws",
        uri="sip:anna@pbx.example",
        username="anna",
        password=PHONE_PASSWORD,
        ice_servers=(
            IceServer(urls=("stun:stun.example",)),
            IceServer(urls=("turn:turn.example",), username="callbridge", credential=TURN_PASSWORD),
        ),
    )


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
                agents[agent.id] = replace(
                    agent, presence=Presence.OFFLINE, reason=None, set_by=request.by, set_at=NOW if request.by else None
                )
            case SetPresence():
                agents[agent.id] = replace(agent, presence=request.presence, reason=request.reason, wrap_up_until=None)
            case AddNote():
                note = Note(at=NOW, by=request.agent, text=request.text)
                if (call := calls.get(request.call)) is not None:
                    calls[call.id] = replace(call, notes=(*call.notes, note))
                elif request.stored is not None:
                    late = replace(request.stored, notes=(*request.stored.notes, note))
                    self.world.ended[late.id] = late
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
            case EndCall() | CancelTransfer() | DoTransfer() | DoParty() | HoldCall() | ResumeCall() | RingAgain():
                pass
        return None

    def _asked(self, offer: OfferId) -> Call | None:
        found = ((call, call.consult.offer if call.consult else None) for call in self.world.calls.values())
        return next((call for call, asked in found if asked is not None and asked.id == offer), None)


@dataclass(frozen=True)
class FakePage(Generic[T]):
    items: tuple[T, ...]
    next: str | None


@dataclass(frozen=True)
class FakeCounts:
    calls: Mapping[str | None, int]
    offers: Mapping[str, int]
    transfers: Mapping[tuple[str, str, str], int]


@dataclass
class FakeArchive:
    stored_calls: dict[CallId, Call] = field(default_factory=dict)
    entries: list[HistoryEntry] = field(default_factory=list)
    stored_transfers: dict[TransferId, Transfer] = field(default_factory=dict)
    had: set[tuple[AgentId, CallId]] = field(default_factory=set)
    """Agents and the calls that were theirs once."""
    keys: dict[tuple[str, str], tuple[str, Stored | None]] = field(default_factory=dict)
    broken: bool = False
    counted: list[float] = field(default_factory=list)
    """Since when, each time that it was asked to count."""

    def keep(self, call: Call, *had: AgentId) -> None:
        """`had`: whose it was, the first one first."""
        self.stored_calls[call.id] = call
        self.had |= {(agent, call.id) for agent in had}
        self.entries += [HistoryEntry(at=NOW, call=call.id, kind="call.connected", agent=agent) for agent in had]

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
            if (agent is None or call.agent == agent or (agent, call.id) in self.had)
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

    async def counts(self, since: float) -> FakeCounts:
        self._check()
        self.counted.append(since)
        calls = [call for call in self.stored_calls.values() if call.arrived_at >= since]
        transfers = [each for each in self.stored_transfers.values() if each.made_at >= since]
        offers = [call.offer.state.value for call in calls if call.offer is not None]
        return FakeCounts(
            Counter(call.outcome.value if call.outcome else None for call in calls),
            Counter(offers),
            Counter((each.kind.value, each.destination.kind.value, each.state.value) for each in transfers),
        )

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

"""What a handler has at hand: who asks, what was sent, and the way to the engine and the archive."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog

from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.ids import AgentId, CallId, OfferId, RequestId, TransferId
from callbridge.domain.model.offer import Offer, Pop
from callbridge.domain.model.requests import Request
from callbridge.domain.model.settings import Settings
from callbridge.domain.model.world import World
from callbridge.web.auth import Identity, Tokens
from callbridge.web.concern import concerns, had, offers_of
from callbridge.web.directory import Directory
from callbridge.web.metrics import Metrics
from callbridge.web.passwords import LoginLimiter, Passwords
from callbridge.web.ports import Archive, Gateway, GatewayBusy, GatewayStopped
from callbridge.web.problems import Problem
from callbridge.web.settings import Scope, WebSettings

log = structlog.get_logger(__name__)

T = TypeVar("T")

_THEIRS = ("call.connected",)
"""What the history says of an agent who had the call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """What lives as long as the application."""

    gateway: Gateway
    archive: Archive
    settings: WebSettings
    tokens: Tokens
    passwords: Passwords
    limiter: LoginLimiter
    directory: Directory
    metrics: Metrics
    clock: Callable[[], float]
    not_ready: Callable[[], str | None]
    """Why no calls can be served now, as a sentence; None: they can."""
    logged_out: Callable[[str], None]
    """Ends the streams that were opened with this token id."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """One request, authenticated and validated."""

    app: Services
    identity: Identity
    peer: str
    path: Mapping[str, str]
    query: Any = None
    """An instance of the route's `query` model."""
    body: Any = None
    """An instance of the route's `body` model."""

    @property
    def world(self) -> World:
        return self.app.gateway.world

    @property
    def settings(self) -> Settings:
        return self.app.gateway.world.settings

    @property
    def me(self) -> AgentId:
        """Only for routes of agents."""
        if self.identity.agent is None:
            raise Problem("agents_only", "This is for agents; a service's token cannot be used here.")
        return self.identity.agent

    async def ask(self, make: Callable[[RequestId], Request]) -> Mapping[str, object]:
        """The engine's result. Raises Problem for every refusal, and where the gateway cannot answer."""
        request = make(RequestId(secrets.token_hex(12)))
        try:
            async with asyncio.timeout(self.app.settings.limits.ask):
                reply = await self.app.gateway.ask(request)
        except GatewayStopped:
            raise Problem(
                "stopping", "The gateway is starting or stopping; try again.", headers={"Retry-After": "2"}
            ) from None
        except GatewayBusy:
            raise Problem("busy", "The gateway has too much to do; try again.", headers={"Retry-After": "1"}) from None
        except TimeoutError:
            raise Problem(
                "outcome_unknown", "No answer in time: look at how things are before you ask again."
            ) from None
        if not reply.ok:
            raise Problem(reply.code or "refused", reply.detail or "The gateway refused this.")
        return reply.result

    async def read(self, reading: Awaitable[T]) -> T:
        """What the archive has. Raises Problem where it cannot be read, or the cursor is not one of its own."""
        try:
            return await reading
        except ValueError:
            raise Problem("invalid_cursor", "This cursor is not valid; begin without one.") from None
        except Exception:
            log.exception("archive unreadable")
            raise store_unavailable() from None

    # ------------------------------------------------------------ what may be seen

    def live_call(self, call_id: CallId) -> Call | None:
        return self.world.calls.get(call_id) or self.world.ended.get(call_id)

    def sees(self, call: Call) -> bool:
        """What concerns them, and of what is over what was theirs; all with the scope."""
        me = self.identity.agent
        if self.identity.may(Scope.CALLS_READ):
            return True
        return me is not None and (concerns(call, me) or (is_over(call) and had(call, me)))

    async def saw(self, call: Call) -> bool:
        """Like `sees`, and also where somebody else had the call after them."""
        if self.sees(call):
            return True
        me = self.identity.agent
        if me is None or not is_over(call):
            return False
        archive = self.app.archive
        talked = await self.read(archive.history(agent=me, call=call.id, kinds=_THEIRS, limit=1))
        moved = await self.read(archive.transfers(agent=me, call=call.id))
        return bool(talked.items) or any(me in (transfer.by, transfer.taken_by) for transfer in moved.items)

    async def call(self) -> Call:
        """The call of the path. Somebody else's is as unknown as one that does not exist."""
        call = await self._named()
        if call is None or not await self.saw(call):
            raise _unknown_call()
        return call

    async def call_once_theirs(self) -> Call:
        """The call of the path, also where it goes on with somebody else after this agent."""
        call, me = await self._named(), self.identity.agent
        if call is None or not ((me is not None and call.was_of(me)) or await self.saw(call)):
            raise _unknown_call()
        return call

    async def _named(self) -> Call | None:
        call_id = CallId(self.path["call"])
        return self.live_call(call_id) or await self.read(self.app.archive.call(call_id))

    def live_offer(self, offer_id: OfferId) -> tuple[Offer, Pop | None] | None:
        """The offer with what its agent is shown, as long as the call has no newer one."""
        call = self.live_call(CallId(offer_id.rpartition("-offer-")[0]))
        return next((each for each in offers_of(call) if each[0].id == offer_id), None) if call is not None else None

    def live_transfer(self, transfer_id: TransferId) -> Call | None:
        """The call whose last transfer this is."""
        call = self.live_call(CallId(transfer_id.rpartition("-transfer-")[0]))
        return call if call is not None and call.transfer is not None and call.transfer.id == transfer_id else None

    def on_behalf_of(self, given: str | None) -> AgentId:
        """Whose request this is: an agent's own, or the one that a service names."""
        if self.identity.agent is not None:
            if given is not None and given != self.identity.agent:
                raise Problem("scope_missing", "An agent's token is for that agent alone; leave `agent` out.")
            return self.identity.agent
        if given is None:
            raise Problem("agent_needed", "A service says in `agent` in whose name it asks.")
        if given not in self.settings.agents:
            raise Problem("unknown_agent", "This agent is not configured.")
        return AgentId(given)


def _unknown_call() -> Problem:
    return Problem("unknown_call", "There is no such call among yours.")


def is_over(call: Call) -> bool:
    """Nobody talks any more."""
    return call.state in (CallState.ENDING, CallState.ENDED)


def store_unavailable() -> Problem:
    return Problem("store_unavailable", "The store cannot be reached; try again.", headers={"Retry-After": "2"})

"""What became of a call whose offer came to nothing, told to whoever did not take it. Pure."""

from typing import Literal

from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.ids import AgentId, GroupId
from callbridge.domain.model.offer import Offer, OfferKind, OfferState
from callbridge.domain.model.settings import Settings
from callbridge.domain.model.transfer import RouteKind
from callbridge.web.pushed import NextOut
from callbridge.web.views import agent_ref, ref

_OVER = frozenset({CallState.ENDING, CallState.ENDED})
_ON_THE_WAY = frozenset({CallState.WAITING, CallState.OFFERING, CallState.CONNECTING, CallState.MOVING})


def next_out(settings: Settings, call: Call, offer: Offer) -> NextOut | None:
    """`call` as it is once the end of the offer has been dealt with."""
    if offer.state in (OfferState.PENDING, OfferState.ACCEPTED):
        return None
    if call.state in _OVER:
        return NextOut(kind="over", agent=None, group=None)
    if call.state is CallState.FALLING_BACK:
        return NextOut(kind="fallback", agent=None, group=None)
    if call.state in _ON_THE_WAY:
        return _on_the_way(settings, call)
    if offer.kind is not OfferKind.CONSULT or call.agent is None:
        return None
    route = call.consult.route if call.consult is not None and call.consult.stage is Stage.RINGING else None
    if route is not None and route.kind is RouteKind.GROUP and route.group is not None:
        return _group(settings, route.group)
    return _agent(settings, "asker", call.agent)


def _on_the_way(settings: Settings, call: Call) -> NextOut | None:
    route = call.route
    if route.kind is RouteKind.GROUP and route.group is not None:
        return _group(settings, route.group)
    if route.agent is None:
        return None
    return _agent(settings, "recall" if route.kind is RouteKind.RECALL else "agent", route.agent)


def _group(settings: Settings, group: GroupId) -> NextOut:
    return NextOut(kind="group", agent=None, group=ref(settings, group))


def _agent(settings: Settings, kind: Literal["agent", "recall", "asker"], agent: AgentId) -> NextOut:
    return NextOut(kind=kind, agent=agent_ref(settings, agent), group=None)

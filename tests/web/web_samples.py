"""Calls, agents and groups for tests, and a small world of them."""

from dataclasses import replace
from typing import Any

from callbridge.domain.model.agents import Agent, PhoneState, Presence
from callbridge.domain.model.calls import Call, CallOutcome, CallState
from callbridge.domain.model.consult import Consult, Stage
from callbridge.domain.model.facts import ChannelFact, ChannelVariables
from callbridge.domain.model.ids import (
    AgentId,
    BridgeId,
    CallId,
    ChannelId,
    GroupId,
    OfferId,
    PopId,
    PresetId,
    TransferId,
)
from callbridge.domain.model.legs import Leg, LegRole, LegState
from callbridge.domain.model.offer import Offer, OfferKind, OfferState, Pop
from callbridge.domain.model.settings import (
    AgentSettings,
    GroupSettings,
    Member,
    NumberRules,
    Options,
    PresetSettings,
    Settings,
)
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

ANNA, BEN, CLEO = AgentId("anna"), AgentId("ben"), AgentId("cleo")
WINDOWS, SALES = GroupId("windows"), GroupId("sales")
NOW = 1_800_000_000.0


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


def over(call: Call, *, handled: bool = True) -> Call:
    """As the engine leaves it: it is nobody's any more, and its offer says who had it last."""
    outcome = CallOutcome.HANDLED if handled else CallOutcome.ABANDONED
    return replace(call, state=CallState.ENDED, agent=None, consult=None, legs=(), outcome=outcome, ended_at=NOW)


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

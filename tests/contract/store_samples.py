"""Domain objects for the contract tests: made by hand, and by hypothesis."""

import dataclasses
import enum
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from callbridge.domain.model.calls import Call, CallState
from callbridge.domain.model.effects import Reserve, StoreEffect
from callbridge.domain.model.ids import AgentId, CallId, ChannelId, GroupId, OfferId, PopId, TransferId
from callbridge.domain.model.offer import Offer, OfferKind, Pop
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.signals import NobodyFree, Reserved
from callbridge.domain.model.transfer import Destination, DestinationKind, Route, RouteKind, Transfer
from callbridge.store import Store

ANNA, BEN, CLEO = AgentId("anna"), AgentId("ben"), AgentId("cleo")
SALES, HELP = GroupId("sales"), GroupId("help")


def a_call(name: str = "c-1", *, at: float = 1000.0, **changes: Any) -> Call:
    usual: dict[str, Any] = {
        "id": CallId(name),
        "caller": ChannelId(f"{name}-caller"),
        "caller_channel": "PJSIP/trunk-00000001",
        "caller_number": "+4930123456",
        "caller_name": "Zoë Ångström",
        "called": "+4930999",
        "group": SALES,
        "data": {"customer": "4711"},
        "arrived_at": at,
        "state": CallState.WAITING,
        "route": Route(kind=RouteKind.GROUP, group=SALES, since=at),
    }
    return Call(**{**usual, **changes})


def an_ended_call(name: str = "c-1", *, at: float = 1000.0, ended_at: float = 1100.0, **changes: Any) -> Call:
    return a_call(name, at=at, **{"state": CallState.ENDED, "ended_at": ended_at, **changes})


def an_offer(name: str, call: str = "c-1", agent: AgentId = ANNA, *, at: float = 1001.0, **changes: Any) -> Offer:
    usual: dict[str, Any] = {"kind": OfferKind.GROUP, "group": SALES, "channel": ChannelId(f"{name}-leg")}
    names: dict[str, Any] = {"id": OfferId(name), "call": CallId(call), "agent": agent}
    return Offer(**{**names, "made_at": at, "deadline": at + 20, **usual, **changes})


def a_transfer(name: str, call: str = "c-1", by: AgentId = ANNA, *, at: float = 1010.0, **changes: Any) -> Transfer:
    usual: dict[str, Any] = {
        "destination": Destination(kind=DestinationKind.AGENT, value=BEN),
        "mode": AgentTransferMode.SOFT,
        "reason": "knows it better",
    }
    names: dict[str, Any] = {"id": TransferId(name), "call": CallId(call), "by": by, "made_at": at}
    return Transfer(**{**names, **usual, **changes})


def a_pop(name: str, call: str = "c-1", agent: AgentId = ANNA, *, at: float = 1002.0, preview: bool = False) -> Pop:
    return Pop(
        id=PopId(name),
        call=CallId(call),
        agent=agent,
        preview=preview,
        at=at,
        caller_number="+4930123456",
        caller_name="Zoë Ångström",
        called="+4930999",
        group=SALES,
        data={"customer": "4711"},
        notes=(),
        transferred_by=None,
        transfer_reason=None,
        crm_url="https://crm.example/4711",
    )


def a_reserve(offer: str, *candidates: AgentId, call: str = "c-1", places: int = 1) -> Reserve:
    return Reserve(
        call=CallId(call),
        offer=OfferId(offer),
        candidates=candidates,
        max_sessions=dict.fromkeys(candidates, places),
    )


async def perform(store: Store, *effects: StoreEffect) -> list[Reserved | NobodyFree]:
    async with store.transaction() as transaction:
        return await transaction.apply(effects)


async def reserve(store: Store, *reserves: Reserve) -> list[str | None]:
    """The agents' names in the order of the offers; None: nobody free."""
    answers = await perform(store, *reserves)
    assert [answer.offer for answer in answers] == [effect.offer for effect in reserves]
    return [answer.agent if isinstance(answer, Reserved) else None for answer in answers]


def anything(of: Any) -> st.SearchStrategy[Any]:
    """Any value of a type as the domain uses types; every field of a dataclass is drawn."""
    origin, arguments = typing.get_origin(of), typing.get_args(of)
    if isinstance(of, typing.NewType):
        return anything(of.__supertype__)
    if dataclasses.is_dataclass(of) and isinstance(of, type):
        hints = typing.get_type_hints(of)
        fields = {field.name: anything(hints[field.name]) for field in dataclasses.fields(of) if field.init}
        return st.builds(of, **fields)
    if isinstance(of, type) and issubclass(of, enum.Enum):
        return st.sampled_from(of)
    if origin in (typing.Union, types.UnionType):
        return st.one_of(*map(anything, arguments))
    if origin is tuple and arguments[-1] is ...:
        return st.lists(anything(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(anything, arguments))
    if origin in (frozenset, set):
        return st.frozensets(anything(arguments[0]), max_size=2)
    if origin in (Mapping, dict):
        return st.dictionaries(anything(arguments[0]), anything(arguments[1]), max_size=2)
    if origin in (Sequence, list):
        return st.lists(anything(arguments[0]), max_size=2)
    simple: dict[Any, st.SearchStrategy[Any]] = {
        str: st.text(max_size=8),
        int: st.integers(-(2**53), 2**53),
        bool: st.booleans(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        types.NoneType: st.none(),
        object: st.recursive(
            st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
            max_leaves=4,
        ),
    }
    return simple[of]

"""Documents hold domain objects exactly, and forgive what can be forgiven."""

import json
from dataclasses import dataclass
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, settings
from store_samples import a_call, anything

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import Call, HistoryEntry
from callbridge.domain.model.offer import Offer, Pop
from callbridge.domain.model.transfer import Transfer
from callbridge.store import codec
from callbridge.store.codec import Codec, Unreadable

thoroughly = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))


@thoroughly
@given(call=anything(Call))
def test_given_any_call_when_it_is_written_and_read_then_it_is_the_same(call: Call) -> None:
    assert codec.CALLS.decode(codec.CALLS.encode(call)) == call


@thoroughly
@given(agent=anything(Agent))
def test_given_any_agent_when_it_is_written_and_read_then_it_is_the_same(agent: Agent) -> None:
    assert codec.AGENTS.decode(codec.AGENTS.encode(agent)) == agent


@thoroughly
@given(offer=anything(Offer), transfer=anything(Transfer), pop=anything(Pop))
def test_given_any_part_of_a_call_when_it_is_written_and_read_then_it_is_the_same(
    offer: Offer, transfer: Transfer, pop: Pop
) -> None:
    assert codec.OFFERS.decode(codec.OFFERS.encode(offer)) == offer
    assert codec.TRANSFERS.decode(codec.TRANSFERS.encode(transfer)) == transfer
    assert codec.POPS.decode(codec.POPS.encode(pop)) == pop


@thoroughly
@given(entry=anything(HistoryEntry))
def test_given_any_history_entry_when_its_detail_is_written_and_read_then_it_is_the_same(entry: HistoryEntry) -> None:
    assert codec.loads(codec.dumps(entry.detail)) == entry.detail


@dataclass(frozen=True, kw_only=True, slots=True)
class _Old:
    id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _New:
    id: str
    parties: tuple[str, ...] = ()
    muted: bool = False


def test_given_a_document_of_an_older_version_when_it_is_read_then_new_fields_have_their_defaults() -> None:
    assert Codec(_New).decode(Codec(_Old).encode(_Old(id="x"))) == _New(id="x")


def test_given_a_document_of_a_newer_version_when_it_is_read_then_unknown_fields_are_ignored() -> None:
    assert Codec(_Old).decode(Codec(_New).encode(_New(id="x", muted=True))) == _Old(id="x")


def test_given_a_call_saved_before_its_optional_fields_existed_when_it_is_read_then_it_loads() -> None:
    call = a_call()
    document = json.loads(codec.CALLS.encode(call))
    required = {"id", "caller", "caller_channel", "caller_number", "caller_name", "called", "group", "data"}
    required |= {"arrived_at", "state", "route"}
    assert codec.CALLS.decode(json.dumps({name: document[name] for name in required})) == call


@pytest.mark.parametrize("document", ["", "nonsense", "[]", "{}", '{"id": 7}'])
def test_given_a_document_that_is_no_call_when_it_is_read_then_it_says_unreadable(document: str) -> None:
    with pytest.raises(Unreadable):
        codec.CALLS.decode(document)


def test_given_an_unreadable_document_when_it_is_refused_then_the_text_has_no_caller_data() -> None:
    document = codec.CALLS.encode(a_call()).replace('"waiting"', '"no such state of Zoë"')
    with pytest.raises(Unreadable) as refusal:
        codec.CALLS.decode(document)
    assert "state" in str(refusal.value)
    assert "Zoë" not in str(refusal.value)


def test_given_half_a_surrogate_in_a_name_when_it_is_written_then_only_that_character_is_replaced() -> None:
    call = a_call(caller_name="A\ud800B")
    assert codec.CALLS.decode(codec.CALLS.encode(call)) == a_call(caller_name="A?B")


def test_given_a_mapping_that_is_no_dict_when_it_is_written_and_read_then_it_is_equal() -> None:
    call = a_call(data=MappingProxyType({"a": "b"}))
    assert codec.CALLS.decode(codec.CALLS.encode(call)).data == {"a": "b"}


def test_given_values_that_json_has_no_word_for_when_a_detail_is_written_then_it_is_their_text() -> None:
    detail = {"tuple": (1, 2), "set": frozenset({"b", "a"}), "big": 2**70, "odd": 1 + 2j}
    assert codec.loads(codec.dumps(detail)) == {"tuple": [1, 2], "set": ["a", "b"], "big": 2**70, "odd": "(1+2j)"}

"""The transfer screen's sections and the search in them."""

from dataclasses import replace
from typing import Any

import pytest
from web_fakes import CRM_TOKEN, WATCH_TOKEN
from web_samples import (
    ANNA,
    SALES,
    WINDOWS,
    a_call,
    settings,
    world,
)
from web_served import Serve

from callbridge.domain.model.ids import AgentId
from callbridge.domain.model.settings import AgentSettings, Member, Options
from callbridge.web.directory import Directory, words
from callbridge.web.directory_answers import DirectoryOut


def look(query: str, *, limit: int = 100) -> DirectoryOut:
    return Directory().look(world(), me=ANNA, query=query, limit=limit)


def found(answer: DirectoryOut) -> set[str]:
    groups = [*answer.my_agent_groups, *answer.agent_groups]
    return {agent.id for group in groups for agent in group.agents} | {each.id for each in answer.external_presets}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"anna", "ben", "cleo", "vendor"}),
        ("anna", {"anna"}),
        ("AN", {"anna"}),
        ("osterr", {"anna"}),
        ("muller", {"ben"}),
        ("MÜLLER ben", {"ben"}),
        ("cleo strauss", {"cleo"}),
        ("uller", set()),
        ("ben windows", {"ben"}),
        ("windows", {"anna", "ben", "vendor"}),
        ("sal", {"cleo"}),
        ("vend", {"vendor"}),
        ("030 12", {"vendor"}),
        ("+49 30", {"vendor"}),
        ("anna sales", set()),
        ("zzz", set()),
    ],
)
def test_given_names_when_searching_then_beginnings_of_words_in_any_order_without_case_and_accents(
    query: str, expected: set[str]
) -> None:
    assert found(look(query)) == expected


def test_given_my_groups_when_looking_then_in_their_own_section_and_i_am_no_target() -> None:
    answer = look("")
    assert [group.id for group in answer.my_agent_groups] == ["windows"]
    assert [group.id for group in answer.agent_groups] == ["sales"]
    agents = {agent.id: agent for agent in answer.my_agent_groups[0].agents}
    assert agents["anna"].unsupervised_refusal == "same_agent"
    assert agents["ben"].unsupervised_allowed


def test_given_a_preset_when_looking_then_unsupervised_is_not_allowed_and_why() -> None:
    preset = look("").external_presets[0]
    assert (preset.unsupervised_allowed, preset.unsupervised_refusal) == (False, "external_not_allowed")
    assert preset.reason


def test_given_the_rules_when_looking_then_what_may_be_reached_supervised_and_why_not() -> None:
    answer = look("")
    preset = answer.external_presets[0]
    assert (preset.supervised_allowed, preset.supervised_reason, preset.shown) == (True, None, "+49 30 123456")
    agents = {agent.id: agent for agent in answer.my_agent_groups[0].agents}
    assert (agents["ben"].supervised_allowed, agents["anna"].supervised_refusal) == (True, "same_agent")
    assert answer.agent_groups[0].supervised_allowed
    assert (answer.manual_number.supervised_allowed, answer.manual_number.number) == (True, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"outbound_dial": None}, "external_not_allowed"),
        ({"supervised_enabled": False}, "supervised_disabled"),
        ({"transfers_enabled": False}, "transfers_disabled"),
    ],
)
def test_given_no_way_out_when_looking_then_presets_and_typed_numbers_say_why(
    changes: dict[str, Any], code: str
) -> None:
    there = world()
    there.settings = replace(settings(), options=replace(settings().options, **changes))
    for query in ("", "030 1234567"):
        manual = Directory("DE").look(there, me=ANNA, query=query, limit=100).manual_number
        assert (manual.supervised_allowed, manual.supervised_refusal) == (False, code)
        assert manual.supervised_reason
    preset = Directory().look(there, me=ANNA, query="", limit=100).external_presets[0]
    assert (preset.supervised_allowed, preset.supervised_refusal) == (False, code)


@pytest.mark.parametrize(
    ("query", "number", "shown", "refusal"),
    [
        ("030 1234567", "+49301234567", "+49 30 1234567", None),
        ("0170 1234567", "+491701234567", "+49 170 1234567", "number_not_allowed"),
        ("112", None, None, "number_not_allowed"),
        ("0301", None, None, "invalid_number"),
        ("anna", None, None, None),
        ("03", None, None, None),
    ],
)
def test_given_a_number_in_the_search_when_looking_then_whether_it_may_be_dialled(
    query: str, number: str | None, shown: str | None, refusal: str | None
) -> None:
    manual = Directory("DE").look(world(), me=ANNA, query=query, limit=100).manual_number
    assert (manual.number, manual.shown, manual.supervised_refusal) == (number, shown, refusal)


def test_given_transfers_switched_off_when_looking_then_nothing_is_allowed() -> None:
    off = world()
    off.settings = replace(settings(), options=Options(transfers_enabled=False))
    answer = Directory().look(off, me=ANNA, query="", limit=100)
    assert answer.agent_groups[0].unsupervised_refusal == "transfers_disabled"
    assert answer.external_presets[0].unsupervised_refusal == "transfers_disabled"


def test_given_new_settings_when_searching_then_the_new_names_are_found() -> None:
    directory, there = Directory(), world()
    directory.look(there, me=None, query="", limit=10)
    group = replace(there.settings.groups[SALES], name="Verkauf")
    there.settings = replace(there.settings, groups={SALES: group})
    answer = directory.look(there, me=None, query="verk", limit=10)
    assert [each.name for each in answer.agent_groups] == ["Verkauf"]


def test_given_more_than_the_limit_when_looking_then_it_says_so() -> None:
    answer = look("", limit=2)
    assert answer.truncated
    assert len(found(answer)) + len(answer.my_agent_groups) + len(answer.agent_groups) <= 2
    assert not look("").truncated


def test_given_more_agents_than_the_limit_when_looking_then_presets_are_still_there() -> None:
    there = world()
    many = {AgentId(f"a{n}"): AgentSettings(id=AgentId(f"a{n}"), name=f"A {n}", phone=f"PJSIP/{n}") for n in range(50)}
    group = replace(there.settings.groups[WINDOWS], members=tuple(Member(agent=agent) for agent in many))
    there.settings = replace(there.settings, agents=many, groups={WINDOWS: group})
    answer = Directory().look(there, me=ANNA, query="", limit=20)
    assert answer.truncated
    assert [preset.id for preset in answer.external_presets] == ["vendor"]
    assert len(answer.agent_groups[0].agents) == 18


def test_given_foreign_letters_when_folding_then_what_people_type() -> None:
    assert words("Zoë Ørsted-Łukasz ß") == ("zoe", "orsted", "lukasz", "ss")


async def test_given_waiting_callers_when_asking_for_a_group_then_count_and_longest_wait(serve: Serve) -> None:
    served = await serve(a_call(1), a_call(2))
    _, group, _ = await served.ask("GET", "/v1/groups/windows")
    assert (group["waiting"], group["longest_wait"], group["available"], group["logged_in"]) == (2, 59.0, 2, 2)
    _, groups, _ = await served.ask("GET", "/v1/groups", WATCH_TOKEN)
    assert [each["id"] for each in groups["items"]] == ["sales", "windows"]
    _, directory, _ = await served.ask("GET", "/v1/directory?q=windows")
    assert directory["my_agent_groups"][0]["waiting"] == 2


async def test_given_agents_when_listed_then_states_groups_and_phones(serve: Serve) -> None:
    served = await serve()
    _, agents, _ = await served.ask("GET", "/v1/agents", CRM_TOKEN)
    anna = agents["items"][0]
    assert (anna["id"], anna["state"], anna["groups"], anna["phone"]) == ("anna", "available", ["windows"], "idle")
    for path in ("/v1/agents/nobody", "/v1/groups/none"):
        status, _, _ = await served.ask("GET", path)
        assert status == 404

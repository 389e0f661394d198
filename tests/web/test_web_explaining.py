"""Why a transfer is or is not allowed: before it is asked for, and afterwards on record."""

from dataclasses import replace
from typing import Any

import pytest
from web_fakes import CRM_TOKEN
from web_samples import ANNA, BEN, CLEO, NOW, WINDOWS, a_call, consulting, talking
from web_served import Serve, Served

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.calls import HistoryEntry
from callbridge.domain.model.ids import AgentId, CallId
from callbridge.domain.model.offer import Pause
from callbridge.domain.model.settings import AgentTransferRule, NumberRules
from callbridge.web.check_views import WORDS
from callbridge.web.routes.explaining import DECISIONS
from callbridge.web.table import document


async def check(served: Served, kind: str, value: str, status: int = 200, who: str = ANNA, **more: Any) -> Any:
    body = {"destination": {"kind": kind, "value": value}, **more}
    answered, found, _ = await served.ask("POST", "/v1/calls/c-1/transfers:check", who, json=body)
    assert answered == status, found
    assert served.gateway.asked == []
    return found


def let(served: Served, agent: AgentId, **changes: Any) -> None:
    agents = served.gateway.world.agents
    agents[agent] = replace(agents[agent], **changes)


async def test_given_a_group_when_checked_then_who_would_be_asked_and_why_not_the_others(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    found = await check(served, "group", "windows", supervised=True)
    assert (found["allowed"], found["code"], found["reason"], found["expected_wait"]) == (True, None, None, 0.0)
    assert found["eligible"] == [{"id": "ben", "name": "Ben Müller"}]
    assert found["others"] == [
        {"id": "anna", "name": "Anna Österreich", "code": "has_the_call", "reason": WORDS["has_the_call"]}
    ]
    assert found["destination"] == {"kind": "group", "value": "windows", "name": "Windows Support", "shown": None}


async def test_given_nobody_free_when_a_group_is_checked_then_allowed_with_the_wait_that_is_to_be_expected(
    serve: Serve,
) -> None:
    served = await serve(talking(a_call(1), ANNA), a_call(2))
    let(served, BEN, presence=Presence.BUSY)
    found = await check(served, "group", "windows")
    assert (found["allowed"], found["waiting"], found["expected_wait"]) == (True, 1, None)
    served.gateway.world.waits[WINDOWS] = (10.0, 20.0)
    assert (await check(served, "group", "windows"))["expected_wait"] > 0
    _, group, _ = await served.ask("GET", "/v1/groups/windows")
    _, directory, _ = await served.ask("GET", "/v1/directory")
    assert group["expected_wait"] == directory["my_agent_groups"][0]["expected_wait"] > 0
    assert directory["agent_groups"][0]["expected_wait"] == 0


@pytest.mark.parametrize(("changes", "code"), [
    ({"presence": Presence.BUSY}, "busy"),
    ({"presence": Presence.OFFLINE}, "offline"),
    ({"wrap_up_until": NOW + 5}, "wrap_up"),
    ({"calls": (CallId("c-8"), CallId("c-9"))}, "at_maximum_sessions"),
])  # fmt: skip
async def test_given_an_agent_who_is_not_available_when_checked_then_why_and_that_the_transfer_can_wait(
    serve: Serve, changes: dict[str, Any], code: str
) -> None:
    served = await serve(talking(a_call(), ANNA))
    let(served, BEN, **changes)
    found = await check(served, "agent", "ben", supervised=True)
    assert (found["allowed"], found["code"], found["can_wait"]) == (False, "target_not_available", True)
    assert found["reason"]
    (other,) = found["others"]
    assert (other["id"], other["code"], other["reason"]) == ("ben", code, WORDS[code])
    assert (await check(served, "agent", "ben", supervised=True, deferred=True))["allowed"]
    assert (await check(served, "agent", "ben"))["allowed"], "unsupervised it waits by itself"
    assert (await check(served, "agent", "ben", mode="hard"))["eligible"]


@pytest.mark.parametrize(
    ("typed", "allowed", "code", "value", "shown"),
    [
        ("030 1234567", True, None, "+49301234567", "+49 30 1234567"),
        ("0170 1234567", False, "number_not_allowed", "+491701234567", "+49 170 1234567"),
        ("+1 212 555 2368", False, "number_not_allowed", "+12125552368", "+1 212-555-2368"),
        ("0900 1 234567", False, "number_not_allowed", "+499001234567", "+49 900 1 234567"),
        ("112", False, "number_not_allowed", "112", None),
        ("hello", False, "invalid_number", "hello", None),
    ],
)
async def test_given_a_typed_number_when_checked_then_how_it_was_understood_and_whether_it_may_be_dialled(
    serve: Serve, typed: str, allowed: bool, code: str | None, value: str, shown: str | None
) -> None:
    served = await serve(talking(a_call(), ANNA))
    found = await check(served, "number", typed, supervised=True)
    assert (found["allowed"], found["code"], found["can_wait"]) == (allowed, code, False)
    assert (found["destination"]["value"], found["destination"]["shown"]) == (value, shown)
    assert (found["eligible"], found["others"]) == ([], [])
    assert bool(found["reason"]) is not allowed
    unsupervised = await check(served, "number", typed)
    assert unsupervised["code"] == "external_not_allowed"


async def test_given_a_groups_own_rules_when_its_agent_checks_a_number_then_these_count(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    world = served.gateway.world
    group = replace(world.settings.groups[WINDOWS], numbers=NumberRules(allow=("+1",)))
    world.settings = replace(world.settings, groups={**world.settings.groups, WINDOWS: group})
    assert (await check(served, "number", "+1 212 555 2368", supervised=True))["allowed"]
    assert (await check(served, "number", "030 1234567", supervised=True))["code"] == "number_not_allowed"
    assert (await check(served, "preset", "vendor", supervised=True))["code"] == "number_not_allowed"


async def test_given_options_switched_off_when_checked_then_the_code_of_the_option(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    world = served.gateway.world
    before = world.settings
    for changes, code in (
        ({"transfers_enabled": False}, "transfers_disabled"),
        ({"supervised_enabled": False}, "supervised_disabled"),
        ({"outbound_dial": None}, "external_not_allowed"),
    ):
        world.settings = replace(before, options=replace(before.options, **changes))  # type: ignore[arg-type]
        assert (await check(served, "preset", "vendor", supervised=True))["code"] == code


async def test_given_no_such_target_or_oneself_when_checked_then_that_is_the_reason(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    for kind, value, code in (
        ("agent", "nobody", "unknown_destination"),
        ("group", "nobody", "unknown_destination"),
        ("preset", "nobody", "unknown_destination"),
        ("agent", "anna", "same_agent"),
    ):
        assert (await check(served, kind, value, supervised=True))["code"] == code


async def test_given_a_call_under_transfer_when_checked_then_that_is_the_reason(serve: Serve) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    assert (await check(served, "group", "sales"))["code"] == "transfer_under_way"


async def test_given_a_call_that_is_not_mine_when_checked_then_404(serve: Serve) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    assert (await check(served, "group", "sales", 404, BEN))["code"] == "not_your_call"
    assert (await check(served, "group", "sales", 404, CRM_TOKEN, agent="ben"))["code"] == "not_your_call"
    assert (await check(served, "group", "sales", 422, CRM_TOKEN))["code"] == "agent_needed"
    assert (await check(served, "group", "sales", 200, CRM_TOKEN, agent="anna"))["eligible"][0]["id"] == "cleo"


# ---------------------------------------------------------------- on record


def entry(kind: str, agent: AgentId | None, call: str = "c-1", **detail: object) -> HistoryEntry:
    return HistoryEntry(at=NOW, call=CallId(call), kind=kind, agent=agent, detail=detail)


async def test_given_refusals_and_offers_when_reading_decisions_then_mine_and_all_for_services(serve: Serve) -> None:
    served = await serve()
    served.archive.entries += [
        entry("transfer.refused", ANNA, code="external_not_allowed"),
        entry("offer.made", BEN, "c-2", waited=1.5, passed_over={"anna": "busy"}),
        entry("agent.presence", ANNA),
        entry("call.recall", ANNA, why="no_answer"),
    ]

    async def read(query: str = "", who: str = ANNA) -> list[str]:
        status, found, _ = await served.ask("GET", f"/v1/decisions{query}", who)
        assert status == 200, found
        return [each["kind"] for each in found["items"]]

    assert await read() == ["transfer.refused", "call.recall"]
    assert await read(who=BEN) == ["offer.made"]
    assert await read(who=CRM_TOKEN) == await read(who=CLEO) == ["transfer.refused", "offer.made", "call.recall"]
    assert await read("?kind=offer.made&agent=ben", CRM_TOKEN) == ["offer.made"]
    assert await read("?call=c-2") == []
    _, found, _ = await served.ask("GET", "/v1/decisions", BEN)
    assert found["items"][0]["call"] == "c-2"
    assert found["items"][0]["detail"]["passed_over"] == {"anna": "busy"}
    status, problem, _ = await served.ask("GET", "/v1/decisions?agent=ben")
    assert (status, problem["code"]) == (403, "scope_missing")
    for kind in ("agent.presence", "Nonsense", "x" * 50):
        status, problem, _ = await served.ask("GET", f"/v1/decisions?kind={kind}")
        assert (status, problem["code"]) == (422, "invalid")


def test_given_the_document_when_read_then_every_kind_of_decision_is_named() -> None:
    description = document()["paths"]["/v1/decisions"]["get"]["description"]
    for kind in DECISIONS:
        assert f"`{kind}`" in description


# ---------------------------------------------------------------- what a page says before a transfer


@pytest.mark.parametrize(
    ("rule", "eligible"),
    [
        (AgentTransferRule.SOFT, []),
        (AgentTransferRule.AGENT_CHOOSES, []),
        (AgentTransferRule.HARD, ["ben"]),
    ],
)
async def test_given_a_busy_agent_and_no_mode_named_when_checked_then_it_is_judged_as_the_site_would_transfer(
    serve: Serve, rule: AgentTransferRule, eligible: list[str]
) -> None:
    served = await serve(talking(a_call(), ANNA))
    world = served.gateway.world
    world.settings = replace(world.settings, options=replace(world.settings.options, agent_transfer=rule))
    let(served, BEN, presence=Presence.BUSY)
    assert [each["id"] for each in (await check(served, "agent", "ben"))["eligible"]] == eligible


async def test_given_an_agent_who_rejected_this_call_when_checked_then_only_a_transfer_that_begins_anew_asks_them(
    serve: Serve,
) -> None:
    call = talking(a_call(), ANNA)
    served = await serve(replace(call, pauses=(Pause(agent=BEN, until=NOW + 60, why="rejected_recently"),)))
    assert [each["id"] for each in (await check(served, "agent", "ben", mode="soft"))["eligible"]] == ["ben"]
    found = await check(served, "agent", "ben", supervised=True)
    assert (found["allowed"], found["code"]) == (False, "target_not_available")


async def test_given_each_way_when_checked_then_it_is_said_when_the_caller_is_back(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    options = served.gateway.world.settings.options
    assert (await check(served, "agent", "ben", mode="soft"))["back_after"] == options.transfer_max_wait
    assert (await check(served, "agent", "ben", supervised=True))["back_after"] == options.offer_timeout
    assert (await check(served, "agent", "ben", supervised=True, deferred=True))["back_after"] is None
    group = served.gateway.world.settings.groups[WINDOWS]
    assert (await check(served, "group", "windows"))["back_after"] == group.max_wait

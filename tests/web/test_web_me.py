"""What an agent is told about themselves: the same by request and by push, and never out of date."""

from dataclasses import replace
from typing import Any

import pytest
from test_web_push import event, stream
from web_fakes import CRM_TOKEN
from web_samples import ANNA, BEN, CLEO, a_call, settings, talking
from web_served import Serve
from web_story import Story

from callbridge.domain.model.agents import Presence
from callbridge.domain.model.effects import PublishAgent
from callbridge.domain.model.settings import AgentTransferRule


async def test_given_a_page_when_it_reads_me_the_snapshot_and_the_event_then_all_three_are_the_same(
    serve: Serve,
) -> None:
    served = await serve(talking(a_call(), ANNA))
    _, me, _ = await served.ask("GET", "/v1/me")
    async with stream(served) as ws:
        assert (await event(ws))["data"]["me"] == me
        served.hub.publish([PublishAgent(agent=served.gateway.world.agents[ANNA])])
        assert (await event(ws, "agent"))["data"] == me


async def test_given_the_site_when_reading_me_then_all_that_a_page_needs_is_in_it(serve: Serve) -> None:
    served = await serve(crm_frame=True)
    _, me, _ = await served.ask("GET", "/v1/me")
    assert me["capabilities"] == {
        "transfers": True,
        "agent_transfer_modes": ["soft", "hard"],
        "choose_transfer_mode": True,
        "default_transfer_mode": "soft",
        "max_sessions": 1,
        "supervised_transfers": True,
        "four_way": True,
        "external_numbers": True,
        "webphone": True,
    }
    assert me["options"] == {
        "wrap_up": 10.0,
        "offer_timeout": 20.0,
        "not_ready_reasons": [{"id": "lunch", "name": "Lunch"}],
        "crm_frame": True,
        "recording_links": False,
        "region": "DE",
        "timezone": "Europe/Berlin",
    }
    _, ben, _ = await served.ask("GET", "/v1/me", BEN)
    assert (ben["capabilities"]["webphone"], ben["capabilities"]["max_sessions"]) == (False, 2)


@pytest.mark.parametrize(
    ("changes", "modes", "choose", "default"),
    [
        ({"agent_transfer": AgentTransferRule.HARD}, ["hard"], False, "hard"),
        ({"agent_transfer": AgentTransferRule.SOFT}, ["soft"], False, "soft"),
        ({"transfers_enabled": False}, [], False, None),
    ],
)
async def test_given_what_the_administrator_set_when_reading_me_then_which_transfers_and_who_chooses(
    serve: Serve, changes: dict[str, Any], modes: list[str], choose: bool, default: str | None
) -> None:
    served = await serve()
    options = replace(settings().options, recording_url="https://r.example/{file}", **changes)
    served.gateway.world.settings = replace(settings(), options=options)
    _, me, _ = await served.ask("GET", "/v1/me")
    may = me["capabilities"]
    assert (may["agent_transfer_modes"], may["choose_transfer_mode"], may["default_transfer_mode"]) == (
        modes,
        choose,
        default,
    )
    assert me["options"]["recording_links"]


async def test_given_an_open_page_when_the_administrator_changes_options_then_it_gets_a_new_snapshot(
    serve: Serve,
) -> None:
    served = await serve()
    async with stream(served) as ws, stream(served, CRM_TOKEN) as crm:
        before = (await event(ws))["id"]
        await event(crm)
        served.hub.publish([])
        options = replace(settings().options, wrap_up=3.0)
        served.gateway.world.settings = replace(settings(), options=options)
        served.hub.publish([])
        assert (await event(ws, "snapshot"))["data"]["me"]["options"]["wrap_up"] == 3.0
        assert (await event(crm, "snapshot"))["data"]["me"] is None
    async with stream(served, query=f"?last_event_id={before}") as ws:
        assert (await event(ws))["type"] == "snapshot", "what was missed does not say what changed"


async def test_given_other_web_settings_when_a_page_comes_back_with_its_last_id_then_it_gets_a_new_snapshot(
    serve: Serve,
) -> None:
    served = await serve()
    async with stream(served) as ws:
        before = (await event(ws))["id"]
    served.hub.configure(served.settings)
    async with stream(served, query=f"?last_event_id={before}") as ws:
        served.hub.publish([PublishAgent(agent=served.gateway.world.agents[ANNA])])
        assert (await event(ws))["type"] == "agent", "nothing changed, so nothing begins anew"
    served.hub.configure(replace(served.settings, crm_frame=True))
    async with stream(served, query=f"?last_event_id={before}") as ws:
        found = await event(ws)
        assert (found["type"], found["data"]["me"]["options"]["crm_frame"]) == ("snapshot", True)


# ---------------------------------------------------------------- "you were set to Busy"


@pytest.mark.parametrize("body", [{}, {"reason": "lunch"}, {"reason": "missed_offer"}, {"reason": "Anything else"}])
async def test_given_a_missed_offer_when_staying_busy_then_the_question_is_answered(
    story: Story, body: dict[str, str]
) -> None:
    await story.log_in("anna")
    story.runtime.world.agents[ANNA] = replace(
        story.runtime.world.agents[ANNA], presence=Presence.BUSY, reason="missed_offer"
    )
    assert (await story.ask("GET", "/v1/me", "anna"))["missed_offer"]
    me = await story.ask("PUT", "/v1/me/state", "anna", json={"state": "busy", **body})
    kept = {"lunch": "lunch", "Anything else": "Anything else"}.get(body.get("reason", ""))
    assert (me["state"], me["missed_offer"], me["reason"]) == ("busy", False, kept)
    assert not (await story.ask("GET", "/v1/me", "anna"))["missed_offer"]


async def test_given_a_missed_offer_during_wrap_up_when_wrap_up_is_ended_then_the_question_stays(story: Story) -> None:
    await story.log_in("anna")
    world = story.runtime.world
    world.agents[ANNA] = replace(world.agents[ANNA], presence=Presence.BUSY, reason="missed_offer", wrap_up_until=4e9)
    me = await story.ask("POST", "/v1/me/state:end-wrap-up", "anna")
    assert (me["state"], me["missed_offer"]) == ("busy", True)


async def test_given_a_supervisor_when_they_say_what_only_the_gateway_says_then_it_is_no_reason(serve: Serve) -> None:
    served = await serve()
    body = {"state": "busy", "reason": "missed_offer"}
    status, agent, _ = await served.ask("PUT", "/v1/agents/ben/state", CLEO, json=body)
    assert (status, agent["state"], agent["reason"]) == (200, "busy", None)

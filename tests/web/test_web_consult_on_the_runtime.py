"""A consultation through the API on the real loop, engine and store; the PBX is played, one fact after the other."""

import time
from dataclasses import replace
from typing import Any

from web_samples import ANNA, BEN, a_channel
from web_story import Story, arrival

from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.facts import ChannelAnswered, ChannelEntered, PbxSeen
from callbridge.domain.model.ids import BridgeId, ChannelId

CALL = "c-1800000000-1"
CALLER = "1800000000.1"


def leg(number: int) -> str:
    return f"{CALL}-leg-{number}"


def seen(told: Story, channel: str, bridge: str, *, holding: bool = False) -> None:
    """The PBX shows this channel in this bridge."""
    fact = arrival() if channel == CALLER else a_channel(channel)
    told.runtime.put(ChannelEntered(fact=replace(fact, bridge=BridgeId(bridge), holding=holding)))


def picked_up(told: Story, number: int) -> None:
    told.runtime.put(ChannelAnswered(channel=ChannelId(leg(number)), name=f"PJSIP/{leg(number)}"))
    seen(told, leg(number), "legs", holding=True)


async def offered(told: Story, agent: str) -> Any:
    return (await told.until("/v1/offers", agent, lambda found: bool(found["items"])))["items"][0]


async def stage(told: Story, stage: str | None, who: str = ANNA) -> Any:
    return await told.until(f"/v1/calls/{CALL}", who, lambda call: call["stage"] == stage)


async def hears(told: Story, expected: dict[str, list[str]], who: str = ANNA) -> None:
    def matrix(found: Any) -> bool:
        return {party["id"]: party["hears"] for party in found["items"]} == expected

    await told.until(f"/v1/calls/{CALL}/parties", who, matrix)


async def talking(told: Story) -> None:
    """Anna has accepted the caller and they are in one bridge."""
    for agent in (ANNA, BEN):
        await told.log_in(agent)
    idle = {"PJSIP/anna": PhoneState.IDLE, "PJSIP/ben": PhoneState.IDLE}
    told.runtime.put(PbxSeen(taken_at=time.time(), channels=(), phones=idle))
    told.runtime.put(ChannelEntered(fact=arrival()))
    offer = await offered(told, ANNA)
    await told.ask("POST", f"/v1/offers/{offer['id']}:accept", ANNA)
    picked_up(told, 1)
    seen(told, CALLER, "talk")
    seen(told, leg(1), "talk")
    await told.until(f"/v1/calls/{CALL}", ANNA, lambda call: call["state"] == "talking")


async def consulting(told: Story) -> str:
    """Ben has accepted to be consulted and talks with Anna. The transfer's id."""
    body = {"destination": {"kind": "agent", "value": "ben"}, "supervised": True}
    transfer = await told.ask("POST", f"/v1/calls/{CALL}/transfers", ANNA, status=202, json=body)
    offer = await offered(told, BEN)
    assert (offer["kind"], offer["preview"]["transferred_by"]["id"]) == ("consult", "anna")
    accepted = await told.ask("POST", f"/v1/offers/{offer['id']}:accept", BEN)
    assert accepted["state"] == "accepted"
    seen(told, CALLER, "music", holding=True)
    picked_up(told, 2)
    seen(told, leg(1), "private")
    seen(told, leg(2), "private")
    await hears(told, {"caller": [], "leg-1": ["leg-2"], "leg-2": ["leg-1"]}, BEN)
    await stage(told, "consulting")
    return str(transfer["id"])


async def test_given_a_talk_when_consulting_merging_and_leaving_then_the_matrix_and_the_pop_follow(
    story: Story,
) -> None:
    await talking(story)
    body = {"destination": {"kind": "agent", "value": "ben"}, "supervised": True}
    check = await story.ask("POST", f"/v1/calls/{CALL}/transfers:check", ANNA, json=body)
    assert (check["allowed"], check["eligible"][0]["id"]) == (True, "ben")
    verbs = f"/v1/transfers/{await consulting(story)}"
    assert (await story.ask("GET", "/v1/offers", BEN))["items"] == []
    assert (await story.ask("GET", verbs, BEN))["state"] == "consulting"
    await story.ask("POST", f"{verbs}:merge", ANNA, status=202)
    seen(story, CALLER, "private")
    await hears(story, {"caller": ["leg-1", "leg-2"], "leg-1": ["caller", "leg-2"], "leg-2": ["caller", "leg-1"]})
    muted = await story.ask("POST", f"/v1/calls/{CALL}/parties/leg-1:mute", ANNA, status=202)
    assert [party["muted"] for party in muted["items"]] == [False, True, False]
    assert [party["hears"] for party in muted["items"]] == [["leg-2"], ["caller", "leg-2"], ["caller"]]
    for party, verb, status, code in (
        ("caller", "drop", 403, "caller_not_dropped"),
        ("leg-1", "drop", 409, "own_leg"),
        ("leg-5", "mute", 404, "unknown_party"),
    ):
        problem = await story.ask("POST", f"/v1/calls/{CALL}/parties/{party}:{verb}", ANNA, status=status)
        assert problem["code"] == code
    await story.ask("POST", f"{verbs}:leave", ANNA, status=202)
    call = await story.until(f"/v1/calls/{CALL}", BEN, lambda call: call["agent"] == "ben")
    assert (call["pop"]["agent"], call["pop"]["preview"], call["pop"]["transferred_by"]["id"]) == ("ben", False, "anna")
    await story.ask("GET", f"/v1/calls/{CALL}", ANNA, status=404)
    assert (await story.ask("GET", verbs, ANNA))["state"] == "completed"


async def test_given_numbers_that_may_not_be_dialled_when_asked_for_then_refused_and_on_record(
    story: Story,
) -> None:
    await talking(story)
    for value, supervised, status, code in (
        ("030 1234567", False, 403, "external_not_allowed"),
        ("0170 1234567", True, 403, "number_not_allowed"),
        ("112", True, 403, "number_not_allowed"),
        ("0900 1 234567", True, 403, "number_not_allowed"),
        ("+4930123456&PJSIP/x", True, 422, "invalid_number"),
    ):
        body = {"destination": {"kind": "number", "value": value}, "supervised": supervised}
        problem = await story.ask("POST", f"/v1/calls/{CALL}/transfers", ANNA, status=status, json=body)
        assert problem["code"] == code
    early = await story.ask("POST", f"/v1/calls/{CALL}/parties", ANNA, status=409, json={"number": "030 1234567"})
    assert early["code"] == "not_consulting"
    found = await story.ask("GET", "/v1/decisions?kind=transfer.refused", ANNA)
    codes = [each["detail"]["code"] for each in found["items"]]
    assert codes == ["invalid_number", *["number_not_allowed"] * 3, "external_not_allowed"]
    assert (await story.ask("GET", "/v1/decisions", BEN))["items"] == []
    made = await story.ask("GET", "/v1/decisions?kind=offer.made", ANNA)
    assert made["items"][0]["call"] == CALL


async def test_given_a_talk_when_held_and_resumed_then_the_stage_says_so(story: Story) -> None:
    await talking(story)
    held = await story.ask("POST", f"/v1/calls/{CALL}:hold", ANNA, status=202)
    assert held["stage"] == "held"
    resumed = await story.ask("POST", f"/v1/calls/{CALL}:resume", ANNA, status=202)
    assert resumed["state"] in ("consulting", "talking")
    assert resumed["stage"] != "held"


async def test_given_a_consulted_agent_when_they_hang_up_on_the_page_then_the_call_is_not_theirs_any_more(
    story: Story,
) -> None:
    await talking(story)
    await consulting(story)
    await story.ask("POST", f"/v1/calls/{CALL}:hangup", BEN, status=202)
    await story.ask("GET", f"/v1/calls/{CALL}", BEN, status=404)
    call = await stage(story, "returning")
    assert call["transfer"]["failure"] == "target_hung_up"

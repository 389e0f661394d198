"""Today's numbers: when the day begins, who may see them, and that a wallboard is told by itself."""

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from test_web_push import call_event, event, silence, stream
from web_fakes import CRM_TOKEN, WATCH_TOKEN
from web_samples import ANNA, BEN, CLEO, NOW, SALES, a_call, a_transfer, offered, over, talking
from web_served import Serve, Served
from web_story import Story, arrival

from callbridge.domain.model.agents import PhoneState
from callbridge.domain.model.facts import ChannelEntered, PbxSeen
from callbridge.domain.model.ids import TransferId
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.transfer import Destination, DestinationKind, TransferKind, TransferState
from callbridge.web import Limits
from callbridge.web.today import day


@pytest.mark.parametrize(
    ("now", "zone", "begin", "end"),
    [
        ("2026-11-22T12:00+00:00", "UTC", "2026-11-22T00:00+00:00", "2026-11-23T00:00+00:00"),
        ("2026-11-22T22:59+00:00", "Europe/Berlin", "2026-11-21T23:00+00:00", "2026-11-22T23:00+00:00"),
        ("2026-11-22T23:00+00:00", "Europe/Berlin", "2026-11-22T23:00+00:00", "2026-11-23T23:00+00:00"),
        # Clocks go forward and back: days of 23 and 25 hours.
        ("2026-03-29T12:00+00:00", "Europe/Berlin", "2026-03-28T23:00+00:00", "2026-03-29T22:00+00:00"),
        ("2026-10-25T12:00+00:00", "Europe/Berlin", "2026-10-24T22:00+00:00", "2026-10-25T23:00+00:00"),
        # There is no midnight: the day begins at one.
        ("2026-09-06T12:00+00:00", "America/Santiago", "2026-09-06T04:00+00:00", "2026-09-07T03:00+00:00"),
        # The hour before midnight comes twice.
        ("2026-04-05T03:30+00:00", "America/Santiago", "2026-04-04T03:00+00:00", "2026-04-05T04:00+00:00"),
        ("2026-11-22T12:00+00:00", "Pacific/Kiritimati", "2026-11-22T10:00+00:00", "2026-11-23T10:00+00:00"),
    ],
)
def test_given_a_moment_when_asked_for_its_day_then_it_begins_at_the_sites_midnight(
    now: str, zone: str, begin: str, end: str
) -> None:
    found = day(datetime.fromisoformat(now).timestamp(), zone)
    assert tuple(datetime.fromtimestamp(each, UTC) for each in found) == (
        datetime.fromisoformat(begin),
        datetime.fromisoformat(end),
    )


def a_day(served: Served) -> None:
    handled, abandoned = (
        over(talking(a_call(1), ANNA)),
        over(offered(a_call(2), BEN, OfferState.TIMED_OUT), handled=False),
    )
    yesterday = over(talking(a_call(3, arrived_at=NOW - 86_400), ANNA))
    for call in (handled, abandoned, yesterday, talking(a_call(4), ANNA)):
        served.archive.keep(call)
    to_agent = Destination(kind=DestinationKind.AGENT, value=BEN)
    for number, changes in enumerate(
        (
            {"state": TransferState.WAITING},
            {"state": TransferState.OFFERED},
            {"state": TransferState.COMPLETED},
            {"state": TransferState.FAILED, "destination": to_agent, "kind": TransferKind.SUPERVISED},
            {"state": TransferState.COMPLETED, "made_at": NOW - 86_400},
        )
    ):
        transfer = a_transfer(a_call(1), ANNA, **{"id": TransferId(f"t-{number}"), **changes})
        served.archive.stored_transfers[transfer.id] = transfer


async def test_given_a_day_when_a_supervisor_or_service_asks_then_what_came_of_calls_offers_and_transfers(
    serve: Serve,
) -> None:
    served = await serve()
    a_day(served)
    for who in (CLEO, CRM_TOKEN):
        status, today, _ = await served.ask("GET", "/v1/statistics/today", who)
        assert status == 200
        assert today == {
            # 2027-01-15, 09:00 in Berlin.
            "since": "2027-01-14T23:00:00Z",
            "until": "2027-01-15T23:00:00Z",
            "timezone": "Europe/Berlin",
            "calls": {"arrived": 3, "live": 1, "handled": 1, "abandoned": 1, "fallback": 0, "lost_sight": 0},
            "offers": {
                "made": 3,
                "pending": 0,
                "accepted": 2,
                "rejected": 0,
                "timed_out": 1,
                "cancelled": 0,
                "rescinded": 0,
            },
            "transfers": [
                {"kind": "supervised", "destination": "agent", "outcome": "failed", "count": 1},
                {"kind": "unsupervised", "destination": "group", "outcome": "completed", "count": 1},
                {"kind": "unsupervised", "destination": "group", "outcome": "under_way", "count": 2},
            ],
        }


@pytest.mark.parametrize("who", [ANNA, WATCH_TOKEN])
async def test_given_no_right_to_all_calls_when_asking_for_the_numbers_then_403(serve: Serve, who: str) -> None:
    served = await serve()
    status, problem, _ = await served.ask("GET", "/v1/statistics/today", who)
    assert (status, problem["code"]) == (403, "scope_missing")
    assert served.archive.counted == []


async def test_given_an_archive_that_is_away_when_asking_then_503(serve: Serve) -> None:
    served = await serve()
    served.archive.broken = True
    status, problem, _ = await served.ask("GET", "/v1/statistics/today", CLEO)
    assert (status, problem["code"]) == (503, "store_unavailable")


async def test_given_a_wallboard_when_it_begins_and_when_numbers_change_then_it_is_told_and_agents_are_not(
    serve: Serve,
) -> None:
    served = await serve()
    async with stream(served, CLEO, "?view=all") as wallboard, stream(served, ANNA) as anna:
        await event(anna)
        assert (await event(wallboard))["type"] == "snapshot"
        first = await event(wallboard, "statistics")
        assert first["data"]["calls"]["arrived"] == 0
        a_day(served)
        served.hub.publish([call_event(a_call(), "call.updated")])
        assert (await event(wallboard, "statistics"))["data"]["calls"]["arrived"] == 3
        await silence(anna)
        async with stream(served, CRM_TOKEN) as late:
            assert (await event(late, "statistics"))["data"]["calls"]["arrived"] == 3


async def test_given_much_that_happens_when_counted_then_at_most_once_in_the_pause_and_only_what_changed_is_told(
    serve: Serve,
) -> None:
    served = await serve(limits=Limits(batch=10.0, statistics=0.2))
    async with stream(served, CLEO, "?view=all") as wallboard:
        await event(wallboard, "statistics")
        asked, began = len(served.archive.counted), time.monotonic()
        while time.monotonic() - began < 0.7:
            served.hub.publish([call_event(a_call(), "call.updated")])
            await asyncio.sleep(0.01)
        assert 2 <= len(served.archive.counted) - asked <= 5
        seen = []
        while True:
            try:
                seen.append((await wallboard.receive_json(timeout=0.3))["type"])
            except TimeoutError:
                break
        assert "statistics" not in seen


async def test_given_nobody_who_watches_when_much_happens_then_nothing_is_counted(serve: Serve) -> None:
    served = await serve()
    async with stream(served, ANNA) as anna:
        await event(anna)
        for _ in range(3):
            served.hub.publish([call_event(a_call(), "call.updated")])
            await asyncio.sleep(0.05)
    assert served.archive.counted == []


async def test_given_an_archive_that_comes_back_when_watched_then_the_numbers_come_too(serve: Serve) -> None:
    served = await serve(limits=Limits(statistics=0.02))
    served.archive.broken = True
    async with stream(served, CLEO, "?view=all") as wallboard:
        await event(wallboard)
        await asyncio.sleep(0.1)
        served.archive.broken = False
        await event(wallboard, "statistics")


async def test_given_midnight_when_nothing_happens_then_the_new_day_is_told(serve: Serve) -> None:
    served = await serve()
    a_day(served)
    async with stream(served, CRM_TOKEN) as wallboard:
        assert (await event(wallboard, "statistics"))["data"]["calls"]["arrived"] == 3
        served.clock.now = day(NOW, "Europe/Berlin")[1] - 0.2
        served.hub.publish([call_event(a_call(), "call.updated")])
        await asyncio.sleep(0.15)
        served.clock.now += 0.3
        new = (await event(wallboard, "statistics"))["data"]
        assert (new["calls"]["arrived"], new["since"]) == (0, "2027-01-15T23:00:00Z")


# ---------------------------------------------------------------- the supervisor's view, on the real loop and store


async def test_given_a_wallboard_when_a_caller_is_served_then_it_shows_each_step_without_asking(story: Story) -> None:
    await story.log_in(ANNA)
    await story.log_in(CLEO)
    phones = {"PJSIP/anna": PhoneState.IDLE}
    story.runtime.put(PbxSeen(taken_at=time.time(), channels=(), phones=phones))
    protocols = ["callbridge.v1", f"bearer.{story.tokens[CLEO]}"]
    calls: dict[str, Any] = {}
    agents: dict[str, Any] = {}
    groups: dict[str, Any] = {}
    today: dict[str, Any] = {}
    async with story.http.ws_connect(story.url + "/v1/ws?view=all", protocols=protocols) as ws:

        async def until(fits: Any) -> None:
            async with asyncio.timeout(5):
                while not fits():
                    found = await ws.receive_json()
                    data = found["data"]
                    match found["type"]:
                        case "snapshot":
                            agents.update({each["id"]: each for each in data["directory"]["agents"]})
                            groups.update({each["id"]: each for each in data["directory"]["groups"]})
                        case "directory":
                            agents.update({each["id"]: each for each in data["agents"]})
                            groups.update({each["id"]: each for each in data["groups"]})
                        case "call.updated" | "call.ended":
                            calls[data["call"]["id"]] = data["call"]
                        case "statistics":
                            today.update(data)

        await until(lambda: today and agents)
        assert (groups["windows"]["available"], groups["windows"]["logged_in"]) == (1, 1)
        assert groups["sales"]["available"] == 1
        story.runtime.put(ChannelEntered(fact=arrival()))
        await until(lambda: agents[ANNA]["state"] == "offered" and groups["windows"]["waiting"] == 1)
        await until(lambda: today["calls"]["live"] == 1 and today["offers"]["pending"] == 1)
        (call,) = calls.values()
        await story.ask("POST", f"/v1/offers/{call['offer'] or call['id'] + '-offer-1'}:accept", ANNA)
        await until(lambda: calls[call["id"]]["agent"] == ANNA)
        assert calls[call["id"]]["state"] == "connecting"
        await until(lambda: agents[ANNA]["calls"] == 1 and groups["windows"]["waiting"] == 0)
        await until(lambda: today["offers"]["accepted"] == 1)
        await story.ask("PUT", "/v1/me/state", CLEO, json={"state": "busy", "reason": "lunch"})
        await until(lambda: (agents[CLEO]["state"], agents[CLEO]["reason"]) == ("busy", "lunch"))
        assert groups["sales"]["available"] == 0


async def test_given_a_group_when_a_phone_goes_away_or_waits_become_known_then_the_stream_says_so(serve: Serve) -> None:
    served = await serve(a_call(1))
    async with stream(served, CLEO) as ws:
        first = (await event(ws))["data"]["directory"]
        windows = next(group for group in first["groups"] if group["id"] == "windows")
        assert (windows["waiting"], windows["expected_wait"]) == (1, 0.0)
        world = served.gateway.world
        world.phones["PJSIP/cleo"] = PhoneState.UNREACHABLE
        world.waits[SALES] = (10.0, 20.0)
        world.agents[CLEO] = replace(world.agents[CLEO], offer=None, wrap_up_until=NOW + 5)
        served.hub.publish([])
        changed = (await event(ws, "directory"))["data"]
        assert [(agent["id"], agent["phone"]) for agent in changed["agents"]] == [("cleo", "unreachable")]
        assert [(each["id"], each["expected_wait"], each["available"]) for each in changed["groups"]] == [
            ("sales", 15.0, 0)
        ]

"""Two hundred calls through a group of ten agents, with everything that people do, at every moment.

Among the callers are such as come by a ring group or a reception, and such as tear the PBX's messages.
"""

import json
import os
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio
from crowd import Crowd, number_of
from crowd_strangers import DIALPLAN, RECEPTIONS, Strangers, by_reception, by_ring_group, is_hostile

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

pytestmark = pytest.mark.live

AGENTS = ["anna", "bernd", "carla", "dora", "emil", "frida", "georg", "hanna", "ivo", "jana"]
CALLS = 200
AT_ONCE = 18
SEED = int(os.environ.get("CALLBRIDGE_CROWD_SEED", "7"))
"""Another one makes another day."""
LISTEN_EVERY = 20
OPTIONS = {
    "offer_timeout": 3,
    "answer_timeout": 2,
    "wrap_up": 0.2,
    "reject_pause": 1,
    "transfers": {"max_wait": 4},
}
DIDS = {"5550100": "support", "5550200": "sales"}
GROUPS = {
    "support": AGENTS,
    "sales": AGENTS[:4],
    "empty": {"members": [], "max_wait": 2},
}


@pytest_asyncio.fixture(scope="module")
async def strangers() -> AsyncIterator[Strangers]:
    """After their run: everybody has hung up, agents are still logged in and the gateway is up."""
    async with (
        Lab(agents=AGENTS, inside=list(RECEPTIONS), dids=DIDS, dialplan=DIALPLAN) as lab,
        Site(lab, groups=GROUPS, options=OPTIONS) as site,
    ):
        made = Crowd(lab, site, AGENTS, seed=SEED, listen_every=LISTEN_EVERY)
        strangers = Strangers(made)
        try:
            await made.run(CALLS, at_once=AT_ONCE, ways=dict(strangers.ways(CALLS)), beside=strangers.here)
            await lab.wait_no_channels(15)
            await made.all_over()
            yield strangers
        finally:
            await made.all.leave()


@pytest.fixture
def crowd(strangers: Strangers) -> Crowd:
    return strangers.crowd


def rows(crowd: Crowd, query: str, *values: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{crowd.site.folder / 'callbridge.db'}?mode=ro", uri=True)) as store:
        return store.execute(query, values).fetchall()


def calls(crowd: Crowd) -> dict[str, Any]:
    """The calls as the store has them, by the caller's number; the last one where a reception asked again for them."""
    found = [json.loads(document) for (document,) in rows(crowd, "SELECT document FROM calls")]
    by_number = {crowd.is_behind(call): call for call in sorted(found, key=lambda call: float(call["arrived_at"]))}
    assert len(by_number) == len(found) - crowd.did["reception asks again"], "one caller became two calls"
    return by_number


def overlapping(times: Iterable[tuple[float, float, str]]) -> list[str]:
    """Pairs of intervals (begin, end, name) of which one began before the other had ended."""
    return [f"{name} and {other}" for (_, end, name), (begin, _, other) in pairwise(sorted(times)) if begin < end]


async def test_given_two_hundred_callers_when_everybody_does_as_they_like_then_nobody_is_lost(crowd: Crowd) -> None:
    stored = calls(crowd)
    unexplained = []
    for number in (number_of(caller) for caller in range(1, CALLS + 1)):
        line, call = crowd.lines[number], stored.get(number)
        assert line.ended
        outcome = call and call["outcome"]
        kinds = {kind for (kind,) in rows(crowd, "SELECT kind FROM history WHERE call = ?", call["id"])} if call else ()
        if outcome == "fallback":
            fair = "call.to_fallback" in kinds
        elif outcome == "handled":
            fair = "call.connected" in kinds and (number in crowd.left or number in crowd.let_go)
        else:  # abandoned, or gone before they were in the queue
            fair = number in crowd.left
        if not fair:
            unexplained.append(f"{number}: {outcome}, cause {line.legs[0].cause}, {sorted(kinds)}")
    assert not unexplained


async def test_given_two_hundred_callers_when_over_then_most_of_them_were_served(crowd: Crowd) -> None:
    outcomes = Counter(call["outcome"] for call in calls(crowd).values())
    print(dict(outcomes), *crowd.did.most_common(), sep="\n  ")
    assert outcomes["handled"] > CALLS * 0.4
    assert outcomes["fallback"] > 0, "the run no longer gets as far as the dialplan's fallback"
    for kind in ("offer.rejected", "offer.timed_out", "offer.cancelled", "offer.rescinded", "transfer.completed"):
        [(count,)] = rows(crowd, "SELECT count(*) FROM history WHERE kind = ?", kind)
        assert count > 0, f"the run no longer gets as far as {kind}"


async def test_given_receptions_that_transfer_when_over_then_the_calls_are_their_callers(
    crowd: Crowd, strangers: Strangers
) -> None:
    put_through = strangers.put_through
    for when in ("waits", "talks"):
        assert crowd.did[f"reception transfers while it {when}"] > 0
    stored = {call["id"]: call["caller_number"] for call in calls(crowd).values()}
    assert {call: stored[call] for call in put_through} == put_through
    for call in put_through:
        kinds = rows(crowd, "SELECT kind FROM history WHERE call = ?", call)
        assert ("call.caller_replaced",) in kinds, call


@pytest.mark.parametrize("who", [by_reception, by_ring_group, is_hostile])
async def test_given_callers_of_every_kind_when_over_then_some_of_them_were_served(
    crowd: Crowd, who: Callable[[int], bool]
) -> None:
    stored = calls(crowd)
    numbers = [number_of(caller) for caller in range(1, CALLS + 1) if who(caller)]
    outcomes = Counter(stored[number]["outcome"] for number in numbers if number in stored)
    assert outcomes["handled"] > 0, outcomes


async def test_given_ten_agents_when_over_then_nobody_was_shown_two_offers_at_once(crowd: Crowd) -> None:
    for person in crowd.people.values():
        pending: list[str] = []
        for event in person.events:
            assert event["type"] != "snapshot" or event is person.events[0], f"{person.name}'s stream was cut"
            if event["type"] == "offer.made":
                # Told again where another one has taken the caller's place.
                offer = event["data"]["offer"]["id"]
                assert pending in ([], [offer]), f"{person.name} got {offer} while having {pending}"
                pending = [offer]
            elif event["type"] == "offer.ended":
                assert pending == [event["data"]["offer"]["id"]]
                pending.clear()
            elif event["type"] == "agent" and event["data"]["offer"]:
                assert not pending or pending == [event["data"]["offer"]]
        assert not pending


async def test_given_ten_agents_when_over_then_the_store_has_no_two_offers_of_one_agent_at_once(crowd: Crowd) -> None:
    of_agent: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    of_call: dict[str, list[tuple[float, float, str]]] = defaultdict(list)
    for (document,) in rows(crowd, "SELECT document FROM offers"):
        offer = json.loads(document)
        for where in (of_agent[offer["agent"]], of_call[offer["call"]]):
            where.append((offer["made_at"], offer["ended_at"], offer["id"]))
    assert set(of_agent) == set(AGENTS)
    for name, times in (of_agent | of_call).items():
        assert not overlapping(times), name


async def test_given_calls_that_are_over_then_every_agent_is_free_and_nothing_is_left_anywhere(crowd: Crowd) -> None:
    agents = (await crowd.all.get("/v1/agents"))["items"]
    assert {agent["id"]: (agent["state"], agent["calls"]) for agent in agents} == dict.fromkeys(
        AGENTS, ("available", 0)
    )
    assert await crowd.lab.channels() == []
    assert (await crowd.all.get("/v1/calls"))["items"] == []
    for left in (
        "SELECT id, state FROM calls WHERE ended_at IS NULL OR state != 'ended'",
        "SELECT * FROM reservations",
        "SELECT id FROM transfers WHERE NOT ended",
        "SELECT id FROM offers WHERE NOT ended",
        "SELECT id FROM calls WHERE unreadable IS NOT NULL",
    ):
        assert rows(crowd, left) == [], left
    for (document,) in rows(crowd, "SELECT document FROM agents"):
        agent = json.loads(document)
        assert (agent["offer"], agent["calls"]) == (None, []), agent["id"]


async def test_given_calls_that_are_over_then_nothing_happened_that_should_not(crowd: Crowd) -> None:
    async with crowd.site.http.get("/metrics") as answer:
        metrics = dict(re.findall(r"^(callbridge_\w+) (\S+)$", await answer.text(), re.MULTILINE))
    assert float(metrics["callbridge_anomalies_total"]) == 0
    for name in ("inbox_overflows_total", "save_failures_total"):
        assert float(metrics[f"callbridge_{name}"]) == 0, name
    for name in ("ami_unstamped_total", "ami_garbage_total"):
        assert float(metrics[f"callbridge_{name}"]) > 0, "who is hostile no longer tears anything"
    lines = [json.loads(line) for line in crowd.site.log.splitlines()]
    assert [line for line in lines if line["level"] in ("error", "critical")] == []
    print(
        Counter(f"{line['event']}: {line.get('why') or line.get('action')}" for line in lines if "request" not in line)
    )


async def test_given_every_twentieth_caller_when_connected_then_they_heard_their_agent_alone(crowd: Crowd) -> None:
    assert len(set(crowd.listened)) > CALLS / LISTEN_EVERY / 3, crowd.listened

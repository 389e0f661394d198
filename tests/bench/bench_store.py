"""How long the store takes for batches of effects, and what batching saves.

    python tests/bench/bench_store.py [sqlite:///path | postgresql://... ]

Without a URL: a new SQLite file here, then a private PostgreSQL that, unlike in the tests, waits for the disk.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "contract"))

import postgres
from store_samples import ANNA, a_call, a_pop, a_reserve, a_transfer, an_offer

from callbridge.domain.model.agents import Agent
from callbridge.domain.model.calls import HistoryEntry
from callbridge.domain.model.effects import Record, ReleaseReservation, SaveAgent, SaveCall, StoreEffect
from callbridge.domain.model.ids import AgentId, CallId, OfferId
from callbridge.store import Store

SIZES = (1, 10, 100)
EFFECTS = 1000
"""Effects for each size."""


def effects(count: int) -> list[StoreEffect]:
    """What a busy gateway saves: half calls with all their parts, a quarter agents, a quarter history."""
    made: list[StoreEffect] = []
    for number in range(count):
        name = f"c-{number % 200}"
        if number % 4 in (0, 1):
            parts = {"offer": an_offer(f"{name}-o", name), "pop": a_pop(f"{name}-p", name)}
            call = a_call(name, attempts=number, agent=ANNA, transfer=a_transfer(f"{name}-t", name), **parts)
            made.append(SaveCall(call=call))
        elif number % 4 == 2:
            made.append(SaveAgent(agent=Agent(id=AgentId(f"agent-{number % 50}"), since=float(number))))
        else:
            made.append(
                Record(entry=HistoryEntry(at=time.time(), call=CallId(name), kind="bench", detail={"n": number}))
            )
    return made


async def timed(store: Store, batches: Sequence[Sequence[StoreEffect]]) -> list[float]:
    times = []
    for batch in batches:
        begun = time.perf_counter()
        async with store.transaction() as transaction:
            await transaction.apply(batch)
        times.append(time.perf_counter() - begun)
    return times


async def bench(title: str, url: str) -> None:
    store = await Store.open(url)
    print(f"\n{title}\n{'effects':>8} {'median':>10} {'p99':>10} {'per effect':>12} {'effects/s':>10} {'gain':>6}")
    await timed(store, [effects(20)])
    single = 0.0
    for size in SIZES:
        made = effects(EFFECTS)
        times = await timed(store, [made[start : start + size] for start in range(0, EFFECTS, size)])
        each = sum(times) / EFFECTS
        single = single or each
        median, late = statistics.median(times) * 1e3, sorted(times)[int(len(times) * 0.99) - 1] * 1e3
        costs = f"{each * 1e6:>9.0f} us {1 / each:>10.0f} {single / each:>5.1f}x"
        print(f"{size:>8} {median:>7.2f} ms {late:>7.2f} ms {costs}")
    agents = [AgentId(f"agent-{number}") for number in range(30)]
    reserving = await timed(
        store, [[a_reserve(f"o-{n}", *agents), ReleaseReservation(offer=OfferId(f"o-{n}"))] for n in range(200)]
    )
    print(f"reserve one of 30 and release, one transaction: {statistics.median(reserving) * 1e3:.2f} ms")
    begun = time.perf_counter()
    calls, _ = await store.load()
    print(f"load of {len(calls)} calls: {(time.perf_counter() - begun) * 1e3:.1f} ms")
    begun = time.perf_counter()
    await asyncio.gather(*(store.calls(agent=ANNA, limit=50) for _ in range(100)))
    print(f"page of 50 calls: {(time.perf_counter() - begun) * 10:.2f} ms")
    await store.close()


async def main(urls: Sequence[str]) -> None:
    for url in urls:
        await bench(url.partition(":")[0], url)
    if urls:
        return
    with tempfile.TemporaryDirectory(dir=".") as place:
        await bench("sqlite", f"sqlite:///{place}/bench.db")
    postgres._FAST.update(fsync="on", synchronous_commit="on", full_page_writes="on")
    server = postgres.Postgres()
    try:
        await bench("postgresql", server.url())
    finally:
        server.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))

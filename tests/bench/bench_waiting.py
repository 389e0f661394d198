"""What waiting callers cost the PBX and the gateway, beside callers who wait in app_queue and in plain music on hold.

    python tests/bench/bench_waiting.py [callers] [seconds] [rounds]

A private Asterisk, so many callers through its trunk, all of them waiting; the processor time of the PBX over so many
seconds in which nothing happens, and of the gateway. The three kinds come one after the other in each round, and what
it costs while nobody calls is measured first and taken off. The ratio to app_queue is what says something; percents of
a core are this machine's.
"""

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site

SUPPORT, QUEUE, MUSIC = "5550100", "5550601", "5550602"
DIALPLAN = f"""
[from-carrier]
exten => {QUEUE},1,Answer()
 same => n,Queue(bench)
exten => {MUSIC},1,Answer()
 same => n,MusicOnHold(default)
"""
QUEUES = "[general]\n[bench]\nmusicclass=default\nstrategy=ringall\njoinempty=yes\nleavewhenempty=no\n"
AT_ONCE = 20
SETTLE = 3.0
TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(pid: int) -> float:
    """Of all threads of the process, since it began."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


async def measure(pids: dict[str, int], seconds: float) -> dict[str, float]:
    """Percent of a core, of each process."""
    await asyncio.sleep(SETTLE)
    began, before = time.monotonic(), {name: processor_seconds(pid) for name, pid in pids.items()}
    await asyncio.sleep(seconds)
    took = time.monotonic() - began
    return {name: 100 * (processor_seconds(pid) - before[name]) / took for name, pid in pids.items()}


async def callers(lab: Lab, did: str, many: int) -> float:
    """So many, all up; seconds that the last of them took."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> Caller:
        async with slots:
            caller = await lab.bank.call(from_number=f"+49301{number:06}", did=did, line=f"w{number}", crowd=True)
            await caller.wait_up(60)
            return caller

    began = time.monotonic()
    await asyncio.gather(*(one(number) for number in range(many)))
    return time.monotonic() - began


async def snapshot_seconds(lab: Lab) -> float:
    """How long the PBX takes to list its channels, as each look of the gateway's does."""
    began = time.monotonic()
    await (await lab.ami()).list_action("CoreShowChannels", within=60)
    return time.monotonic() - began


async def main(many: int, seconds: float, rounds: int) -> None:
    async with (
        Lab(agents=["anna"], dids={SUPPORT: "support"}, dialplan=DIALPLAN) as lab,
        Site(lab, groups={"support": {"members": ["anna"], "max_wait": 3600}}) as site,
    ):
        ami = await lab.ami()
        (lab.pbx.folder / "etc" / "queues.conf").write_text(QUEUES)
        await ami.action("ModuleLoad", Module="app_queue.so", LoadType="load")
        if "bench" not in await ami.command("queue show bench"):
            sys.exit("This Asterisk has no app_queue to compare with")
        pids = {"pbx": lab.pbx.pid or 0, "gateway": site.pid or 0}
        rest = await measure(pids, seconds)
        print(f"nobody: PBX {rest['pbx']:.1f} %, gateway {rest['gateway']:.1f} % of a core")
        found: dict[str, list[dict[str, float]]] = {}
        for turn in range(rounds):
            for kind, did in (("app_queue", QUEUE), ("music on hold", MUSIC), ("callbridge", SUPPORT)):
                took = await callers(lab, did, many)
                used = await measure(pids, seconds)
                used["list"] = await snapshot_seconds(lab)
                found.setdefault(kind, []).append(used)
                print(
                    f"round {turn + 1}, {many} in {kind}: PBX {used['pbx'] - rest['pbx']:.1f} %, "
                    f"gateway {used['gateway'] - rest['gateway']:.1f} %, listed in {used['list'] * 1000:.0f} ms, "
                    f"all there after {took:.1f} s",
                    flush=True,
                )
                await lab.reset(60)
        typical = {kind: statistics.median(each["pbx"] - rest["pbx"] for each in all) for kind, all in found.items()}
        ours = typical["callbridge"]
        print(
            f"{many} waiting callers cost the PBX {ours / typical['app_queue']:.2f} times what they cost in app_queue, "
            f"{ours / typical['music on hold']:.2f} times what they cost in music on hold"
        )


if __name__ == "__main__":
    given = [*sys.argv[1:], *("300", "20", "3")[len(sys.argv) - 1 :]]
    asyncio.run(main(int(given[0]), float(given[1]), int(given[2])))

"""`make explore`: every start, on all cores, within the time that is given."""

import argparse
import gc
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing import Pool
from typing import NamedTuple

from explorer.shrink import shrunk
from explorer.starts import STARTS
from explorer.transcript import transcript
from explorer.walk import Explorer, Result

DEPTH, SECONDS = 3, 540.0
_COMPLETE, _RANDOM = 0.9, 0.35
"""Parts of the time: until when complete walks may go on; how much of what is left for a start is for random ones."""


class Task(NamedTuple):
    """One start, and its place among all: each gets its share of the time that is left then."""

    start: str
    slow: bool
    depth: int
    seed: int
    begin: float
    end: float
    """Of all tasks, by `time.monotonic`."""
    workers: int
    others: int
    """Starts that come after this one."""


def explore(task: Task) -> Result:
    """Everything to the depth, and then at random."""
    gc.disable()  # there are no cycles, and a great many objects
    begin = time.monotonic()
    explorer = Explorer(task.start, slow=task.slow)
    explorer.exhaust(task.depth, task.begin + (task.end - task.begin) * _COMPLETE)
    if explorer.result.found is None:
        now = time.monotonic()
        explorer.wander(task.seed, now + (task.end - now) * _RANDOM * task.workers / (task.others + 1))
    result = explorer.result
    if result.found is not None:
        result.found = shrunk(result.found)
    result.seconds = time.monotonic() - begin
    return result


def line(result: Result) -> str:
    name = result.start + (", slow PBX" if result.slow else "")
    bad = "  VIOLATION" if result.found else ""
    complete = f"complete to {result.depth}"
    return (
        f"{name:40} {complete:13} {result.schedules:9,} schedules {result.states:9,} states"
        f" {result.walks:6,} walks {result.seconds:6.1f} s{bad}"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make explore", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"for all of it (default {SECONDS:.0f})")
    parser.add_argument("--depth", type=int, default=DEPTH, help=f"of the complete walks (default {DEPTH})")
    parser.add_argument("--seed", type=int, default=1, help="of the random walks (default 1)")
    parser.add_argument("--start", choices=[*STARTS], metavar="NAME", help="only this one: " + "; ".join(STARTS))
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    options = parser.parse_args(arguments)
    names = [options.start] if options.start else list(STARTS)
    units = [(name, slow) for slow in (False, True) for name in names]
    begin = time.monotonic()
    end = begin + options.seconds
    tasks = [
        Task(name, slow, options.depth, options.seed, begin, end, options.workers, len(units) - index)
        for index, (name, slow) in enumerate(units, 1)
    ]
    results: list[Result] = []
    with Pool(options.workers) as pool:
        for result in pool.imap_unordered(explore, tasks):
            results.append(result)
            print(line(result), flush=True)
    for result in results:
        if result.found is not None:
            print()
            print(transcript(result.found))
    schedules, states = sum(each.schedules for each in results), sum(each.states for each in results)
    violations = sum(each.found is not None for each in results)
    depth = min(each.depth for each in results)
    print(f"complete to depth {depth} from {len(units)} starts in {time.monotonic() - begin:.0f} s")
    print(f"explored {schedules:,} schedules, {states:,} states, {violations} violations")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())

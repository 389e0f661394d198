"""`make explore`: every start, on all cores, within the time that is given."""

import argparse
import gc
import os
import sys
import time
from collections.abc import Sequence
from multiprocessing import Pool

from explorer.shrink import shrunk
from explorer.starts import STARTS
from explorer.transcript import transcript
from explorer.walk import Explorer, Result

DEPTH, SECONDS = 3, 540.0
_COMPLETE = 0.7
"""The part of the time that the complete walks may take at most; the rest is for the random ones."""


def explore(name: str, slow: bool, depth: int, seed: int, complete_until: float, seconds: float) -> Result:
    """One start: everything to this depth, until that time (of `time.monotonic`); and for so long at random."""
    gc.disable()  # there are no cycles, and a great many objects
    begin = time.monotonic()
    explorer = Explorer(name, slow=slow)
    explorer.exhaust(depth, complete_until)
    if explorer.result.found is None:
        explorer.wander(seed, time.monotonic() + seconds)
    result = explorer.result
    if result.found is not None:
        result.found = shrunk(result.found)
    result.seconds = time.monotonic() - begin
    return result


def _one(task: tuple[str, bool, int, int, float, float]) -> Result:
    return explore(*task)


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
    until = begin + options.seconds * _COMPLETE
    seconds = options.seconds * (1 - _COMPLETE) * min(options.workers, len(units)) / len(units)
    tasks = [(name, slow, options.depth, options.seed, until, seconds) for name, slow in units]
    results: list[Result] = []
    with Pool(options.workers) as pool:
        for result in pool.imap_unordered(_one, tasks):
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

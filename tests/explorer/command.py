"""`make explore`: every start, on all cores, within the time that is given."""

import argparse
import gc
import os
import time
from collections import Counter
from collections.abc import Sequence
from multiprocessing import get_context
from typing import NamedTuple

from explorer.shrink import shrunk
from explorer.starts import STARTS
from explorer.transcript import transcript
from explorer.walk import Explorer, Result

DEPTH, SECONDS = 3, 540.0
_COMPLETE = 0.85
"""The part of the time that the complete walks may take; the rest is for the random ones."""


class Task(NamedTuple):
    start: str
    slow: bool
    depth: int
    seed: int | None
    """Of random walks; None: the complete ones."""
    until: float
    """By `time.monotonic`; for random walks how many seconds."""


def explore(task: Task) -> Result:
    gc.disable()  # there are no cycles, and a great many objects
    begin = time.monotonic()
    explorer = Explorer(task.start, slow=task.slow)
    if task.seed is None:
        explorer.exhaust(task.depth, task.until)
    else:
        explorer.wander(task.seed, begin + task.until, beyond=task.depth)
    result = explorer.result
    if result.found is not None:
        result.found = shrunk(result.found)
    result.seconds = time.monotonic() - begin
    return result


def line(result: Result) -> str:
    name = result.start + (", slow PBX" if result.slow else "")
    how = f"{result.walks:,} walks" if result.walks else f"complete to {result.depth}"
    bad = "  VIOLATION" if result.found else ""
    counts = f"{result.schedules:9,} schedules {len(result.states):9,} states"
    return f"{name:40} {how:13} {counts} {result.seconds:6.1f} s{bad}"


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
    results: list[Result] = []
    # New processes, not copies: in a test run this one has threads, whose locks a copy would wait for. One seed, so
    # that all have the same hashes.
    os.environ["PYTHONHASHSEED"] = "0"
    with get_context("spawn").Pool(options.workers) as pool:

        def run(seed: int | None, until: float) -> None:
            tasks = [Task(name, slow, options.depth, seed, until) for name, slow in units]
            for result in pool.imap_unordered(explore, tasks):
                results.append(result)
                print(line(result), flush=True)
                if result.found is not None:
                    print(f"\n{transcript(result.found)}\n", flush=True)

        run(None, begin + options.seconds * _COMPLETE)
        depth = min(result.depth for result in results)
        if not any(result.found for result in results):
            left = begin + options.seconds - time.monotonic()
            run(options.seed, max(left, 0.0) * options.workers / len(units))
    schedules = sum(each.schedules for each in results)
    states: set[tuple[str, bool, int]] = set()
    for each in results:
        states |= {(each.start, each.slow, key) for key in each.states}
    violations = sum(each.found is not None for each in results)
    print(f"complete to depth {depth} from {len(units)} starts, in {time.monotonic() - begin:.0f} s")
    kinds: Counter[str] = Counter()
    for each in results:
        kinds += each.kinds
    happened = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()) if not kind.startswith(";"))
    wrong = ", ".join(f"{kind[2:]} {count:,}" for kind, count in sorted(kinds.items()) if kind.startswith(";"))
    print(
        f"explored {schedules:,} schedules, {len(states):,} states, with {happened}; and what went wrong with the"
        f" actions that followed: {wrong or 'nothing'}; {violations} violations"
    )
    return 1 if violations else 0

"""Breaks the domain in one place at a time (a comparison, a constant, an order that is left out) and runs its tests:
golden records, tests/domain, a short walk of the explorer. Whoever survives shows what no test looks at, or code that
does nothing.

First everything runs once on the unchanged sources, which also shows which tests run through which lines; each mutant
then meets only those that can notice it, the quick ones first. Ends with 1 where less than 95 % are killed, where a
survivor is not in tests/mutants/survivors.txt with a reason, and where one in there is killed or no longer exists.
"""

# Why not a tool that others keep: mutmut (3.8) is well kept and fast, but changes functions alone, no states, settings
# and defaults, leaves out what is decorated, and takes no sample by a seed. cosmic-ray (8.7) starts a test run of its
# own on changed files for each mutant (here some seconds before the first test has told anything) and samples by no
# seed either. mutatest (3.1) has seeds, but was made for Python 3.7 and has been left alone since 2022. None takes the
# golden records without pytest before all else: that, and copies of one process, make a trial cheap here.

import argparse
import ast
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from difflib import unified_diff

from mutants.coverage import Coverage
from mutants.mutations import Mutant, changed, file_of, mutants
from mutants.survivors import known
from mutants.trials import Outcome, Plan, tried, unchanged

SAMPLE, SEED, WANTED = 400, 1, 95.0


def difference(mutant: Mutant) -> str:
    """The changed lines, as Python writes both."""
    before = ast.unparse(ast.parse(file_of(mutant).read_text(encoding="utf-8"))).splitlines()
    after = ast.unparse(changed(mutant)).splitlines()
    lines = list(unified_diff(before, after, n=0, lineterm=""))[2:]
    return "\n".join(f"    {line}" for line in lines if not line.startswith("@@"))


def chosen(options: argparse.Namespace) -> list[Mutant]:
    found = [mutant for mutant in mutants() if any(text in mutant.name for text in options.only or [""])]
    if options.again:
        return [mutant for mutant in found if mutant.name in known()]
    if options.only or options.sample >= len(found):
        return found
    return random.Random(options.seed).sample(found, options.sample)


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=SAMPLE, help=f"how many of all (default {SAMPLE})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the sample (default {SEED})")
    parser.add_argument("--only", action="append", metavar="TEXT", help="all with this in their name; may be repeated")
    parser.add_argument("--again", action="store_true", help="those that are known to survive")
    parser.add_argument("--quick", action="store_true", help="without the long tests, the random ones and the explorer")
    parser.add_argument("--golden", metavar="TEXT", help="only the golden records of pages with this in their name")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--list", action="store_true", help="only their names")
    parser.add_argument("--verbose", action="store_true", help="what each was killed by")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parsed(arguments)
    those = chosen(options)
    if options.list:
        print("\n".join(mutant.name for mutant in those))
        return 0
    if os.environ.get("PYTHONHASHSEED") != "0":
        # So that the same mutant meets the same walks each time.
        os.environ["PYTHONHASHSEED"] = "0"
        os.execv(sys.executable, [sys.executable, "-m", "mutants", *(sys.argv[1:] if arguments is None else arguments)])
    begin = time.monotonic()
    plan = Plan(golden=options.golden, quick=options.quick)
    outcome, coverage = unchanged(plan)
    if outcome.killed_by:
        print(f"{outcome.said}\nThe tests fail without any change already: {outcome.killed_by}", file=sys.stderr)
        return 2
    print(f"unchanged: all pass, in {outcome.seconds:.0f} s of processor time", flush=True)
    return told(those, run(those, plan, coverage, options, 3 * outcome.seconds + 30), options, time.monotonic() - begin)


def run(
    those: list[Mutant], plan: Plan, coverage: Coverage, options: argparse.Namespace, limit: float
) -> dict[Mutant, Outcome]:
    outcomes: dict[Mutant, Outcome] = {}
    for mutant, outcome in tried(those, plan, coverage, workers=options.workers, limit=limit):
        outcomes[mutant] = outcome
        if options.verbose or not outcome.killed_by:
            by = f"killed by {outcome.killed_by}" if outcome.killed_by else "SURVIVED"
            print(f"{len(outcomes)}/{len(those)} {mutant.name}: {by}, {outcome.seconds:.1f} s", flush=True)
    return outcomes


def told(those: list[Mutant], outcomes: dict[Mutant, Outcome], options: argparse.Namespace, seconds: float) -> int:
    reasons, names = known(), {mutant.name for mutant in mutants()}
    survived = [mutant for mutant in those if not outcomes[mutant].killed_by]
    print()
    for mutant in survived:
        why = reasons.get(mutant.name, "NOT LISTED: write a test, or the reason")
        print(f"{mutant.name}\n{difference(mutant)}\n  {why}")
    by = Counter(outcome.killed_by.split("[")[0].split("::")[0] for outcome in outcomes.values() if outcome.killed_by)
    print("killed by " + ", ".join(f"{name} {count}" for name, count in by.most_common(8)))
    unlisted = [mutant for mutant in survived if mutant.name not in reasons]
    killed = [mutant.name for mutant in those if outcomes[mutant].killed_by and mutant.name in reasons]
    stale = [*killed, *(name for name in reasons if name not in names)]
    for name in stale:
        print(f"listed as a survivor, and is none: {name}")
    percent = 100 * (len(those) - len(survived)) / len(those) if those else 100.0
    sample = (
        f"sample of {len(those)} (seed {options.seed})" if not options.only and not options.again else f"{len(those)}"
    )
    print(
        f"{len(names)} mutants in all; {sample}: {len(those) - len(survived)} killed, {len(survived)} survived, of them"
        f" {len(survived) - len(unlisted)} known: {percent:.1f} % killed, in {seconds:.0f} s"
    )
    return 1 if (percent < WANTED and not options.again) or unlisted or stale else 0

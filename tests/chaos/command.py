"""`make chaos`: all points, a table of them, and a line that says what was lost."""

import argparse
import asyncio
import copy
import fnmatch
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from steps import faults

from callbridge.demo.lab import Lab
from chaos.faults import AROUND, FAULTS, fits, killed_around
from chaos.moments import MOMENTS
from chaos.scene import AGENTS, DIALPLAN, DIDS, Fault, Moment, Stage, stage_of
from chaos.sound import CallerLost, heard_by
from chaos.verdict import Duplicated, Stuck, Untrue, verdict

AROUND_VERB = "killed around the verb"
GOOD, LOST, TWICE, STUCK, UNTRUE, BROKEN = "ok", "LOST", "TWICE", "STUCK", "UNTRUE", "BROKEN"
_KINDS: Mapping[type[BaseException], str] = {CallerLost: LOST, Duplicated: TWICE, Stuck: STUCK, Untrue: UNTRUE}


@dataclass(frozen=True, kw_only=True)
class Point:
    """One fault at one step."""

    step: str
    fault: str
    moment: Moment
    does: Fault

    @property
    def name(self) -> str:
        return f"{self.step} / {self.fault}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    point: Point
    kind: str
    what: str
    seconds: float


def points(steps: str = "*", chosen: str = "*") -> Iterator[Point]:
    """In the order of the steps; `steps` and `chosen` are patterns of their names and of the faults'."""
    for step, moment in MOMENTS.items():
        if not fnmatch.fnmatch(step, steps):
            continue
        for name, does in FAULTS.items():
            if fnmatch.fnmatch(name, chosen):
                yield Point(step=step, fault=name, moment=moment, does=does)
        for offset in AROUND:
            name = f"{AROUND_VERB}, {offset * 1000:+.0f} ms"
            if fnmatch.fnmatch(name, chosen):
                yield Point(step=step, fault=name, moment=moment, does=killed_around(offset))


async def happens(stage: Stage, point: Point) -> Outcome | None:
    """One point, from nobody at work to nobody at work. None: there is no such point at this step."""
    document = copy.deepcopy(stage.site.document)
    began = time.monotonic()
    kind, what = GOOD, ""
    try:
        scene = await point.moment(stage)
        if not fits(point.fault, scene) or (point.fault.startswith(AROUND_VERB) and scene.verb is None):
            return None
        scene.heard = await heard_by(stage, scene.caller)
        damage = await point.does(stage, scene)
        what = await verdict(stage, scene, damage)
        if loud := [line for line in faults(stage.site) if not any(each in line for each in damage.excused)]:
            kind, what = UNTRUE, f"the log: {loud[0][:300]}"
    except Exception as error:
        kind = next((word for each, word in _KINDS.items() if isinstance(error, each)), BROKEN)
        where = traceback.extract_tb(error.__traceback__)
        what = f"{error} (in {', '.join(frame.name for frame in where[-4:])})"
    finally:
        await _clear(stage, document)
    return Outcome(point=point, kind=kind, what=what, seconds=time.monotonic() - began)


async def _clear(stage: Stage, document: object) -> None:
    """For the next point: nobody calls, nobody is at work, everything runs and is configured as at the start."""
    stage.cable.plug()
    stage.cable.flow()
    await stage.lab.reset(30)
    await stage.site.revive()
    await stage.site.send_home()
    stage.desks.clear()
    if stage.site.document != document:
        stage.site.document = copy.deepcopy(document)
        stage.site.write_config()
        await stage.site.reload()
    faults(stage.site)


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """A line for each step: how many points held, and each that did not."""
    steps = list(dict.fromkeys(outcome.point.step for outcome in outcomes))
    for step in steps:
        mine = [outcome for outcome in outcomes if outcome.point.step == step]
        good = sum(outcome.kind == GOOD for outcome in mine)
        ways = Counter(outcome.what for outcome in mine if outcome.kind == GOOD)
        became = ", ".join(f"{way} {count}" for way, count in ways.most_common())
        yield f"{step:22} {good:3} of {len(mine):3}   {became}"
    for outcome in outcomes:
        if outcome.kind != GOOD:
            yield f"{outcome.kind}: {outcome.point.name}: {outcome.what}"


def last_line(outcomes: Sequence[Outcome]) -> str:
    count = Counter(outcome.kind for outcome in outcomes)
    more = "".join(f", {count[kind]} {kind.lower()}" for kind in (UNTRUE, BROKEN) if count[kind])
    return f"chaos: {len(outcomes)} points, {count[LOST]} lost, {count[TWICE]} duplicated, {count[STUCK]} stuck{more}"


async def run(todo: Sequence[Point]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    async with Lab(agents=AGENTS, dids=DIDS, dialplan=DIALPLAN, progress=print) as lab, stage_of(lab) as stage:
        for number, point in enumerate(todo, 1):
            outcome = await happens(stage, point)
            if outcome is None:
                continue
            outcomes.append(outcome)
            said = f"{outcome.seconds:5.1f} s  {point.name}: {outcome.what}"
            print(f"{number:3}/{len(todo)} {outcome.kind:6} {said}", flush=True)
            if outcome.kind != GOOD:
                _keep_log(number, f"{said}\n{stage.site.log[-60_000:]}")
    return outcomes


def _keep_log(number: int, text: str) -> None:
    file = Path(f"build/chaos/{number:03}.log")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--step", default="*", help="only steps whose name fits this pattern: " + "; ".join(MOMENTS))
    parser.add_argument(
        "--fault", default="*", help="only faults whose name fits: " + "; ".join([*FAULTS, AROUND_VERB])
    )
    parser.add_argument("--part", default="1/1", metavar="K/N", help="only each N-th point, from the K-th")
    given = parser.parse_args(arguments)
    part, of = map(int, given.part.split("/"))
    todo = list(points(given.step, given.fault))[part - 1 :: of]
    if not todo:
        parser.error("no step and fault of these names")
    began = time.monotonic()
    outcomes = asyncio.run(run(todo))
    print(*table(outcomes), sep="\n")
    print(f"{last_line(outcomes)} ({(time.monotonic() - began) / 60:.0f} minutes)")
    return 0 if all(outcome.kind == GOOD for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())

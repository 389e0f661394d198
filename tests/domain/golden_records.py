"""Golden records: what each cell of both tables emits, a file for each column, and what happens beside the tables
(`beside.py`). `make golden` writes them anew.

A record has, below the names of its cell and of the function in it, what came in (`in` these scenes of `scenes.py`,
`given` this signal, or that one), and then what the engine made of it, in order: orders for the PBX, what is saved of
call and agents with all that has changed (and the deadlines, where they have), history, what is told to whom, the
reply; the store's answer, where it was asked for an agent, belongs to it. Times are told by their distance from now.
Where the same kinds of things come in several scenes, the first one's record stands for all that it names.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import beside
from explained import explained
from golden_text import Turn, indented, short, show, told, turns_of
from meetings import SCENES, TABLES, Provoke, Scene, directly, for_real, made, watched
from simulation import Simulation

from callbridge.domain.model.calls import Call
from callbridge.domain.model.signals import NobodyFree, Reserved
from callbridge.domain.model.step import Step

FOLDER = Path(__file__).parent / "golden"
REWRITE = "make golden"
BESIDE = "beside"
COLUMNS = [(machine, state) for machine, table in TABLES.items() for state in table]
EXPLAINED = "explained"
PAGES = [*COLUMNS, *((BESIDE, name) for name in (*beside.PAGES, EXPLAINED))]
BY_HAND = "by hand, since nothing that happens leads to it here"
_KINDS = re.compile(
    r"^ +(tell [a-z_.]+|record [a-z_.]+|reply \w+|then \w+|[A-Z]\w+|(state|transfer.state|consult.stage): .*)",
    re.MULTILINE,
)
"""Of what came, by what it is told from other things that can come of the same cell."""


_TOLD_BESIDE = re.compile(r"(?!who hears|world)\S| +(Call |(state|deadlines|consult.stage|transfer.failure|leg \S+):)")
_MOMENT = 0.125
"""Seconds since everything that is in a scene: less than any deadline, and enough to tell then from now."""


@dataclass
class Way:
    """What can come of a cell."""

    came: str
    given: dict[str, list[str]] = field(default_factory=dict)
    """The signals, and the scenes in which each did so."""


def path(folder: str, name: str) -> Path:
    return FOLDER / folder / f"{name}.txt"


def _what_came(turns: list[Turn], first: int) -> tuple[str, str]:
    """The signal, and what came of it and of the store's answers to it."""
    turn, *later = turns[first:]
    lines = told(turn)
    for each in later:
        if not isinstance(each.signal, Reserved | NobodyFree):
            break
        lines += [f"then {show(each.signal, each.now)}", *(f"  {line}" for line in told(each))]
    return short(show(turn.signal, turn.now)), short(indented(lines))


def _play(machine: str, state: str, scene: Scene, provoke: Provoke) -> dict[str, tuple[str, str]]:
    """Each cell of the column that is met, the first time, with what came."""
    sim = made(scene)
    sim.now += _MOMENT
    turns = turns_of(sim)
    met: dict[str, int] = {}

    def meet(stimulus: str, step: Step, call: Call) -> None:
        met.setdefault(stimulus, len(turns))

    with watched(machine, state, meet):
        provoke(sim)
        sim.settle()
    return {stimulus: _what_came(turns, first) for stimulus, first in met.items()}


def _by_hand(machine: str, state: str, scene: Scene, stimulus: str) -> tuple[str, str]:
    def provoke(sim: Simulation) -> None:
        directly(sim, machine, stimulus)

    _, came = _play(machine, state, scene, provoke)[stimulus]
    return BY_HAND, came


def _alike(came: str) -> str:
    """The same for two in which the same kinds of things come, whoever it is and whatever they are in."""
    return " ".join(found[0] for found in _KINDS.finditer(came))


def _ways(machine: str, state: str) -> dict[str, dict[str, Way]]:
    """Stimulus -> all that is alike -> the first of them."""
    row = TABLES[machine][state]
    # In the order of their declaration: a test that took a cell out for a while has put it back as the last.
    found: dict[str, dict[str, Way]] = {str(stimulus): {} for stimulus in type(next(iter(row))) if stimulus in row}
    for scene in SCENES[machine][state]:
        name = scene.__name__
        played: dict[Provoke, dict[str, tuple[str, str]]] = {}
        for stimulus, ways in found.items():
            for provoke in for_real(stimulus, scene):
                if provoke not in played:
                    played[provoke] = _play(machine, state, scene, provoke)
                if stimulus in played[provoke]:
                    signal, came = played[provoke][stimulus]
                    way = ways.setdefault(_alike(came), Way(came))
                    scenes = way.given.setdefault(signal, [])
                    if name not in scenes:
                        scenes.append(name)
    first = SCENES[machine][state][0]
    for stimulus, ways in found.items():
        if not ways:
            signal, came = _by_hand(machine, state, first, stimulus)
            ways[came] = Way(came, {signal: [first.__name__]})
    return found


def _given(way: Way) -> Iterator[str]:
    """A line for all scenes in which the same signals came; those that differ in their last word are one."""
    together: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for signal, scenes in way.given.items():
        start, equals, last = signal.rpartition("=")
        together.setdefault(tuple(scenes), {}).setdefault(start + equals, []).append(last)
    for scenes, signals in together.items():
        yield f"  in {', '.join(scenes)}:\n"
        yield from (f"    given {start}{', '.join(lasts)}\n" for start, lasts in signals.items())


def records(machine: str, state: str) -> Iterator[tuple[str, str]]:
    """The column's records: the stimulus, and the text."""
    for stimulus, ways in _ways(machine, state).items():
        handler = TABLES[machine][state][stimulus].__name__
        for way in ways.values():
            yield stimulus, f"{state} x {stimulus}: {handler}\n{''.join(_given(way))}{way.came}"


def _happens(scene: Scene, provoke: Provoke) -> str:
    """What comes of it; of what has changed only the states."""
    sim = made(scene)
    sim.now += _MOMENT
    turns = turns_of(sim)
    provoke(sim)
    lines, last = [], sim.now if not turns else turns[0].now
    for turn in turns:
        after = f"after {turn.now - last:g} s " if turn.now != last else ""
        came = [line for line in told(turn) if _TOLD_BESIDE.match(line)] or ["nothing"]
        if came != ["nothing"] or len(turns) == 1:
            lines += [f"{after}{show(turn.signal, turn.now)}", *(f"  {line}" for line in came)]
            last = turn.now
    return short(indented(lines))


def beside_records(name: str) -> Iterator[str]:
    scenes, happenings = beside.PAGES[name]
    for heading, provoke in happenings.items():
        ways: dict[str, tuple[str, list[str]]] = {}
        for scene in scenes:
            came = _happens(scene, provoke)
            ways.setdefault(_alike(came), (came, []))[1].append(scene.__name__)
        for came, names in ways.values():
            if came:
                yield f"{heading}\n  in {', '.join(names)}\n{came}"


def explained_records() -> Iterator[str]:
    ways: dict[str, list[str]] = {}
    for heading, explanation in explained():
        ways.setdefault(show(explanation, 0.0), []).append(heading)
    for text, headings in ways.items():
        yield "".join(f"{heading}\n" for heading in headings) + indented([text])


def page(folder: str, name: str) -> str:
    if folder != BESIDE:
        return "\n".join(text for _, text in records(folder, name))
    return "\n".join(explained_records() if name == EXPLAINED else beside_records(name))


def main() -> int:
    """Writes all of them, and says which are other than they were."""
    for folder, name in PAGES:
        file, text = path(folder, name), page(folder, name)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            print(f"written: {file.relative_to(FOLDER.parents[2])}")
    for stale in set(FOLDER.rglob("*.txt")) - {path(folder, name) for folder, name in PAGES}:
        stale.unlink()
        print(f"removed: {stale.relative_to(FOLDER.parents[2])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

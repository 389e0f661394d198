"""What a story is made of: steps in their order, each with what must be heard, and how one is played and judged."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from callbridge.demo.bank import Phone
from callbridge.demo.bank_lines import Line
from callbridge.demo.lab import Lab
from callbridge.demo.people import Person
from callbridge.demo.report import StepReport
from callbridge.demo.screen import Rows, Screen
from callbridge.demo.site import Site
from callbridge.demo.sound import NO_CALL, UNKNOWN, Hearing
from callbridge.demo.tones import HOLD_MUSIC, RINGING

MUSIC = frozenset({HOLD_MUSIC})
RINGS = frozenset({RINGING})
NOT_IN_A_CALL = frozenset({NO_CALL})

Ears = Mapping[str, frozenset[str]]
"""Name of a line -> exactly whom it hears, by the names of their lines."""

_PATIENCE = 4.0
"""Seconds in which the sound may come right: it follows the signalling by a moment."""


class Unmet(Exception):
    """Something was not as the story says."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected: {expected}; found: {found}")


@dataclass(kw_only=True)
class Stage:
    """Where a story is played, and what its steps hand on to later ones."""

    lab: Lab
    site: Site
    screen: Screen
    lines: dict[str, Line] = field(default_factory=dict)
    """Callers and numbers outside; agents' phones are found without being here."""
    offers: dict[str, Any] = field(default_factory=dict)
    """Agent -> the newest offer that a step waited for."""
    call: str = ""
    """The gateway's id of the call that the story is about."""
    caller: str = ""
    """The name of its caller's line."""
    seen: list[str] = field(default_factory=list)
    heard: Ears = field(default_factory=dict)
    """What was heard in the step that is being played, once it has been listened to."""

    def line(self, name: str) -> Line:
        return self.lines.get(name) or self.lab.bank.phone(name)

    def phone(self, agent: str) -> Phone:
        return self.lab.bank.phone(agent)

    def person(self, agent: str) -> Person:
        return self.site.person(agent)

    def check(self, holds: bool, expected: str, found: object) -> None:
        """Raises Unmet unless it holds; what was expected is then told as seen."""
        if not holds:
            raise Unmet(expected, str(found))
        self.seen.append(expected)

    async def check_state(self, agent: str, wanted: str) -> None:
        state = await self.person(agent).state()
        self.check(state == wanted, f"{spoken(agent)} is {spoken_state(wanted)}", spoken_state(state))

    def card(self, title: str, rows: Rows) -> None:
        self.screen.card(title, rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    name: str
    """A short sentence; the report has it too."""
    telling: str
    """What happens, for somebody who watches."""
    do: Callable[[Stage], Awaitable[None]]
    """Raises whatever it wants where something is not as it should be; see `Stage.check`."""
    hears: Ears
    """What must be heard afterwards, on the real audio."""
    seconds: float = 1.2
    """How long is listened."""
    afterwards: Callable[[Stage], Awaitable[None]] | None = None
    """Looked at after listening: what must not have happened in the meantime."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Story:
    """Begins with everybody offline and nobody calling."""

    title: str
    steps: Sequence[Step]


async def play(stage: Stage, step: Step) -> StepReport:
    """Plays one step, listens, and tells whether all was as it should be. Never raises for what went wrong in it."""
    began = time.monotonic()
    stage.seen = []
    heard: Mapping[str, Hearing] = {}
    error: str | None = None
    try:
        await step.do(stage)
        heard, error = await _listen(stage, step)
        stage.heard = {name: ear.sources for name, ear in heard.items()}
        if error is None and step.afterwards is not None:
            await step.afterwards(stage)
    except Exception as problem:
        error = _sentence(problem)
        if not heard:
            # Also where something else went wrong: what the parties hear now is the best clue.
            heard = await _hear_anyway(stage, step)
    report = StepReport(
        name=step.name,
        ok=error is None,
        seconds=round(time.monotonic() - began, 3),
        expected=expected_sound(step.hears),
        heard=_heard_sound(heard) if heard else "could not be listened to",
        seen=list(stage.seen),
    )
    if error is not None:
        report["error"] = error
    return report


async def _listen(stage: Stage, step: Step) -> tuple[Mapping[str, Hearing], str | None]:
    """Listens until everybody hears exactly whom they should, or patience is over."""
    lines = {name: stage.line(name) for name in step.hears}
    deadline = time.monotonic() + _PATIENCE
    while True:
        by_line = await stage.lab.hear(list(lines.values()), step.seconds)
        heard = {name: by_line[line.name] for name, line in lines.items()}
        wrong = [name for name, ear in heard.items() if ear.sources != step.hears[name] or ear.unclear]
        if not wrong:
            return heard, None
        if time.monotonic() >= deadline:
            return heard, "; ".join(
                f"expected: {spoken(name)} {_names(step.hears[name])}; heard: {spoken(name)} {_shares(heard[name])}"
                for name in wrong
            )
        await asyncio.sleep(0.05)  # where nobody is in a call yet, listening takes no time


async def _hear_anyway(stage: Stage, step: Step) -> Mapping[str, Hearing]:
    try:
        lines = {name: stage.line(name) for name in step.hears}
        async with asyncio.timeout(_PATIENCE):
            by_line = await stage.lab.hear(list(lines.values()), step.seconds)
        return {name: by_line[line.name] for name, line in lines.items()}
    except Exception:
        return {}


# ---------------------------------------------------------------- words


def spoken(name: str) -> str:
    """A line's name as people say it."""
    return name[:1].upper() + name[1:]


def spoken_state(state: str) -> str:
    words = {"on_call": "on a call", "wrap_up": "in wrap-up", "offered": "being offered a call"}
    return words.get(state, state.capitalize())


def pop_card(pop: Any) -> Rows:
    """A screen pop as an agent's page would show it."""
    rows = [
        ("caller", f"{pop['caller_name']}, {pop['caller_number']}"),
        ("called", pop["called"]),
        ("group", pop["group"]["name"] if pop["group"] else "-"),
        ("data", ", ".join(f"{name}: {value}" for name, value in pop["data"].items()) or "-"),
    ]
    if pop["transferred_by"]:
        rows.append(("from", f"{pop['transferred_by']['name']}: {pop['transfer_reason'] or 'no reason given'}"))
    rows.append(("CRM", pop["crm_url"] or "-"))
    return rows


def expected_sound(ears: Ears) -> str:
    return _grouped({name: _names(sources) for name, sources in ears.items()})


def _heard_sound(heard: Mapping[str, Hearing]) -> str:
    seconds = max((ear.seconds for ear in heard.values()), default=0.0)
    listened = f" ({seconds:.1f} s of audio)" if seconds else ""
    return _grouped({name: _shares(ear) for name, ear in heard.items()}) + listened


def _grouped(words: Mapping[str, str]) -> str:
    """`Max hears hold music; Anna, Ben in no call`."""
    names: dict[str, list[str]] = {}
    for name, word in words.items():
        names.setdefault(word, []).append(spoken(name))
    return "; ".join(f"{', '.join(group)} {word}" for word, group in names.items())


def _names(sources: frozenset[str]) -> str:
    if sources == NOT_IN_A_CALL:
        return "in no call"
    return f"hears {', '.join(sorted(_source(name) for name in sources)) or 'silence'}"


def _shares(heard: Hearing) -> str:
    """With the share of the time in which each was heard."""
    if NO_CALL in heard.shares:
        return "in no call"
    shares = [f"{_source(name)} {share:.0%}" for name, share in heard.shares.items() if share >= 0.005]
    return f"hears {', '.join(shares) or 'silence'}"


def _source(name: str) -> str:
    return name if name in (HOLD_MUSIC, RINGING, UNKNOWN) else spoken(name)


def _sentence(problem: Exception) -> str:
    text = str(problem).strip()
    if isinstance(problem, Unmet | TimeoutError | AssertionError) and text:
        return text
    return f"{type(problem).__name__}: {text}".rstrip(": ")

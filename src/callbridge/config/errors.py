"""What is wrong with a configuration, said so that the person who wrote it can put it right."""

from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Where in the document: keys of mappings and positions in lists."""


def dotted(path: Path) -> str:
    """`("agents", 0, "phone")` as people write it: `agents[0].phone`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong, or for a warning: doubtful."""

    file: str
    line: int | None
    """Counted from 1; None where the file itself is the problem."""
    path: Path = ()
    what: str
    allowed: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        key = f"{dotted(self.path)}: " if self.path else ""
        return f"{place}: {key}{self.what}" + (f"; {self.allowed}" if self.allowed else "")


class ConfigError(Exception):
    """The configuration cannot be used. Its text has one line for each problem, in the order of the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(map(str, self.problems)))

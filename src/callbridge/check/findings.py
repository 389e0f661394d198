"""What a check found: how bad, where, what, and what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    NOTE = "note"
    """Cannot be seen from here; says how a person can look."""
    WARNING = "warning"
    """Works, but not as well or as safely as it should."""
    ERROR = "error"
    """callbridge will not work, or callers can be lost or led past the rules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    level: Level
    area: str
    """One word or two: `config`, `login`, `agent anna`."""
    what: str
    cure: str = ""
    """One sentence; empty where there is nothing to do."""


def ok(area: str, what: str) -> Finding:
    return Finding(level=Level.OK, area=area, what=what)


def note(area: str, what: str, cure: str) -> Finding:
    return Finding(level=Level.NOTE, area=area, what=what, cure=cure)


def warning(area: str, what: str, cure: str) -> Finding:
    return Finding(level=Level.WARNING, area=area, what=what, cure=cure)


def error(area: str, what: str, cure: str) -> Finding:
    return Finding(level=Level.ERROR, area=area, what=what, cure=cure)


def has_errors(findings: Sequence[Finding]) -> bool:
    return any(finding.level is Level.ERROR for finding in findings)

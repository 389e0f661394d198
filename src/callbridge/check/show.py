"""Findings for a person at a terminal, for a log, and for a program."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TextIO

from callbridge.check.findings import Finding, Level

_STYLES = {Level.OK: "green", Level.NOTE: "blue", Level.WARNING: "yellow", Level.ERROR: "bold red"}


def show(findings: Sequence[Finding], out: TextIO, *, as_json: bool) -> None:
    if as_json:
        shown = [
            {"level": finding.level, "area": finding.area, "what": finding.what, "cure": finding.cure}
            for finding in findings
        ]
        json.dump({"findings": shown, "summary": _counted(findings)}, out, indent=2)
        out.write("\n")
    elif out.isatty():
        _table(findings, out)
    else:
        for finding in findings:
            cure = f" Cure: {finding.cure}" if finding.cure else ""
            out.write(f"{finding.level:<7} {finding.area}: {_sentence(finding.what)}{cure}\n")
        out.write(f"{_summary(findings)}\n")


def _table(findings: Sequence[Finding], out: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("", "", "what was found", "what to do"):
        table.add_column(title, overflow="fold")
    for finding in findings:
        level = Text(finding.level, style=_STYLES[finding.level])
        table.add_row(level, Text(finding.area), Text(finding.what), Text(finding.cure))
    console = Console(file=out)
    console.print(table)
    console.print(Text(_summary(findings)))


def _counted(findings: Sequence[Finding]) -> dict[str, int]:
    found = Counter(finding.level for finding in findings)
    return {level.value: found[level] for level in Level}


def _summary(findings: Sequence[Finding]) -> str:
    counts = _counted(findings)
    return f"{counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes, {counts['ok']} ok"


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."

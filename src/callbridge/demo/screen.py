"""The demo's terminal: the only place that writes to it. Where it is no terminal, plain lines without control codes."""

import contextlib
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.panel import Panel
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

_PLAIN_WIDTH = 110
_WIDEST = 130
_INDENT = 4
_LABEL = 10

Rows = Sequence[tuple[str, str]]
"""Labels with their texts."""


class Screen:
    """Everything is printed top to bottom; on a terminal what is under way has a spinner below it."""

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        if reconfigure := getattr(sys.stdout, "reconfigure", None):
            # An old terminal or a pipe that knows ASCII alone gets "?" for what it cannot show.
            reconfigure(errors="replace")
        # Said explicitly, because FORCE_COLOR and the like would bring escape sequences into a log.
        self._console = (
            Console(highlight=False)
            if self.live
            else Console(highlight=False, force_terminal=False, no_color=True, width=_PLAIN_WIDTH)
        )

    @property
    def _width(self) -> int:
        return min(self._console.width, _WIDEST)

    def line(self, text: str = "", style: str = "") -> None:
        """A paragraph at the margin, wrapped between words."""
        self._print(textwrap.fill(text, self._width, break_long_words=False), style)

    def verbatim(self, text: str, style: str = "") -> None:
        """A line to be copied: never wrapped here, the terminal folds it by itself."""
        self._console.print(Text(text, style=style), soft_wrap=True)

    def heading(self, text: str) -> None:
        self.line()
        self.line(text, "bold")
        self.line("-" * min(len(text), self._width), "dim")

    def chapter(self, number: int, title: str, telling: str) -> None:
        """A step begins."""
        self.line()
        self._print(f"{number:2}  {title}", "bold cyan")
        self._print(_indented(telling, self._width), "")

    def row(self, label: str, text: str, style: str = "") -> None:
        """A label, and its text beside it."""
        begin = " " * _INDENT + label.ljust(_LABEL)
        lines = textwrap.wrap(
            text, max(self._width, 40), initial_indent=begin, subsequent_indent=" " * len(begin), break_long_words=False
        )
        for index, each in enumerate(lines or [begin.rstrip()]):
            shown = Text(each, style=style)
            if index == 0:
                shown.stylize("dim", 0, len(begin))
            self._console.print(shown, soft_wrap=True)

    def verdict(self, ok: bool, seconds: float) -> None:
        self.row("ok" if ok else "FAILED", f"{seconds:.1f} s", "green" if ok else "bold red")

    def problem(self, text: str) -> None:
        self.line()
        self.line(text, "bold red")

    def card(self, title: str, rows: Rows) -> None:
        """A small box, such as an agent would see pop up."""
        text = Text("\n").join(
            Text.assemble((label.ljust(_LABEL), "dim"), _cut(value, self._width - 2 * _INDENT - _LABEL - 6))
            for label, value in rows
        )
        self._box(title, text)

    def table(self, title: str, rows: Sequence[Sequence[str]]) -> None:
        """A small box with columns; the first row is their heads, the first column labels."""
        widths = [max(len(row[column]) for row in rows) + 2 for column in range(len(rows[0]))]
        lines = []
        for number, row in enumerate(rows):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            lines.append(Text.assemble((cells[0], "dim"), ("".join(cells[1:]).rstrip(), "" if number else "dim")))
        self._box(title, Text("\n").join(lines))

    def _box(self, title: str, text: Text) -> None:
        panel = Panel.fit(text, title=Text(title, style="bold"), title_align="left", border_style="yellow")
        self._console.print(Padding(panel, (0, 0, 0, _INDENT), expand=False))

    @contextlib.contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """While the block runs a terminal shows that something does, and for how long already."""
        if not self.live:
            yield
            return
        columns = (TextColumn(" " * (_INDENT - 2)), SpinnerColumn(), TextColumn("{task.description}"))
        with Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True) as progress:
            progress.add_task(escape(_cut(what, self._width - 20)))
            yield

    @contextlib.contextmanager
    def setting_up(self, what: str) -> Iterator[list[str]]:
        """A part of the preparations: its name, the time it took, and what the block adds to the list."""
        began = time.monotonic()
        if not self.live:
            self.line(f"{what} ...")
        details: list[str] = []
        with self.waiting(what):
            yield details
        text = "; ".join([what, *details]) if self.live else "; ".join(details) or what
        self.row("ok", f"{text} ({time.monotonic() - began:.1f} s)", "green" if self.live else "")

    def _print(self, text: str, style: str) -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)


def _indented(text: str, width: int) -> str:
    margin = " " * _INDENT
    return textwrap.fill(text, max(width, 40), initial_indent=margin, subsequent_indent=margin, break_long_words=False)


def _cut(text: str, width: int) -> str:
    """On one line: what comes from a caller may be long."""
    line = " ".join(text.split())
    return line if len(line) <= max(width, 20) else line[: max(width, 20) - 3] + "..."

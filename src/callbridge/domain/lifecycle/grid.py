"""A machine's table as people read it: a column for each state, a row for each stimulus, in each cell a function.

`-` is a cell too: what comes is late, doubled or without meaning there, and nothing changes.
"""

from collections.abc import Callable
from enum import StrEnum
from types import ModuleType
from typing import TypeVar

from callbridge.domain.model.calls import Call
from callbridge.domain.model.signals import Signal
from callbridge.domain.model.step import Step

Handler = Callable[[Step, Call, Signal], None]
Stimuli = TypeVar("Stimuli", bound=StrEnum)
Table = dict[str, dict[Stimuli, Handler]]


def nothing(step: Step, call: Call, signal: Signal) -> None:
    """Late, a repetition, or without meaning here."""


def read(grid: str, stimuli: type[Stimuli], *cells: ModuleType) -> Table[Stimuli]:
    """State -> stimulus -> what the cell does, looked up in the modules of cells.

    Raises ValueError for a name that no module or more than one defines, and for a stimulus that has no row.
    """
    named = [line.split() for line in grid.strip().splitlines()]
    columns, *rows = named
    table: Table[Stimuli] = {column: {} for column in columns}
    for stimulus, *names in rows:
        for column, name in zip(columns, names, strict=True):
            table[column][stimuli(stimulus)] = nothing if name == "-" else _find(name, cells)
    missing = set(stimuli) - set(table[columns[0]])
    if missing:
        raise ValueError(f"no row for {sorted(missing)}")
    return table


def _find(name: str, cells: tuple[ModuleType, ...]) -> Handler:
    found = {getattr(module, name) for module in cells if hasattr(module, name)}
    own: list[Handler] = [
        function for function in found if function.__module__ in {module.__name__ for module in cells}
    ]
    if len(own) != 1:
        raise ValueError(f"{name} is defined {len(own)} times")
    return own[0]

"""Which golden records and which tests run through which lines of the domain: only they can notice a mutant there."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from mutants.mutations import PACKAGE, SOURCES, Mutant, file_of

_DOMAIN = str(SOURCES / PACKAGE) + os.sep
Place = tuple[str, int]
"""A file and a line of it."""


@dataclass
class Coverage:
    of: dict[Place, set[str]] = field(default_factory=dict)
    """What runs through a line."""
    seconds: dict[str, float] = field(default_factory=dict)
    """How long each took, while it was watched."""

    @contextmanager
    def watched(self, name: str) -> Iterator[None]:
        seen: set[tuple[CodeType, int]] = set()

        def line(frame: FrameType, event: str, arg: object) -> Any:
            seen.add((frame.f_code, frame.f_lineno))
            return line

        def call(frame: FrameType, event: str, arg: object) -> Any:
            if not frame.f_code.co_filename.startswith(_DOMAIN):
                return None
            seen.add((frame.f_code, frame.f_lineno))
            return line

        begin = time.process_time()
        sys.settrace(call)
        try:
            yield
        finally:
            sys.settrace(None)
            self.seconds[name] = time.process_time() - begin
            for code, number in seen:
                self.of.setdefault((code.co_filename, number), set()).add(name)

    def through(self, mutant: Mutant) -> set[str] | None:
        """All that run through it; None: it is run through before any of them, when its module is read."""
        if mutant.function == "-" or mutant.function.split(".")[-1][0].isupper():
            return None
        first, last = mutant.lines
        file = str(file_of(mutant))
        return {name for number in range(first, last + 1) for name in self.of.get((file, number), ())}

"""What a run of the demo leaves behind for programs: `build/demo/report.json`."""

import json
import os
import time
from pathlib import Path
from typing import TypedDict

FILE = Path("build/demo/report.json")
"""Below the folder in which the demo was started."""


class _StepReport(TypedDict):
    name: str
    ok: bool
    seconds: float
    expected: str
    heard: str


class StepReport(_StepReport, total=False):
    story: str
    """The title of the story that it is a part of."""
    seen: list[str]
    """What else was looked at: states, offers, refusals."""
    error: str


class Report:
    """Collects; `write` may be called at any time, and again."""

    def __init__(self, file: Path = FILE) -> None:
        self.file = file.absolute()
        self.asterisk: str | None = None
        """The version, once there is one."""
        self.steps: list[StepReport] = []
        self.error: str | None = None
        """Why there are no more steps: the setup failed, or somebody pressed Ctrl-C."""
        self.written = False
        self._finished = False
        self._began = time.monotonic()
        self._seconds: float | None = None

    @property
    def ok(self) -> bool:
        """Every step of the stories was reached, and held."""
        return self._finished and self.error is None and all(step["ok"] for step in self.steps)

    def finish(self) -> None:
        """The stories have been told to their end. The time of a playground that follows does not count."""
        self._finished = True
        self._seconds = time.monotonic() - self._began

    def write(self) -> None:
        """Raises OSError where the file cannot be written. A reader never sees half of it."""
        seconds = time.monotonic() - self._began if self._seconds is None else self._seconds
        document: dict[str, object] = {
            "ok": self.ok,
            "seconds": round(seconds, 3),
            "asterisk": self.asterisk,
            "steps": self.steps,
        }
        if self.error is not None:
            document["error"] = self.error
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_name(f".{self.file.name}.{os.getpid()}")
        draft.write_text(json.dumps(document, indent=2) + "\n")
        draft.replace(self.file)
        self.written = True

"""The order in which files of tests are handed out to the processes that run them.

Each process takes a whole file at a time. The longest come first, so that at the end no process works for minutes while
the others have nothing left; and those that compute are spread among those that mostly wait, for phones and timers.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

_Item = TypeVar("_Item")

WAITING = ("live", "browser")
_SECONDS = {"explorer": 2.5, "browser": 8.0, "live": 3.0, "contract": 0.5}
"""How long a test of this folder takes, roughly."""
_USUAL = 0.1
_LONG = {
    **{"test_demo": 120.0, "test_many_calls": 70.0, "test_row_14_nobody_is_lost": 120.0, "test_playground": 20.0},
    **{"test_screens": 50.0, "test_page_in_the_demo": 40.0, "test_config_mutations": 40.0, "test_deploy": 20.0},
}
"""Files whose few tests take long."""


def seconds(path: Path, tests: int) -> float:
    return max(_LONG.get(path.stem, 0.0), tests * _SECONDS.get(path.parent.name, _USUAL))


def in_good_order(items: Sequence[_Item], path_of: Callable[[_Item], Path]) -> list[_Item]:
    """The same items; those of a file stay together, in their order."""
    files: dict[Path, list[_Item]] = {}
    for item in items:
        files.setdefault(path_of(item), []).append(item)
    places: dict[Path, float] = {}
    for waits in (True, False):
        places |= dict(
            _spread(
                {
                    path: seconds(path, len(tests))
                    for path, tests in files.items()
                    if (path.parent.name in WAITING) is waits
                }
            )
        )
    return [item for path in sorted(files, key=lambda path: places[path]) for item in files[path]]


def _spread(lengths: dict[Path, float]) -> Iterable[tuple[Path, float]]:
    """When each begins, from 0 to 1, where the longest comes first and one comes after the other."""
    whole, begun = sum(lengths.values()), 0.0
    for path in sorted(lengths, key=lambda path: (-lengths[path], path)):
        yield path, begun / whole
        begun += lengths[path]

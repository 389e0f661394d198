"""A mutant is tried in a process of its own: a copy of this one, which has not seen the domain yet, so that all who
import the changed module get it changed.

First come the golden records, then the other tests of the domain, the random and long ones last, and the explorer for a
short while. The first failure ends it.
"""

import contextlib
import io
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from mutants.coverage import Coverage
from mutants.mutations import Mutant, code_of, file_of

TESTS = Path(__file__).parents[1]
_ALL = ("test_any_order.py", "test_crm_links.py", "test_cells.py")
"""Tests of which is not known what they run through, since they do something else each time, or would take minutes
while they are watched: they come last."""
_MEMORY = 3 << 30
"""Bytes: a mutant that goes on for ever may fill a list."""
_WALKS = 3
"""Random walks of the explorer from each start, after the complete ones of one step."""


@dataclass(frozen=True)
class Outcome:
    mutant: str
    killed_by: str
    """The tests that noticed; empty: none, it survived."""
    seconds: float
    """Of processor time."""
    said: str = ""
    """What the tests said, its end."""


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code


class _Finder(MetaPathFinder):
    def __init__(self, name: str, file: Path, code: CodeType) -> None:
        self._name, self._file, self._code = name, file, code

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name:
            return None
        loader = _Loader(fullname, str(self._file), self._code)
        return spec_from_file_location(fullname, self._file, loader=loader)


def _mutate(mutant: Mutant) -> None:
    name = f"callbridge.domain.{mutant.module}"
    if any(each.startswith("callbridge.domain") for each in sys.modules):
        raise RuntimeError("the domain has been imported before the mutant")
    sys.meta_path.insert(0, _Finder(name, file_of(mutant), code_of(mutant)))


# ---------------------------------------------------------------- what is tried, one after the other


def _golden(only: set[str] | None, watch: Coverage | None = None) -> str:
    from golden_records import PAGES, page, path
    from meetings import forget_scenes

    for folder, name in PAGES:
        if watch is not None:
            forget_scenes()  # each shall be seen to play its own
        if only is None or f"{folder} {name}" in only:
            with watch.watched(f"{folder} {name}") if watch is not None else contextlib.nullcontext():
                now = page(folder, name)
            if now != path(folder, name).read_text(encoding="utf-8"):
                return f"the golden record of {name}"
    return ""


class _Notice:
    """Notes what failed, and watches what each test runs through."""

    def __init__(self, watch: Coverage | None) -> None:
        self.failed: list[str] = []
        self._watch = watch

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        with self._watch.watched(item.nodeid) if self._watch is not None else contextlib.nullcontext():
            return (yield)


def _pytest(*arguments: str, watch: Coverage | None = None) -> str:
    notice = _Notice(watch)
    options = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:rerunfailures", "--no-header")
    code = pytest.main([*options, f"--rootdir={TESTS.parent}", *arguments], plugins=[notice])
    return "" if code == 0 else notice.failed[0] if notice.failed else f"pytest, which ended with {code}"


def _known(only: list[str] | None, watch: Coverage | None = None) -> str:
    """Those of which is known what they run through."""
    if only is not None:
        return _pytest(*only) if only else ""
    last = (f"--ignore={TESTS / 'domain' / name}" for name in (*_ALL, "test_golden.py"))
    return _pytest(str(TESTS / "domain"), *last, watch=watch)


def _rest() -> str:
    return _pytest(*(str(TESTS / "domain" / name) for name in reversed(_ALL)))


def _explorer() -> str:
    from explorer.starts import STARTS
    from explorer.transcript import transcript
    from explorer.walk import Explorer

    far = time.monotonic() + 3600.0
    for name in STARTS:
        explorer = Explorer(name, slow=False)
        explorer.exhaust(1, far)
        if explorer.result.found is None:
            explorer.wander(1, far, most=_WALKS, depth=1)
        if explorer.result.found is not None:
            print(transcript(explorer.result.found))
            return f"the explorer, from {name}"
    return ""


@dataclass(frozen=True)
class Plan:
    """What is tried."""

    golden: str | None = None
    """Only the golden records, of pages with this in their name."""
    quick: bool = False
    """Only the golden records and the tests of which is known what they run through."""

    def on(self, mutant: Mutant, coverage: Coverage) -> Iterator[str]:
        if self.golden is not None:
            yield _golden(self._columns())
            return
        names = coverage.through(mutant)
        yield _golden(names)
        tests = [each for each in names if "::" in each] if names is not None else None
        yield _known(tests and sorted(tests, key=coverage.seconds.__getitem__))
        if not self.quick:
            yield _rest()
            yield _explorer()

    def on_the_unchanged(self, coverage: Coverage) -> Iterator[str]:
        """All of it once, and what runs through what."""
        if self.golden is not None:
            yield _golden(self._columns())
            return
        yield _golden(None, coverage)
        yield _known(None, coverage)
        if not self.quick:
            yield _rest()
            yield _explorer()

    def _columns(self) -> set[str]:
        from golden_records import PAGES

        return {f"{folder} {name}" for folder, name in PAGES if (self.golden or "") in f"{folder} {name}"}


# ---------------------------------------------------------------- in a process of its own


def _spent() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _in_here(limit: float | None) -> None:
    """What holds for this process alone."""
    sys.path[:0] = [str(TESTS / "domain"), str(TESTS)]
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp()
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, resource.RLIM_INFINITY))
    if limit is not None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(_spent() + limit) + 1, resource.RLIM_INFINITY))


def _first_failure(name: str, do: Iterator[str]) -> Outcome:
    said, killed_by, begin = io.StringIO(), "", _spent()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            killed_by = next((by for by in do if by), "")
        except Exception as error:
            killed_by = f"{type(error).__name__} where the golden records are made"
            traceback.print_exc()
    shutil.rmtree(os.environ["HYPOTHESIS_STORAGE_DIRECTORY"], ignore_errors=True)
    return Outcome(name, killed_by, _spent() - begin, said.getvalue()[-3000:])


class _Process:
    """A copy of this process that does something and gives its result back; nothing, if it did not come to its end."""

    def __init__(self, do: Callable[[], object]) -> None:
        self._read, write = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        self.id = os.fork()
        if self.id == 0:
            try:
                os.close(self._read)
                result = pickle.dumps(do())
                with os.fdopen(write, "wb") as out:
                    out.write(result)
            finally:
                os._exit(0)
        os.close(write)

    def result(self) -> Any:
        with os.fdopen(self._read, "rb") as told:
            data = told.read()
        return pickle.loads(data) if data else None


def unchanged(plan: Plan) -> tuple[Outcome, Coverage]:
    """The domain as it is: that its tests pass, and what they run through."""

    def do() -> tuple[Outcome, Coverage]:
        _in_here(None)
        coverage = Coverage()
        return _first_failure("unchanged", plan.on_the_unchanged(coverage)), coverage

    process = _Process(do)
    result = process.result()
    os.waitpid(process.id, 0)
    if result is None:
        raise RuntimeError("the tests of the unchanged domain did not come to their end")
    outcome, coverage = result
    return outcome, coverage


def _tried(mutant: Mutant, plan: Plan, coverage: Coverage, limit: float) -> Outcome:
    _in_here(limit)

    def do() -> Iterator[str]:
        _mutate(mutant)
        yield from plan.on(mutant, coverage)

    return _first_failure(mutant.name, do())


def tried(
    mutants: Sequence[Mutant], plan: Plan, coverage: Coverage, *, workers: int, limit: float
) -> Iterator[tuple[Mutant, Outcome]]:
    """Every outcome as it comes. `limit`: seconds of processor time, after which it counts as going on for ever."""
    waiting, running = list(reversed(mutants)), dict[int, tuple[Mutant, _Process]]()
    while waiting or running:
        while waiting and len(running) < workers:
            mutant = waiting.pop()
            process = _Process(partial(_tried, mutant, plan, coverage, limit))
            running[process.id] = mutant, process
        # What they tell is short, so that none waits for a reader.
        ended, status = os.wait()
        if ended in running:
            mutant, process = running.pop(ended)
            code = os.waitstatus_to_exitcode(status)
            by = "going on for ever" if code == -signal.SIGXCPU else f"the end of the process, {code}"
            yield mutant, process.result() or Outcome(mutant.name, by, limit)

"""A test that had to run twice is named with its first failure, and more than two of them fail the run."""

from pathlib import Path

import pytest

import repeats

pytest_plugins = ["pytester"]

_PLUGINS = ("-p", "no:cacheprovider", "-p", "pytest_rerunfailures")
_CONFTEST = """
import pytest
from repeats import Repeats, may_be_repeated, say_what_the_gateway_said

def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Repeats(config))

def pytest_collection_modifyitems(items):
    may_be_repeated(items, "live")

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    say_what_the_gateway_said(item, report)
    return report
"""
_TESTS = """
from pathlib import Path
import pytest

def fails_at_first(name):
    before = Path(__file__).parent / f"{name}.was"
    if not before.exists():
        before.touch()
        raise AssertionError(f"the phone of {name} did not ring\\nand more")

@pytest.fixture
def lab():
    fails_at_first("fixture")
"""
_GATEWAY = """
@pytest.fixture
def site():
    class Site:
        log = '{"method": "GET"}\\n{"event": "looking_again"}'
    return Site()

def test_with_a_gateway(site):
    fails_at_first("a caller")
"""


def passes(number: int) -> str:
    return f"\ndef test_unsteady_{number}():\n    fails_at_first('anna {number}')\n"


@pytest.fixture
def suite(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    pytester.makeconftest(_CONFTEST)
    tests = str(Path(repeats.__file__).parent)
    pytester.syspathinsert(tests)
    monkeypatch.setenv("PYTHONPATH", tests)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.mkdir("live")
    return pytester


def run(suite: pytest.Pytester, *files: str, processes: int = 0) -> pytest.RunResult:
    for number, text in enumerate(files):
        (suite.path / "live" / f"test_rows_{number}.py").write_text(_TESTS + text)
    if not processes:
        return suite.runpytest(*_PLUGINS)
    # In a process of its own: the processes of xdist get the path with which the one that starts them was started.
    return suite.runpytest_subprocess(*_PLUGINS, "-p", "xdist", "-n", str(processes), "--dist", "loadfile")


def test_given_nothing_that_failed_when_run_then_nothing_is_said_of_repeats(suite: pytest.Pytester) -> None:
    result = run(suite, "\ndef test_steady():\n    pass\n")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*run twice*")
    assert result.ret == 0


def test_given_two_that_passed_when_run_again_then_they_are_named_with_their_first_failure_and_the_run_is_good(
    suite: pytest.Pytester,
) -> None:
    result = run(suite, passes(1) + "\ndef test_with_a_lab(lab):\n    pass\n")
    result.stdout.fnmatch_lines(
        [
            "*runs once more: live/test_rows_0.py::test_unsteady_1: *the phone of anna 1 did not ring",
            "*why they failed the first time*",
            "*call of live/test_rows_0.py::test_unsteady_1*",
            "E *AssertionError: the phone of anna 1 did not ring",
            "*setup of live/test_rows_0.py::test_with_a_lab*",
            "live/test_rows_0.py::test_unsteady_1: *the phone of anna 1 did not ring",
            "live/test_rows_0.py::test_with_a_lab: *the phone of fixture did not ring",
        ]
    )
    result.stdout.no_fnmatch_line("*this run has failed*")
    assert result.ret == 0


@pytest.mark.parametrize("processes", [0, 2])
def test_given_three_that_passed_only_when_run_again_in_whatever_process_then_the_run_has_failed(
    suite: pytest.Pytester, processes: int
) -> None:
    result = run(suite, passes(1) + passes(2), passes(3), processes=processes)
    result.stdout.fnmatch_lines(["3 tests had to run twice*this run has failed*", "*3 passed*3 rerun*"])
    assert result.ret == 1


def test_given_one_with_a_gateway_when_run_twice_then_the_gateways_log_is_shown(suite: pytest.Pytester) -> None:
    result = run(suite, _GATEWAY)
    result.stdout.fnmatch_lines(["*failed the first time*", "*the gateway's log*", '{"event": "looking_again"}'])
    result.stdout.no_fnmatch_line('*"GET"*')


def test_given_one_that_fails_twice_when_its_second_failure_is_another_then_both_are_shown(
    suite: pytest.Pytester,
) -> None:
    result = run(suite, "\ndef test_broken():\n    fails_at_first('bernd')\n    assert False, 'nobody answers there'\n")
    result.stdout.fnmatch_lines(["*nobody answers there*", "*test_broken: *the phone of bernd did not ring"])
    assert result.ret == 1


def test_given_one_outside_the_folders_that_may_be_repeated_when_it_fails_then_it_has_failed(
    suite: pytest.Pytester,
) -> None:
    (suite.path / "test_plain.py").write_text(_TESTS + passes(1))
    result = suite.runpytest(*_PLUGINS)
    result.assert_outcomes(failed=1)

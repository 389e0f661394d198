"""Tests with real sound, phones and browsers may be run a second time, and each time that this was needed is a finding.

A machine that others use too can make one of them fail for nothing. So they have a second chance; but who needed it is
named at the end with the first failure, and a run in which more than `MOST` did has failed. It is counted where the
reports of all processes come together.
"""

from collections.abc import Iterable
from typing import Any

import pytest

MOST = 2
_SAID = 25
"""Lines of a gateway's log."""


def may_be_repeated(items: Iterable[pytest.Item], *folders: str) -> None:
    """These tests are run once more where they fail. What fails twice has failed."""
    for item in items:
        if item.path.parent.name in folders:
            item.add_marker(pytest.mark.flaky(reruns=1))


def say_what_the_gateway_said(item: pytest.Item, report: pytest.TestReport) -> None:
    """Where a test with a gateway failed, the report has the end of its log, without the requests that only read."""
    site = getattr(item, "funcargs", {}).get("site")
    if report.failed and hasattr(site, "log"):
        lines = [line for line in site.log.splitlines() if '"method": "GET"' not in line]
        report.sections.append(("the gateway's log", "\n".join(lines[-_SAID:])))


class Repeats:
    """A plugin, to be registered in the process that others report to."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.first: dict[str, pytest.TestReport] = {}
        """The first failure of each test that was run again, by its name."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.outcome == "rerun" and report.nodeid not in self.first:  # type: ignore[comparison-overlap]
            self.first[report.nodeid] = report
            if (screen := self._config.pluginmanager.get_plugin("terminalreporter")) is not None:
                # At once, for a run that never comes to its end.
                screen.ensure_newline()
                screen.write_line(f"runs once more: {report.nodeid}: {cause(report)}", yellow=True)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if len(self.first) > MOST and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if not self.first:
            return
        say = terminalreporter
        say.section("tests that had to run twice: why they failed the first time", yellow=True)
        for name, report in self.first.items():
            say.write_sep("_", f"{report.when} of {name}", yellow=True)
            say.write_line(report.longreprtext)
            for heading, text in report.sections:
                say.write_sep("-", heading)
                say.write_line(text)
        say.section("had to run twice", yellow=True)
        for name, report in self.first.items():
            say.write_line(f"{name}: {cause(report)}")
        if len(self.first) > MOST:
            say.write_line(
                f"{len(self.first)} tests had to run twice, and no more than {MOST} of a run may: this run has failed. "
                "Find out why each of them failed the first time.",
                red=True,
                bold=True,
            )


def cause(report: pytest.TestReport) -> str:
    """The first line of what went wrong."""
    crash = getattr(report.longrepr, "reprcrash", None)
    text = crash.message if crash is not None else report.longreprtext
    lines = [line for line in text.splitlines() if line.strip()] or ["no reason is known"]
    return lines[0].strip()

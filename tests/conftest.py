"""For all tests."""

import sys
from collections.abc import Generator
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent))

from order import WAITING, in_good_order
from repeats import Repeats, may_be_repeated, say_what_the_gateway_said

# Where nobody has set up the logs, structlog draws tracebacks with the values of all variables: half a second each, in
# which an event loop stands still.
structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Repeats(config))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    say_what_the_gateway_said(item, report)
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    may_be_repeated(items, *WAITING)
    for item in items:
        if item.path.parent.name in WAITING:
            item.add_marker("live")
    items[:] = in_good_order(items, lambda item: item.path)

"""Logs: a traceback says where something went wrong, and nothing of what was in the variables there."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
import structlog

from callbridge.logs import set_up_logs


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    before = structlog.get_config()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


def log_in(password: str, log: Callable[..., Any]) -> None:
    token_secret = password.encode()
    try:
        raise RuntimeError(f"no threads for {len(token_secret)} bytes")
    except RuntimeError:
        log("login failed")


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("ours", [True, False])
def test_given_an_exception_when_logged_then_no_local_variable_is_in_it(
    form: Literal["json", "text"], ours: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(form, "info")
    logger: Any = structlog.get_logger("ours") if ours else logging.getLogger("theirs")
    log_in("hunter2", logger.exception)
    written = capsys.readouterr().err
    assert "RuntimeError" in written
    assert "no threads for 7 bytes" in written
    assert "log_in" in written, "where it was is said"
    assert "hunter2" not in written
    if form == "json":
        assert json.loads(written)["event"] == "login failed"


def test_given_debug_when_a_library_debugs_its_statements_then_they_are_not_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs("text", "debug")
    logging.getLogger("aiosqlite").debug("INSERT INTO calls VALUES ('+4917012345')")
    assert "+4917012345" not in capsys.readouterr().err

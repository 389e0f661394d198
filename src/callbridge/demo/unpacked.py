"""Programs that are taken out of Debian packages into a cache, without installing anything and without being root."""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from callbridge.demo.errors import Unavailable
from callbridge.demo.private_apt import PrivateApt, choose_sources, run

Progress = Callable[[str], None]


def _nothing(root: Path, final: Path) -> None:
    pass


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """A program, and the packages that it comes in."""

    name: str
    """For people."""
    packages: tuple[str, ...]
    """The first one carries the program; its version is the root's."""
    binary: str
    """The program's path in the root. A root that has it is complete."""
    suites: tuple[str, ...]
    """Debian's suites in which it is looked for where the machine's own sources do not have it, best first."""
    instead: str
    """What a person can do where no source has it: `install ...`."""
    recipe: int
    """Part of the cache's name: raise it when roots of an older callbridge must not be used any more."""
    finish: Callable[[Path, Path], None] = _nothing
    """What is left to do in the unpacked root, which will be moved to the second path."""


ASTERISK = Wanted(
    name="Asterisk",
    packages=("asterisk",),
    binary="usr/sbin/asterisk",
    # Neither bookworm nor trixie has it.
    suites=("forky", "testing", "sid"),
    instead="install Asterisk and set PBX=system, or start Docker and set PBX=docker",
    recipe=1,
)
"""About 82 MB; 270 MB unpacked."""


def unpacked(wanted: Wanted, progress: Progress) -> Path:
    """The root folder of the unpacked program: from the cache, or fetched now.

    Raises:
        Unavailable: it cannot be fetched; the message says why and what to do.
    """
    try:
        architecture = run(["dpkg", "--print-architecture"]).strip()
        cache = cache_folder()
        cache.mkdir(parents=True, exist_ok=True)
        if root := _newest(wanted, cache, architecture):
            return root
        with _only_one(cache / "provision.lock", progress):
            # Another process may have fetched it while this one waited for the lock.
            return _newest(wanted, cache, architecture) or _fetch(wanted, cache, architecture, progress)
    except OSError as error:
        raise Unavailable(
            f"A private {wanted.name} cannot be kept in {cache_folder()}: {error}. "
            "Name a folder with 1 GB of free space in CALLBRIDGE_CACHE."
        ) from error


def fetched_before(wanted: Wanted) -> Path | None:
    """The root folder where the cache has it: for those who would rather try something else than fetch it."""
    return _newest(wanted, cache_folder(), run(["dpkg", "--print-architecture"]).strip())


def cache_folder() -> Path:
    """Where fetched programs stay between runs: `CALLBRIDGE_CACHE`, else callbridge's part of the user's cache."""
    if own := os.environ.get("CALLBRIDGE_CACHE"):
        return Path(own).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "callbridge"


def find_loader(root: Path) -> Path:
    """The dynamic loader in an unpacked root. Its name and folder differ by architecture, so it is looked for."""
    for path in sorted(root.glob("usr/lib/*/ld*.so.*")):
        if re.fullmatch(r"ld(-linux\S*|64)?\.so\.\d+", path.name):
            return path
    raise Unavailable(f"What is unpacked in {root} has no dynamic loader. Remove that folder and try again.")


def _newest(wanted: Wanted, cache: Path, architecture: str) -> Path | None:
    prefix = f"{wanted.packages[0]}-{wanted.recipe}-{architecture}-"
    complete = [root for root in cache.glob(f"{prefix}*") if (root / wanted.binary).exists()]
    return max(complete, key=lambda root: root.stat().st_mtime, default=None)


@contextmanager
def _only_one(lock: Path, progress: Progress) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another callbridge that is fetching programs ...")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _fetch(wanted: Wanted, cache: Path, architecture: str, progress: Progress) -> Path:
    # Whoever holds the lock is alone, so an unfinished folder belongs to a run that died.
    for left in cache.glob("unfinished-*"):
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="unfinished-", dir=cache))
    try:
        apt = PrivateApt(work / "apt", architecture)
        version = choose_sources(apt, wanted.packages[0], wanted.suites, wanted.instead, progress)
        count, megabytes = apt.plan(*wanted.packages)
        progress(f"Fetching {count} packages ({megabytes} MB) of {wanted.name} {version} ...")
        packages = apt.download(*wanted.packages)
        progress(f"Unpacking {len(packages)} packages ...")
        root = work / "root"
        _unpack(packages, root)
        find_loader(root)
        # No colon may be left: it separates folders in the loader's library path.
        clean = re.sub(r"[^A-Za-z0-9.]+", "-", version)
        final = cache / f"{wanted.packages[0]}-{wanted.recipe}-{architecture}-{clean}"
        wanted.finish(root, final)
        root.rename(final)
        progress(f"{wanted.name} {version} is ready in {final}")
        return final
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _unpack(packages: Sequence[Path], root: Path) -> None:
    (root / "usr").mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        # Older packages still say /lib; with these links they land where newer ones do.
        (root / "usr" / name).mkdir()
        (root / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        for _ in pool.map(lambda package: _unpack_one(package, root), packages):
            pass


def _unpack_one(package: Path, root: Path) -> None:
    # `dpkg-deb -x` would put an older package's own /lib into the place of the link.
    tar = ["tar", "-x", "--keep-directory-symlink", "--warning=no-timestamp", "-C", str(root)]
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as packed:
        done = subprocess.run(tar, stdin=packed.stdout, capture_output=True, text=True)
    if done.returncode or packed.returncode:
        raise Unavailable(f"{package.name} cannot be unpacked: {done.stderr.strip()[-300:]} Check the free disk space.")

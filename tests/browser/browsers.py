"""Brings a Chromium for the tests: the machine's, Playwright's, or Debian's, unpacked without installing it.

A browser is found when it has been seen to start. Where none does, `BrowserUnavailable` says what was tried and what
a person can do; no test is skipped for it.
"""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from playwright.async_api import Browser, Playwright
from playwright.async_api import Error as PlaywrightError

from callbridge.demo import private_apt
from callbridge.demo.errors import Unavailable
from callbridge.demo.unpacked import Wanted, fetched_before, find_loader, unpacked

Progress = Callable[[str], None]

ON_THE_PATH = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A microphone that plays a file, and nobody who has to press Allow.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    # Where loopback is the machine's only interface.
    "--allow-loopback-in-peer-connection",
)

_DOWNLOAD_SECONDS = 900
_LOCAL = "usr/lib/callbridge-chromium"
_FONTS = """\
<fontconfig>
  <dir>{root}/usr/share/fonts</dir>
  <dir>/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias binding="same"><family>sans-serif</family><prefer><family>Liberation Sans</family></prefer></alias>
  <alias binding="same"><family>system-ui</family><prefer><family>Liberation Sans</family></prefer></alias>
  <alias binding="same"><family>monospace</family><prefer><family>Liberation Mono</family></prefer></alias>
</fontconfig>
"""


class BrowserUnavailable(Exception):
    """No browser can be had here. The message says what was tried and what to do."""


async def open_browser(playwright: Playwright, progress: Progress, *, flags: Sequence[str] = ()) -> Browser:
    """A headless Chromium with `FLAGS` and `flags`, fetched first where necessary.

    Raises:
        BrowserUnavailable: none can be had.
    """
    tried: list[str] = []
    candidates = _candidates(Path(playwright.chromium.executable_path), progress, tried)
    while program := await asyncio.to_thread(next, candidates, None):
        try:
            return await playwright.chromium.launch(executable_path=program, args=[*FLAGS, *flags])
        except PlaywrightError as error:
            # The first line is Playwright's; what the browser itself says follows it.
            tried.append(f"{program} does not start: {' '.join(str(error).splitlines()[:4])[:300]}")
            progress(tried[-1])
    raise BrowserUnavailable(
        "The tests of the agents' page need a Chromium, and none can be had here. Install one so that `chromium` or "
        f"`google-chrome` is on the PATH, then try again. Tried: {'; '.join(tried)}"
    )


def _candidates(playwrights: Path, progress: Progress, tried: list[str]) -> Iterator[Path]:
    """What is there already, then what can be fetched. Each is named only when all before it did not start."""
    for name in ON_THE_PATH:
        if found := shutil.which(name):
            yield Path(found)
    if not tried:
        tried.append(f"none of {', '.join(ON_THE_PATH)} is on the PATH")
    if playwrights.exists():
        yield playwrights
    elif private_apt.possible() and (root := fetched_before(CHROMIUM)):
        yield root / CHROMIUM.binary
    elif _install_playwrights(progress, tried) and playwrights.exists():
        yield playwrights
    if not private_apt.possible():
        tried.append("there is no apt-get and dpkg-deb, to unpack Debian's Chromium")
        return
    try:
        root = unpacked(CHROMIUM, progress)
    except Unavailable as error:
        tried.append(str(error))
    else:
        yield root / CHROMIUM.binary


def _install_playwrights(progress: Progress, tried: list[str]) -> bool:
    progress("Fetching Playwright's own Chromium ...")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_DOWNLOAD_SECONDS)
    except subprocess.TimeoutExpired:
        tried.append(f"`playwright install chromium` did not end within {_DOWNLOAD_SECONDS} s")
        return False
    if done.returncode:
        said = next((line for line in done.stderr.splitlines() if line.startswith("Error:")), "no reason given")
        tried.append(f"`playwright install chromium` failed: {said}")
        progress(tried[-1])
    return done.returncode == 0


def _make_startable(root: Path, final: Path) -> None:
    """Chromium starts itself again for each tab, so it cannot be started through a loader by name, as Asterisk is.

    Its own file is made to name the unpacked loader, and a script names the libraries and fonts beside it.
    """
    loader = find_loader(root)
    libraries = loader.parent
    program = next(root.glob("usr/lib/chromium/chromium-headless-shell"))
    patch = [str(loader), "--library-path", str(libraries), str(root / "usr/bin/patchelf")]
    patch += ["--set-interpreter", str(final / loader.relative_to(root)), str(program)]
    subprocess.run(patch, check=True, capture_output=True, timeout=120)
    inside = final / libraries.relative_to(root)
    # Libraries that name a folder of their own with an absolute path are not found by it in here.
    folders = sorted({path.parent.name for path in libraries.glob("*/lib*.so*")} - {"gconv"})
    path = ":".join([str(inside), *(str(inside / folder) for folder in folders)])
    local = root / _LOCAL
    local.mkdir(parents=True)
    (local / "fonts.conf").write_text(_FONTS.replace("{root}", str(final)))
    script = local / "chromium"
    script.write_text(
        "#!/bin/sh\n"
        f"export LD_LIBRARY_PATH='{path}' FONTCONFIG_FILE='{final / _LOCAL}/fonts.conf'\n"
        f"exec '{final / program.relative_to(root)}' \"$@\"\n"
    )
    script.chmod(0o755)


CHROMIUM = Wanted(
    name="Chromium",
    packages=("chromium-headless-shell", "patchelf", "fonts-liberation", "fonts-dejavu-core"),
    binary=f"{_LOCAL}/chromium",
    suites=("stable", "testing", "sid"),
    instead="install chromium",
    recipe=1,
    finish=_make_startable,
)
"""Debian's, about 180 MB; 560 MB unpacked."""

"""Where an installed Asterisk keeps its parts: as distributions build it, and as `make install` of its source does.

Modules are in PREFIX/lib. The data is in PREFIX/share/asterisk on Debian; by Asterisk's own `configure` it is in
/var/lib/asterisk with the prefix /usr, in PREFIX/var/lib/asterisk with others, and again in /var/lib/asterisk where it
was told `--localstatedir=/var`.
"""

import glob
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from callbridge.demo.errors import PbxUnavailable

_MODULES = ("lib/*/asterisk/modules", "lib64/asterisk/modules", "lib/asterisk/modules")
_DATA = ("share/asterisk", "var/lib/asterisk")
_DATA_OF_ALL = "/var/lib/asterisk"


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    binary: Path
    module_dir: Path
    data_dir: Path
    """With the documentation, without which many modules refuse to load."""


def find_binary() -> Path | None:
    """The first `asterisk` on the PATH, or in the `sbin` beside a `bin` of it: ordinary users lack those on Debian."""
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    folders += [folder.with_name("sbin") for folder in folders if folder.name == "bin"]
    found = shutil.which("asterisk", path=os.pathsep.join(map(str, folders)))
    return Path(found) if found else None


def find_parts(binary: Path, *, data_of_all: str | None = _DATA_OF_ALL) -> Installed:
    """The folders that belong to this binary: beside it, or beside what it is a link to.

    `data_of_all`: where the data may be whatever the prefix is; None: nowhere else.

    Raises:
        PbxUnavailable: one of them is missing; the message says which, and where it was looked for.
    """
    prefixes = list(dict.fromkeys(each.parent.parent for each in (binary.absolute(), binary.resolve())))
    # The root of /sbin/asterisk is that of /usr/sbin/asterisk where the two are one, as on every system of today.
    prefixes = [Path("/usr") if prefix == Path("/") else prefix for prefix in prefixes]
    modules = [str(prefix / place) for prefix in prefixes for place in _MODULES]
    data = [str(prefix / place) for prefix in prefixes for place in _DATA]
    data += [data_of_all] if data_of_all else []
    return Installed(
        binary=binary,
        module_dir=_first(modules, "*.so", binary, "modules"),
        data_dir=_first(data, "documentation/*.xml", binary, "data folder with its documentation"),
    )


def _first(patterns: Sequence[str], inside: str, binary: Path, what: str) -> Path:
    for pattern in patterns:
        for folder in sorted(glob.glob(pattern)):
            if any(Path(folder).glob(inside)):
                return Path(folder)
    raise PbxUnavailable(
        f"The installed Asterisk ({binary}) has no {what} in {', '.join(patterns)}. "
        "Install it whole (`make install`), or choose another one with PBX."
    )

"""The files for Asterisk that this version ships: what a PBX is compared with."""

import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

DIALPLAN = "extensions-callbridge.conf"


def contexts() -> dict[str, list[str]]:
    """The applications of every context of the dialplan, in small letters and in the order of the file."""
    found: dict[str, list[str]] = {}
    for line in (_folder() / DIALPLAN).read_text().splitlines():
        if header := re.match(r"\[([^]]+)]", line):
            found[header[1]] = []
        elif step := re.match(r"\s*(?:exten\s*=>\s*[^,]+,[^,]+|same\s*=>\s*[^,]+),(\w+)", line):
            found[next(reversed(found))].append(step[1].lower())
    return found


def modules() -> dict[str, str]:
    """The modules that must be loaded, those marked with a star, each with what it is for where the file says so."""
    text = (_folder() / "modules-callbridge.txt").read_text()
    return dict(re.findall(r"^(\w+\.so) +\*[ \t]*(.*)$", text, re.MULTILINE))


def _folder() -> Traversable:
    packaged = resources.files("callbridge") / "asterisk"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "asterisk"

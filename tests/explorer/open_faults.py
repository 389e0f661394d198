"""Violations that are known and not mended yet. Each is counted and named in the explorer's last line, never silently.

What lies behind one is not explored; everything else is. An entry goes with the mending of its fault.
"""

import re

OPEN_FAULTS: dict[str, str] = {
    r".* hears only phones that hold, in \w+": (
        "a phone holds at the moment at which another channel takes the caller's place, or with a mute, a crash and a "
        "phone that is rung again: the caller hears nothing until the phone is taken back"
    ),
    r"nobody knows the caller .*": (
        "a conference is merged at the moment at which another channel takes the caller's place in the music"
    ),
    r".* hears nobody, and nobody can undo it": (
        "the link is lost at the very order that ends a conference with somebody muted: the mute stays on the PBX"
    ),
    r"conference is settled in .*": (
        "a fourth party picks up without an address in the answer, and the link is lost at that moment"
    ),
}
"""What is said -> when it happens."""


def open_fault(what: str) -> str | None:
    """The entry that names this violation; None: it is a new one."""
    return next((said for said in OPEN_FAULTS if re.fullmatch(said, what)), None)

"""Mutants that are known to survive, each with the reason for which that is right, in `survivors.txt`.

An entry is a mutant's name in one line, and below it, indented, its reason.
"""

from pathlib import Path

FILE = Path(__file__).parent / "survivors.txt"


def known(file: Path = FILE) -> dict[str, str]:
    """Name -> reason. Raises ValueError for an entry that is there twice or has no reason."""
    found: dict[str, str] = {}
    name = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(" "):
            found[name] = f"{found[name]} {line.strip()}".strip()
        else:
            name = line
            if name in found:
                raise ValueError(f"{name!r} is there twice")
            found[name] = ""
    for each, reason in found.items():
        if not reason:
            raise ValueError(f"{each!r} has no reason")
    return found

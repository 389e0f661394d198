"""Secrets: named in the configuration, kept outside it."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

MAX_SECRET_BYTES: Final = 65_536
ALLOWED: Final = "write {env: NAME} or {file: path}"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret's value, which never shows in a repr, and where it came from."""

    value: str = field(repr=False)
    source: str
    """`environment variable NAME` or `file PATH`, for people."""
    exposed: bool = False
    """Its file can be read by every user of the machine, or changed by its group."""


def read_secret(given: Any, *, base: Path, env: Mapping[str, str]) -> Secret:
    """The secret that `{env: NAME}` or `{file: path}` names; a relative path starts at `base`.

    Under systemd a credential (LoadCredential=) with the file's name goes first: the service then reads what only root
    can read in the configuration's folder, and root's `callbridge check` reads the same secret there.

    Raises ValueError with a sentence that never contains a value.
    """
    if isinstance(given, Secret):
        return given
    if isinstance(given, str):
        raise ValueError(f"a secret may not stand in this file; {ALLOWED}")
    if not isinstance(given, dict) or len(given) != 1 or not {"env", "file"} & given.keys():
        raise ValueError(f"does not say where the secret is; {ALLOWED}")
    (kind, name), *_ = given.items()
    if not isinstance(name, str) or not name:
        raise ValueError(f"{kind} has no name; {ALLOWED}")
    return _from_env(name, env) if kind == "env" else _from_file(_place(name, base, env.get("CREDENTIALS_DIRECTORY")))


def _place(name: str, base: Path, credentials: str | None) -> Path:
    if credentials and "/" not in name and "\0" not in name and (Path(credentials) / name).is_file():
        return Path(credentials) / name
    return base / name


def _from_env(name: str, env: Mapping[str, str]) -> Secret:
    if not _NAME.fullmatch(name):
        raise ValueError("env must be the name of an environment variable; letters, digits and _")
    value = env.get(name)
    if value is None:
        raise ValueError(f"the environment variable {name} is not set; set it, or use {{file: path}}")
    return Secret(_checked(value, f"the environment variable {name}"), f"environment variable {name}")


def _from_file(path: Path) -> Secret:
    try:
        # Not blocking: a FIFO without a writer would wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(descriptor)
            ordinary = stat.S_ISREG(status.st_mode)
            content = _read(descriptor) if ordinary else b""
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(f"the file {str(path)!r} cannot be read ({reason}); create it or correct the path") from None
    if not ordinary:
        raise ValueError(f"{str(path)!r} is not a file; it must be an ordinary file with the secret in it")
    if len(content) > MAX_SECRET_BYTES:
        raise ValueError(f"the file {str(path)!r} is too large; a secret has at most {MAX_SECRET_BYTES} bytes")
    try:
        value = content.decode()
    except UnicodeDecodeError:
        raise ValueError(f"the file {str(path)!r} is not UTF-8 text; write the secret as text") from None
    value = _checked(value.removesuffix("\n").removesuffix("\r"), f"the file {str(path)!r}")
    return Secret(value, f"file {path}", exposed=bool(status.st_mode & (stat.S_IRWXO | stat.S_IWGRP)))


def _read(descriptor: int) -> bytes:
    content = b""
    while len(content) <= MAX_SECRET_BYTES and (piece := os.read(descriptor, MAX_SECRET_BYTES + 1 - len(content))):
        content += piece
    return content


def _checked(value: str, where: str) -> str:
    if not value:
        raise ValueError(f"{where} is empty; put the secret in it")
    if any(character < " " or character == "\x7f" for character in value):
        raise ValueError(f"{where} has a line break or control character; a secret is one line of text")
    return value

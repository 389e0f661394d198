"""The `callbridge` command: arguments in, exit code out. Each sub-command imports what it needs when it runs.

Exit codes: 0 all is well, 1 something was found or failed, 2 the arguments or the configuration are wrong.
"""

import argparse
import getpass
import hashlib
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from callbridge import __version__

OK, FAILED, USAGE = 0, 1, 2
_INTERRUPTED = 130
_MIN_PASSWORD, _MAX_PASSWORD = 8, 1024


class _Refused(Exception):
    """A sentence for the person at the terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the sub-command. Errors are sentences on stderr; CALLBRIDGE_TRACEBACK=1 shows where they come from."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        code = command(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:  # `callbridge openapi | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if os.environ.get("CALLBRIDGE_TRACEBACK"):
            raise
        return _said(error)


def _said(error: Exception) -> int:
    from callbridge.config.errors import ConfigError

    if isinstance(error, ConfigError):
        print(error, file=sys.stderr)
        return USAGE
    text = str(error) if isinstance(error, _Refused) else f"{type(error).__name__}: {error}".rstrip(": ")
    print(f"callbridge: {text}", file=sys.stderr)
    return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="callbridge",
        description="A telephony integration gateway beside Asterisk: offers, screen pops and transfers.",
    )
    parser.add_argument("--version", action="version", version=f"callbridge {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, command: Callable[[argparse.Namespace], int], summary: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=summary, description=summary)
        sub.set_defaults(command=command)
        return sub

    def add_config(sub: argparse.ArgumentParser) -> None:
        given = os.environ.get("CALLBRIDGE_CONFIG")
        sub.add_argument(
            "--config",
            type=Path,
            metavar="FILE",
            required=given is None,
            default=Path(given) if given is not None else None,
            help="the YAML configuration; the environment variable CALLBRIDGE_CONFIG stands in for it",
        )

    add_config(add("run", _run, "Run the gateway."))
    check = add("check", _check, "Check the configuration and the live PBX; each finding comes with its cure.")
    add_config(check)
    check.add_argument("--offline", action="store_true", help="only the configuration, do not connect to the PBX")
    check.add_argument("--json", action="store_true", help="the findings as JSON")
    backup = add("backup", _backup, "Copy the store, also while the gateway runs; nothing is overwritten.")
    add_config(backup)
    backup.add_argument(
        "to", type=Path, metavar="TO", help="the new file, or a folder, in which it is named by the time"
    )
    demo = add("demo", _demo, "Start a private Asterisk with simulated callers and agents, and tell a story on it.")
    demo.add_argument("--once", action="store_true", help="end after the story")
    demo.add_argument("--port", type=_port, metavar="N", help="the port of the HTTP API")
    add("openapi", _openapi, "Print the OpenAPI document of the HTTP API.")
    add("hash-password", _hash_password, "Read an agent's password and print its hash for the configuration.")
    add("new-token", _new_token, "Make a service's token and print it once, with the line for the configuration.")
    return parser


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:6]) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 1 to 65535")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    # "Read the configuration again" ends a process that does not listen yet; until it does there is nothing to read.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    from callbridge import app

    return app.main(options.config)


def _check(options: argparse.Namespace) -> int:
    from callbridge import check

    return check.main(options.config, offline=options.offline, as_json=options.json)


def _backup(options: argparse.Namespace) -> int:
    from callbridge.config import load_config
    from callbridge.store import StoreError
    from callbridge.store.backup import back_up, pg_dump

    url = load_config(options.config).store.url
    scheme, _, place = url.partition(":///")
    try:
        if scheme != "sqlite":
            line = pg_dump(url, options.to)
            raise _Refused(f"a PostgreSQL store is backed up by its own program; nothing was done. Run:\n{line}")
        file, calls = back_up(Path(place), options.to)
    except StoreError as problem:
        raise _Refused(str(problem)) from problem
    print(f"{file}: sound, {calls} {'call' if calls == 1 else 'calls'}")
    return OK


def _demo(options: argparse.Namespace) -> int:
    from callbridge.demo import story

    return story.main(once=options.once, port=options.port)


def _openapi(options: argparse.Namespace) -> int:
    from callbridge.web.table import document

    print(json.dumps(document(), indent=2))
    return OK


def _hash_password(options: argparse.Namespace) -> int:
    from argon2 import PasswordHasher

    print(PasswordHasher().hash(_password()))
    return OK


def _password() -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Again: "):
            raise _Refused("the two are not the same, nothing was hashed")
    else:
        try:
            password = sys.stdin.readline(_MAX_PASSWORD + 2).removesuffix("\n").removesuffix("\r")
        except UnicodeDecodeError:
            raise _Refused("the password is not UTF-8 text") from None
    if not _MIN_PASSWORD <= len(password) <= _MAX_PASSWORD:
        raise _Refused(f"a password has at least {_MIN_PASSWORD} and at most {_MAX_PASSWORD} characters")
    return password


def _new_token(options: argparse.Namespace) -> int:
    token = f"cbs_{secrets.token_urlsafe(32)}"
    print(f"token (shown only now, for the service): {token}")
    print(f'token_hash: "sha256:{hashlib.sha256(token.encode()).hexdigest()}"')
    return OK

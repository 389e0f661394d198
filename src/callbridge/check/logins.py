"""Can both AMI users log in, may they do what callbridge needs, and no more than that?"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from callbridge.ami.errors import AmiError, AuthenticationFailed
from callbridge.ami.framing import Message
from callbridge.ami.session import Session
from callbridge.ami.settings import SessionSettings
from callbridge.check.asking import Asked, Asking, text
from callbridge.check.findings import Finding, error, ok, warning
from callbridge.config import Login, Pbx, is_loopback

CONNECT_TIMEOUT = 5.0
"""Seconds for everything until a login is accepted."""
BOOTED_WITHIN = 3.0
"""Seconds in which an Asterisk that has booted says FullyBooted to a new session."""

NEEDED = ("Originate", "Bridge", "Redirect", "Hangup", "Setvar", "Getvar", "Status", "BridgeList", "DeviceStateList")
"""The actions that callbridge uses; the snapshot's and the effects'."""
NEEDED_HERE = ("CoreSettings", "ShowDialPlan")
"""What only this check uses."""

_SHELL = {"command": "runs Asterisk's own commands", "config": "rewrites Asterisk's configuration"}
_MUCH = {
    "system": "reads manager.conf with every secret and reloads modules",
    "user": "sends events that can be forged",
}
_PRIVILEGES = re.compile(r"\(Priv: ([^)]*)\)$")


@asynccontextmanager
async def logged_in(pbx: Pbx, findings: list[Finding]) -> AsyncIterator[tuple[Asking | None, Asking | None]]:
    """The sessions of both users, None for one that could not log in; why goes to the findings."""
    opened: dict[str, tuple[Session, asyncio.Event]] = {}
    failed: dict[str, AmiError] = {}
    context = pbx.tls_context()
    try:
        for role, login in (("events", pbx.events), ("actions", pbx.actions)):
            booted = asyncio.Event()
            session = _session(pbx, login, role, booted, context)
            try:
                await session.open()
                opened[role] = session, booted
            except AmiError as problem:
                failed[role] = problem
                await session.close()
                if not isinstance(problem, AuthenticationFailed):
                    break  # Nobody answers: the second user would only wait as long again.
        findings += _about_logins(pbx, failed, opened)
        if "events" in opened:
            findings.append(await _booted(opened["events"][1]))
        yield (
            Asked(opened["events"][0]) if "events" in opened else None,
            Asked(opened["actions"][0]) if "actions" in opened else None,
        )
    finally:
        for session, _ in opened.values():
            await session.close()


def _session(pbx: Pbx, login: Login, role: str, booted: asyncio.Event, context: ssl.SSLContext | None) -> Session:
    def seen(message: Message) -> None:
        booted.set()

    settings = SessionSettings(
        host=pbx.host,
        port=pbx.port,
        username=login.username,
        secret=login.secret.value,
        ssl=context,
        connect_timeout=CONNECT_TIMEOUT,
    )
    return Session(
        settings,
        role=role,
        events=role == "events",
        wanted=("FullyBooted",) if role == "events" else None,
        on_event=seen,
        on_lost=lambda reason: None,
    )


def _about_logins(pbx: Pbx, failed: dict[str, AmiError], opened: Iterable[str]) -> Iterable[Finding]:
    where = f"{pbx.host}:{pbx.port}"
    refused = {role for role, problem in failed.items() if isinstance(problem, AuthenticationFailed)}
    for role, problem in failed.items():
        if role not in refused:
            yield error("connection", f"{where}: {problem}", _unreachable_cure(pbx, str(problem)))
            return
    yield ok("connection", f"an Asterisk manager answers on {where}")
    if not pbx.tls and not is_loopback(pbx.host):
        yield warning(
            "connection",
            f"secrets and calls' data go to {where} unencrypted",
            "Set pbx.tls: true and tlsenable in manager.conf, or run callbridge on the PBX itself.",
        )
    for role, login in (("events", pbx.events), ("actions", pbx.actions)):
        if role in opened:
            yield ok("login", f"{login.username} is logged in")
        elif role in refused:
            yield error("login", f"Asterisk refuses {login.username}", _refused_cure(role, login, refused))


def _unreachable_cure(pbx: Pbx, problem: str) -> str:
    if "not an Asterisk manager" in problem or "no login within" in problem:
        other = "false" if pbx.tls else "true"
        return f"Correct pbx.port (5038, or 5039 with TLS), or set pbx.tls: {other} if that is what listens there."
    if "SSL" in problem or "certificate" in problem:
        return "Set pbx.tls_ca to the certificate that signed the PBX's own, or correct tlscertfile in manager.conf."
    return "Start Asterisk, set enabled = yes and bindaddr in manager.conf, and correct pbx.host and pbx.port."


def _refused_cure(role: str, login: Login, refused: set[str]) -> str:
    # Asterisk answers the same to an unknown user, a wrong secret and a forbidden address. What the other user got
    # tells which it is most likely.
    reload = "then `asterisk -rx 'manager reload'`"
    if len(refused) == 1:
        return (
            f"The other user got in from here, so compare the secret in pbx.{role} ({login.secret.source}) with "
            f"[{login.username}] in manager.conf, {reload}; if it is the same, compare that user's permit lines."
        )
    return (
        f"Include manager-callbridge.conf in manager.conf and permit this machine's address there, {reload}; if that "
        f"is done, compare the secret in pbx.{role} ({login.secret.source}). Asterisk's log says which it is."
    )


async def _booted(event: asyncio.Event) -> Finding:
    try:
        async with asyncio.timeout(BOOTED_WITHIN):
            await event.wait()
    except TimeoutError:
        return error(
            "permissions",
            "the events user is not told that Asterisk has booted",
            "Give it read = call,user,system and manager-callbridge.conf's eventfilter lines; or Asterisk is starting.",
        )
    return ok("permissions", "the events user hears of Asterisk's start and stop")


async def check_events_user(asking: Asking, name: str) -> Iterable[Finding]:
    surplus = sorted(action for action, classes in (await _permitted(asking)).items() if classes)
    if surplus:
        what = f"{name} may act, it may use {len(surplus)} actions such as {', '.join(surplus[:3])}"
        return [warning("permissions", what, f"Leave write empty for [{name}] in manager.conf, it only listens.")]
    return [ok("permissions", f"{name} can do nothing but listen")]


async def check_actions_user(asking: Asking, name: str) -> Iterable[Finding]:
    permitted = await _permitted(asking)
    missing = [action for action in NEEDED if action not in permitted]
    cure = f"Set write = originate,call,reporting for [{name}] in manager.conf, then `asterisk -rx 'manager reload'`."
    findings = []
    if missing:
        findings.append(error("permissions", f"{name} may not use {', '.join(missing)}", cure))
    else:
        findings.append(ok("permissions", f"{name} may use every action that is needed"))
    unseen = [action for action in NEEDED_HERE if action not in permitted]
    if unseen:
        what = f"{name} may not use {', '.join(unseen)}, so that some of this check cannot be done"
        findings.append(warning("permissions", what, cure))
    # An action that has only this class besides `all` shows that the user has the class.
    held = {only for classes in permitted.values() if len(only_ := classes) == 1 for only in only_}
    for kind, why in {**_SHELL, **_MUCH}.items():
        if kind in held:
            what = f"{name} has the class {kind}, which {why}"
            findings.append(warning("permissions", what, f"Take {kind} out of write for [{name}] in manager.conf."))
    return findings


async def _permitted(asking: Asking) -> dict[str, tuple[str, ...]]:
    """Every action that the user may use, with the classes of which it needs one, `all` left out.

    Asterisk's ListCommands names only those that the session may use (action_listcommands in main/manager.c).
    """
    answer = await asking.action("ListCommands")
    permitted = {}
    for name in answer:
        found = _PRIVILEGES.search(text(answer, name))
        if found:
            classes = found[1].split(",")
            permitted[name] = tuple(held for held in classes if held not in ("all", "<none>"))
    return permitted

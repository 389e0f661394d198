"""Is callbridge's dialplan there, is it this version's, who leads callers into it, and where does its fallback lead?"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from callbridge.ami.errors import AmiError
from callbridge.ami.framing import Message
from callbridge.check.asking import Asking, text, variable
from callbridge.check.findings import Finding, error, note, ok, warning
from callbridge.check.shipped import DIALPLAN
from callbridge.check.shipped import contexts as contexts_shipped

REQUIRED = ("callbridge", "callbridge-hold", "callbridge-leg", "callbridge-fallback")
"""Without these nothing works; others belong to features."""

_INCLUDE = (
    f'Copy {DIALPLAN} to the PBX, add #include "{DIALPLAN}" to extensions.conf, then `asterisk -rx "dialplan reload"`.'
)
_ENTERS = re.compile(r"(?:^|[?:(])callbridge,([^,)]+),")
_GROUP = re.compile(r"[a-z0-9][a-z0-9_-]*")

# What [callbridge-fallback] makes of CALLBRIDGE_FALLBACK: its FILTER, then its REGEX.
_NOT_TAKEN = re.compile(r"[^A-Za-z0-9_+*#,-]")
_FORM = re.compile(r"[^,]+,[^,]+,[0-9]+")
_SITE = "callbridge-site-fallback,s,1"
_LAST_RESORT = "callers hear ringing, and after some minutes that all lines are busy"


async def check_dialplan(asking: Asking, groups: Collection[str]) -> list[Finding]:
    try:
        rows = await asking.list_action("ShowDialPlan")
    except AmiError as problem:
        return [warning("dialplan", f"cannot be seen: {problem}", "Give the actions user reporting in manager.conf.")]
    contexts: dict[str, list[Message]] = defaultdict(list)
    for row in rows:
        contexts[text(row, "Context")].append(row)
    missing = [name for name in REQUIRED if name not in contexts]
    if missing:
        return [error("dialplan", f"the PBX has no context {', '.join(missing)}", _INCLUDE)]
    findings = [ok("dialplan", f"{DIALPLAN} is included")]
    findings += _same_version(contexts)
    findings += _reached(rows, groups)
    findings.append(await _fallback(asking))
    return findings


def _same_version(contexts: dict[str, list[Message]]) -> Iterator[Finding]:
    different = [
        name
        for name, applications in contexts_shipped().items()
        if sorted(text(row, "Application").lower() for row in contexts.get(name, ()) if text(row, "Application"))
        != sorted(applications)
    ]
    if different:
        what = f"the PBX's {', '.join(different)} {_are(different)} not what this version of callbridge ships"
        yield warning("dialplan", what, f"Copy this version's {DIALPLAN} to the PBX again, then reload the dialplan.")


def _reached(rows: Iterable[Message], groups: Collection[str]) -> Iterator[Finding]:
    entering: dict[str, str] = {}
    for row in rows:
        context = text(row, "Context")
        if context.startswith("callbridge"):
            continue
        if text(row, "IncludeContext") == "callbridge":
            entering.setdefault("${}", context)
        for group in _ENTERS.findall(text(row, "AppData")):
            entering.setdefault(group, f"{context}, extension {text(row, 'Extension')}")
    if not entering:
        yield warning(
            "dialplan",
            "no Goto(callbridge,GROUP,1) is in the dialplan: no number leads to a group",
            "Send each number to its group with Goto(callbridge,GROUP,1); realtime or AEL dialplans are not seen here.",
        )
        return
    for group, where in entering.items():
        if _GROUP.fullmatch(group) and group not in groups:
            what = f'{where} sends callers to the group "{group}", which callbridge does not have'
            yield error("dialplan", what, f"Add {group} under groups in the configuration, or correct the Goto.")
    found = sorted(set(entering) & set(groups))
    if found:
        yield ok("dialplan", f"numbers lead to {', '.join(found)}")
    unreached = sorted(set(groups) - set(entering))
    if unreached and not any("${" in group for group in entering):
        what = f"no number leads to {', '.join(unreached)}, only transfers do"
        yield note("dialplan", what, "Add a Goto(callbridge,GROUP,1) if callers should reach it directly.")


async def _fallback(asking: Asking) -> Finding:
    wish = await variable(asking, "CALLBRIDGE_FALLBACK")
    if wish:
        return await _wished(asking, wish)
    if await _exists(asking, _SITE):
        return ok("fallback", "without the gateway callers go to [callbridge-site-fallback]")
    return warning(
        "fallback",
        f"without the gateway {_LAST_RESORT}",
        "Give the dialplan a context [callbridge-site-fallback] with an extension s, or set CALLBRIDGE_FALLBACK.",
    )


async def _wished(asking: Asking, wish: str) -> Finding:
    """Judges CALLBRIDGE_FALLBACK as the dialplan does; a wrong one counts there as not set."""
    target = _NOT_TAKEN.sub("", wish)
    cure = "Set it to an existing context,extension,priority under [globals]"
    if not _FORM.fullmatch(target):
        what = f"is {wish}, which is no context,extension,priority with a number as priority"
    elif target.lower().startswith("callbridge") and not target.startswith("callbridge-site-fallback,"):
        what = f"is {wish}: callers would go round in callbridge's own dialplan, which refuses it"
        cure += ", in a context of your own"
    elif not await _exists(asking, target):
        taken = "" if target == wish else f", of which the dialplan takes {target} only"
        what = f"is {wish}{taken}, which the dialplan does not have"
        cure += "; names have letters, digits, _, -, +, * and # only" if taken else ""
    else:
        return ok("fallback", f"without the gateway callers go to {target}")
    instead = "callers go to [callbridge-site-fallback]" if await _exists(asking, _SITE) else _LAST_RESORT
    return error("fallback", f"CALLBRIDGE_FALLBACK {what}; instead {instead}", f"{cure}.")


async def _exists(asking: Asking, target: str) -> bool:
    return await variable(asking, f"DIALPLAN_EXISTS({target})") == "1"


def _are(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"

"""The PBX itself: version, modules, clock, music, and the settings of its manager as far as AMI shows them."""

import re
import time
from collections.abc import Callable

from callbridge.ami.decode import ADDED_LATER, PRESENTATION, VARIABLES, WITHHELD
from callbridge.ami.errors import AmiError
from callbridge.ami.framing import number
from callbridge.check.asking import Asking, text, variable
from callbridge.check.findings import Finding, error, note, ok, warning
from callbridge.check.shipped import modules
from callbridge.check.versions import OLDEST, SUPPORTED, TESTED, in_words
from callbridge.config import Pbx

_SKEW = 2.0
"""Seconds between the two clocks from which log files and times on screen become confusing."""
_LONG_WRITE = 10_000
"""Milliseconds of writetimeout above which a busy reader is not cut off."""


async def check_version(asking: Asking) -> Finding:
    try:
        version = text(await asking.action("CoreSettings"), "AsteriskVersion")
    except AmiError as problem:
        return note("version", f"cannot be seen: {problem}", f"callbridge is for {in_words()}.")
    found = re.match(r"(?:certified[/-])?(\d+)(?:\.(\d+))?", version)
    if found is None:
        what = f"Asterisk calls itself {version or 'nothing'}, which is no release"
        return warning("version", what, f"callbridge is tested on Asterisk {TESTED}; use a release.")
    major, minor = int(found[1][:9]), int((found[2] or "0")[:9])
    if major < OLDEST:
        what = f"Asterisk {version} is too old"
        return error("version", what, f"Upgrade; callbridge is for {in_words()}.")
    if major not in SUPPORTED:
        what = f"Asterisk {version} should work but callbridge was not tried on it"
        return warning("version", what, f"Try a call and a transfer; callbridge is for {in_words()}.")
    if minor < SUPPORTED[major]:
        what = f"Asterisk {version} does not know the event filters: the gateway is sent every event of the PBX"
        return warning("version", what, f"Upgrade; callbridge is for {in_words()}.")
    return ok("version", f"Asterisk {version}")


async def check_modules(asking: Asking) -> list[Finding]:
    # ModuleCheck would need the class `system`, which the user should not have.
    if await variable(asking, "IFMODULE(func_module.so)") != "1":
        what = "func_module.so is not loaded, and without it no other module can be asked for"
        return [error("modules", what, "Load it in modules.conf; callbridge's dialplan needs it too.")]
    findings: list[Finding] = []
    if await variable(asking, "IFMODULE(func_config.so)") == "1":
        # Tried on Asterisk 22: Getvar of AST_CONFIG(manager.conf,USER,secret) needs the class call alone.
        what = "func_config.so is loaded: whoever has the actions user's secret can read every secret of the PBX"
        cure = "Put noload = func_config.so into modules.conf, unless your dialplan uses AST_CONFIG()."
        findings.append(warning("modules", what, cure))
    if await variable(asking, "IFMODULE(res_pjsip_refer.so)") == "1":
        what = "res_pjsip_refer.so is loaded: a phone that knows a call's dialog can take its place (Replaces)"
        cure = "Put noload = res_pjsip_refer.so into modules.conf where no phone of this PBX needs to transfer."
        findings.append(note("modules", what, cure))
    if await variable(asking, "IFMODULE(app_chanspy.so)") != "1":
        what = "app_chanspy.so is not loaded: agents hear ringing where a number outside speaks before it answers"
        cure = "Load it in modules.conf, so that they hear the network's announcements."
        findings.append(warning("modules", what, cure))
    missing = [
        error(
            "modules",
            f"{name} is not loaded{f' ({use})' if use else ''}",
            f"Load it in modules.conf, then `asterisk -rx 'module load {name}'`.",
        )
        for name, use in modules().items()
        if await variable(asking, f"IFMODULE({name})") != "1"
    ]
    return findings + (missing or [ok("modules", "all that callbridge needs are loaded")])


async def check_clock(asking: Asking, lease: int, clock: Callable[[], float] = time.time) -> list[Finding]:
    """Compares the clocks to about a second: the PBX gives whole seconds."""
    before = clock()
    answer = await variable(asking, "EPOCH")
    after = clock()
    epoch = number(answer)
    if epoch is None:
        return [note("clock", "the PBX does not tell its time", "Keep both machines' clocks right by NTP.")]
    # The PBX's time lies between epoch and epoch + 1.
    skew = epoch - after if epoch > after else min(0.0, epoch + 1 - before)
    findings = []
    if abs(skew) > _SKEW:
        what = f"the PBX's clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
        cure = "Set both clocks by NTP; the lease follows the PBX's own clock, but logs and times on screen do not."
        findings.append(warning("clock", what, cure))
    else:
        findings.append(ok("clock", "the PBX's clock and this one agree"))
    alive = await variable(asking, "CALLBRIDGE_ALIVE")
    left = (number(alive) or epoch) - epoch
    if left > max(lease, 1) * 2:
        what = f"a gateway vouches for the callers for {left} s, far longer than pbx.lease ({lease} s)"
        cure = "Correct the PBX's clock, or `asterisk -rx 'dialplan set global CALLBRIDGE_ALIVE 0'` while none runs."
        findings.append(warning("lease", what, cure))
    elif left > 0:
        findings.append(ok("lease", f"a gateway is running, its lease ends in {left} s unless it is renewed"))
    return findings


async def check_music(asking: Asking, music_class: str) -> list[Finding]:
    used = await variable(asking, "CALLBRIDGE_MUSIC") or "default"
    findings = []
    if used != music_class:
        what = f"waiting callers hear the class {used}, the configuration says {music_class}"
        cure = f"Set CALLBRIDGE_MUSIC={music_class} under [globals] in extensions.conf, or correct pbx.music_class."
        findings.append(warning("music", what, cure))
    if await variable(asking, "IFMODULE(func_config.so)") == "1":
        if not await variable(asking, f"AST_CONFIG(musiconhold.conf,{used},mode)"):
            what = f"musiconhold.conf has no class {used}"
            return [*findings, error("music", what, f"Add [{used}] with mode and directory, then `moh reload`.")]
        findings.append(ok("music", f"musiconhold.conf has the class {used}"))
    what = "whether the class has files, AMI cannot tell; without files callers hear silence"
    return [*findings, note("music", what, f"Look with `asterisk -rx 'moh show files'` for the class {used}.")]


async def check_manager(asking: Asking, pbx: Pbx) -> list[Finding]:
    """The manager's own settings: read through func_config where it is loaded, else seen on a live channel."""
    cure = "Copy the channelvars line of manager-callbridge.conf into [general] of manager.conf, then manager reload."
    shown = await _channelvars(asking)
    if shown is None:
        what = "channelvars cannot be seen while no call is up"
        findings = [note("manager", what, "Run this check again during a call, or compare manager.conf by eye.")]
    elif missing := [name for name in VARIABLES if name not in shown and name not in ADDED_LATER]:
        findings = [error("manager", f"channelvars lacks {', '.join(missing)}", cure)]
    elif missing := [name for name in (WITHHELD, PRESENTATION) if name not in shown]:
        what = f"channelvars lacks {', '.join(missing)}: that a caller withholds the number is not known"
        findings = [warning("manager", what, cure)]
    elif missing := [name for name in ADDED_LATER if name not in shown]:
        what = f"channelvars lacks {', '.join(missing)}: call-backs show the PBX's own number"
        findings = [warning("manager", what, cure)]
    else:
        findings = [ok("manager", "channelvars has all that is needed")]
    timeout = await _config(asking, f"manager.conf,{pbx.events.username},writetimeout")
    if timeout is None:
        what = "writetimeout and the events user's read classes cannot be seen through AMI"
        cure = "Compare them with manager-callbridge.conf: writetimeout = 30000, read = call,user,system."
        return [*findings, note("manager", what, cure)]
    if (number(timeout) or 0) < _LONG_WRITE:
        what = f"writetimeout of {pbx.events.username} is {timeout or '100 (the default)'}: a busy gateway is cut off"
        findings.append(warning("manager", what, f"Set writetimeout = 30000 for [{pbx.events.username}]."))
    read = await _config(asking, f"manager.conf,{pbx.events.username},read") or ""
    classes = {part.strip() for part in read.split(",")}
    deaf = [of for name, of in (("call", "calls"), ("user", "waiting callers")) if not {name, "all"} & classes]
    if deaf:
        what = f"{pbx.events.username} does not hear of {' and '.join(deaf)}: it has read = {read or 'nothing'}"
        findings.append(error("manager", what, f"Set read = call,user,system for [{pbx.events.username}]."))
    return findings


async def _channelvars(asking: Asking) -> str | None:
    configured = await _config(asking, "manager.conf,general,channelvars")
    if configured is not None:
        return configured
    try:
        channels = await asking.list_action("CoreShowChannels")
    except AmiError:
        return None
    if not channels:
        return None
    shown = channels[0].get("ChanVariable", "")
    return shown if isinstance(shown, str) else ",".join(shown)


async def _config(asking: Asking, place: str) -> str | None:
    """What a configuration file of Asterisk says; None where it cannot be read."""
    if await variable(asking, "IFMODULE(func_config.so)") != "1":
        return None
    return await variable(asking, f"AST_CONFIG({place})")

"""`callbridge check`: the configuration, then the live PBX. Looks only: nothing is changed and nobody is called."""

import asyncio
import sys
from pathlib import Path
from typing import TextIO

from callbridge.ami.errors import AmiError
from callbridge.check.dialplan import check_dialplan
from callbridge.check.findings import Finding, Level, error, has_errors
from callbridge.check.logins import check_actions_user, check_events_user, logged_in
from callbridge.check.offline import check_config
from callbridge.check.pbx import check_clock, check_manager, check_modules, check_music, check_version
from callbridge.check.phones import check_outbound, check_phones
from callbridge.check.show import show
from callbridge.config import Config, ConfigError, load_config

__all__ = ["Finding", "Level", "check_pbx", "main"]


def main(path: Path, *, offline: bool = False, as_json: bool = False, out: TextIO | None = None) -> int:
    """Prints every finding. Returns 0, 1 where one is an error, 2 where the configuration cannot be used."""
    out = out or sys.stdout
    try:
        config = load_config(path)
    except ConfigError as problems:
        if not as_json:
            raise
        show([error("config", str(problem), problem.allowed) for problem in problems.problems], out, as_json=True)
        return 2
    findings = list(check_config(config, path))
    if not offline:
        findings += asyncio.run(check_pbx(config))
    show(findings, out, as_json=as_json)
    return int(has_errors(findings))


async def check_pbx(config: Config) -> list[Finding]:
    """Everything that two logins can see, without side effects on the PBX."""
    findings: list[Finding] = []
    pbx = config.pbx
    try:
        async with logged_in(pbx, findings) as (events, actions):
            if events is not None:
                findings += await check_events_user(events, pbx.events.username)
            if actions is not None:
                findings += await check_actions_user(actions, pbx.actions.username)
                findings.append(await check_version(actions))
                findings += await check_modules(actions)
                findings += await check_dialplan(actions, [group.id for group in config.groups])
                findings += await check_music(actions, pbx.music_class)
                findings += await check_clock(actions, pbx.lease)
                findings += await check_manager(actions, pbx)
                findings += await check_phones(actions, config.agents)
                findings += await check_outbound(actions, config.outbound)
    except AmiError as problem:
        findings.append(error("connection", f"it broke off: {problem}", "Run the check again; see Asterisk's log."))
    except OSError as problem:
        findings.append(error("connection", f"TLS cannot be set up: {problem}", "Correct pbx.tls_ca."))
    return findings

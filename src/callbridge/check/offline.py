"""What is doubtful in a configuration that may be used."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from callbridge.check.findings import Finding, error, note, ok, warning
from callbridge.config import Config, dotted, is_loopback


def check_config(config: Config, path: Path) -> Iterator[Finding]:
    yield ok("config", f"{path}: {len(config.agents)} agents, {len(config.groups)} groups")
    for place, secret in config.secrets():
        if secret.exposed:
            what = f"{dotted(place)}: other users can read or change the {secret.source}"
            yield warning("secrets", what, "chmod 600 the file, and draw a new secret if the machine has other users.")
    yield from _file(config, path)
    yield from _groups(config)
    yield from _outbound(config)
    yield from _store(config)
    if not is_loopback(config.http.host):
        what = f"http listens on {config.http.host} without TLS"
        yield warning("http", what, "Listen on 127.0.0.1 and let a reverse proxy speak HTTPS to the outside.")


def _file(config: Config, path: Path) -> Iterator[Finding]:
    hashes = any(agent.password_hash for agent in config.agents)
    if hashes and path.stat().st_mode & stat.S_IRWXO:
        what = f"every user of this machine can read {path}, which has the agents' password hashes"
        yield warning(
            "secrets", what, f"chmod o= {path}; the gateway's own user or group must still be able to read it."
        )


def _groups(config: Config) -> Iterator[Finding]:
    groups = config.to_settings().groups
    for group in config.groups:
        if group.skill is not None and not any(group.skill in agent.skills for agent in config.agents):
            what = f'no agent has the skill "{group.skill}" of the group {group.id}'
            yield warning("config", what, "Give it to an agent under skills, or correct the group's skill.")
        elif not any(found.members for found in groups.values() if found.id == group.id):
            what = f"nobody is in the group {group.id}: its callers wait until max_wait sends them to the fallback"
            yield note("config", what, "Name agents under members, or give the group a skill.")


def _outbound(config: Config) -> Iterator[Finding]:
    if config.outbound is None and (config.presets or config.options.transfers.four_way):
        what = "there is no outbound section: presets and a fourth party's number cannot be called"
        yield warning("config", what, "Add outbound.dial, or remove the presets and switch four_way off.")
    if config.outbound is not None and config.outbound.caller_id is None:
        what = "there is no outbound.caller_id: phones outside are shown the caller's own number, which may be false"
        yield warning("config", what, "Set outbound.caller_id to a number of your own, unless your carrier wants this.")


def _store(config: Config) -> Iterator[Finding]:
    scheme, _, rest = config.store.url.partition("://")
    if scheme != "sqlite":
        return
    file = Path(rest.removeprefix("/"))
    if not file.parent.is_dir():
        yield error(
            "store", f"the folder {file.parent} does not exist", f"mkdir -p {file.parent}, or correct store.url."
        )
    elif not os.access(file if file.exists() else file.parent, os.W_OK):
        what = f"{file} cannot be written by the user that runs this check"
        yield error("store", what, "Run the check as the gateway's user, or give that user the folder.")
    else:
        yield ok("store", f"{file} can be written")

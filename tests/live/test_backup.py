"""A backup while the gateway runs with a call, and back to it."""

import asyncio
import os
import sys
from pathlib import Path

import steps

from callbridge.demo.lab import Lab
from callbridge.demo.site import Site


async def back_up(site: Site, to: Path) -> str:
    """What the command says, as an administrator runs it beside the gateway."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "callbridge", "backup", "--config", str(site.config_file), str(to)),
        env={**os.environ, **site.secrets},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    return said.decode()


def put_back(site: Site, copy: Path) -> None:
    """As deploy/README.md says it."""
    for file in site.folder.glob("callbridge.db*"):
        file.unlink()
    copy.rename(site.folder / "callbridge.db")


async def test_given_a_talk_when_backed_up_and_restored_then_the_same_call_goes_on(
    site: Site, lab: Lab, tmp_path: Path
) -> None:
    (anna,) = await steps.at_work(site, "anna")
    caller, _ = await steps.connected(site, anna)
    call = await steps.the_call(site, lambda each: each["state"] == "talking")
    assert await back_up(site, tmp_path / "copy.db") == f"{tmp_path}/copy.db: sound, 1 call\n"
    await site.stop()
    put_back(site, tmp_path / "copy.db")
    await site.start()
    after = await steps.the_call(site, lambda each: each["state"] == "talking")
    assert (after["id"], after["agent"]) == (call["id"], "anna")
    await steps.hear_each_other(lab, caller, anna.phone)
    await caller.hang_up()
    await steps.no_calls(site)

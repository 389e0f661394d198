"""What comes after the stories: callers, agents who take calls, and the commands that are printed for a shell."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from callbridge.demo import scene
from callbridge.demo.lab import Lab
from callbridge.demo.people import Person
from callbridge.demo.playground import YOURS, Playground, Rhythm
from callbridge.demo.screen import Screen


async def shell(command: str, within: float = 10) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(within):
            return (await process.stdout.read()).decode()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def transfer_is(person: Person, transfer: Any, state: str) -> None:
    def fits(data: Any) -> bool:
        return bool(data["transfer"]["id"] == transfer["id"] and data["transfer"]["state"] == state)

    await person.event("transfer.updated", fits)


@asynccontextmanager
async def playing(playground: Playground) -> AsyncIterator[asyncio.Task[None]]:
    """Until the block ends, also where it fails: what the playground's agents do must end before the gateway does."""
    work = asyncio.create_task(playground.run())
    try:
        yield work
    finally:
        work.cancel()
        await asyncio.wait({work}, timeout=30)


def objects(text: str) -> list[Any]:
    return [json.loads(line) for line in text.splitlines() if line]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the commands that are printed need curl")
async def test_given_the_playground_then_callers_come_and_the_printed_commands_work(
    lab: Lab, capsys: pytest.CaptureFixture[str]
):
    async with scene.make_lab(lab.pbx.program) as own, scene.make_site(own, host=None, port=8180) as site:
        rhythm = Rhythm(first=0.0, pause=(1.0, 1.5), stay=(12.0, 15.0))
        playground = Playground(own, site, Screen(), rhythm)
        anna = site.person("anna")
        anna.token = site.service_token
        await anna.watch()
        async with playing(playground) as work:
            log_in, follow, directory = playground.commands().values()
            me, offers, calls = objects(await shell(log_in))
            assert (me["id"], me["state"]) == (YOURS, "available") or me["state"] == "offered"
            assert "items" in offers
            assert "items" in calls
            assert [group["id"] for group in objects(await shell(directory))[0]["agent_groups"]]
            events = await shell(f"timeout 3 {follow}")
            assert "event: snapshot" in events

            # Anna takes calls by herself. Carla's are ours: accept, and her phone is picked up; then transfer.
            await anna.event("call.updated", lambda data: data["call"]["agent"] == "anna", within=30)
            offer = (await anna.event("offer.made", lambda data: data["offer"]["agent"] == YOURS, within=30))["offer"]
            accepted = objects(await shell(playground.accept_command(offer["id"])))[0]
            assert accepted["state"] == "accepted"
            await anna.event(
                "call.updated",
                lambda data: data["call"]["agent"] == YOURS and data["call"]["state"] == "talking",
                within=10,
            )
            consult = objects(await shell(playground.consult_command(offer["call"], scene.PRESET)))[0]
            assert (consult["kind"], consult["destination"]["name"]) == ("supervised", "Headquarters")
            await transfer_is(anna, consult, "consulting")
            complete = playground.complete_command(consult["id"])
            objects(await shell(complete.replace(":complete", ":cancel")))
            await transfer_is(anna, consult, "cancelled")
            await anna.event(
                "call.updated",
                lambda data: data["call"]["id"] == offer["call"] and data["call"]["state"] == "talking",
                since=anna.mark() - 1,
            )
            transfer = objects(await shell(playground.transfer_command(offer["call"], scene.BILLING)))[0]
            assert transfer["destination"]["value"] == scene.BILLING
        assert work.cancelled()
    said = capsys.readouterr().out
    assert site.service_token in said
    assert site.password in said
    assert f"{site.url}/ (the phone is in it" in said
    assert all(f"{agent}, password" in said for agent in scene.PAGE_AGENTS)
    assert playground.accept_command(offer["id"]) in said
    assert playground.consult_command(offer["call"], scene.PRESET) in said
    assert said.count(complete) == 1
    assert f"talks with {offer['preview']['caller_name']}" in said

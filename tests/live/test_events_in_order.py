"""A CRM that lives on webhooks alone always knows how each call is: also one that is slow, or refuses at first."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import steps
from aiohttp import web
from standardwebhooks import Webhook as Verifier

from callbridge.demo.lab import Lab

SECRET = "whsec_" + "c2VjcmV0" * 4
EVENTS = ["pop", "offer.made", "offer.ended", "transfer.updated", "call.updated", "call.ended"]


@dataclass
class Crm:
    """Takes every message, but refuses the first one of each call once, and takes its time by the dice."""

    taken: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    refused: set[str] = field(default_factory=set)
    dice: random.Random = field(default_factory=lambda: random.Random(5))
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        message = Verifier(SECRET).verify(await request.read(), dict(request.headers))
        thing = next(value for value in message["data"].values() if isinstance(value, dict))
        call = thing.get("call") or thing["id"]
        await asyncio.sleep(self.dice.random() * 0.05)
        if call not in self.refused:
            self.refused.add(call)
            return web.Response(status=503)
        self.taken[call].append(message)
        return web.Response()

    def states(self, call: str) -> list[dict[str, Any]]:
        return [each["data"]["call"] for each in self.taken[call] if each["type"].startswith("call.")]


@contextlib.asynccontextmanager
async def crm_listening() -> AsyncIterator[Crm]:
    crm = Crm()
    app = web.Application()
    app.router.add_post("/hook", crm.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    crm.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield crm
    finally:
        await runner.cleanup()


async def test_given_a_crm_that_refuses_at_first_when_calls_go_on_then_it_knows_each_as_it_is_and_ends_right(
    lab: Lab, tmp_path: Path
) -> None:
    secret = tmp_path / "hook.secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    async with crm_listening() as crm:
        hooks = [{"name": "crm", "url": crm.url, "secret": {"file": str(secret)}, "events": EVENTS}]
        async with steps.open_site(lab, webhooks=hooks) as site:
            anna, bernd = await steps.at_work(site, "anna", "bernd")
            first, pop = await steps.connected(site, anna)
            second, other = await steps.connected(site, bernd)
            calls = [pop["call"], other["call"]]
            for call in calls:
                truth = await site.crm.get(f"/v1/calls/{call}")
                assert truth["state"] == "talking"

                async def known(call: str = call) -> list[dict[str, Any]]:
                    return crm.states(call)[-1:]

                [told] = await steps.eventually(
                    known,
                    lambda seen, newest=truth["sequence"]: bool(seen) and seen[0]["sequence"] >= newest,
                    "the CRM knows the talk",
                    within=30,
                )
                assert told == await site.crm.get(f"/v1/calls/{call}")
            await first.hang_up()
            await second.hang_up()
            await steps.no_calls(site)

            async def ended() -> list[bool]:
                return [any(each["type"] == "call.ended" for each in crm.taken[call]) for call in calls]

            await steps.eventually(ended, all, "the CRM knows that both are over", within=30)
    for call in calls:
        messages = crm.taken[call]
        numbers = [each["data"]["sequence"] for each in messages]
        assert numbers == sorted(set(numbers))
        moments = [each["timestamp"] for each in messages]
        assert moments == sorted(set(moments))
        assert messages[-1]["type"] == "call.ended"
        bare = [{**state, "sequence": 0} for state in crm.states(call)]
        assert all(one != next_ for one, next_ in pairwise(bare))

"""After the stories: callers now and then, two agents who take calls, two for the page, one for a shell's commands."""

import asyncio
import contextlib
import random
import signal
import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from callbridge.demo import scene
from callbridge.demo.bank_lines import Caller
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError, Event, Person
from callbridge.demo.screen import Screen
from callbridge.demo.site import Site
from callbridge.demo.steps import spoken

TAKING_CALLS = ("anna", "dora")
"""One of each group: they accept by themselves."""
YOURS = "carla"

_JSON = "-H 'Content-Type: application/json'"
_MOST_CALLERS = 3
_THINKING = (3.0, 6.0)
"""Seconds until one of them accepts; time to be faster."""
_PICKING_UP = 1.0
_PATIENCE = 1800.0
"""Seconds that a caller stays with somebody who tries things out."""


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """When callers come and go: from-to in seconds."""

    first: float = 2.0
    pause: tuple[float, float] = (20.0, 40.0)
    stay: tuple[float, float] = (45.0, 90.0)


# Names with numbers from the ranges that are kept free for films and books.
_CALLERS = (
    ("Lena Fischer", "+493023125042"),
    ("Jonas Braun", "+494066969123"),
    ("Mia Schuster", "+498999998456"),
    ("Paul Krause", "+49221471097"),
    ("Emma Vogel", "+496990009321"),
    ("Emil Lorenz", "+493023125777"),
)


class Playground:
    """`run` goes on until it is cancelled."""

    def __init__(self, lab: Lab, site: Site, screen: Screen, rhythm: Rhythm | None = None) -> None:
        self._lab = lab
        self._site = site
        self._screen = screen
        self._rhythm = rhythm or Rhythm()
        self._callers: set[Caller] = set()
        self._with_you: set[str] = set()
        """Numbers of the callers whom a person has who looks at the demo: they are in no hurry."""
        self._told: dict[str, str] = {}
        """Call or transfer -> what was last told of it, so that nothing is told twice."""
        # A program with the service's token sees what happens to everybody.
        self._watcher = Person(site.http, "the playground", "")
        self._watcher.token = site.service_token
        self._tasks: asyncio.TaskGroup

    async def run(self) -> None:
        self._set_options()
        await self._watcher.watch()
        for agent in TAKING_CALLS:
            await self._site.crm.call("PUT", f"/v1/agents/{agent}/state", {"state": "available"})
        self._explain()
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._follow())
                self._tasks.create_task(self._call_in())
        finally:
            await self._watcher.stop_watching()

    def _set_options(self) -> None:
        """As an administrator changes them: in the file, then SIGHUP."""
        site = self._site
        site.document["options"] = {**site.document["options"], **scene.PLAYGROUND_OPTIONS}
        for group in site.document["groups"]:
            if agent := scene.PLAYGROUND_MEMBERS.get(group["id"]):
                others = [_asked_later(member) for member in group["members"]]
                group["members"] = [{"agent": agent, "priority": 1}, *others]
        site.write_config()
        site.signal(signal.SIGHUP)

    # ------------------------------------------------------------ what is printed

    def _explain(self) -> None:
        screen, site = self._screen, self._site
        screen.heading("Playground: it stays up until you press Ctrl-C")
        screen.row("page", f"{site.url}/ (the phone is in it: best with a headset; a window for each agent)")
        for group, agent in scene.PLAYGROUND_MEMBERS.items():
            also = "; a supervisor too" if agent == "felix" else ""
            screen.row("log in as", f"{agent}, password {site.password} ({spoken(group)}{also}; become Available)")
        screen.row("callers", "one every half minute or so; they stay a minute, and with you until you hang up")
        screen.row("API", f"{site.url}/v1 (its document: {site.url}/v1/openapi.json)")
        for agent in (YOURS, *TAKING_CALLS):
            group = "Billing" if agent == "dora" else "Support"
            who = "yours: accept, and the phone is picked up" if agent == YOURS else "takes calls without you"
            screen.row("agent", f"{agent}, password {site.password} ({group}; {who})")
        screen.row("service", f"token {site.service_token}")
        screen.line()
        for about, command in self.commands().items():
            screen.line(f"# {about}", "dim")
            screen.verbatim(command)
        screen.line()

    def commands(self) -> dict[str, str]:
        """Lines for a shell with curl, each with what it is for. Each works by itself."""
        login = f'{{"agent":"{YOURS}","password":"{self._site.password}"}}'
        available = '{"state":"available"}'
        token = """grep -o '"token":"[^"]*' | cut -d'"' -f4"""
        me = '-H "Authorization: Bearer $TOKEN"'
        return {
            f"log in as {spoken(YOURS)}, become Available, and list my offers and my calls": (
                f"TOKEN=$(curl -s {_JSON} -d '{login}' {self._url}/login | {token}); "
                f"curl -s {me} {_JSON} -X PUT -d '{available}' {self._url}/me/state; echo; "
                f"curl -s {me} {self._url}/offers; echo; curl -s {me} {self._url}/calls; echo"
            ),
            "follow the stream of everybody's events (Ctrl-C ends it)": f"curl -sN {self._service} {self._url}/events",
            "list where a call can be transferred to": f"curl -s {self._service} {self._url}/directory; echo",
        }

    def accept_command(self, offer: str) -> str:
        return f"curl -s {self._service} -X POST {self._url}/offers/{offer}:accept; echo"

    def transfer_command(self, call: str, group: str) -> str:
        body = f'{{"agent":"{YOURS}","destination":{{"kind":"group","value":"{group}"}},"reason":"Has a question"}}'
        return f"curl -s {self._service} {_JSON} -d '{body}' {self._url}/calls/{call}/transfers; echo"

    def consult_command(self, call: str, preset: str) -> str:
        body = (
            f'{{"agent":"{YOURS}","destination":{{"kind":"preset","value":"{preset}"}},"supervised":true,'
            '"reason":"Has a question"}'
        )
        return f"curl -s {self._service} {_JSON} -d '{body}' {self._url}/calls/{call}/transfers; echo"

    def complete_command(self, transfer: str) -> str:
        return f"curl -s {self._service} -X POST {self._url}/transfers/{transfer}:complete; echo"

    @property
    def _url(self) -> str:
        return f"{self._site.url}/v1"

    @property
    def _service(self) -> str:
        return f"-H 'Authorization: Bearer {self._site.service_token}'"

    def _tell(self, text: str) -> None:
        self._screen.line(f"{time.strftime('%H:%M:%S')}  {text}")

    def _tell_news(self, about: Any, text: str) -> bool:
        """False: it has been told already. What is pushed again and again is told when it changes."""
        if self._told.get(about["id"]) == text:
            return False
        self._told[about["id"]] = text
        self._tell(text)
        return True

    # ------------------------------------------------------------ callers

    async def _call_in(self) -> None:
        await asyncio.sleep(self._rhythm.first)
        number = 0
        while True:
            if len(self._callers) < _MOST_CALLERS:
                self._tasks.create_task(self._one_call(*_CALLERS[number % len(_CALLERS)]))
                number += 1
            await asyncio.sleep(random.uniform(*self._rhythm.pause))

    async def _one_call(self, name: str, number: str) -> None:
        did = random.choice((scene.SUPPORT_NUMBER, scene.SUPPORT_NUMBER, scene.BILLING_NUMBER))
        order = f"A-{random.randint(1000, 9999)}"
        caller = await self._lab.bank.call(from_number=number, did=did, name=name, headers={"X-Order": order})
        self._callers.add(caller)
        group = "Support" if did == scene.SUPPORT_NUMBER else "Billing"
        self._tell(f"{name} ({number}) calls {group}")
        try:
            # Ends sooner where the agent, or somebody by the API, hangs up.
            await caller.wait_ended(random.uniform(*self._rhythm.stay))
        except TimeoutError:
            with contextlib.suppress(TimeoutError):
                if number in self._with_you:
                    await caller.wait_ended(_PATIENCE)
            with contextlib.suppress(TimeoutError):
                await caller.hang_up()
        finally:
            self._callers.discard(caller)
            self._with_you.discard(number)

    # ------------------------------------------------------------ agents

    async def _follow(self) -> None:
        at = 0
        while True:
            await self._watcher.more(than=at)
            events, at = self._watcher.events[at:], len(self._watcher.events)
            for event in events:
                self._on_event(event)
            if at > 1000:
                self._watcher.events.clear()
                at = 0

    def _on_event(self, event: Event) -> None:
        data = event["data"]
        match event["type"]:
            case "offer.made":
                self._offered(data["offer"])
            case "offer.ended":
                self._offer_ended(data["offer"])
            case "call.updated" if data["call"]["state"] == "talking":
                self._talking(data["call"])
            case "call.ended":
                call = data["call"]
                self._tell_news(call, f"the call of {call['caller_name']} has ended: {call['outcome']}")
                self._told.pop(call["id"], None)
            case "transfer.updated":
                self._transferred(data["transfer"])

    def _transferred(self, transfer: Any) -> None:
        target, state = transfer["destination"]["name"] or transfer["destination"]["value"], transfer["state"]
        if not self._tell_news(transfer, f"the transfer by {spoken(transfer['by'])} to {target}: {state}"):
            return
        if transfer["by"] == YOURS and state == "consulting":
            self._screen.line(
                "# put the caller through to them (or, in place of complete: alternate, merge, cancel)", "dim"
            )
            self._screen.verbatim(self.complete_command(transfer["id"]))

    def _offered(self, offer: Any) -> None:
        agent = offer["agent"]
        self._tell(f"{offer['preview']['caller_name']} is offered to {spoken(agent)}")
        if agent in TAKING_CALLS:
            self._tasks.create_task(self._accept(offer["id"]))
        elif agent in scene.PAGE_AGENTS:
            self._screen.line("# press Accept on the page", "dim")
        else:
            self._screen.line(f"# accept it, in {spoken(agent)}'s name", "dim")
            self._screen.verbatim(self.accept_command(offer["id"]))

    def _talking(self, call: Any) -> None:
        agent = call["agent"]
        if agent == YOURS or agent in scene.PAGE_AGENTS:
            self._with_you.add(call["caller_number"])
        news = self._tell_news(call, f"{spoken(agent)} talks with {call['caller_name']}")
        if agent == YOURS and news:
            self._screen.line("# transfer the caller to Billing", "dim")
            self._screen.verbatim(self.transfer_command(call["id"], scene.BILLING))
            self._screen.line("# or talk with Headquarters first, while the caller hears music", "dim")
            self._screen.verbatim(self.consult_command(call["id"], scene.PRESET))

    def _offer_ended(self, offer: Any) -> None:
        if offer["state"] == "accepted":
            if offer["agent"] not in scene.PAGE_AGENTS:
                self._tasks.create_task(self._pick_up(offer["agent"]))
        else:
            self._tell(f"the offer to {spoken(offer['agent'])} is over: {offer['state'].replace('_', ' ')}")

    async def _accept(self, offer: str) -> None:
        await asyncio.sleep(random.uniform(*_THINKING))
        with contextlib.suppress(ApiError, aiohttp.ClientError):  # somebody was faster, or the caller hung up
            await self._site.crm.post(f"/v1/offers/{offer}:accept")

    async def _pick_up(self, agent: str) -> None:
        phone = self._lab.bank.phone(agent)
        await asyncio.sleep(_PICKING_UP)
        with contextlib.suppress(TimeoutError, LookupError):  # the caller hung up
            await phone.answer()


def _asked_later(member: Any) -> dict[str, Any]:
    named: dict[str, Any] = {"agent": member} if isinstance(member, str) else dict(member)
    return {**named, "priority": named.get("priority", 1) + 1}

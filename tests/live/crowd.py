"""A day at a call centre in two minutes: many callers, ten agents, and everybody does as a seed says.

What a person does depends on the seed, the caller's number and how often the call has been offered, never on the
clock; so a run can be repeated with the same decisions, if not with the same interleaving.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from callbridge.demo.bank_ami import AmiError
from callbridge.demo.bank_lines import BUSY, REJECTED, Caller, Leg, LegState
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError, Person
from callbridge.demo.site import Site

CROSSED = {
    "call_ended",
    "not_talking",
    "not_your_call",
    "offer_ended",
    "outcome_unknown",
    "transfer_ended",
    "transfer_under_way",
    "unknown_call",
    "unknown_offer",
    "unknown_transfer",
}
"""Refusals that a request may meet because something else happened first."""
_ANSWERS = {
    "button": 30,
    "phone": 30,
    "reject": 8,
    "decline": 8,
    "ignore": 4,
    "busy": 5,
    "button, no phone": 3,
    "caller leaves": 6,
    "button, caller leaves": 6,
}
_TALKS = {
    "caller hangs up": 26,
    "agent's phone hangs up": 20,
    "agent's button hangs up": 14,
    "both hang up": 6,
    "soft": 8,
    "hard": 8,
    "group": 8,
    "group, then hangs up": 4,
    "empty group": 4,
    "soft, then cancels": 4,
    "goes busy": 4,
}
_MANY_OFFERS = 8
"""After so many a call comes to its end: taken, and ended by the caller."""
_WITHIN = 20.0


def number_of(caller: int) -> str:
    return f"+4930{caller:07d}"


class Crowd:
    """`await crowd.run(200, at_once=18)`; afterwards it says who did what."""

    def __init__(self, lab: Lab, site: Site, agents: list[str], *, seed: int, listen_every: int) -> None:
        self.lab = lab
        self.site = site
        self.agents = agents
        self.seed = seed
        self.listen_every = listen_every
        self.people: dict[str, Person] = {}
        self.all = Person(site.http, "everything", "")
        """Sees every event, with the token of a service."""
        self.lines: dict[str, Caller] = {}
        self.left: set[str] = set()
        """Numbers of the callers who hung up themselves."""
        self.let_go: set[str] = set()
        """Numbers of the callers whose conversation an agent ended."""
        self.did: Counter[str] = Counter()
        self.listened: list[str] = []
        self._tasks: asyncio.TaskGroup

    async def run(self, callers: int, *, at_once: int) -> None:
        self.all.token = self.site.service_token
        await self.all.watch()
        for person in await self.site.at_work(*self.agents):
            self.people[person.name] = person
        places = asyncio.Semaphore(at_once)
        async with asyncio.TaskGroup() as everybody:
            desks = [everybody.create_task(self._desk(person)) for person in self.people.values()]
            async with asyncio.TaskGroup() as self._tasks:
                for caller in range(1, callers + 1):
                    await places.acquire()
                    self._tasks.create_task(self._caller(caller, places.release))
            for desk in desks:
                desk.cancel()

    async def all_over(self) -> None:
        """Until every call that was seen has ended, and every agent is free again."""
        seen = {event["data"]["call"]["id"] for event in self.all.events if event["type"] == "call.updated"}
        for call in seen:
            await self.all.event("call.ended", lambda data, call=call: data["call"]["id"] == call, within=_WITHIN)
        for person in self.people.values():
            mark = person.mark()
            if await person.state() != "available":
                await person.becomes("available", since=mark)

    # ------------------------------------------------------------ callers

    async def _caller(self, caller: int, done: Callable[[], None]) -> None:
        number = number_of(caller)
        choose = random.Random(f"{self.seed}/{caller}")
        group = choose.choice(["5550100"] * 4 + ["5550200"])
        impatient = choose.random() < 0.12
        try:
            line = await self.lab.bank.call(
                from_number=number, did=group, line=f"caller {caller}", crowd=not self._is_sample(number)
            )
            self.lines[number] = line
            await line.wait_up()
            if impatient:
                await asyncio.sleep(choose.uniform(0.0, 4.0))
                await self.leaves(number, "while the call is wherever it is")
            else:
                ended = await self._ended(number)
                if ended["outcome"] == "fallback":
                    await self.leaves(number, "in the dialplan's fallback")
            await line.wait_ended(_WITHIN)
        finally:
            done()

    def _is_sample(self, number: str) -> bool:
        return int(number[-7:]) % self.listen_every == 0

    async def _ended(self, number: str) -> Any:
        fits: Callable[[Any], bool] = lambda data: data["call"]["caller_number"] == number  # noqa: E731
        return (await self.all.event("call.ended", fits, within=90))["call"]

    async def leaves(self, number: str, when: str) -> None:
        line = self.lines[number]
        if not line.ended:
            self.left.add(number)
            self.did[f"caller leaves {when}"] += 1
            await line.hang_up()

    # ------------------------------------------------------------ agents

    async def _desk(self, person: Person) -> None:
        seen = 0
        while True:
            offer = (await person.event("offer.made", since=seen, within=3600))["offer"]
            seen = 1 + next(
                index
                for index, event in enumerate(person.events)
                if index >= seen and event["type"] == "offer.made" and event["data"]["offer"]["id"] == offer["id"]
            )
            self._tasks.create_task(self._offered(person, offer, seen), name=f"{person.name} has {offer['id']}")

    async def _offered(self, person: Person, offer: Any, since: int) -> None:
        number = await self._number(offer)
        many = int(offer["id"].rpartition("-")[2])
        choose = random.Random(f"{self.seed}/{number}/{many}")
        last = many >= _MANY_OFFERS
        what = "phone" if last else choose.choices(list(_ANSWERS), list(_ANSWERS.values()))[0]
        self.did[f"offer: {what}"] += 1
        await asyncio.sleep(choose.uniform(0.0, 0.4))
        with suppress(LookupError):  # it was over before the phone was reached
            match what:
                case "button":
                    await self._press(person.accept(offer["id"]))
                    await self._pick_up(person, offer, since)
                case "phone":
                    await self._pick_up(person, offer, since)
                case "reject":
                    await self._press(person.reject(offer["id"]))
                case "decline":
                    leg = await self._rings(person, offer, since)
                    await self.lab.bank.phone(person.name).decline(leg, cause=choose.choice([BUSY, REJECTED]))
                case "busy":
                    await person.busy("break")
                case "button, no phone":
                    await self._press(person.accept(offer["id"]))
                case "caller leaves":
                    await self.leaves(number, "while a phone rings")
                case "button, caller leaves":
                    await asyncio.gather(self._press(person.accept(offer["id"])), self.leaves(number, "at the accept"))
        await person.event("offer.ended", lambda data: data["offer"]["id"] == offer["id"], since=since)
        if await self._talks(person, offer, since):
            await self._talk(person, offer["call"], number, choose, last=last)
        await asyncio.sleep(choose.uniform(0.0, 0.3))
        await person.available()

    async def _number(self, offer: Any) -> str:
        return str(offer["preview"]["caller_number"])

    async def _press(self, button: Coroutine[Any, Any, Any]) -> Any:
        """The answer; None where something else happened first."""
        try:
            return await button
        except ApiError as error:
            if error.code not in CROSSED:
                raise
            return None

    async def _rings(self, person: Person, offer: Any, since: int) -> Leg:
        """The leg of this call on their phone. Raises LookupError where the offer or the call is over without one."""
        phone = self.lab.bank.phone(person.name)
        number = await self._number(offer)

        def leg() -> Leg | None:
            ringing = (each for each in phone.legs if each.state is LegState.RINGING and each.caller_number == number)
            return next(ringing, None)

        def lost(data: Any) -> bool:
            return data["offer"]["id"] == offer["id"] and data["offer"]["state"] != "accepted"

        def gone(data: Any) -> bool:
            return data["call"]["id"] == offer["call"] and data["call"]["agent"] != person.name

        waits = [
            asyncio.ensure_future(phone.watch.until(lambda: leg() is not None, _WITHIN, f"{person.name} rings")),
            asyncio.ensure_future(person.event("offer.ended", lost, since=since, within=_WITHIN)),
            asyncio.ensure_future(person.event("call.updated", gone, since=since, within=_WITHIN)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        found = leg()
        if found is None:
            raise LookupError
        return found

    async def _pick_up(self, person: Person, offer: Any, since: int) -> None:
        leg = await self._rings(person, offer, since)
        with suppress(AmiError):  # it stopped ringing in this moment
            await self.lab.bank.phone(person.name).answer(leg)

    async def _talks(self, person: Person, offer: Any, since: int) -> bool:
        """Whether this offer, which is over, came to a conversation, once that is decided."""
        ended = await person.event("offer.ended", lambda data: data["offer"]["id"] == offer["id"], since=since)
        if ended["offer"]["state"] != "accepted":
            return False

        def decided(data: Any) -> bool:
            # On the way there are news of the legs as well.
            return data["call"]["offer"] == offer["id"] and data["call"]["state"] not in ("offering", "connecting")

        news = await person.event("call.updated", decided, since=since, within=_WITHIN)
        return bool(news["call"]["state"] == "talking")

    async def _talk(self, person: Person, call: str, number: str, choose: random.Random, *, last: bool) -> None:
        what = "caller hangs up" if last else choose.choices(list(_TALKS), list(_TALKS.values()))[0]
        self.did[f"talk: {what}"] += 1
        if self._is_sample(number):
            await self._listen(person, call, number)
        await asyncio.sleep(choose.uniform(0.1, 0.9))
        since = person.mark()
        colleague = choose.choice([name for name in self.agents if name != person.name])
        match what:
            case "caller hangs up":
                await self.leaves(number, "while talking")
            case "agent's phone hangs up":
                await self._put_down(person, number)
            case "agent's button hangs up":
                self.let_go.add(number)
                await self._press(person.hang_up(call))
            case "both hang up":
                await asyncio.gather(self._put_down(person, number), self.leaves(number, "together with the agent"))
            case "soft" | "hard":
                await self._press(person.transfer(call, "agent", colleague, mode=what, reason="knows more"))
            case "group":
                await self._press(person.transfer(call, "group", "sales", note="wants to buy"))
            case "group, then hangs up":
                # The transfer is on record before the phone is down: the caller must not go with the agent.
                if await self._press(person.transfer(call, "group", "support")):
                    await self._put_down(person, number, let_go=False)
            case "empty group":
                await self._press(person.transfer(call, "group", "empty"))
            case "soft, then cancels":
                transfer = await self._press(person.transfer(call, "agent", colleague, mode="soft"))
                await asyncio.sleep(choose.uniform(0.0, 0.5))
                if transfer is not None and await self._press(person.post(f"/v1/transfers/{transfer['id']}:cancel")):
                    await self._comes_back(person, call, number, since)
            case "goes busy":
                await person.busy("paperwork")
                await self._put_down(person, number)
        await person.event("agent", lambda data: call not in data["calls"], since=since, within=_WITHIN)

    async def _comes_back(self, person: Person, call: str, number: str, since: int) -> None:
        """After a quick cancel the call never left them; after a later one it is offered to them again."""
        back: Callable[[Any], bool] = lambda data: data["call"]["id"] == call and data["call"]["state"] == "talking"  # noqa: E731
        waits = [
            asyncio.ensure_future(person.event("call.updated", back, since=since, within=_WITHIN)),
            asyncio.ensure_future(person.event("agent", lambda data: call not in data["calls"], since=since)),
        ]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        stays = not waits[1].done()
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
        if stays:
            await self._put_down(person, number)

    async def _put_down(self, person: Person, number: str, *, let_go: bool = True) -> None:
        phone = self.lab.bank.phone(person.name)
        for leg in [each for each in phone.legs if each.state is LegState.UP and each.caller_number == number]:
            if let_go:
                self.let_go.add(number)
            await phone.hang_up(leg)

    async def _listen(self, person: Person, call: str, number: str) -> None:
        """The caller hears this agent and nobody else; and where that phone has one call only, the other way round."""
        line, phone = self.lines[number], self.lab.bank.phone(person.name)
        alone = sum(leg.live for leg in phone.legs) == 1
        try:
            await self.lab.assert_hears({line: {phone}, **({phone: {line}} if alone else {})}, seconds=0.6)
        except AssertionError:
            if number in self.left:
                return  # the impatient go whenever they like, also while it is listened
            if (await person.get(f"/v1/calls/{call}"))["state"] != "talking":
                return  # a hard transfer came, for which this call is held
            raise
        self.listened.append(number)

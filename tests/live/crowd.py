"""A day at a call centre in two minutes: many callers, ten agents, and everybody does as a seed says.

What a person does depends on the seed, the caller's number and how often the call has been offered, never on the
clock; so a run can be repeated with the same decisions, if not with the same interleaving.
"""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from crowd_habits import ANSWERS, CROSSED, MANY_OFFERS, TALKS, first_of

from callbridge.demo.bank_ami import AmiError
from callbridge.demo.bank_lines import BUSY, REJECTED, Leg, LegState, Line
from callbridge.demo.lab import Lab
from callbridge.demo.people import ApiError, Person
from callbridge.demo.site import Site

_WITHIN = 60.0
_LONG = 150.0
"""More than a caller may wait in the queue (`max_wait`, 120 s), be offered and talk, on a busy machine."""

Way = Callable[[str, random.Random], Awaitable[None]]
"""How a caller of this number comes and goes."""
Beside = Callable[[], AbstractAsyncContextManager[None]]


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
        self.lines: dict[str, Line] = {}
        self.left: set[str] = set()
        """Numbers of the callers who hung up themselves."""
        self.let_go: set[str] = set()
        """Numbers of the callers whose conversation an agent ended."""
        self.did: Counter[str] = Counter()
        self.listened: list[str] = []
        self.shown_otherwise: set[str] = set()
        """Numbers of the callers who are shown by another one for a time, or for good."""
        self._behind: defaultdict[str, asyncio.Future[str]] = defaultdict(asyncio.Future)
        self._tasks: asyncio.TaskGroup

    async def run(self, callers: int, *, at_once: int, ways: Mapping[int, Way], beside: Beside) -> None:
        """`ways`: who of the callers is no ordinary one. `beside`: what goes on as long as somebody calls."""
        self.all.token = self.site.service_token
        await self.all.watch()
        for person in await self.site.at_work(*self.agents):
            self.people[person.name] = person
        places = asyncio.Semaphore(at_once)
        async with asyncio.TaskGroup() as everybody:
            desks = [everybody.create_task(self._desk(person)) for person in self.people.values()]
            async with beside(), asyncio.TaskGroup() as self._tasks:
                for caller in range(1, callers + 1):
                    await places.acquire()
                    self._tasks.create_task(self._caller(caller, ways.get(caller, self.by_number), places.release))
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

    async def _caller(self, caller: int, way: Way, done: Callable[[], None]) -> None:
        try:
            await way(number_of(caller), random.Random(f"{self.seed}/{caller}"))
        finally:
            done()

    async def by_number(self, number: str, choose: random.Random, did: str = "") -> None:
        """They call a group, one that they choose or the one behind `did`, and stay for as long as they like."""
        group = choose.choice(["5550100"] * 4 + ["5550200"])
        self.lines[number] = await self.lab.bank.call(
            from_number=number, did=did or group, line=f"caller {int(number[-7:])}", crowd=not self._is_sample(number)
        )
        await self.stays(number, choose, lambda call: call["caller_number"] == number)

    async def stays(self, number: str, choose: random.Random, is_theirs: Callable[[Any], bool]) -> None:
        """Until the call is over, or the caller has had enough."""
        line = self.lines[number]
        impatient = choose.random() < 0.12
        await line.wait_up(_WITHIN)
        if impatient:
            await asyncio.sleep(choose.uniform(0.0, 4.0))
            await self.leaves(number, "while the call is wherever it is")
            await line.wait_ended(_WITHIN)
        else:
            await self.until_over(number, is_theirs)

    async def until_over(self, number: str, is_theirs: Callable[[Any], bool]) -> None:
        ended = await self.all.event("call.ended", lambda data: is_theirs(data["call"]), within=_LONG)
        if ended["call"]["outcome"] == "fallback":
            await self.leaves(number, "in the dialplan's fallback")
        await self.lines[number].wait_ended(_WITHIN)

    def _is_sample(self, number: str) -> bool:
        return int(number[-7:]) % self.listen_every == 0

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
        last = many >= MANY_OFFERS
        what = "phone" if last else choose.choices(list(ANSWERS), list(ANSWERS.values()))[0]
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
        await self._is_available(person)

    async def _is_available(self, person: Person) -> None:
        """Presses it again where a busy machine has not answered in time."""
        while True:
            try:
                return await person.available()
            except ApiError as error:
                if error.code != "outcome_unknown":
                    raise

    def comes_from(self, call: str, number: str) -> None:
        """Says who is behind a call that shows somebody else's number."""
        self._behind[call].set_result(number)

    def is_behind(self, call: Any) -> str:
        """The number of whoever's call it is in truth, once that is said."""
        said = self._behind.get(call["id"])
        return said.result() if said is not None and said.done() else str(call["caller_number"])

    async def _number(self, offer: Any) -> str:
        shown = str(offer["preview"]["caller_number"])
        if shown in self.lines:
            return shown
        said = self._behind[offer["call"]]
        await asyncio.wait([said], timeout=_WITHIN)
        assert said.done(), f"nobody says who is behind {shown}"
        return said.result()

    def _is_of(self, leg: Leg, number: str) -> bool:
        other = number in self.shown_otherwise and leg.caller_number not in self.lines
        return leg.caller_number == number or other

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
            ringing = (each for each in phone.legs if each.state is LegState.RINGING and self._is_of(each, number))
            return next(ringing, None)

        def lost(data: Any) -> bool:
            return data["offer"]["id"] == offer["id"] and data["offer"]["state"] != "accepted"

        def gone(data: Any) -> bool:
            return data["call"]["id"] == offer["call"] and data["call"]["agent"] != person.name

        await first_of(
            phone.watch.until(lambda: leg() is not None, _WITHIN, f"{person.name} rings"),
            person.event("offer.ended", lost, since=since, within=_WITHIN),
            person.event("call.updated", gone, since=since, within=_WITHIN),
        )
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
        what = "caller hangs up" if last else choose.choices(list(TALKS), list(TALKS.values()))[0]
        self.did[f"talk: {what}"] += 1
        since = person.mark()
        if self._is_sample(number):
            await self._listen(person, call, number)
        await asyncio.sleep(choose.uniform(0.1, 0.9))
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
            case "soft" | "hard" | "group" | "empty group":
                kind, value = {"group": ("group", "sales"), "empty group": ("group", "empty")}.get(
                    what, ("agent", colleague)
                )
                more = {"mode": what} if kind == "agent" else {}
                if not await self._press(person.transfer(call, kind, value, note="knows more", **more)):
                    await self._put_down(person, number)
            case "group, then hangs up":
                # The transfer is on record before the phone is down: the caller must not go with the agent.
                transferred = await self._press(person.transfer(call, "group", "support"))
                await self._put_down(person, number, let_go=not transferred)
            case "soft, then cancels":
                transfer = await self._press(person.transfer(call, "agent", colleague, mode="soft"))
                await asyncio.sleep(choose.uniform(0.0, 0.5))
                if transfer is None:
                    await self._put_down(person, number)
                elif await self._press(person.post(f"/v1/transfers/{transfer['id']}:cancel")):
                    await self._comes_back(person, call, number, since)
            case "goes busy":
                await person.busy("paperwork")
                await self._put_down(person, number)
        try:
            await person.event("agent", lambda data: call not in data["calls"], since=since, within=_WITHIN)
        except AssertionError as error:
            raise AssertionError(f"{what}, by {number}: {error}") from error

    async def _comes_back(self, person: Person, call: str, number: str, since: int) -> None:
        """After a quick cancel the call never left them; after a later one it is offered to them again."""
        back: Callable[[Any], bool] = lambda data: data["call"]["id"] == call and data["call"]["state"] == "talking"  # noqa: E731
        free: Callable[[Any], bool] = lambda data: call not in data["calls"]  # noqa: E731
        came_back = await first_of(
            person.event("call.updated", back, since=since, within=_WITHIN), person.event("agent", free, since=since)
        )
        if 1 not in came_back:
            await self._put_down(person, number)

    async def _put_down(self, person: Person, number: str, *, let_go: bool = True) -> None:
        phone = self.lab.bank.phone(person.name)
        for leg in [each for each in phone.legs if each.state is LegState.UP and self._is_of(each, number)]:
            if let_go:
                self.let_go.add(number)
            await phone.hang_up(leg)

    async def _listen(self, person: Person, call: str, number: str) -> None:
        """The caller hears this agent and nobody else; and where that phone has one call only, the other way round."""
        line, phone = self.lines[number], self.lab.bank.phone(person.name)
        alone = sum(leg.live for leg in phone.legs) == 1
        try:
            await self.lab.assert_hears({line: {phone}, **({phone: {line}} if alone else {})}, seconds=0.6)
        except AssertionError as error:
            if number in self.left:
                return  # the impatient go whenever they like, also while it is listened
            if (await person.get(f"/v1/calls/{call}"))["state"] != "talking":
                return  # a hard transfer came, for which this call is held
            if sum(leg.live for leg in phone.legs) != 1:
                return  # another call has come to this phone, and that one is listened to
            rows = [row for row in await self.lab.channels() if person.name in row["Channel"] or number in str(row)]
            raise AssertionError(f"{error}; the phone has {phone.legs[:2]}, the PBX {rows}") from error
        self.listened.append(number)

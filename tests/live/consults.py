"""What happens again and again in the tests of supervised transfers: somebody is consulted, and everybody listens."""

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from steps import LISTEN, Desk, connected, eventually, open_site, the_call

from callbridge.demo.bank_lines import CalledLine, Caller, Line, Outside
from callbridge.demo.lab import Lab
from callbridge.demo.site import Site
from callbridge.demo.sound import UNKNOWN, analyse

Hears = Mapping[Line, set[Line] | set[str]]
Verb = Callable[[], Awaitable[Any]]

RECORDED = "5550600"
RECORD_DIALPLAN = f"""
exten => {RECORDED},1,Gosub(callbridge-clean,s,1)
 same => n,Set(CALLBRIDGE_CALLED=${{EXTEN}})
 same => n,Set(CALLBRIDGE_RECORD=${{UNIQUEID}}.wav)
 same => n,Goto(callbridge,support,1)
"""
"""A number of a site that records its calls, as the shipped dialplan says."""
AT_LAST = 5.0
"""Seconds after which the sound must be right again. It is within 300 ms where the machine has nothing else to do."""
HOLE = 300.0
"""Milliseconds that a sound may be away for somebody who is not moved."""
SWITCHED = 0.15
"""Seconds after an answer before it is listened. RTP sequence numbers jump when the PBX puts somebody into another
bridge, and a recording on the phones' Asterisk, where it is Debian's (asterisk/README.md), may hear nothing more after
that; one that begins after it does. So the times are upper bounds: the sound was there when the recording began."""
RINGING = {"ringing"}
"""What a line hears in `matrix` while somebody else's phone rings for it."""
RINGING_TONE = {"440 Hz": 440, "480 Hz": 480}
"""What the lab's PBX plays for ringing: both at once for two seconds, then silence for four."""
NUMBER, NUMBER_DIALLED = "040 555 111", "+4940555111"
FOURTH, FOURTH_DIALLED = "+49 40 555222", "+4940555222"


@asynccontextmanager
async def site_with_conferences(lab: Lab, **more: Any) -> AsyncIterator[Site]:
    options = {"wrap_up": 0.0, "transfers": {"four_way": True}} | more.pop("options", {})
    async with open_site(lab, options=options, **more) as site:
        yield site


async def ringing(site: Site, anna: Desk, carla: Desk) -> tuple[Caller, Any, Any]:
    """Anna's caller is on hold while Carla's phone rings: caller, anna's pop and the transfer."""
    caller, pop = await connected(site, anna)
    transfer = await anna.person.consult(pop["call"], "agent", carla.name)
    await anna.transfer_is("ringing")
    await carla.phone.wait_ringing()
    return caller, pop, transfer


async def consulting(site: Site, anna: Desk, carla: Desk) -> tuple[Caller, Any, Any]:
    """Anna talks with Carla while her caller is on hold."""
    caller, pop = await connected(site, anna)
    return caller, pop, await consulting_from(site, anna, carla, pop["call"])


async def consulting_from(site: Site, anna: Desk, carla: Desk, call: str) -> Any:
    """From this conversation of Anna's to the one with Carla; the transfer."""
    transfer = await anna.person.consult(call, "agent", carla.name)
    await carla.phone.wait_ringing()
    await carla.phone.answer()
    await settled(site, call, "consulting", caller=None, agent="target", target="agent")
    return transfer


async def conference(site: Site, anna: Desk, carla: Desk) -> tuple[Caller, Any, Any]:
    caller, pop, transfer = await consulting(site, anna, carla)
    await anna.person.merge(transfer["id"])
    await talk(site, pop["call"], "caller", "agent", "target")
    return caller, pop, transfer


async def four(site: Site, anna: Desk, carla: Desk) -> tuple[Caller, Any, Any, Outside, str]:
    """Four talk: also gives the fourth party's line, and their id in the call."""
    outside = await site.lab.bank.outside(FOURTH_DIALLED, "the fourth")
    caller, pop, transfer = await consulting(site, anna, carla)
    party = await anna.person.fourth(pop["call"], FOURTH)
    await talk(site, pop["call"], "caller", "agent", "target", "fourth")
    return caller, pop, transfer, outside, party["id"]


# ---------------------------------------------------------------- what the API says


async def parties(site: Site, call: str) -> dict[str, Any]:
    """Role -> party."""
    found = (await site.crm.get(f"/v1/calls/{call}/parties"))["items"]
    return {party["role"]: party for party in found}


def _by_role(found: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    names = {party["id"]: role for role, party in found.items()}
    return {role: frozenset(names[other] for other in party["hears"]) for role, party in found.items()}


async def settled(site: Site, call: str, stage: str, /, **hears: str | None) -> None:
    """Waits until the API shows these roles, and that each hears exactly this one (None: nobody)."""
    wanted = {role: frozenset([other] if other else []) for role, other in hears.items()}
    await eventually(
        lambda: parties(site, call), lambda found: _by_role(found) == wanted, f"{call} is {stage} with {wanted}"
    )


async def talk(site: Site, call: str, *roles: str) -> None:
    """Waits until the API shows these and nobody else, all of whom talk with one another."""
    wanted = {role: frozenset(roles) - {role} for role in roles}
    await eventually(lambda: parties(site, call), lambda found: _by_role(found) == wanted, f"{roles} talk in {call}")


async def party_id(site: Site, call: str, role: str) -> str:
    return str((await parties(site, call))[role]["id"])


def line_of(site: Site, caller: Line, party: Mapping[str, Any]) -> str:
    """The name of the line that this party of the API is."""
    if party["role"] == "caller":
        return caller.name
    if party["agent"] is not None:
        return str(party["agent"])
    return site.lab.bank._lines[f"out-{''.join(filter(str.isdigit, party['number']))}"].name


async def matrix(site: Site, call: str, caller: Line, expected: Hears, *others: Line) -> None:
    """Who hears whom is exactly so: on every line's sound, and in the API.

    `others` are lines of other calls in `expected`, of which this call knows nothing. An empty set: silence.
    """
    await site.lab.assert_hears({line: names for line, names in expected.items() if names != RINGING}, seconds=LISTEN)
    for line in [line for line, names in expected.items() if names == RINGING]:
        await hears_ringing(site.lab, line)
    found = await parties(site, call)
    names = {party["id"]: line_of(site, caller, party) for party in found.values()}
    said = {
        names[party["id"]]: {names[other] for other in party["hears"]}
        for party in found.values()
        if party["state"] not in ("dialing", "ringing")
    }
    heard = {
        line.name: {source.name for source in sources if isinstance(source, Line)}
        for line, sources in expected.items()
        if line not in others
    }
    assert said == heard, f"the API says {said}, the sound says {heard}"


async def resumed(site: Site, anna: Desk, call: str) -> None:
    """Waits until caller and agent 1 talk and the consultation is over."""
    await the_call(site, lambda seen: (seen["id"], seen["state"], seen["agent"]) == (call, "talking", anna.name))


# ---------------------------------------------------------------- sound


async def hears_ringing(lab: Lab, line: Line, within: float = 8.0) -> None:
    """The ringing tone comes, and neither the music nor anybody is heard with it."""
    deadline = asyncio.get_running_loop().time() + within
    while True:
        async with lab.recording(line) as recording:
            await lab.hear([line], LISTEN)
        track = recording.track
        assert not (heard := track.hearing().sources - {UNKNOWN}), f"{line.name} hears {heard} with the ringing"
        shares = analyse(track.samples, RINGING_TONE).shares
        if min(shares[tone] for tone in RINGING_TONE) > 0.3:
            return
        assert asyncio.get_running_loop().time() < deadline, f"{line.name} hears no ringing: {track.hearing()}"


def _now() -> float:
    return asyncio.get_running_loop().time()


measured: list[str] = []
"""Every measurement of this run, to be shown at its end."""


async def heard_soon(lab: Lab, verb: str, act: Verb, expected: Mapping[Line, Line | str], *, new: bool = True) -> Any:
    """Does `act`, and asserts that each line hears the source soon; how soon after the answer is noted in `measured`.

    `new`: it did not hear it before.

    Returns the answer of `act`.
    """
    lines = list(expected)
    names = {line: source if isinstance(source, str) else source.name for line, source in expected.items()}
    if new:
        before = await lab.hear(lines, 0.2)
        early = [line.name for line in lines if names[line] in before[line.name].sources]
        assert not early, f"{early} heard it before: {verb}"
    begun = _now()
    answer = await act()
    answered = _now()
    await asyncio.sleep(SWITCHED)
    heard: dict[Line, float] = {}
    while (missing := [line for line in lines if line not in heard]) and _now() - answered < AT_LAST:
        heard |= await first_heard(lab, {line: names[line] for line in missing})
    for line in lines:
        took = (heard.get(line, math.inf) - answered) * 1000
        note = (
            f"{verb}: {line.name} hears {names[line]} {took:.0f} ms after the answer at the latest,"
            f" which took {(answered - begun) * 1000:.0f} ms"
        )
        measured.append(note)
        print(note)
        assert line in heard, note
    return answer


async def first_heard(lab: Lab, expected: Mapping[Line, str]) -> dict[Line, float]:
    """When each line that hears its source now was first known to hear it, by the event loop's clock."""
    started: dict[Line, float] = {}
    async with contextlib.AsyncExitStack() as stack:
        recordings = {}
        for line in expected:
            recordings[line] = await stack.enter_async_context(lab.recording(line))
            started[line] = _now() - recordings[line].now()
        await asyncio.sleep(0.3)
    found = {line: recordings[line].track.first_heard(name, since=0) for line, name in expected.items()}
    return {line: started[line] + at for line, at in found.items() if at is not None}


@asynccontextmanager
async def goes_on_hearing(lab: Lab, listeners: Mapping[Line, Line | str], limit: float = HOLE) -> AsyncIterator[None]:
    """What each of these hears has no hole longer than `limit` ms during the block, in which none of them is moved."""
    async with contextlib.AsyncExitStack() as stack:
        recordings = {line: await stack.enter_async_context(lab.recording(line)) for line in listeners}
        yield
    for line, source in listeners.items():
        name = source if isinstance(source, str) else source.name
        gap = recordings[line].track.longest_gap(name)
        measured.append(f"{line.name} goes on hearing {name} with a hole of {gap:.0f} ms")
        print(measured[-1])
        assert gap <= limit, measured[-1]


async def everybody_rings_no_more(*phones: CalledLine) -> None:
    for phone in phones:
        await phone.watch.until(lambda phone=phone: phone.ringing is None, 5, f"{phone.name} stops ringing")

"""The faults: each does its damage while a call is at some step, and ends with everything running again."""

import asyncio
import resource
import signal
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing

from hostile import LIST_END, escaped, forged
from steps import eventually
from withheld_caller import SipCaller

from callbridge.demo.bank_lines import CalledLine, Line
from chaos.scene import UNCLEANED, Damage, Fault, Scene, Stage
from chaos.sound import still_there

SHORT = 2.0
"""Seconds of a stall that nobody needs to notice."""
SILENT = 6.0
"""Seconds of one that is noticed: the link counts as silent after three."""
DEAD = 22.0
"""Seconds after which the connection has been given up for another one."""
FALLBACK_WITHIN = 50.0
"""Seconds: a turn of the dialplan, and its grace."""
FROZEN = 8.0
LOCKED = 8.0


# ---------------------------------------------------------------- the gateway


async def killed(stage: Stage, scene: Scene) -> Damage:
    await stage.site.kill()
    await still_there(stage, scene)
    await stage.site.start()
    return Damage()


async def stopped_in_order(stage: Stage, scene: Scene) -> Damage:
    await stage.site.stop()
    await still_there(stage, scene)
    await stage.site.start()
    return Damage()


async def killed_and_caller_hangs_up(stage: Stage, scene: Scene) -> Damage:
    return await _killed_while_hangs_up(stage, scene, scene.caller)


async def killed_and_agent_hangs_up(stage: Stage, scene: Scene) -> Damage:
    return await _killed_while_hangs_up(stage, scene, scene.agent)


async def killed_and_target_hangs_up(stage: Stage, scene: Scene) -> Damage:
    return await _killed_while_hangs_up(stage, scene, scene.target)


async def _killed_while_hangs_up(stage: Stage, scene: Scene, line: Line | None) -> Damage:
    assert line is not None
    await stage.site.kill()
    await line.hang_up()
    if line is not scene.caller:
        await still_there(stage, scene, away=line)
    await stage.site.start()
    return Damage(hung_up={line})


async def killed_and_phone_answers(stage: Stage, scene: Scene) -> Damage:
    """Whoever rings picks up while nobody is there to put them together."""
    await stage.site.kill()
    for line in _ringing(stage, scene):
        await line.answer()
    await still_there(stage, scene)
    await stage.site.start()
    return Damage()


def _ringing(stage: Stage, scene: Scene) -> list[CalledLine]:
    lines = [line for line in scene.people(stage) if isinstance(line, CalledLine)]
    return [line for line in lines if line.ringing is not None]


async def killed_twice(stage: Stage, scene: Scene) -> Damage:
    """Once more as soon as it is there again."""
    await stage.site.kill()
    await stage.site.start(ready=False)
    await eventually(stage.site.answers, bool, "the new process answers")
    await stage.site.kill()
    await still_there(stage, scene)
    await stage.site.start()
    return Damage()


async def frozen(stage: Stage, scene: Scene) -> Damage:
    """SIGSTOP, and it goes on where it was."""
    stage.site.signal(signal.SIGSTOP)
    try:
        await still_there(stage, scene)
        await asyncio.sleep(FROZEN)
    finally:
        stage.site.signal(signal.SIGCONT)
    await stage.site.wait_ready()
    return Damage(excused=("loop_lag", "frozen", "lease"))


async def away_past_the_lease(stage: Stage, scene: Scene) -> Damage:
    """Waiting callers get the site's own fallback; who talks talks on."""
    await stage.site.kill()
    await (await stage.lab.ami()).action("Setvar", Variable="CALLBRIDGE_ALIVE", Value="1")
    await still_there(stage, scene, within=FALLBACK_WITHIN)
    await asyncio.sleep(FROZEN)
    await still_there(stage, scene, within=FALLBACK_WITHIN)
    await stage.site.start()
    return Damage(fallback=True)


# ---------------------------------------------------------------- the network, and the PBX


async def ami_cut(stage: Stage, scene: Scene) -> Damage:
    stage.cable.cut()
    try:
        await eventually(stage.site.is_ready, lambda ready: not ready, "/readyz says so")
        await still_there(stage, scene)
    finally:
        stage.cable.plug()
    await stage.site.wait_ready()
    return Damage()


async def ami_cut_and_caller_hangs_up(stage: Stage, scene: Scene) -> Damage:
    stage.cable.cut()
    try:
        await eventually(stage.site.is_ready, lambda ready: not ready, "/readyz says so")
        await scene.caller.hang_up()
    finally:
        stage.cable.plug()
    await stage.site.wait_ready()
    return Damage(hung_up={scene.caller})


async def stalls_shortly(stage: Stage, scene: Scene) -> Damage:
    return await _stalls(stage, scene, SHORT)


async def falls_silent(stage: Stage, scene: Scene) -> Damage:
    return await _stalls(stage, scene, SILENT)


async def stalls_until_given_up(stage: Stage, scene: Scene) -> Damage:
    return await _stalls(stage, scene, DEAD)


async def _stalls(stage: Stage, scene: Scene, seconds: float) -> Damage:
    stage.cable.stall()
    try:
        began = time.monotonic()
        await still_there(stage, scene)
        await asyncio.sleep(max(0.0, seconds - (time.monotonic() - began)))
    finally:
        stage.cable.flow()
    await stage.site.wait_ready()
    return Damage()


async def half_open(stage: Stage, scene: Scene) -> Damage:
    """What the gateway says arrives, what the PBX says does not."""
    stage.cable.stall(from_far=True, from_near=False)
    try:
        await still_there(stage, scene)
        await asyncio.sleep(SILENT)
    finally:
        stage.cable.flow()
    await stage.site.wait_ready()
    return Damage()


async def pbx_dies(stage: Stage, scene: Scene) -> Damage:
    await stage.lab.pbx.kill()
    await eventually(stage.site.is_ready, lambda ready: not ready, "/readyz says so")
    await stage.lab.pbx.start()
    await stage.lab.bank.hang_up_all()
    await stage.site.wait_ready()
    return Damage(calls_ended=True)


async def hostile_call(stage: Stage, scene: Scene) -> Damage:
    """Somebody calls whose headers name everybody's channels, and the gateway is killed meanwhile."""
    rows = [row for row in await stage.lab.channels() if row.get("Uniqueid")]
    host = stage.lab.pbx.address.rpartition(".")[0] + ".3"
    sip = await SipCaller.open(host, stage.lab.pbx.address)
    says = escaped(forged(rows[0]) if rows else LIST_END)
    try:
        await sip.invite(UNCLEANED, f'"{says}" <sip:{says}@{host}>', f"Diversion: <sip:{says}@{host}>\r\n")
        await stage.site.kill()
        await still_there(stage, scene)
        await stage.site.start()
    finally:
        sip.bye()
    return Damage()


# ---------------------------------------------------------------- the store


async def store_locked(stage: Stage, scene: Scene) -> Damage:
    """Somebody else, a backup perhaps, writes for seconds."""
    with closing(sqlite3.connect(stage.site.folder / "callbridge.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await still_there(stage, scene)
        await asyncio.sleep(LOCKED)
        other.execute("ROLLBACK")
    await stage.site.revive()
    return Damage(excused=("save_failed", "store"))


async def disk_full(stage: Stage, scene: Scene) -> Damage:
    """No file of the gateway's can grow any more, for seconds."""
    pid, store = stage.site.pid or 0, stage.site.folder / "callbridge.db"
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (store.stat().st_size, before[1]))
    try:
        await still_there(stage, scene)
        await asyncio.sleep(LOCKED)
    finally:
        if stage.site.pid == pid:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    await stage.site.revive()
    return Damage(excused=("save_failed", "store"))


FAULTS: Mapping[str, Fault] = {
    fault.__name__.replace("_", " "): fault
    for fault in (
        killed,
        killed_twice,
        stopped_in_order,
        killed_and_caller_hangs_up,
        killed_and_agent_hangs_up,
        killed_and_target_hangs_up,
        killed_and_phone_answers,
        frozen,
        away_past_the_lease,
        ami_cut,
        ami_cut_and_caller_hangs_up,
        stalls_shortly,
        falls_silent,
        stalls_until_given_up,
        half_open,
        pbx_dies,
        hostile_call,
        store_locked,
        disk_full,
    )
}
AROUND = (-0.15, -0.08, -0.03, 0.0, 0.03, 0.08, 0.15)
"""Seconds between a verb and the gateway's death."""


def killed_around(offset: float) -> Fault:
    """The gateway is killed so long after somebody's verb, or before it."""

    async def fault(stage: Stage, scene: Scene) -> Damage:
        assert scene.verb is not None
        begun = asyncio.get_running_loop().time() + max(0.0, -offset)
        verb = asyncio.ensure_future(_at(begun, scene.verb()))
        await _at(begun + offset, stage.site.kill())
        await asyncio.gather(verb, return_exceptions=True)
        await still_there(stage, scene)
        await stage.site.start()
        return Damage()

    return fault


async def _at(moment: float, does) -> None:
    await asyncio.sleep(max(0.0, moment - asyncio.get_running_loop().time()))
    await does


def fits(fault: str, scene: Scene) -> bool:
    """Whether this fault can happen at all in this scene."""
    return not ("target" in fault and scene.target is None) and not ("agent" in fault and scene.agent is None)

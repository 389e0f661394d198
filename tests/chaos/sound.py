"""What a caller hears while something is broken: never nothing."""

import asyncio

from callbridge.demo.bank_lines import Line
from chaos.scene import Scene, Stage

LISTEN = 0.6
"""Seconds, of which each part must say the same."""


class CallerLost(AssertionError):
    """The caller was hung up, or left in silence."""


async def heard_by(stage: Stage, line: Line) -> frozenset[str]:
    """Whom this line hears now. Somebody who is heard for a part of the time counts for nobody."""
    return (await stage.lab.hear([line], LISTEN))[line.name].sources


async def still_there(stage: Stage, scene: Scene, *, within: float = 15.0, away: Line | None = None) -> None:
    """The caller is in the call and hears somebody or the music.

    `away` has hung up: if it was whoever the caller talked with, the call may be over.

    Raises:
        CallerLost: they do not.
    """
    deadline = asyncio.get_running_loop().time() + within
    while True:
        if scene.caller.ended:
            if away is not None and scene.heard == {away.name}:
                return
            raise CallerLost(f"the caller was hung up, cause {scene.caller.legs[0].cause}")
        heard = await heard_by(stage, scene.caller)
        if heard - ({away.name} if away is not None else set()):
            return
        if asyncio.get_running_loop().time() >= deadline:
            raise CallerLost(f"the caller hears nobody for {within:g} s")

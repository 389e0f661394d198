"""A small live picture of a call: who hears whom as the API says it, beside what was really heard."""

from collections.abc import Awaitable, Callable
from typing import Any

from callbridge.demo.steps import NOT_IN_A_CALL, Stage, spoken
from callbridge.demo.tones import HOLD_MUSIC, RINGING

_NOBODY = frozenset({HOLD_MUSIC, RINGING})
"""What is heard of the PBX itself while nobody is."""


def as_heard(*, shown: bool = False) -> Callable[[Stage], Awaitable[None]]:
    """For the end of a step: the API's parties must say what was heard; with `shown`, both stand on a card."""

    async def look(stage: Stage) -> None:
        said = await _parties(stage)
        if shown:
            rows = [("", "the API says: hears", "on the line: hears")]
            rows += [
                (
                    spoken(name),
                    _words(hears, state),
                    _words(stage.heard.get(name, NOT_IN_A_CALL)),
                )
                for name, (hears, state) in said.items()
            ]
            stage.screen.table("Who hears whom", rows)
        heard = {name: sources - _NOBODY for name, sources in stage.heard.items() if sources != NOT_IN_A_CALL}
        told = {name: hears for name, (hears, _) in said.items() if name in heard}
        strangers = sorted(name for name, (_, state) in said.items() if name not in heard and state == "talking")
        stage.check(
            told == heard and not strangers, "the API's parties say the same as was heard", f"{told}, {strangers}"
        )

    return look


async def _parties(stage: Stage) -> dict[str, tuple[frozenset[str], str]]:
    """Name of a line -> whom it hears, and its state, as the API says."""
    items = (await stage.site.crm.get(f"/v1/calls/{stage.call}/parties"))["items"]
    names = {party["id"]: _name(stage, party) for party in items}
    return {names[party["id"]]: (frozenset(names[each] for each in party["hears"]), party["state"]) for party in items}


def _name(stage: Stage, party: Any) -> str:
    if party["role"] == "caller":
        return stage.caller
    if party["agent"] is not None:
        return str(party["agent"])
    key = f"out-{''.join(filter(str.isdigit, party['number']))}"
    return next((name for name, line in stage.lines.items() if line.key == key), str(party["number"]))


def _words(sources: frozenset[str], state: str = "") -> str:
    if sources == NOT_IN_A_CALL:
        return "in no call"
    names = ", ".join(name if name in _NOBODY else spoken(name) for name in sorted(sources))
    return names or (f"nobody ({state})" if state else "silence")

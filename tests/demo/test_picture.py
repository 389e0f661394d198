"""The picture of a call stands only where the API says what was heard."""

from types import SimpleNamespace
from typing import Any

import pytest

from callbridge.demo.picture import as_heard
from callbridge.demo.screen import Screen
from callbridge.demo.steps import MUSIC, NOT_IN_A_CALL, Ears, Stage, Unmet


def party(name: str, hears: list[str], state: str = "talking", **more: Any) -> dict[str, Any]:
    return {"id": name, "role": "agent", "agent": name, "number": None, "state": state, "hears": hears, **more}


def caller(hears: list[str], state: str = "talking") -> dict[str, Any]:
    return party("caller", hears, state, role="caller", agent=None, number="+49 30 23125009")


def a_stage(heard: Ears, *parties: dict[str, Any]) -> Stage:
    async def get(path: str) -> Any:
        assert path == "/v1/calls/c-1/parties"
        return {"items": list(parties)}

    site: Any = SimpleNamespace(crm=SimpleNamespace(get=get))
    lab: Any = None
    stage = Stage(lab=lab, site=site, screen=Screen(), call="c-1", caller="eva", heard=heard)
    line: Any = SimpleNamespace(key="out-494066969020")
    stage.lines["warehouse"] = line
    return stage


HELD: Ears = {"eva": MUSIC, "anna": frozenset({"warehouse"}), "warehouse": frozenset({"anna"}), "ben": NOT_IN_A_CALL}
WAREHOUSE = party("leg-2", ["anna"], agent=None, role="target", number="+49 40 66969020")


async def test_given_parties_as_heard_then_both_are_shown_and_told(capsys: pytest.CaptureFixture[str]):
    stage = a_stage(HELD, caller([], "held"), party("anna", ["leg-2"]), WAREHOUSE)
    await as_heard(shown=True)(stage)
    assert stage.seen == ["the API's parties say the same as was heard"]
    said = capsys.readouterr().out
    rows = [line.strip(" │|").split("  ") for line in said.splitlines()]
    assert [
        [cell.strip() for cell in row if cell.strip()] for row in rows if row[0] in ("Eva", "Anna", "Warehouse")
    ] == [
        ["Eva", "nobody (held)", "hold music"],
        ["Anna", "Warehouse", "Warehouse"],
        ["Warehouse", "Anna", "Anna"],
    ]


@pytest.mark.parametrize(
    "parties",
    [
        pytest.param((caller(["anna"]), party("anna", ["caller"])), id="the held caller is said to talk"),
        pytest.param((caller([], "held"), party("anna", [])), id="one who talks is left out"),
        pytest.param(
            (caller([], "held"), party("anna", ["leg-2"]), WAREHOUSE, party("ben", [])), id="one too many talks"
        ),
    ],
)
async def test_given_parties_other_than_heard_then_the_step_does_not_hold(parties: tuple[dict[str, Any], ...]):
    with pytest.raises(Unmet, match="the API's parties say the same as was heard"):
        await as_heard()(a_stage(HELD, *parties))

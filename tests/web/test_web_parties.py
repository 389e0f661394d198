"""Who hears whom, the fourth party, and muting, holding and dropping one party."""

from dataclasses import replace
from typing import Any

import pytest
from web_fakes import CRM_TOKEN
from web_samples import ANNA, BEN, CLEO, a_call, a_channel, consulting, over, talking
from web_served import Serve, Served

from callbridge.domain.model.calls import Call
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import PublishCall
from callbridge.domain.model.ids import ChannelId
from callbridge.domain.model.legs import Leg, LegRole, LegState
from callbridge.domain.model.requests import CallFourth, DoParty, PartyVerb
from callbridge.domain.model.transfer import Destination, DestinationKind
from callbridge.web.hub import event_of

PARTIES = "/v1/calls/c-1/parties"


def together(served: Served, call: Call, **rooms: str | None) -> None:
    """Where each party's channel is; `hold` is a waiting room."""
    names = {"caller": call.caller} | {leg.channel.removeprefix(f"{call.id}-"): leg.channel for leg in call.legs}
    for name, room in rooms.items():
        channel = names[name.replace("_", "-")]
        served.gateway.world.channels[channel] = a_channel(channel, room, holding=room == "hold")


async def hears(served: Served, who: str = ANNA) -> dict[str, tuple[str, list[str]]]:
    status, found, _ = await served.ask("GET", PARTIES, who)
    assert status == 200
    return {party["id"]: (party["state"], party["hears"]) for party in found["items"]}


async def test_given_a_consultation_when_asked_then_who_hears_whom_is_what_the_bridges_say(serve: Serve) -> None:
    call = consulting(a_call(), ANNA, BEN)
    served = await serve(call)
    together(served, call, caller="hold", leg_1="talk", leg_2="talk")
    matrix = {"caller": ("held", []), "leg-1": ("talking", ["leg-2"]), "leg-2": ("talking", ["leg-1"])}
    for who in (ANNA, BEN, CRM_TOKEN):
        assert await hears(served, who) == matrix
    together(served, call, caller="talk", leg_2="hold")
    assert await hears(served) == {
        "caller": ("talking", ["leg-1"]),
        "leg-1": ("talking", ["caller"]),
        "leg-2": ("answered", []),
    }
    status, _, _ = await served.ask("GET", PARTIES, CLEO)
    assert status == 200, "supervisors see every call"


async def test_given_somebody_muted_when_asked_then_nobody_hears_them_and_they_hear_all(serve: Serve) -> None:
    call = replace(consulting(a_call(), ANNA, BEN, stage=Stage.CONFERENCE), caller_muted=True)
    served = await serve(call)
    together(served, call, caller="talk", leg_1="talk", leg_2="talk")
    found = await hears(served)
    assert found["caller"][1] == ["leg-1", "leg-2"]
    assert found["leg-1"][1] == ["leg-2"]


async def test_given_parties_when_asked_then_who_they_are_and_which_are_outside(serve: Serve) -> None:
    call = consulting(a_call(), ANNA, BEN, stage=Stage.CONFERENCE)
    fourth = Leg(
        channel=ChannelId("c-1-leg-3"), role=LegRole.FOURTH, number="+49301234567", state=LegState.RINGING, held=True
    )
    call = replace(call, legs=(*call.legs, fourth))
    served = await serve(call)
    together(served, call, caller="talk", leg_1="talk", leg_2="talk")
    _, found, _ = await served.ask("GET", PARTIES)
    assert (found["call"], found["state"], found["stage"]) == ("c-1", "consulting", "conference")
    shown = [tuple(party[key] for key in ("role", "agent", "name", "number", "external")) for party in found["items"]]
    assert shown == [
        ("caller", None, "Zoë Ørsted", "+49 170 1234567", False),
        ("agent", "anna", "Anna Österreich", None, False),
        ("target", "ben", "Ben Müller", None, False),
        ("fourth", None, None, "+49 30 1234567", True),
    ]
    assert [party["state"] for party in found["items"]][-1] == "ringing"
    assert found["items"][-1]["held"]


async def test_given_a_preset_as_target_when_asked_then_it_has_the_presets_name(serve: Serve) -> None:
    call = consulting(a_call(), ANNA, BEN)
    assert call.transfer is not None
    preset = Destination(kind=DestinationKind.PRESET, value="vendor")
    target = replace(call.legs[1], agent=None, number="+4930123456")
    call = replace(call, legs=(call.legs[0], target), consult=None, transfer=replace(call.transfer, destination=preset))
    served = await serve(call)
    _, found, _ = await served.ask("GET", PARTIES)
    assert (found["items"][-1]["name"], found["items"][-1]["number"]) == ("Vendor hotline", "+49 30 123456")


async def test_given_a_call_when_its_event_is_pushed_then_the_live_picture_is_in_it(serve: Serve) -> None:
    call = consulting(a_call(), ANNA, BEN)
    served = await serve(call)
    together(served, call, caller="hold", leg_1="talk", leg_2="talk")
    event = event_of(served.gateway.world, PublishCall(call=call, to=frozenset({ANNA}), kind="call.updated"))
    assert event is not None
    shown = event.model_dump(mode="json")["call"]
    assert shown["stage"] == "consulting"
    assert [party["hears"] for party in shown["parties"]] == [[], ["leg-2"], ["leg-1"]]
    _, found, _ = await served.ask("GET", "/v1/calls/c-1")
    assert found["parties"] == shown["parties"]


async def test_given_an_ended_call_when_asked_then_nobody_takes_part(serve: Serve) -> None:
    served = await serve()
    served.archive.keep(over(talking(a_call(), ANNA)), ANNA)
    assert await hears(served) == {}
    _, call, _ = await served.ask("GET", "/v1/calls/c-1")
    assert call["parties"] == []


# ---------------------------------------------------------------- the fourth party


async def test_given_a_number_when_the_fourth_is_called_then_the_engine_gets_e164_and_the_party_comes_back(
    serve: Serve,
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    status, party, _ = await served.ask("POST", PARTIES, json={"number": "030 1234567"})
    assert status == 202
    assert (party["id"], party["role"], party["number"], party["state"], party["external"]) == (
        "leg-9", "fourth", "+49 30 1234567", "dialing", True,
    )  # fmt: skip
    signal = served.gateway.asked[0]
    assert isinstance(signal, CallFourth)
    assert (signal.agent, signal.number, signal.number_problem) == (ANNA, "+49301234567", None)


@pytest.mark.parametrize(
    ("number", "problem"), [("110", "emergency"), ("0900 1 234567", "premium"), ("+4930@x", "invalid")]
)
async def test_given_a_number_that_is_never_dialled_when_the_fourth_is_called_then_the_engine_knows_why(
    serve: Serve, number: str, problem: str
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    await served.ask("POST", PARTIES, json={"number": number})
    signal = served.gateway.asked[0]
    assert isinstance(signal, CallFourth)
    assert signal.number_problem == problem


@pytest.mark.parametrize("number", ["", "x" * 65, "+4930\r\nAction: x", "+49\x0030", 4930, None])
async def test_given_a_bad_number_when_the_fourth_is_called_then_422_and_the_engine_is_not_asked(
    serve: Serve, number: Any
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    status, problem, _ = await served.ask("POST", PARTIES, json={"number": number})
    assert (status, problem["errors"][0]["pointer"]) == (422, "#/number")
    assert served.gateway.asked == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("four_way_disabled", 403),
        ("external_not_allowed", 403),
        ("number_not_allowed", 403),
        ("invalid_number", 422),
        ("not_consulting", 409),
        ("fourth_present", 409),
        ("not_your_call", 404),
    ],
)
async def test_given_the_engine_refuses_the_fourth_when_called_then_the_status_of_the_table(
    serve: Serve, code: str, status: int
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    served.gateway.refuse(CallFourth, code)
    answered, problem, _ = await served.ask("POST", PARTIES, json={"number": "030 1234567"})
    assert (answered, problem["code"]) == (status, code)


async def test_given_a_service_when_it_calls_a_fourth_then_it_says_for_whom(serve: Serve) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    status, problem, _ = await served.ask("POST", PARTIES, CRM_TOKEN, json={"number": "030 1234567"})
    assert (status, problem["code"]) == (422, "agent_needed")
    body = {"number": "030 1234567", "agent": "anna"}
    assert (await served.ask("POST", PARTIES, CRM_TOKEN, json=body))[0] == 202


# ---------------------------------------------------------------- one party


@pytest.mark.parametrize("verb", list(PartyVerb))
@pytest.mark.parametrize(("party", "channel"), [("caller", "1.1"), ("leg-2", "c-1-leg-2"), ("leg-7", "c-1-leg-7")])
async def test_given_a_party_when_something_is_done_to_it_then_the_engine_is_told_its_channel(
    serve: Serve, verb: PartyVerb, party: str, channel: str
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN, stage=Stage.CONFERENCE))
    status, found, _ = await served.ask("POST", f"{PARTIES}/{party}:{verb}")
    assert (status, found["call"]) == (202, "c-1")
    signal = served.gateway.asked[0]
    assert isinstance(signal, DoParty)
    assert (signal.agent, signal.channel, signal.verb) == (ANNA, channel, verb)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("unknown_party", 404),
        ("caller_not_dropped", 403),
        ("own_leg", 409),
        ("not_conference", 409),
        ("only_externals_would_remain", 409),
    ],
)
async def test_given_the_engine_refuses_a_partys_verb_when_asked_then_the_status_of_the_table(
    serve: Serve, code: str, status: int
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN, stage=Stage.CONFERENCE))
    served.gateway.refuse(DoParty, code)
    answered, problem, _ = await served.ask("POST", f"{PARTIES}/leg-2:drop")
    assert (answered, problem["code"]) == (status, code)


@pytest.mark.parametrize("party", ["leg%202", "%00", "é", "x" * 161, "leg-2&1"])
async def test_given_an_odd_party_when_asked_then_404(serve: Serve, party: str) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN, stage=Stage.CONFERENCE))
    status, problem, _ = await served.ask("POST", f"{PARTIES}/{party}:mute")
    assert (status, problem["code"]) == (404, "not_found")
    assert served.gateway.asked == []


async def test_given_somebody_elses_call_when_its_parties_are_asked_for_or_changed_then_404(serve: Serve) -> None:
    served = await serve(talking(a_call(), BEN))
    for method, path, body in (
        ("GET", PARTIES, None),
        ("POST", PARTIES, {"number": "030 1234567"}),
        ("POST", f"{PARTIES}/caller:mute", None),
        ("POST", "/v1/calls/c-1/transfers:check", {"destination": {"kind": "group", "value": "sales"}}),
    ):
        status, problem, _ = await served.ask(method, path, json=body)
        assert (status, problem["code"]) == (404, "unknown_call")
    assert served.gateway.asked == []

"""Supervised transfers through the API: the verbs, the offer to the target, and what everybody is shown."""

from dataclasses import replace
from typing import Any

import pytest
from web_fakes import CRM_TOKEN
from web_samples import ANNA, BEN, CLEO, NOW, a_call, a_transfer, consulting, offered, talking
from web_served import Serve, Served

from callbridge.domain.model.calls import CallState
from callbridge.domain.model.consult import Stage
from callbridge.domain.model.effects import PublishCall
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import (
    AcceptOffer,
    CancelTransfer,
    DoTransfer,
    EndCall,
    HoldCall,
    RejectOffer,
    RequestTransfer,
    ResumeCall,
    RingAgain,
    Verb,
)
from callbridge.domain.model.transfer import Destination, DestinationKind, TransferState
from callbridge.web.hub import event_of
from callbridge.web.problems import CODES

TRANSFERS = "/v1/calls/c-1/transfers"


def to(kind: str, value: str, **more: Any) -> dict[str, Any]:
    return {"destination": {"kind": kind, "value": value}, **more}


async def asked(served: Served, body: dict[str, Any]) -> RequestTransfer:
    status, _, _ = await served.ask("POST", TRANSFERS, json=body)
    assert status == 202
    signal = served.gateway.asked[-1]
    assert isinstance(signal, RequestTransfer)
    return signal


async def test_given_my_call_when_consulting_an_agent_then_the_engine_is_asked_for_a_supervised_transfer(
    serve: Serve,
) -> None:
    served = await serve(talking(a_call(), ANNA))
    status, transfer, _ = await served.ask("POST", TRANSFERS, json=to("agent", "ben", supervised=True, deferred=True))
    assert (status, transfer["kind"]) == (202, "supervised")
    signal = served.gateway.asked[0]
    assert isinstance(signal, RequestTransfer)
    assert (signal.supervised, signal.deferred, signal.number_problem) == (True, True, None)
    signal = await asked(served, to("agent", "ben"))
    assert (signal.supervised, signal.deferred) == (False, False)


@pytest.mark.parametrize(
    ("typed", "value", "problem"),
    [
        ("030 1234567", "+49301234567", None),
        ("112", "112", "emergency"),
        ("0900 1 234567", "+499001234567", "premium"),
        ("call me", "call me", "invalid"),
        ("+4930123&PJSIP/x", "+4930123&PJSIP/x", "invalid"),
    ],
)
async def test_given_a_typed_number_when_consulting_then_the_engine_gets_e164_or_the_problem(
    serve: Serve, typed: str, value: str, problem: str | None
) -> None:
    served = await serve(talking(a_call(), ANNA))
    signal = await asked(served, to("number", typed, supervised=True))
    assert (signal.destination.value, signal.number_problem) == (value, problem)


async def test_given_another_region_when_a_number_is_typed_then_it_is_read_as_there(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA), region="US")
    signal = await asked(served, to("number", "(212) 555-2368", supervised=True))
    assert signal.destination.value == "+12125552368"


@pytest.mark.parametrize(
    "body", [to("agent", "ben", deferred=True), to("group", "sales", supervised=True, deferred=True)]
)
async def test_given_waiting_without_one_agent_to_wait_for_when_asked_then_422(
    serve: Serve, body: dict[str, Any]
) -> None:
    served = await serve(talking(a_call(), ANNA))
    for path in (TRANSFERS, f"{TRANSFERS}:check"):
        status, problem, _ = await served.ask("POST", path, json=body)
        assert (status, problem["errors"][0]["pointer"]) == (422, "#/deferred")
    assert served.gateway.asked == []


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("supervised_disabled", 403),
        ("target_not_available", 409),
        ("number_not_allowed", 403),
        ("invalid_number", 422),
    ],
)
async def test_given_the_engine_refuses_a_consultation_when_asked_then_the_status_of_the_table(
    serve: Serve, code: str, status: int
) -> None:
    served = await serve(talking(a_call(), ANNA))
    served.gateway.refuse(RequestTransfer, code, "Because.")
    answered, problem, _ = await served.ask("POST", TRANSFERS, json=to("agent", "ben", supervised=True))
    assert (answered, problem["code"]) == (status, code)


# ---------------------------------------------------------------- verbs


@pytest.mark.parametrize("verb", list(Verb))
async def test_given_a_consultation_when_the_transferer_says_a_verb_then_the_engine_is_told(
    serve: Serve, verb: Verb
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    status, transfer, _ = await served.ask("POST", f"/v1/transfers/c-1-transfer-1:{verb}")
    assert (status, transfer["state"], transfer["kind"]) == (202, "consulting", "supervised")
    signal = served.gateway.asked[0]
    assert isinstance(signal, DoTransfer)
    assert (signal.agent, signal.verb) == (ANNA, verb)


@pytest.mark.parametrize("verb", ["alternate", "merge", "complete", "leave", "cancel"])
async def test_given_a_consultation_when_somebody_else_says_a_verb_then_404(serve: Serve, verb: str) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    for who in (BEN, CLEO):
        status, problem, _ = await served.ask("POST", f"/v1/transfers/c-1-transfer-1:{verb}", who)
        assert (status, problem["code"]) == (404, "unknown_transfer")
    assert served.gateway.asked == []


async def test_given_a_service_when_it_says_a_verb_then_in_the_transferers_name(serve: Serve) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    status, _, _ = await served.ask("POST", "/v1/transfers/c-1-transfer-1:merge", CRM_TOKEN)
    assert (status, served.gateway.asked[0].agent) == (202, ANNA)


@pytest.mark.parametrize("code", ["not_consulting", "not_conference", "only_externals_would_remain", "transfer_ended"])
async def test_given_the_engine_refuses_a_verb_when_asked_then_409(serve: Serve, code: str) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    served.gateway.refuse(DoTransfer, code)
    status, problem, _ = await served.ask("POST", "/v1/transfers/c-1-transfer-1:leave")
    assert (status, problem["code"], CODES[code]) == (409, code, 409)


async def test_given_an_ended_transfer_of_a_live_conference_when_leaving_then_the_engine_decides(serve: Serve) -> None:
    call = consulting(a_call(), ANNA, BEN, stage=Stage.CONFERENCE)
    assert call.transfer is not None
    served = await serve(replace(call, transfer=replace(call.transfer, state=TransferState.FAILED, ended_at=NOW)))
    status, _, _ = await served.ask("POST", "/v1/transfers/c-1-transfer-1:leave")
    assert status == 202
    old = a_transfer(a_call(5), ANNA, state=TransferState.COMPLETED, ended_at=NOW)
    served.archive.stored_transfers[old.id] = old
    status, problem, _ = await served.ask("POST", f"/v1/transfers/{old.id}:merge")
    assert (status, problem["code"]) == (409, "transfer_ended")


@pytest.mark.parametrize(
    ("verb", "signal"),
    [("hold", HoldCall), ("resume", ResumeCall), ("hangup", EndCall), ("reconnect-phone", RingAgain)],
)
async def test_given_my_call_when_holding_and_resuming_then_done_in_my_name(
    serve: Serve, verb: str, signal: type
) -> None:
    served = await serve(talking(a_call(1), ANNA), a_call(2), talking(a_call(3), BEN))
    status, call, _ = await served.ask("POST", f"/v1/calls/c-1:{verb}")
    assert (status, call["id"], type(served.gateway.asked[0]), served.gateway.asked[0].agent) == (
        202, "c-1", signal, ANNA,
    )  # fmt: skip
    status, _, _ = await served.ask("POST", f"/v1/calls/c-3:{verb}")
    assert status == 404
    status, problem, _ = await served.ask("POST", f"/v1/calls/c-2:{verb}", CRM_TOKEN)
    assert (status, problem["code"]) == (409, "not_talking")
    status, _, _ = await served.ask("POST", f"/v1/calls/c-3:{verb}", CRM_TOKEN)
    assert (status, served.gateway.asked[-1].agent) == (202, BEN)


# ---------------------------------------------------------------- the one who is consulted


async def test_given_a_consult_offer_when_listed_then_it_is_the_targets_with_its_preview(serve: Serve) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN, stage=Stage.RINGING))
    _, offers, _ = await served.ask("GET", "/v1/offers", BEN)
    (offer,) = offers["items"]
    assert (offer["id"], offer["kind"], offer["agent"]) == ("c-1-offer-2", "consult", "ben")
    assert offer["preview"]["transferred_by"] == {"id": "anna", "name": "Anna Österreich"}
    _, offers, _ = await served.ask("GET", "/v1/offers", ANNA)
    assert offers["items"] == []
    status, _, _ = await served.ask("POST", "/v1/offers/c-1-offer-2:accept", ANNA)
    assert status == 404


@pytest.mark.parametrize(("verb", "signal", "state"), [
    ("accept", AcceptOffer, "accepted"), ("reject", RejectOffer, "rejected"),
])  # fmt: skip
async def test_given_a_consult_offer_when_answered_then_the_engine_is_asked_and_the_answer_says_so(
    serve: Serve, verb: str, signal: type, state: str
) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN, stage=Stage.RINGING))
    status, answer, _ = await served.ask("POST", f"/v1/offers/c-1-offer-2:{verb}", BEN)
    assert (status, answer["state"], answer["preview"]) == (200, state, None)
    assert isinstance(served.gateway.asked[0], signal)


async def test_given_a_consultation_when_the_target_reads_the_call_then_with_their_own_preview(serve: Serve) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    for who in (ANNA, BEN, CRM_TOKEN):
        status, call, _ = await served.ask("GET", "/v1/calls/c-1", who)
        assert (status, call["state"], call["stage"], call["agent"]) == (200, "consulting", "consulting", "anna")
        assert (call["consult"]["agent"]["id"], call["consult"]["accepted"]) == ("ben", True)
        assert call["consult"]["preview"]["preview"] is True
        assert call["pop"]["agent"] == "anna"
        _, calls, _ = await served.ask("GET", "/v1/calls", who)
        assert [each["id"] for each in calls["items"]] == ["c-1"]
        assert (await served.ask("GET", "/v1/transfers/c-1-transfer-1", who))[0] == 200
    served.put(replace(consulting(a_call(), ANNA, BEN), consult=None))
    assert (await served.ask("GET", "/v1/calls/c-1", BEN))[0] == 404


async def test_given_a_consultation_when_the_target_connects_then_the_snapshot_has_it_or_the_offer(
    serve: Serve,
) -> None:
    ringing, accepted = consulting(a_call(1), ANNA, BEN, stage=Stage.RINGING), consulting(a_call(2), ANNA, BEN)
    served = await serve(ringing, accepted, talking(a_call(3), ANNA), offered(a_call(4), CLEO))
    url, headers = served.url + "/v1/ws", served.headers(BEN)
    async with served.http.ws_connect(url, headers=headers, protocols=["callbridge.v1"]) as ws:
        data = (await ws.receive_json(timeout=3))["data"]
    assert [call["id"] for call in data["calls"]] == ["c-2"]
    assert [offer["id"] for offer in data["offers"]] == ["c-1-offer-2"]
    assert [transfer["id"] for transfer in data["transfers"]] == ["c-2-transfer-1"]


async def test_given_a_consult_offer_when_published_then_the_event_has_it_and_not_the_calls_own(serve: Serve) -> None:
    call = consulting(a_call(), ANNA, BEN, stage=Stage.RINGING)
    served = await serve(call)
    assert call.consult is not None
    assert call.consult.offer is not None
    ended = replace(call.consult.offer, state=OfferState.TIMED_OUT)
    for kind, offer, pop in (("offer.made", call.consult.offer, call.consult.pop), ("offer.ended", ended, None)):
        effect = PublishCall(call=call, to=frozenset({BEN}), kind=kind, offer=offer, pop=pop)
        event = event_of(served.gateway.world, effect)
        assert event is not None
        shown = event.model_dump(mode="json")["offer"]
        assert (shown["id"], shown["state"], shown["preview"] is None) == (offer.id, offer.state, pop is None)
    own = event_of(served.gateway.world, PublishCall(call=call, to=frozenset({ANNA}), kind="pop"))
    assert own is not None
    assert own.model_dump()["pop"]["agent"] == "anna"


async def test_given_an_external_target_when_shown_then_the_number_as_people_read_it(serve: Serve) -> None:
    call = talking(a_call(), ANNA)
    number = Destination(kind=DestinationKind.NUMBER, value="+49301234567")
    preset = Destination(kind=DestinationKind.PRESET, value="vendor")
    served = await serve(call)
    for destination, name, shown in ((number, None, "+49 30 1234567"), (preset, "Vendor hotline", "+49 30 123456")):
        served.put(replace(call, state=CallState.EXTERNAL, transfer=a_transfer(call, ANNA, destination=destination)))
        _, found, _ = await served.ask("GET", "/v1/calls/c-1")
        assert (found["transfer"]["destination"]["name"], found["transfer"]["destination"]["shown"]) == (name, shown)


async def test_given_the_options_when_asking_who_i_am_then_what_i_may(serve: Serve) -> None:
    served = await serve()

    async def may() -> tuple[bool, bool, bool]:
        _, me, _ = await served.ask("GET", "/v1/me")
        found = me["capabilities"]
        return found["supervised_transfers"], found["four_way"], found["external_numbers"]

    world = served.gateway.world
    assert await may() == (True, True, True)
    for changes, expected in (
        ({"outbound_dial": None}, (True, False, False)),
        ({"four_way": False}, (True, False, True)),
        ({"supervised_enabled": False}, (False, False, False)),
        ({"transfers_enabled": False}, (False, False, False)),
    ):
        before = world.settings
        world.settings = replace(before, options=replace(before.options, **changes))  # type: ignore[arg-type]
        assert await may() == expected
        world.settings = before


async def test_given_a_key_when_cancelling_twice_then_told_once(serve: Serve) -> None:
    served = await serve(consulting(a_call(), ANNA, BEN))
    for _ in range(2):
        status, _, _ = await served.ask("POST", "/v1/transfers/c-1-transfer-1:cancel", headers={"Idempotency-Key": "k"})
        assert status == 202
    assert [type(signal) for signal in served.gateway.asked] == [CancelTransfer]

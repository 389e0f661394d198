"""Calls, offers, notes, history and transfers through the API."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from web_fakes import CRM_TOKEN, WATCH_TOKEN
from web_samples import (
    ANNA,
    BEN,
    CLEO,
    NOW,
    a_call,
    a_transfer,
    offered,
    over,
    talking,
)
from web_served import Serve

from callbridge.domain.model.calls import HistoryEntry
from callbridge.domain.model.effects import Reply
from callbridge.domain.model.ids import CallId, OfferId
from callbridge.domain.model.offer import OfferState
from callbridge.domain.model.requests import AcceptOffer, AddNote, CancelTransfer, EndCall, RejectOffer, RequestTransfer
from callbridge.domain.model.settings import AgentTransferMode
from callbridge.domain.model.transfer import DestinationKind, TransferState
from callbridge.web import Limits
from callbridge.web.ports import GatewayBusy, GatewayStopped
from callbridge.web.problems import CODES

TO_SALES = {"destination": {"kind": "group", "value": "sales"}}


async def test_given_calls_of_several_when_listing_then_mine_for_an_agent_and_all_for_a_service(serve: Serve) -> None:
    served = await serve(talking(a_call(1), ANNA), talking(a_call(2), BEN), offered(a_call(3), ANNA), a_call(4))
    _, mine, _ = await served.ask("GET", "/v1/calls")
    assert [call["id"] for call in mine["items"]] == ["c-1", "c-3"]
    _, everything, _ = await served.ask("GET", "/v1/calls", CRM_TOKEN)
    assert len(everything["items"]) == 4
    _, bens, _ = await served.ask("GET", "/v1/calls?agent=ben", CRM_TOKEN)
    assert [call["id"] for call in bens["items"]] == ["c-2"]


async def test_given_somebody_elses_call_when_asked_in_any_way_then_404_as_if_there_were_none(serve: Serve) -> None:
    served = await serve(talking(a_call(1), BEN))
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/history", None),
        ("POST", "/notes", {"text": "x"}),
        ("POST", ":hangup", None),
        ("POST", "/transfers", TO_SALES),
    ):
        answers = [await served.ask(method, f"/v1/calls/{call}{path}", json=body) for call in ("c-1", "c-999")]
        assert [status for status, _, _ in answers] == [404, 404]
        assert answers[0][1] == answers[1][1]
    assert served.gateway.asked == []


async def test_given_many_live_calls_when_paging_then_each_once(serve: Serve) -> None:
    served = await serve(*(a_call(number) for number in range(7)))
    found: list[str] = []
    cursor = ""
    while True:
        _, page, _ = await served.ask("GET", f"/v1/calls?limit=3{cursor}", CRM_TOKEN)
        found += [call["id"] for call in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert found == [f"c-{number}" for number in range(7)]


@pytest.mark.parametrize("cursor", ["xx", "AAAA", "-1", "9.9", "abc=="])
async def test_given_a_wrong_cursor_when_paging_then_422(serve: Serve, cursor: str) -> None:
    served = await serve()
    for state in ("live", "ended"):
        status, problem, _ = await served.ask("GET", f"/v1/calls?cursor={cursor}&state={state}", CRM_TOKEN)
        assert status == (422 if not (state == "ended" and cursor == "-1") else 200)
        assert status == 200 or problem["code"] in ("invalid_cursor", "invalid")


async def test_given_ended_calls_when_an_agent_lists_then_from_the_archive_and_only_theirs(serve: Serve) -> None:
    served = await serve()
    for number, agent in ((1, ANNA), (2, BEN)):
        served.archive.keep(over(talking(a_call(number), agent)), agent)
    _, page, _ = await served.ask("GET", "/v1/calls?state=ended")
    assert [call["id"] for call in page["items"]] == ["c-1"]
    for path, status in (("c-1", 200), ("c-1/history", 200), ("c-2", 404), ("c-2/history", 404)):
        assert (await served.ask("GET", f"/v1/calls/{path}"))[0] == status, path


async def test_given_an_ended_call_that_others_had_later_when_asked_then_each_of_them_sees_it(serve: Serve) -> None:
    served = await serve()
    served.archive.keep(over(talking(a_call(1), CLEO)), ANNA, BEN, CLEO)
    for agent in (ANNA, BEN):
        assert (await served.ask("GET", "/v1/calls/c-1", agent))[0] == 200
        _, page, _ = await served.ask("GET", "/v1/calls?state=ended", agent)
        assert [call["id"] for call in page["items"]] == ["c-1"]


async def test_given_a_call_that_ended_while_it_was_offered_when_asked_then_it_was_never_theirs(serve: Serve) -> None:
    served = await serve()
    served.archive.keep(over(offered(a_call(), ANNA, OfferState.CANCELLED), handled=False))
    assert (await served.ask("GET", "/v1/calls/c-1"))[0] == 404


async def test_given_a_call_that_goes_on_with_another_when_asked_then_those_before_see_it_no_more(serve: Serve) -> None:
    call = talking(a_call(), BEN)
    served = await serve(call)
    served.archive.keep(call, ANNA, BEN)
    assert (await served.ask("GET", "/v1/calls/c-1"))[0] == 404
    _, page, _ = await served.ask("GET", "/v1/calls?state=all")
    assert page["items"] == []


async def test_given_a_history_when_read_then_its_entries_as_json(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    detail = {"waited": 1.5, "passed_over": {"ben": "busy"}, "group": None}
    served.archive.entries.append(
        HistoryEntry(at=NOW, call=CallId("c-1"), kind="offer.made", agent=ANNA, detail=detail)
    )
    _, page, _ = await served.ask("GET", "/v1/calls/c-1/history")
    assert page["items"][0]["detail"] == detail


async def test_given_a_broken_store_when_reading_then_503_and_no_traceback(serve: Serve) -> None:
    served = await serve()
    served.archive.broken = True
    status, problem, answer = await served.ask("GET", "/v1/calls/c-9")
    assert (status, problem["code"]) == (503, "store_unavailable")
    assert "Retry-After" in answer.headers


# ---------------------------------------------------------------- offers


async def test_given_a_pending_offer_when_accepted_or_rejected_then_the_engine_is_asked(serve: Serve) -> None:
    for verb, signal, state in (("accept", AcceptOffer, "accepted"), ("reject", RejectOffer, "rejected")):
        served = await serve(offered(a_call(), ANNA))
        _, offers, _ = await served.ask("GET", "/v1/offers")
        offer = offers["items"][0]
        assert offer["preview"]["preview"] is True
        status, answer, _ = await served.ask("POST", f"/v1/offers/{offer['id']}:{verb}")
        assert (status, answer["state"]) == (200, state)
        assert isinstance(served.gateway.asked[0], signal)


async def test_given_an_offer_that_is_over_or_anothers_when_accepted_then_409_or_404(serve: Serve) -> None:
    served = await serve(offered(a_call(), ANNA))
    served.gateway.refuse(AcceptOffer, "offer_ended")
    status, problem, _ = await served.ask("POST", "/v1/offers/c-1-offer-1:accept")
    assert (status, problem["code"]) == (409, "offer_ended")
    status, problem, _ = await served.ask("POST", "/v1/offers/c-1-offer-1:accept", BEN)
    assert (status, problem["code"]) == (404, "unknown_offer")


async def test_given_an_offer_that_went_on_to_the_next_agent_when_accepted_then_409_for_whom_it_was_made_alone(
    serve: Serve,
) -> None:
    second = replace(offered(a_call(), BEN), offers_made=2)
    assert second.offer is not None
    served = await serve(replace(second, offer=replace(second.offer, id=OfferId("c-1-offer-2"))))
    served.archive.entries.append(
        HistoryEntry(at=NOW, call=CallId("c-1"), kind="offer.made", agent=ANNA, detail={"offer": "c-1-offer-1"})
    )
    for verb in ("accept", "reject"):
        for who in (ANNA, CRM_TOKEN):
            status, problem, _ = await served.ask("POST", f"/v1/offers/c-1-offer-1:{verb}", who)
            assert (status, problem["code"]) == (409, "offer_ended")
        status, problem, _ = await served.ask("POST", f"/v1/offers/c-1-offer-1:{verb}", BEN)
        assert (status, problem["code"]) == (404, "unknown_offer")
        status, problem, _ = await served.ask("POST", f"/v1/offers/c-1-offer-7:{verb}", ANNA)
        assert (status, problem["code"]) == (404, "unknown_offer")
    assert served.gateway.asked == []


async def test_given_an_offer_that_ends_while_it_is_accepted_when_the_engine_does_not_know_it_then_409(
    serve: Serve,
) -> None:
    served = await serve(offered(a_call(), ANNA))
    served.gateway.refuse(AcceptOffer, "unknown_offer")
    status, problem, _ = await served.ask("POST", "/v1/offers/c-1-offer-1:accept")
    assert (status, problem["code"]) == (409, "offer_ended")


async def test_given_a_call_that_is_over_when_read_then_it_says_who_had_it(serve: Serve) -> None:
    served = await serve()
    served.archive.keep(replace(over(talking(a_call(), ANNA)), last_agent=ANNA), ANNA)
    _, call, _ = await served.ask("GET", "/v1/calls/c-1")
    assert (call["agent"], call["last_agent"]) == (None, {"id": "anna", "name": "Anna Österreich"})


# ---------------------------------------------------------------- notes, hang-up, transfers


async def test_given_my_call_when_noting_and_hanging_up_then_done_in_my_name(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    status, call, _ = await served.ask("POST", "/v1/calls/c-1/notes", json={"text": "Line one\nline two"})
    assert (status, call["notes"][0]["text"]) == (201, "Line one\nline two")
    status, _, _ = await served.ask("POST", "/v1/calls/c-1:hangup")
    assert status == 202
    assert [type(signal) for signal in served.gateway.asked] == [AddNote, EndCall]


async def test_given_a_call_that_ended_long_ago_when_its_agent_finishes_a_note_then_it_is_added(serve: Serve) -> None:
    served = await serve()
    ended = replace(over(talking(a_call(), ANNA)), last_agent=ANNA)
    served.archive.keep(ended, ANNA)
    status, call, _ = await served.ask("POST", "/v1/calls/c-1/notes", json={"text": "at last"})
    assert (status, [note["text"] for note in call["notes"]]) == (201, ["at last"])
    signal = served.gateway.asked[0]
    assert isinstance(signal, AddNote)
    assert signal.stored == ended
    status, problem, _ = await served.ask("POST", "/v1/calls/c-1/notes", BEN, json={"text": "not mine"})
    assert (status, problem["code"]) == (404, "unknown_call")


async def test_given_a_call_that_goes_on_with_ben_when_anna_finishes_her_note_then_it_is_added_and_she_sees_no_more(
    serve: Serve,
) -> None:
    served = await serve(replace(talking(a_call(), BEN), agents=(ANNA, BEN), last_agent=BEN))
    status, problem, _ = await served.ask("GET", "/v1/calls/c-1", ANNA)
    assert (status, problem["code"]) == (404, "unknown_call")
    status, call, _ = await served.ask("POST", "/v1/calls/c-1/notes", ANNA, json={"text": "at last"})
    assert (status, call["notes"][-1]["text"]) == (201, "at last")


async def test_given_my_call_when_transferring_then_202_with_the_transfer_and_it_can_be_read_and_cancelled(
    serve: Serve,
) -> None:
    served = await serve(talking(a_call(), ANNA))
    body = {"destination": {"kind": "agent", "value": "ben"}, "mode": "hard", "reason": "knows it", "note": "angry"}
    status, transfer, _ = await served.ask("POST", "/v1/calls/c-1/transfers", json=body)
    assert (status, transfer["state"], transfer["destination"]["name"]) == (202, "moving", "Ben Müller")
    signal = served.gateway.asked[0]
    assert isinstance(signal, RequestTransfer)
    assert (signal.agent, signal.mode, signal.note) == (ANNA, AgentTransferMode.HARD, "angry")
    assert signal.destination.kind is DestinationKind.AGENT
    status, read, _ = await served.ask("GET", f"/v1/transfers/{transfer['id']}")
    assert (status, read) == (200, transfer)
    status, _, _ = await served.ask("GET", f"/v1/transfers/{transfer['id']}", BEN)
    assert status == 404
    status, _, _ = await served.ask("POST", f"/v1/transfers/{transfer['id']}:cancel", BEN)
    assert status == 404
    status, _, _ = await served.ask("POST", f"/v1/transfers/{transfer['id']}:cancel")
    assert status == 202
    assert isinstance(served.gateway.asked[-1], CancelTransfer)


async def test_given_an_ended_transfer_when_listed_or_cancelled_then_from_the_archive_and_409(serve: Serve) -> None:
    served = await serve()
    ended = a_transfer(a_call(5), ANNA, state=TransferState.FAILED, failure="no_answer", ended_at=NOW)
    served.archive.stored_transfers[ended.id] = ended
    _, page, _ = await served.ask("GET", "/v1/transfers?call=c-5")
    assert [each["failure"] for each in page["items"]] == ["no_answer"]
    status, problem, _ = await served.ask("POST", f"/v1/transfers/{ended.id}:cancel")
    assert (status, problem["code"]) == (409, "transfer_ended")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("transfers_disabled", 403),
        ("external_not_allowed", 403),
        ("mode_not_allowed", 403),
        ("unknown_destination", 422),
        ("same_agent", 422),
        ("not_your_call", 404),
        ("not_talking", 409),
        ("transfer_under_way", 409),
        ("pbx_unavailable", 503),
        ("something_new", 409),
    ],
)
async def test_given_the_engine_refuses_when_transferring_then_its_code_with_the_status_of_the_table(
    serve: Serve, code: str, status: int
) -> None:
    served = await serve(talking(a_call(), ANNA))
    served.gateway.refuse(RequestTransfer, code, "Because.")
    answered, problem, answer = await served.ask("POST", "/v1/calls/c-1/transfers", json=TO_SALES)
    assert (answered, problem["code"], problem["detail"]) == (status, code, "Because.")
    assert answer.content_type == "application/problem+json"
    assert CODES.get(code, 409) == status


async def test_given_a_service_when_transferring_then_it_must_say_for_whom(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    for agent, expected in ((None, (422, "agent_needed")), ("nobody", (404, "unknown_agent"))):
        body = TO_SALES | ({"agent": agent} if agent else {})
        status, problem, _ = await served.ask("POST", "/v1/calls/c-1/transfers", CRM_TOKEN, json=body)
        assert (status, problem["code"]) == expected
    status, transfer, _ = await served.ask(
        "POST", "/v1/calls/c-1/transfers", CRM_TOKEN, json=TO_SALES | {"agent": "anna"}
    )
    assert (status, transfer["by"]) == (202, "anna")


async def test_given_a_service_without_the_scope_when_asking_then_403(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    for method, path in (("GET", "/v1/calls"), ("POST", "/v1/calls/c-1/transfers"), ("GET", "/v1/events")):
        status, problem, _ = await served.ask(method, path, WATCH_TOKEN)
        assert (status, problem["code"]) == (403, "scope_missing")


@pytest.mark.parametrize(("error", "code"), [(GatewayStopped(), "stopping"), (GatewayBusy(), "busy")])
async def test_given_a_gateway_that_cannot_when_asked_then_503_and_when_to_come_back(
    serve: Serve, error: Exception, code: str
) -> None:
    served = await serve(talking(a_call(), ANNA))
    served.gateway.raises = error
    status, problem, answer = await served.ask("POST", "/v1/calls/c-1:hangup")
    assert (status, problem["code"]) == (503, code)
    assert "Retry-After" in answer.headers


# ---------------------------------------------------------------- idempotency


async def test_given_a_key_when_the_same_request_comes_again_then_done_once_and_answered_alike(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    sent: dict[str, Any] = {"headers": {"Idempotency-Key": "k1"}, "json": TO_SALES}
    first = await served.ask("POST", "/v1/calls/c-1/transfers", **sent)
    sent["headers"] = {"Idempotency-Key": "k1"}
    again = await served.ask("POST", "/v1/calls/c-1/transfers", **sent)
    assert first[:2] == again[:2]
    assert "Idempotency-Replayed" not in first[2].headers
    assert again[2].headers["Idempotency-Replayed"] == "true"
    assert len(served.gateway.asked) == 1


async def test_given_a_used_key_when_another_request_or_subject_uses_it_then_422_or_its_own(serve: Serve) -> None:
    served = await serve(talking(a_call(1), ANNA), talking(a_call(2), BEN))
    key = {"Idempotency-Key": "k1"}
    await served.ask("POST", "/v1/calls/c-1/notes", json={"text": "a"}, headers=dict(key))
    status, problem, _ = await served.ask("POST", "/v1/calls/c-1/notes", json={"text": "b"}, headers=dict(key))
    assert (status, problem["code"]) == (422, "idempotency_mismatch")
    status, _, _ = await served.ask("POST", "/v1/calls/c-2/notes", BEN, json={"text": "a"}, headers=dict(key))
    assert status == 201


async def test_given_a_refusal_when_repeated_then_the_same_but_after_503_it_is_tried_anew(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    served.gateway.refuse(RequestTransfer, "pbx_unavailable")
    key = {"Idempotency-Key": "k"}
    status, _, _ = await served.ask("POST", "/v1/calls/c-1/transfers", json=TO_SALES, headers=dict(key))
    assert status == 503
    served.gateway.refuse(RequestTransfer, "not_talking")
    for _ in range(2):
        status, _, _ = await served.ask("POST", "/v1/calls/c-1/transfers", json=TO_SALES, headers=dict(key))
        assert status == 409
    assert len(served.gateway.asked) == 2


async def test_given_a_request_under_way_when_its_key_comes_again_then_409(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    entered, go_on = asyncio.Event(), asyncio.Event()
    plain = served.gateway.ask

    async def slowly(request: Any) -> Reply:
        entered.set()
        await go_on.wait()
        return await plain(request)

    served.gateway.ask = slowly  # type: ignore[method-assign]
    key = {"Idempotency-Key": "k"}
    first = asyncio.create_task(served.ask("POST", "/v1/calls/c-1:hangup", headers=dict(key)))
    await entered.wait()
    status, problem, _ = await served.ask("POST", "/v1/calls/c-1:hangup", headers=dict(key))
    assert (status, problem["code"]) == (409, "idempotency_in_progress")
    go_on.set()
    assert (await first)[0] == 202


async def test_given_no_answer_of_the_engine_in_time_when_asked_then_503_says_that_the_outcome_is_not_known(
    serve: Serve,
) -> None:
    served = await serve(talking(a_call(), ANNA), limits=Limits(ask=0.05))

    async def never(request: Any) -> Reply:
        await asyncio.sleep(5)
        raise AssertionError

    served.gateway.ask = never  # type: ignore[method-assign]
    status, problem, _ = await served.ask("POST", "/v1/calls/c-1:hangup")
    assert (status, problem["code"]) == (503, "outcome_unknown")

"""Input that means harm or is just broken: always a problem that says what to do, never a 5xx, never a traceback."""

import asyncio
import gzip
from typing import Any

import orjson
import pytest
from web_fakes import CRM_TOKEN, PASSWORD
from web_samples import (
    ANNA,
    a_call,
    talking,
)
from web_served import Serve, Served

PROBLEM = {"type", "title", "status", "detail", "code"}
TRANSFERS = "/v1/calls/c-1/transfers"
JSON = {"Content-Type": "application/json"}


def body(**changes: Any) -> bytes:
    return orjson.dumps({"destination": {"kind": "agent", "value": "ben"}} | changes)


async def refused(served: Served, status: int, code: str, method: str, path: str, **more: Any) -> Any:
    answered, problem, answer = await served.ask(method, path, **more)
    assert (answered, problem["code"]) == (status, code), problem
    assert answer.content_type == "application/problem+json"
    assert set(problem) - {"errors"} == PROBLEM
    assert problem["status"] == status
    assert served.gateway.asked == []
    return problem


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b"\xff\xfe{}", 400, "invalid_json"),
        (b'{"destination": "\xc3\x28"}', 400, "invalid_json"),
        (b'{"reason": "\\ud800"}', 400, "invalid_json"),
        (b"[" * 30_000, 400, "invalid_json"),
        (b'{"destination":' * 4_000 + b"1" + b"}" * 4_000, 400, "invalid_json"),
        (b"null", 422, "invalid"),
        (b"[]", 422, "invalid"),
        (b'"text"', 422, "invalid"),
        (b"1e999", 422, "invalid"),
        (b"9" * 5_000, 400, "invalid_json"),
        (b"{}", 422, "invalid"),
        (b'{"destination": {"kind": "planet", "value": "x"}}', 422, "invalid"),
        (b'{"destination": {"kind": "agent", "value": 7}}', 422, "invalid"),
        (b'{"destination": {"kind": "agent", "value": ""}}', 422, "invalid"),
        (b'{"destination": {"kind": "agent", "value": "ben"}, "admin": true}', 422, "invalid"),
        (body(mode="HARD"), 422, "invalid"),
        (body(reason="x" * 201), 422, "invalid"),
        (body(note="x" * 2001), 422, "invalid"),
        (body(note="a\0b"), 422, "invalid"),
        (body(note=""), 422, "invalid"),
        (b" " * (64 * 1024 + 1), 413, "body_too_large"),
    ],
)
async def test_given_a_bad_body_when_sent_then_a_problem_that_says_so(
    serve: Serve, data: bytes, status: int, code: str
) -> None:
    served = await serve(talking(a_call(), ANNA))
    await refused(served, status, code, "POST", TRANSFERS, data=data, headers=dict(JSON))


@pytest.mark.parametrize(
    "harm", ["x\r\nAction: Hangup", "x\ny", "x\ry", "x\0y", "x\x1by", "x\x85y", "x\u2028y", "x\x7f"]
)
async def test_given_control_characters_when_they_could_reach_the_pbx_then_refused_with_the_place(
    serve: Serve, harm: str
) -> None:
    served = await serve(talking(a_call(), ANNA))
    for kind in ("agent", "group", "preset", "number"):
        data = body(destination={"kind": kind, "value": harm})
        problem = await refused(served, 422, "invalid", "POST", TRANSFERS, data=data, headers=dict(JSON))
        assert problem["errors"][0]["pointer"] == "#/destination/value"
    data = body(reason=harm)
    problem = await refused(served, 422, "invalid", "POST", TRANSFERS, data=data, headers=dict(JSON))
    assert problem["errors"][0]["pointer"] == "#/reason"
    state = {"state": "busy", "reason": harm}
    await refused(served, 422, "invalid", "PUT", "/v1/me/state", json=state)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=utf-16"]
)
async def test_given_another_content_type_when_sent_then_415(serve: Serve, content_type: str) -> None:
    served = await serve(talking(a_call(), ANNA))
    headers = {"Content-Type": content_type}
    await refused(served, 415, "unsupported_media_type", "POST", TRANSFERS, data=body(), headers=headers)


async def test_given_a_compressed_body_when_sent_then_415_and_it_is_not_unpacked(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    headers = JSON | {"Content-Encoding": "gzip"}
    await refused(
        served, 415, "unsupported_media_type", "POST", TRANSFERS, data=gzip.compress(b" " * 10_000_000), headers=headers
    )


async def test_given_a_chunked_body_without_end_when_sent_then_413_as_soon_as_it_is_too_large(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))

    async def chunks() -> Any:
        for _ in range(100):
            yield b" " * 1024

    await refused(served, 413, "body_too_large", "POST", TRANSFERS, data=chunks(), headers=dict(JSON))


@pytest.mark.parametrize(
    "path",
    [
        "/index.html",
        "/v1",
        "/v1/",
        "/v2/me",
        "/v1/me/",
        "/v1/calls/",
        "/v1/nothing",
        "/v1/calls/c-1/x",
        "/v1/calls/a:b",
        "/%00",
    ],
)
async def test_given_an_unknown_address_when_asked_then_404(serve: Serve, path: str) -> None:
    served = await serve()
    await refused(served, 404, "not_found", "GET", path)


@pytest.mark.parametrize("call", ["%00", "c%0d%0aX", "é", "%ff%fe", "c 1", "..%2f..", "x" * 200, "'--", "%F0%9F%92%A9"])
async def test_given_an_odd_id_when_asked_then_404_and_the_archive_is_not_bothered(serve: Serve, call: str) -> None:
    served = await serve()
    served.archive.broken = True
    await refused(served, 404, "not_found", "GET", f"/v1/calls/{call}")


async def test_given_a_wrong_method_when_asked_then_405_with_allow(serve: Serve) -> None:
    served = await serve()
    for method in ("DELETE", "PATCH", "HEAD", "TRACE", "OPTIONS"):
        status, _, answer = await served.ask(method, "/v1/me/state")
        assert status == 405
        assert answer.headers["Allow"] == "PUT"


@pytest.mark.parametrize(
    "query",
    [
        "?limit=0",
        "?limit=201",
        "?limit=x",
        "?limit=1&limit=2",
        "?limit=",
        "?cursor=%00",
        "?state=any",
        "?what=1",
        "?agent=a%0Ab",
        "?limit=1e2",
        "?limit=99999999999999999999",
    ],
)
async def test_given_a_bad_parameter_when_asked_then_422(serve: Serve, query: str) -> None:
    served = await serve()
    await refused(served, 422, "invalid", "GET", "/v1/calls" + query, who=CRM_TOKEN)


async def test_given_a_parameter_where_none_is_known_when_asked_then_422(serve: Serve) -> None:
    served = await serve()
    await refused(served, 422, "invalid", "GET", "/v1/me?x=1")


@pytest.mark.parametrize("key", ["", "with space", "x" * 256, "é"])
async def test_given_a_bad_idempotency_key_when_sent_then_400(serve: Serve, key: str) -> None:
    served = await serve(talking(a_call(), ANNA))
    headers = JSON | {"Idempotency-Key": key}
    await refused(served, 400, "invalid_idempotency_key", "POST", TRANSFERS, data=body(), headers=headers)


async def test_given_secrets_in_a_bad_request_when_refused_then_they_are_not_given_back(serve: Serve) -> None:
    served = await serve()
    sent = {"agent": "anna", "password": 123456789, "x" * 5000: 1}
    status, problem, _ = await served.ask("POST", "/v1/login", None, json=sent)
    assert status == 422
    assert "123456789" not in orjson.dumps(problem).decode()
    assert len(orjson.dumps(problem)) < 2000


async def test_given_any_answer_when_sent_then_headers_that_keep_browsers_safe(serve: Serve) -> None:
    served = await serve()
    for path in ("/v1/me", "/nothing", "/healthz", "/v1/openapi.json"):
        _, _, answer = await served.ask("GET", path, headers={"Origin": "https://evil.example", "X-Request-ID": "r-1"})
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Server"] == "callbridge"
        assert answer.headers["X-Request-ID"] == "r-1"
        assert "Access-Control-Allow-Origin" not in answer.headers
    _, _, answer = await served.ask("GET", "/healthz", headers={"X-Request-ID": "bad id"})
    assert answer.headers["X-Request-ID"] != "bad id"


async def test_given_an_allowed_origin_when_a_page_calls_then_cors_headers_for_it_alone(serve: Serve) -> None:
    served = await serve(cors_origins=frozenset({"https://crm.example"}))
    preflight = {"Origin": "https://crm.example", "Access-Control-Request-Method": "POST"}
    status, _, answer = await served.ask("OPTIONS", "/v1/login", None, headers=preflight)
    assert (status, answer.headers["Access-Control-Allow-Origin"]) == (204, "https://crm.example")
    _, _, answer = await served.ask("GET", "/healthz", None, headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_given_raw_bytes_that_are_no_http_when_sent_then_400_and_the_server_goes_on(serve: Serve) -> None:
    served = await serve()
    port = int(served.url.rpartition(":")[2])
    too_long = b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n"
    negative = b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"
    for data in (b"\x00\xff\r\n\r\n", too_long, negative):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(data)
        answer = await asyncio.wait_for(reader.read(4096), 3)
        assert answer.startswith(b"HTTP/1.0 400") or answer.startswith(b"HTTP/1.1 400"), answer[:80]
        assert b"Traceback" not in answer
        writer.close()
    status, _, _ = await served.ask("GET", "/healthz", None)
    assert status == 200


async def test_given_the_pbx_not_seen_when_asked_for_readiness_then_503_says_why(serve: Serve) -> None:
    served = await serve()
    assert (await served.ask("GET", "/readyz", None))[0] == 200
    served.gateway.world.pbx_up = False
    status, problem, _ = await served.ask("GET", "/readyz", None)
    assert (status, problem["code"]) == (503, "not_ready")
    assert "PBX" in problem["detail"]


async def test_given_requests_when_metrics_are_read_then_routes_without_ids_or_callers(serve: Serve) -> None:
    served = await serve(talking(a_call(), ANNA))
    await served.ask("GET", "/v1/calls/c-1")
    await served.ask("GET", "/somewhere/else")
    status, text, _ = await served.ask("GET", "/metrics", None)
    assert status == 200
    assert b'route="/v1/calls/{call}"' in text
    assert b"c-1" not in text
    assert b"somewhere" not in text
    assert PASSWORD.encode() not in text

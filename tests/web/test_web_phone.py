"""The phone in an agent's page: theirs alone, and its password nowhere else."""

import json
import logging

import pytest
import structlog
from aiohttp import ClientWebSocketResponse
from web_fakes import CRM_TOKEN, PHONE_PASSWORD, TURN_PASSWORD
from web_samples import ANNA, BEN, CLEO, a_call, talking
from web_served import Serve, Served

from callbridge.web import document


async def test_given_a_phone_in_my_page_when_asking_for_it_then_what_it_signs_in_with(serve: Serve) -> None:
    served = await serve()
    status, phone, answer = await served.ask("GET", "/v1/me/phone")
    assert status == 200
    assert phone == {
        "url": "wss://pbx.example:8089/ws",
        "uri": "sip:anna@pbx.example",
        "username": "anna",
        "password": PHONE_PASSWORD,
        "display_name": "Anna Österreich",
        "ice_servers": [
            {"urls": ["stun:stun.example"]},
            {"urls": ["turn:turn.example"], "username": "callbridge", "credential": TURN_PASSWORD},
        ],
    }
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("who", [BEN, CLEO])
async def test_given_another_phone_when_asking_for_the_pages_then_404_says_so(serve: Serve, who: str) -> None:
    """Cleo is a supervisor: nobody gets somebody else's."""
    served = await serve()
    status, problem, answer = await served.ask("GET", "/v1/me/phone", who)
    assert (status, problem["code"]) == (404, "no_webphone")
    assert "another phone" in problem["detail"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_given_a_service_or_nobody_when_asking_for_a_phone_then_refused(serve: Serve) -> None:
    served = await serve()
    status, problem, _ = await served.ask("GET", "/v1/me/phone", CRM_TOKEN)
    assert (status, problem["code"]) == (403, "agents_only")
    status, _, _ = await served.ask("GET", "/v1/me/phone", None)
    assert status == 401
    for path in ("/v1/me/phone?agent=anna", "/v1/agents/anna/phone"):
        status, _, _ = await served.ask("GET", path, CLEO)
        assert status in (404, 422)


async def snapshot(served: Served, who: str, view: str) -> str:
    protocols = ("callbridge.v1", f"bearer.{served.token(ANNA if who == ANNA else CLEO)}")
    async with served.http.ws_connect(f"{served.url}/v1/ws?view={view}", protocols=protocols) as socket:
        assert isinstance(socket, ClientWebSocketResponse)
        return (await socket.receive()).data


async def test_given_phones_when_everything_else_is_read_then_no_password_is_in_it(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    served = await serve(talking(a_call(), ANNA))
    seen = [await snapshot(served, ANNA, "mine"), await snapshot(served, CLEO, "all"), json.dumps(document())]
    with caplog.at_level(logging.DEBUG), structlog.testing.capture_logs() as logs:
        await served.ask("GET", "/v1/me/phone")
        for path in ("/v1/me", "/v1/agents", "/v1/agents/anna", "/v1/directory", "/v1/calls"):
            _, answer, _ = await served.ask("GET", path, CLEO)
            seen.append(json.dumps(answer))
    seen += [str(logs), caplog.text]
    for secret in (PHONE_PASSWORD, TURN_PASSWORD):
        assert not any(json.dumps(secret)[1:-1] in text or secret in text for text in seen)

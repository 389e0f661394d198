"""Many generated requests against the document: no 5xx, and no answer that the document does not know."""

import asyncio
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from web_fakes import CRM_TOKEN, FakeArchive, FakeGateway, web_settings
from web_samples import (
    ANNA,
    BEN,
    a_call,
    a_channel,
    a_transfer,
    consulting,
    offered,
    talking,
    world,
)
from web_served import Clock

from callbridge.web import Limits, create_app, document, start_server
from callbridge.web.auth import Tokens
from callbridge.web.table import TABLE
from callbridge.web.words import ID_PATTERN

KNOWN_IDS = {
    "call": ["c-1", "c-2", "c-5"],
    "offer": ["c-3-offer-1", "c-5-offer-2"],
    "transfer": ["c-2-transfer-1", "c-5-transfer-1"],
    "party": ["caller", "leg-2"],
    "agent": ["anna", "ben"],
    "group": ["windows"],
}


def gateway() -> FakeGateway:
    moving = replace(talking(a_call(2), ANNA), transfer=a_transfer(a_call(2), ANNA))
    asked = consulting(a_call(5), ANNA, BEN)
    found = world(talking(a_call(1), ANNA), moving, offered(a_call(3), ANNA), a_call(4), asked)
    for channel in (asked.caller, *(leg.channel for leg in asked.legs)):
        found.channels[channel] = a_channel(channel, "b-1")
    return FakeGateway(found)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The application on a loop in a thread of its own, since the generated requests block."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> Any:
        configured = web_settings(limits=Limits(login_failures=10**6, login_failures_per_peer=10**6))
        return await start_server(create_app(gateway(), FakeArchive(), configured, clock=Clock()), configured)

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


schema = schemathesis.openapi.from_dict(document()).exclude(path_regex="^(/v1/events|/v1/ws)$")


@schema.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Mostly ids that exist in place of valid ones: else nearly every answer would be 404."""
    for name, known in KNOWN_IDS.items():
        value = (path_parameters or {}).get(name)
        if isinstance(value, str) and re.fullmatch(ID_PATTERN, value) and len(value) % 3:
            path_parameters[name] = known[len(value) % len(known)]  # type: ignore[index]
    return path_parameters


CHECKED = [
    checks.not_a_server_error,
    schemathesis.checks.CHECKS.get_one("status_code_conformance"),
    schemathesis.checks.CHECKS.get_one("content_type_conformance"),
    schemathesis.checks.CHECKS.get_one("response_headers_conformance"),
    schemathesis.checks.CHECKS.get_one("response_schema_conformance"),
    schemathesis.checks.CHECKS.get_one("negative_data_rejection"),
    schemathesis.checks.CHECKS.get_one("unsupported_method"),
    schemathesis.checks.CHECKS.get_one("allow_header_conformance"),
]


@schema.parametrize()
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_given_any_request_when_answered_then_as_the_document_says(case: Any, address: str) -> None:
    public = case.operation.path in ("/v1/login", "/healthz", "/readyz", "/metrics", "/v1/openapi.json")
    agents_only = case.operation.path.startswith(("/v1/me", "/v1/token", "/v1/logout"))
    if case.operation.path == "/v1/logout":
        token = Tokens(web_settings(), Clock()).issue(ANNA)[0]
    else:
        scope_only = case.operation.path == "/v1/agents/{agent}/state"
        token = _AGENT if agents_only or (len(str(case.body)) % 2 and not scope_only) else CRM_TOKEN
    headers = {} if public else {"Authorization": f"Bearer {token}"}
    case.call_and_validate(base_url=address, headers=headers, checks=CHECKED)


def test_given_the_document_when_compared_then_every_route_with_its_errors_is_in_it() -> None:
    paths = document()["paths"]
    for route in TABLE:
        operation = paths[route.path][route.method.lower()]
        assert operation["operationId"] == route.name
        assert {int(status) for status in operation["responses"]} == {route.status, *route.refusals()}
    assert len({route.name for route in TABLE}) == len(TABLE)
    assert document()["openapi"] == "3.1.0"


_CONFIGURED = web_settings()
_AGENT = Tokens(_CONFIGURED, Clock()).issue(ANNA)[0]

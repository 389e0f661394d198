"""The OpenAPI document says what is told and what it means: streams, webhooks, values."""

import asyncio
from dataclasses import replace
from typing import Any

import jsonschema_rs
import orjson
import pytest
from test_web_push import call_event, event, stream
from web_fakes import CRM_TOKEN, webhook
from web_samples import ANNA, BEN, CLEO, NOW, a_call, a_channel, a_transfer, consulting, offered, over, talking, world
from web_served import Serve

from callbridge.config.model import EventName
from callbridge.domain.model.agents import Agent
from callbridge.domain.model.effects import PublishAgent, PublishCall
from callbridge.web import document, outbox_messages
from callbridge.web.pushed import EVENTS

DOCUMENT = document()
EVENT = {"$ref": "#/components/schemas/Event"}


def check(value: Any, schema: dict[str, Any]) -> None:
    """Against a schema of the document."""
    jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]}).validate(value)


def some_events() -> list[PublishAgent | PublishCall]:
    transferred = replace(talking(a_call(1), ANNA), transfer=a_transfer(a_call(1), ANNA))
    return [
        PublishAgent(agent=Agent(id=ANNA, since=NOW)),
        call_event(offered(a_call(2), ANNA), "offer.made", ANNA),
        call_event(offered(a_call(2), ANNA), "offer.ended", ANNA),
        call_event(talking(a_call(1), ANNA), "pop", ANNA),
        call_event(consulting(a_call(5), ANNA, BEN), "call.updated", ANNA),
        call_event(over(talking(a_call(3), ANNA)), "call.ended", ANNA),
        call_event(transferred, "transfer.updated", ANNA),
    ]


async def test_given_each_kind_of_event_when_streamed_then_it_is_what_the_document_says(serve: Serve) -> None:
    asked = consulting(a_call(5), ANNA, BEN)
    served = await serve(talking(a_call(1), ANNA), offered(a_call(2), CLEO), asked)
    for channel in (asked.caller, *(leg.channel for leg in asked.legs)):
        served.gateway.world.channels[channel] = a_channel(channel, "b-1")
    seen = set()
    async with stream(served, ANNA) as mine, stream(served, CRM_TOKEN) as everything:
        check(await event(mine), EVENT)
        check(await event(everything), EVENT)
        served.gateway.world.agents[CLEO] = Agent(id=CLEO, since=NOW)
        served.hub.publish(some_events())
        async with asyncio.timeout(3):
            while len(seen) < len(EVENTS) - 1:
                found = orjson.loads((await everything.receive()).data)
                check(found, EVENT)
                seen.add(found["type"])
    assert seen == {kind.name for kind in EVENTS} - {"snapshot"}


@pytest.mark.parametrize("kind", ["pop", "nothing"])
def test_given_a_message_with_anothers_data_or_of_no_kind_when_checked_then_the_document_refuses_it(kind: str) -> None:
    with pytest.raises(jsonschema_rs.ValidationError):
        check({"id": "a-1", "type": kind, "data": {}}, EVENT)


def test_given_each_webhook_when_made_then_it_is_what_the_document_says_and_all_are_in_it() -> None:
    messages = outbox_messages(some_events(), world=world(), webhooks=[webhook("https://crm.example")], now=NOW)
    assert {message.event for message in messages} == set(DOCUMENT["webhooks"]) == set(EventName.__args__)
    for message in messages:
        told = DOCUMENT["webhooks"][message.event]["post"]
        check(orjson.loads(message.body), told["requestBody"]["content"]["application/json"]["schema"])
        assert {header["name"] for header in told["parameters"]} == {
            "webhook-id",
            "webhook-timestamp",
            "webhook-signature",
        }


def test_given_every_value_of_a_word_when_looked_up_then_the_document_says_what_it_means() -> None:
    words = {name: schema for name, schema in DOCUMENT["components"]["schemas"].items() if "enum" in schema}
    assert {"CallState", "OfferState", "TransferState", "Stage", "AgentState", "Scope", "PhoneState"} <= set(words)
    silent = {
        f"{name}.{value}"
        for name, schema in words.items()
        for value in schema["enum"]
        if not schema.get("x-enumDescriptions", {}).get(value)
    }
    assert silent == set()
    assert "- `lost_sight`: The channel was gone" in words["CallOutcome"]["description"]


def test_given_a_field_with_a_docstring_when_looked_up_then_the_document_has_it_inherited_ones_too() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["TransferOut"]["properties"]["failure"]["description"].startswith("Why it failed: `rejected`")
    assert "the caller hears music meanwhile" in schemas["TransferBody"]["properties"]["supervised"]["description"]
    query = {each["name"]: each for each in DOCUMENT["paths"]["/v1/directory"]["get"]["parameters"]}
    assert query["limit"]["description"].startswith("How many agents, groups and presets")


@pytest.mark.parametrize("path", ["/v1/events", "/v1/ws"])
def test_given_the_streams_when_looked_up_then_view_resume_and_token_are_parameters(path: str) -> None:
    parameters = {(each["in"], each["name"]) for each in DOCUMENT["paths"][path]["get"]["parameters"]}
    assert {("query", "view"), ("query", "last_event_id"), ("header", "Last-Event-ID")} <= parameters
    assert (("header", "Sec-WebSocket-Protocol") in parameters) is (path == "/v1/ws")

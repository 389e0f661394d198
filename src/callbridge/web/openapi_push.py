"""The part of the OpenAPI document that is not asked but told: the messages of the streams, and webhooks."""

from callbridge.web.pushed import EVENTS, EventKind
from callbridge.web.routing import Json

_REF = "#/components/schemas/{name}"
_HEADERS = {
    "webhook-id": "The same at every attempt: take a message with an id that you have had already for a repetition.",
    "webhook-timestamp": "When this attempt was made, in epoch seconds. Refuse old ones.",
    "webhook-signature": "`v1,` and the base64 of an HMAC-SHA256 over id, timestamp and body, joined by dots: see "
    "https://www.standardwebhooks.com",
}


def event_schemas() -> Json:
    """One schema for each kind of message, and `Event` for any of them."""
    names = {kind.name: _name(kind) for kind in EVENTS}
    messages = {names[kind.name]: _message(kind) for kind in EVENTS}
    mapping = {kind: _REF.format(name=name) for kind, name in names.items()}
    event = {
        "title": "Event",
        "description": "One message of `/v1/ws`. In `/v1/events` the id and the type are SSE's own fields `id` and "
        "`event`, and the data is this `data`. Take unknown types for something that a newer gateway has to say.",
        "oneOf": [{"$ref": ref} for ref in mapping.values()],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }
    return {"Event": event, **messages}


def webhooks() -> Json:
    return {kind.name: {"post": _webhook(kind)} for kind in EVENTS if kind.webhook}


def _name(kind: EventKind) -> str:
    """`offer.made` is `OfferMadeMessage`."""
    return "".join(part.capitalize() for part in kind.name.split(".")) + "Message"


def _message(kind: EventKind) -> Json:
    return {
        "title": _name(kind),
        "description": kind.meaning,
        "type": "object",
        "required": ["id", "type", "data"],
        "properties": {
            "id": {
                "type": "string",
                "description": "`<epoch>-<seq>`: come back with the last one to get what was missed.",
            },
            "type": {"type": "string", "const": kind.name},
            "data": {"$ref": _REF.format(name=kind.data.__name__)},
        },
    }


def _webhook(kind: EventKind) -> Json:
    body = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": kind.name},
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "description": "When it happened; of two messages about one call never the same.",
            },
            "data": {"$ref": _REF.format(name=kind.data.__name__)},
        },
    }
    return {
        "operationId": "on" + _name(kind).removesuffix("Message"),
        "tags": ["webhooks"],
        "summary": kind.meaning,
        "description": "For subscriptions under `webhooks` in the configuration that name it. Sent at least once; the "
        "data is the whole object each time. Those of one call come one after the other in their order, with a rising "
        "`sequence`: the next once you have taken the one before, or it is given up. Other calls do not wait for it.",
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": meaning, "schema": {"type": "string"}}
            for name, meaning in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
        "responses": {
            "2XX": {"description": "Taken. Answer within ten seconds; what is in the answer is not read."},
            "410": {"description": "Do not send this message again."},
            "default": {"description": "Tried again, later each time, for a day. Redirections are not followed."},
        },
        "security": [],
    }

"""Webhooks: signed messages to other systems, at least once, in the Standard Webhooks form.

Messages are written to the outbox with the change that they tell of, in the order in which they shall arrive, and sent
from there by `webhook_sender`.
"""

import secrets
from collections.abc import Sequence

import orjson
import structlog
from pydantic_core import to_jsonable_python

from callbridge.domain.model.effects import PublishAgent, PublishCall
from callbridge.domain.model.ids import CallId
from callbridge.domain.model.world import World
from callbridge.web.hub import event_of
from callbridge.web.ports import NewMessage
from callbridge.web.settings import Webhook
from callbridge.web.told import Told
from callbridge.web.words import moment

log = structlog.get_logger(__name__)


def outbox_messages(
    effects: Sequence[PublishCall | PublishAgent],
    *,
    world: World,
    webhooks: Sequence[Webhook],
    now: float,
    told: Told | None = None,
) -> list[NewMessage]:
    """The messages of these effects, one for each subscription that wants the event, in the order of the events.

    To be kept in the transaction that keeps the change. How a call is in the middle of the transaction is not told, nor
    what was `told` before. `now` in epoch seconds. Never raises: what cannot be told is logged.
    """
    messages: list[NewMessage] = []
    if not webhooks:
        return messages
    for effect in _without_overtaken(effects):
        targets = [webhook for webhook in webhooks if not webhook.events or effect.kind in webhook.events]
        if not targets:
            continue
        try:
            event = event_of(world, effect)
            if event is None or (told is not None and not told.is_news(effect, event)):
                continue
            at = to_jsonable_python(moment(effect.call.changed_at or now))
            body = orjson.dumps({"type": effect.kind, "timestamp": at, "data": to_jsonable_python(event)}).decode()
        except Exception:
            log.exception("no webhook message made", kind=effect.kind)
            continue
        messages += (
            NewMessage(
                id=f"msg_{secrets.token_hex(12)}",
                target=target.name,
                call=effect.call.id,
                event=effect.kind,
                body=body,
                created_at=now,
            )
            for target in targets
        )
    return messages


def _without_overtaken(effects: Sequence[PublishCall | PublishAgent]) -> list[PublishCall]:
    """Without a call's state where a later one of the same call follows: it was never saved, nobody could see it."""
    found: list[PublishCall] = []
    later: set[CallId] = set()
    for effect in reversed(effects):
        if isinstance(effect, PublishCall):
            if effect.kind != "call.updated" or effect.call.id not in later:
                found.append(effect)
            if effect.kind in ("call.updated", "call.ended"):
                later.add(effect.call.id)
    found.reverse()
    return found

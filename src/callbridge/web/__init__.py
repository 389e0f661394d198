"""The HTTP side: API, push and webhooks. Knows only the domain; the rest comes through `ports`."""

from callbridge.web.app import create_app, create_hub
from callbridge.web.hub import Hub
from callbridge.web.metrics import Metrics
from callbridge.web.server import start_server
from callbridge.web.settings import IceServer, Limits, NotReadyReason, Scope, Service, Webhook, WebPhone, WebSettings
from callbridge.web.table import document
from callbridge.web.webhook_sender import WebhookSender
from callbridge.web.webhooks import outbox_messages

__all__ = [
    "Hub",
    "IceServer",
    "Limits",
    "Metrics",
    "NotReadyReason",
    "Scope",
    "Service",
    "WebPhone",
    "WebSettings",
    "Webhook",
    "WebhookSender",
    "create_app",
    "create_hub",
    "document",
    "outbox_messages",
    "start_server",
]

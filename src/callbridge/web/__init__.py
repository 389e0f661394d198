"""The HTTP side: API, push and webhooks. Knows only the domain; the rest comes through `ports`."""

from callbridge.web.app import create_app, create_hub
from callbridge.web.hub import Hub
from callbridge.web.metrics import Metrics
from callbridge.web.settings import Limits, Scope, Service, Webhook, WebSettings
from callbridge.web.table import document

__all__ = [
    "Hub",
    "Limits",
    "Metrics",
    "Scope",
    "Service",
    "WebSettings",
    "Webhook",
    "create_app",
    "create_hub",
    "document",
]

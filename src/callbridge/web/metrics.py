"""What the web counts, for Prometheus. Route templates and outcomes only: no ids, no callers."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "callbridge_http_requests", "HTTP requests", ["method", "route", "status"], registry=self.registry
        )
        self.seconds = Histogram("callbridge_http_request_seconds", "Time to answer", ["route"], registry=self.registry)
        self.push_clients = Gauge("callbridge_push_clients", "Open streams", registry=self.registry)
        self.push_events = Counter("callbridge_push_events", "Events pushed", ["type"], registry=self.registry)
        self.push_cut = Counter("callbridge_push_cut", "Clients cut off", ["why"], registry=self.registry)
        self.push_failed = Counter("callbridge_push_failed", "Events that could not be encoded", registry=self.registry)
        self.logins = Counter("callbridge_logins", "Passwords, right or wrong", ["outcome"], registry=self.registry)
        self.webhooks = Counter(
            "callbridge_webhook_deliveries", "Webhook deliveries", ["webhook", "outcome"], registry=self.registry
        )

"""What the loop counts, in Prometheus' terms."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Histogram


class LoopMetrics:
    """Registered with `registry`; a registry of its own where none is given."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        registry = registry or CollectorRegistry()
        self._signals = Counter("callbridge_signals_total", "Signals handled", registry=registry)
        self._turns = Histogram(
            "callbridge_turn_seconds",
            "Time from taking a batch of signals to having saved, acted and pushed",
            buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
            registry=registry,
        )
        self._anomalies = Counter("callbridge_anomalies_total", "Things that should not happen", registry=registry)
        self._overflows = Counter("callbridge_inbox_overflows_total", "Signals lost: inbox full", registry=registry)
        self._save_failures = Counter("callbridge_save_failures_total", "Transactions tried again", registry=registry)

    @contextmanager
    def turn(self, signals: int) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self._turns.observe(time.perf_counter() - began)
        self._signals.inc(signals)

    def anomaly(self) -> None:
        self._anomalies.inc()

    def overflow(self) -> None:
        self._overflows.inc()

    def save_failed(self) -> None:
        self._save_failures.inc()

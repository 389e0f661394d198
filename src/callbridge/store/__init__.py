"""What callbridge knows, kept: SQLite by default, PostgreSQL for several gateways."""

from callbridge.store.counting import Counts
from callbridge.store.errors import BadCursor, StoreError, StoreTooNew, StoreUnavailable
from callbridge.store.idempotency import InProgress, Mismatch, New, Stored
from callbridge.store.outbox import OutboxCounts, OutboxMessage
from callbridge.store.pages import Page
from callbridge.store.store import Store
from callbridge.store.writing import Transaction

__all__ = [
    "BadCursor",
    "Counts",
    "InProgress",
    "Mismatch",
    "New",
    "OutboxCounts",
    "OutboxMessage",
    "Page",
    "Store",
    "StoreError",
    "StoreTooNew",
    "StoreUnavailable",
    "Stored",
    "Transaction",
]

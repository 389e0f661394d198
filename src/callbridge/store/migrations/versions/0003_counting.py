"""What a day's calls, offers and transfers came to, in columns of their own with indexes, so that it can be counted.

Rows of the last two days are filled in from their documents; older ones are counted by nobody any more.
"""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_RECENT = 2 * 86_400.0
"""Seconds: longer than any day, wherever it begins."""

_FROM: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "calls": {"outcome": lambda call: call["outcome"]},
    "offers": {"state": lambda offer: offer["state"]},
    "transfers": {
        "kind": lambda transfer: transfer["kind"],
        "destination": lambda transfer: transfer["destination"]["kind"],
        "state": lambda transfer: transfer["state"],
    },
}
_AT = {"calls": "arrived_at", "offers": "made_at", "transfers": "made_at"}


def upgrade() -> None:
    for table, columns in _FROM.items():
        for column in columns:
            op.add_column(table, sa.Column(column, sa.Text))
        _fill(table)
        op.create_index(f"ix_{table}_{_AT[table]}_{'_'.join(columns)}", table, [_AT[table], *columns])


def _fill(name: str) -> None:
    columns = _FROM[name]
    table = sa.table(name, *map(sa.column, ("id", _AT[name], "document", *columns)))
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(table.c.id, table.c.document).where(table.c[_AT[name]] > time.time() - _RECENT)
    ).all()
    for identity, document in rows:
        try:
            found = json.loads(document)
            values = {column: read(found) for column, read in columns.items()}
        except (ValueError, TypeError, KeyError):
            continue  # as little readable here as anywhere else
        values = {column: value for column, value in values.items() if isinstance(value, str)}
        if values:
            connection.execute(table.update().where(table.c.id == identity).values(**values))

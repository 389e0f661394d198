"""Webhooks in the order in which they were put into the outbox, and one call's one after the other."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_KEPT = ("id", "target", "event", "body", "created_at", "next_at", "attempts", "error", "dead")


def upgrade() -> None:
    before = sa.table("outbox", *map(sa.column, _KEPT))
    query = sa.select(before).order_by(before.c.created_at, before.c.id)
    rows = [dict(row) for row in op.get_bind().execute(query).mappings()]
    op.drop_table("outbox")
    table = op.create_table(
        "outbox",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), autoincrement=True, nullable=False),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("event", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("next_at", sa.Double, nullable=False),
        sa.Column("leased_until", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text),
        sa.Column("dead", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_outbox"),
    )
    op.create_index("ix_outbox_target_dead_next_at_seq", "outbox", ["target", "dead", "next_at", "seq"])
    op.create_index("ix_outbox_target_call_seq", "outbox", ["target", "call", "seq"])
    if rows:
        kept = [{**row, "dead": bool(row["dead"]), "call": _call(row), "leased_until": 0.0} for row in rows]
        op.bulk_insert(table, kept)


def _call(row: dict[str, object]) -> str:
    """Which call the message is about; one that does not say it waits for no other."""
    try:
        about = next(iter(json.loads(str(row["body"]))["data"].values()))
        found = about.get("call") or about["id"]
    except (ValueError, TypeError, KeyError, AttributeError, StopIteration):
        found = None
    return found if isinstance(found, str) else str(row["id"])

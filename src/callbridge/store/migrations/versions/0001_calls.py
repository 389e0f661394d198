"""Calls, agents, what belongs to a call, history, reservations."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _part(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        *columns,
        sa.Column("made_at", sa.Double, nullable=False),
        sa.Column("ended", sa.Boolean, nullable=False),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("unreadable", sa.Text),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name=f"fk_{name}_call", ondelete="CASCADE"),
    )
    op.create_index(f"ix_{name}_call", name, ["call"])
    op.create_index(f"ix_{name}_made_at_id", name, ["made_at", "id"])
    for column in columns:
        op.create_index(f"ix_{name}_{column.name}_made_at_id", name, [column.name, "made_at", "id"])


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("agent", sa.Text),
        sa.Column("group_id", sa.Text, nullable=False),
        sa.Column("arrived_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("progress", sa.Integer, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("unreadable", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_calls"),
    )
    op.create_index("ix_calls_arrived_at_id", "calls", ["arrived_at", "id"])
    op.create_index("ix_calls_group_id_arrived_at_id", "calls", ["group_id", "arrived_at", "id"])
    op.create_index("ix_calls_ended_at", "calls", ["ended_at"])
    op.create_table(
        "call_agents",
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("agent", "call", name="pk_call_agents"),
        sa.ForeignKeyConstraint(["call"], ["calls.id"], name="fk_call_agents_call", ondelete="CASCADE"),
    )
    op.create_index("ix_call_agents_call", "call_agents", ["call"])
    op.create_table(
        "agents",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("unreadable", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_agents"),
    )
    _part("transfers", sa.Column("by_agent", sa.Text, nullable=False), sa.Column("target", sa.Text))
    _part("offers", sa.Column("agent", sa.Text, nullable=False))
    _part("pops", sa.Column("agent", sa.Text, nullable=False))
    op.create_table(
        "history",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("call", sa.Text),
        sa.Column("agent", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_history"),
        sa.UniqueConstraint("digest"),
    )
    op.create_index("ix_history_call_seq", "history", ["call", "seq"])
    op.create_index("ix_history_agent_seq", "history", ["agent", "seq"])
    op.create_index("ix_history_at", "history", ["at"])
    op.create_table(
        "reservations",
        sa.Column("offer", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("call", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("offer", name="pk_reservations"),
    )
    op.create_index("ix_reservations_agent", "reservations", ["agent"])
    op.create_index("ix_reservations_call", "reservations", ["call"])
    pending = sa.text("state = 'pending'")
    op.create_index(
        "ix_reservations_one_pending",
        "reservations",
        ["agent"],
        unique=True,
        sqlite_where=pending,
        postgresql_where=pending,
    )
    op.create_table(
        "agent_locks",
        sa.Column("agent", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("agent", name="pk_agent_locks"),
    )

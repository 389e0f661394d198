"""The tables as this version of the code uses them. `migrations/` is how a database gets there.

Every domain object is kept whole in `document`; the other columns are what queries and rules need.
All times are epoch seconds.
"""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)


def _document() -> list[sa.Column[object]]:
    return [
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("unreadable", sa.Text),  # why this version of the code could not read the document
    ]


def _of_call() -> sa.Column[str]:
    return sa.Column("call", sa.Text, sa.ForeignKey("calls.id", ondelete="CASCADE"), nullable=False)


calls = sa.Table(
    "calls",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("agent", sa.Text),
    sa.Column("group_id", sa.Text, nullable=False),
    sa.Column("arrived_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.Column("outcome", sa.Text),  # null: it goes on
    sa.Column("progress", sa.Integer, nullable=False),  # see writing.py: tells an older repetition
    *_document(),
    sa.Index(None, "arrived_at", "outcome"),  # for counting a day's, without a look at the rows themselves
    sa.Index(None, "arrived_at", "id"),
    sa.Index(None, "group_id", "arrived_at", "id"),
    sa.Index(None, "ended_at"),
)

# Whose call it is or ever was.
call_agents = sa.Table(
    "call_agents",
    metadata,
    sa.Column("agent", sa.Text, primary_key=True),
    sa.Column("call", sa.Text, sa.ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True),
    sa.Index(None, "call"),
)

agents = sa.Table("agents", metadata, sa.Column("id", sa.Text, primary_key=True), *_document())

transfers = sa.Table(
    "transfers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _of_call(),
    sa.Column("by_agent", sa.Text, nullable=False),
    sa.Column("target", sa.Text),  # the agent who took it, or whom it was meant for
    sa.Column("made_at", sa.Double, nullable=False),
    sa.Column("kind", sa.Text),  # this and the next two: null in rows from before revision 0003
    sa.Column("destination", sa.Text),  # its kind
    sa.Column("state", sa.Text),
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    *_document(),
    sa.Index(None, "call"),
    sa.Index(None, "made_at", "id"),
    sa.Index(None, "made_at", "kind", "destination", "state"),
    sa.Index(None, "by_agent", "made_at", "id"),
    sa.Index(None, "target", "made_at", "id"),
)

offers = sa.Table(
    "offers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _of_call(),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("made_at", sa.Double, nullable=False),
    sa.Column("state", sa.Text),  # null in rows from before revision 0003
    sa.Column("ended", sa.Boolean, nullable=False),
    sa.Column("progress", sa.Integer, nullable=False),
    *_document(),
    sa.Index(None, "call"),
    sa.Index(None, "made_at", "id"),
    sa.Index(None, "made_at", "state"),
    sa.Index(None, "agent", "made_at", "id"),
)

pops = sa.Table(
    "pops",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    _of_call(),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("made_at", sa.Double, nullable=False),
    sa.Column("ended", sa.Boolean, nullable=False),  # no longer a preview
    sa.Column("progress", sa.Integer, nullable=False),
    *_document(),
    sa.Index(None, "call"),
    sa.Index(None, "made_at", "id"),
    sa.Index(None, "agent", "made_at", "id"),
)

history = sa.Table(
    "history",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),  # the same entry twice is one entry
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("call", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Index(None, "call", "seq"),
    sa.Index(None, "agent", "seq"),
    sa.Index(None, "at"),
)

reservations = sa.Table(
    "reservations",
    metadata,
    sa.Column("offer", sa.Text, primary_key=True),
    sa.Column("agent", sa.Text, nullable=False),
    sa.Column("call", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # pending | confirmed
    sa.Column("at", sa.Double, nullable=False),
    sa.Index(None, "agent"),
    sa.Index(None, "call"),
)
sa.Index(
    "ix_reservations_one_pending",
    reservations.c.agent,
    unique=True,
    sqlite_where=reservations.c.state == "pending",
    postgresql_where=reservations.c.state == "pending",
)

# One row for each agent, locked while PostgreSQL gives the agent to an offer. Nothing else touches it.
agent_locks = sa.Table("agent_locks", metadata, sa.Column("agent", sa.Text, primary_key=True))

# Webhooks that are still to be sent, and the dead ones. What was delivered is deleted.
outbox = sa.Table(
    "outbox",
    metadata,
    # In the order in which they were put here: the order in which those of one call are sent to one receiver.
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
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
    sa.Index(None, "target", "dead", "next_at", "seq"),
    sa.Index(None, "target", "call", "seq"),
)

idempotency = sa.Table(
    "idempotency",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("begun_at", sa.Double, nullable=False),
    sa.Column("status", sa.Integer),  # null: in progress
    sa.Column("headers", sa.Text),
    sa.Column("body", sa.LargeBinary),
    sa.Index(None, "begun_at"),
)

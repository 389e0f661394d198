"""Brings a database to the schema of this version, all or nothing."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from callbridge.store.errors import StoreTooNew

_SCRIPTS = Path(__file__).with_name("migrations")
_LOCK = 0x63616C6C
"""Key of the PostgreSQL advisory lock that lets one gateway at a time migrate."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def revisions() -> list[str]:
    """All schema revisions that this version knows, oldest first."""
    walk = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in walk][::-1]


def migrate(connection: sa.Connection, *, database: str, to: str = "head") -> None:
    """Run what is missing. The connection must be in a transaction, which the caller commits.

    Raises:
        StoreTooNew: the database has a revision that this version does not know.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    known = revisions()
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in known:
        raise StoreTooNew(
            f"{database}: its schema ({present}) was made by a newer callbridge than this one, which knows "
            f"{known[-1]} at most. Run the newer version, or restore the backup from before the upgrade."
        )
    if present == (known[-1] if to == "head" else to):
        return
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)

"""Bringing a database to the newest schema: quick when there is nothing to do, alembic when there is."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DatabaseError

from affouage.errors import DatabaseUnusable

HEAD = "0012"
"""The newest revision in ``affouage/migrations/versions``; a test holds the two together."""


def revision(engine: Engine) -> str | None:
    """The revision of this database; None when it is new and empty."""
    with engine.connect() as connection:
        return revision_of(connection)


def revision_of(connection: Connection) -> str | None:
    """The same, as this connection sees it."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
    return None if row is None else str(row[0])


def is_newest(engine: Engine) -> bool:
    """Is it as this program writes it? False too when it cannot be read."""
    try:
        return revision(engine) == HEAD
    except DatabaseError:
        return False


def bring_up_to_date(engine: Engine) -> None:
    """Run the missing migrations. Raises DatabaseUnusable when the database is newer than this program."""
    found = revision(engine)
    if found == HEAD:
        return
    if found is not None and found not in known_revisions():
        raise newer(found)
    with engine.connect().execution_options(writes=True) as connection:
        migrate(connection)
        connection.commit()


def newer(found: str) -> DatabaseUnusable:
    """What to raise for a database of a schema that this program does not know."""
    return DatabaseUnusable(
        f"This database was written by a newer affouage (schema {found}; this one knows {HEAD}).",
        remedy="Update affouage, or start it on another AFFOUAGE_HOME.",
    )


def migrate(connection: Connection, to: str = HEAD) -> None:
    """Run the migrations that this database lacks, up to a known revision. Whoever called commits, or not."""
    from alembic import command  # not on the usual path: importing it takes longer than opening the database
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "affouage:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def known_revisions() -> frozenset[str]:
    """Every schema that this program can bring up to date, the newest included."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "affouage:migrations")
    return frozenset(one.revision for one in ScriptDirectory.from_config(config).walk_revisions())

"""Bringing a database to the newest schema: quick when there is nothing to do, alembic when there is."""

from __future__ import annotations

from sqlalchemy import Engine, text

from affouage.errors import DatabaseUnusable

HEAD = "0011"
"""The newest revision in ``affouage/migrations/versions``; a test holds the two together."""


def revision(engine: Engine) -> str | None:
    """The revision of this database; None when it is new and empty."""
    with engine.connect() as connection:
        known = connection.execute(text("SELECT name FROM sqlite_master WHERE name = 'alembic_version'")).first()
        if known is None:
            return None
        row = connection.execute(text("SELECT version_num FROM alembic_version")).first()
        return None if row is None else str(row[0])


def bring_up_to_date(engine: Engine) -> None:
    """Run the missing migrations. Raises DatabaseUnusable when the database is newer than this program."""
    found = revision(engine)
    if found == HEAD:
        return
    from alembic import command  # not on the usual path: importing it takes longer than opening the database
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "affouage:migrations")
    if found is not None and found not in known_revisions():
        raise DatabaseUnusable(
            f"This database was written by a newer affouage (schema {found}; this one knows {HEAD}).",
            remedy="Update affouage, or start it on another AFFOUAGE_HOME.",
        )
    with engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        connection.commit()


def known_revisions() -> frozenset[str]:
    """Every schema that this program can bring up to date, the newest included."""
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", "affouage:migrations")
    return frozenset(one.revision for one in ScriptDirectory.from_config(config).walk_revisions())

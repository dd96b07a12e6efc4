"""The books on a real PostgreSQL: what SQLite gives by itself is given there too, and a server that goes away comes
back to a commons that waited. Everything else is tried by the other tests, on both: see tests/postgres.py."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import Connection, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from affouage import settings
from affouage.cli import main
from affouage.clock import SystemClock
from affouage.errors import DatabaseUnusable, LedgerUnavailable, SettingsError
from affouage.ledger.ledger import Ledger, verify
from affouage.storage import Database, open_database
from affouage.storage.schema import HEAD, revision
from affouage.storage.tables import detached_ballot, ledger_entry, member, metadata, roll_entry, turn, usage_day
from affouage.storage.unordered import mix
from tests.integration.books import a_receipt, a_reservation
from tests.postgres import Server

SECRET = "what-nobody-may-read-in-an-error"


@pytest.fixture
def db(pg_url: str) -> Iterator[Database]:
    database = open_database(pg_url)
    yield database
    database.close()


def _member(name: str, **more: Any) -> dict[str, Any]:
    row = {"id": f"m_{name}", "name": name, "name_key": name, "role": "member", "language": "fr", "created_ms": 1}
    return {**row, **more}


def _names(connection: Connection) -> list[str]:
    return list(connection.execute(select(member.c.name).order_by(member.c.name)).scalars())


# -- opening ---------------------------------------------------------------------------------------------------------


def test_tables_are_as_they_are_described(db: Database) -> None:
    assert revision(db.engine) == HEAD
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_two_at_once_make_the_tables_once(postgres: Server) -> None:
    url = postgres.empty("two_at_once")
    opening = "import sys; from affouage.storage import open_database; open_database(sys.argv[1]).close()"
    together = [subprocess.Popen([sys.executable, "-c", opening, url]) for _ in range(2)]
    try:
        assert [one.wait(timeout=120) for one in together] == [0, 0]
    finally:
        postgres.drop("two_at_once")


def test_a_newer_one_is_refused_and_left_as_it_is(postgres: Server, pg_url: str) -> None:
    name = pg_url.partition("?")[0].rpartition("/")[2]
    with postgres.admin(name) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(DatabaseUnusable, match="newer affouage"):
            open_database(pg_url)
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


@pytest.mark.parametrize(
    ("words", "said"),
    [("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0", "UTF-8"), ("OWNER postgres", "permission denied")],
)
def test_one_that_will_not_do(postgres: Server, words: str, said: str) -> None:
    with postgres.admin() as connection:
        connection.execute(f"CREATE DATABASE unfit {words}".encode())
    try:
        with pytest.raises(DatabaseUnusable, match=said) as refused:
            open_database(postgres.url("unfit"))
        assert refused.value.code == "postgresql_unfit"
    finally:
        postgres.drop("unfit")


@pytest.mark.parametrize("name", ["no_such_database", "nowhere"])
def test_what_cannot_be_reached_is_said_in_words(postgres: Server, home: Path, name: str) -> None:
    url = postgres.url(name) if name != "nowhere" else "postgresql://affouage@127.0.0.1:1/nowhere"
    environ = {"AFFOUAGE_HOME": str(home), "AFFOUAGE_DATABASE_URL": url}
    done = CliRunner().invoke(main, ["members", "list"], env=environ)
    assert done.exit_code == 2
    assert f"/{name} cannot be reached" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://affouage:hunter2@localhost/affouage",
        "postgresql://affouage@localhost/affouage?password=hunter2",
        "mysql://affouage@localhost/affouage",
        "postgresql://localhost",
        "affouage",
        "postgresql://[/affouage",
    ],
)
def test_addresses_that_are_refused(home: Path, url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        settings.read({"AFFOUAGE_DATABASE_URL": url}, home=home)
    assert "hunter2" not in str(refused.value)


# -- as SQLite does --------------------------------------------------------------------------------------------------


def test_a_reader_sees_one_moment_and_writes_nothing(db: Database) -> None:
    def look(connection: Connection) -> tuple[int, int]:
        query = select(func.count()).select_from(member)
        before = connection.scalar(query)
        db.write_now(lambda c: c.execute(insert(member), _member("late")))
        return before or 0, connection.scalar(query) or 0

    assert db.read_now(look) == (0, 0)
    with pytest.raises(DBAPIError, match="read-only"):
        db.read_now(lambda c: c.execute(insert(member), _member("never")))
    assert db.read_now(_names) == ["late"]


def test_an_error_quotes_nothing_and_undoes_its_own_work_alone(db: Database) -> None:
    db.write_now(lambda c: c.execute(insert(member), _member(SECRET)))

    async def together() -> list[Any]:
        rows = [_member("before"), _member(SECRET, id="other"), _member("after")]
        writes = [db.write(lambda c, row=row: c.execute(insert(member), row)) for row in rows]  # type: ignore[misc]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert [isinstance(one, IntegrityError) for one in results] == [False, True, False]
    assert SECRET not in f"{results[1]}{results[1].orig}{results[1].__cause__}"
    assert db.read_now(_names) == ["after", "before", SECRET]


def test_writers_of_two_processes_keep_one_chain(pg_url: str) -> None:
    """Each takes its turn, a group at a time: no entry is missing, doubled or linked to another."""
    both = [open_database(pg_url) for _ in range(2)]

    async def busy(number: int) -> None:
        ledger = Ledger(both[number], SystemClock())

        async def one(name: str) -> None:
            await ledger.reserve(a_reservation(name))
            await ledger.settle(a_receipt(name), b"s" * 16)

        for round_ in range(10):
            await asyncio.gather(*(one(f"g{number}_{round_}_{i}") for i in range(5)))

    threads = [threading.Thread(target=lambda number=number: asyncio.run(busy(number))) for number in range(2)]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    try:
        found = both[0].read_now(verify)
        assert (found.entries, found.open_reservations, found.problems) == (200, 0, [])
    finally:
        for database in both:
            database.close()


def test_words_are_in_the_order_of_their_bytes_and_numbers_stay_whole(db: Database) -> None:
    for name in ("é", "z", "Z", "a", "_"):
        db.write_now(lambda c, name=name: c.execute(insert(member), _member(name)))  # type: ignore[misc]
    assert db.read_now(_names) == ["Z", "_", "a", "z", "é"]
    row = {one.name: "x" if one.name in usage_day.primary_key.columns else 0 for one in usage_day.columns}
    vast = 9_000_000_000_000_000_000
    for key in ("one", "two"):
        db.write_now(lambda c, key=key: c.execute(insert(usage_day), {**row, "key": key, "low_uj": vast}))  # type: ignore[misc]
    total = db.read_now(lambda c: c.scalar(select(func.sum(usage_day.c.low_uj))))
    assert (total, type(total)) == (2 * vast, int)


def test_a_text_may_hold_anything_that_can_be_shown(db: Database) -> None:
    """PostgreSQL refuses one character, which nobody can read: the sign for that stands in its place."""

    def keep(connection: Connection) -> None:
        connection.execute(insert(member), _member("m"))
        row = {"id": "c", "member_id": "m_m", "title": "t", "created_ms": 1, "expires_ms": 2}
        connection.execute(insert(metadata.tables["conversation"]), row)
        row = {"conversation_id": "c", "seq": 1, "role": "user", "text": "a\0b \u2028 \U0001f600 ' \\ %s"}
        connection.execute(insert(turn), row)

    db.write_now(keep)
    assert db.read_now(lambda c: c.scalar(select(turn.c.text))) == "a\ufffdb \u2028 \U0001f600 ' \\ %s"


def test_nothing_tells_which_ballot_came_with_which_voter(db: Database) -> None:
    """Neither the place of a row nor the number of its transaction: voters and ballots are all of one and in order."""
    for number, voter in enumerate(["zoe", "ali", "bea", "luc"]):

        def cast(connection: Connection, number: int = number, voter: str = voter) -> None:
            connection.execute(insert(roll_entry), {"poll_id": 1, "voter_id": voter})
            row = {"poll_id": 1, "id": "dbca"[number], "college": "", "choice": "for"}
            connection.execute(insert(detached_ballot), row)
            for table in (roll_entry, detached_ballot):
                mix(connection, table, table.c.poll_id == 1)

        db.write_now(cast)

    def placed(connection: Connection, table: str, key: str) -> tuple[int, list[str]]:
        rows = connection.execute(text(f"SELECT xmin, {key} AS key FROM {table} ORDER BY ctid")).all()  # noqa: S608
        return len({one.xmin for one in rows}), [one.key for one in rows]

    assert db.read_now(lambda c: placed(c, "roll_entry", "voter_id")) == (1, ["ali", "bea", "luc", "zoe"])
    assert db.read_now(lambda c: placed(c, "detached_ballot", "id")) == (1, ["a", "b", "c", "d"])


# -- a server that goes away -----------------------------------------------------------------------------------------


def test_connections_that_were_cut_are_made_again(postgres: Server, db: Database, pg_url: str) -> None:
    """A server that was started again between two requests is not even noticed."""
    name = pg_url.partition("?")[0].rpartition("/")[2]
    db.write_now(lambda c: c.execute(insert(member), _member("a")))
    db.read_now(_names)
    with postgres.admin() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    assert db.read_now(_names) == ["a"]
    with postgres.admin() as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    db.write_now(lambda c: c.execute(insert(member), _member("b")))
    assert db.read_now(_names) == ["a", "b"]


def test_a_connection_lost_in_the_middle_undoes_the_whole_group(postgres: Server, db: Database, pg_url: str) -> None:
    name = pg_url.partition("?")[0].rpartition("/")[2]

    def cut(connection: Connection) -> None:
        connection.execute(insert(member), _member("lost"))
        with postgres.admin() as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        connection.execute(update(member).values(language="en"))

    async def together() -> list[Any]:
        writes = [db.write(lambda c: c.execute(insert(member), _member("before"))), db.write(cut)]
        writes.append(db.write(lambda c: c.execute(insert(member), _member("after"))))
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert isinstance(results[1], LedgerUnavailable)
    stands = db.read_now(_names)
    assert "lost" not in stands
    for name, result in (("before", results[0]), ("after", results[2])):
        assert (name in stands) is not isinstance(result, Exception), "what is said is what stands"
    db.write_now(lambda c: c.execute(insert(member), _member("later")))
    assert "later" in db.read_now(_names)


def test_durability_is_asked_for_whatever_the_server_says(postgres: Server, db: Database) -> None:
    with postgres.admin() as connection:
        connection.execute("ALTER ROLE affouage SET synchronous_commit = off")
    try:
        said = db.write_now(lambda c: c.exec_driver_sql("SHOW synchronous_commit").scalar())
        assert said == "on"
    finally:
        with postgres.admin() as connection:
            connection.execute("ALTER ROLE affouage RESET synchronous_commit")


def test_the_ledger_shows_a_hand(postgres: Server, db: Database, pg_url: str) -> None:
    """Whoever looks after the server too."""
    ledger = Ledger(db, SystemClock())

    async def story() -> None:
        for name in ("rcp_1", "rcp_2"):
            await ledger.reserve(a_reservation(name))
            await ledger.settle(a_receipt(name), None)

    asyncio.run(story())
    assert db.read_now(verify).problems == []
    db.write_now(lambda c: c.execute(update(ledger_entry).where(ledger_entry.c.seq == 2).values(member_id="m9")))
    assert db.read_now(verify).problems

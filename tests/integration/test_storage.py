"""The database on a real disk: groups, full disks, damaged files, other versions, folders one may not write in."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, func, insert, select

from affouage.errors import Conflict, DatabaseUnusable, HomeReadOnly, LedgerUnavailable
from affouage.storage import Database, open_database
from affouage.storage.database import make_engine
from affouage.storage.schema import HEAD, bring_up_to_date
from affouage.storage.tables import metadata, receipt_salt

pytestmark = pytest.mark.both_databases


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    database = open_database(tmp_path / "affouage.db")
    yield database
    database.close()


def _put(name: str, size: int = 16) -> Any:
    row = {"request_id": name, "member_id": "m", "salt": bytes(size)}
    return lambda c: c.execute(insert(receipt_salt), row)


def _count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(receipt_salt)).scalar_one()


@pytest.mark.sqlite_only
def test_durability_is_really_asked_of_sqlite(db: Database) -> None:
    pragma = {
        name: db.read_now(lambda c, name=name: c.exec_driver_sql(f"PRAGMA {name}").scalar())
        for name in ("journal_mode", "synchronous", "foreign_keys", "secure_delete")
    }
    assert pragma == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


@pytest.mark.sqlite_only
def test_nobody_else_on_the_machine_can_read_it(db: Database, tmp_path: Path) -> None:
    db.write_now(_put("r"))
    files = sorted(tmp_path.glob("affouage.db*"))
    assert [one.name for one in files] == ["affouage.db", "affouage.db-shm", "affouage.db-wal"]
    assert {one.stat().st_mode & 0o777 for one in files} == {0o600}


def test_one_failing_write_loses_only_itself(db: Database) -> None:
    async def together() -> list[Any]:
        def broken(connection: Connection) -> None:
            _put("half")(connection)
            raise Conflict("no")

        writes = [db.write(_put(f"r{i}") if i % 3 else broken) for i in range(30)]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert [isinstance(one, Conflict) for one in results] == [i % 3 == 0 for i in range(30)]
    names = db.read_now(lambda c: set(c.execute(select(receipt_salt.c.request_id)).scalars()))
    assert names == {f"r{i}" for i in range(30) if i % 3}


def test_a_constraint_broken_by_one_is_its_own_affair_and_quotes_nothing(db: Database) -> None:
    async def together() -> list[Any]:
        writes = [_put("secret-of-somebody"), _put("secret-of-somebody"), _put("other")]
        return await asyncio.gather(*(db.write(one) for one in writes), return_exceptions=True)

    results = asyncio.run(together())
    assert [isinstance(one, Exception) for one in results] == [False, True, False]
    assert "secret-of-somebody" not in str(results[1])


@pytest.mark.sqlite_only
def test_a_statement_sqlite_refuses_is_its_own_affair_too(db: Database) -> None:
    async def together() -> list[Any]:
        writes = [_put("a"), lambda c: c.exec_driver_sql("INSERT INTO nowhere VALUES (1)"), _put("b")]
        return await asyncio.gather(*(db.write(one) for one in writes), return_exceptions=True)

    results = asyncio.run(together())
    assert [isinstance(one, LedgerUnavailable) for one in results] == [False, True, False]
    assert db.read_now(_count) == 2


def test_what_waits_is_committed_as_one_group(db: Database) -> None:
    commits: list[int] = []
    event.listen(db._engine, "commit", lambda _connection: commits.append(1))
    started, gate = threading.Event(), threading.Event()

    def slow(_connection: Connection) -> None:
        started.set()
        gate.wait(10)

    first = db._submit(slow)
    assert started.wait(10)
    rest = [db._submit(_put(f"r{i}")) for i in range(100)]
    gate.set()
    for future in [first, *rest]:
        future.result(10)
    assert len(commits) == 2
    assert db.read_now(_count) == 100


def test_a_caller_who_leaves_does_not_undo_its_write(db: Database) -> None:
    async def story() -> None:
        gate = threading.Event()
        db._submit(lambda _connection: gate.wait(10))
        leaving = asyncio.create_task(db.write(_put("kept")))
        await asyncio.sleep(0)
        leaving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        gate.set()
        await db.write(_put("after"))

    asyncio.run(story())
    assert db.read_now(_count) == 2


def test_readers_do_not_wait_for_the_writer(db: Database) -> None:
    started, gate = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        _put("slow")(connection)
        started.set()
        gate.wait(10)

    writing = db._submit(slow)
    assert started.wait(10)
    assert db.read_now(_count) == 0
    gate.set()
    writing.result(10)
    assert db.read_now(_count) == 1


def test_closing_finishes_what_was_asked_then_refuses(tmp_path: Path) -> None:
    database = open_database(tmp_path / "affouage.db")
    asked = [database._submit(_put(f"r{i}")) for i in range(50)]
    database.close()
    assert all(one.done() and one.exception() is None for one in asked)
    with pytest.raises(LedgerUnavailable):
        database.write_now(_put("late"))
    database.close()


def test_the_writer_survives_what_breaks_the_transaction_itself(db: Database) -> None:
    with pytest.raises(LedgerUnavailable):
        db.write_now(lambda c: c.exec_driver_sql("ROLLBACK"))
    db.write_now(_put("after"))
    assert db.read_now(_count) == 1


def _fill(database: Database) -> tuple[int, LedgerUnavailable]:
    for written in range(1000):
        try:
            database.write_now(_put(f"r{written}", size=4000))
        except LedgerUnavailable as full:
            return written, full
    pytest.fail("it never filled up")


@pytest.mark.sqlite_only
def test_a_full_disk_is_said_and_when_there_is_room_again_life_goes_on(tmp_path: Path) -> None:
    engine = make_engine(tmp_path / "affouage.db")
    bring_up_to_date(engine)
    pages_max = [0]

    @event.listens_for(engine, "begin")
    def _limit(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages_max[0]}")

    database = Database(engine)
    try:
        pages_max[0] = 60  # 60 pages of 4 kB
        written, full = _fill(database)
        assert "disk is full" in full.message
        assert "space" in full.remedy
        assert full.retry_after_s > 0
        assert database.read_now(_count) == written > 0
        pages_max[0] = 1000
        database.write_now(_put("again", size=4000))
        assert database.read_now(_count) == written + 1
    finally:
        database.close()
    assert _quick_check(tmp_path / "affouage.db") == "ok"


_FILLING = """
import resource, sys
from pathlib import Path
from sqlalchemy import insert
from affouage.errors import LedgerUnavailable
from affouage.storage import open_database
from affouage.storage.tables import receipt_salt

database = open_database(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, 900_000))
for i in range(1000):
    row = {"request_id": f"secret-{i}", "member_id": "m", "salt": bytes(4000)}
    try:
        database.write_now(lambda c: c.execute(insert(receipt_salt), row))
    except LedgerUnavailable as refused:
        assert "secret" not in str(refused), refused
        print("refused", i, refused.remedy != "")
        break
"""


@pytest.mark.sqlite_only
def test_when_the_operating_system_refuses_to_write_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    path = tmp_path / "affouage.db"
    told = subprocess.run([sys.executable, "-c", _FILLING, path], capture_output=True, text=True, timeout=60)
    assert told.stdout.startswith("refused"), told.stderr
    written = int(told.stdout.split()[1])
    assert "True" in told.stdout
    database = open_database(path)
    assert database.read_now(_count) == written > 0
    database.close()
    assert _quick_check(path) == "ok"


def _quick_check(path: Path) -> str:
    connection = sqlite3.connect(path)
    try:
        return str(connection.execute("PRAGMA quick_check").fetchone()[0])
    finally:
        connection.close()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("content", [b"this is no database at all " * 200, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "affouage.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable) as refused:
        open_database(path)
    assert refused.value.remedy
    assert path.read_bytes() == content


@pytest.mark.sqlite_only
def test_pages_damaged_at_random_never_crash_the_program(tmp_path: Path) -> None:
    whole = tmp_path / "whole.db"
    database = open_database(whole)
    for i in range(20):
        database.write_now(_put(f"r{i}", size=3000))
    database.close()
    sound = whole.read_bytes()
    rng = random.Random(20261122)
    for round_ in range(25):
        path = tmp_path / f"damaged-{round_}.db"
        place = rng.randrange(0, len(sound) - 600)
        path.write_bytes(sound[:place] + rng.randbytes(600) + sound[place + 600 :])
        try:
            damaged = open_database(path)
        except DatabaseUnusable:
            continue
        try:
            damaged.write_now(_put("new"))
        except LedgerUnavailable:
            pass
        finally:
            damaged.close()


@pytest.mark.sqlite_only
def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "affouage.db"
    open_database(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(DatabaseUnusable) as refused:
        open_database(path)
    assert "newer" in refused.value.message
    assert "9999" in refused.value.message
    assert "Update" in refused.value.remedy


@pytest.mark.sqlite_only
def test_two_openings_at_once_of_a_new_home_both_succeed(tmp_path: Path) -> None:
    path = tmp_path / "affouage.db"
    opening = "import sys; from pathlib import Path; from affouage.storage import open_database; "
    opening += "open_database(Path(sys.argv[1])).close()"
    both = [
        subprocess.Popen([sys.executable, "-c", opening, path], stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for one in both:
        _, said = one.communicate(timeout=60)
        assert one.returncode == 0, said
    database = open_database(path)
    assert database.read_now(_count) == 0
    database.close()


# As root, permissions do not bind: the child becomes nobody first, having opened another database and so imported all.
_AS_NOBODY = """
import os, sys
from pathlib import Path
from sqlalchemy import insert
from affouage.errors import AffouageError
from affouage.storage import open_database
from affouage.storage.tables import receipt_salt

open_database(Path(sys.argv[2])).close()
if os.getuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    database = open_database(Path(sys.argv[1]))
    row = {"request_id": "r", "member_id": "m", "salt": b""}
    database.write_now(lambda c: c.execute(insert(receipt_salt), row))
    print("wrote")
except AffouageError as refused:
    print(type(refused).__name__, refused.remedy != "")
"""


@pytest.mark.sqlite_only
@pytest.mark.parametrize("existing", [False, True])
def test_a_folder_one_may_not_write_in(existing: bool, tmp_path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        if existing:
            open_database(home / "affouage.db").close()
            (home / "affouage.db").chmod(0o444)
        home.chmod(0o555)
        told = subprocess.run(
            [sys.executable, "-c", _AS_NOBODY, home / "affouage.db", tmp_path / "warm.db"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        left = {one.name for one in home.iterdir()}
        home.chmod(0o700)
    assert told.stdout.split() == [HomeReadOnly.__name__, "True"], told.stderr
    assert left == ({"affouage.db"} if existing else set())


def test_migrations_and_tables_are_the_same_thing(db: Database) -> None:
    def compare(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata)

    assert db.read_now(compare) == []


def test_the_head_of_the_migrations_is_the_one_the_program_knows() -> None:
    config = Config()
    config.set_main_option("script_location", "affouage:migrations")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]

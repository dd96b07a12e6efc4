"""Whatever is changed in what is stored of the log is found: every byte, every row, every order, every end."""

# ruff: noqa: S608  # names of tables and columns, from this file and from SQLite

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from affouage.errors import DatabaseUnusable
from affouage.journal import log
from affouage.journal.problem import Problem
from affouage.journal.public_log import kept_text
from affouage.journal.verify import problems
from affouage.storage.database import make_engine
from tests.integration.journal_home import Home, furnish

pytestmark = pytest.mark.sqlite_only

TABLES = (
    "journal_leaf",
    "journal_node",
    "journal_record",
    "journal_person",
    "journal_checkpoint",
    "journal_witness",
)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    furnish(made)
    yield made
    made.close()


def _looked(home: Home, *kept: str) -> list[Problem]:
    return home.db.read_now(lambda c: list(problems(c, key=home.log.key, kept=kept)))


def test_a_whole_log_holds(home: Home) -> None:
    kept = kept_text(home.path)
    assert kept is not None
    assert _looked(home, kept) == []


def _flips(value: Any) -> Iterator[Any]:
    """The value with each of its bytes changed (a number: each bit)."""
    if isinstance(value, int):
        for bit in range(value.bit_length() + 1):
            yield value ^ 1 << bit
        yield None
        return
    raw = value.encode() if isinstance(value, str) else value
    for at in range(len(raw)):
        changed = bytearray(raw)
        changed[at] ^= (0x01, 0x20, 0x80)[at % 3]
        yield changed.decode("utf-8", "surrogateescape") if isinstance(value, str) else bytes(changed)
    yield value + (" " if isinstance(value, str) else b"\0")
    yield value[:-1] if value else None
    if raw:
        yield raw if isinstance(value, str) else "a text"


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


@pytest.fixture
def copy(home: Home, tmp_path: Path) -> Iterator[tuple[sqlite3.Connection, Any]]:
    """The database in memory-like speed: a copy that is written raw, and an engine that reads the same file."""
    path = tmp_path / "copy.db"
    source = sqlite3.connect(home.path / "affouage.db")
    raw = sqlite3.connect(path, isolation_level=None)
    source.backup(raw)
    source.close()
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=OFF")
    engine = make_engine(path)
    yield raw, engine
    raw.close()
    engine.dispose()


def _first(engine: Any, home: Home) -> Problem | None:
    with engine.connect() as connection:
        return next(problems(connection, key=home.log.key), None)


def _put_back(raw: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    raw.execute("BEGIN")
    raw.execute(f"DELETE FROM {table}")
    raw.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)
    raw.execute("COMMIT")


def _rows(raw: sqlite3.Connection, table: str) -> list[tuple[Any, ...]]:
    return raw.execute(f"SELECT * FROM {table} ORDER BY rowid").fetchall()


@pytest.mark.parametrize("table", TABLES)
def test_every_byte_of_every_field(table: str, home: Home, copy: tuple[sqlite3.Connection, Any]) -> None:
    raw, engine = copy
    rows, columns = _rows(raw, table), _columns(raw, table)
    _put_back(raw, table, rows)
    ids = [rowid for (rowid,) in raw.execute(f"SELECT rowid FROM {table} ORDER BY rowid")]
    tried = 0
    for rowid, row in zip(ids, rows, strict=True):
        for column, value in zip(columns, row, strict=True):
            for changed in () if value is None else _flips(value):
                as_text = isinstance(value, str) and isinstance(changed, str)
                given = changed.encode("utf-8", "surrogateescape") if as_text else changed
                put = "CAST(? AS TEXT)" if as_text else "?"
                try:
                    raw.execute(f"UPDATE {table} SET {column} = {put} WHERE rowid = ?", (given, rowid))
                except sqlite3.IntegrityError:  # another row has this key, or nothing may stand there
                    continue
                tried += 1
                assert _first(engine, home), f"{table}.{column} of row {rowid}: {value!r} -> {changed!r}"
                _put_back(raw, table, rows)
    assert tried > 10
    assert _first(engine, home) is None


@pytest.mark.parametrize("table", TABLES)
def test_no_row_is_removed_added_or_moved(table: str, home: Home, copy: tuple[sqlite3.Connection, Any]) -> None:
    raw, engine = copy
    rows = _rows(raw, table)
    columns = _columns(raw, table)
    about_nobody = {seq for seq, _, record in rows if '"persons":[]' in record} if table == "journal_record" else set()
    for at, row in enumerate(rows):
        if row[0] not in about_nobody:  # what speaks of nobody any more may be gone: the log is not spoilt by that
            _put_back(raw, table, rows[:at] + rows[at + 1 :])
            assert _first(engine, home), f"{table} without {row}"
    place = columns.index(next(name for name in ("seq", "name", "idx", "size") if name in columns))
    for at, row in enumerate(rows):
        other = 700 + at if isinstance(row[place], int) else f"another {at}"
        _put_back(raw, table, [*rows, (*row[:place], other, *row[place + 1 :])])
        assert _first(engine, home), f"{table} with one more like {row}"
    keys = len([row for row in raw.execute(f"PRAGMA table_info({table})") if row[5]])
    for at in range(len(rows) - 1):
        one, two = rows[at], rows[at + 1]
        moved = [*rows[:at], (*one[:keys], *two[keys:]), (*two[:keys], *one[keys:]), *rows[at + 2 :]]
        if one[keys:] != two[keys:]:
            _put_back(raw, table, moved)
            assert _first(engine, home), f"{table} with {one} and {two} exchanged"
    _put_back(raw, table, rows)
    assert _first(engine, home) is None


def test_an_end_cut_off_is_found_and_nothing_is_added_to_it(home: Home) -> None:
    """Leaves and their nodes gone, the signatures left."""
    size = home.db.read_now(log.size)

    def cut(connection: Any) -> None:
        connection.exec_driver_sql(f"DELETE FROM journal_leaf WHERE seq >= {size - 2}")
        connection.exec_driver_sql(f"DELETE FROM journal_node WHERE (idx + 1) << level > {size - 2}")

    home.db.write_now(cut)
    assert any(one.where == "checkpoint" for one in _looked(home))
    with pytest.raises(DatabaseUnusable):
        home.append(1)
    with pytest.raises(DatabaseUnusable):
        home.sign()


def _older_copy(home: Home) -> None:
    """A whole copy, made before the last entries, is put back."""
    home.db.close()
    shutil.copytree(home.path, home.path.with_name("backup"))
    home.reopen()
    home.append(5)
    home.sign()
    home.db.close()
    for name in ("affouage.db", "affouage.db-wal", "affouage.db-shm"):
        (home.path / name).unlink(missing_ok=True)
    shutil.copy(home.path.with_name("backup") / "affouage.db", home.path)
    home.reopen()


def test_an_older_copy_put_back_is_found_by_a_kept_checkpoint_alone(home: Home) -> None:
    _older_copy(home)
    assert _looked(home) == [], "in itself it is whole"
    kept = kept_text(home.path)
    assert kept is not None
    (found,) = _looked(home, kept)
    assert "rolled back" in str(found)
    with pytest.raises(DatabaseUnusable) as refused:
        home.sign()
    assert refused.value.code == "log_rolled_back"


def test_an_older_copy_that_went_on_is_a_fork(home: Home) -> None:
    _older_copy(home)
    home.append(9, kind="other")
    kept = kept_text(home.path)
    assert kept is not None
    (found,) = _looked(home, kept)
    assert "fork" in str(found)
    with pytest.raises(DatabaseUnusable) as refused:
        home.sign()
    assert refused.value.code == "log_forked"


def test_a_checkpoint_of_another_log_is_not_taken_for_ours(home: Home, tmp_path: Path) -> None:
    other = Home(tmp_path / "other")
    other.append(2)
    foreign = other.sign()
    other.close()
    assert [one.where for one in _looked(home, foreign, "no note at all")] == ["kept checkpoint", "kept checkpoint"]


def test_every_leaf_rewritten_by_whoever_has_the_key_is_found_by_a_kept_checkpoint(home: Home) -> None:
    """A wholly new history, signed anew with the true key: nothing in itself is wrong with it."""
    kept = home.sign()

    def rewrite(connection: Any) -> None:
        for table in TABLES:
            connection.exec_driver_sql(f"DELETE FROM {table}")

    home.db.write_now(rewrite)
    (home.path / "journal" / "checkpoint").unlink()
    home.append(30, kind="invented")
    home.sign()
    assert _looked(home) == []
    assert any("fork" in str(one) for one in _looked(home, kept))


def test_what_others_compare_is_told_too(home: Home) -> None:
    def compare(connection: Any) -> Iterator[Problem]:
        yield Problem("rules", 3, f"{log.size(connection) > 0}")

    def fails(connection: Any) -> Iterator[Problem]:
        raise KeyError("unforeseen")
        yield

    found = home.db.read_now(lambda c: list(problems(c, key=home.log.key, hooks=(compare, fails))))
    assert [str(one) for one in found] == ["rules 3: True", "database: something in it cannot be read: KeyError"]

"""The books moved from the home's file to a PostgreSQL server, in backups, exports and back: all or nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, delete, insert, inspect, select

from affouage import settings
from affouage.archive import moving
from affouage.archive.moving import move
from affouage.cli import main
from affouage.errors import SetUpError
from affouage.storage import Database, open_database
from affouage.storage.copying import Held, copy, held
from affouage.storage.database import make_engine
from affouage.storage.home import claimed
from affouage.storage.schema import HEAD, migrate
from affouage.storage.tables import conversation, desk_switch, ledger_entry, member, turn
from tests.integration.backup_home import lived
from tests.postgres import Server

pytestmark = pytest.mark.sqlite_only


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("whole") / "home"
    lived(home)
    database = open_database(home / "affouage.db")
    try:
        database.write_now(_besides)
    finally:
        database.close()
    return home


def _besides(connection: Connection) -> None:
    """Numbers that the database gave, and texts that are hard to carry."""
    for number in range(3):
        row = {"number": 10 * number + 7, "at_ms": 1 << 41, "stopped": 1, "by": "m1", "reason": "é 'quoted' \\ %s"}
        connection.execute(insert(desk_switch), row)
    kept = {"id": "c1", "member_id": "m1", "title": "t", "created_ms": 1, "expires_ms": 2}
    connection.execute(insert(conversation), kept)
    connection.execute(
        insert(turn),
        [{"conversation_id": "c1", "seq": i, "role": "user", "text": f"{i} \0 \U0001f333"} for i in range(2500)],
    )


@pytest.fixture
def full(whole: Path, home: Path) -> Path:
    shutil.copytree(whole, home)
    return home


@pytest.fixture
def empty_url(postgres: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"e{id(request.node)}"
    yield postgres.empty(name)
    postgres.drop(name)


def call(home: Path, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(main, list(words), env={"AFFOUAGE_HOME": str(home), **environ})


def told(home: Path, *words: str) -> Any:
    done = call(home, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@contextmanager
def books(place: Path | str) -> Iterator[Database]:
    database = open_database(place)
    try:
        yield database
    finally:
        database.close()


def holds(place: Path | str) -> dict[str, Held]:
    with books(place) as there:
        return there.read_now(held)


def tables(url: str) -> list[str]:
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return list(inspect(connection).get_table_names())
    finally:
        engine.dispose()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# -- moving ----------------------------------------------------------------------------------------------------------


def test_all_is_there_and_goes_on(full: Path, empty_url: str) -> None:
    before = holds(full / "affouage.db")
    moved = told(full, "database", "move", empty_url)
    assert moved["tables"]["ledger_entry"]["rows"] == 6
    assert (moved["ledger"]["problems"], moved["log_problems"], moved["setting"]) == ([], [], "written")
    assert holds(empty_url) == before == holds(Path(moved["before"]))
    assert not (full / "affouage.db").exists()
    assert settings.read({}, home=full).database_place == empty_url
    assert settings.read({}, home=full).commons.name == "Les Éclaircies"
    shown = told(full, "database", "show")
    assert (shown["kind"], shown["schema"], shown["rows"]["ledger_entry"]) == ("postgresql", HEAD, 6)
    assert call(full, "ledger", "verify").exit_code == call(full, "journal", "verify").exit_code == 0
    assert "database" in call(full, "doctor").output
    assert call(full, "members", "add", "Ali").exit_code == 0
    with books(empty_url) as there:
        row = {"at_ms": 1, "stopped": 0, "by": "", "reason": ""}
        number = there.write_now(lambda c: c.execute(insert(desk_switch).returning(desk_switch.c.number), row).scalar())
        assert number == 28
        assert there.read_now(lambda c: c.scalar(select(turn.c.text).where(turn.c.seq == 7))) == "7 \ufffd \U0001f333"
    again = call(full, "database", "move", empty_url)
    assert (again.exit_code, "no books" in again.output) == (2, True)


def test_what_is_refused_changes_nothing(full: Path, pg_url: str, empty_url: str) -> None:
    before = digest(full / "affouage.db")
    for url, why in (
        (pg_url, "not empty"),
        (empty_url.replace("affouage@", "affouage:word@"), "password"),
        ("postgresql://affouage@127.0.0.1:1/nowhere", "cannot be reached"),
        ("somewhere", "no address"),
    ):
        done = call(full, "database", "move", url)
        assert (done.exit_code, why in done.output) == (2, True), done.output
        assert "word@" not in done.output
    with claimed(full):
        done = call(full, "database", "move", empty_url)
        assert (done.exit_code, "already runs" in done.output) == (2, True)
    assert (digest(full / "affouage.db"), tables(empty_url)) == (before, [])
    elsewhere = call(full, "database", "move", empty_url, AFFOUAGE_DATABASE_URL=pg_url)
    assert (elsewhere.exit_code, "by its settings" in elsewhere.output) == (2, True)
    assert call(full.with_name("new"), "database", "move", empty_url).exit_code == 2


def test_a_setting_that_stands_there_already_is_left_to_its_author(full: Path, empty_url: str) -> None:
    (full / "settings.toml").write_text('[database]\nurl = ""\n', encoding="utf-8")
    done = call(full, "database", "move", empty_url)
    assert done.exit_code == 0, done.output
    assert f'url = "{empty_url}"' in done.output
    assert (full / "affouage.db").exists()
    assert holds(empty_url)["ledger_entry"].rows == 6


@pytest.mark.parametrize("table", ["member", "turn"])
def test_interrupted_it_leaves_nothing_there_and_everything_here(full: Path, empty_url: str, table: str) -> None:
    before = holds(full / "affouage.db")

    def interrupt(name: str, done: int, _total: int) -> None:
        if name == table and done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(settings.read({}, home=full), empty_url, hooks=(), now_ms=1, on_rows=interrupt)
    assert (tables(empty_url), holds(full / "affouage.db")) == ([], before)
    assert settings.read({}, home=full).database.url == ""
    assert told(full, "database", "move", empty_url)["setting"] == "written"


_KILLED = """
import sys, time
from pathlib import Path
from affouage import settings
from affouage.archive.moving import move

def on_rows(name, done, total):
    if name == "turn" and done:
        print("half way", flush=True)
        time.sleep(60)

move(settings.read({}, home=Path(sys.argv[1])), sys.argv[2], hooks=(), now_ms=1, on_rows=on_rows)
"""


def test_killed_too(full: Path, empty_url: str) -> None:
    before = holds(full / "affouage.db")
    running = subprocess.Popen([sys.executable, "-c", _KILLED, str(full), empty_url], stdout=subprocess.PIPE, text=True)
    try:
        assert running.stdout is not None
        assert running.stdout.readline() == "half way\n"
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait(30)
    assert (tables(empty_url), holds(full / "affouage.db")) == ([], before)
    assert told(full, "database", "move", empty_url)["setting"] == "written"


def test_a_row_that_did_not_arrive_is_seen(full: Path, empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lossy(source: Connection, target: Connection, on_rows: Any) -> None:
        copy(source, target, on_rows)
        target.execute(delete(turn).where(turn.c.seq == 2345))

    monkeypatch.setattr(moving, "copy", lossy)
    with pytest.raises(SetUpError, match="table turn") as refused:
        move(settings.read({}, home=full), empty_url, hooks=(), now_ms=1)
    assert refused.value.code == "database_differs"
    assert (tables(empty_url), (full / "affouage.db").exists()) == ([], True)


def test_a_new_database_does_not_begin_new_books_beside_the_old_ones(full: Path, empty_url: str) -> None:
    done = call(full, "members", "list", AFFOUAGE_DATABASE_URL=empty_url)
    assert (done.exit_code, "database move" in done.output, tables(empty_url)) == (2, True, [])
    assert call(full, "database", "move", empty_url, AFFOUAGE_DATABASE_URL=empty_url).exit_code == 0
    assert "Odile" in call(full, "members", "list", AFFOUAGE_DATABASE_URL=empty_url).output


# -- backups and exports -----------------------------------------------------------------------------------------------


def test_a_backup_is_the_same_whichever_way_the_books_are_kept(full: Path, postgres: Server, tmp_path: Path) -> None:
    url, again = postgres.empty("backed_up"), postgres.empty("restored")
    try:
        before = holds(full / "affouage.db")
        told(full, "database", "move", url)
        file, there = tmp_path / "one.tar.gz", tmp_path / "there"
        made = told(full, "backup", "create", str(file))
        assert (made["schema"], made["log"]["key"]) == (HEAD, True)
        inside = [one["name"] for one in told(full, "backup", "verify", str(file))["manifest"]["entries"]]
        assert [name for name in inside if ".db" in name] == ["affouage.db"]
        named = call(full, "restore", str(file), "--home", str(there), AFFOUAGE_DATABASE_URL=url)
        assert (named.exit_code, "AFFOUAGE_DATABASE_URL" in named.output, there.exists()) == (2, True, False)
        back = told(full, "restore", str(file), "--home", str(there), "--continue-log")
        assert (back["looked"]["server"], back["looked"]["log_problems"]) == (True, [])
        assert settings.read({}, home=there).database_place == there / "affouage.db"
        after = holds(there / "affouage.db")
        changed = {name for name, one in after.items() if one != before[name]}
        assert changed == {"session"}, "they were ended"
        assert holds(url) == before, "only read"
        told(there, "database", "move", again)
        assert holds(again) == after
    finally:
        postgres.drop("backed_up")
        postgres.drop("restored")


def test_a_backup_of_an_older_schema_is_brought_up_to_date_when_restored(
    home: Path, empty_url: str, tmp_path: Path
) -> None:
    engine = make_engine(empty_url)
    with engine.connect().execution_options(writes=True) as connection:
        migrate(connection, "0009")
        row = {"id": "m1", "name": "Odile", "name_key": "odile", "role": "member", "language": "fr", "created_ms": 1}
        connection.execute(insert(member), row)
        connection.commit()
    engine.dispose()
    home.mkdir()
    (home / "settings.toml").write_text(f'[database]\nurl = "{empty_url}"\n', encoding="utf-8")
    assert told(home, "backup", "create", str(tmp_path / "old"))["schema"] == "0009"
    back = told(home, "restore", str(tmp_path / "old"), "--home", str(tmp_path / "new"))
    assert (back["looked"]["schema_was"], back["looked"]["schema"]) == ("0009", HEAD)
    with books(tmp_path / "new" / "affouage.db") as there:
        assert there.read_now(lambda c: c.scalar(select(member.c.name))) == "Odile"


def test_an_export_is_the_same(full: Path, empty_url: str, tmp_path: Path) -> None:
    told(full, "export", str(tmp_path / "before"))
    told(full, "database", "move", empty_url)
    told(full, "export", str(tmp_path / "after"))
    for one in (tmp_path / "before").rglob("*"):
        if one.is_file() and one.name != "manifest.json":
            there = tmp_path / "after" / one.relative_to(tmp_path / "before")
            assert there.read_bytes() == one.read_bytes(), one.name
    assert (tmp_path / "after" / "ledger.jsonl").stat().st_size > 0


def test_a_hand_in_the_books_shows_after_the_move(full: Path, empty_url: str) -> None:
    with books(full / "affouage.db") as here:
        here.write_now(lambda c: c.execute(delete(ledger_entry).where(ledger_entry.c.seq == 3)))
    done = call(full, "database", "move", empty_url)
    assert (done.exit_code, "does NOT hold" in done.output) == (1, True)

"""A home in one file and back: nothing lost, nothing believed unseen, and no second signer of the same log."""

from __future__ import annotations

import gzip
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affouage.archive import book, making, reading, sealed
from affouage.archive.putting_back import put_back
from affouage.archive.reading import read
from affouage.cli import main
from affouage.cli.checks.backups import check_backups
from affouage.errors import AffouageError, SetUpError
from affouage.settings import read as read_settings
from affouage.storage.home import claimed
from affouage.storage.schema import HEAD
from tests.integration.backup_home import WORDS, forged, lived, named

pytestmark = pytest.mark.sqlite_only


def call(home: Path, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(main, list(words), env={"AFFOUAGE_HOME": str(home), **environ})


def told(home: Path, *words: str, code: int = 0, **environ: str) -> Any:
    done = call(home, *words, "--json", **environ)
    assert done.exit_code == code, done.output
    return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passphrases take no time here; how hard they are to guess is a matter of the format, not of these tests."""
    monkeypatch.setitem(making.make.__kwdefaults__, "strength", sealed.QUICK)


@pytest.fixture
def full(home: Path) -> Path:
    lived(home)
    return home


def files_in(home: Path) -> dict[str, bytes]:
    return {
        one.relative_to(home).as_posix(): one.read_bytes()
        for one in home.rglob("*")
        if one.is_file() and "run" not in one.relative_to(home).parts[:1] and not one.name.endswith((".db", ".part"))
    }


def rows(home: Path, table: str) -> list[Any]:
    connection = sqlite3.connect(home / "affouage.db")
    try:
        return connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608
    finally:
        connection.close()


@pytest.mark.parametrize("secret", [None, WORDS])
def test_what_was_there_is_there_again(full: Path, tmp_path: Path, secret: str | None) -> None:
    before = files_in(full)
    file, there = tmp_path / "one", tmp_path / "elsewhere"
    environ = {"AFFOUAGE_PASSPHRASE": secret} if secret else {}
    made = told(full, "backup", "create", str(file), *(["--encrypt"] if secret else []), **environ)
    assert made["sealed"] is bool(secret)
    assert (file.stat().st_mode & 0o777, made["bytes"]) == (0o600, file.stat().st_size)
    back = told(full, "restore", str(file), "--home", str(there), "--continue-log", **environ)
    assert back["looked"]["log"] == "continued"
    assert back["looked"]["log_problems"] == []
    assert back["looked"]["ledger"]["entries"] == 6
    assert files_in(there) == before
    assert rows(there, "ledger_entry") == rows(full, "ledger_entry")
    assert rows(there, "journal_leaf") == rows(full, "journal_leaf")
    assert {one.stat().st_mode & 0o777 for one in there.rglob("*") if one.is_file()} == {0o600}
    assert call(there, "journal", "verify").exit_code == call(there, "ledger", "verify").exit_code == 0


@pytest.mark.incident("operator-reads")
def test_only_a_sealed_one_hides_what_it_holds(full: Path, tmp_path: Path) -> None:
    key = (full / "journal" / "key").read_bytes().strip()
    plain, closed = tmp_path / "plain", tmp_path / "closed"
    done = call(full, "backup", "create", str(plain))
    assert "NOT sealed" in done.output
    assert key.decode() not in done.output
    with tarfile.open(plain) as tar:  # anybody's tar reads it
        member = tar.extractfile("home/journal/key")
        assert member is not None
        assert member.read().strip() == key
    call(full, "backup", "create", str(closed), "--encrypt", AFFOUAGE_PASSPHRASE=WORDS)
    assert key not in closed.read_bytes()
    assert not tarfile.is_tarfile(closed)


def test_passphrases(full: Path, tmp_path: Path) -> None:
    file, words = tmp_path / "closed", tmp_path / "words"
    short = call(full, "backup", "create", str(file), "--encrypt", AFFOUAGE_PASSPHRASE="court")
    assert (short.exit_code, "at least 12" in short.output, file.exists()) == (2, True, False)
    assert "nobody is there" in call(full, "backup", "create", str(file), "--encrypt").output
    words.write_text(WORDS + "\n", encoding="utf-8")
    told(full, "backup", "create", str(file), "--encrypt", "--passphrase-file", str(words))
    wrong = call(full, "backup", "verify", str(file), AFFOUAGE_PASSPHRASE="autre phrase que celle")
    assert (wrong.exit_code, "does not open" in wrong.output) == (2, True)
    assert told(full, "backup", "verify", str(file), AFFOUAGE_PASSPHRASE=WORDS)["sealed"] is True
    back = call(full, "restore", str(file), "--home", str(tmp_path / "x"), AFFOUAGE_PASSPHRASE="autre phrase encore")
    assert (back.exit_code, (tmp_path / "x").exists()) == (2, False)


def test_models_stay_behind_when_asked(full: Path, tmp_path: Path) -> None:
    told(full, "backup", "create", str(tmp_path / "b"), "--without-models")
    names = {one["name"] for one in told(full, "backup", "verify", str(tmp_path / "b"))["manifest"]["entries"]}
    assert names == {"affouage.db", "journal/key", "journal/checkpoint", "settings.toml", "cards/ours.toml"}


def test_a_copy_does_not_sign_the_same_log_unless_somebody_vouches(full: Path, tmp_path: Path) -> None:
    """Both go on after the copy: under one key that would be a fork, which any verifier would show."""
    file, there = tmp_path / "b", tmp_path / "there"
    told(full, "backup", "create", str(file))
    back = told(full, "restore", str(file), "--home", str(there))
    assert back["looked"]["log"] == "new"
    for home in (full, there):
        call(home, "members", "add", f"Jeanne {home.name}")
    kept = tmp_path / "kept.txt"
    call(there, "journal", "checkpoint", "--out", str(kept))
    ours, theirs = (call(one, "journal", "show", "--key").output.strip() for one in (full, there))
    assert ours != theirs
    assert ours.split("+")[0] != theirs.split("+")[0], "another origin: nobody can take one for the other"
    assert call(there, "journal", "verify", "--key", theirs, "--kept", str(kept)).exit_code == 0
    last = [json.loads(one["leaf"]) for one in told(there, "journal", "show", "--last", "20")["entries"]]
    restarted = next(one["public"] for one in last if one["kind"] == "log_restarted")
    assert restarted["new"] == theirs
    assert restarted["old"] == ours
    assert "backup of 20" in restarted["reason"]
    assert not list((there / "journal").glob("key-*")), "the old key is not left where it could sign"


def test_an_older_copy_cannot_go_on_when_it_is_known_to_be_older(full: Path, tmp_path: Path) -> None:
    file, kept = tmp_path / "b", tmp_path / "kept.txt"
    told(full, "backup", "create", str(file))
    call(full, "journal", "rotate-key")
    call(full, "journal", "checkpoint", "--out", str(kept))
    before = files_in(full)
    for words in (["--over"], ["--home", str(tmp_path / "y"), "--kept", str(kept)]):
        done = call(full, "restore", str(file), "--continue-log", *words)
        assert (done.exit_code, "--continue-log" in done.output) == (2, True), done.output
    assert files_in(full) == before
    assert not (tmp_path / "y").exists()
    assert call(full, "restore", str(file), "--over").exit_code == 0, "under a new key it may"


def test_what_was_open_is_closed_again(full: Path, tmp_path: Path) -> None:
    told(full, "backup", "create", str(tmp_path / "b"))
    back = told(full, "restore", str(tmp_path / "b"), "--home", str(tmp_path / "there"))
    assert back["looked"]["sessions_ended"] == 1
    assert [one[-1] is None for one in rows(full, "session")] == [True]
    assert [one[-1] is None for one in rows(tmp_path / "there", "session")] == [False]


@pytest.mark.parametrize("revision", ["0004", "0006", "0009"])
def test_a_backup_of_an_older_schema_is_brought_up_to_date(home: Path, tmp_path: Path, revision: str) -> None:
    lived(home, revision)
    leaves, entries = rows(home, "journal_leaf"), rows(home, "ledger_entry")
    assert rows(home, "alembic_version") == [(revision,)]
    made = making.make(home, tmp_path / "old", models=True, passphrase=None, now_ms=1)
    assert made.schema == revision
    assert rows(home, "alembic_version") == [(revision,)], "a backup changes nothing"
    there = tmp_path / "there"
    back = told(home, "restore", str(tmp_path / "old"), "--home", str(there), "--continue-log")
    assert (back["looked"]["schema_was"], back["looked"]["schema"]) == (revision, HEAD)
    assert back["looked"]["log_problems"] == back["looked"]["ledger"]["problems"] == []
    assert (rows(there, "journal_leaf"), rows(there, "ledger_entry")) == (leaves, entries)
    assert rows(there, "alembic_version") == [(HEAD,)]
    assert call(there, "members", "list").exit_code == 0


def test_a_newer_one_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    for about in ({"schema": "9999"}, {"format": 2}):
        done = call(tmp_path / "home", "restore", str(forged(tmp_path / "b", [named("home/x")], **about)))
        assert (done.exit_code, "newer" in done.output, "Update" in done.output) == (2, True, True)
    assert [one.name for one in tmp_path.iterdir()] == ["b"]


@pytest.mark.incident("archive-tricks")
@pytest.mark.parametrize(
    "members",
    [
        [named("home/../../out")],
        [named("home//etc/x")],
        [named("/etc/x")],
        [named("out")],
        [named("home/run/lock")],
        [named("home/link", kind=tarfile.SYMTYPE)],
        [named("home/link", kind=tarfile.LNKTYPE)],
        [named("home/pipe", kind=tarfile.FIFOTYPE)],
        [named("home/disk", kind=tarfile.BLKTYPE)],
        [named("home/folder", kind=tarfile.DIRTYPE)],
        [named("home/twice"), named("home/twice")],
        [named("home/a"), named("home/a/b")],
        [named("home/a/b"), named("home/a")],
    ],
    ids=lambda members: " ".join(f"{one.name}{one.type.decode()}" for one, _ in members).replace("/", "_"),
)
def test_tricks_with_paths_write_nothing_anywhere(tmp_path: Path, members: Any) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    file = forged(tmp_path / "b", members)
    done = call(folder / "home", "restore", str(file))
    assert (done.exit_code, "damaged or was changed" in done.output) == (2, True), done.output
    assert list(folder.iterdir()) == []
    assert {one.name for one in tmp_path.iterdir()} == {"in", "b"}


@pytest.mark.incident("archive-tricks")
def test_an_archive_that_swells_is_refused_before_it_fills_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "SLACK_BYTES", 1_000_000)
    bomb = forged(tmp_path / "b", [named("home/a", bytes(600_000)), named("home/b", bytes(600_000))])
    assert bomb.stat().st_size < 5_000
    done = call(tmp_path / "home", "restore", str(bomb))
    assert (done.exit_code, "far more than it says" in done.output) == (2, True)
    sparse = tarfile.TarInfo("home/s")
    sparse.type = tarfile.GNUTYPE_SPARSE
    done = call(tmp_path / "home", "restore", str(forged(tmp_path / "b", [(sparse, b"")])))
    assert (done.exit_code, "damaged" in done.output) == (2, True)
    assert not (tmp_path / "home").exists()


def test_damaged_anywhere_it_is_refused_and_leaves_nothing(full: Path, tmp_path: Path) -> None:
    file = tmp_path / "b"
    told(full, "backup", "create", str(file))
    whole = file.read_bytes()
    folder = tmp_path / "in"
    folder.mkdir()
    step = len(whole) // 40
    refusals = 0
    spoilt = [whole[:end] for end in range(0, len(whole), step)]
    for place in range(0, len(whole), step):
        spoilt.append(whole[:place] + bytes([whole[place] ^ 0x40]) + whole[place + 1 :])
    for other in spoilt:
        file.write_bytes(other)
        with suppress(AffouageError):
            read(file, lambda: "")
            assert gzip.decompress(other) == gzip.decompress(whole), "another way to say the same zeros"
            continue
        with pytest.raises(AffouageError) as refused:
            put_back(file, folder / "home", lambda: "", lambda _home, _backup: None, over=False, now_ms=1)
        assert refused.value.code in ("backup_damaged", "backup_newer")
        assert list(folder.iterdir()) == []
        refusals += 1
    assert refusals > 60


def test_homes_that_are_not_empty_or_served_are_left_alone(full: Path, tmp_path: Path) -> None:
    file = tmp_path / "b"
    told(full, "backup", "create", str(file))
    before = files_in(full)
    done = call(full, "restore", str(file))
    assert (done.exit_code, "not empty" in done.output) == (2, True)
    with claimed(full):
        done = call(full, "restore", str(file), "--over")
        assert (done.exit_code, "already runs" in done.output) == (2, True)
    assert files_in(full) == before
    (tmp_path / "file").write_text("x", encoding="utf-8")
    assert call(full, "restore", str(file), "--home", str(tmp_path / "file")).exit_code == 2
    back = told(full, "restore", str(file), "--over")
    assert files_in(Path(back["before"])) == before
    assert rows(full, "ledger_entry") == rows(Path(back["before"]), "ledger_entry")


def test_nothing_is_written_over_and_nothing_left_of_what_failed(full: Path, tmp_path: Path) -> None:
    file = tmp_path / "out" / "b"
    assert call(full, "backup", "create", str(file)).exit_code == 2, "no such folder"
    file.parent.mkdir()
    file.write_text("mine", encoding="utf-8")
    done = call(full, "backup", "create", str(file))
    assert (done.exit_code, file.read_text(encoding="utf-8")) == (2, "mine")

    def stop(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        making.make(full, file.with_name("c"), models=True, passphrase=None, now_ms=1, on_progress=stop)
    assert [one.name for one in file.parent.iterdir()] == ["b"]
    assert not list((full / "run").glob("backup-*"))
    assert call(tmp_path / "nowhere", "backup", "create", str(file.with_name("d"))).exit_code == 2
    assert not (tmp_path / "nowhere").exists()


_FULL_DISK = """
import resource, sys
from pathlib import Path
from affouage.archive.making import make
from affouage.archive.putting_back import put_back
from affouage.errors import SetUpError
home, file, there, limit = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    if file.exists():
        put_back(file, there, lambda: "", lambda _home, _backup: None, over=False, now_ms=1)
    else:
        make(home, file, models=True, passphrase=None, now_ms=1)
except SetUpError as full:
    print(full.code, bool(full.remedy))
"""


@pytest.mark.parametrize(("limit", "told_as"), [(100, "backup_refused"), (700_000, "backup_disk_full")])
def test_a_full_disk_is_told_and_leaves_nothing(full: Path, tmp_path: Path, limit: int, told_as: str) -> None:
    (full / "models" / "large.gguf").write_bytes(os.urandom(1_000_000))
    folder = tmp_path / "out"
    folder.mkdir()

    def limited() -> str:
        program = [sys.executable, "-c", _FULL_DISK, full, folder / "b", folder / "there", str(limit)]
        return subprocess.run(program, capture_output=True, text=True, check=True, timeout=60).stdout.strip()

    assert limited() == f"{told_as} True"
    assert list(folder.iterdir()) == []
    assert not list((full / "run").glob("backup-*"))
    making.make(full, folder / "b", models=True, passphrase=None, now_ms=1)
    assert limited() == "backup_disk_full True"
    assert [one.name for one in folder.iterdir()] == ["b"]


def test_without_room_nothing_is_begun(tmp_path: Path) -> None:
    file = forged(tmp_path / "b", [named("home/x")], bytes=1 << 60)
    with pytest.raises(SetUpError, match="no room"):
        put_back(file, tmp_path / "home", lambda: "", lambda _home, _backup: None, over=False, now_ms=1)


def test_links_are_left_out_and_said(full: Path, tmp_path: Path) -> None:
    (full / "models" / "elsewhere.gguf").symlink_to(tmp_path / "big")
    (full / "training").symlink_to(tmp_path)
    made = told(full, "backup", "create", str(tmp_path / "b"))
    assert sorted(made["left_out"]) == ["models/elsewhere.gguf", "training"]


def test_a_damaged_database_is_not_passed_off_as_a_backup(full: Path, tmp_path: Path) -> None:
    path = full / "affouage.db"
    whole = bytearray(path.read_bytes())
    whole[4096 * 3 : 4096 * 20] = bytes(4096 * 17)
    path.write_bytes(whole)
    done = call(full, "backup", "create", str(tmp_path / "b"))
    assert (done.exit_code, "damaged" in done.output, (tmp_path / "b").exists()) == (2, True, False)


def test_a_log_whose_key_is_lost_is_backed_up_and_said(full: Path, tmp_path: Path) -> None:
    (full / "journal" / "key").unlink()
    done = call(full, "backup", "create", str(tmp_path / "b"))
    assert (done.exit_code, "NOT in it" in done.output) == (0, True)
    assert told(full, "restore", str(tmp_path / "b"), "--home", str(tmp_path / "there"))["looked"]["log"] == "new"


def test_the_list_and_the_reminder(full: Path) -> None:
    settings = read_settings({}, home=full)
    now_ms = 1_795_000_000_000

    def reminded(at_ms: int) -> list[str]:
        return [one.status for one in check_backups(settings, at_ms)]

    assert reminded(now_ms) == ["warning"]
    assert "No backup" in call(full, "backup", "list").output
    made = making.make(full, full.parent / "b", models=True, passphrase=None, now_ms=now_ms)
    book.note_made(full, made)
    with (full / "backups" / "made.jsonl").open("ab") as file:
        file.write(b'{"half of a li')
    day_ms = 86_400_000
    assert [reminded(now_ms + days * day_ms) for days in (0, 7, 8)] == [["ok"], ["ok"], ["warning"]]
    assert [one["there"] for one in told(full, "backup", "list")] == [True]
    (full.parent / "b").unlink()
    assert "not there any more" in call(full, "backup", "list").output


def test_the_usual_place_is_never_in_the_next_backup(full: Path) -> None:
    first = told(full, "backup", "create")
    second = told(full, "backup", "create", str(full.parent / "second"))
    assert Path(first["path"]).parent == full / "backups"
    assert first["files"] == second["files"]

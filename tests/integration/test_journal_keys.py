"""Checkpoints and the keys that sign them: made, rotated, lost, stopped anywhere."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from affouage.errors import Conflict, DatabaseUnusable, SetUpError
from affouage.journal import checkpoints, keys, log, note
from affouage.journal.note import NoteRefused
from affouage.journal.public_log import kept_file, kept_text, open_log, restart
from affouage.journal.verify import problems
from tests.docs.tree import ROOT
from tests.integration.journal_home import START_MS, Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    made.close()


def _holds(home: Home) -> bool:
    return home.db.read_now(lambda c: list(problems(c, key=home.log.key))) == []


def test_a_checkpoint_is_signed_once_for_a_size(home: Home) -> None:
    home.append(2)
    text = home.sign()
    assert home.sign() == text
    read, said = note.open_checkpoint(text, home.log.key)
    assert said.size == 3, "the log's key is an entry"
    timed = note.signature_by(read, home.log.key.cosigner)
    assert timed is not None
    assert note.time_of(timed) == START_MS // 1000 + 3  # 3 x 1.234 s
    home.append(1)
    assert home.sign() != text
    assert _holds(home)
    assert kept_file(home.path).read_text(encoding="utf-8") == home.sign()


def test_a_stop_between_what_is_signed_and_its_signature(home: Home) -> None:
    home.append(2)
    home.sign()
    home.append(3)
    home.reopen()  # the signature was never made
    assert _holds(home)
    said = note.read_checkpoint(note.read(home.sign()))
    assert said.size == 7
    assert _holds(home)


def test_the_key_is_made_once_for_this_user_alone(home: Home) -> None:
    path = keys.key_file(home.path)
    assert path.stat().st_mode & 0o777 == 0o600
    before = home.log.key
    home.reopen()
    assert home.log.key == before
    assert list(path.parent.glob(".key-*")) == []
    path.chmod(0o640)
    with pytest.raises(SetUpError) as refused:
        home.reopen()
    assert refused.value.code == "log_key_open"
    path.chmod(0o600)
    path.write_text("PRIVATE+KEY+cut", encoding="utf-8")
    with pytest.raises(NoteRefused):
        home.reopen()


def test_a_key_that_is_missing_is_not_made_anew(home: Home) -> None:
    home.append(1)
    home.sign()
    old = home.log.key
    keys.key_file(home.path).unlink()
    with pytest.raises(SetUpError) as refused:
        home.reopen()
    assert refused.value.code == "log_key_missing"
    new = restart(home.db, home.clock, home.path, "the disk broke")
    home.reopen()
    assert home.log.key == new
    assert new.name != old.name
    assert _holds(home)
    found = home.looked(old)
    assert ["ask for the key" in str(one) for one in found] == [True]


def test_a_whole_log_does_not_start_anew(home: Home) -> None:
    home.append(1)
    with pytest.raises(Conflict):
        restart(home.db, home.clock, home.path, "to see")


def test_keys_rotate_and_every_checkpoint_still_holds(home: Home) -> None:
    trusted = [home.log.key]
    for _ in range(3):
        home.append(2)
        home.sign()
        old, new = home.log.rotate_now()
        assert (old, new) == (trusted[-1], home.log.key)
        trusted.append(new)
    home.append(1)
    home.sign()
    for key in trusted:
        assert home.looked(key) == []
    stranger = note.new_key(home.log.key.name, b"s" * 32).verifier
    assert home.db.read_now(lambda c: list(problems(c, key=stranger))) != []
    texts = home.db.read_now(lambda c: [checkpoints.at(c, size) for size in range(log.size(c) + 1)])
    signers = [one and note.read(one.text).signatures[0].key_id for one in texts if one]
    assert [key for key, _ in itertools.groupby(signers)] == [key.key_id for key in trusted]


def test_a_rotation_that_was_stopped_is_taken_up(home: Home) -> None:
    home.append(1)
    home.sign()
    old_file = keys.key_file(home.path).read_text(encoding="utf-8")
    _, new = home.log.rotate_now()
    # As if stopped before the new key took the place of the old one.
    keys.key_file(home.path).rename(keys.next_key_file(home.path))
    keys.write_whole(keys.key_file(home.path), old_file)
    home.reopen()
    assert home.log.key == new
    assert not keys.next_key_file(home.path).exists()
    # As if stopped before the log named it.
    coming = keys.make_key(keys.next_key_file(home.path), new.name)
    home.reopen()
    assert home.log.key == new
    _, newest = home.log.rotate_now()
    assert newest == coming.verifier
    assert _holds(home)


def test_a_server_notices_that_a_command_rotated_the_key(home: Home) -> None:
    home.append(1)
    home.sign()
    command = open_log(home.db, home.clock, home.path)
    _, new = command.rotate_now()
    home.append(1)
    note.open_checkpoint(home.sign(), new)
    assert _holds(home)


@pytest.mark.parametrize("forged", ["key_rotated", "log_key", "log_restarted"])
def test_whoever_writes_without_the_key_does_not_change_it(home: Home, forged: str) -> None:
    home.append(1)
    home.sign()
    thief = note.new_key(home.log.key.name, b"t" * 32)
    said = {**keys.rotation(thief, thief.verifier, home.db.read_now(log.size)), "key": str(thief.verifier)}
    home.db.write_now(lambda c: log.append(c, forged, {**said, "reason": "", "kept": None}, START_MS))
    assert any(one.where == "key" for one in home.db.read_now(lambda c: list(problems(c, key=home.log.key))))


@pytest.mark.sqlite_only
def test_a_fork_of_our_own_is_not_signed(home: Home) -> None:
    home.append(4)
    home.sign()
    raw = sqlite3.connect(home.path / "affouage.db")
    raw.execute("UPDATE journal_leaf SET leaf_hash = zeroblob(32) WHERE seq = 4")
    raw.commit()
    raw.close()
    home.append(1)
    with pytest.raises(DatabaseUnusable) as refused:
        home.sign()
    assert refused.value.code == "log_forked"


@pytest.mark.sqlite_only
def test_after_an_older_copy_the_log_goes_on_under_another_name(home: Home) -> None:
    home.append(3)
    home.sign()
    old = home.log.key
    home.db.close()
    shutil.copy(home.path / "affouage.db", home.path / "copy.db")
    home.reopen()
    home.append(2)
    lost = home.sign()
    home.db.close()
    shutil.copy(home.path / "copy.db", home.path / "affouage.db")
    home.reopen()
    home.append(1)
    with pytest.raises(DatabaseUnusable):
        home.sign()
    new = restart(home.db, home.clock, home.path, "The disk broke")
    home.reopen()
    home.append(1)
    home.sign()
    assert home.log.key == new
    assert _holds(home)
    assert home.looked(old) != []
    (leaf,) = home.db.read_now(lambda c: list(log.of_kind(c, keys.RESTARTED)))
    assert leaf.public["kept"] == lost, "everybody may read what was lost"


def test_an_entry_that_names_the_key_and_was_changed_stops_the_signing(home: Home) -> None:
    home.append(1)
    home.sign()
    home.db.write_now(lambda c: c.exec_driver_sql("UPDATE journal_leaf SET body = '{}' WHERE kind = 'log_key'"))
    with pytest.raises(SetUpError) as refused:
        home.reopen()
    assert refused.value.code == "log_spoilt"


_WRITES = """
import sys
from pathlib import Path
from tests.integration.journal_home import Home
home = Home(Path(sys.argv[1]))
print("begun", flush=True)
while True:
    home.append(2)
    home.sign()
"""


@pytest.mark.parametrize("pause_ms", [1, 30, 80])
def test_killed_anywhere_the_log_holds_and_goes_on(tmp_path: Path, pause_ms: int) -> None:
    """With SIGKILL, between a commit and its signature as well as within either."""
    for _ in range(3):
        words = [sys.executable, "-c", _WRITES, str(tmp_path / "home")]
        with subprocess.Popen(words, stdout=subprocess.PIPE, cwd=ROOT) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"begun\n"
            threading.Event().wait(pause_ms / 1000)
            writer.kill()
        home = Home(tmp_path / "home")
        kept = kept_text(home.path)
        texts = [] if kept is None else [kept]
        assert home.db.read_now(lambda c, texts=texts: list(problems(c, key=None, kept=texts))) == []  # type: ignore[misc]
        home.sign()
        assert home.looked(home.log.key) == []
        home.close()

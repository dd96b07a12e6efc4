"""Homes of every earlier schema, opened by this one: brought up to date, all there, serving; never the other way."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from affouage import settings
from affouage.archive import making
from affouage.storage.schema import HEAD
from affouage.testing import EchoEngine, serving
from tests.faults.books import opened, verified
from tests.old_homes import BETWEEN, WRITTEN, old_home, rows_of

KNOWN = sorted((*WRITTEN, *BETWEEN))
NEWER = "9999"


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "affouage", *words],
        env={**os.environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def kept(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Every row that was there is there, with the values it had (new columns stand at the end)."""
    for name, rows in before.items():
        if name == "alembic_version":
            continue
        width = len(rows[0]) if rows else 0
        missing = set(rows) - {row[:width] for row in after[name]}
        assert missing == set(), name


@pytest.mark.parametrize("revision", KNOWN)
def test_every_row_is_kept_and_the_books_and_the_log_verify(home: Path, revision: str) -> None:
    old_home(home, revision)
    before = rows_of(home / "affouage.db")
    assert before["alembic_version"] == [(revision,)]
    with opened(home) as db:
        wrong = verified(db)
    after = rows_of(home / "affouage.db")
    assert after["alembic_version"] == [(HEAD,)]
    assert before["ledger_entry"]
    kept(before, after)
    if revision == "0004":  # its log tells of an assembly, whose tables came with 0005: made up, no such home ever was
        wrong = [one for one in wrong if not one.startswith("log: ")]
    assert wrong == []


@pytest.mark.parametrize("revision", WRITTEN)
def test_it_serves_those_who_were_there(home: Path, revision: str) -> None:
    told = old_home(home, revision)
    with serving(settings.read({}, home=home), engines=[EchoEngine()]) as live:
        for name, receipt_id in told["receipts"]:
            with httpx.Client(
                base_url=live.url, headers={"authorization": f"Bearer {told['keys'][name]}"}, timeout=60
            ) as client:
                receipt = client.get(f"/v1/receipts/{receipt_id}")
                assert (receipt.status_code, receipt.json()["outcome"]) == (200, "completed")
        asked = {"model": "echo", "messages": [{"role": "user", "content": "Et depuis ?"}]}
        key = {"authorization": f"Bearer {told['keys']['Anne']}"}
        assert httpx.post(f"{live.url}/v1/chat/completions", json=asked, headers=key, timeout=60).status_code == 200
    with opened(home) as db:
        assert verified(db) == []


@pytest.mark.parametrize("revision", WRITTEN)
def test_a_backup_of_it_is_restored_into_this_version(home: Path, tmp_path: Path, revision: str) -> None:
    old_home(home, revision)
    before = rows_of(home / "affouage.db")
    assert making.make(home, tmp_path / "old", models=True, passphrase=None, now_ms=1).schema == revision
    assert rows_of(home / "affouage.db") == before, "a backup changes nothing"
    done = command(tmp_path / "there", "restore", str(tmp_path / "old"), "--continue-log", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    after = rows_of(tmp_path / "there" / "affouage.db")
    assert after["alembic_version"] == [(HEAD,)]
    assert after["ledger_entry"] == before["ledger_entry"]
    with opened(tmp_path / "there") as db:
        assert verified(db) == []


DIES = """
import os, sys
from pathlib import Path
from alembic import op
from affouage.storage import open_database
left, create = [int(sys.argv[2])], op.create_table
def dying(*words, **more):
    left[0] -= 1
    if left[0] < 0:
        os.kill(os.getpid(), 9)
    return create(*words, **more)
op.create_table = dying
open_database(Path(sys.argv[1]) / "affouage.db")
"""


@pytest.mark.parametrize("tables", [0, 7, 30])
def test_killed_while_it_is_brought_up_to_date_it_is_as_it_was(home: Path, tables: int) -> None:
    old_home(home, "0003")
    before = rows_of(home / "affouage.db")
    done = subprocess.run([sys.executable, "-c", DIES, str(home), str(tables)], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    with closing(sqlite3.connect(home / "affouage.db")) as db:  # which rolls back what was half written
        db.execute("SELECT 1 FROM member").fetchall()
    assert rows_of(home / "affouage.db") == before
    with opened(home) as again:
        assert verified(again) == []


def test_a_newer_home_is_refused_and_left_as_it_is(home: Path) -> None:
    old_home(home, "0011")
    with opened(home):
        pass
    with closing(sqlite3.connect(home / "affouage.db", isolation_level=None)) as db:
        db.execute("UPDATE alembic_version SET version_num = ?", (NEWER,))
    before = rows_of(home / "affouage.db")
    for words in (("up", "--offline", "--no-question"), ("members", "list"), ("ledger", "verify")):
        done = command(home, *words)
        assert done.returncode == 2, (words, done.stdout, done.stderr)
        assert "written by a newer affouage" in done.stderr, words
        assert "Update affouage" in done.stderr
        assert "Traceback" not in done.stderr
    doctor = command(home, "doctor")
    assert doctor.returncode == 1, doctor.stdout + doctor.stderr
    assert "newer affouage" in doctor.stdout
    assert rows_of(home / "affouage.db") == before

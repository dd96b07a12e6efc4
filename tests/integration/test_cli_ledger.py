"""``affouage ledger verify`` on real homes: whole, altered, damaged, in use."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from tests.integration.books import a_receipt, a_reservation, fill


def _run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["ledger", *words], env={"AFFOUAGE_HOME": str(home)})


def test_a_whole_ledger(home: Path) -> None:
    fill(home, a_reservation("rcp_1"), a_receipt("rcp_1"), a_reservation("rcp_2"))
    told = _run(home, "verify")
    assert told.exit_code == 0, told.output
    assert "The ledger holds." in told.output
    found = json.loads(_run(home, "verify", "--json").stdout)
    assert (found["entries"], found["open_reservations"], found["problems"]) == (3, 1, [])
    assert found["head"] in told.output
    assert len(bytes.fromhex(found["head"])) == 32


@pytest.mark.sqlite_only
def test_an_altered_ledger_ends_with_1_and_names_the_entry(home: Path) -> None:
    fill(home, *(a_receipt(f"rcp_{i}") for i in range(4)))
    connection = sqlite3.connect(home / "affouage.db")
    connection.execute("UPDATE ledger_entry SET body = replace(body, 'completed', 'cancelled') WHERE seq = 2")
    connection.commit()
    connection.close()
    told = _run(home, "verify")
    assert told.exit_code == 1
    assert "entry 2" in told.output
    assert "does NOT hold" in told.output
    found = _run(home, "verify", "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["problems"]


def test_in_french(home: Path) -> None:
    fill(home, a_receipt("rcp_1"))
    environ = {"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "fr"}
    told = CliRunner().invoke(main, ["ledger", "verify"], env=environ)
    assert "Le livre de comptes tient" in told.output
    assert "écritures              1" in told.output


def test_an_empty_home(home: Path) -> None:
    assert _run(home, "verify").exit_code == 0


def test_it_works_while_another_program_writes(home: Path) -> None:
    fill(home, a_receipt("rcp_1"))
    connection = sqlite3.connect(home / "affouage.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        assert _run(home, "verify").exit_code == 0
    finally:
        connection.close()


@pytest.mark.sqlite_only
@pytest.mark.parametrize("content", [b"no database " * 500, b""])
def test_a_file_that_is_no_database(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "affouage.db").write_bytes(content)
    told = _run(home, "verify")
    assert told.exit_code == (2 if content else 0)
    assert not content or "damaged" in told.output


def test_wrong_usage_ends_with_2(home: Path) -> None:
    assert _run(home, "verify", "--nonsense").exit_code == 2
    assert _run(home, "prove").exit_code == 2

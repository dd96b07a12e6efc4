"""``affouage doctor``: finds what is wrong, says how to mend it, and is never ill itself."""

from __future__ import annotations

import json
import socket
import sqlite3
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from affouage.catalogue.gguf import Header
from affouage.catalogue.store import RECORD, Record
from affouage.cli import main
from affouage.cli.checks.house import check_home
from affouage.cli.checks.machine import check_clock, check_engine_library, check_processor, check_python
from affouage.cli.doctor import _CHECKS
from affouage.storage import open_database
from affouage.storage.home import claimed
from tests.integration.books import a_receipt, a_reservation, fill

Found = dict[str, list[dict[str, str]]]


def _examine(home: Path, **environ: str) -> tuple[int, Found]:
    env = {"AFFOUAGE_HOME": str(home), **environ}
    told = CliRunner().invoke(main, ["doctor", "--json"], env=env)
    report: dict[str, Any] = json.loads(told.stdout)
    by_check: Found = {}
    for one in report["findings"]:
        assert set(one) == {"check", "status", "what", "remedy"}
        assert (one["status"] == "ok") == (one["remedy"] == ""), one
        by_check.setdefault(one["check"], []).append(one)
    assert report["problems"] == sum(one["status"] == "problem" for one in report["findings"])
    assert (told.exit_code == 1) == (report["problems"] > 0)
    return told.exit_code, by_check


def _statuses(found: Found, check: str) -> set[str]:
    return {one["status"] for one in found[check]}


def _said(found: Found, check: str) -> str:
    return " ".join(f"{one['what']} {one['remedy']}" for one in found[check])


def test_a_home_that_does_not_exist_is_no_problem_and_is_not_made(home: Path) -> None:
    code, found = _examine(home)
    assert code == 0
    assert _statuses(found, "home") == {"warning"}
    assert _statuses(found, "engine") == {"ok"}
    assert not home.exists()


def test_a_sound_home(home: Path) -> None:
    fill(home, a_reservation(), a_receipt(), a_reservation("rcp_2"))
    code, found = _examine(home, AFFOUAGE_FOOTPRINT_COUNTRY="FRA", AFFOUAGE_FOOTPRINT_DECLARED_WATTS="65")
    assert code == 0
    assert _statuses(found, "database") == {"ok"}
    assert _statuses(found, "footprint") == {"ok"}
    assert "3 entries hold" in _said(found, "ledger")
    assert "left open" in _said(found, "ledger")


def test_no_country_is_a_warning_that_says_carbon_stays_unknown(home: Path) -> None:
    _, found = _examine(home)
    assert _statuses(found, "footprint") == {"warning"}
    assert "carbon is unknown" in _said(found, "footprint")


def test_an_unknown_country_is_a_problem(home: Path) -> None:
    code, found = _examine(home, AFFOUAGE_FOOTPRINT_COUNTRY="XXX")
    assert code == 1
    assert "XXX" in _said(found, "footprint")


def test_broken_settings_are_reported_and_the_rest_is_examined(home: Path) -> None:
    fill(home, a_receipt())
    (home / "settings.toml").write_text("[server]\nport = 'x'\n", encoding="utf-8")
    code, found = _examine(home)
    assert code == 1
    assert "server.port" in _said(found, "settings")
    assert _statuses(found, "database") == {"ok"}


def test_a_misspelt_variable_is_noticed(home: Path) -> None:
    _, found = _examine(home, AFFOUAGE_SERVER_PROT="1")
    assert "AFFOUAGE_SERVER_PROT" in _said(found, "settings")


@pytest.mark.sqlite_only
@pytest.mark.parametrize("content", [b"not a database " * 400, b"SQLite format 3\x00" + b"\xff" * 3000])
def test_a_broken_database_is_reported_and_left_as_it_is(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "affouage.db").write_bytes(content)
    code, found = _examine(home)
    assert code == 1
    assert _statuses(found, "database") == {"problem"}
    assert (home / "affouage.db").read_bytes() == content


@pytest.mark.sqlite_only
def test_a_newer_database_is_reported(home: Path) -> None:
    home.mkdir()
    open_database(home / "affouage.db").close()
    connection = sqlite3.connect(home / "affouage.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    code, found = _examine(home)
    assert code == 1
    assert "newer" in _said(found, "database")


@pytest.mark.sqlite_only
def test_a_broken_chain_is_reported(home: Path) -> None:
    fill(home, a_receipt("rcp_1"), a_receipt("rcp_2"))
    connection = sqlite3.connect(home / "affouage.db")
    connection.execute("DELETE FROM ledger_entry WHERE seq = 1")
    connection.commit()
    connection.close()
    code, found = _examine(home)
    assert code == 1
    assert _statuses(found, "ledger") == {"problem"}


@pytest.mark.sqlite_only
def test_a_clock_that_went_back_is_noticed(home: Path) -> None:
    fill(home, a_receipt())
    connection = sqlite3.connect(home / "affouage.db")
    connection.execute("UPDATE ledger_entry SET created_ms = 4000000000000")
    connection.commit()
    connection.close()
    _, found = _examine(home)
    assert "future" in _said(found, "clock")
    assert check_clock(0).status == "problem"


def test_a_running_server_is_named_and_its_port_left_alone(home: Path) -> None:
    with claimed(home):
        _, found = _examine(home)
    assert "One runs" in _said(found, "server")
    assert "port" not in found


def test_a_taken_port_is_a_warning(home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        _, found = _examine(home, AFFOUAGE_SERVER_PORT=str(taken.getsockname()[1]))
    assert _statuses(found, "port") == {"warning"}


def test_an_upstream_nobody_answers_at_is_a_problem(home: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    home.mkdir()
    row = f'[[upstream]]\nid = "big"\nurl = "http://127.0.0.1:{port}/v1"\n'
    (home / "settings.toml").write_text(row, encoding="utf-8")
    code, found = _examine(home)
    assert code == 1
    assert _statuses(found, "upstream big") == {"problem"}


def test_listening_beyond_the_machine_without_tls_is_a_problem(home: Path) -> None:
    code, found = _examine(home, AFFOUAGE_SERVER_HOST="0.0.0.0")
    assert code == 1
    assert "TLS" in _said(found, "exposure")


def test_the_file_of_the_model_is_looked_at(home: Path) -> None:
    folder = home / "models" / "qwen2.5-coder-1.5b-instruct"
    folder.mkdir(parents=True)
    (folder / "m.gguf").write_bytes(b"content")
    now = (folder / "m.gguf").stat()
    record = Record(
        file="m.gguf",
        sha256="0" * 64,
        size_bytes=now.st_size,
        modified_ns=now.st_mtime_ns,
        source="import",
        installed_ms=1,
        header=Header(version=3, tensors=1, least_bytes=1),
    )
    (folder / RECORD).write_bytes(msgspec.json.encode(record))
    _, found = _examine(home)
    assert "not the file its card describes" in _said(found, "model")
    (folder / "m.gguf").write_bytes(b"changed afterwards")
    _, found = _examine(home)
    assert "was changed since" in _said(found, "model")
    assert _statuses(found, "model") == {"problem"}


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert [one.status for one in check_home(tmp_path / "file")] == ["problem"]


def test_an_old_processor_and_an_old_python_are_named() -> None:
    assert check_processor("x86_64", "flags\t: fpu sse2 avx\n").status == "problem"
    assert check_processor("x86_64", "flags\t: avx2 fma f16c bmi2\n").status == "ok"
    assert check_processor("aarch64", None).status == "ok"
    assert check_python((3, 10, 9)).status == "problem"


def test_an_engine_library_that_cannot_load_is_reported(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text(f"#!/bin/sh\nexec {sys.executable} -S -c 'import xllamacpp'\n")
    broken.chmod(0o755)
    found = check_engine_library(str(broken))
    assert (found.status, "cannot be imported" in found.what) == ("problem", True)
    broken.write_text("#!/bin/sh\nkill -ILL $$\n")
    assert "SIGILL" in check_engine_library(str(broken)).what
    assert check_engine_library(str(tmp_path / "none")).status == "problem"


@pytest.mark.sqlite_only
def test_the_human_view_names_each_remedy_and_counts(home: Path) -> None:
    told = CliRunner().invoke(main, ["doctor"], env={"AFFOUAGE_HOME": str(home)})
    assert told.exit_code == 0, told.output
    assert "-> `affouage up` makes it." in told.output
    assert "0 problems" in told.output
    french = CliRunner().invoke(main, ["doctor"], env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "fr"})
    assert french.exit_code == 0
    assert "attention base " in french.output
    assert "0 problème, " in french.output
    names = {one["check"].partition(" upstream")[0] for found in _examine(home)[1].values() for one in found}
    assert names <= set(_CHECKS), "each has its word in French"

"""A month closed by two programs at once, and on a disk that refuses: one closing or none, and it is said which."""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from tests.faults.metered_house import House, until
from tests.faults.package import Package

BACK_DAYS = 40
PERIODS = "SELECT seq, body FROM ledger_entry WHERE kind = 'period'"
CLOSED = "SELECT period, entry_seq FROM closed_period"
CLOSE = ("footprint", "close")


def month_of(days_back: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days_back)).strftime("%Y-%m")


def lived(home: Path) -> House:
    """A commons that served forty days ago, in a month that is over now."""
    house = House(home)
    package = Package(house.tree, 8)
    house.set_clock(-BACK_DAYS)
    house.start()
    with package.drawing():
        asyncio.run(house.ask())
    house.stop()
    assert house.rows(CLOSED) == []
    return house


def test_two_programs_close_a_month_once(home: Path) -> None:
    house, month = lived(home), month_of(BACK_DAYS)

    async def at_once() -> list[Any]:
        with closing(sqlite3.connect(home / "affouage.db", isolation_level=None)) as first:
            first.execute("BEGIN IMMEDIATE")  # until all are there, nobody writes
            programs = [house.command(*CLOSE, month, "--json") for _ in range(3)]
            for one in programs:
                await until(lambda one=one: _has_open(one.pid, home / "affouage.db"))
            first.execute("COMMIT")
        return [(*one.communicate(timeout=60), one.returncode) for one in programs]

    told = asyncio.run(at_once())
    assert [(said, code) for _, said, code in told] == [("", 0)] * 3
    answers = [json.loads(out) for out, _, _ in told]
    assert sorted(one["new"] for one in answers) == [False, False, True]
    assert answers[0]["entry"] == answers[1]["entry"] == answers[2]["entry"]
    ((seq, _),) = house.rows(PERIODS)
    assert house.rows(CLOSED) == [(month, seq)]
    assert house.run("ledger", "verify")["problems"] == []
    assert house.run("audit", "period", month)["differences"] == []


def _has_open(pid: int, path: Path) -> bool:
    return any(Path(one.path) == path for one in psutil.Process(pid).open_files())


def test_a_disk_that_refuses_closes_nothing_and_it_is_tried_again(home: Path) -> None:
    house, month = lived(home), month_of(BACK_DAYS)
    entries = house.rows("SELECT count(*) FROM ledger_entry")
    with closing(sqlite3.connect(home / "affouage.db")) as there:
        there.execute("SELECT count(*) FROM ledger_entry").fetchone()  # the log's index is there, and stays
        command = house.command(*CLOSE, month)
        psutil.Process(command.pid).rlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        _, said = command.communicate(timeout=60)
    assert command.returncode == 2
    assert said.startswith("affouage: The disk is full") or said.startswith("affouage: The database refused"), said
    assert "Traceback" not in said
    assert house.rows(CLOSED) == house.rows(PERIODS) == []
    assert house.rows("SELECT count(*) FROM ledger_entry") == entries
    assert house.run(*CLOSE, month)["new"]
    ((seq, _),) = house.rows(PERIODS)
    assert house.rows(CLOSED) == [(month, seq)]


def test_a_server_tries_again_when_the_disk_takes_it(home: Path) -> None:
    house = House(home)
    package = Package(house.tree, 9)
    house.set_clock(-BACK_DAYS)
    house.start()
    server = psutil.Process(house.process.pid)

    async def refused_then_taken() -> None:
        status, _ = await house.ask()
        assert status == 200
        written = (home / "affouage.db-wal").stat().st_size
        server.rlimit(resource.RLIMIT_FSIZE, (written, resource.RLIM_INFINITY))
        house.set_clock()
        refused_until = time.monotonic() + 1
        await until(lambda: time.monotonic() > refused_until)  # several looks at a month that is over
        assert house.rows(CLOSED) == house.rows(PERIODS) == []
        server.rlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await until(lambda: house.rows(CLOSED))
        status, _ = await house.ask()
        assert status == 200

    with package.drawing():
        asyncio.run(refused_then_taken())
    said = house.stop()
    assert "a month is not closed yet: The" in said
    assert "Traceback" not in said
    ((seq, _),) = house.rows(PERIODS)
    assert house.rows(CLOSED) == [(month_of(BACK_DAYS), seq)]
    assert house.run("ledger", "verify")["problems"] == []

"""A month lived by a real meter loop, ledger and closing, computed again; then falsified, and found out."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.footprint.audit.found import PeriodAudit
from affouage.footprint.audit.period import audit_period
from affouage.footprint.period import Calendar
from affouage.footprint.windows import pack, unpack
from affouage.ledger import chain
from affouage.ledger.receipt import Energy
from affouage.storage import Database, open_database
from affouage.storage.home import prepare
from tests.integration.footprint_days import a_receipt
from tests.integration.lived_commons import ZONE, Life, live

pytestmark = pytest.mark.sqlite_only


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("lived") / "home"
    live(home)
    return home / "affouage.db"


@pytest.fixture
def lived(whole: Path, home: Path) -> Path:
    """A copy of the same life."""
    prepare(home)
    source, copy = sqlite3.connect(whole), sqlite3.connect(home / "affouage.db")
    source.backup(copy)
    source.close()
    copy.close()
    (home / "settings.toml").write_text(f'[commons]\ntime_zone = "{ZONE}"\n', encoding="utf-8")
    return home


def _audit(home: Path, period: str = "2026-10") -> PeriodAudit:
    database: Database = open_database(home / "affouage.db")
    try:
        return database.read_now(lambda connection: audit_period(connection, Calendar(ZONE), period))
    finally:
        database.close()


def _run(home: Path, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(main, ["audit", "period", *words], env={"AFFOUAGE_HOME": str(home), **environ})


def _change(home: Path, work: Callable[[sqlite3.Connection], None]) -> None:
    connection = sqlite3.connect(home / "affouage.db")
    work(connection)
    connection.commit()
    connection.close()


def _found(home: Path, period: str = "2026-10") -> set[tuple[str, str]]:
    audit = _audit(home, period)
    assert not audit.identical
    return {(one.what, one.field.partition(".")[0]) for one in audit.differences}


def test_a_month_as_it_was_lived_is_identical(lived: Path) -> None:
    october, november, year = (_audit(lived, one) for one in ("2026-10", "2026-11", "2026"))
    assert october.differences == november.differences == year.differences == []
    assert october.identical
    assert october.closed == ["2026-10"]
    assert october.receipts > 10
    assert november.receipts >= 2
    assert october.running == 1, "over midnight"
    assert october.energy_uj + november.energy_uj == year.energy_uj > 0
    assert min(october.idle_uj, october.unattributed_uj, october.contended_uj, october.requests_uj) > 0
    assert october.gap_us > 0
    assert sum(_audit(lived, f"2026-10-{day}").energy_uj for day in (30, 31)) == october.energy_uj
    assert _audit(lived, "2025").identical


@pytest.mark.parametrize("sharing", ["kept", "equal"])
def test_whatever_the_rule_of_the_pot(home: Path, sharing: str) -> None:
    live(home, sharing)
    assert _audit(home).differences == []


def test_the_command_says_identical(lived: Path) -> None:
    told = _run(lived, "2026-10")
    assert told.exit_code == 0, told.output
    assert "Identical: the books say what the readings say." in told.output
    found = json.loads(_run(lived, "2026-10", "--json").stdout)
    assert (found["identical"], found["differences"], found["closed"]) == (True, [], ["2026-10"])
    assert "Identique" in _run(lived, "2026-10", AFFOUAGE_LANG="fr").output


def test_readings_altered_are_found_with_both_values(lived: Path) -> None:
    def alter(connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT id, body FROM reading_block ORDER BY t1_ms").fetchall()
        for name, body in rows:
            readings, _ = unpack(body)
            if any(one.requests for one in readings.counted):
                last = readings.counted[-1]
                counters = {key: value + 1_000_000 for key, value in last.reading.counters_uj.items()}
                reading = msgspec.structs.replace(last.reading, counters_uj=counters)
                counted = (*readings.counted[:-1], msgspec.structs.replace(last, reading=reading))
                more, _ = pack(msgspec.structs.replace(readings, counted=counted))
                connection.execute("UPDATE reading_block SET body = ? WHERE id = ?", (more, name))
                return

    _change(lived, alter)
    assert {("block", "energy_uj"), ("block", "readings_sha256"), ("day", "energy_uj"), ("period", "sums")} <= _found(
        lived
    )
    (energy,) = [one for one in _audit(lived).differences if (one.what, one.field) == ("block", "energy_uj")]
    assert energy.again - energy.books == 1_000_000
    told = _run(lived, "2026-10")
    assert told.exit_code == 1
    assert f"entry {energy.entry}, readings {energy.id}, energy_uj" in told.output
    assert str(energy.books) in told.output
    assert str(energy.again) in told.output
    assert "NOT identical" in told.output


@pytest.mark.parametrize("body", [b"", b"\x00" * 40, zlib.compress(b'{"info": 1}')])
def test_readings_that_cannot_be_read(lived: Path, body: bytes) -> None:
    _change(lived, lambda c: c.execute("UPDATE reading_block SET body = ?", (body,)) and None)
    assert ("block", "readings") in _found(lived)


def test_readings_removed(lived: Path) -> None:
    _change(lived, lambda c: c.execute("DELETE FROM reading_block") and None)
    assert {("block", "readings")} == _found(lived)


def _rewrite(connection: sqlite3.Connection, kind: str, change: Callable[[dict[str, Any]], bool]) -> int:
    """Rewrite one entry and the whole chain after it, as somebody who owns the machine could."""
    previous, done = chain.GENESIS, 0
    for seq, said, body in connection.execute("SELECT seq, kind, body FROM ledger_entry ORDER BY seq").fetchall():
        if said == kind and not done:
            whole = json.loads(body)
            if change(whole["content"]):
                done, body = seq, msgspec.json.Encoder(order="deterministic").encode(whole).decode()
        previous = chain.link(previous, body)
        connection.execute("UPDATE ledger_entry SET body = ?, hash = ? WHERE seq = ?", (body, previous, seq))
    assert done
    return done


def test_a_receipt_made_smaller_in_a_chain_that_holds(lived: Path) -> None:
    def less(content: dict[str, Any]) -> bool:
        if not content["energy"]["dynamic_uj"]:
            return False
        content["energy"]["dynamic_uj"] -= 1
        return True

    seq: list[int] = []
    _change(lived, lambda c: seq.append(_rewrite(c, "settled", less)))
    audit = _audit(lived)
    assert "chain" not in {one.what for one in audit.differences}
    receipt = next(one for one in audit.differences if one.what == "receipt")
    assert (receipt.entry, receipt.field, receipt.again - receipt.books) == (seq[0], "dynamic_uj", 1)


@pytest.mark.parametrize("field", ["energy_uj", "idle_uj", "contended_uj", "known_us", "windows", "readings_sha256"])
def test_a_block_altered_in_a_chain_that_holds(lived: Path, field: str) -> None:
    def other(content: dict[str, Any]) -> bool:
        content[field] = "0" * 64 if field == "readings_sha256" else content[field] + 1
        return True

    _change(lived, lambda c: _rewrite(c, "block", other) and None)
    assert ("block", field) in _found(lived)


def test_a_part_moved_to_another_member_s_request(lived: Path) -> None:
    def move(content: dict[str, Any]) -> bool:
        if len(content["parts"]) < 2:
            return False
        first, second = sorted(content["parts"])[:2]
        content["parts"][first][1] += 5
        content["parts"][second][1] -= 5
        return True

    _change(lived, lambda c: _rewrite(c, "block", move) and None)
    assert _found(lived) == {("block", "parts")}


def test_a_meter_said_to_be_better_than_it_is(lived: Path) -> None:
    def better(content: dict[str, Any]) -> bool:
        content["meter"]["high_factor"] = 1.001
        return True

    _change(lived, lambda c: _rewrite(c, "block", better) and None)
    assert ("block", "meter") in _found(lived)


def test_an_entry_altered_without_the_chain(lived: Path) -> None:
    _change(
        lived,
        lambda c: (
            c.execute("UPDATE ledger_entry SET body = replace(body, 'set-1', 'set-0') WHERE kind = 'settled'") and None
        ),
    )
    assert ("chain", "entry 3 was altered, or the one before it") in _found(lived)


def test_an_entry_that_is_no_json(lived: Path) -> None:
    _change(lived, lambda c: c.execute("UPDATE ledger_entry SET body = '{' WHERE kind = 'block'") and None)
    assert ("block", "entry") in _found(lived)


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ("UPDATE machine_day SET idle_uj = idle_uj - 1 WHERE day = '2026-10-30'", ("day", "idle_uj")),
        ("UPDATE usage_day SET dynamic_uj = dynamic_uj + 1 WHERE dimension = 'member'", ("day", "dynamic_uj")),
        ("DELETE FROM usage_day WHERE day = '2026-10-30' AND dimension = 'model'", ("day", "requests")),
        ("UPDATE closed_period SET figures = replace(figures, '0', '1')", ("period", "kept beside")),
        ("UPDATE closed_period SET shares = '{}'", ("period", "kept beside")),
        ("UPDATE closed_period SET entry_seq = 999999", ("period", "entry")),
        ("DELETE FROM closed_period", ("period", "closed_period")),
    ],
)
def test_sums_and_closings_altered(lived: Path, statement: str, where: tuple[str, str]) -> None:
    _change(lived, lambda c: c.execute(statement) and None)
    assert where in _found(lived)


def test_a_month_closed_with_other_sums(lived: Path) -> None:
    def less(content: dict[str, Any]) -> bool:
        content["sums"]["idle_uj"] -= 1
        content["pot_uj"] -= 1
        return True

    _change(lived, lambda c: _rewrite(c, "period", less) and None)
    assert {("period", "sums"), ("period", "pot_uj")} <= _found(lived)


def test_what_runs_at_this_moment_is_no_difference(home: Path) -> None:
    """And what a killed server left behind is settled with what its blocks say."""
    life = Life(home)

    async def killed() -> None:
        await life.metering.cut()
        name = await life.start()
        life.metering.count(name, decoded_tokens=10)
        await life.pass_time(1_000, watts=200)
        other = await life.start()
        await life.pass_time(1_000, watts=200)
        life.metering.count(other, decoded_tokens=10)
        await life.pass_time(1_000, watts=200)
        await life.settle(other)

    try:
        asyncio.run(killed())
        running = _audit(home)
        assert (running.identical, running.running, running.receipts) == (True, 1, 1)
        asyncio.run(life.ledger.settle_abandoned())
        after = _audit(home)
        assert after.differences == []
        assert (after.running, after.receipts) == (0, 2)
    finally:
        life.db.close()


def test_a_killed_request_keeps_its_parts_though_the_clock_was_put_back(home: Path) -> None:
    """Blocks that say to be older than the request they tell of are read all the same: the ledger's order counts."""
    life = Life(home)

    async def killed() -> str:
        await life.metering.cut()
        name = await life.start()
        life.metering.count(name, decoded_tokens=10)
        await life.pass_time(1_000, watts=200)
        life.clock.back_ms = 86_400_000
        for _ in range(2):  # two blocks of the day before
            other = await life.start()
            life.metering.count(other, decoded_tokens=10)
            await life.pass_time(1_000, watts=200)
            await life.settle(other)
        await life.ledger.settle_abandoned()
        return name

    try:
        name = asyncio.run(killed())
        energy = asyncio.run(life.ledger.receipt(name, "m0")).energy
        bodies = life.db.read_now(lambda c: list(c.exec_driver_sql(_BLOCKS).scalars()))
        parts = [json.loads(body)["content"]["parts"].get(name, [0, 0, 0]) for body in bodies]
        assert len([one for one in parts if any(one)]) == 2
        assert [energy.static_uj, energy.dynamic_uj, energy.machine_share_us] == [
            sum(one) for one in zip(*parts, strict=True)
        ]
        assert energy.at_least
        for period in ("2026", "2026-10", "2026-10-29"):
            assert _audit(home, period).differences == []
    finally:
        life.db.close()


def test_what_an_allowance_assumes_is_no_difference(home: Path) -> None:
    """It is on no receipt: the sums hold it beside, for the limits alone."""
    life = Life(home)
    assumed = "SELECT dimension, dynamic_uj FROM usage_day WHERE dimension LIKE 'assumed%' ORDER BY dimension"

    async def unknown() -> None:
        await life.metering.cut()
        name = await life.start()
        life.metering.count(name, decoded_tokens=10)
        await life.pass_time(1_000, watts=200)
        await life.settle(name)
        receipt = msgspec.structs.replace(a_receipt("rcp_unknown", "m1"), energy=Energy())
        await life.ledger.settle(receipt, None, assumed_uj=5_000_000)

    try:
        asyncio.run(unknown())
        kept = life.db.read_now(lambda c: [tuple(row) for row in c.exec_driver_sql(assumed)])
        assert kept == [(name, 5_000_000) for name in ("assumed", "assumed_member", "assumed_workshop")]
        audit = _audit(home)
        assert (audit.differences, audit.receipts) == ([], 2)
    finally:
        life.db.close()


def test_a_part_given_after_the_settlement_is_found(lived: Path) -> None:
    def forge(connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT body FROM ledger_entry WHERE kind = 'settled' ORDER BY seq").fetchall()
        first = json.loads(rows[0][0])["content"]["id"]
        blocks = connection.execute(
            "SELECT seq, body FROM ledger_entry WHERE kind = 'block' ORDER BY seq DESC LIMIT 1"
        ).fetchall()
        whole = json.loads(blocks[0][1])
        whole["content"]["parts"][first] = [1, 1, 1]
        body = json.dumps(whole)
        connection.execute("UPDATE ledger_entry SET body = ? WHERE seq = ?", (body, blocks[0][0]))

    _change(lived, forge)
    assert ("block", "parts") in _found(lived, "2026-11")


def test_every_block_replayed_from_a_file_gives_what_the_ledger_says(lived: Path) -> None:
    connection = sqlite3.connect(lived / "affouage.db")
    blocks = [json.loads(body)["content"] for (body,) in connection.execute(_BLOCKS)]
    connection.close()
    assert len(blocks) > 10
    for block in blocks:
        environ = {"AFFOUAGE_HOME": str(lived)}
        text = CliRunner().invoke(main, ["audit", "readings", block["id"]], env=environ).stdout
        if len(json.loads(text)["readings"]) < 2:
            assert block["windows"] == 0
            continue
        found = json.loads(CliRunner().invoke(main, ["audit", "allocate", "-", "--json"], input=text).stdout)
        for name in ("idle_uj", "unattributed_uj", "contended_uj", "idle_us", "known_us", "gap_us", "flags"):
            assert found[name] == block[name], name
        assert (found["meter_uj"], found["residual_uj"]) == (block["energy_uj"], 0)
        parts = {one["id"]: [one["static_uj"], one["dynamic_uj"], one["machine_share_us"]] for one in found["requests"]}
        assert {key: part for key, part in parts.items() if key in block["parts"]} == block["parts"]
        assert not any(any(part) for key, part in parts.items() if key not in block["parts"])


_BLOCKS = "SELECT body FROM ledger_entry WHERE kind = 'block' ORDER BY seq"


def test_readings_of_no_block(home: Path) -> None:
    told = CliRunner().invoke(main, ["audit", "readings", "blk_none"], env={"AFFOUAGE_HOME": str(home)})
    assert told.exit_code == 2
    assert "blk_none" in told.output


def test_it_works_while_the_server_writes(lived: Path) -> None:
    connection = sqlite3.connect(lived / "affouage.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("UPDATE machine_day SET idle_uj = 0")
    try:
        assert _run(lived, "2026-10").exit_code == 0
    finally:
        connection.close()


@pytest.mark.parametrize("period", ["2026-13", "november", "", "2026-11-31", "../x"])
def test_no_period(home: Path, period: str) -> None:
    told = _run(home, "--", period)
    assert told.exit_code == 2
    assert "2026-11" in told.output


def test_an_empty_home(home: Path) -> None:
    assert _run(home, "2026-11").exit_code == 0


def test_memory_does_not_grow_with_the_number_of_blocks(home: Path) -> None:
    life = Life(home)

    async def serve(requests: int) -> None:
        await life.metering.cut()
        for _ in range(requests):
            name = await life.start()
            life.metering.count(name, decoded_tokens=3)
            await life.pass_time(700, watts=100)
            await life.settle(name)

    def peak() -> int:
        tracemalloc.start()
        assert _audit(home).differences == []
        (_, most) = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    try:
        asyncio.run(serve(250))
        peak()
        few = peak()
        asyncio.run(serve(750))
        assert peak() < few * 1.5
    finally:
        life.db.close()

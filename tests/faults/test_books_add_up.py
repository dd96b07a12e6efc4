"""The promise of the footprint: receipts and the common lines add up to the meter, in whole microjoules, always.

The meter is a powercap tree whose counter a thread of the test moves, as the kernel would; the server is a real one,
loaded with concurrent requests of which some are cancelled, then killed without warning, then started again.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import msgspec
import pytest

from affouage.ledger.receipt import Block, Receipt
from affouage.storage import open_database
from affouage.storage.tables import ledger_entry, machine_day, usage_day

PROGRAM = """
import sys
from affouage import settings
from affouage.testing import EchoEngine, serving
engines = [EchoEngine(slots=4, word_ms=2), EchoEngine("second", slots=2, word_ms=1)]
with serving(settings.read(), engines=engines) as live:
    print(live.url, live.api_key(), flush=True)
    sys.stdin.read()
"""
RANGE_UJ = 2_000_000_000
START_UJ = RANGE_UJ - 60_000_000
"""The counter starts again from zero once, a second or so into the test; not twice while the server is down."""


class Package:
    """A processor package in a powercap tree, drawing between 20 and 90 W. ``drawn_uj``: what it really used."""

    def __init__(self, root: Path, seed: int) -> None:
        self.drawn_uj = 0
        self._zone = root / "intel-rapl:0"
        self._zone.mkdir(parents=True)
        (self._zone / "name").write_text("package-0\n")
        (self._zone / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
        self._random = random.Random(seed)
        self._stop = threading.Event()
        self._write()

    def _write(self) -> None:
        new = self._zone / "new"
        new.write_text(f"{(START_UJ + self.drawn_uj) % RANGE_UJ}\n")
        new.replace(self._zone / "energy_uj")  # never half a number

    @contextmanager
    def drawing(self) -> Iterator[None]:
        thread = threading.Thread(target=self._draw)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join()
            self._stop.clear()

    def _draw(self) -> None:
        while not self._stop.wait(0.005):
            self.drawn_uj += self._random.randrange(20, 90) * 5000
            self._write()


def _start(environ: dict[str, str]) -> tuple[subprocess.Popen[str], str, str]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    url, key = process.stdout.readline().split()
    return process, url, key


async def _ask_and_sometimes_leave(url: str, key: str, dice: random.Random) -> None:
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {key}"}) as http:
        while True:
            words = "un deux trois " * dice.randrange(2, 30)
            model = dice.choice(["echo", "second"])
            body = {"model": model, "messages": [{"role": "user", "content": words}], "stream": True}
            async with http.post(f"{url}/v1/chat/completions", json=body) as response:
                if dice.random() < 0.4:
                    await response.content.readany()
                    continue  # leaves in the middle of the answer
                await response.read()


async def _load(process: subprocess.Popen[str], url: str, key: str, seed: int, *, kill: bool) -> None:
    clients = [asyncio.create_task(_ask_and_sometimes_leave(url, key, random.Random(seed + i))) for i in range(6)]
    await asyncio.sleep(2.0)
    if kill:
        process.send_signal(signal.SIGKILL)
    for one in clients:
        one.cancel()
    await asyncio.gather(*clients, return_exceptions=True)


class _Body(msgspec.Struct):
    content: msgspec.Raw


@pytest.mark.parametrize("seed", [1, 2])
def test_the_books_add_up_to_the_meter_after_load_cancellations_and_a_kill(home: Path, seed: int) -> None:
    package = Package(home.parent / "powercap", seed)
    environ = {
        **os.environ,
        "AFFOUAGE_HOME": str(home),
        "AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(home.parent / "powercap"),
        "AFFOUAGE_FOOTPRINT_HWMON_ROOT": str(home.parent / "none"),
        "AFFOUAGE_FOOTPRINT_PSU_EFFICIENCY_LOW": "1",
        "AFFOUAGE_FOOTPRINT_PSU_EFFICIENCY_HIGH": "1",
    }
    process, url, key = _start(environ)  # nothing is drawn yet, and nothing is in the books
    with package.drawing():
        asyncio.run(_load(process, url, key, seed, kill=True))
        process.wait()
        process, url, key = _start(environ)
        asyncio.run(_load(process, url, key, seed + 100, kill=False))
    process.communicate(timeout=60)  # stopped in order, after the counter
    receipts, blocks = _books(home)
    told = sum((one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in receipts)
    common = sum(one.idle_uj + one.unattributed_uj + one.contended_uj for one in blocks)
    assert told + common == sum(one.energy_uj for one in blocks) == package.drawn_uj
    assert told > 0
    for one in receipts:
        parts = sum(sum(block.parts.get(one.id, (0, 0, 0))[:2]) for block in blocks)
        assert parts == (one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0)
    outcomes = {one.outcome for one in receipts}
    assert {"completed", "cancelled", "failed"} <= outcomes, "some were served, some left, some were killed"
    assert any("restart" in one.flags or "gap" in one.flags for one in blocks)


def _books(home: Path) -> tuple[list[Receipt], list[Block]]:
    db = open_database(home / "affouage.db")
    try:
        rows = db.read_now(lambda c: list(c.execute(ledger_entry.select().order_by(ledger_entry.c.seq))))
        days = db.read_now(lambda c: list(c.execute(machine_day.select())))
        total = db.read_now(lambda c: list(c.execute(usage_day.select().where(usage_day.c.dimension == "total"))))
    finally:
        db.close()

    def of(kinds: tuple[str, ...], kind: type) -> list[object]:
        return [
            msgspec.json.decode(msgspec.json.decode(row.body, type=_Body).content, type=kind)
            for row in rows
            if row.kind in kinds
        ]

    receipts, blocks = of(("settled", "voided"), Receipt), of(("block",), Block)
    assert sum(row.energy_uj for row in days) == sum(one.energy_uj for one in blocks)  # type: ignore[attr-defined]
    told = sum((one.energy.static_uj or 0) + (one.energy.dynamic_uj or 0) for one in receipts)  # type: ignore[attr-defined]
    assert sum(row.static_uj + row.dynamic_uj for row in total) == told
    assert json.loads(rows[0].body)["seq"] == 1
    return receipts, blocks  # type: ignore[return-value]

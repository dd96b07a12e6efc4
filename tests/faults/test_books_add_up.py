"""The promise of the footprint: receipts and the common lines add up to the meter, in whole microjoules, always.

The meter is a powercap tree whose counter a thread of the test moves, as the kernel would; the server is a real one,
loaded with concurrent requests of which some are cancelled, then killed without warning, then started again.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.faults.books import books_problems, energy_of, read_books
from tests.faults.package import Package

PROGRAM = """
import sys
from affouage import settings
from affouage.testing import EchoEngine, serving
engines = [EchoEngine(slots=4, word_ms=2), EchoEngine("second", slots=2, word_ms=1)]
with serving(settings.read(), engines=engines) as live:
    print(live.url, live.api_key(), flush=True)
    sys.stdin.read()
"""


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
    books = read_books(home)
    assert books_problems(home) == []
    receipts, blocks = books.receipts, books.blocks
    assert books.metered_uj == package.drawn_uj
    assert books.told_uj > 0
    for one in receipts:
        parts = sum(sum(block.parts.get(one.id, (0, 0, 0))[:2]) for block in blocks)
        assert parts == energy_of(one)
    outcomes = {one.outcome for one in receipts}
    assert {"completed", "cancelled", "failed"} <= outcomes, "some were served, some left, some were killed"
    assert any("restart" in one.flags or "gap" in one.flags for one in blocks)

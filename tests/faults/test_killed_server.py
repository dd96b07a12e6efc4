"""``kill -9`` at random moments: the ledger still holds, and every request that was begun is in it."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from affouage.ledger.ledger import find_receipt
from affouage.storage import open_database

PROGRAM = """
import asyncio, sys
from affouage import settings
from affouage.testing import EchoEngine, serving
with serving(settings.read(), engines=[EchoEngine(slots=4, word_ms=2)]) as live:
    print(live.url, live.api_key(), flush=True)
    sys.stdin.read()
"""


def verified(home: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "affouage", "ledger", "verify", "--json"],
        env={**os.environ, "AFFOUAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


async def _ask_until_cut(url: str, key: str, seen: list[str]) -> None:
    body = {"model": "echo", "messages": [{"role": "user", "content": "un deux trois " * 20}], "stream": True}
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {key}"}) as http:
        while True:
            async with http.post(f"{url}/v1/chat/completions", json=body) as response:
                seen.append(response.headers["x-affouage-receipt"])
                await response.read()


async def _load_then_kill(process: subprocess.Popen[str], url: str, key: str, after_s: float) -> list[str]:
    seen: list[str] = []
    clients = [asyncio.create_task(_ask_until_cut(url, key, seen)) for _ in range(4)]
    await asyncio.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    await asyncio.gather(*clients, return_exceptions=True)
    return seen


@pytest.mark.parametrize("seed", range(6))
def test_the_ledger_survives_kill_minus_nine(home: Path, seed: int) -> None:
    environ = {**os.environ, "AFFOUAGE_HOME": str(home)}

    def start() -> tuple[subprocess.Popen[str], str, str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        url, key = process.stdout.readline().split()
        return process, url, key

    process, url, key = start()
    seen = asyncio.run(_load_then_kill(process, url, key, random.Random(seed).uniform(0.1, 1.0)))
    process.wait()
    assert seen, "the load must have begun"
    after_kill = verified(home)
    assert after_kill["problems"] == []

    process, url, key = start()  # the next start settles what was left open
    process.communicate()
    after_restart = verified(home)
    assert after_restart["problems"] == []
    assert after_restart["open_reservations"] == 0
    db = open_database(home / "affouage.db")
    for receipt_id in set(seen):
        receipt = db.read_now(lambda c, wanted=receipt_id: find_receipt(c, wanted, None))
        assert receipt.outcome in ("completed", "failed")
    db.close()

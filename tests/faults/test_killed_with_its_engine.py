"""``kill -9`` of the server while real llama.cpp answers: no child is left, the books hold, the next start serves."""

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
import psutil

from tests.contracts.tiny_gguf import write_tiny_model

KILLS = int(os.environ.get("AFFOUAGE_TEST_KILLS", "3"))
MODEL = "sans-fin"
PROGRAM = """
import sys
from pathlib import Path
from affouage import settings
from affouage.adapters.engines.llama_cpp import LlamaCppEngine
from affouage.clock import SystemClock
from affouage.testing import serving
chosen = settings.read()
engine = LlamaCppEngine(
    model_id="sans-fin", path=Path(sys.argv[1]), file_sha256=None, settings=chosen.engine, clock=SystemClock()
)
with serving(chosen, engines=[engine]) as live:
    print(live.url, live.api_key(), flush=True)
    sys.stdin.read()
"""


class Server:
    """A server in a process of its own, on this home, with the endless model."""

    def __init__(self, home: Path, model: Path) -> None:
        environ = {**os.environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_ENGINE_LOAD_WAIT_MS": "60000"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(model)],
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url, self.key = self.process.stdout.readline().split()

    async def ask(self, max_tokens: int, begun: asyncio.Event | None = None) -> str:
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Bonjour"}], "max_tokens": max_tokens}
        async with (
            aiohttp.ClientSession(headers={"authorization": f"Bearer {self.key}"}) as http,
            http.post(f"{self.url}/v1/chat/completions", json={**body, "stream": True}) as response,
        ):
            if begun is not None:
                begun.set()
            return (await response.read()).decode()


async def _load_then_kill(server: Server, after_s: float) -> list[psutil.Process]:
    """Members at work, some of them waiting for a turn; then the end, without warning. The children there were."""
    begun = asyncio.Event()
    members = [asyncio.create_task(server.ask(4000, begun)) for _ in range(4)]
    await asyncio.wait_for(begun.wait(), 60)
    await asyncio.sleep(after_s)
    children = psutil.Process(server.process.pid).children()
    server.process.send_signal(signal.SIGKILL)
    await asyncio.gather(*members, return_exceptions=True)
    return children


def verified(home: Path) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "affouage", "ledger", "verify", "--json"],
        env={**os.environ, "AFFOUAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=True,
    )
    told: dict[str, object] = json.loads(done.stdout)
    return told


def test_no_child_is_left_and_the_books_hold(home: Path, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "endless.gguf", endless=True, layers=8)
    chance = random.Random(20)
    for _ in range(KILLS):
        server = Server(home, model)
        children = asyncio.run(_load_then_kill(server, chance.uniform(0, 0.8)))
        server.process.wait()
        assert children, "the model ran in a process of its own"
        _, left = psutil.wait_procs(children, timeout=5)
        assert left == [], "the model outlived its server"
        assert verified(home)["problems"] == []
    server = Server(home, model)
    assert "[DONE]" in asyncio.run(server.ask(3))
    server.process.communicate()
    last = verified(home)
    assert (last["problems"], last["open_reservations"]) == ([], 0)

"""A commons in a process of its own, its meter a powercap tree of the test, its clock as many days back as wished."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

T = TypeVar("T")

PROGRAM = """
import asyncio, sys
from pathlib import Path
import uvloop
from affouage import app, settings
from affouage.clock import SystemClock
from affouage.testing import EchoEngine, serving

class Clock(SystemClock):
    def now_ms(self):
        return super().now_ms() + int(Path(sys.argv[1]).read_text())

app.CLOSING_LOOK_S = 0.1
asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())  # as `affouage up` does
with serving(settings.read(), engines=[EchoEngine(slots=4, word_ms=2)], clock=Clock()) as live:
    print(live.url, live.api_key(), flush=True)
    sys.stdin.read()
"""
LONG, SHORT = "mot " * 1500, "un mot"
"""Some four seconds to answer; a few milliseconds."""
DAY_MS = 86_400_000


class House:
    """``start`` and ``kill`` or ``stop`` as often as wished; between them the home is looked at from outside."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.tree = home.parent / "powercap"
        self._clock = home.parent / "clock"
        self.set_clock()
        self.environ = {
            **os.environ,
            "AFFOUAGE_HOME": str(home),
            "AFFOUAGE_COMMONS_TIME_ZONE": "UTC",
            "AFFOUAGE_FOOTPRINT_POWERCAP_ROOT": str(self.tree),
            "AFFOUAGE_FOOTPRINT_HWMON_ROOT": str(home.parent / "none"),
            "AFFOUAGE_FOOTPRINT_PSU_EFFICIENCY_LOW": "1",
            "AFFOUAGE_FOOTPRINT_PSU_EFFICIENCY_HIGH": "1",
        }
        self.url = self.key = ""

    def set_clock(self, days: int = 0) -> None:
        """Days from now, for servers only: commands tell the true time."""
        new = self._clock.with_suffix(".new")
        new.write_text(str(days * DAY_MS))
        new.replace(self._clock)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self._clock)],
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url, self.key = self.process.stdout.readline().split()

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=30)

    def stop(self) -> str:
        """In order; what it said meanwhile."""
        _, said = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, said
        return said

    def command(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "affouage", *words],
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> Any:
        """What a command that must work prints with ``--json``."""
        command = self.command(*words, "--json")
        told, said = command.communicate(timeout=60)
        assert command.returncode == 0, said
        return json.loads(told)

    def rows(self, query: str) -> list[Any]:
        """What the database holds at this moment, looked at by another program."""
        with closing(sqlite3.connect(f"file:{self.home}/affouage.db?mode=ro", uri=True)) as there:
            return there.execute(query).fetchall()

    async def ask(self, words: str = SHORT, begun: asyncio.Event | None = None) -> tuple[int, Any]:
        """(status, receipt or problem). A stream, as most programs ask."""
        body = {"model": "echo", "messages": [{"role": "user", "content": words}], "stream": True}
        headers = {"authorization": f"Bearer {self.key}"}
        async with (
            aiohttp.ClientSession(headers=headers) as http,
            http.post(f"{self.url}/v1/chat/completions", json=body) as response,
        ):
            if begun is not None:
                begun.set()
            told = await response.read()
            if response.status != 200:
                return response.status, json.loads(told)
            assert b"[DONE]" in told
            receipt_id = response.headers["x-affouage-receipt"]
            return 200, await until(lambda: self._receipt(http, receipt_id))

    async def _receipt(self, http: aiohttp.ClientSession, receipt_id: str) -> Any:
        async with http.get(f"{self.url}/v1/receipts/{receipt_id}") as response:
            return await response.json() if response.status == 200 else None


async def until(look: Callable[[], Any], within_s: float = 15) -> Any:
    """The first thing that ``look`` finds."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        found = await found if asyncio.iscoroutine(found) else found
        if found:
            return found
        assert time.monotonic() < deadline, "nothing came"
        await asyncio.sleep(0.02)

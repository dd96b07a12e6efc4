"""Backups of a commons that answers meanwhile, and ``kill -9`` at random moments of a backup and of a restore."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp

from affouage.archive.making import make
from affouage.archive.reading import read
from affouage.ledger.ledger import find_receipt
from affouage.storage import open_database

PROGRAM = """
import sys
from affouage import settings
from affouage.testing import EchoEngine, serving
with serving(settings.read(), engines=[EchoEngine(slots=4, word_ms=2)]) as live:
    print(live.url, live.api_key(), flush=True)
    sys.stdin.read()
"""
BODY = {"model": "echo", "messages": [{"role": "user", "content": "un deux trois " * 10}]}


class Served:
    """A commons in a process of its own."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            env={**os.environ, "AFFOUAGE_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url, self.key = self.process.stdout.readline().split()

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate(timeout=60)


def affouage(home: Path, *words: str, code: int = 0) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "affouage", *words],
        env={**os.environ, "AFFOUAGE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout) if "--json" in words else done.stdout


async def _ask(url: str, key: str, settled: list[str], until: asyncio.Event) -> None:
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {key}"}) as http:
        while not until.is_set():
            async with http.post(f"{url}/v1/chat/completions", json=BODY) as response:
                assert response.status == 200
                await response.read()
                settled.append(response.headers["x-affouage-receipt"])


async def _backups_under_load(served: Served, home: Path, folder: Path) -> list[tuple[Path, list[str], list[str]]]:
    """Each: the file, receipts settled before it was begun, and those settled when it was done."""
    settled: list[str] = []
    over = asyncio.Event()
    clients = [asyncio.create_task(_ask(served.url, served.key, settled, over)) for _ in range(4)]
    made = []
    for number in range(2):
        already = len(settled)
        while len(settled) < already + 8:
            await asyncio.wait(clients, timeout=0.02)
        before = list(settled)
        target = folder / f"{number}.tar.gz"
        await asyncio.to_thread(affouage, home, "backup", "create", str(target))
        made.append((target, before, list(settled)))
    over.set()
    await asyncio.gather(*clients)
    return made


def test_backups_of_a_commons_that_answers_hold_all_that_was_acknowledged(home: Path, tmp_path: Path) -> None:
    with Served(home) as served:
        made = asyncio.run(_backups_under_load(served, home, tmp_path))
    for number, (file, before, during) in enumerate(made):
        assert len(during) > len(before), "it went on answering"
        there = tmp_path / f"there-{number}"
        back = affouage(home, "restore", str(file), "--home", str(there), "--json")
        assert back["looked"]["ledger"]["problems"] == back["looked"]["log_problems"] == []
        assert back["about"]["served"] is True
        database = open_database(there / "affouage.db")
        for receipt in before:
            found = database.read_now(lambda c, wanted=receipt: find_receipt(c, wanted, None))
            assert found.outcome == "completed"
        database.close()
    with Served(there) as again:  # and it serves, the first's books going on
        settled: list[str] = []

        async def one() -> None:
            over = asyncio.Event()
            asking = asyncio.create_task(_ask(again.url, again.key, settled, over))
            while not settled:
                await asyncio.wait([asking], timeout=0.02)
            over.set()
            await asking

        asyncio.run(one())
    assert affouage(there, "ledger", "verify", "--json")["open_reservations"] == 0
    affouage(there, "journal", "verify")


def _large(home: Path) -> None:
    (home / "models").mkdir(parents=True)
    (home / "models" / "m.gguf").write_bytes(random.Random(1).randbytes(6_000_000))
    open_database(home / "affouage.db").close()


_MAKE = """
import os, random, sys, threading, time
from pathlib import Path
from affouage.archive import making, putting_back
home, file, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
last = random.Random(seed).randrange(1, 7) * 1_000_000
def die(done, _total):
    if done >= last:
        os.kill(os.getpid(), 9)
if file.exists():
    def look(_home, _backup):
        if seed % 3 == 0:
            os.kill(os.getpid(), 9)
    putting_back.put_back(file, home, lambda: "", look, over=True, now_ms=1, on_progress=die)
else:
    making.make(home, file, models=True, passphrase=None, now_ms=1, on_progress=die)
print("whole")
"""


def _killed(home: Path, file: Path, seed: int) -> bool:
    """Whether it was killed, and not done before."""
    program = [sys.executable, "-c", _MAKE, str(home), str(file), str(seed)]
    return "whole" not in subprocess.run(program, capture_output=True, text=True, check=False, timeout=60).stdout


def test_a_backup_that_is_killed_leaves_no_backup_and_the_next_clears_up(home: Path, tmp_path: Path) -> None:
    _large(home)
    folder = tmp_path / "out"
    folder.mkdir()
    for seed in range(3):
        assert _killed(home, folder / "b", seed)
        assert [one.name for one in folder.iterdir() if not one.name.startswith(".")] == []
    make(home, folder / "b", models=True, passphrase=None, now_ms=1)
    assert [one.name for one in folder.iterdir()] == ["b"]
    assert not list((home / "run").glob("backup-*"))
    assert len(read(folder / "b", lambda: "").manifest.entries) == 2


def test_a_restore_that_is_killed_leaves_the_home_as_it_was(home: Path, tmp_path: Path) -> None:
    _large(home)
    make(home, tmp_path / "b", models=True, passphrase=None, now_ms=1)
    there = tmp_path / "in" / "there"
    there.mkdir(parents=True)
    (there / "settings.toml").write_text("", encoding="utf-8")
    for seed in range(3):
        assert _killed(there, tmp_path / "b", seed)
        assert [one.name for one in there.iterdir() if one.name != "run"] == ["settings.toml"]
    affouage(there, "restore", str(tmp_path / "b"), "--over", "--json")
    names = {one.name for one in there.parent.iterdir()}
    assert names == {"there", next(one for one in names if one.startswith("there-before-"))}
    assert (there / "models" / "m.gguf").read_bytes() == (home / "models" / "m.gguf").read_bytes()

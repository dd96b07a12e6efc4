"""Collections kept up to date by a serving commons, where its settings ask for that: by default nothing is fetched.

The work is done by ``affouage sheets update`` in a program of its own: reading thousands of sheets never slows answers.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from affouage.clock import Clock

_log = logging.getLogger("affouage")

LOOK_S = 300
_HOUR_MS = 3_600_000


@asynccontextmanager
async def updated_every(hours: int, home: Path, clock: Clock, *, look_s: float = LOOK_S) -> AsyncIterator[None]:
    """While open, what was fetched is updated at once, then every ``hours``; 0: never. One that fails is tried again at
    its next hour."""
    if not hours:
        yield
        return
    task = asyncio.create_task(_keep_up(hours * _HOUR_MS, home, clock, look_s), name="sheets")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def _keep_up(every_ms: int, home: Path, clock: Clock, look_s: float) -> None:
    due_ms = clock.now_ms()
    while True:
        if clock.now_ms() >= due_ms:
            due_ms = clock.now_ms() + every_ms
            if said := await update(home):
                _log.warning("collections of sheets were not updated: %s", said)
        await asyncio.sleep(look_s)


async def update(home: Path) -> str:
    """Update every collection of ``home`` that was fetched: "", or what went wrong first."""
    command = (sys.executable, "-m", "affouage", "sheets", "update", "--fetched")
    environ = {**os.environ, "AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en"}
    quiet, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    child = await asyncio.create_subprocess_exec(*command, env=environ, stdin=quiet, stdout=quiet, stderr=pipe)
    try:
        _, said = await child.communicate()
    except asyncio.CancelledError:
        child.terminate()  # what it wrote stays
        await child.wait()
        raise
    if child.returncode == 0:
        return ""
    lines = said.decode("utf-8", "replace").splitlines()
    return next((one for one in lines if one.startswith("affouage:")), "it stopped before its end")

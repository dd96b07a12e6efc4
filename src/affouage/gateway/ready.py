"""``GET /healthz``: the server answers. ``GET /readyz``: what it needs to answer a question holds, or what does not.

Anybody may ask, so nothing here names a model, a machine, a folder or an address, and what was found is told again for
a moment instead of being looked at anew: asking a thousand times costs the disk one write.
"""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import msgspec
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from affouage.asgi.commons import Commons
from affouage.errors import AffouageError, LedgerUnavailable
from affouage.pool.engine import EngineState
from affouage.storage.home import LEAST_FREE_BYTES

KEPT_US = 2_000_000
"""For how long what was found is told again."""
WRITE_S = 3.0
"""A write that takes longer counts as refused."""
CHECKS = ("database", "disk", "engine", "broker")

_encode = msgspec.json.encode


class Problem(msgspec.Struct, frozen=True):
    """What does not hold, for whoever looks after the machine. ``check`` is one of ``CHECKS``."""

    check: str
    what: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at. ``engines``: how each engine of the default model is. ``broker``: None without a pool."""

    writes: str
    """"" when the database took a write, else why not."""
    free_bytes: int | None
    engines: tuple[EngineState, ...]
    broker: bool | None


def problems(found: Found) -> list[Problem]:
    """Pure. An engine that sleeps or loads is none: the next question wakes it."""
    told = []
    if found.writes:
        told.append(Problem("database", found.writes))
    if found.free_bytes is None:
        told.append(Problem("disk", "How much room is left cannot be read."))
    elif found.free_bytes < LEAST_FREE_BYTES:
        told.append(Problem("disk", f"{found.free_bytes // 1_000_000} MB are free, less than 100 MB."))
    if not found.engines:
        told.append(Problem("engine", "No machine here has the default model."))
    elif all(one.status == "failed" for one in found.engines):
        told.append(Problem("engine", "The engine of the default model has failed."))
    if found.broker is False:
        told.append(Problem("broker", "The broker of the pool cannot be reached."))
    return told


class Ready:
    """Both routes."""

    def __init__(self, commons: Commons) -> None:
        self._commons = commons
        self._looking = asyncio.Lock()
        self._told: list[Problem] = []
        self._looked_us: int | None = None

    async def alive(self, request: Request) -> Response:
        return _answer({"status": "ok"}, 200)

    async def ready(self, request: Request) -> Response:
        async with self._looking:  # those who ask meanwhile are told the same
            now_us = self._commons.clock.monotonic_us()
            if self._looked_us is None or now_us - self._looked_us >= KEPT_US:
                self._told = problems(await self._look())
                self._looked_us = now_us
        return _answer({"ready": not self._told, "problems": self._told}, 503 if self._told else 200)

    async def _look(self) -> Found:
        commons = self._commons
        dispatcher = commons.dispatcher
        try:
            stations = commons.pool.stations(commons.default_model)
        except AffouageError:
            stations = []
        return Found(
            writes=await self._writes(),
            free_bytes=self._free_bytes(),
            engines=tuple(one.engine.state() for one in stations),
            broker=None if dispatcher is None else dispatcher.connected,
        )

    async def _writes(self) -> str:
        try:
            await asyncio.wait_for(self._commons.db.write(_touch), WRITE_S)
        except TimeoutError:
            return f"The database took no write within {WRITE_S:g} s."
        except LedgerUnavailable as refused:
            return "The disk is full." if "full" in refused.message else "The database refused to write."
        except Exception as unforeseen:
            return f"The database took no write: {type(unforeseen).__name__}."
        return ""

    def _free_bytes(self) -> int | None:
        try:
            return shutil.disk_usage(self._commons.settings.home).free
        except OSError:
            return None


def _touch(connection: Connection) -> None:
    """A write that changes nothing and reaches the disk all the same."""
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = version_num")


def _answer(body: dict[str, Any], status: int) -> Response:
    headers = {"cache-control": "no-store"}
    return Response(_encode(body), status_code=status, headers=headers, media_type="application/json")

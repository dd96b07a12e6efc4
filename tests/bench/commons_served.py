"""``python -m tests.bench.commons_served PORT UPSTREAM_PORT FEATURES``: the commons before a stand-in for a model.

FEATURES, each with those before it: ``off``, ``auth``, ``scheduler``, ``ledger``, ``all``. It is the commons as it
always runs, of which parts are taken out: what stands in for them does nothing. ``all`` is left as it is. Says one JSON
line (:class:`Ready`); ends when its standard input closes. AFFOUAGE_HOME: a home to serve, kept; else a new one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from affouage.app import build_asgi, open_commons
from affouage.asgi.commons import Commons
from affouage.asgi.server import bind, listening
from affouage.assembly.access import ALL_SCOPES, Credential, Identity
from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Member, Role
from affouage.footprint.weights import TokenWeights
from affouage.ledger.counted import Counted
from affouage.ledger.receipt import Energy, Kept, Receipt
from affouage.pool.scheduler import Held, OnTurn
from affouage.pool.station import FindStations
from affouage.pool.ticket import Ticket
from affouage.settings import EngineSettings, PoolSettings, ServerSettings, Settings, UpstreamSettings

FEATURES = ("off", "auth", "scheduler", "ledger", "all")
SLOTS = 1024
PACES = (0, 10)


class Ready(msgspec.Struct, frozen=True):
    """``key``: of a member, kept for the next start of the same home."""

    pid: int
    key: str


class Anybody(Accounts):
    """Everybody is one member: no credential is read."""

    def __init__(self, commons: Commons, member: Member) -> None:
        super().__init__(commons.db, commons.clock)
        self._identity = Identity(member, "key", "", ALL_SCOPES)

    async def identify(self, credential: Credential | None) -> Identity:
        return self._identity


class NoQueue:
    """A slot at once, of the first station."""

    def __init__(self, stations: FindStations) -> None:
        self._stations = stations

    @asynccontextmanager
    async def lease(self, ticket: Ticket, on_turn: OnTurn) -> AsyncIterator[Held]:
        yield Held(self._stations(ticket.model_id)[0], lambda **_work: None)

    def owe(self, ticket: Ticket, energy_uj: int) -> None:
        """Nobody counts."""


class NoBooks:
    """Nothing is written."""

    def __init__(self) -> None:
        self.counted = Counted()

    async def reserve(self, *_: Any, **__: Any) -> None:
        """Nothing is held."""

    async def settle(self, receipt: Receipt, *_: Any, **__: Any) -> None:
        self.counted.add(receipt)


class NoMeter:
    """No energy is counted."""

    machine_id = ""
    weights = TokenWeights()

    def start(self, *_: Any, **__: Any) -> None: ...

    def count(self, *_: Any, **__: Any) -> None: ...

    def stop(self, *_: Any) -> None: ...

    def spent_uj(self, *_: Any) -> int:
        return 0

    async def finished(self, *_: Any) -> Energy:
        return Energy()

    def blocks(self) -> Sequence[Kept]:
        return ()

    def kept(self, *_: Any) -> None: ...

    def run_of(self, request_id: str) -> str:
        return request_id


def take_out(commons: Commons, features: str, member: Member) -> None:
    """Of a commons that was opened whole, what comes after ``features``. The bench alone reaches into it so."""
    has = FEATURES.index(features)
    inference: Any = commons.inference
    if has < FEATURES.index("all"):
        commons.pool._metering = NoMeter()
    if has < FEATURES.index("ledger"):
        inference._ledger = NoBooks()
    if has < FEATURES.index("scheduler"):
        inference.scheduler = NoQueue(commons.pool.stations)
    if has < FEATURES.index("auth"):
        object.__setattr__(commons, "accounts", Anybody(commons, member))


def settings_for(home: Path, upstream_port: int) -> Settings:
    url = f"http://127.0.0.1:{upstream_port}/v1"
    rows = (UpstreamSettings(id=f"pace-{pace}", url=url, model=f"pace-{pace}", slots=SLOTS) for pace in PACES)
    return Settings(
        home=home,
        server=ServerSettings(max_connections=4096),
        engine=EngineSettings(max_waiting=SLOTS),
        pool=PoolSettings(max_waiting_per_member=SLOTS),
        upstreams=tuple(rows),
    )


async def serve(port: int, upstream_port: int, features: str, home: Path) -> None:
    settings, kept = settings_for(home, upstream_port), home / "bench-key"
    known = await asyncio.to_thread(_read, kept)
    async with open_commons(settings) as commons:
        member, key = await _member(commons, known)
        if not known:
            await asyncio.to_thread(kept.write_text, key, encoding="utf-8")
        take_out(commons, features, member)
        listener = bind("127.0.0.1", port)
        async with listening(build_asgi(commons), listener, settings.server):
            print(msgspec.json.encode(Ready(os.getpid(), key)).decode(), flush=True)
            await asyncio.to_thread(sys.stdin.read)


def _read(kept: Path) -> str:
    return kept.read_text(encoding="utf-8") if kept.exists() else ""


async def _member(commons: Commons, known: str) -> tuple[Member, str]:
    if known:
        return (await commons.accounts.identify(Credential("key", known))).member, known
    member, _ = await commons.accounts.add_member("Bench", Role.MEMBER)
    _, key = await commons.accounts.create_key(member, "bench")
    return member, key


def main() -> None:
    port, upstream_port, features = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    with tempfile.TemporaryDirectory(prefix="affouage-bench-") as folder:
        home = Path(os.environ.get("AFFOUAGE_HOME") or folder)
        uvloop.run(serve(port, upstream_port, features, home))


if __name__ == "__main__":
    main()

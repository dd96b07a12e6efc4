"""``kill -9`` of all of PostgreSQL under load: what was acknowledged is there, nobody waits in vain, and the commons
goes on by itself once the server is back."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import Connection, select

from affouage import settings
from affouage.ledger.ledger import Verification, find_receipt, verify
from affouage.storage import open_database
from affouage.storage.tables import ledger_entry
from affouage.testing import EchoEngine, serving
from tests.postgres import Server, running_server

BACK_WITHIN_S = 10.0
"""From when the server answers again until a question is answered again."""
AWAY_S = 1.5


@pytest.fixture(scope="module")
def durable() -> Iterator[Server]:
    """A server as it is shipped: every commit on the disk."""
    with running_server(durable=True) as server:
        yield server


class Load:
    """Clients that ask, one question after another, until told to stop; what they were answered."""

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url, key
        self.completed: list[str] = []
        """Receipts of answers that came whole."""
        self.statuses: Counter[int] = Counter()
        self.without_hint = 0
        """Refusals that do not say when to come back."""
        self.stop = asyncio.Event()

    async def client(self, http: aiohttp.ClientSession, stream: bool) -> None:
        body = {"model": "echo", "messages": [{"role": "user", "content": "un deux trois " * 5}], "stream": stream}
        while not self.stop.is_set():
            async with http.post(f"{self._url}/v1/chat/completions", json=body) as response:
                self.statuses[response.status] += 1
                text = await response.text()
            if response.status == 503:
                self.without_hint += "retry-after" not in response.headers
                await asyncio.sleep(0.02)
            elif response.status == 200 and (not stream or text.rstrip().endswith("[DONE]")):
                self.completed.append(response.headers["x-affouage-receipt"])

    async def until(self, true: Callable[[], bool], within_s: float = 60) -> float:
        """Seconds until it is."""
        began = time.monotonic()
        while not true():
            assert time.monotonic() - began < within_s, "this did not happen in time"
            await asyncio.sleep(0.01)
        return time.monotonic() - began

    async def through(self, during: Callable[[], Any], clients: int = 6) -> None:
        headers = {"authorization": f"Bearer {self._key}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=60)) as http:
            asking = [asyncio.create_task(self.client(http, bool(number % 2))) for number in range(clients)]
            try:
                await during()
            finally:
                self.stop.set()
                await asyncio.gather(*asking)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_nothing_acknowledged_is_lost_and_it_goes_on_by_itself(durable: Server, home: Path, seed: int) -> None:
    url = durable.fresh(f"killed_{seed}")
    chance = random.Random(seed)
    engine = EchoEngine(slots=4, word_ms=2)
    with serving(settings.read({"AFFOUAGE_DATABASE_URL": url}, home=home), engines=[engine]) as live:
        load = Load(live.url, live.api_key())
        waits: list[float] = []

        async def twice() -> None:
            for _ in range(2):
                before = len(load.completed)
                await load.until(lambda before=before: len(load.completed) >= before + chance.randrange(5, 25))  # type: ignore[misc]
                durable.kill()
                refused = load.statuses[503]
                await load.until(lambda refused=refused: load.statuses[503] > refused + 3)  # type: ignore[misc]
                await asyncio.sleep(AWAY_S)
                await asyncio.to_thread(durable.start)
                stood = len(load.completed)
                waits.append(await load.until(lambda stood=stood: len(load.completed) > stood))  # type: ignore[misc]

        asyncio.run(load.through(twice))
        print(f"answers {len(load.completed)}; statuses {dict(load.statuses)}; back after {waits} s")
        assert set(load.statuses) <= {200, 503}, load.statuses
        assert load.without_hint == 0
        assert max(waits) <= BACK_WITHIN_S, waits
    _all_there(url, load.completed)
    with serving(settings.read({"AFFOUAGE_DATABASE_URL": url}, home=home), engines=[EchoEngine()]):
        pass
    assert _read(url, verify).open_reservations == 0, "the next start settles what was left open"


def _all_there(url: str, acknowledged: list[str]) -> None:
    found: Verification = _read(url, verify)
    assert found.problems == []
    assert len(set(acknowledged)) == len(acknowledged)
    settled = Counter(_read(url, _settled))
    assert [settled[one] for one in acknowledged] == [1] * len(acknowledged), "each once"
    for receipt_id in acknowledged:
        receipt = _read(url, lambda c, wanted=receipt_id: find_receipt(c, wanted, None))  # type: ignore[misc]
        assert receipt.outcome == "completed"


def _settled(connection: Connection) -> list[str]:
    return list(connection.scalars(select(ledger_entry.c.request_id).where(ledger_entry.c.kind == "settled")))


def _read(url: str, query: Callable[[Connection], Any]) -> Any:
    database = open_database(url)
    try:
        return database.read_now(query)
    finally:
        database.close()


def test_a_commons_whose_server_is_away_at_the_start_says_so(durable: Server, home: Path) -> None:
    from affouage.errors import DatabaseUnusable

    url = durable.fresh("absent")
    durable.stop()
    try:
        read = settings.read({"AFFOUAGE_DATABASE_URL": url}, home=home)
        with pytest.raises(DatabaseUnusable, match="cannot be reached"), serving(read, engines=[EchoEngine()]):
            pass
    finally:
        durable.start()
    with serving(read, engines=[EchoEngine()]) as live:
        assert live.api_key()

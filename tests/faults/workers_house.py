"""A commons of several gateway processes for faults: `affouage up --workers`, on a real PostgreSQL and a real broker.

    with workers_house(tmp_path, pg_url, workers=2) as house:
        answer = await house.ask(40)               # "compte jusqu'à 40", streamed
        house.gateways()[0].kill()                 # kill -9

The machine's engine is another server: a commons of its own, in this process, whose model counts (:mod:`.counting`).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import psutil

from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Role
from affouage.clock import SystemClock
from affouage.errors import NotFound
from affouage.ledger import ledger as books
from affouage.ledger.receipt import Receipt
from affouage.settings import read
from affouage.storage import Database, gateways, open_database
from affouage.storage.gateways import Present
from affouage.testing import serving
from tests.brokers import free_port
from tests.faults.counting import CountingEngine
from tests.faults.pool_house import Answer, take_line
from tests.journeys.test_up import Running, up

MODEL = "counting"
OTHER = "counting-too"
KEY_ENV = "COUNTING_KEY"


class WorkersHouse:
    def __init__(self, home: Path, database: Database, running: Running, url: str, environ: dict[str, str]) -> None:
        self.home = home
        self.environ = {**os.environ, "AFFOUAGE_HOME": str(home), **environ}
        self.db = database
        self.running = running
        self.url = url
        self.accounts = Accounts(database, SystemClock())

    @property
    def supervisor(self) -> psutil.Process:
        return psutil.Process(self.running.process.pid)

    def present(self) -> list[Present]:
        """The rows of the gateways, by number; one that was killed has its row for some seconds."""
        return sorted(self.db.read_now(gateways.everybody), key=lambda one: one.number)

    def process(self, number: int) -> psutil.Process:
        """The process of a gateway that is there now."""
        return psutil.Process([one for one in self.present() if one.number == number][-1].pid)

    def door(self, number: int) -> httpx.HTTPTransport:
        """To one gateway, by the socket at which the others speak with it."""
        (there,) = [one for one in self.present() if one.number == number]
        return httpx.HTTPTransport(uds=str(self.home / "run" / f"gateway-{there.id}.sock"))

    def client(self, number: int, key: str) -> httpx.Client:
        """A program that only ever speaks with that gateway."""
        headers = {"authorization": f"Bearer {key}"}
        return httpx.Client(
            base_url=self.url, transport=self.door(number), headers=headers, timeout=60, trust_env=False
        )

    def api_key(self, name: str = "Odile", role: Role = Role.MEMBER, *scopes: str) -> str:
        async def make() -> str:
            try:
                who = await self.accounts.find(name)
            except NotFound:
                who, _ = await self.accounts.add_member(name, role, "fr")
            _, text = await self.accounts.create_key(who, "tests", frozenset(scopes) or None, None)
            return text

        return asyncio.run(make())

    async def ask(
        self,
        http: aiohttp.ClientSession,
        key: str,
        upto: int,
        *,
        about: str = "",
        on_word: Callable[[int], None] = lambda _count: None,
        **more: Any,
    ) -> Answer:
        """One streamed chat, by whichever process takes the connection."""
        asked = f"{about} compte jusqu'à {upto}".strip()
        body = {"model": MODEL, "stream": True, "messages": [{"role": "user", "content": asked}], **more}
        answer, count = Answer(), 0
        try:
            async with http.post(
                f"{self.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {key}"}
            ) as response:
                answer.status = response.status
                answer.receipt_id = response.headers.get("x-affouage-receipt", "")
                if response.status != 200:
                    answer.error = (await response.json())["error"]["code"]
                    return answer
                async for line in response.content:
                    if take_line(answer, line.decode().strip()):
                        count += 1
                        on_word(count)
        except aiohttp.ClientError:
            answer.broken = True
        answer.broken = answer.broken or not (answer.complete or answer.error)
        return answer

    def receipt(self, receipt_id: str) -> Receipt:
        return self.db.read_now(lambda connection: books.find_receipt(connection, receipt_id, None))

    def verified(self) -> books.Verification:
        return self.db.read_now(books.verify)


@contextmanager
def workers_house(
    folder: Path,
    pg_url: str,
    *,
    workers: int = 2,
    slots: int = 8,
    word_ms: float = 10,
    settings: str = "",
    before: Callable[[Database], None] = lambda _db: None,
    **environ: str,
) -> Iterator[WorkersHouse]:
    """Serving, with one machine that counts. ``settings``: more of settings.toml. ``before``: in the empty books."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    (folder / "upstream").mkdir()
    engines = [CountingEngine(one, slots=slots, word_ms=word_ms) for one in (MODEL, OTHER)]
    database = open_database(pg_url)
    try:
        before(database)
        with serving(read({}, home=folder / "upstream"), engines=engines) as upstream:
            (home / "settings.toml").write_text(
                f'[database]\nurl = "{pg_url}"\n[engine]\ndefault_model = "{MODEL}"\n'
                f'[pool]\nlisten = "127.0.0.1:{free_port()}"\n'
                + "".join(
                    f'[[upstream]]\nid = "{one}"\nurl = "{upstream.url}/v1"\nmodel = "{one}"\nslots = {slots}\n'
                    f'key_env = "{KEY_ENV}"\n'
                    for one in (MODEL, OTHER)
                )
                + settings,
                encoding="utf-8",
            )
            more = {
                KEY_ENV: upstream.api_key(),
                "AFFOUAGE_FOOTPRINT_DECLARED_WATTS": "30",
                "AFFOUAGE_LANG": "en",
            } | environ
            words = ("--workers", str(workers), "--offline", "--no-question")
            with up(home, *words, port=free_port(), **more) as running:
                url = running.wait_for(r"serving on (http://127\.0\.0\.1:\d+)").group(1)
                try:
                    yield WorkersHouse(home, database, running, url, more)
                except BaseException:
                    print(running.output)
                    raise
                if running.process.poll() is None:
                    assert running.stop() == 0, running.output
    finally:
        database.close()


def family_of(pid: int) -> list[psutil.Process]:
    """A process with all it started."""
    first = psutil.Process(pid)
    return [first, *first.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]

"""A pool for faults: a real broker, a commons that serves over HTTP, machines that are programs of their own.

    async with pool_house(tmp_path) as house:
        await house.machines_of("atelier", "bureau")    # joined, approved, alive
        answer = await house.ask(40)                    # "compte jusqu'à 40", streamed

The machines count (:mod:`.counting`), so that a missing or repeated word is seen.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import msgspec
import pytest

from affouage.adapters import joining
from affouage.asgi.commons import Commons
from affouage.clock import SystemClock
from affouage.ledger.receipt import Receipt
from affouage.pool.nodes.dispatch import Dispatcher
from affouage.pool.nodes.identity import Enrolled, write_identity
from affouage.pool.nodes.node_view import NodeView
from affouage.settings import read
from affouage.testing import LiveCommons, serving
from tests.brokers import VERSIONS, Broker, running_broker
from tests.faults.link import Link, linked

T = TypeVar("T")

PATIENCE_S = 20.0
MEASURES = Path(__file__).parents[2] / ".cache" / "faults.jsonl"
"""What the tests measured, one line each: docs/reference/faults.md is written from it."""

LONG = pytest.mark.long
BOTH_BROKERS = pytest.mark.parametrize(
    "version", [VERSIONS[0], *(pytest.param(one, marks=LONG) for one in VERSIONS[1:])]
)
"""One broker in `make test`, the others in `make faults`."""
BOTH_BROKERS_LONG = pytest.mark.parametrize("version", VERSIONS)


def measured(test: str, **figures: float) -> None:
    """Keep a measure, with the date and how busy the machine was."""
    MEASURES.parent.mkdir(exist_ok=True)
    told = {name: round(figure, 3) for name, figure in figures.items()}
    row = {"at": time.strftime("%Y-%m-%d %H:%M"), "load": round(os.getloadavg()[0], 1), "test": test} | told
    with MEASURES.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print(row)


class Answer(msgspec.Struct):
    """What a client saw of one streamed answer. ``at_s``: when each piece came; ``error``: its code, "" for none."""

    status: int = 0
    text: str = ""
    finish: str | None = None
    done: bool = False
    error: str = ""
    broken: bool = False
    """The connection ended without either an end or an error."""
    notices: list[str] = []
    comments: list[str] = []
    receipt_id: str = ""
    at_s: list[float] = []

    @property
    def complete(self) -> bool:
        return self.finish is not None and self.done and not self.error

    @property
    def gaps_s(self) -> list[float]:
        """Between one piece and the next."""
        return [after - before for before, after in zip(self.at_s, self.at_s[1:], strict=False)]

    @property
    def longest_silence_s(self) -> float:
        return max(self.gaps_s, default=0.0)


class Machine:
    """A node as its owner runs it: `affouage node run`, with an engine that counts."""

    def __init__(
        self, name: str, node_id: str, home: Path, engines: list[dict[str, Any]], log: Path, through: Link | None
    ) -> None:
        self.name = name
        self.node_id = node_id
        self.home = home
        self.log = log
        self.model_id: str = engines[0]["model_id"]
        self._engines = engines
        self._through = [] if through is None else [f"nats://127.0.0.1:{through.port}"]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environ = {**os.environ, "AFFOUAGE_HOME": str(self.home), "AFFOUAGE_FOOTPRINT_DECLARED_WATTS": "30"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.counting_node", json.dumps(self._engines), *self._through],
                env=environ,
                stdout=log,
                stderr=log,
            )

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def said(self) -> list[str]:
        """What it wrote so far, line by line."""
        return self.log.read_text(encoding="utf-8").splitlines()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait()

    def stop(self) -> None:
        if self.process is not None and self.running:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


class PoolHouse:
    def __init__(self, live: LiveCommons, broker: Broker, folder: Path, http: aiohttp.ClientSession) -> None:
        self.live = live
        self.broker = broker
        self.folder = folder
        self.http = http
        self.machines: list[Machine] = []
        self.key = live.api_key("Odile")

    async def machine(
        self,
        name: str,
        *,
        word_ms: float = 20,
        slots: int = 4,
        model_id: str = "counting",
        file: str = "c0" * 32,
        word: str = "mot",
        through: Link | None = None,
        also: Sequence[dict[str, Any]] = (),
    ) -> Machine:
        """Invited, joined, approved, running, seen by the commons. ``also``: other engines it has."""
        home = self.folder / name
        held = await self.joined(name)
        write_identity(home, held)
        engine = {"model_id": model_id, "slots": slots, "word_ms": word_ms, "file": file, "word": word}
        engines = [engine, *also]
        made = Machine(name, held.node_id, home, engines, self.folder / f"{name}.log", through)
        self.machines.append(made)
        made.start()
        await self.until_there(made)
        return made

    async def machines_of(self, *names: str, **more: Any) -> list[Machine]:
        """Several, at once."""
        return list(await asyncio.gather(*(self.machine(name, **more) for name in names)))

    async def joined(self, name: str) -> Enrolled:
        """By the door of the commons for machines, and approved: what the machine then holds."""
        enrolment, clock = self.live.commons.enrolment, SystemClock()
        invitation = await self._run(enrolment.invite(None, None))
        asked = await joining.ask(joining.new_machine(self.live.url, name, name), invitation.secret, clock)
        await self._run(enrolment.approve(None, asked.node_id))
        return await joining.renewed(asked, clock)

    async def revoke(self, node_id: str) -> None:
        """As a steward does."""
        await self._run(self.live.commons.enrolment.revoke(None, node_id))

    async def until_there(self, machine: Machine, there: bool = True) -> None:
        """Raises AssertionError when its program has ended instead, with what it said."""

        def look() -> bool:
            assert not there or machine.running, machine.log.read_text()[-2000:]
            return self.is_there(machine) == there

        await until(look)

    def look(self, at: Callable[[Commons], T]) -> T:
        """What the commons says of itself, asked on its own loop: it is at work meanwhile."""

        async def there() -> T:
            return at(self.live.commons)

        return self.live.run(there())

    def offered(self, model_id: str, node_id: str) -> bool:
        """Can that machine be given a request for the model?"""
        stations = self.look(lambda commons: commons.pool.stations(model_id))
        return any(one.node_id == node_id and one.slots for one in stations)

    def is_there(self, machine: Machine) -> bool:
        return self.offered(machine.model_id, machine.node_id)

    async def ask(
        self,
        upto: int,
        *,
        model: str = "counting",
        on_word: Callable[[int], None] = lambda _count: None,
        key: str = "",
        about: str = "",
        **more: Any,
    ) -> Answer:
        """One streamed chat. ``on_word``: told how many pieces have come. ``about``: makes it another conversation."""
        body = {
            "model": model,
            "stream": True,
            "messages": [{"role": "user", "content": f"{about} compte jusqu'à {upto}".strip()}],
            **more,
        }
        headers = {"Authorization": f"Bearer {key or self.key}"}
        answer, count = Answer(), 0
        try:
            async with self.http.post(f"{self.live.url}/v1/chat/completions", json=body, headers=headers) as response:
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

    def nodes(self) -> list[NodeView]:
        """The machines as the commons sees them."""
        return self.look(lambda commons: dispatcher_of(commons).nodes())

    def runs_of(self, node_id: str) -> list[str]:
        """Answers that this machine gives now."""
        links = self.look(lambda commons: [(one.record.id, dict(one.runs)) for one in dispatcher_of(commons).links()])
        return [rid for name, runs in links if name == node_id for rid, run in runs.items() if run.work == "generate"]

    async def receipts(self) -> list[Receipt]:
        """Everything that was settled, every attempt of it."""
        who = await self._run(self.live.commons.accounts.find("Odile"))
        return await self._run(self.live.commons.ledger.receipts(who.id, limit=1000))

    @asynccontextmanager
    async def link(self) -> AsyncIterator[Link]:
        """To the broker; a machine made ``through`` it can be cut off."""
        async with linked(self.broker.listen.port) as link:
            yield link

    async def _run(self, work: Any) -> Any:
        return await asyncio.to_thread(self.live.run, work)


def dispatcher_of(commons: Commons) -> Dispatcher:
    assert commons.dispatcher is not None
    return commons.dispatcher


def take_line(answer: Answer, line: str) -> bool:
    """Note a line of the stream; whether it brought text."""
    if line.startswith(":"):
        answer.comments.append(line[1:].strip())
    if not line.startswith("data: "):
        return False
    if line == "data: [DONE]":
        answer.done = True
        return False
    chunk = json.loads(line[6:])
    if "error" in chunk:
        answer.error = chunk["error"]["code"]
        return False
    answer.notices += chunk.get("affouage", {}).get("notices", [])
    for choice in chunk.get("choices", []):
        answer.finish = choice.get("finish_reason") or answer.finish
        text = choice.get("delta", {}).get("content")
        if text:
            answer.text += text
            answer.at_s.append(time.monotonic())
            return True
    return False


async def until(found: Callable[[], Any], timeout_s: float = PATIENCE_S) -> Any:
    """What ``found`` gives once it is true."""
    async with asyncio.timeout(timeout_s):
        while not (value := found()):  # noqa: ASYNC110 - what is waited for is another program's doing
            await asyncio.sleep(0.02)
    return value


@asynccontextmanager
async def pool_house(
    folder: Path,
    *,
    version: str = "2.15.1",
    engines: tuple[Any, ...] = (),
    record: Callable[[Link], None] | None = None,
    **environ: str,
) -> AsyncIterator[PoolHouse]:
    """A commons without a model of its own (or with ``engines``), on a broker of that version.

    ``record``: given a link by which everything to and from the broker then passes.
    """
    async with running_broker(version, folder) as broker, linked(broker.listen.port) as link:
        url = broker.url
        if record is not None:
            record(link)
            url = f"nats://127.0.0.1:{link.port}"
        settings = read({"AFFOUAGE_POOL_URL": url, **environ}, home=broker.home)
        with serving(settings, engines=list(engines)) as live:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as http:
                house = PoolHouse(live, broker, folder, http)
                try:
                    yield house
                finally:
                    for machine in house.machines:
                        machine.stop()

"""A machine that is lent, whole: its home, its identity, a real broker, and the program its owner starts."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from affouage.clock import SystemClock
from affouage.errors import Conflict, HomeInUse, NotFound
from affouage.node_app import serve_node
from affouage.pool.engine import Engine
from affouage.pool.nodes import nkey
from affouage.pool.nodes.identity import Enrolled, write_identity
from affouage.pool.nodes.node_state import Ended, read_state
from affouage.pool.nodes.policy import with_changes
from affouage.pool.nodes.policy_file import KeptPolicy, PolicyFile
from affouage.pool.nodes.sealing import Seal, new_key, public_of
from affouage.pool.nodes.signing import verified
from affouage.pool.nodes.wire import Piece, Resend
from affouage.settings import read
from affouage.testing import EchoEngine, FixedMeter
from tests.brokers import VERSIONS, Broker, running_broker, until
from tests.integration.node_bench import NODE_ID, Commons, asked

LONG = " ".join(str(number) for number in range(300))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


class Watcher:
    """What the owner sees."""

    def __init__(self) -> None:
        self.saw: list[str] = []
        self.served: list[Ended] = []

    def starts(self, enrolled: Enrolled, models: tuple[str, ...]) -> None:
        self.saw.append(f"starts {' '.join(models)}")

    def link(self, connected: bool, problem: str) -> None:
        self.saw.append("connected" if connected else "cut")

    def ended(self, ended: Ended) -> None:
        self.served.append(ended)

    def leaves(self, running: int) -> None:
        self.saw.append(f"leaves {running}")


class Place:
    """A home that joined the commons of ``broker``."""

    def __init__(self, home: Path, broker: Broker, *, state: Any = "approved") -> None:
        self.home = home
        self.key = nkey.new_key("user")
        box, commons_box = new_key(), new_key()
        self.seal = Seal(commons_box, public_of(box))
        self.owner = Watcher()
        self.leaving = asyncio.Event()
        write_identity(
            home,
            Enrolled(
                state=state,
                node_id=NODE_ID,
                name="atelier",
                machine_id="tower",
                commons_url="https://127.0.0.1:9",  # nobody is there: the credential is not renewed
                public_key=self.key.public,
                seed=self.key.seed,
                box_private=box.hex(),
                bus_url=broker.url,
                jwt=broker.node_credentials(NODE_ID, key=self.key).jwt,
                commons_box_key=public_of(commons_box).hex(),
            ),
        )

    @asynccontextmanager
    async def serving(self, *engines: Engine) -> AsyncIterator[asyncio.Task[None]]:
        meter = FixedMeter(SystemClock(), idle_uw=0)
        work = serve_node(read({}, self.home), self.owner, self.leaving, engines=engines, meter=meter)
        task = asyncio.create_task(work)
        try:
            yield task
        finally:
            self.leaving.set()
            await asyncio.wait([task])

    async def commons(self, broker: Broker) -> Commons:
        commons = Commons(await broker.gateway(), self.seal)
        await commons.listen()
        return commons


@pytest.mark.parametrize("version", VERSIONS)
def test_it_serves_by_a_real_broker_and_what_a_dead_one_lost_comes_again(version: str, tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(version, tmp_path) as broker:
            place = Place(tmp_path / "home", broker)
            commons = await place.commons(broker)
            async with place.serving(EchoEngine(word_ms=10)):
                await commons.heartbeat(lambda beat: [one.model_id for one in beat.models] == ["echo"], within_s=10)
                async with commons.wanting("r1"):
                    commons.say(asked("r1", LONG))
                    await commons.until(lambda: len(commons.chunks("r1")) > 20)
                    broker.kill()
                    await broker.start()
                    await until(lambda: commons.bus.connected and place.owner.saw[-1] == "connected")
                    fin = await commons.fin("r1")
                    commons.say(Resend(rid="r1", attempt=1, seq=0))
                    await commons.until(lambda: {one.seq for one in commons.chunks("r1")} == set(range(fin.count)))
                by_seq = {one.seq: one for one in commons.chunks("r1")}
                pieces = [event for seq in sorted(by_seq) for event in by_seq[seq].events if isinstance(event, Piece)]
                assert "".join(one.text or "" for one in pieces) == LONG
                assert fin.problem == ""
                assert all(verified(one.block, place.key.public) for one in fin.blocks)
                assert any("r1" in one.block.parts for one in fin.blocks)
                commons.keep_all()
                assert place.owner.served[0].decoded_tokens == 300
                await until(lambda: (state := read_state(place.home)) is not None and state.in_all.requests == 1)
            assert place.owner.saw[:2] == ["starts echo", "connected"]
            assert place.owner.saw[-1] == "leaves 0"
            assert b"17 18 19" not in b"".join(commons.raw), "the broker sees nothing of it"

    run(work())


def test_the_broker_away_is_said_and_awaited(tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            place = Place(tmp_path / "home", broker)
            commons = await place.commons(broker)
            await broker.stop()
            async with place.serving(EchoEngine()):
                await until(lambda: place.owner.saw == ["starts echo", "cut"])
                await broker.start()
                await commons.heartbeat(within_s=10)
                assert place.owner.saw[-1] == "connected"

    run(work())


def test_what_was_not_kept_is_told_by_the_next_start(tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            place = Place(tmp_path / "home", broker)
            commons = await place.commons(broker)
            async with place.serving(EchoEngine()):
                await commons.heartbeat(within_s=10)
                commons.say(asked("r1"))
                fin = await commons.fin("r1")
            told = {one.block.id for one in fin.blocks}
            place.leaving = asyncio.Event()
            commons.sent.clear()
            async with place.serving(EchoEngine()):
                await commons.until(lambda: told <= {b.block.id for one in commons.blocks() for b in one.blocks}, 15)
                commons.keep_all()
                await until(lambda: not list((place.home / "node" / "blocks").glob("*.block")))

    run(work())


def test_asked_twice_it_stops_at_once_and_tells_the_end_of_what_ran(tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            place = Place(tmp_path / "home", broker)
            commons = await place.commons(broker)
            async with place.serving(EchoEngine(word_ms=100)) as task:
                await commons.heartbeat(within_s=10)
                async with commons.wanting("r1"):
                    commons.say(asked("r1", LONG))
                    await commons.until(lambda: commons.text("r1"))
                    place.leaving.set()
                    await commons.heartbeat(lambda beat: beat.closed == "draining")
                    assert not task.done(), "what runs is finished first"
                    commons.keep_all()
                    task.cancel()
                    assert (await commons.fin("r1", within_s=5)).problem == "node_stopped"
                async with asyncio.timeout(5):
                    await asyncio.wait([task])
            assert task.cancelled()

    run(work())


def test_who_may_not_serve_is_told_why(tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            settings, leaving = read({}, tmp_path / "nobody"), asyncio.Event()
            with pytest.raises(NotFound, match="joined"):
                await serve_node(settings, Watcher(), leaving, engines=[])
            place = Place(tmp_path / "waits", broker, state="asked")
            with pytest.raises(Conflict, match="approved"):
                await serve_node(read({}, place.home), place.owner, leaving, engines=[])
            place = Place(tmp_path / "twice", broker)
            async with place.serving(EchoEngine()):
                await until(lambda: bool(place.owner.saw))
                with pytest.raises(HomeInUse):
                    await serve_node(read({}, place.home), Watcher(), leaving, engines=[])

    run(work())


# --- the owner's own command ------------------------------------------------------------------------------------------


async def _start(home: Path, *words: str) -> asyncio.subprocess.Process:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AFFOUAGE_")}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "affouage",
        "node",
        *words,
        env={**kept, "AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "fr"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _event(process: asyncio.subprocess.Process) -> dict[str, Any]:
    assert process.stdout is not None
    async with asyncio.timeout(30):
        line = await process.stdout.readline()
    assert line, (await process.communicate())[1].decode()
    found: dict[str, Any] = json.loads(line)
    return found


def test_node_run_obeys_its_owner_and_stops_in_order(tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            place = Place(tmp_path / "home", broker)
            commons = await place.commons(broker)
            process = await _start(place.home, "run", "--json")
            try:
                assert (await _event(process))["event"] == "started"
                assert (await _event(process))["event"] == "connected"
                await commons.heartbeat(lambda beat: beat.closed == "")
                pausing = await _start(place.home, "pause", "--json")
                said, _ = await pausing.communicate()
                assert json.loads(said)["paused"] is True
                await commons.heartbeat(lambda beat: beat.closed == "paused")
                status = await _start(place.home, "status")
                said, _ = await status.communicate()
                assert "atelier" in said.decode()
                assert "en pause" in said.decode()
                process.send_signal(signal.SIGTERM)
                await commons.heartbeat(lambda beat: beat.closed == "draining")
                assert await _event(process) == {"event": "stopping", "running": 0}
                assert await _event(process) == {"event": "stopped"}
                async with asyncio.timeout(15):
                    assert await process.wait() == 0
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    run(work())


def test_a_change_made_before_serving_is_there_when_it_serves(tmp_path: Path) -> None:
    async def work() -> None:
        async with running_broker(VERSIONS[0], tmp_path) as broker:
            place = Place(tmp_path / "home", broker)
            setting = await _start(place.home, "set", "--models", "other", "--max-share", "50", "--no-owner-first")
            assert await setting.wait() == 0
            assert PolicyFile(place.home).now() == KeptPolicy(
                policy=with_changes(KeptPolicy().policy, models=("other",), max_share_percent=50, owner_first=False)
            )
            commons = await place.commons(broker)
            async with place.serving(EchoEngine(), EchoEngine("other")):
                beat = await commons.heartbeat(within_s=10)
                assert [one.model_id for one in beat.models] == ["other"]

    run(work())

"""The machine of a member at work: what a run says, how it ends, what is sent again."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from affouage.chat import ChatRequest, EngineEvent
from affouage.errors import EngineLoading
from affouage.pool.nodes.signing import verified
from affouage.pool.nodes.wire import (
    Ack,
    Cancel,
    Chunk,
    Done,
    Exact,
    Kept,
    Piece,
    Progress,
    Resend,
    Turn,
    Vectors,
)
from affouage.testing import EchoEngine
from tests.integration.node_bench import asked, node_at_work

LONG = " ".join(str(number) for number in range(400))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_a_run_comes_whole_in_order_and_counted(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            house.meter.count(5_000_000)
            commons.say(asked("r1"))
            fin = await commons.fin("r1")
            assert commons.text("r1") == "un deux trois"
            assert [one.seq for one in commons.chunks("r1")] == list(range(fin.count))
            assert fin.seq == fin.count
            assert fin.sha256 == hashlib.sha256(b"un deux trois").hexdigest()
            assert fin.problem == ""
            events = commons.events("r1")
            assert isinstance(events[0], Progress)
            done = events[-1]
            assert isinstance(done, Done)
            assert (done.prompt, done.decoded) == (5, 3)
            assert [one.finish for one in events if isinstance(one, Piece) and one.finish] == ["stop"]

    run(work())


def test_energy_of_a_run_is_signed_and_stays_until_it_is_kept(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=20)) as (house, commons):
            commons.say(asked("r1", "a b c d e f g h i j"))
            await commons.until(lambda: commons.text("r1"))
            house.meter.count(7_000_000)
            fin = await commons.fin("r1")
            assert fin.energy.interval_uj is not None
            assert fin.energy.interval_uj.central == 7_000_000
            (block,) = [one.block for one in fin.blocks if "r1" in one.block.parts]
            assert sum(block.parts["r1"][:2]) == 7_000_000
            assert verified(block, house.key.public)
            files = list((tmp_path / "node" / "blocks").iterdir())
            assert {one.block.id for one in fin.blocks} <= {one.stem for one in files}
            commons.say(Kept(block_ids=tuple(one.block.id for one in fin.blocks)))
            await commons.heartbeat(lambda _: len(house.spool) == 0)
            assert list((tmp_path / "node" / "blocks").iterdir()) == []
            (told,) = house.told
            assert (told.model_id, told.decoded_tokens, told.energy_uj, told.own) == ("echo", 10, 7_000_000, False)

    run(work())


def test_what_is_not_kept_is_offered_again_by_the_next_start(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            commons.say(asked("r1"))
            fin = await commons.fin("r1")
            house.bus.cut()  # type: ignore[attr-defined]
        left = {one.stem for one in (tmp_path / "node" / "blocks").iterdir()}
        assert {one.block.id for one in fin.blocks} < left, "the last block, of the clean end, is there too"
        async with node_at_work(tmp_path) as (house, commons):
            await commons.until(lambda: commons.blocks())
            offered = {one.block.id for message in commons.blocks() for one in message.blocks}
            assert left <= offered
            commons.say(Kept(block_ids=tuple(offered)))
            await commons.until(lambda: not (left & {one.stem for one in (tmp_path / "node" / "blocks").iterdir()}))

    run(work())


def test_after_a_sudden_stop_the_meter_goes_on_from_the_last_block_written(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path / "home") as (house, commons):
            house.meter.count(5_000_000)
            commons.say(asked("r1"))
            await commons.fin("r1")
            shutil.copytree(tmp_path / "home", tmp_path / "killed")  # as a kill -9 leaves it
        async with node_at_work(tmp_path / "killed", counter_uj=9_000_000) as (house, commons):
            commons.say(asked("r2"))
            await commons.fin("r2")
            (found,) = [one.block for fin in commons.fins("r2") for one in fin.blocks if "gap" in one.block.flags]
            assert found.energy_uj == 4_000_000
            assert found.parts.get("r2", (0, 0, 0))[0] == 0
        async with node_at_work(tmp_path / "home", counter_uj=9_000_000) as (house, commons):
            commons.say(asked("r3"))
            fin = await commons.fin("r3")
            assert sum(one.block.energy_uj for one in fin.blocks if "r3" in one.block.parts) == 0, "it ended in order"

    run(work())


def test_played_again_it_is_not_run_again_and_an_older_attempt_neither(tmp_path: Path) -> None:
    async def work() -> None:
        engine = EchoEngine(word_ms=2)
        async with node_at_work(tmp_path, engine) as (house, commons):
            commons.say(asked("r1", attempt=2))
            commons.say(asked("r1", attempt=2))
            commons.say(asked("r1", attempt=1))
            await commons.fin("r1")
            commons.say(Ack(rid="r1", attempt=2))
            commons.say(asked("r1", attempt=2))
            await commons.heartbeat(lambda _: house.agent.inbox.dropped["played again"] == 3)
            assert len(engine.seen) == 1
            assert len(commons.fins("r1")) == 1

    run(work())


def test_a_newer_attempt_takes_the_place_of_the_older(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=5)) as (_, commons):
            commons.say(asked("r1", LONG))
            await commons.until(lambda: commons.text("r1"))
            commons.say(asked("r1", attempt=2))
            await commons.until(lambda: len(commons.fins("r1")) == 2)
            assert [(one.attempt, one.problem) for one in commons.fins("r1")] == [(1, "superseded"), (2, "")]

    run(work())


def test_resend_gives_the_same_bytes_and_works_no_more(tmp_path: Path) -> None:
    async def work() -> None:
        engine = EchoEngine(word_ms=1)
        async with node_at_work(tmp_path, engine) as (_, commons):
            commons.say(asked("r1", "a b c d e f g h"))
            fin = await commons.fin("r1")
            said = [raw for raw, one in zip(commons.raw, commons.sent, strict=True) if getattr(one, "rid", "") == "r1"]
            assert len(said) == fin.count + 1
            before = len(commons.raw)
            commons.say(Resend(rid="r1", attempt=1, seq=2))
            await commons.until(lambda: len(commons.fins("r1")) == 2)
            again = [
                raw
                for raw, one in zip(commons.raw[before:], commons.sent[before:], strict=True)
                if getattr(one, "rid", "") == "r1"
            ]
            assert again == said[2:]
            assert len(engine.seen) == 1
            commons.say(Ack(rid="r1", attempt=1))
            commons.say(Resend(rid="r1", attempt=1, seq=0))
            await commons.until(lambda: len(commons.fins("r1")) == 3)
            assert commons.fins("r1")[-1].problem == "refused:unknown_run"

    run(work())


def test_what_is_lost_while_the_link_is_cut_is_sent_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=2)) as (house, commons):
            commons.say(asked("r1", LONG))
            await commons.until(lambda: len(commons.chunks("r1")) > 5)
            house.bus.cut()  # type: ignore[attr-defined]
            await asyncio.sleep(0.2)
            house.bus.mend()  # type: ignore[attr-defined]
            seen = commons.chunks("r1")[-1].seq
            await commons.until(lambda: commons.chunks("r1")[-1].seq > seen + 1)
            commons.say(Resend(rid="r1", attempt=1, seq=seen + 1))
            await commons.fin("r1")
            by_seq = {one.seq: one for one in commons.chunks("r1")}
            fin = commons.fins("r1")[-1]
            assert sorted(by_seq) == list(range(fin.count))
            text = "".join(
                event.text or "" for seq in sorted(by_seq) for event in by_seq[seq].events if isinstance(event, Piece)
            )
            assert text == LONG

    run(work())


@pytest.mark.alone
def test_cancel_stops_the_engine_within_200_ms_and_tells_what_was_used(tmp_path: Path) -> None:
    async def work() -> None:
        engine = _Rested(word_ms=10)
        async with node_at_work(tmp_path, engine) as (house, commons):
            commons.say(asked("r1", LONG))
            await commons.until(lambda: commons.text("r1"))
            loop = asyncio.get_running_loop()
            began_s = loop.time()
            commons.say(Cancel(rid="r1", attempt=1))
            await engine.at_rest.wait()
            assert loop.time() - began_s < 0.2
            fin = await commons.fin("r1")
            assert fin.problem == "cancelled"
            assert fin.energy.interval_uj is not None
            assert house.agent.runs.rids == ()
            commons.say(Cancel(rid="never", attempt=1))
            assert (await commons.fin("never")).problem == "refused:unknown_run"
            commons.say(asked("never"))
            await commons.heartbeat(lambda _: house.agent.inbox.dropped["played again"] == 1)

    run(work())


class _Rested(EchoEngine):
    """``at_rest``: its generator was closed."""

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.at_rest = asyncio.Event()

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        async with aclosing(super().generate(request)) as events:
            try:
                async for event in events:
                    yield event
            finally:
                self.at_rest.set()


def test_cancel_on_the_heels_of_the_run_still_tells_its_end(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(slots=1, word_ms=5)) as (_, commons):
            for number in range(20):
                commons.say(asked(f"r{number}", LONG))
                commons.say(Cancel(rid=f"r{number}", attempt=1))
                assert (await commons.fin(f"r{number}")).problem == "cancelled"

    run(work())


def test_render_and_embed(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, _Embedder()) as (_, commons):
            commons.say(asked("r1", work="render"))
            fin = await commons.fin("r1")
            assert commons.events("r1") == [Exact("user: un deux trois\nassistant:")]
            assert (fin.problem, fin.energy.interval_uj, fin.blocks) == ("", None, ())
            inputs = tuple(str(number) for number in range(900))
            commons.say(asked("r2", work="embed", kind="embedding", messages=(), inputs=inputs))
            fin = await commons.fin("r2")
            got = [row for one in commons.events("r2") if isinstance(one, Vectors) for row in one.vectors]
            assert fin.problem == ""
            assert [row[0] for row in got] == [float(one) for one in inputs]
            assert commons.events("r2")[-1] == Done(prompt=900, cached=0, decoded=0)

    run(work())


class _Embedder(EchoEngine):
    async def embed(self, inputs: tuple[str, ...]) -> tuple[list[list[float]], int]:
        return [[float(one)] * 1024 for one in inputs], len(inputs)


def test_loading_breathes_then_answers(tmp_path: Path) -> None:
    async def work() -> None:
        engine = _Slow(word_ms=1)
        async with node_at_work(tmp_path, engine) as (_, commons):
            commons.say(asked("r1"))
            await commons.until(lambda: any(not one.events for one in commons.chunks("r1")))
            assert not commons.text("r1")
            engine.ready.set()
            assert (await commons.fin("r1")).problem == ""
            assert commons.text("r1") == "un deux trois"

    run(work())


class _Slow(EchoEngine):
    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.ready = asyncio.Event()

    async def ensure_ready(self, wait_ms: int) -> None:
        try:
            async with asyncio.timeout(wait_ms / 1000):
                await self.ready.wait()
        except TimeoutError:
            raise EngineLoading(self.model_id, progress=None, retry_after_s=2) from None


def test_what_goes_wrong_is_told_by_its_code_and_figures(tmp_path: Path) -> None:
    async def work() -> None:
        dying = EchoEngine("dying", word_ms=1)
        dying.fail_after_words = 2
        engines = [EchoEngine(context_tokens=10), dying, _Odd("odd")]
        async with node_at_work(tmp_path, *engines) as (_, commons):
            commons.say(asked("r1", LONG))
            fin = await commons.fin("r1")
            assert fin.problem == "context_length_exceeded"
            assert fin.numbers == {"prompt_tokens": 402, "context_tokens": 10}
            commons.say(asked("r2", "a b c d", model_id="dying"))
            fin = await commons.fin("r2")
            assert fin.problem == "engine_failed"
            assert commons.text("r2") == "a b"
            assert fin.sha256 == hashlib.sha256(b"a b").hexdigest()
            commons.say(asked("r3", model_id="odd"))
            assert (await commons.fin("r3")).problem == "engine_failed"

    run(work())


class _Odd(EchoEngine):
    async def render(self, request: ChatRequest) -> str | None:
        raise RuntimeError(f"the prompt was {request}")

    def _render(self, request: ChatRequest) -> str:
        raise RuntimeError(f"the prompt was {request}")


def test_unforeseen_faults_are_logged_without_the_question(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, _Odd("odd")) as (_, commons):
            commons.say(asked("r1", "un secret", model_id="odd"))
            await commons.fin("r1")

    run(work())
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.alone
def test_a_burst_goes_in_few_messages(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=0, context_tokens=100_000)) as (_, commons):
            words = " ".join(str(number) for number in range(5000))
            commons.say(asked("r1", words))
            fin = await commons.fin("r1")
            assert commons.text("r1") == words
            assert fin.count < 5000

    run(work())


def test_chunks_tell_what_was_spent(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=20)) as (house, commons):
            commons.say(asked("r1", " ".join("abc" * 30)))
            await commons.until(lambda: commons.text("r1"))
            house.meter.count(3_000_000)
            await commons.until(lambda: isinstance(commons.sent[-1], Chunk) and commons.sent[-1].spent_uj == 3_000_000)

    run(work())


def test_a_turn_with_an_image_or_a_path_goes_nowhere(tmp_path: Path) -> None:
    async def work() -> None:
        engine = EchoEngine()
        async with node_at_work(tmp_path, engine) as (_, commons):
            image = [{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}]
            commons.say(asked("r1", messages=(Turn("user", image),)))
            commons.say(asked("r2", options={"grammar": "root ::= x"}))
            commons.say(asked("r3", options={"chat_template": "{{ x }}"}))
            for rid in ("r1", "r2", "r3"):
                assert (await commons.fin(rid)).problem == "refused:invalid_request"
            assert engine.seen == []

    run(work())

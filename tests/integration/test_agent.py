"""The machine of a member at work: runs, their order, their end, what the owner lends."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import AsyncGenerator, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from affouage.chat import ChatRequest, EngineEvent
from affouage.errors import EngineLoading
from affouage.pool.nodes.policy import with_changes
from affouage.pool.nodes.signing import verified
from affouage.pool.nodes.wire import (
    Ack,
    Cancel,
    Chunk,
    Done,
    Exact,
    Kept,
    Piece,
    Policy,
    Progress,
    Renew,
    Resend,
    SetPolicy,
    Turn,
    Vectors,
)
from affouage.testing import EchoEngine, ManualClock
from tests.integration.node_bench import House, asked, node_at_work

LONG = " ".join(str(number) for number in range(400))


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def set_policy(house: House, **changes: object) -> None:
    """As the command line does, in a process of its own."""
    house.policy.change(lambda kept: msgspec.structs.replace(kept, policy=with_changes(kept.policy, **changes)))


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


def test_nobody_renews_it_the_machine_stops(tmp_path: Path) -> None:
    async def work() -> None:
        clock, engine = ManualClock(), EchoEngine(word_ms=5)
        async with node_at_work(tmp_path, engine, clock=clock, metered=False) as (house, commons):
            await house.metering.cut()
            for rid in ("kept", "lost"):
                commons.say(asked(rid, LONG))
                await commons.until(lambda rid=rid: commons.text(rid))
            for _ in range(3):
                clock.advance(ms=1900)
                await house.metering.cut()
                commons.say(Renew(runs=("kept",)))
                await commons.heartbeat(lambda beat: beat.at_ms == clock.now_ms())
            assert set(house.agent.runs.rids) == {"kept", "lost"}
            clock.advance(ms=400)
            await commons.until(lambda: engine.in_flight == 1)
            clock.advance(ms=1000)
            await commons.heartbeat(lambda beat: beat.models[0].used == 1)
            await house.metering.cut()
            fin = await commons.fin("lost")
            assert fin.problem == "lease_lost"
            assert commons.chunks("kept")[-1].seq < 400
            assert house.agent.runs.rids == ("kept",)
            commons.say(Cancel(rid="kept", attempt=1))
            await commons.until(lambda: engine.in_flight == 0)
            clock.advance(ms=1000)
            await commons.heartbeat(lambda beat: beat.models[0].used == 0)
            await house.metering.cut()

    run(work())


def test_a_clock_wrong_by_a_day_changes_nothing(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, clock=_Late()) as (_, commons):
            commons.say(asked("r1", at_ms=4_000_000_000_000))
            assert (await commons.fin("r1")).problem == ""

    run(work())


class _Late:
    """The right pace, the wrong day, put back by an hour at each look."""

    def __init__(self) -> None:
        self._now_ms = 1_000_000_000

    def now_ms(self) -> int:
        self._now_ms -= 3_600_000
        return self._now_ms

    def monotonic_us(self) -> int:
        return int(asyncio.get_running_loop().time() * 1e6)


def test_places_are_never_exceeded_and_the_owner_gets_the_next(tmp_path: Path) -> None:
    async def work() -> None:
        engine = EchoEngine(slots=2, word_ms=5)
        async with node_at_work(tmp_path, engine) as (_, commons), commons.wanting("a", "b", "mine"):
            commons.say(asked("a", LONG))
            commons.say(asked("b", LONG))
            commons.say(asked("c"))
            assert (await commons.fin("c")).problem == "refused:node_busy"
            commons.say(asked("mine", own=True))
            beat = await commons.heartbeat(lambda beat: beat.closed == "owner")
            assert beat.models[0].used == 2
            assert set(beat.running) == {"a", "b", "mine"}
            commons.say(asked("d"))
            assert (await commons.fin("d")).problem == "refused:node_busy"
            await commons.until(lambda: any(not one.events for one in commons.chunks("mine")))  # it says it waits
            assert engine.in_flight == 2, "nobody is put out for the owner"
            commons.say(Cancel(rid="a", attempt=1))
            assert (await commons.fin("mine")).problem == ""
            assert commons.text("mine") == "un deux trois"
            await commons.heartbeat(lambda beat: beat.closed == "")

    run(work())


def test_without_owner_first_he_is_one_of_all(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(slots=1, word_ms=5)) as (house, commons):
            set_policy(house, owner_first=False)
            await commons.heartbeat(lambda beat: not beat.policy.owner_first)
            commons.say(asked("a", LONG))
            commons.say(asked("mine", own=True))
            assert (await commons.fin("mine")).problem == "refused:node_busy"

    run(work())


def test_closed_to_others_is_open_to_the_owner(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            for number, (changes, reason) in enumerate(
                [
                    ({"paused": True}, "paused"),
                    ({"paused": False, "hours": (("20:00", "07:00"),)}, "hours"),
                    ({"hours": (), "power_cap_w": 100.0}, "power"),
                ]
            ):
                house.watts = 150.0
                set_policy(house, **changes)
                beat = await commons.heartbeat(lambda beat, reason=reason: beat.closed == reason, within_s=1.5)
                assert beat.models[0].slots == 2, "what the owner himself may use"
                commons.say(asked(f"other{number}"))
                assert (await commons.fin(f"other{number}")).problem == "refused:node_closed"
                commons.say(asked(f"own{number}", own=True))
                assert (await commons.fin(f"own{number}")).problem == ""
            house.watts = 99.0
            await commons.heartbeat(lambda beat: beat.closed == "" and beat.watts == 99.0)
            commons.say(asked("at-last".replace("-", "_")))
            assert (await commons.fin("at_last")).problem == ""

    run(work())


def test_what_is_shared_is_at_most_so_much_and_only_those_models(tmp_path: Path) -> None:
    async def work() -> None:
        engines = [EchoEngine(slots=4, word_ms=5), EchoEngine("other", slots=4)]
        async with node_at_work(tmp_path, *engines) as (house, commons):
            set_policy(house, max_share_percent=50, models=("echo",))
            beat = await commons.heartbeat(lambda beat: beat.policy.max_share_percent == 50)
            assert [one.model_id for one in beat.models] == ["echo"]
            for rid in ("a", "b", "c"):
                commons.say(asked(rid, LONG))
            assert (await commons.fin("c")).problem == "refused:node_busy"
            commons.say(asked("mine", own=True))
            assert (await commons.fin("mine")).problem == ""
            commons.say(asked("d", model_id="other"))
            commons.say(asked("e", model_id="nowhere"))
            commons.say(asked("f", model_id="other", own=True))
            assert (await commons.fin("d")).problem == "refused:unknown_model"
            assert (await commons.fin("e")).problem == "refused:unknown_model"
            assert (await commons.fin("f")).problem == ""

    run(work())


def test_the_pages_change_it_and_an_old_message_does_not(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            commons.say(SetPolicy(policy=Policy(paused=True), serial=4))
            await commons.heartbeat(lambda beat: beat.closed == "paused")
            set_policy(house, paused=False)
            await commons.heartbeat(lambda beat: beat.closed == "")
            commons.say(SetPolicy(policy=Policy(paused=True), serial=4))
            commons.say(asked("r1"))
            assert (await commons.fin("r1")).problem == ""
            assert house.policy.now().serial == 4

    run(work())


def test_a_damaged_policy_leaves_what_was_in_force(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path) as (house, commons):
            set_policy(house, paused=True)
            await commons.heartbeat(lambda beat: beat.closed == "paused")
            house.policy.path.write_text("{", encoding="utf-8")
            await asyncio.sleep(0.3)
            commons.say(asked("r1"))
            assert (await commons.fin("r1")).problem == "refused:node_closed"

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


def test_leaving_says_so_finishes_what_runs_and_takes_nothing_new(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=2)) as (house, commons):
            commons.say(asked("r1", " ".join("abc" * 60)))
            await commons.until(lambda: commons.text("r1"))
            leaving = asyncio.create_task(house.agent.drain(10))
            beat = await commons.heartbeat(lambda beat: beat.closed == "draining")
            assert [one.slots for one in beat.models] == [0]
            commons.say(asked("r2", own=True))
            assert (await commons.fin("r2")).problem == "refused:node_closed"
            await leaving
            assert commons.fins("r1")[0].problem == ""
            assert len(commons.text("r1").split()) == 180

    run(work())


def test_leaving_in_a_hurry_stops_what_runs_and_tells_its_end(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=5)) as (house, commons):
            commons.say(asked("r1", LONG))
            await commons.until(lambda: commons.text("r1"))
            await house.agent.drain(0.1)
            assert (await commons.fin("r1")).problem == "node_stopped"

    run(work())


def test_a_burst_goes_in_few_messages(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=0, context_tokens=100_000)) as (_, commons):
            words = " ".join(str(number) for number in range(5000))
            commons.say(asked("r1", words))
            fin = await commons.fin("r1")
            assert commons.text("r1") == words
            assert fin.count < 5000

    run(work())


def test_learnt_figures_stand_in_the_heartbeat(tmp_path: Path) -> None:
    async def work() -> None:
        async with node_at_work(tmp_path, EchoEngine(word_ms=2)) as (house, commons):
            beat = await commons.heartbeat()
            assert (beat.models[0].token_uj, beat.models[0].token_ms) == (None, None)
            assert (beat.machine_id, beat.models[0].context_tokens) == ("tower", 2048)
            commons.say(asked("r1", " ".join("abc" * 20)))
            await commons.until(lambda: commons.text("r1"))
            house.meter.count(6_000_000)
            await commons.fin("r1")
            beat = await commons.heartbeat(lambda beat: beat.models[0].token_uj)
            assert beat.models[0].token_ms == 2.0
            assert 80_000 < (beat.models[0].token_uj or 0) <= 100_000

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

"""The path of a request, with a real ledger on a real disk and the echo as its engine."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from affouage.chat import ChatRequest, Delta, Message, delta_text
from affouage.clock import SystemClock
from affouage.errors import AffouageError, ContextExceeded, EngineFailed, LedgerUnavailable, TooMuch, UnknownModel
from affouage.footprint.period import Calendar
from affouage.inference.answer import Answer, ExactPrompt, Settled
from affouage.inference.attempt import Asking
from affouage.inference.prompt import read_prefixes
from affouage.inference.serve import Inference
from affouage.inference.turns import Turns
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import Impacts, ModelStamp, Receipt
from affouage.pool.metering import Metering
from affouage.pool.node import Node
from affouage.pool.pool import Pool
from affouage.pool.scheduler import Scheduler, Turn
from affouage.pool.share_rules import ShareRules
from affouage.storage import open_database
from affouage.storage.home import prepare
from affouage.testing import EchoEngine, FixedMeter
from tests.integration.books import a_charter, no_limits

ME = Asking(member_id="mbr_me", door="api", language="en")


class Set:
    """One inference on its home."""

    def __init__(self, inference: Inference, ledger: Ledger, engine: EchoEngine, meter: FixedMeter) -> None:
        self.inference = inference
        self.meter = meter
        self.ledger = ledger
        self.engine = engine

    async def ask(self, text: str, **more: object) -> Answer:
        request = ChatRequest(model="echo", messages=(Message("user", text),), **more)  # type: ignore[arg-type]
        return await self.inference.ask(ME, request)


@asynccontextmanager
async def standing(home: Path, engine: EchoEngine | None = None, max_waiting: int = 8) -> AsyncIterator[Set]:
    prepare(home)
    db = open_database(home / "affouage.db")
    clock, engine = SystemClock(), engine or EchoEngine()
    ledger = Ledger(db, clock)
    meter = FixedMeter(clock, idle_uw=0)
    metering = Metering(meter, clock, machine_id="here")
    pool = Pool(Node([engine]), metering)
    inference = Inference(
        pool=pool,
        scheduler=Scheduler(
            pool.stations, clock, rules=ShareRules, wall=Calendar(), max_waiting=max_waiting, max_waiting_per_member=99
        ),
        turns=Turns(a_charter(db, clock), clock),
        ledger=ledger,
        clock=clock,
        prefixes=read_prefixes(),
        stamp_model=lambda model_id: ModelStamp(id=model_id, name=model_id),
        assess=lambda _energy: Impacts(),
        allowance=no_limits(db, clock),
        load_wait_ms=100,
    )
    try:
        async with metering.running(ledger.keep), inference.running():
            yield Set(inference, ledger, engine, meter)
    finally:
        db.close()


async def read(answer: Answer) -> tuple[str, Receipt]:
    text, receipt = "", None
    async for event in answer.events():
        if isinstance(event, Delta):
            text += delta_text(event)
        elif isinstance(event, Settled):
            receipt = event.receipt
    assert receipt is not None
    return text, receipt


def test_an_answer_comes_with_its_committed_receipt(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            one.meter.count(4_000_000)
            text, receipt = await read(await one.ask("le bois se partage"))
            assert text == "le bois se partage"
            assert receipt.outcome == "completed"
            assert receipt.tokens.decoded == 4
            assert receipt == await one.ledger.receipt(receipt.id, ME.member_id)
            assert receipt.energy.quality == "measured"
            assert receipt.energy.interval_uj is not None
            assert receipt.energy.interval_uj.central == receipt.energy.dynamic_uj == 4_000_000
            assert isinstance(receipt.energy.interval_uj.low, int), "micro-units are integers"
            assert receipt.impacts.gwp_g is None
            assert (await one.ledger.verify()).problems == []

    asyncio.run(main())


def test_the_receipt_commits_to_the_exact_text_the_engine_saw(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            answer = await one.ask("bonjour à tous")
            shown = [event async for event in answer.events() if isinstance(event, ExactPrompt)]
            assert [one.text for one in shown] == one.engine.seen
            assert shown[0].text is not None
            assert shown[0].salt is not None
            assert answer.receipt is not None
            expected = hashlib.sha256(shown[0].salt + shown[0].text.encode()).hexdigest()
            assert answer.receipt.prompt_sha256 == expected
            assert await one.ledger.salt(answer.receipt_id, ME.member_id) == shown[0].salt
            assert await one.ledger.salt(answer.receipt_id, "mbr_other") is None

    asyncio.run(main())


def test_the_only_text_added_is_the_public_prefix(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            await read(await one.ask("une question"))
            prefix = read_prefixes()["en"].text
            assert one.engine.seen == [f"system: {prefix}\nuser: une question\nassistant:"]
            raw = ChatRequest(kind="completion", model="echo", prompt="il était une fois")
            await read(await one.inference.ask(ME, raw))
            assert one.engine.seen[1] == "il était une fois"

    asyncio.run(main())


@pytest.mark.alone
def test_a_cancelled_answer_pays_what_it_burned_and_frees_its_slot(home: Path) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(word_ms=5)) as one:
            answer = await one.ask("mot " * 500)
            async for event in answer.events():
                if isinstance(event, Delta):
                    break
            began = asyncio.get_running_loop().time()
            answer.cancel()
            answer.cancel()
            await answer.done()
            assert asyncio.get_running_loop().time() - began < 0.2
            assert one.engine.in_flight == 0
            assert one.inference.scheduler.in_use("echo") == 0
            receipt = await one.ledger.receipt(answer.receipt_id, ME.member_id)
            assert receipt.outcome == "cancelled"
            assert receipt.tokens.decoded is not None
            assert 1 <= receipt.tokens.decoded < 500
            assert receipt.energy.machine_share_us is not None
            assert receipt.energy.machine_share_us > 0

    asyncio.run(main())


def test_an_engine_that_breaks_is_said_and_written_down(home: Path) -> None:
    async def main() -> None:
        engine = EchoEngine()
        engine.fail_after_words = 2
        async with standing(home, engine) as one:
            answer = await one.ask("un deux trois quatre")
            heard: list[str] = []

            async def listen() -> None:
                async for event in answer.events():
                    heard.extend([delta_text(event)] if isinstance(event, Delta) else [])

            with pytest.raises(EngineFailed):
                await listen()
            assert heard == ["un", " deux"]
            receipt = await one.ledger.receipt(answer.receipt_id, ME.member_id)
            assert (receipt.outcome, receipt.problem) == ("failed", "engine_failed")
            engine.fail_after_words = None
            assert (await read(await one.ask("encore")))[0] == "encore"

    asyncio.run(main())


def test_a_prompt_too_long_is_refused_with_both_numbers_and_costs_nothing(home: Path) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(context_tokens=64)) as one:
            answer = await one.ask("mot " * 100)
            with pytest.raises(ContextExceeded) as refused:
                await read(answer)
            assert refused.value.details["context_tokens"] == 64
            assert refused.value.details["prompt_tokens"] > 100
            receipt = await one.ledger.receipt(answer.receipt_id, ME.member_id)
            assert receipt.outcome == "refused"
            assert receipt.tokens.prompt == refused.value.details["prompt_tokens"]
            assert receipt.tokens.decoded == 0

    asyncio.run(main())


def test_an_unknown_model_is_refused_before_the_ledger(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            with pytest.raises(UnknownModel, match="echo"):
                await one.inference.ask(ME, ChatRequest(model="autre", messages=()))
            assert (await one.ledger.verify()).entries == 0

    asyncio.run(main())


def test_never_more_in_flight_than_slots_and_each_knows_its_turn(home: Path) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(slots=2, word_ms=5), max_waiting=4) as one:
            answers = [await one.ask(f"question {place} " * 30) for place in range(6)]
            turns: dict[int, list[int]] = {}

            async def follow(place: int) -> None:
                async for event in answers[place].events():
                    if isinstance(event, Turn):
                        turns.setdefault(place, []).append(event.position)

            await asyncio.gather(*(follow(place) for place in range(6)))
            assert {place: told[0] for place, told in turns.items()} == {2: 1, 3: 2, 4: 3, 5: 4}
            assert all(told == sorted(told, reverse=True) for told in turns.values()), (
                "one member: nobody passes before"
            )
            assert one.inference.scheduler.in_use("echo") == 0

    asyncio.run(main())


def test_a_full_queue_refuses_clearly(home: Path) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(slots=1, word_ms=2), max_waiting=1) as one:
            first, second = await one.ask("mot " * 50), await one.ask("mot")
            await asyncio.sleep(0.02)
            third = await one.ask("mot")
            with pytest.raises(TooMuch):
                await read(third)
            assert (await read(second))[0] == "mot"
            await read(first)

    asyncio.run(main())


def test_a_waiting_member_who_leaves_gives_up_the_turn(home: Path) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(slots=1, word_ms=2)) as one:
            first, second, third = [await one.ask("mot " * 20) for _ in range(3)]
            await asyncio.sleep(0.005)
            second.cancel()
            await asyncio.gather(read(first), read(third))
            receipt = await one.ledger.receipt(second.receipt_id, ME.member_id)
            assert receipt.outcome == "cancelled"
            assert receipt.tokens.decoded == 0

    asyncio.run(main())


def test_only_its_owner_stops_an_answer(home: Path) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(word_ms=2)) as one:
            answer = await one.ask("mot " * 100)
            assert not one.inference.stop(answer.receipt_id, "mbr_other")
            assert one.inference.stop(answer.receipt_id, ME.member_id)
            await answer.done()
            assert not one.inference.stop(answer.receipt_id, ME.member_id)

    asyncio.run(main())


def test_stopping_the_server_settles_what_was_running(home: Path) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(word_ms=5)) as one:
            answer = await one.ask("mot " * 500)
            await asyncio.sleep(0.02)
        prepare(home)
        db = open_database(home / "affouage.db")
        ledger = Ledger(db, SystemClock())
        assert (await ledger.receipt(answer.receipt_id, ME.member_id)).outcome == "cancelled"
        assert (await ledger.verify()).open_reservations == 0
        db.close()

    asyncio.run(main())


@pytest.mark.sqlite_only
def test_nothing_is_answered_when_nothing_can_be_written(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            await _fill(one.ledger)

            async def ask_until_refused() -> None:
                for _ in range(200):
                    await read(await one.ask("mot"))

            with pytest.raises(LedgerUnavailable, match="full"):
                await ask_until_refused()
            written = await one.ledger.verify()
            assert written.problems == []
            assert len(one.engine.seen) <= written.entries

    asyncio.run(main())


async def _fill(ledger: Ledger) -> None:
    """Let the database grow by a few pages only, as on a disk that is nearly full."""
    db = ledger._db
    pages = await db.read(lambda c: c.exec_driver_sql("PRAGMA page_count").scalar_one())
    await db.write(lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages + 3}").scalar_one())


def test_an_unforeseen_fault_is_settled_and_its_message_never_logged(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Faulty(EchoEngine):
        async def render(self, request: ChatRequest) -> str | None:
            raise RuntimeError(f"while reading {request.messages[-1].content}")

    async def main() -> None:
        async with standing(home, Faulty()) as one:
            answer = await one.ask("un secret")
            with pytest.raises(AffouageError) as told:
                await read(answer)
            assert "secret" not in str(told.value)
            assert (await one.ledger.receipt(answer.receipt_id, ME.member_id)).outcome == "failed"

    asyncio.run(main())
    assert "RuntimeError" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize("steps", range(6))
def test_a_member_who_leaves_while_asking_leaves_no_open_reservation(home: Path, steps: int) -> None:
    async def main() -> None:
        async with standing(home, EchoEngine(word_ms=1)) as one:
            asking = asyncio.create_task(one.ask("mot " * 50))
            for _ in range(steps):
                await asyncio.sleep(0)
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        prepare(home)
        db = open_database(home / "affouage.db")
        assert (await Ledger(db, SystemClock()).verify()).open_reservations == 0
        db.close()

    asyncio.run(main())

"""A machine lost in the middle of an answer, seen from the path of a request: real books, machines that fail on cue."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from affouage.chat import ChatRequest, Delta, EngineEvent, Message, delta_text
from affouage.clock import SystemClock
from affouage.errors import EngineFailed, NodeLost, Unavailable, UnknownModel
from affouage.inference.answer import Answer, ExactPrompt, Resumed
from affouage.inference.attempt import Asking
from affouage.inference.prompt import commitment
from affouage.ledger.receipt import Receipt
from affouage.pool.metering import Metering
from affouage.pool.station import Station
from affouage.testing import FixedMeter
from tests.faults.counting import CountingEngine, counted
from tests.integration.test_serve import ME, Set, standing


class Failing(CountingEngine):
    """Is lost before its word number ``lost_at``, each time; None: never."""

    def __init__(self, lost_at: int | None = None, file: str = "c0" * 32) -> None:
        super().__init__("echo", word_ms=0, file=file)
        self.lost_at = lost_at
        self.asked: list[ChatRequest] = []

    async def generate(self, request: ChatRequest) -> AsyncGenerator[EngineEvent, None]:
        self.asked.append(request)
        words = 0
        async for event in super().generate(request):
            if isinstance(event, Delta) and delta_text(event):
                words += 1
                if self.lost_at is not None and words >= self.lost_at:
                    raise NodeLost("The machine was lost.", lost=True)
            yield event


Asked = tuple[str, list[object], Receipt | None, BaseException | None]


@asynccontextmanager
async def pooled_with(one: Set, *engines: Failing) -> AsyncIterator[Pooled]:
    pooled = Pooled(one, *engines)
    async with AsyncExitStack() as stack:
        for metering in pooled.metering:
            await stack.enter_async_context(metering.running(one.ledger.keep))
        yield pooled


class Pooled:
    """Machines of members, by name, on a commons that has none of its own for this model."""

    def __init__(self, one: Set, *engines: Failing, trust: int = 2) -> None:
        self.one = one
        clock = SystemClock()
        self.meters = [FixedMeter(clock, idle_uw=0) for _ in engines]
        self.metering = [Metering(meter, clock, machine_id=f"m{place}") for place, meter in enumerate(self.meters)]
        self.stations = [
            Station(
                node_id=f"n_{place}",
                node_name=f"machine {place}",
                engine=engine,
                metering=self.metering[place],
                trust=trust,  # type: ignore[arg-type]
                slots=2,
                token_uj=place,  # the first is preferred
            )
            for place, engine in enumerate(engines)
        ]
        pool = one.inference.pool
        pool.local._engines.clear()
        pool.join(lambda _model_id: self.stations, lambda: [engines[0]])

    async def ask(
        self, upto: int = 12, **more: object
    ) -> tuple[str, list[object], Receipt | None, BaseException | None]:
        request = ChatRequest(
            model="echo",
            messages=(Message("user", f"compte jusqu'à {upto}"),),
            **more,  # type: ignore[arg-type]
        )
        answer: Answer = await self.one.inference.ask(ME, request)
        text, others, problem = "", [], None
        try:
            async for event in answer.events():
                if isinstance(event, Delta):
                    text += delta_text(event)
                else:
                    others.append(event)
        except EngineFailed as failed:
            problem = failed
        await answer.done()
        return text, others, answer.receipt, problem

    async def books(self) -> list[Receipt]:
        return (await self.one.ledger.receipts(ME.member_id))[::-1]


def test_lost_before_a_word_it_is_asked_again_elsewhere_without_a_trace_in_the_answer(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one, pooled_with(one, Failing(lost_at=1), Failing()) as pooled:
            text, events, receipt, problem = await pooled.ask()
            assert (text, problem) == (counted(12), None)
            assert receipt is not None
            assert (receipt.attempt, receipt.node_id, receipt.notices) == (2, "n_1", ())
            assert [one.shown for one in events if isinstance(one, Resumed)] == [False]
            lost, last = await pooled.books()
            assert (lost.outcome, lost.problem, lost.node_id, lost.attempt) == ("failed", "node_lost", "n_0", 1)
            assert (last.outcome, last.id) == ("completed", lost.id)
            told = await one.ledger.verify()
            assert (told.open_reservations, told.problems) == (0, [])

    asyncio.run(main())


def test_lost_in_the_middle_another_goes_on_from_the_exact_text(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            first, second = Failing(lost_at=6), Failing()
            async with pooled_with(one, first, second) as pooled:
                text, events, receipt, problem = await pooled.ask(max_tokens=9)
                assert (text, problem) == (counted(9), None), "the tokens left, no more"
                assert receipt is not None
                assert receipt.notices == ("resumed",)
                assert receipt.finish_reason == "length"
                exact = [event for event in events if isinstance(event, ExactPrompt)]
                assert second.asked[0].prompt == f"{exact[0].text}{counted(5)}" == exact[1].text
                assert exact[1].salt is not None
                assert receipt.prompt_sha256 == commitment(exact[1].salt, exact[1].text or "")
                assert await one.ledger.salt(receipt.id, ME.member_id) == exact[1].salt
                lost, last = await pooled.books()
                assert (lost.tokens.decoded, last.tokens.decoded) == (5, 4), "each machine's own work"

    asyncio.run(main())


def test_a_machine_with_another_file_does_not_go_on(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one, pooled_with(one, Failing(lost_at=6), Failing(file="d1" * 32)) as pooled:
            text, _, receipt, problem = await pooled.ask()
            assert text == counted(5), "what was received stays"
            assert isinstance(problem, NodeLost)
            assert receipt is not None
            assert (receipt.outcome, receipt.finish_reason) == ("failed", None)

    asyncio.run(main())


def test_three_machines_at_most_are_tried(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            machines = [Failing(lost_at=1) for _ in range(5)]
            async with pooled_with(one, *machines) as pooled:
                text, _, receipt, problem = await pooled.ask()
                assert text == ""
                assert isinstance(problem, NodeLost)
                assert receipt is not None
                assert receipt.attempt == 3
                assert sum(len(machine.asked) for machine in machines) == 3
                assert len(await pooled.books()) == 3

    asyncio.run(main())


def test_a_format_to_keep_to_is_not_gone_on_with(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one, pooled_with(one, Failing(lost_at=6), Failing()) as pooled:
            _, _, _, problem = await pooled.ask(options={"response_format": {"type": "json_object"}})
            assert isinstance(problem, NodeLost)

    asyncio.run(main())


def test_whoever_leaves_while_a_machine_is_being_replaced_settles_once(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one, pooled_with(one, Failing(lost_at=6), Failing()) as pooled:
            request = ChatRequest(model="echo", messages=(Message("user", "compte jusqu'à 12"),))
            answer = await one.inference.ask(ME, request)
            async for event in answer.events():
                if isinstance(event, Delta) and delta_text(event).endswith("mot5"):
                    answer.cancel()
            await answer.done()
            books = await pooled.books()
            assert {(one.attempt, one.outcome) for one in books} <= {(1, "failed"), (1, "cancelled"), (2, "cancelled")}
            told = await one.ledger.verify()
            assert (told.open_reservations, told.problems) == (0, [])

    asyncio.run(main())


def test_a_question_that_may_go_no_further_than_this_machine_says_so(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one:
            Pooled(one, Failing())
            asking = Asking(member_id=ME.member_id, door="api", reach="collective")
            with pytest.raises(Unavailable) as refused:
                await one.inference.ask(asking, ChatRequest(model="echo", messages=(Message("user", "x"),)))
            assert refused.value.code == "no_machine"

    asyncio.run(main())


def test_a_model_whose_machines_are_away_is_not_unknown(home: Path) -> None:
    async def main() -> None:
        async with standing(home) as one, pooled_with(one, Failing()) as pooled:
            await pooled.ask()
            pooled.stations.clear()
            with pytest.raises(Unavailable) as away:
                await pooled.ask()
            assert (away.value.code, away.value.retry_after_s) == ("no_machine", 30)
            with pytest.raises(UnknownModel):
                await one.inference.ask(ME, ChatRequest(model="never-heard-of", messages=(Message("user", "x"),)))

    asyncio.run(main())

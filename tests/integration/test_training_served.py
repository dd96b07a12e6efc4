"""Runs beside a serving commons: they give way to answers, are metered by PC-1, and outlive its restart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import psutil
from sqlalchemy import select

from affouage.app import open_commons
from affouage.asgi.commons import Commons
from affouage.chat import ChatRequest, Message
from affouage.inference.attempt import Asking
from affouage.ledger.receipt import TRAINING
from affouage.storage.tables import usage_day
from affouage.testing import EchoEngine
from affouage.training.runs.booked import booked_energy, together
from affouage.training.runs.store import Run
from tests.integration import training_house as house
from tests.integration.training_house import LONG


async def served(commons: Commons, words: int) -> None:
    who = await commons.accounts.commons()
    asked = ChatRequest(model="echo", messages=(Message(role="user", content="mot " * words),))
    answer = await commons.inference.ask(Asking(member_id=who.id, door="cli", language="fr"), asked)
    async for _event in answer.events():
        pass


def process_of(run: Run) -> psutil.Process:
    assert run.standing.job is not None
    return psutil.Process(int(run.standing.job.partition("@")[0]))


async def learnt_more(commons: Commons, name: str, than: int = 0) -> Run:
    async def told() -> bool:
        return commons.training.workplace.story(await house.found(commons.training, name)).step > than

    await house.until(told)
    return await house.found(commons.training, name)


def learnt_alone(process: psutil.Process, for_s: float = 1.0) -> Callable[[], Awaitable[bool]]:
    """Whether the process has worked so long since now, in processor seconds that no commons was there to count."""
    before = process.cpu_times().user

    async def enough() -> bool:
        return process.cpu_times().user - before > for_s

    return enough


def test_it_gives_way_is_metered_and_outlives_a_restart(home: Path, tmp_path: Path) -> None:
    texts, settings = house.corpus(tmp_path / "mairie"), house.settings_of(home)

    async def first() -> Run:
        async with open_commons(settings, engines=[EchoEngine(word_ms=60)]) as commons:
            await house.put(commons.training, texts, "mairie-1", LONG)
            await commons.training.asking.start("mairie-1", None)
            run = await learnt_more(commons, "mairie-1")
            process = process_of(run)
            answering = asyncio.create_task(served(commons, 20))

            async def still() -> bool:
                return bool(process.status() == psutil.STATUS_STOPPED)

            await house.until(still, within_s=5)
            assert not answering.done(), "while somebody is answered, not after"
            await answering

            async def back() -> bool:
                return bool(process.status() != psutil.STATUS_STOPPED)

            await house.until(back, within_s=10)
            assert commons.metering.working()
            assert not commons.metering.serving(), "work behind the answers serves nobody"
            await learnt_more(commons, "mairie-1", commons.training.workplace.story(run).step)
        assert psutil.pid_exists(process.pid), "the commons ended, the run goes on"
        assert process.status() != psutil.STATUS_STOPPED
        return run

    async def second(before: Run) -> None:
        async with open_commons(settings, engines=[EchoEngine()]) as commons:
            step = commons.training.workplace.story(before).step
            run = await learnt_more(commons, "mairie-1", step)
            assert run.standing.job == before.standing.job, "the same process, found again"

            async def metered() -> bool:
                return commons.metering.working()

            await house.until(metered)
            await commons.training.asking.stop("mairie-1", None)
            stopped = await house.in_state(commons.training, "mairie-1", "stopped", drive=False)
            stretches = await commons.db.read(lambda connection: booked_energy(connection, run.id))
            assert [(one.kind, one.attempt, one.workshop) for one in stretches] == [
                (TRAINING, 1, TRAINING),
                (TRAINING, 2, TRAINING),
            ]
            total = together([one.energy for one in stretches])
            assert total.interval_uj is not None
            assert total.interval_uj.central > 0
            used = await commons.training.exporting.used_so_far(stopped)
            assert used.interval_uj is not None
            assert used.interval_uj.central > total.interval_uj.central, "what no meter saw is estimated besides"
            assert used.quality == "estimated"
            verified = await commons.ledger.verify()
            assert (verified.problems, verified.open_reservations) == ([], 0)
            rows = await commons.db.read(lambda c: c.execute(select(usage_day)).all())
            mine = [one for one in rows if one.dimension == "workshop" and one.key == TRAINING]
            assert sum(one.static_uj + one.dynamic_uj for one in mine) == total.interval_uj.central
            assert sum(one.requests for one in mine) == 0, "no answer to anybody"
            assert {one.key for one in rows if one.dimension == "model"} >= {"training:mairie-1", "echo"}

    run = asyncio.run(first())
    try:
        asyncio.run(house.until(learnt_alone(process_of(run))))
        asyncio.run(second(run))
    finally:
        with suppress(psutil.NoSuchProcess):
            process_of(run).kill()

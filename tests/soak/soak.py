"""The whole run: the load, the samples, and what the books say afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from pathlib import Path
from typing import Any

import msgspec

from affouage.ledger.ledger import find_receipt
from affouage.storage import open_database
from tests.faults.books import books_problems
from tests.soak.commons import Founded, Running, furnish
from tests.soak.figures import Sample, Verdict, judged
from tests.soak.people import Seen, Someone, rest
from tests.soak.watching import sample

QUIET_EVERY_S, QUIET_S = 300.0, 30.0
"""Now and then nobody asks a model, long enough for it to leave the memory: it is then started again."""
VOTE_EVERY_S = 60.0
BACKUP_EVERY_S = 240.0


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    minutes: float = 120
    seed: int = 1
    every_s: float = 30
    think_s: float = 2.0
    pool: bool = False


class Result(msgspec.Struct, kw_only=True):
    """``wrong``: everything for which the run failed, in sentences; empty when all held."""

    plan: Plan
    begun: str
    load: float
    minutes: float = 0
    answers: int = 0
    done: dict[str, int] = {}
    refused: dict[str, int] = {}
    verdicts: list[Verdict] = []
    wrong: list[str] = []
    samples: list[Sample] = []

    def keep(self, out: Path | None) -> None:
        if out is not None:
            new = out.with_suffix(".new")
            new.write_bytes(msgspec.json.format(msgspec.json.encode(self)))
            new.replace(out)


async def soak(plan: Plan, folder: Path, out: Path | None = None) -> Result:
    """Run the plan in ``folder``, which is empty. ``out``: the result so far, at every sample."""
    result = Result(plan=plan, begun=time.strftime("%Y-%m-%d %H:%M"), load=round(os.getloadavg()[0], 2))
    founded = await asyncio.to_thread(furnish, folder / "home")
    running, seen = Running(folder, pool=plan.pool), Seen()
    with running.package.drawing():
        try:
            await running.start()
            await _live(plan, running, founded, seen, result, out)
        finally:
            stopped = await asyncio.to_thread(running.stop)
    result.answers, result.done, result.refused = seen.answers, dict(seen.done), dict(seen.refused)
    with contextlib.suppress(ValueError):  # a run that is too short for it says nothing of growth
        result.verdicts = judged(result.samples)
    grew = [f"{one.what} grew: {one.first:.1f} to {one.last:.1f} {one.unit}" for one in result.verdicts if not one.flat]
    result.wrong = [*grew, *seen.wrong[:50], *stopped, *await asyncio.to_thread(afterwards, running, seen)]
    result.keep(out)
    return result


async def _live(plan: Plan, running: Running, founded: Founded, seen: Seen, result: Result, out: Path | None) -> None:
    over, begun_s = asyncio.Event(), time.monotonic()
    chances = random.Random(plan.seed)
    people = [Someone(running.url, one, seen, random.Random(chances.random())) for one in founded.people]
    for one in people:
        await one.sign_in()
    tasks = [asyncio.create_task(_use(one, plan.think_s, over, begun_s)) for one in people]
    tasks.append(asyncio.create_task(_vote(people, over)))
    tasks.append(asyncio.create_task(_back_up(running, seen, over)))
    try:
        while (at_s := time.monotonic() - begun_s) < plan.minutes * 60:
            result.samples.append(await sample(running, founded.watch_key, seen, at_s))
            _per_answer(result.samples)
            result.minutes, result.answers = round(at_s / 60, 1), seen.answers
            result.done, result.refused, result.wrong = dict(seen.done), dict(seen.refused), seen.wrong[:50]
            result.keep(out)
            done, _ = await asyncio.wait(tasks, timeout=plan.every_s, return_when=asyncio.FIRST_EXCEPTION)
            if done:
                break  # nobody leaves before the end, unless by an error
    finally:
        over.set()
        await asyncio.wait(tasks, timeout=120)
        for one in people:
            await one.close()
    for task in tasks:
        task.result()


def _per_answer(samples: list[Sample]) -> None:
    """What the database grew by, per answer, over the last hundred answers or more; absent before there were."""
    last = samples[-1]
    before = [one for one in samples if one["answers"] <= last["answers"] - 100]
    if before:
        grown_mb = last["database_mb"] - before[-1]["database_mb"]
        last["bytes_per_answer"] = round(grown_mb * 1e6 / (last["answers"] - before[-1]["answers"]))


async def _use(someone: Someone, think_s: float, over: asyncio.Event, begun_s: float) -> None:
    while not over.is_set():
        in_turn_s = (time.monotonic() - begun_s) % QUIET_EVERY_S
        await someone.act(quiet=in_turn_s > QUIET_EVERY_S - QUIET_S)
        await rest(someone.chance.expovariate(1 / think_s), over)


async def _vote(people: list[Someone], over: asyncio.Event) -> None:
    """A rule is proposed, everybody votes, it is in force: again and again, in one sitting each."""
    number = 0
    while not over.is_set():
        number += 1
        try:
            await people[number % len(people)].propose(number)
            for one in people:
                await one.vote()
            people[0].seen.done["a vote"] += 1
        except (AssertionError, OSError, TimeoutError, ValueError) as problem:
            people[0].seen.wrong.append(f"vote {number}: {type(problem).__name__} {problem}"[:400])
        await rest(VOTE_EVERY_S, over)


async def _back_up(running: Running, seen: Seen, over: asyncio.Event) -> None:
    """While it serves; the last one is restored at the end."""
    while not over.is_set():
        target = running.folder / "backup.tar.gz"
        target.unlink(missing_ok=True)
        await asyncio.to_thread(running.run, "backup", "create", str(target))
        seen.done["a backup"] += 1
        await rest(BACKUP_EVERY_S, over)


def afterwards(running: Running, seen: Seen) -> list[str]:
    """What does not hold once the server has stopped: ledger, log, decisions, meter, answers that came, a backup."""
    wrong = []
    for words in (
        ("journal", "verify"),
        ("restore", str(running.folder / "backup.tar.gz"), "--home", str(running.folder / "back")),
    ):
        try:
            running.run(*words)
        except AssertionError as refused:
            wrong.append(str(refused)[:1000])
    told: dict[str, Any] = running.run("ledger", "verify", "--json")
    wrong += [f"ledger: {one}" for one in told["problems"]]
    wrong += [f"{told['open_reservations']} reservations are open"] if told["open_reservations"] else []
    wrong += books_problems(running.home)
    db = open_database(running.home / "affouage.db")
    try:
        outcomes = db.read_now(lambda c: {one: find_receipt(c, one, None).outcome for one in seen.receipts})
    finally:
        db.close()
    return wrong + [f"{one} came whole, its receipt says {how}" for one, how in outcomes.items() if how != "completed"]

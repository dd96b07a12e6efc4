"""Months of work at a desk, lived at a go: what pages, commands and their tests are shown."""

from __future__ import annotations

import random
from collections import defaultdict

from sqlalchemy import Connection

from affouage.assembly.member import Member
from affouage.testing import LiveCommons
from affouage.workshops.work import book
from affouage.workshops.work.blocks import blocks
from affouage.workshops.work.ledger import SETTLE_MS
from affouage.workshops.work.report import heavier, report
from affouage.workshops.work.survey import SAID
from affouage.workshops.work.task import TaskDone
from affouage.workshops.work.weeks import Week, last_month_over, last_over, month_of, shifted, span, week_of

CLERKS = tuple(f"m_clerk_{number}" for number in range(7))
WORDS = ("Relire prend plus qu’écrire.", "Les fiches sont vite trouvées.", "<b>Bof</b>", "Rien à dire.", "Trop long.")
KIND = "desk_question"


def tasks(chance: random.Random, drafts_ms: float, blind_ms: float) -> list[TaskDone]:
    """One week: everybody does a dozen tasks."""
    done = []
    for clerk in CLERKS:
        for number in range(12):
            blind = number % 4 == 0
            typical_ms = blind_ms if blind else drafts_ms
            fate = "none" if blind else chance.choice(("kept", "edited", "edited", "thrown"))
            done.append(
                TaskDone(
                    task_type=KIND,
                    worker=clerk,
                    done_ms=0,
                    arm="blind" if blind else "draft",
                    active_ms=round(typical_ms * chance.lognormvariate(0, 0.4)),
                    review_ms=round(typical_ms * 1.3),
                    wait_ms=chance.randrange(60_000, 7_200_000),
                    fate=fate,  # type: ignore[arg-type]
                    edit_ratio=0.2 if fate == "edited" else None,
                    energy_uj=0 if blind else 900_000_000,
                )
            )
        if chance.random() < 0.9:
            done.append(TaskDone(task_type=KIND, worker=clerk, done_ms=0, active_ms=240_000, reworks=True))
    return done


def live_months(connection: Connection, last: Week, *, months: int = 3, drafts_ms: float, blind_ms: float) -> str:
    """Weeks of ``months`` months up to the last one that is over, told; the month that was. Returns that month."""
    chance, month = random.Random(1), last_month_over(last)
    weeks = [one for one in span(shifted(last, -5 * months), last) if month_of(one) <= month]
    done = defaultdict(list, {week: tasks(chance, drafts_ms, blind_ms) for week in weeks})
    book.tell_tasks(connection, blocks(KIND, done, weeks[0], weeks[-1]))
    for week in weeks:
        for place, clerk in enumerate(CLERKS):
            said = SAID[2 if drafts_ms > blind_ms and place < 4 else place % 3]
            book.answer(connection, "survey", week, clerk, said)
            book.answer(connection, "load", week, clerk, "[55,20,60,30,50,45]")
        for clerk, words in zip(CLERKS, WORDS, strict=False):
            book.answer(connection, "words", week, clerk, words) if week == weeks[-1] else None
    book.tell_answers(connection, weeks[-1])
    return month


def play_work(live: LiveCommons, *, drafts_ms: float = 300_000, blind_ms: float = 240_000) -> str:
    """Three months at the desk of ``live``; by default the tool makes work heavier. The last month that is over."""
    commons = live.commons
    now_ms = commons.clock.now_ms()
    last = last_over(now_ms - SETTLE_MS, commons.calendar)

    def change(connection: Connection) -> str:
        month = live_months(connection, last, drafts_ms=drafts_ms, blind_ms=blind_ms)
        book.put_before(connection, heavier(report(book.told(connection), month, running=False)), now_ms)
        return month

    return commons.db.write_now(change)


def work_this_week(live: LiveCommons, who: Member) -> Week:
    """``who`` answers a question at the desk, really; the week."""
    desk, commons = live.commons.desk, live.commons

    async def answer() -> None:
        received = await desk.receive(who, "Comment renouveler mon passeport ?", take=True)
        await desk.refer(who, received.item_id, "Demandez au service des papiers d’identité.")

    live.run(answer())
    return week_of(commons.calendar.day(commons.clock.now_ms()))

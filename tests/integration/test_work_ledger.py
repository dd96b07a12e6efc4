"""The work ledger on a real database: told once, answered without a name, put before the assembly, forgotten."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import select

from affouage.assembly.member import Member, Role
from affouage.errors import BadRequest, Conflict, NotAllowed
from affouage.footprint.period import Calendar
from affouage.journal import log
from affouage.storage.tables import work_answer, work_block, work_voice
from affouage.workshops.work import book
from affouage.workshops.work.book import WORDS_WEEKS
from affouage.workshops.work.ledger import SETTLE_MS, WorkLedger
from affouage.workshops.work.report import Heavier
from affouage.workshops.work.survey import load_is_asked
from affouage.workshops.work.task import TaskDone
from affouage.workshops.work.weeks import bounds, month_of, shifted, span
from tests.integration.accounts_home import DAY_MS, Home, on_fresh_home, refused

CALENDAR = Calendar("Europe/Paris")
MONDAY = "2026-W46"
"""From 9 November on, in a month of which the last week is 2026-W48."""
PEOPLE = ("Ali", "Bea", "Chloe", "Dan", "Eve", "Fay")


class Town:
    """Six people at a desk; ``tasks`` is what their workshop tells."""

    def __init__(self, home: Home) -> None:
        self.home, self.db, self.clock = home, home.database, home.clock
        self.tasks: list[TaskDone] = []
        self.asked: list[tuple[int, int]] = []
        self.work = WorkLedger(self.db, self.clock, CALENDAR, [self.source])
        self.people: dict[str, Member] = {}

    async def source(self, since_ms: int, until_ms: int) -> tuple[TaskDone, ...]:
        self.asked.append((since_ms, until_ms))
        return tuple(one for one in self.tasks if since_ms <= one.done_ms < until_ms)

    async def fill(self) -> None:
        self.until(MONDAY)
        for name in PEOPLE:
            self.people[name] = (await self.home.accounts.add_member(name, Role.MEMBER))[0]

    def until(self, week: str, *, settled: bool = False) -> None:
        """Go to the first hour of a week."""
        self.clock.advance(ms=bounds(week, CALENDAR)[0] + (SETTLE_MS if settled else 1) - self.clock.now_ms())

    def did(self, *names: str, **more: Any) -> None:
        """These did a task now."""
        plain = {"task_type": "desk_question", "arm": "draft", "active_ms": 120_000, "fate": "kept"}
        for name in names:
            self.tasks.append(
                TaskDone(worker=self.people[name].id, done_ms=self.clock.now_ms(), **{**plain, **more})  # type: ignore[arg-type]
            )

    def rows(self, table: Any) -> list[dict[str, Any]]:
        return self.db.read_now(lambda c: [dict(row._mapping) for row in c.execute(select(table))])

    def leaves(self) -> list[dict[str, Any]]:
        return self.db.read_now(lambda c: [one.public for one in log.of_kind(c, book.LEAF)])


def in_town(tmp_path: Path, work: Callable[[Town], Coroutine[Any, Any, None]]) -> None:
    async def whole(home: Home) -> None:
        town = Town(home)
        await town.fill()
        await work(town)

    home_ms = bounds(MONDAY, CALENDAR)[0] - 10 * DAY_MS
    on_fresh_home(tmp_path, lambda home: _at(home, home_ms, whole))


async def _at(home: Home, now_ms: int, work: Callable[[Home], Coroutine[Any, Any, None]]) -> None:
    home.clock.advance(ms=now_ms - home.clock.now_ms())
    await work(home)


def test_a_week_is_told_once_when_it_is_over(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        town.did(*PEOPLE)
        town.did(*PEOPLE, arm="blind", active_ms=180_000, fate="none")
        await town.work.keep_up()
        assert town.rows(work_block) == [], "the week is not over"
        town.until(shifted(MONDAY, 1))
        await town.work.keep_up()
        assert town.rows(work_block) == [], "an hour for what comes late"
        town.until(shifted(MONDAY, 1), settled=True)
        await town.work.keep_up()
        (row,) = town.rows(work_block)
        assert (row["kind"], row["first_week"], row["last_week"]) == ("tasks", MONDAY, MONDAY)
        told = await town.work.report()
        assert (told.month, told.running, [one.tasks for one in told.tasks]) == ("2026-11", True, [12])
        assert told.compared["desk_question"].verdict == "not_enough"
        assert told.compared["desk_question"].fewest == 6

        asked = len(town.asked)
        await town.work.keep_up()
        assert len(town.asked) == asked, "nothing is over since: nothing is looked for"
        town.tasks.clear()  # somebody's data was erased, and a new server looks again
        again = WorkLedger(town.db, town.clock, CALENDAR, [town.source])
        await again.keep_up()
        assert town.rows(work_block) == [row]
        assert (await again.report("2026-11")) == told

    in_town(tmp_path, work)


def test_nobody_is_named_in_what_is_told(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        for _ in range(3):
            town.did(*PEOPLE)
        for name in PEOPLE:
            await town.work.say(town.people[name], "same", f"mot de {len(name)} lettres")
        assert sorted(one["member_id"] for one in town.rows(work_voice) if one["kind"] == "survey") == sorted(
            one.id for one in town.people.values()
        )
        held = json.dumps(town.rows(work_answer))
        assert not any(one.id in held for one in town.people.values()), "an answer has no name, nor a time"
        assert not any("ms" in name for name in work_answer.c.keys() + work_voice.c.keys())
        town.until(shifted(MONDAY, 1), settled=True)
        await town.work.keep_up()
        assert (town.rows(work_voice), town.rows(work_answer)) == ([], []), "who answered is forgotten"
        everything = json.dumps(town.rows(work_block)) + str(msgspec.json.encode(await town.work.report()))
        assert not any(one.id in everything or one.name in everything for one in town.people.values())

    in_town(tmp_path, work)


def test_fewer_than_five_are_told_of_by_no_way(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        four = PEOPLE[:4]
        town.did(*four, active_ms=600_000)
        for name in four:
            await town.work.say(town.people[name], "heavier", "trop de relecture")
        town.until(shifted(MONDAY, 1), settled=True)
        await town.work.keep_up()
        told = await town.work.report("2026-11")
        assert (told.tasks, told.survey, told.words, dict(told.compared)) == ((), None, (), {})
        assert (await town.work.told()).months == ()
        assert await town.work.agenda() == []
        town.did("Eve", "Eve", active_ms=60_000)
        await town.work.say(town.people["Eve"], "lighter")
        town.until(shifted(MONDAY, 2), settled=True)
        await town.work.keep_up()
        told = await town.work.report("2026-11")
        assert [(one.first, one.last, one.tasks) for one in told.tasks] == [(MONDAY, shifted(MONDAY, 1), 6)]
        assert told.survey is not None
        assert (told.survey.answers, told.survey.heavier) == (5, 4)
        assert told.words == (), "four texts wait for a fifth"
        town.until(shifted(MONDAY, 2), settled=True)

    in_town(tmp_path, work)


def test_words_are_shown_by_five_and_not_for_ever(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        town.did(*PEOPLE)
        for name in PEOPLE:
            await town.work.say(town.people[name], "same", f"mot {name}")
        town.until(shifted(MONDAY, 1), settled=True)
        await town.work.keep_up()
        shown = (await town.work.report()).words
        assert sorted(shown) == sorted(f"mot {name}" for name in PEOPLE)
        town.until(shifted(MONDAY, WORDS_WEEKS), settled=True)
        await town.work.keep_up()
        assert (await town.work.report("2026-11")).words == shown
        town.until(shifted(MONDAY, WORDS_WEEKS + 1), settled=True)
        await town.work.keep_up()
        told = await town.work.report("2026-11")
        assert (told.words, told.survey is None) == ((), False)
        await town.db.fold_log()
        assert b"mot Eve" not in town.home.bytes_on_disk()

    in_town(tmp_path, work)


def test_only_who_worked_answers_and_once_a_week(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        ali, bea = town.people["Ali"], town.people["Bea"]
        town.did("Ali")
        asked = await town.work.asked(ali)
        assert (asked.week, asked.worked, asked.answered) == (MONDAY, True, False)
        assert not (await town.work.asked(bea)).worked
        await refused(town.work.say(bea, "same"), NotAllowed, "work_not_worked")
        await refused(town.work.say(ali, "maybe"), BadRequest, "work_said")
        await refused(town.work.say(ali, "same", "x" * 501), BadRequest, "work_words")
        assert town.rows(work_voice) == []
        await town.work.say(ali, "same", "  ")
        assert [one["kind"] for one in town.rows(work_voice)] == ["survey"], "no word, no mark of words"
        await refused(town.work.say(ali, "heavier"), Conflict, "work_answered")
        assert (await town.work.asked(ali)).answered
        assert [one["body"] for one in town.rows(work_answer)] == ["same"]
        town.until(shifted(MONDAY, 1))
        assert not (await town.work.asked(ali)).worked
        town.did("Ali")
        await town.work.say(ali, "heavier")

    in_town(tmp_path, work)


def test_how_heavy_it_felt_is_asked_now_and_then_and_told_of_five(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        ali, week = town.people["Ali"], MONDAY
        for drawn in (True, False):
            week = next(one for one in span(week, shifted(week, 100)) if load_is_asked(ali.id, one) == drawn)
            town.until(week, settled=True)
            town.did("Ali")
            assert (await town.work.asked(ali)).load == drawn
            await refused(town.work.weigh(ali, ["1"]), BadRequest, "work_scales")
            if drawn:
                await town.work.weigh(ali, ["20", "30", "40", "50", "60", "70"])
                await refused(town.work.weigh(ali, ["1"] * 6), Conflict, "work_answered")
                assert not (await town.work.asked(ali)).load
                asked_in = week
            else:
                await refused(town.work.weigh(ali, ["1"] * 6), NotAllowed, "work_not_asked")

        def four_more(connection: Any) -> None:
            for name in PEOPLE[1:5]:
                book.answer(connection, "load", asked_in, town.people[name].id, "[20,30,40,50,60,70]")

        await town.db.write(four_more)
        town.until(shifted(week, 1), settled=True)
        await town.work.keep_up()
        load = (await town.work.report(month_of(asked_in))).load
        assert load is not None
        assert (load.answers, load.means, load.whole) == (5, (20, 30, 40, 50, 60, 70), 45)

    in_town(tmp_path, work)


def test_a_heavier_month_goes_before_the_assembly_once(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        for number in range(4):
            town.did(*PEOPLE, active_ms=300_000 + 1_000 * number)
            town.did(*PEOPLE, arm="blind", fate="none", active_ms=200_000 + 1_000 * number)
        for name in PEOPLE[:5]:
            await town.work.say(town.people[name], "heavier" if name < "D" else "lighter")
        town.until("2026-W48", settled=True)
        assert await town.work.keep_up() == 0
        assert await town.work.agenda() == [], "the month is not over"
        town.until("2026-W49", settled=True)
        assert await town.work.keep_up() == 2
        items = await town.work.agenda()
        assert [(one.what.cause, one.what.task_type) for one in items] == [
            ("comparison", "desk_question"),
            ("survey", ""),
        ]
        assert items[0].what.draft == items[0].what.blind == 24
        assert (items[1].what.answers, items[1].what.heavier) == (5, 3)
        leaves = town.leaves()
        assert leaves == [one.what.public for one in items]
        assert {type(value) for leaf in leaves for value in leaf.values()} <= {str, int}, "counts, and nothing else"

        again = WorkLedger(town.db, town.clock, CALENDAR, [town.source])
        assert await again.keep_up() == 0
        assert len(town.leaves()) == 2, "once a month"
        town.until("2026-W53", settled=True)
        await again.keep_up()
        assert len(await again.agenda()) == 2, "until another month is over"
        town.until("2027-W01", settled=True)
        assert await again.keep_up() == 0, "nobody worked in December"
        assert await again.agenda() == []
        assert len(town.leaves()) == 2

    in_town(tmp_path, work)


def test_a_lighter_month_is_told_and_not_put_before_the_assembly(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        for number in range(4):
            town.did(*PEOPLE, active_ms=200_000 + 1_000 * number)
            town.did(*PEOPLE, arm="blind", fate="none", active_ms=300_000 + 1_000 * number)
        for name in PEOPLE:
            await town.work.say(town.people[name], "lighter")
        town.until("2026-W49", settled=True)
        assert await town.work.keep_up() == 0
        told = await town.work.report("2026-11")
        assert told.compared["desk_question"].verdict == "lighter"
        assert (told.running, await town.work.agenda()) == (False, [])

    in_town(tmp_path, work)


def test_an_altered_entry_is_left_out_of_the_agenda(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        good = Heavier(month="2026-10", cause="survey", answers=6, heavier=4)

        def change(connection: Any) -> None:
            log.append(connection, book.LEAF, {"month": "2026-10", "cause": "nothing of the kind"}, 1)
            book.put_before(connection, [good], 1)

        await town.db.write(change)
        assert [one.what for one in await town.work.agenda()] == [good]

    in_town(tmp_path, work)


def test_ones_marks_are_given_and_erased(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        ali = town.people["Ali"]
        town.did(*PEOPLE[:5])
        for name in PEOPLE[:5]:
            await town.work.say(town.people[name], "same", "un mot" if name == "Ali" else "")
        exported = await town.home.accounts.export(ali)
        assert exported["work_answers"] == [
            {"what": "survey", "week": MONDAY},
            {"what": "words", "week": MONDAY},
        ]
        await town.home.accounts.erase(ali)
        assert not [one for one in town.rows(work_voice) if one["member_id"] == ali.id]
        assert len(town.rows(work_answer)) == 6, "an answer is nobody's"
        town.until(shifted(MONDAY, 1), settled=True)
        await town.work.keep_up()
        assert (await town.work.report("2026-11")).survey is None, "four are left who answered"

    in_town(tmp_path, work)


def test_months_that_are_none_are_refused(tmp_path: Path) -> None:
    async def work(town: Town) -> None:
        await refused(town.work.report("2026-W48"), BadRequest, "bad_period")
        await refused(town.work.report("2026"), BadRequest, "work_month")
        empty = await town.work.report()
        assert (empty.month, empty.running, empty.tasks) == ("2026-11", True, ())

    in_town(tmp_path, work)

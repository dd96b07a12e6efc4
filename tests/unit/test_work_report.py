"""A month of work: weeks, the question of the week, and what goes before the assembly, whichever way it turns out."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint.period import Calendar
from affouage.workshops.work.blocks import Block, Sides
from affouage.workshops.work.groups import FEWEST, LARGEST_SHARE
from affouage.workshops.work.report import COMPARED_WEEKS, Told, heavier, report
from affouage.workshops.work.survey import (
    LOAD_ONE_WEEK_IN,
    SAID,
    WORDS_MOST,
    SurveyBlock,
    check_said,
    check_scales,
    check_words,
    counted,
    load_is_asked,
    loaded,
    spans,
    surveyed,
    weighed,
)
from affouage.workshops.work.times import times
from affouage.workshops.work.weeks import (
    bounds,
    last_month_over,
    last_over,
    last_week,
    month_of,
    shifted,
    span,
    week_of,
)

PARIS = Calendar("Europe/Paris")
some_days = st.dates(date(2024, 1, 1), date(2032, 12, 31))


# -- weeks ---------------------------------------------------------------------------------------------------------


@given(some_days)
def test_a_week_is_in_one_month_and_one_place(day: date) -> None:
    week = week_of(day.isoformat())
    begins, ends = bounds(week, PARIS)
    noon_ms = (PARIS.bounds(day.isoformat())[0] + PARIS.bounds(day.isoformat())[1]) // 2
    assert begins < noon_ms < ends
    assert shifted(shifted(week, 5), -5) == week
    assert bounds(shifted(week, 1), PARIS)[0] == ends
    assert week < shifted(week, 1), "weeks compare as texts"
    in_month = sum((day - timedelta(days=day.weekday() - i)).isoformat()[:7] == month_of(week) for i in range(7))
    assert in_month >= 4


@given(some_days)
def test_the_last_week_of_a_month_is_its_last(day: date) -> None:
    month = day.isoformat()[:7]
    assert month_of(last_week(month)) == month
    assert month_of(shifted(last_week(month), 1)) > month
    assert last_month_over(last_week(month)) == month
    assert last_month_over(shifted(last_week(month), -1)) < month


def test_weeks_by_hand() -> None:
    assert week_of("2026-11-29") == "2026-W48"
    assert month_of("2026-W49") == "2026-12", "from 30 November to 6 December"
    assert list(span("2026-W52", "2027-W01")) == ["2026-W52", "2026-W53", "2027-W01"]
    monday_ms = PARIS.bounds("2026-11-30")[0]
    assert last_over(monday_ms, PARIS) == "2026-W48"
    assert last_over(monday_ms - 1, PARIS) == "2026-W47"
    with pytest.raises(ValueError, match="isoformat"):
        month_of("2026-47")


# -- the question of the week --------------------------------------------------------------------------------------


@given(st.dictionaries(st.integers(0, 15), st.sets(st.sampled_from("abcdefgh"), max_size=8)))
def test_answers_are_told_of_five_people_at_least_and_once(by_number: dict[int, set[str]]) -> None:
    voices = {shifted("2026-W40", number): sorted(people) for number, people in by_number.items()}
    last = shifted("2026-W40", 15)
    found = list(spans(voices, "2026-W40", last))
    seen: list[str] = []
    for begins, end in found:
        weeks = list(span(begins, end))
        people = Counter(who for week in weeks for who in voices.get(week, ()))
        assert len(people) >= FEWEST
        assert max(people.values()) <= LARGEST_SHARE * people.total()
        seen += weeks
    assert len(seen) == len(set(seen))
    assert all(one <= last for one in seen)


def test_answers_add_up() -> None:
    one = counted("2026-W45", "2026-W45", ["heavier", "same", "heavier", "lighter", "heavier"])
    assert (one.lighter, one.same, one.heavier, one.answers) == (1, 1, 3, 5)
    other = counted("2026-W46", "2026-W47", ["same"] * 6)
    both = surveyed([one, other])
    assert both == SurveyBlock(first="2026-W45", last="2026-W47", lighter=1, same=7, heavier=3)
    assert surveyed([]) is None
    load = loaded([weighed("2026-W45", "2026-W45", [(10, 20, 30, 40, 50, 60)] * 5)])
    assert load is not None
    assert (load.answers, load.means, load.whole) == (5, (10, 20, 30, 40, 50, 60), 35)
    assert loaded([]) is None


def test_answers_that_are_none_are_refused() -> None:
    assert [check_said(one) for one in SAID] == list(SAID)
    assert check_words("  bien \n") == "bien"
    assert check_scales(["0", "100", "50", "1", "2", "3"]) == (0, 100, 50, 1, 2, 3)
    for said in ("", "HEAVIER", "heavier "):
        with pytest.raises(BadRequest, match="three answers"):
            check_said(said)
    with pytest.raises(BadRequest, match=str(WORDS_MOST + 1)):
        check_words("é" * (WORDS_MOST + 1))
    for scales in ([], ["1"] * 5, ["1"] * 7, ["101", *"12345"], ["-1", *"12345"], ["", *"12345"], ["٣", *"12345"]):
        with pytest.raises(BadRequest, match="whole number"):
            check_scales(scales)


def test_how_heavy_it_felt_is_asked_of_each_now_and_then() -> None:
    weeks = list(span("2025-W01", "2026-W50"))
    for member in ("m_one", "m_two"):
        asked = sum(load_is_asked(member, week) for week in weeks)
        assert len(weeks) / LOAD_ONE_WEEK_IN / 2 < asked < 2 * len(weeks) / LOAD_ONE_WEEK_IN


# -- months --------------------------------------------------------------------------------------------------------

SLOW, FAST = [300_000 + 1_000 * i for i in range(30)], [200_000 + 1_000 * i for i in range(30)]


def block(week: str, draft: list[int], blind: list[int], **more: Any) -> Block:
    sides = Sides(draft=times(draft), blind=times(blind))
    plain: dict[str, Any] = {"task_type": "desk", "tasks": len(draft) + len(blind), "active": times(draft + blind)}
    return Block(first=week, last=week, sides=sides, **{**plain, **more})


def month(told: Told) -> Any:
    return report(told, "2026-11", running=False)


def test_both_outcomes_are_told_and_only_the_heavy_one_goes_before_the_assembly() -> None:
    slower = month(Told(tasks=(block("2026-W47", SLOW, FAST),)))
    faster = month(Told(tasks=(block("2026-W47", FAST, SLOW),)))
    assert (slower.compared["desk"].verdict, faster.compared["desk"].verdict) == ("heavier", "lighter")
    (item,) = heavier(slower)
    assert item.public == {
        "month": "2026-11",
        "cause": "comparison",
        "task_type": "desk",
        "draft": 30,
        "blind": 30,
        "low_percent": math.floor(100 * (slower.compared["desk"].ratio.low - 1)),
        "high_percent": math.floor(100 * (slower.compared["desk"].ratio.high - 1)),
    }
    assert 0 < item.public["low_percent"] < item.public["high_percent"]
    assert heavier(faster) == ()
    assert heavier(month(Told(tasks=(block("2026-W47", SLOW, SLOW),)))) == ()
    assert heavier(month(Told(tasks=(block("2026-W47", SLOW, FAST[:19]),)))) == (), "19 tasks are not enough"


def test_the_comparison_looks_back_half_a_year_and_never_ahead() -> None:
    last = last_week("2026-11")
    old = block(shifted(last, -COMPARED_WEEKS), FAST, SLOW)
    kept = block(shifted(last, 1 - COMPARED_WEEKS), SLOW[:20], FAST[:20])
    new, later = block(last, SLOW[:5], FAST[:5]), block(shifted(last, 1), FAST * 4, SLOW * 4)
    told = month(Told(tasks=(old, kept, new, later)))
    assert (told.compared["desk"].draft.tasks, told.compared["desk"].blind.tasks) == (25, 25)
    assert [one.tasks for one in told.tasks] == [10], "the month itself"
    assert len(heavier(told)) == 1
    assert heavier(month(Told(tasks=(old, kept)))) == (), "nothing new was told this month"


@pytest.mark.parametrize(
    ("lighter", "same", "heavy", "before_the_assembly"),
    [(0, 2, 3, True), (0, 3, 3, False), (3, 0, 3, False), (1, 1, 3, True), (5, 0, 0, False), (0, 0, 5, True)],
)
def test_more_than_half_of_the_answers_go_before_the_assembly(
    lighter: int, same: int, heavy: int, *, before_the_assembly: bool
) -> None:
    answers = SurveyBlock(first="2026-W47", last="2026-W47", lighter=lighter, same=same, heavier=heavy)
    found = heavier(month(Told(surveys=(answers,))))
    assert bool(found) == before_the_assembly
    if found:
        assert found[0].public == {
            "month": "2026-11",
            "cause": "survey",
            "task_type": "",
            "answers": lighter + same + heavy,
            "heavier": heavy,
        }
    earlier = SurveyBlock(first="2026-W40", last="2026-W40", lighter=lighter, same=same, heavier=heavy)
    assert heavier(month(Told(surveys=(earlier,)))) == ()


def test_a_month_without_anything() -> None:
    told = month(Told())
    assert (told.tasks, dict(told.compared), told.survey, told.load, heavier(told)) == ((), {}, None, None, ())
    assert Told().months == ()
    assert Told(tasks=(block("2026-W49", SLOW, FAST),), surveys=()).months == ("2026-12",)

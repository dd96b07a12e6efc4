"""What of a day may be told to everybody: never of fewer than five people, whatever is subtracted from what."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from affouage.ledger.day_totals import FEWEST, DayUse, Span, told

PEOPLE = st.frozensets(st.sampled_from("abcdefgh"), max_size=8)


def _month(people: list[frozenset[str]]) -> list[DayUse]:
    return [
        DayUse(f"2026-11-{i + 1:02}", who, 3**i % 97, i % 2, 5**i % 1009, 5**i % 1009 - 1, 5**i % 1009 + 1, frozenset())
        for i, who in enumerate(people)
    ]


def _told(month: list[DayUse]) -> list[Span]:
    """Everything told over a month, day after day."""
    return [span for end in range(1, len(month) + 1) for span in told(month[:end], month_over=end == len(month))]


@given(st.lists(PEOPLE, min_size=1, max_size=31))
def test_a_month_is_told_whole_in_spans_of_five_people_or_not_at_all(people: list[frozenset[str]]) -> None:
    month = _month(people)
    spans = _told(month)
    if len(frozenset().union(*people)) < FEWEST:
        assert spans == []
        return
    told_days: list[str] = []
    for span in spans:
        within = [day for day in month if span.first <= day.day <= span.last]
        assert len(frozenset().union(*(day.people for day in within))) >= FEWEST
        assert span.requests == sum(day.requests for day in within)
        assert (span.energy_uj, span.unknown) == (sum(d.energy_uj for d in within), sum(d.unknown for d in within))
        told_days.extend(day.day for day in within)
    assert told_days == [day.day for day in month], "each day once, in order: what is left over is nothing"


@given(st.lists(PEOPLE, min_size=1, max_size=31), st.integers(1, 31))
def test_nothing_told_depends_on_days_to_come(people: list[frozenset[str]], end: int) -> None:
    month = _month(people)
    end = min(end, len(month))
    for span in told(month[:end], month_over=False):
        assert span.last < month[end - 1].day or end == 1


def test_a_busy_day_is_told_at_the_end_of_the_next_one() -> None:
    month = _month([frozenset("abcde"), frozenset("abcdef"), frozenset("a")])
    assert told(month[:1], month_over=False) == ()
    (first,) = told(month[:2], month_over=False)
    assert (first.first, first.last) == ("2026-11-01", "2026-11-01")
    (rest,) = told(month, month_over=True)
    assert (rest.first, rest.last) == ("2026-11-02", "2026-11-03")

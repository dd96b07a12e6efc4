"""The count in words: every step in both languages, figures that do not contradict the result, tables that hold."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.tally import Outcome
from affouage.web.count_table import table, text
from affouage.web.count_words import Names, grade_words, outcome_words, percent, sentences
from affouage.web.language import language
from tests.unit.tally_cases import ORSAY_2007, SCHULZE_45, TENNESSEE, elections, graded, poll, repeated
from tests.unit.test_tally_yes_no import college_vote

FRENCH, ENGLISH = language("fr"), language("en")


def plain(words: Any) -> str:
    return " ".join(words if isinstance(words, tuple) else (words,)).replace("\u202f", " ").replace("\u00a0", " ")


@given(elections())
def test_every_step_is_told_in_both_languages(election: Any) -> None:
    from affouage.assembly.tally import count

    outcome = count(*election)
    french, english = sentences(outcome, FRENCH), sentences(outcome, ENGLISH)
    assert len(french) == len(english) == len(outcome.steps)
    for one, other in zip(french, english, strict=True):
        assert not re.search(r"[{}]", one + other)
        assert one != other or re.fullmatch(r"\S+: [\d.%\s]+\.?", other)
    assert outcome_words(outcome, FRENCH)
    assert text(outcome, FRENCH)


def test_a_vote_as_somebody_who_votes_once_a_year_reads_it() -> None:
    found = poll("majority", *["for"] * 60, *["against"] * 52, "abstain", electors=200, quorum_percent=50)
    assert plain(sentences(found, FRENCH)) == (
        "200 personnes pouvaient voter. 113 ont voté. 1 s’est abstenue, ou a voté blanc. "
        "Il fallait au moins 100 votants, soit 50 % de ceux qui pouvaient voter ; il y en a eu 113. "
        "Le quorum est atteint. "
        "60 pour, 52 contre : 53,6 % pour. Les abstentions ne comptent pas ici. Il fallait dépasser la moitié. "
        "C’est adopté."
    )


def test_colleges_are_told_with_what_they_weigh() -> None:
    told = plain(
        sentences(college_vote(("users", 3, 2), ("workers", 1, 3)), ENGLISH, Names(colleges={"users": "Users"}))
    )
    assert "College Users: 3 for, 2 against, so 60% for; it counts for 62.5% of the result." in told
    assert "Its 20% is shared out among the other colleges." in told
    assert "All colleges together, weighed: 46.9% for. More than half was needed." in told


def test_a_share_is_never_rounded_onto_the_threshold_it_missed() -> None:
    found = poll("supermajority", *["for"] * 6666, *["against"] * 3334, threshold="2/3")
    assert found.outcome == "rejected"
    assert "66.66% for" in plain(sentences(found, ENGLISH))
    assert percent(Fraction(2, 3), ENGLISH, Fraction(2, 3)) == "66.7%"
    assert percent(Fraction(1, 2), FRENCH) == "50\u202f%"


def test_options_and_grades_have_the_names_they_were_given() -> None:
    names = Names(options={"a": "Affiche verte"}, grades=("non", "bof", "oui"))
    found = poll("majority_judgment", {"a": 2}, {"b": 1}, {"a": 1}, options=("a", "b"), grades=3)
    told = plain(sentences(found, FRENCH, names))
    assert "Affiche verte : au moins la moitié des votants lui donnent « bof » ou mieux." in told
    assert "b : au moins la moitié des votants lui donnent « non »." in told
    assert outcome_words(found, ENGLISH, names) == "Adopted: Affiche verte."
    assert grade_words(found, ENGLISH) == ("grade 1", "grade 2", "grade 3")
    none = poll("plurality", "none", options=("a",), none_option=True)
    assert "Rien de tout cela" in plain(outcome_words(none, FRENCH))


CASES: list[tuple[Outcome, int, int]] = [
    (graded(ORSAY_2007), 12, 8),
    (repeated(TENNESSEE, "plurality"), 5, 2),
    (repeated(SCHULZE_45, "schulze"), 5, 6),
    (college_vote(("users", 3, 2), ("workers", 1, 3)), 3, 6),
    (poll("majority", "for"), 3, 2),
    (poll("majority", electors=0), 3, 2),
    (poll("consent", "object"), 3, 2),
]


@pytest.mark.parametrize(("outcome", "rows", "columns"), CASES)
def test_tables_have_a_heading_for_each_column(outcome: Outcome, rows: int, columns: int) -> None:
    for spoken in (FRENCH, ENGLISH):
        found = table(outcome, spoken)
        assert (len(found.rows), len(found.head)) == (rows, columns)
        assert all(len(row) == columns and all(row) for row in found.rows)
        assert found.caption


def test_the_published_shares_are_read_in_the_table() -> None:
    bayrou = table(graded(ORSAY_2007), ENGLISH).rows[0]
    assert bayrou == ("Bayrou", "13.6%", "30.7%", "25%", "14.8%", "8.4%", "7.4%", "good")


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_percentage_tells_apart_what_differs(number: int, total: int) -> None:
    share = Fraction(number, total)
    if share != Fraction(1, 2) and abs(share - Fraction(1, 2)) > Fraction(1, 10**7):
        assert percent(share, ENGLISH, Fraction(1, 2)) != "50%"

"""Rules in words, with the vote that decided them, on pages and in the messages of programs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import AffouageError
from affouage.footprint.budget import HoursRules
from affouage.footprint.period import Calendar
from affouage.inference import refusal
from affouage.inference.refusal import Cited
from affouage.pool.reach import ConfidentialityRules, lowered, number
from affouage.pool.station import REACHES
from affouage.rulebook import AREAS
from affouage.web import sentences
from affouage.web.language import language
from affouage.web.rule_names import cited_words, page_of, rule_named

FRENCH, ENGLISH = language("fr"), language("en")
SPACES = str.maketrans("\u00a0\u202f", "  ")
NOV_22 = 1_795_345_200_000
VOTED = Cited("hours@3", "2027-03-03", 12)


def french(cited: Cited) -> str:
    return cited_words(cited, FRENCH).translate(SPACES)


def test_a_vote_is_named_by_its_day_and_its_proposal() -> None:
    assert french(VOTED) == "horaires, version 3, vote du 3 mars 2027, proposition n° 12"
    assert cited_words(VOTED, ENGLISH) == "opening hours, version 3, vote of March 3, 2027, proposal no. 12"
    assert str(VOTED) == "rule hours@3, vote of 2027-03-03, proposal 12"
    assert page_of(VOTED) == "/assembly/proposals/12"


def test_what_no_vote_decided_says_so_and_leads_nowhere() -> None:
    seed = Cited("hours@1", "2027-03-03")
    assert french(seed) == "horaires, version 1, règle décidée le 3 mars 2027"
    assert page_of(seed) == ""
    assert french(Cited("hours@1")) == "horaires, version 1"
    assert french(Cited("safety.closed")) == "réglage safety.closed"


def test_an_emergency_measure_is_told() -> None:
    assert "mesure d’urgence" in french(Cited("models@2", "2027-03-03", 7, 4))
    assert "mesure d’urgence" in rule_named("models@2+emergency:4", FRENCH)
    assert Cited("models@2", "2027-03-03", 7, 4).facts()["emergency"] == 4


@pytest.mark.parametrize("area", sorted(AREAS))
def test_every_area_has_its_short_name(area: str) -> None:
    assert rule_named(f"{area}@2", ENGLISH) != f"{area}@2"
    assert rule_named(f"{area}@2", FRENCH) != rule_named(f"{area}@2", ENGLISH)


@given(st.text(max_size=40))
def test_any_stamp_of_another_release_is_shown_as_it_is_or_in_words(stamp: str) -> None:
    assert rule_named(stamp, FRENCH) is not None


def test_closed_by_a_vote_as_members_read_it() -> None:
    error = refusal.closed(
        HoursRules(closed_from="11:00", closed_until="13:30"), 3, Calendar("Europe/Paris"), NOV_22, VOTED
    )
    told = sentences.explain(error, FRENCH)[0].translate(SPACES)
    assert told == (
        "Le commun est fermé de 11:00 à 13:30 : ainsi le veulent ses règles (horaires, version 3, vote du 3 mars 2027, "
        "proposition n° 12)."
    )
    read = AffouageError(error.message, code=error.code, **error.details)
    assert sentences.explain(read, FRENCH)[0].translate(SPACES) == told, "the command line reads the same facts"


@given(default=st.sampled_from(REACHES), most=st.sampled_from(REACHES), cap=st.sampled_from(["", *REACHES]))
def test_the_configuration_never_lets_a_question_go_further(default: str, most: str, cap: str) -> None:
    rules = ConfidentialityRules(default=default, most=most)  # type: ignore[arg-type]
    found = lowered(rules, cap)
    assert number(found.most) <= number(most)
    assert number(found.default) <= number(default)
    assert not cap or number(found.most) <= number(cap)

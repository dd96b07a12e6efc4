"""Delays, thresholds and states in words; minutes as a PDF that is tagged, and that no text of a member can command."""

from __future__ import annotations

import json
from importlib import resources

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.assembly.decisions.agenda import YES_NO
from affouage.assembly.decisions.events import KINDS
from affouage.assembly.decisions.proposal import PASSAGES
from affouage.assembly.emergencies import MEASURES
from affouage.assembly.rules.governance import PROFILES, GovernanceRules, Profile, profile
from affouage.assembly.rules.mandates import SCOPES
from affouage.assembly.tally import GRADES
from affouage.web.assembly import grades, leaf_words, minutes_pdf, words
from affouage.web.assembly.minutes_facts import Decided, Facts, Happening
from affouage.web.language import language

FR, EN = language("fr"), language("en")
DAY = 24 * 60


@pytest.mark.parametrize(
    ("minutes", "french", "english"),
    [
        (0, "aucun délai", "no time at all"),
        (30, "30 minutes", "30 minutes"),
        (60, "1 heure", "1 hour"),
        (7 * DAY, "7 jours", "7 days"),
        (DAY + 120, "1 jour et 2 heures", "1 day and 2 hours"),
        (DAY + 61, "1 jour, 1 heure et 1 minute", "1 day, 1 hour and 1 minute"),
    ],
)
def test_delays(minutes: int, french: str, english: str) -> None:
    assert (words.delay(minutes, FR), words.delay(minutes, EN)) == (french, english)


def test_how_long_is_left_is_rounded_down_to_what_matters() -> None:
    assert words.left(59_000, EN) == "less than a minute left"
    assert words.left(45 * 60_000, EN) == "45 minutes left"
    assert words.left((5 * 60 + 50) * 60_000, FR) == "encore 5 heures"
    assert words.left((6 * DAY + 23 * 60) * 60_000, FR) == "encore 6 jours"
    assert words.left(-5, EN) == "less than a minute left"


def test_thresholds_are_named() -> None:
    assert words.majority(Profile(), EN) == "Adopted if those for are more than half of those who say for or against."
    told = words.majority(Profile(method="supermajority", threshold="2/3"), FR)
    assert "les deux tiers" in told
    assert words.share_name("7/9", FR) == "7/9"
    assert words.share_name("1/0", FR) == "1/0"


def test_each_kind_of_vote_says_why_it_is_that_one() -> None:
    rules = GovernanceRules()
    told = {name: words.decided_by(name, profile(rules, name), FR) for name in PROFILES}
    assert len({lines[1] for lines in told.values()}) == len(PROFILES)
    assert all(len(lines) >= 4 for lines in told.values())


def test_nothing_has_no_word() -> None:
    for code in (FR, EN):
        assert all(words.say(words.STATES, state, code) != state for state in PASSAGES)
        assert all(words.cause(state, "", code) for state in PASSAGES)
        assert all(words.say(words.SCOPES, scope, code) != scope for scope in SCOPES)
        assert all(words.say(words.MEASURES, name, code) != name for name in MEASURES)
        assert all(leaf_words.kind_words(f"assembly_{kind}", code) != f"assembly_{kind}" for kind in KINDS)
    assert len(grades.GRADES) == GRADES
    assert set(YES_NO) <= set(words.CHOICES)


# -- the minutes ---------------------------------------------------------------------------------------------------

HOSTILE = '#panic("x") = Titre *gras* $x^2$ @ref <label> #import "/etc/passwd" \\ "] #set text(red)'


def minutes(text: str, lang: str = "fr") -> minutes_pdf.Told:
    vote = Decided(1, (1,), text, (text,), text, text, 1_790_000_000_000, 4, 5, (text, text))
    happening = Happening(1_790_000_000_000, text)
    facts = Facts((vote,), ((1, text),), (happening,), (happening,), (happening,))
    return minutes_pdf.Told(
        text or "Commun", "2026-09-01", "2026-09-30", facts, 5, None, 1_790_000_000_000, "Europe/Paris"
    )


def test_the_pdf_is_tagged_titled_and_says_its_language() -> None:
    for lang in ("fr", "en"):
        pdf = minutes_pdf.make(minutes("Les Amis du Bois"), language(lang))
        assert pdf.startswith(b"%PDF-")
        assert pdf.rstrip().endswith(b"%%EOF")
        for mark in (b"/StructTreeRoot", b"/MarkInfo", b"/Lang", b"pdfuaid", b"/DisplayDocTitle"):
            assert mark in pdf, mark
        assert f"/Lang({lang}".encode() in pdf or f"/Lang ({lang}".encode() in pdf


def headings(told: minutes_pdf.Told) -> list[object]:
    """What Typst takes for a heading, in the document as it is set."""
    source = resources.files("affouage.web.assembly").joinpath("minutes.typ").read_bytes()
    data = json.dumps(minutes_pdf.document(told, FR))
    found: list[object] = json.loads(typst.query(source, "heading", sys_inputs={"minutes": data}))
    return found


def test_what_a_member_wrote_is_never_markup() -> None:
    assert len(headings(minutes(HOSTILE))) == len(headings(minutes("Un titre tout simple")))
    assert minutes_pdf.make(minutes(HOSTILE), FR).startswith(b"%PDF-")


@settings(max_examples=20, deadline=None)
@given(st.text(max_size=200))
def test_any_text_makes_a_pdf(text: str) -> None:
    assert b"/StructTreeRoot" in minutes_pdf.make(minutes(text), EN)


def test_an_empty_period_and_a_long_text_are_told() -> None:
    nothing = minutes_pdf.Told("Commun", "2026-09-01", "2026-09-30", Facts((), (), (), (), ()), 0, None, 0, "")
    assert minutes_pdf.make(nothing, FR).startswith(b"%PDF-")
    long = minutes_pdf.document(minutes("mot " * 5_000), FR)
    assert long["votes"][0]["about"][0].endswith("[…]")

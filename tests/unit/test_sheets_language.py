"""Which language a document is in; how old a sheet is."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.sheets.age import Age, age_days, age_words
from affouage.sheets.language import language_of
from affouage.sheets.quantified import amounts_in, delays_in

TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Vous devez faire une demande de passeport à la mairie de votre choix.", "fr"),
        ("You must apply for the passport at the town hall and pay with a card.", "en"),
        ("Usted debe presentar su solicitud en el ayuntamiento con una copia del documento para los hijos.", "es"),
        ("Sie müssen den Antrag mit dem Formular bei der Gemeinde stellen und eine Kopie vorlegen.", "de"),
        ("Deve presentare il modulo con una copia della carta, per il figlio e per gli altri che sono qui.", "it"),
        ("يجب عليك تقديم الطلب إلى البلدية مع نسخة من بطاقة الهوية", "ar"),
        ("Вы должны подать заявление в мэрию", "ru"),
        ("Trottinettes, monoroues, gyropodes, hoverboards et autres EDP", "fr"),
        ("Passeport - Renew - Adulte", "fr"),
        ("", "fr"),
        ("12345 €", "fr"),
    ],
)
def test_the_language_is_told_by_little_words_and_scripts(text: str, language: str) -> None:
    assert language_of(text) == language


@given(st.text(max_size=200))
def test_any_text_has_a_language(text: str) -> None:
    assert len(language_of(text)) == 2


def test_ages() -> None:
    assert age_days("2026-11-28", TODAY) == 1
    assert age_days("2026-12-25", TODAY) == 0, "a date to come is no age"
    assert [age_days(one, TODAY) for one in (None, "", "2026-02-30", "hier")] == [None] * 4
    assert [age_words(one) for one in (0, 45, 90, 700, 731, 2209)] == [
        Age(0, "day"),
        Age(45, "day"),
        Age(2, "month"),
        Age(22, "month"),
        Age(2, "year"),
        Age(6, "year"),
    ]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Vous devez répondre dans les 15 jours.", ["15 jours"]),
        ("Vous avez 2 mois pour payer.", ["2 mois"]),
        ("Le délai est de 10 jours ouvrés.", ["10 jours ouvrés"]),
        ("Vous disposez d'un délai de deux mois.", ["deux mois"]),
        ("Vous devez avoir 18 ans, et 3 ans d'ancienneté.", []),
        ("Cet enfant de 6 ans va à l'école.", []),
    ],
)
def test_delays_are_told_from_ages_and_lengths_of_service(text: str, found: list[str]) -> None:
    assert [fact.value for fact in delays_in(text, ())] == found


def test_amounts_where_a_source_marks_none() -> None:
    text = "Le repas coûte 3,50 €. Au-delà de 1 525 euros, la part est de 12,68 % ; le 3 mars est gratuit."
    assert [fact.value for fact in amounts_in(text, ())] == ["3,50 €", "1 525 euros", "12,68 %"]
    assert next(amounts_in(f"{text} {'Rien de plus. ' * 9}", ())).label == "Le repas coûte 3,50 €."

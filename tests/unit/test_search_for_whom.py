"""A sheet for some people ranks below its twin for everybody, unless they are named."""

from __future__ import annotations

import pytest

from affouage.sheets.search.for_whom import NARROWER, narrower

MINOR, ADULT = "Carte d'identité d'un mineur : en cas de perte", "Carte d'identité d'un majeur : en cas de perte"
CIVIL = "Fonction publique : congé de paternité"


@pytest.mark.parametrize(
    ("question", "title", "lower"),
    [
        ("J'ai perdu ma carte d'identité", MINOR, True),
        ("J'ai perdu ma carte d'identité", ADULT, False),
        ("Ma fille a perdu sa carte d'identité", MINOR, False),
        ("Ma fille a perdu sa carte d'identité", ADULT, True),
        ("Ma fille majeure a perdu sa carte d'identité", ADULT, False),
        ("carte d'identité d'un élève de 15 ans", MINOR, False),
        ("carte d'identité, j'ai 25 ans", MINOR, True),
        ("durée du congé paternité", CIVIL, True),
        ("durée du congé paternité d'un FONCTIONNAIRE", CIVIL, False),
        ("durée du congé paternité", "Congé de paternité d'un salarié du secteur privé", False),
        ("", MINOR, True),
        ("carte d'identité", "", False),
    ],
)
def test_for_whom(question: str, title: str, lower: bool) -> None:
    assert narrower(question, title) == (NARROWER if lower else 0)

"""What a sheet takes away in the sentence after the one that was quoted is shown with it."""

from __future__ import annotations

import pytest

from affouage.sheets.sheet import Passage
from affouage.workshops.explain.limiting import MOST, with_limits
from affouage.workshops.explain.shapes import Sentence
from affouage.workshops.explain.support import Source, check

FIRST = "Il est possible de travailler dès l'âge de 16 ans, quel que soit le type de contrat."


def shown(text: str, *written: str) -> list[str]:
    source = Source(passage=Passage(collection_id="c", sheet_id="F1", number=1, text=text, path=()), title="Travailler")
    told: tuple[Sentence, ...] = check("\n".join(written), [source])
    assert all(one.status == "supported" for one in told), told
    limited = with_limits(told, [source])
    assert all(one.quote is not None and one.quote.text == text[one.quote.start : one.quote.end] for one in limited)
    assert [one.place for one in limited] == sorted(one.place for one in limited)
    return [one.text for one in limited]


@pytest.mark.parametrize(
    "limit",
    [
        "Tout mineur doit y être autorisé par son représentant légal.",
        "Toutefois, certains métiers sont interdits.",
        "Cette règle vaut partout, sauf en Alsace.",
    ],
)
def test_a_limit_that_follows_is_quoted_after(limit: str) -> None:
    assert shown(f"{FIRST} {limit} Autre chose encore.", FIRST) == [FIRST, limit]


def test_what_is_told_already_is_not_told_twice() -> None:
    limit = "Tout mineur doit y être autorisé par son représentant légal."
    assert shown(f"{FIRST} {limit}", FIRST, limit) == [FIRST, limit]


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST} Les vacances durent deux mois.",
        FIRST,
        f"{FIRST} Le mineur doit fournir :\n- une photo,\n- une lettre.",
        f"{FIRST} Tout mineur doit {'vraiment ' * 60}y être autorisé.",
    ],
    ids=["no limit", "the end", "a list begins", "a paragraph of its own"],
)
def test_what_limits_nothing_is_not_shown(text: str) -> None:
    assert shown(text, FIRST) == [FIRST]


def test_an_answer_is_not_drowned_in_limits() -> None:
    says = [f"Le dossier numéro {one} se dépose à la mairie." for one in (11, 12, 13, 14)]
    text = " ".join(f"{said} Toutefois le guichet {n} ferme tôt." for n, said in enumerate(says, 21))
    assert len(shown(text, *says)) == len(says) + MOST

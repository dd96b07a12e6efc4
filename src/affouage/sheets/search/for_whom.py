"""A sheet written for some people ranks below the one for everybody, unless the question names them. Pure.

Official guides come in pairs: *of an adult*, *of a minor*; *leave*, *civil service: leave*. Words and meaning hardly
tell the two apart, and whoever asks seldom says that they are what most people are. Written from general knowledge of
those guides, not from questions.
"""

from __future__ import annotations

import re

from affouage.french.plain import level

NARROWER = 1.0
"""Taken off the score of a sheet for others: what separates twins, not what separates subjects."""

_CHILD = (
    r"enfants?|fils|filles?|mineure?s?|ados?|adolescente?s?|bebes?|nouveau-nes?|gamine?s?|gosses?|collegiens?|lyceens?|"
    r"petit-fils|petite-fille|eleves?|ecole|creche|(?:[1-9]|1[0-7]) ans|child|children|son|daughter|minor|baby"
)
_OF: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = tuple(
    (re.compile(rf"\b(?:{title})\b"), re.compile(rf"\b(?:{named})\b"))
    for title, named in (
        (r"mineure?s?|moins de 18 ans", _CHILD),
        (
            r"fonction publique|fonctionnaires?|agents? publics?|militaires?",
            r"fonctionnaires?|fonction publique|agente?s?|titulaires?|contractuelle?s?|territoriale?s?|hospitaliere?s?|"
            r"enseignante?s?|profs?|professeure?s?|instit\w*|police|policiere?s?|gendarmes?|militaires?|armee|soldats?|"
            r"infirmiere?s? a l'hopital|commune|mairie|prefecture|ministere|collectivite|civil service|public servant",
        ),
        (
            r"etrangere?s?|europeens?|europeennes?|non-europeens?|algeriens?",
            r"etrangere?s?|europeens?|europeennes?|nationalite|visas?|sejour|immigre\w*|refugie\w*|asile|sans-papiers|"
            r"algerie\w*|maroc\w*|tunisie\w*|suisses?|anglais\w*|britanniques?|americain\w*|pays|foreign\w*",
        ),
        (r"agricoles?|exploitants?", r"agricoles?|agriculteurs?|agricultrices?|exploitants?|fermes?|msa|paysan\w*"),
        (r"francais (?:de|a) l'etranger", r"etranger|expat\w*|consulat|ambassade|hors de france|abroad"),
    )
)
_ADULT = re.compile(r"\bmajeure?s?\b")
_CHILDREN = re.compile(rf"\b(?:{_CHILD})\b")


def narrower(question: str, title: str) -> float:
    """0, or ``NARROWER`` when ``title`` is for people whom ``question`` does not name."""
    asked, told = level(question), level(title)
    if any(of.search(told) and not named.search(asked) for of, named in _OF):
        return NARROWER
    grown = _ADULT.search(told) and _CHILDREN.search(asked) and not _ADULT.search(asked)
    return NARROWER if grown else 0.0

"""What a text holds true only under: conditions, exceptions, bounds; and what it obliges to or allows. Pure."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from affouage.french.negations import negations
from affouage.french.plain import content_words, level

ConditionKind = Literal["if", "unless", "only", "from", "until", "at_least", "more_than", "at_most", "less_than"]
"""``if``: also in case of, when, provided that. ``from``, ``until``: a moment. The last four bound a number."""


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """``cue``: the words it begins with, leveled. ``start`` .. ``end``: with what follows them in the same clause."""

    kind: ConditionKind
    cue: str
    start: int
    end: int
    text: str

    @property
    def content(self) -> frozenset[str]:
        """Stems of what the condition speaks of, its cue apart."""
        return frozenset(content_words(self.text[len(self.cue) :]))


_CUES: dict[ConditionKind, tuple[str, ...]] = {
    "unless": (
        r"sauf(?: si| s'| en cas d[e'])?|a moins (?:que|qu'|de|d')|exceptee?s?|hormis|hors (?:de|d'|du|cas)",
        r"a l'exception d[eu']s?|a l'exclusion d[eu']s?|unless|except",
    ),
    "if": (
        r"si(?=\s)|s'(?=ils?\b)|a (?:la )?(?:seule )?conditions? (?:que|qu'|de|d')|pourvu (?:que|qu')",
        r"sous (?:reserve|condition)s?(?: que| qu'| de| d')?|en cas (?:de|d')|(?:dans|au) (?:le )?cas (?:ou|de|d')",
        r"dans certains cas|le cas echeant|lorsqu(?:e\b|')|quand(?=\s)|des lors qu(?:e\b|')|des qu(?:e\b|')",
        r"une fois qu(?:e\b|')|tant qu(?:e\b|')|selon (?:que|qu'|votre|vos|la|le|les|l')|en fonction d[eu']s?",
        r"dans la mesure ou|if|when|provided|in case",
    ),
    "only": (r"uniquement|seulement|exclusivement|seule?s?(?=\s)|reservee?s? (?:a|aux|au)|only",),
    "at_least": (r"au moins|au minimum|minimum|minimale?s?|minimaux|(?:et|ou) plus(?! d)|at least",),
    "more_than": (
        r"plus d(?:e\b|')|superieure?s? (?:a|au|aux)|au-dela d[eu']s?|depasse(?:nt|r)?|excede(?:nt|r)?",
        r"more than|over(?= \d)",
    ),
    "at_most": (
        r"au plus(?! tard| tot)|au maximum|maximum|maximale?s?|maximaux|dans la limite d[eu']s?",
        r"a concurrence d[e']|ou moins|plafonnee?s? a|at most|up to",
    ),
    "less_than": (r"moins d(?:e\b|')|inferieure?s? (?:a|au|aux)|en dessous d[eu']s?|less than|under(?= \d)",),
    "from": (r"a partir d[eu']s?|a compter d[eu']s?|des(?= (?:le|la|l'|votre|sa|son|reception|\d))|from(?= \d)|as of",),
    "until": (r"jusqu'(?:a|au|aux|en)\b|au plus tard|avant (?:le|la|l'|votre|vos|son|sa|ses|que|de|d')|until|before",),
}
_WORD_END = r"(?:(?![\w-])|(?<='))"
_ANY = re.compile(
    "|".join(rf"(?P<{kind}>(?<![\w'-])(?:{'|'.join(forms)}){_WORD_END})" for kind, forms in _CUES.items())
)
_END = re.compile(r"[,;:.!?()\n]")


def conditions(text: str) -> list[Condition]:
    """Every condition of ``text`` in order. ``ne ... que`` restricts too, and is an ``only``."""
    flat = level(text)
    found_negations = negations(text)
    denied = [(one.start, one.end) for one in found_negations if one.kind != "only"]
    cues = [
        (one.start(), one.end(), one.lastgroup or "if")
        for one in _ANY.finditer(flat)
        if not any(start <= one.start() < end for start, end in denied)
    ]
    cues += [(one.start, one.end, "only") for one in found_negations if one.kind == "only"]
    cues.sort()
    found: list[Condition] = []
    for place, (start, cue_end, kind) in enumerate(cues):
        stop = _END.search(flat, cue_end)
        end = stop.start() if stop else len(text)
        if place + 1 < len(cues):
            end = max(cue_end, min(end, cues[place + 1][0]))
        found.append(
            Condition(kind=kind, cue=flat[start:cue_end], start=start, end=end, text=text[start:end])  # type: ignore[arg-type]
        )
    return found


_MUST = re.compile(
    r"\b(?:doit|doivent|dois|devez|devons|devra|devront|devrez|obligatoires?|obligatoirement|obligation|obligee?s?|"
    r"oblige|il faut|il faudra|faut-il|tenue?s? d[e']|exigee?s?|imperatif|imperativement|must|shall|required|have to)\b"
)
_MAY = re.compile(
    r"\b(?:peut|peuvent|peux|pouvez|pouvons|pourra|pourront|pourrez|possibles?|possibilite|facultati(?:f|ve)s?|"
    r"libres?|droit a|permis d[e']|autorisee?s? a|may|can|optional)\b"
)


def obliges(text: str) -> bool:
    """Whether it says that something has to be."""
    return bool(_MUST.search(level(text)))


def allows(text: str) -> bool:
    """Whether it says that something may be."""
    return bool(_MAY.search(level(text)))

"""Numbers written in letters, French and English: ``quatre-vingt-dix-sept``, ``deux mille``, ``twenty-one``. Pure."""

from __future__ import annotations

from decimal import Decimal

_UNITS = {
    **{"zero": 0, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "six": 6, "sept": 7, "huit": 8, "neuf": 9, "dix": 10},
    **{"onze": 11, "douze": 12, "treize": 13, "quatorze": 14, "quinze": 15, "seize": 16},
    **{"two": 2, "three": 3, "four": 4, "five": 5, "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11},
    **{"twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18},
    **{"nineteen": 19},
}
_TENS = {
    **{"vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60, "septante": 70},
    **{"huitante": 80, "octante": 80, "nonante": 90, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50},
    **{"sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90},
}
_SCALES = {"mille": 1000, "thousand": 1000, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9}
_HUNDREDS = ("cent", "cents", "hundred")
_ONES = ("un", "une", "one")
_JOINS = ("et", "and")

ABOUT = {
    **{"dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40},
    **{"cinquantaine": 50, "soixantaine": 60, "centaine": 100, "millier": 1000},
}
"""``une quinzaine de jours``: round numbers."""

ORDINALS = {
    **{"premier": 1, "premiere": 1, "premiers": 1, "premieres": 1, "deuxieme": 2, "second": 2, "seconde": 2},
    **{"troisieme": 3, "quatrieme": 4, "cinquieme": 5, "sixieme": 6, "septieme": 7, "huitieme": 8, "neuvieme": 9},
    **{"dixieme": 10, "first": 1, "third": 3, "fourth": 4, "fifth": 5},
}

FRACTIONS = {"demi": Decimal("0.5"), "demie": Decimal("0.5"), "moitie": Decimal("0.5"), "half": Decimal("0.5")}

START = frozenset((*_UNITS, *_TENS, *_SCALES, *_HUNDREDS))
"""Words a number in letters begins with, ``un`` and ``une`` apart: those are more often articles."""
ANY = START | frozenset(_ONES)


def read(tokens: list[str]) -> tuple[int, int]:
    """The number that ``tokens`` (leveled words, compounds already split) begin with: (value, how many were used).

    (0, 0) when they begin with none. ``vingt et un`` is one number; ``deux et trois`` is the number 2.
    """
    total = current = used = place = 0
    while place < len(tokens):
        word = tokens[place]
        joined = word in _JOINS and place + 1 < len(tokens) and used == place and current >= 20
        if joined and (tokens[place + 1] in _ONES or tokens[place + 1] == "onze"):
            place, word = place + 1, tokens[place + 1]
        value = _small(word, current)
        if value is None and word in _HUNDREDS and current < 100:
            value = max(1, current) * 100
        if value is not None:
            current, place = value, place + 1
        elif word in _SCALES and _SCALES[word] > 1 and (total == 0 or total >= _SCALES[word] * 10):
            total, current, place = total + max(1, current) * _SCALES[word], 0, place + 1
        else:
            break
        used = place
    return total + current, used


def _small(word: str, current: int) -> int | None:
    """``current`` with ``word`` added, when the word goes on with it."""
    below = current % 100
    if word in _UNITS:
        unit = _UNITS[word]
        if below == 0 or (below in (20, 30, 40, 50, 70, 80, 90) and unit < 10) or (below in (60, 80) and unit < 17):
            return current + unit
        if below in (10, 70, 90) and unit in (7, 8, 9):  # dix-sept, soixante-dix-huit
            return current + unit
    if word in _ONES and (below == 0 or below >= 20):
        return current + 1
    if word in _TENS:
        if below == 4 and _TENS[word] == 20:
            return current + 76  # quatre-vingts
        return current + _TENS[word] if below == 0 else None
    return None

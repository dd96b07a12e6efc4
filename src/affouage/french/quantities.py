"""Numbers in a text, in digits or in letters, with what they count: amounts, percents, durations, ages. Pure.

``2 mois`` and ``deux mois`` are the same quantity, and so are ``un an`` and ``12 mois``; ``15 jours`` and ``2
semaines`` are not: in law they are not.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Literal

import msgspec

from affouage.french import number_words
from affouage.french.dates import dates
from affouage.french.plain import LITTLE_WORDS, level

QuantityKind = Literal["number", "ordinal", "amount", "percent", "duration", "age", "time"]


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """``unit``: ``EUR``, ``%``, ``minute`` ``hour`` ``day`` ``week`` ``month`` ``year``, or the plain word counted
    (``enfant``), "" for none. ``value``: of a time of day, in minutes since midnight. ``text == source[start:end]``.
    """

    kind: QuantityKind
    value: Decimal
    unit: str
    start: int
    end: int
    text: str

    @property
    def key(self) -> tuple[str, Decimal]:
        """Equal for equal quantities: (what is counted, how many), years told in months; an age is a duration."""
        if self.kind in ("duration", "age"):
            return ("month", self.value * 12) if self.unit == "year" else (self.unit, self.value)
        if self.kind in ("amount", "percent"):
            return (self.unit, self.value)
        return (self.kind, self.value)


_DURATIONS = {
    **dict.fromkeys(("minute", "minutes", "mn", "min"), "minute"),
    **dict.fromkeys(("heure", "heures", "h", "hour", "hours"), "hour"),
    **dict.fromkeys(("jour", "jours", "journee", "journees", "day", "days"), "day"),
    **dict.fromkeys(("semaine", "semaines", "week", "weeks"), "week"),
    **dict.fromkeys(("mois", "month", "months"), "month"),
    **dict.fromkeys(("trimestre", "trimestres"), "quarter"),
    **dict.fromkeys(("semestre", "semestres"), "half-year"),
    **dict.fromkeys(("an", "ans", "annee", "annees", "year", "years"), "year"),
}
_EUROS = ("€", "euro", "euros", "eur")
_CENTS = ("centime", "centimes", "cents")
_PERCENT = re.compile(r"%|pour\s?-?cents?\b|p\.\s?100|percent\b|per cent\b")

_DIGITS = re.compile(
    r"(?<![\w.,])(?P<sign>-(?=\d))?"
    r"(?P<whole>\d{1,3}(?:[ .]\d{3})+(?![\d])|\d+)"
    r"(?:(?P<point>[.,])(?P<decimals>\d+))?"
)
_TIME = re.compile(r"(?<![\w.,])(?P<h>[01]?\d|2[0-4])\s?(?:h|heures?|:)\s?(?P<m>[0-5]\d)(?![\w])")
_ORDINAL = re.compile(r"(?<![\w.,])(?P<n>\d{1,3})\s?(?:er|ere|e|eme|nd|nde|st|rd|th)\b")
_LETTERS = re.compile(r"[a-z]+")
_AFTER = re.compile(r"\s*(?P<mark>[€%‰])|\s*-?\s*(?P<word>[a-z]+)\b")
_AGED = re.compile(r"\bage[es]*\s+(?:d'au moins|de|entre)?\s*(?:plus de |moins de |au moins )?$")


def quantities(text: str) -> list[Quantity]:
    """Every quantity of ``text`` in order; what belongs to a date is left to :func:`affouage.french.dates.dates`.

    ``un`` and ``une`` count only before a unit (``un mois``): elsewhere they are articles.
    """
    flat = level(text)
    taken = [(one.start, one.end) for one in dates(text)]
    found: list[Quantity] = []
    for match in _TIME.finditer(flat):
        if _free(taken, match.start(), match.end()):
            minutes = Decimal(int(match["h"]) * 60 + int(match["m"]))
            _note(found, taken, text, "time", minutes, "", match.start(), match.end())
    for match in _ORDINAL.finditer(flat):
        if _free(taken, match.start(), match.end()):
            _note(found, taken, text, "ordinal", Decimal(match["n"]), "", match.start(), match.end())
    for match in _DIGITS.finditer(flat):
        if _free(taken, match.start(), match.end()):
            _counted(found, taken, text, flat, _value(match), match.start(), match.end())
    _in_letters(found, taken, text, flat)
    return sorted(found, key=lambda one: one.start)


def _value(match: re.Match[str]) -> Decimal:
    whole = re.sub(r"[ .]", "", match["whole"])
    decimals = match["decimals"] or ""
    if match["point"] == "," and len(decimals) == 3 and len(whole) <= 3 and whole != "0":
        whole, decimals = whole + decimals, ""  # 1,200 as the English write it
    value = Decimal(f"{whole}.{decimals}" if decimals else whole)
    return -value if match["sign"] else value


def _in_letters(found: list[Quantity], taken: list[tuple[int, int]], text: str, flat: str) -> None:
    tokens = [(one.start(), one.end(), one[0]) for one in _LETTERS.finditer(flat)]
    place = 0
    while place < len(tokens):
        start, end, word = tokens[place]
        used = 0
        if not _free(taken, start, end):
            pass
        elif word in number_words.ANY:
            value, used = number_words.read([one[2] for one in tokens[place : place + 16]])
            used = _within(flat, tokens, place, used)
            if used:
                value, _ = number_words.read([one[2] for one in tokens[place : place + used]])
                alone = used == 1 and word in ("un", "une", "one")
                _counted(found, taken, text, flat, Decimal(value), start, tokens[place + used - 1][1], article=alone)
        elif word.removesuffix("s") in number_words.ABOUT:
            value = number_words.ABOUT[word.removesuffix("s")]
            _counted(found, taken, text, flat, Decimal(value), start, end)
        elif word in number_words.FRACTIONS:
            _counted(found, taken, text, flat, number_words.FRACTIONS[word], start, end)
        elif word in number_words.ORDINALS:
            _note(found, taken, text, "ordinal", Decimal(number_words.ORDINALS[word]), "", start, end)
        place += max(1, used)


def _within(flat: str, tokens: list[tuple[int, int, str]], place: int, used: int) -> int:
    """How many of the ``used`` words stand side by side: a comma or a full stop ends a number."""
    for step in range(1, used):
        between = flat[tokens[place + step - 1][1] : tokens[place + step][0]]
        if between.strip(" -"):
            return step
    return used


def _counted(
    found: list[Quantity],
    taken: list[tuple[int, int]],
    text: str,
    flat: str,
    value: Decimal,
    start: int,
    end: int,
    *,
    article: bool = False,
) -> None:
    """Note a number with the unit that follows it. ``article``: only if there is one."""
    scale, end = _scaled(flat, end)
    value *= scale
    percent = _PERCENT.match(flat, _skip(flat, end))
    if percent:
        return _note(found, taken, text, "percent", value, "%", start, percent.end())
    unit_start = _skip(flat, end)
    after = _AFTER.match(flat, unit_start)
    word = (after["mark"] or after["word"] or "") if after else ""
    if after and word in ("de", "d") and value >= 10 and not flat[start:end].isdigit():  # une quinzaine de jours
        after = _AFTER.match(flat, _skip(flat, after.end()))
        word = (after["word"] or "") if after else ""
    if after is None:
        return None if article else _note(found, taken, text, "number", value, "", start, end)
    if word in _EUROS:
        cents = re.match(r"\s?(\d{2})(?!\d)(?:\s*centimes?)?", flat[after.end() :])
        stop = after.end()
        if (
            cents
            and value == value.to_integral_value()
            and re.match(r"\s*centimes?\b|\s*[.,;)]|\s*$", flat[stop + 3 :])
        ):
            value, stop = value + Decimal(cents[1]) / 100, stop + cents.end()
        return _note(found, taken, text, "amount", value, "EUR", start, stop)
    if word in _CENTS:
        return _note(found, taken, text, "amount", value / 100, "EUR", start, after.end())
    if word in _DURATIONS:
        unit, stop = _DURATIONS[word], after.end()
        half = re.match(r"\s+et\s+demie?\b|\s+and a half\b", flat[stop:])
        if half:
            value, stop = value + Decimal("0.5"), stop + half.end()
        aged = unit == "year" and bool(_AGED.search(flat[:start]) or re.match(r"\s+et (?:plus|moins)\b", flat[stop:]))
        return _note(found, taken, text, "age" if aged else "duration", value, unit, start, stop)
    counted = "" if word in LITTLE_WORDS else word
    return None if article else _note(found, taken, text, "number", value, counted, start, end)


def _scaled(flat: str, end: int) -> tuple[int, int]:
    """``1,5 million d'euros``: what the number is multiplied by, and where that ends."""
    scale = re.match(r"\s(millions?|milliards?)\b(?:\s+d(?:e\s|'))?", flat[end:])
    if not scale:
        return 1, end
    return (10**9 if "rd" in scale[1] else 10**6), end + scale.end()


def _skip(flat: str, place: int) -> int:
    while place < len(flat) and flat[place] == " ":
        place += 1
    return place


def _free(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    return all(end <= left or start >= right for left, right in taken)


def _note(
    found: list[Quantity],
    taken: list[tuple[int, int]],
    text: str,
    kind: QuantityKind,
    value: Decimal,
    unit: str,
    start: int,
    end: int,
) -> None:
    found.append(Quantity(kind=kind, value=value, unit=unit, start=start, end=end, text=text[start:end]))
    taken.append((start, end))

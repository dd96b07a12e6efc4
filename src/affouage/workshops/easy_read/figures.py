"""Rules on numbers and dates, of "Information for all": digits, whole dates, no Roman numerals, no percents. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from affouage.french import number_words
from affouage.french.dates import dates
from affouage.french.plain import level
from affouage.french.quantities import Quantity, quantities
from affouage.workshops.easy_read.shapes import Spot
from affouage.workshops.easy_read.words import without_addresses

LARGE = 10_000
"""From here on a number says little to most people; amounts of money are left as they are."""

_ROMAN = re.compile(r"\b(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})\b|\bX{0,3}(?:IX|IV|V?I{0,3})(?=(?:e|er|re|ème|eme|ᵉ)\b)")
_ROMAN_VALUE = {"I": 1, "V": 5, "X": 10}
_SLASHED = re.compile(r"\d{1,4}[/.-]\d{1,2}[/.-]\d{2,4}|\d{1,2}/\d{1,2}")
_COUNTED = re.compile(r"\b(?:les|tous|toutes|ces|des|vos|nos|ses)\s+$", re.IGNORECASE)
_CODE = re.compile(r"\b(?:(?i:n°|numéro|no|code postal|cerfa|article)|[A-Z])\s*\.?\s*$")
_MONTHS_FR = (
    *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre"),
    *("octobre", "novembre", "décembre"),
)
_MONTHS_EN = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)


def roman(sentence: str) -> Iterator[Spot]:
    for found in _ROMAN.finditer(sentence):
        if found[0]:
            yield Spot("roman_numeral", "error", found.start(), found.end(), instead=str(_roman_value(found[0])))


def _roman_value(text: str) -> int:
    values = [_ROMAN_VALUE[one] for one in text]
    return sum(-one if one < following else one for one, following in zip(values, [*values[1:], 0], strict=True))


def numbers(sentence: str) -> Iterator[Spot]:
    text = without_addresses(sentence)
    for one in quantities(text):
        if one.kind == "percent":
            yield Spot("percent", "warning", one.start, one.end, instead=_share(one.value))
        elif not one.text[:1].isdigit():
            yield from _in_letters(text, one)
        elif one.kind == "number" and abs(one.value) >= LARGE and _says_how_many(text, one):
            yield Spot("large_number", "warning", one.start, one.end)


def _in_letters(text: str, one: Quantity) -> Iterator[Spot]:
    """A number written in letters. Ordinals, articles and "les deux" are left as they are."""
    value = one.value if one.unit != "EUR" or one.value == one.value.to_integral_value() else None
    if one.kind in ("ordinal", "time") or value is None or value != value.to_integral_value() or value < 2:
        return
    length = _letters_of(one.text)
    written = one.text[:length].lower()
    if not length or _COUNTED.search(text[: one.start]) or (written == "neuf" and not one.unit):
        return
    yield Spot("number_in_letters", "error", one.start, one.start + length, instead=str(int(value)))


def _letters_of(text: str) -> int:
    """How many characters of ``text`` write the number itself, without what it counts."""
    end = 0
    for word in re.finditer(r"[^\W\d_]+", text):
        flat = level(word[0])
        if flat in number_words.ANY:
            end = word.end()
        elif flat not in ("et", "and"):
            break
    return end


def _says_how_many(text: str, one: Quantity) -> bool:
    """Not a postcode, a number of a form, a year."""
    grouped = re.match(r"\d{1,3}[ .\u00a0\u202f]\d{3}", one.text) is not None
    return not _CODE.search(text[: one.start]) and (grouped or text[one.end :].lstrip()[:1].islower())


_SHARES = {10: (1, 10), 20: (1, 5), 25: (1, 4), 50: (1, 2), 75: (3, 4), 80: (4, 5), 90: (9, 10)}


def _share(percent: Decimal) -> str:
    """``25 %`` -> ``1/4``: how many of how many; "" where it is not simple."""
    part, whole = _SHARES.get(int(percent), (0, 0)) if percent == percent.to_integral_value() else (0, 0)
    return f"{part}/{whole}" if whole else ""


def whole_dates(sentence: str, language: str = "fr") -> Iterator[Spot]:
    text = without_addresses(sentence)
    for one in dates(text):
        if _SLASHED.fullmatch(one.text) and one.month and one.day:
            month = (_MONTHS_EN if language == "en" else _MONTHS_FR)[one.month - 1]
            day = "1er" if one.day == 1 and language == "fr" else str(one.day)
            yield Spot("date_in_digits", "error", one.start, one.end, instead=f"{day} {month} {one.year}")
        elif one.day and one.month and one.year is None:
            yield Spot("date_without_year", "warning", one.start, one.end)

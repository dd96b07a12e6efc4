"""Personal data that somebody typed without being asked: found by their form and their check digits. Pure.

A program finds what has a form. A name or a story it does not find: the pages say so.
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

PersonalKind = Literal["nir", "iban", "phone", "email"]
"""``nir``: the French social security number."""

MASK = "[…]"
"""Stands for what was masked. No word: a word would be searched for."""


class Personal(msgspec.Struct, frozen=True, kw_only=True):
    """Where, and what. The text itself is not kept."""

    kind: PersonalKind
    start: int
    end: int


_GAP = r"[ \u00a0\u202f.\-]?"
_NIR = re.compile(
    rf"(?<![\w])(?P<sex>[1-478]){_GAP}(?P<year>\d{{2}}){_GAP}(?P<month>0[1-9]|1[0-2]|[2-9]\d){_GAP}"
    rf"(?P<place>\d{{2}}|2[AaBb]){_GAP}(?P<town>\d{{3}}){_GAP}(?P<order>\d{{3}})(?:{_GAP}(?P<key>\d{{2}}))?(?!\w)"
)
_IBAN = re.compile(r"(?<!\w)[A-Za-z]{2}\d{2}(?:[ \u00a0\u202f\-]?[A-Za-z0-9]){11,30}(?!\w)")
_PHONE = re.compile(rf"(?<![\w+])(?:\+33{_GAP}(?:\(0\))?|0033{_GAP}|0)[1-79](?:{_GAP}\d{{2}}){{4}}(?!\d)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}(?<!\.)")
_SAYS_NIR = re.compile(r"s[ée]cu|n\.?i\.?r\b|ssn|social|carte vitale|immatricul", re.IGNORECASE)


def personal_data(text: str) -> list[Personal]:
    """What looks like personal data, in order, without overlap.

    A social security number counts when its key is right; without a key, or with a wrong one, when the text speaks of
    it or when it is written in its groups. An IBAN counts when its remainder is right (ISO 13616, mod 97).
    """
    found: list[Personal] = []
    for match in _EMAIL.finditer(text):
        _add(found, "email", match.start(), match.end())
    for match in _IBAN.finditer(text):
        end = _iban_end(match[0])
        if end:
            _add(found, "iban", match.start(), match.start() + end)
    for match in _NIR.finditer(text):
        if _is_nir(match, text):
            _add(found, "nir", match.start(), match.end())
    for match in _PHONE.finditer(text):
        _add(found, "phone", match.start(), match.end())
    return sorted(found, key=lambda one: one.start)


def masked(text: str) -> str:
    """``text`` with each of them replaced by ``MASK``."""
    for one in reversed(personal_data(text)):
        text = text[: one.start] + MASK + text[one.end :]
    return text


def kinds(text: str) -> tuple[PersonalKind, ...]:
    """Which kinds there are, each once, in the order of the text."""
    return tuple(dict.fromkeys(one.kind for one in personal_data(text)))


def _is_nir(match: re.Match[str], text: str) -> bool:
    if match["key"] and nir_key(_digits(match)) == int(match["key"]):
        return True
    grouped = len(match[0]) >= 13 + 5
    return grouped or bool(_SAYS_NIR.search(text))


def _digits(match: re.Match[str]) -> str:
    return "".join(match[part] for part in ("sex", "year", "month", "place", "town", "order")).upper()


def nir_key(number: str) -> int:
    """The key of a social security number's 13 characters (Corsica's 2A counts as 19, 2B as 18): 97 - n mod 97."""
    return 97 - int(number.replace("2A", "19").replace("2B", "18")) % 97


def iban_is_right(iban: str) -> bool:
    """Whether its remainder by 97 is 1, letters counting from A = 10."""
    flat = re.sub(r"[^A-Za-z0-9]", "", iban).upper()
    turned = flat[4:] + flat[:4]
    return len(flat) >= 15 and int("".join(str(int(one, 36)) for one in turned)) % 97 == 1


def _iban_end(text: str) -> int:
    """Where the IBAN that ``text`` begins with ends; 0 when it begins with none. A word may follow at once."""
    places = [place + 1 for place, one in enumerate(text) if one.isalnum()]
    for end in reversed(places[14:34]):
        if (end == len(text) or not text[end].isalnum()) and iban_is_right(text[:end]):
            return end
    return 0


def _add(found: list[Personal], kind: PersonalKind, start: int, end: int) -> None:
    if all(end <= one.start or start >= one.end for one in found):
        found.append(Personal(kind=kind, start=start, end=end))

"""Amounts and delays found in a text, as facts. Pure: fast enough for the whole of an official guide."""

from __future__ import annotations

import re
from collections.abc import Iterator

from affouage.french.sentences import sentences
from affouage.sheets.sheet import Fact

_LONGEST_LABEL = 300

_SPAN = re.compile(
    r"\b(?:\d+|une?|deux|trois|quatre|cinq|six|huit|dix|quinze) (?:heures?|jours?|semaines?|mois|ans?|années?)"
    r"(?: (?:ouvrés?|ouvrables?|calendaires?|francs?))?\b"
)
_CUE = re.compile(
    r"(?:\bdélais? (?:maximum |maximal |minimum |légal )?(?:est |sont )?(?:de |d['’])|\bdans (?:les|un délai de)|"
    r"\bsous|\bau bout de|\bau plus tard|\bpendant|\bdurant|\bvous (?:avez|disposez(?: d['’]un délai)? (?:de |d['’])?)|"
    r"\b(?:dure|est valable|validité (?:est )?de)) ?(?:au moins |plus de |moins de |les )?$",
    re.IGNORECASE,
)
_LONGEST_CUE = 60
_AMOUNT = re.compile(r"\d[\d\s.,]{0,15}(?:€|(?:millions? d['’])?euros?\b|%)")


def delays_in(text: str, path: tuple[str, ...]) -> Iterator[Fact]:
    """Delays a person has or waits for ("dans les 2 mois", "sous 15 jours"): no ages, no lengths of service."""
    # Looking for a unit first is far quicker than the expression.
    if "jour" in text or "mois" in text or " an" in text or "semaine" in text or "heure" in text:
        for found in _SPAN.finditer(text):
            if _CUE.search(text, max(0, found.start() - _LONGEST_CUE), found.start()):
                yield Fact(kind="delay", label=sentence_at(text, found.start()), value=found[0], path=path)


def amounts_in(text: str, path: tuple[str, ...]) -> Iterator[Fact]:
    """Amounts of money and percentages, where a source does not mark them itself."""
    if "€" in text or "euro" in text or "%" in text:
        for found in _AMOUNT.finditer(text):
            yield Fact(kind="amount", label=sentence_at(text, found.start()), value=found[0].strip(), path=path)


def sentence_at(text: str, place: int) -> str:
    """The sentence of ``text`` that stands at ``place``, cut where it is very long; a short text whole."""
    found = next((one.text for one in sentences(text) if one.end > place), text) if len(text) > 120 else text
    return found if len(found) <= _LONGEST_LABEL else f"{found[:_LONGEST_LABEL].rsplit(' ', 1)[0]}…"

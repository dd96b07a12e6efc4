"""Whether the sheets can answer a question at all, and why not. Pure.

Two kinds of evidence. What the question asks for: hours of an office, somebody's own file, the law of another country
or of a year to come; no sheet holds that, however near its words are (``asked.toml``). And what the search found:
signals none of which is safe alone, weighed together (``evidence.py``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from affouage.french.plain import level
from affouage.sheets.finding import Finding, Hit
from affouage.workshops.explain.asked import forms
from affouage.workshops.explain.countries import named
from affouage.workshops.explain.evidence import enough
from affouage.workshops.explain.shapes import Scope, Verdict

LOOKED_AT = 5
"""Sheets found that are read for the names of places and countries."""

_PLACE = re.compile(
    r"(?:\b(?:à|a|de|sur|vers|en|dans|près de)\s|\bd['’])"
    r"(?P<place>[A-ZÉÈÀÎÔ][\w’'-]+(?:[ -](?:(?:sur|sous|lès|en|de|du|la|le|les)[ -])?[A-ZÉÈÀÎÔ][\w’'-]+)*)"
)
_SELF = re.compile(r"\b(?:je|j'|moi|mon|ma|mes|nous|notre|nos|m')(?:\b|(?<='))")
_YEAR = re.compile(r"\b(20\d\d|21\d\d)\b")


def judge(question: str, finding: Finding, year: int) -> Verdict:
    """Whether to answer. ``year``: the present one. ``ask_instead`` is filled by whoever reads the sheets."""
    flat = level(question)
    if not any(one.isalnum() for one in flat):
        return Verdict(scope="empty", answer=False, reason="empty")
    scope, reason = asked_for(question, finding.hits[:LOOKED_AT], year)
    if scope == "in" and not finding.hits:
        scope, reason = "nothing_found", "nothing_found"
    if scope == "in" and not enough(finding.signals):
        scope, reason = "nothing_found", "little_evidence"
    return Verdict(scope=scope, answer=scope == "in", reason=reason)


def asked_for(question: str, hits: Sequence[Hit], year: int) -> tuple[Scope, str]:
    """The scope by what is asked, and the code of why; ("in", "") when a sheet might answer."""
    flat, known = level(question), forms()
    if known.personal.search(flat):
        return "personal", "personal"
    if known.far.search(flat):
        return "far", "far"
    if known.expert.search(flat):
        return "far", "expert"
    if any(int(one) > year for one in _YEAR.findall(flat)) or known.future.search(flat):
        return "future", "future"
    if _foreign(flat, hits):
        return "foreign", "foreign"
    if known.local.search(flat) or _of_a_place(question, flat, hits):
        return "local", "local"
    return "in", ""


def _of_a_place(question: str, flat: str, hits: Sequence[Hit]) -> bool:
    """A price, an office, a presence asked of a place that no sheet found names."""
    if not forms().local_with_place.search(flat):
        return False
    told = _told(hits)
    places = (level(one["place"]) for one in _PLACE.finditer(question))
    return any(one not in told and not named(one) for one in places)


def _foreign(flat: str, hits: Sequence[Hit]) -> bool:
    """The law of another country: it is named, and nobody of here has to do with it: nobody leaves or comes, and where
    somebody speaks of themself no title found speaks of abroad."""
    known = forms()
    if known.their_law.search(flat) and not known.ours.search(flat):
        return True
    if not known.there.search(flat) or known.moving.search(flat):
        return False
    if not _SELF.search(flat):
        return True
    titles = level("\n".join(hit.sheet.title for hit in hits[:2]))
    return not known.abroad.search(titles) and not named(flat) & named(titles)


def _told(hits: Sequence[Hit]) -> str:
    """What the sheets found say, leveled."""
    texts = ((hit.sheet.title, hit.sheet.description, *(one.text for one in hit.passages)) for hit in hits)
    return level("\n".join(text for of_sheet in texts for text in of_sheet))

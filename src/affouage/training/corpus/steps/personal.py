"""Personal data masked in a text: addresses, telephone, account and social security numbers; names where asked. Pure.

The detectors are those of the whole house (``affouage.french.personal``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

from affouage.french.personal import personal_data

MASKS: Mapping[str, str] = {
    "email": "[courriel]",
    "phone": "[téléphone]",
    "iban": "[IBAN]",
    "nir": "[NIR]",
    "name": "[nom]",
}
_MAY_HOLD = re.compile(r"@|\d(?:[^\d\n]{0,3}\d){6}|[A-Za-z]{2}\d{2}(?:[ \u00a0\u202f-]?[A-Za-z0-9]){11}")
"""A line without any of these holds none: most lines are not looked at twice."""
_MOST = 4_000
"""Characters looked at together: what costs with the square of what it finds stays small."""
_TITLE = r"(?:M\.|MM\.|Mme|Mmes|Mlle|Mlles|Monsieur|Madame|Mademoiselle|Maître|Me|Dr|Docteur|Pr|Professeur)"
_WORD = r"[A-ZÀ-ÖØ-Þ][\w’'-]*"
_BLANK = r"[ \u00a0\u202f]"
_NAME = re.compile(
    rf"\b(?P<title>{_TITLE})(?P<space>{_BLANK})"
    rf"{_WORD}(?:{_BLANK}(?:(?:de|du|des|le|la|l’|l'|d’|d'){_BLANK}?){{0,2}}{_WORD}){{0,3}}"
)


def masked(text: str, *, names: bool = False) -> tuple[str, Counter[str]]:
    """``text`` with what was found replaced by words that say what stood there, and how many of each kind."""
    found: Counter[str] = Counter()
    if _MAY_HOLD.search(text):
        text = "".join(_piece(piece, found) for piece in _pieces(text))
    if names:
        text, count = _NAME.subn(lambda one: f"{one['title']}{one['space']}{MASKS['name']}", text)
        found.update({"name": count} if count else {})
    return text, found


def _pieces(text: str) -> list[str]:
    """Lines; a longer one in pieces cut at spaces."""
    found: list[str] = []
    for line in text.splitlines(keepends=True):
        while len(line) > _MOST:
            cut = line.rfind(". ", _MOST // 2, _MOST) + 1 or line.rfind(" ", _MOST // 2, _MOST) or _MOST
            cut = cut if cut > 0 else _MOST
            found.append(line[:cut])
            line = line[cut:]
        found.append(line)
    return found


def _piece(piece: str, found: Counter[str]) -> str:
    if not _MAY_HOLD.search(piece):
        return piece
    for one in reversed(personal_data(piece)):
        piece = piece[: one.start] + MASKS[one.kind] + piece[one.end :]
        found[one.kind] += 1
    return piece

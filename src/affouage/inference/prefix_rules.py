"""Rule area ``prefixes``: the public texts that stand before what a member writes. Pure.

They are public and voted, so they hold no secret and nothing that a reader would not see.
"""

from __future__ import annotations

import re
import unicodedata
from typing import NoReturn

import msgspec

from affouage.errors import RuleRefused

TEXT_MOST = 2_000
"""Characters of one text: it stands before every question, and each one is read by the machine."""
WORKSHOPS_MOST = 40

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)
_SPACES = " \u00a0\u202f"
"""Those of French and English typography; every other blank is refused."""
_UNSEEN = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0000, 0xE0FFF),
)
"""Code points that draw nothing, among those that Unicode does not call control or format characters."""


class Texts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text in each language of the commons; "" leaves the one that would stand there otherwise."""

    fr: str = ""
    en: str = ""

    def of(self, language: str) -> str:
        """English for ``en``, French for anything else."""
        return self.en if language == "en" else self.fr


class PrefixRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rule area ``prefixes``. ``commons``: before every conversation; "" for the text that affouage ships.

    ``workshops``: by name of the workshop, what stands there in the place of the commons' text; "" for that one.
    """

    commons: Texts = Texts()
    workshops: dict[str, Texts] = {}

    def text(self, language: str, workshop: str = "") -> str:
        """What was voted for this language and workshop; "" when nothing was."""
        own = self.workshops.get(workshop)
        return (own.of(language) if own else "") or self.commons.of(language)


def check_prefixes(rules: PrefixRules) -> None:
    """Raises RuleRefused for a text that is too long, or that holds what a reader would not see."""
    _check_texts("commons", rules.commons)
    if len(rules.workshops) > WORKSHOPS_MOST:
        _refuse("many", f"{len(rules.workshops)} workshops have a text.", f"Give {WORKSHOPS_MOST} at most.", "")
    for name, texts in rules.workshops.items():
        if not _NAME.fullmatch(name):
            _refuse("name", f"{name!r:.50} names no workshop.", "Small letters, digits, - and _: explain, desk.", name)
        _check_texts(name, texts)


def _check_texts(name: str, texts: Texts) -> None:
    for language in ("fr", "en"):
        text = texts.of(language)
        where = f"{name}, {language}"
        if len(text) > TEXT_MOST:
            _refuse("long", f"The text ({where}) has {len(text)} characters.", f"Give {TEXT_MOST} at most.", where)
        if text != text.strip() or unicodedata.normalize("NFC", text) != text:
            _refuse(
                "shape",
                f"The text ({where}) begins or ends with a blank, or is not in its ordinary form (NFC).",
                "Take the blanks away; write it again rather than paste it.",
                where,
            )
        unseen = next((one for one in text if not is_seen(one)), None)
        if unseen is not None:
            _refuse(
                "unseen",
                f"The text ({where}) holds a character that a reader does not see (U+{ord(unseen):04X}).",
                "Take it away: a public text hides nothing.",
                where,
            )


def is_seen(character: str) -> bool:
    """Whether a reader sees this character, or a blank they know; line breaks are."""
    if character == "\n" or character in _SPACES:
        return True
    if unicodedata.category(character) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"):
        return False
    point = ord(character)
    return not any(first <= point <= last for first, last in _UNSEEN)


def _refuse(code: str, message: str, remedy: str, name: str) -> NoReturn:
    raise RuleRefused(message, remedy=remedy, code=f"prefixes_{code}", param="prefixes", name=name)

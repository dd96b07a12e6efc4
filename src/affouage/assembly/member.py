"""A member of the collective: role, name, language. Pure.

Names are what people type to sign in, so two names that differ only by case, accents or spacing are the same name.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from affouage.errors import BadRequest

NAME_MAX = 60
"""Characters of a name at most."""

LANGUAGES = ("fr", "en")

RESERVED_NAMES = frozenset({"commons", "affouage"})
"""Folded names nobody may take: they would pass for the collective or the software."""


class Role(StrEnum):
    """What a person is mandated for. ``commons`` is the collective itself: it owns the questions the machine asks at
    start-up, and can neither sign in nor hold a key."""

    COMMONS = "commons"
    MEMBER = "member"
    STEWARD = "steward"
    OPERATOR = "operator"

    @property
    def rank(self) -> int:
        """0 for the commons, then 1 member, 2 steward, 3 operator."""
        return _RANKS[self]

    def at_least(self, other: Role) -> bool:
        return self.rank >= other.rank


_RANKS = {Role.COMMONS: 0, Role.MEMBER: 1, Role.STEWARD: 2, Role.OPERATOR: 3}

PERSONS = (Role.MEMBER, Role.STEWARD, Role.OPERATOR)
"""Roles that people can have, lowest first."""


@dataclass(frozen=True)
class Member:
    """One row of the roll. Times in milliseconds UTC; ``id`` is random and says nothing about the person."""

    id: str
    name: str
    role: Role
    language: str
    created_ms: int
    deactivated_ms: int | None = None

    @property
    def active(self) -> bool:
        return self.deactivated_ms is None


def read_role(text: str) -> Role:
    """``member``, ``steward`` or ``operator``. Raises BadRequest; the commons is no role one can be given."""
    for role in PERSONS:
        if text == role.value:
            return role
    raise BadRequest(
        "There is no such role.", remedy=f"Use one of: {', '.join(PERSONS)}.", param="role", code="unknown_role"
    )


def check_language(text: str) -> str:
    """``fr`` or ``en``. Raises BadRequest."""
    if text not in LANGUAGES:
        raise BadRequest(
            "The interface does not speak that language.",
            remedy=f"Use one of: {', '.join(LANGUAGES)}.",
            param="language",
            code="unknown_language",
        )
    return text


def check_name(text: str) -> str:
    """The name as it will be kept: NFC, spaces made single, 1 to 60 characters, at least one letter or digit.

    Raises BadRequest for control and invisible characters, NUL, lone surrogates, reserved names.
    """
    # A caller may pass megabytes: look at no more than could ever be right.
    if not isinstance(text, str) or len(text) > 10 * NAME_MAX:
        raise _bad_name(f"A name has at most {NAME_MAX} characters.", "Shorten it.")
    spaced = "".join(" " if unicodedata.category(one) == "Zs" else one for one in text)
    name = unicodedata.normalize("NFC", " ".join(part for part in spaced.split(" ") if part))
    if any(unicodedata.category(one)[0] == "C" or unicodedata.category(one) in {"Zl", "Zp"} for one in name):
        raise _bad_name("The name holds a character that cannot be seen.", "Type it again, letters and spaces only.")
    if not any(one.isalnum() for one in name):
        raise _bad_name("A name needs at least one letter or digit.", "Type the name people know you by.")
    if len(name) > NAME_MAX:
        raise _bad_name(f"A name has at most {NAME_MAX} characters; this one has {len(name)}.", "Shorten it.")
    if fold_name(name) in RESERVED_NAMES:
        raise _bad_name("That name is kept for the collective itself.", "Choose another name.")
    return name


def fold_name(name: str) -> str:
    """The same text for names that people would read as the same: no case, no accents, single spaces. Idempotent."""
    folded = _without_marks(name).casefold().replace("œ", "oe").replace("æ", "ae")
    return " ".join(_without_marks(folded).casefold().split())


def _without_marks(text: str) -> str:
    return "".join(one for one in unicodedata.normalize("NFKD", text) if unicodedata.category(one) != "Mn")


def _bad_name(message: str, remedy: str) -> BadRequest:
    return BadRequest(message, remedy=remedy, param="name", code="invalid_name")

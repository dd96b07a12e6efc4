"""Passwords: which are accepted (pure), and argon2id (slow on purpose: run it in a thread, never in a transaction)."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from affouage.assembly.member import fold_name
from affouage.errors import BadRequest

if TYPE_CHECKING:
    from argon2 import PasswordHasher

PASSWORD_MIN = 12
"""Characters at least; four short words joined by spaces reach it easily."""

PASSWORD_MAX = 1024
"""Characters at most: nobody types more, and hashing megabytes would be a way to tire the server."""

_COMMON = frozenset(
    """
    motdepasse123 motdepasse1234 monmotdepasse lemotdepasse password1234 password12345 passwordpassword
    motdepassemotdepasse azertyuiop12 azertyuiop123 qwertyuiop12 qwertyuiop123 azertyazerty qwertyqwerty
    administrateur administrator jetaimejetaime iloveyou1234 bonjourbonjour soleilsoleil doudoudoudou
    loulouloulou marseille1234 affouageaffouage bienvenue1234 changeme1234 changezmoi123 letmeinletmein
    """.split()  # noqa: SIM905 - a list of words reads better as words
)
_RUNS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "azertyuiopqsdfghjklmwxcvbn",
    "qwertyuiopasdfghjklzxcvbnm",
)

_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$uTl9+BC7Cwld8cFlCMt8iQ$IuL4zcm9lSZhhK83eJ+MOt+s5wz3JIX7U8YZhKT5KRE"
"""Checked when there is no such name, so that the answer takes as long. No password is known to match it."""


def check_password(password: str, name: str) -> str:
    """The password in the form that is hashed (NFC). Raises BadRequest saying what is wrong with it.

    At least 12 characters, not the name with little around it, not among the commonest, not one key repeated.
    """
    if not isinstance(password, str) or len(password) > PASSWORD_MAX:
        raise _refused(f"A password has at most {PASSWORD_MAX} characters.", "Shorten it.")
    if any(unicodedata.category(one) in {"Cc", "Cs", "Cn"} for one in password):
        raise _refused("The password holds a character that cannot be typed.", "Type it by hand.")
    password = unicodedata.normalize("NFC", password)
    if len(password) < PASSWORD_MIN:
        raise _refused(
            f"The password has {len(password)} characters; {PASSWORD_MIN} are needed.",
            "Take four words that have nothing to do with one another.",
        )
    bare, bare_name = _letters(password), _letters(name)
    if len(bare_name) >= 3 and bare_name in bare and len(bare.replace(bare_name, "")) < 8:
        raise _refused("The password is your name, or hardly more.", "Take four words that do not name you.")
    in_order = len(bare) >= 8 and any(bare in run or bare in run[::-1] for run in _RUNS)
    if bare in _COMMON or in_order or len(set(password.casefold())) < 5:
        raise _refused(
            "That password is among the first anybody would try.",
            "Take four words that have nothing to do with one another.",
        )
    return password


def make_hash(password: str) -> str:
    """argon2id of a checked password, OWASP profile (2 passes, 19 MiB, 1 lane): tens of milliseconds of one core."""
    return _hasher().hash(password)


def matches(password_hash: str | None, password: str) -> bool:
    """Whether ``password`` is the one; the same work is done when there is none to compare with. Never raises."""
    from argon2.exceptions import InvalidHashError, VerificationError

    typed = unicodedata.normalize("NFC", password[: PASSWORD_MAX + 1]).encode("utf-8", "replace")
    try:
        right = _hasher().verify(password_hash or _NOBODY, typed)
    except (VerificationError, InvalidHashError):
        return False
    return right and password_hash is not None and len(password) <= PASSWORD_MAX


def outdated(password_hash: str) -> bool:
    """Whether it was made with an older profile than today's."""
    return _hasher().check_needs_rehash(password_hash)


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # only when somebody signs in: start-up does not pay for it

    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def _letters(text: str) -> str:
    return "".join(one for one in fold_name(text) if one.isalnum())


def _refused(message: str, remedy: str) -> BadRequest:
    return BadRequest(message, remedy=remedy, param="password", code="weak_password")

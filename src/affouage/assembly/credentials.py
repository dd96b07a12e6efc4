"""Secrets that programs carry: API keys, invitation links, sessions. Pure, but for the system's random source.

Each is 260 random bits, so its SHA-256 can be stored without salt or stretching: nobody guesses it. The alphabet has
no ``l``, ``o``, ``0`` or ``1``: a key read out or copied by hand stays right.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets

ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
"""32 letters: five bits each."""

ID_LETTERS = 12
SECRET_LETTERS = 52
KEY_PREFIX = "aff"

_KEY = re.compile(rf"{KEY_PREFIX}_([{ALPHABET}]{{{ID_LETTERS}}})_([{ALPHABET}]{{{SECRET_LETTERS}}})")
_ID = re.compile(rf"[{ALPHABET}]{{{ID_LETTERS}}}")
_SECRET = re.compile(rf"[{ALPHABET}]{{{SECRET_LETTERS}}}")
_KEY_LENGTH = len(KEY_PREFIX) + 1 + ID_LETTERS + 1 + SECRET_LETTERS


def new_id() -> str:
    """A random public identifier, 60 bits: says nothing about what it names."""
    return _random(ID_LETTERS)


def new_api_key() -> tuple[str, str, str]:
    """(id, secret, text): the text ``aff_<id>_<secret>`` is shown once; only the secret's digest is kept."""
    key_id, secret = _random(ID_LETTERS), _random(SECRET_LETTERS)
    return key_id, secret, f"{KEY_PREFIX}_{key_id}_{secret}"


def new_link_secret() -> str:
    """The secret of an invitation, as it stands in ``/join/<secret>``."""
    return _random(SECRET_LETTERS)


def new_session_secret() -> str:
    """The secret of a session, as it stands in the cookie."""
    return _random(SECRET_LETTERS)


def parse_api_key(text: str) -> tuple[str, str] | None:
    """(id, secret) of a well-formed key, else None. Never raises, whatever it is given."""
    if not isinstance(text, str) or len(text) != _KEY_LENGTH:
        return None
    found = _KEY.fullmatch(text)
    return None if found is None else (found.group(1), found.group(2))


def is_secret(text: str) -> bool:
    """Whether ``text`` has the form of a link's or a session's secret. Never raises."""
    return isinstance(text, str) and len(text) == SECRET_LETTERS and _SECRET.fullmatch(text) is not None


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of an identifier: anything else names nothing. Never raises."""
    return isinstance(text, str) and len(text) == ID_LETTERS and _ID.fullmatch(text) is not None


def digest(secret: str) -> bytes:
    """SHA-256 of a well-formed secret: 32 bytes, what the database keeps."""
    return hashlib.sha256(secret.encode("ascii")).digest()


def same(one: bytes, other: bytes) -> bool:
    """Whether two digests are equal, in a time that does not depend on where they differ."""
    return hmac.compare_digest(one, other)


def _random(letters: int) -> str:
    # 256 is a multiple of 32: masking five bits of a random byte favours no letter.
    return "".join(ALPHABET[byte & 31] for byte in secrets.token_bytes(letters))

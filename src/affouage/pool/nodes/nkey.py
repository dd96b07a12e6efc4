"""The text form of NATS keys: Ed25519 in base32 with a letter that says whose it is and a checksum. Pure.

Public keys begin with O (operator), A (account) or U (user); seeds, which are secret, with SO, SA or SU.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from typing import Literal

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

Kind = Literal["operator", "account", "user"]

_LETTERS: dict[Kind, int] = {"operator": 14 << 3, "account": 0, "user": 20 << 3}
_KINDS = {byte: kind for kind, byte in _LETTERS.items()}
_SEED = 18 << 3
_KEY_BYTES = 32
_CHECKSUM_BYTES = 2


class BadKey(ValueError):
    """Not a key of that kind, or mistyped."""


class Key:
    """A key pair. ``seed`` is its secret, ``public`` what everybody may know, both as text."""

    def __init__(self, kind: Kind, raw_seed: bytes) -> None:
        self.kind: Kind = kind
        self._signing = SigningKey(raw_seed)
        self.public = _text(bytes([_LETTERS[kind]]) + bytes(self._signing.verify_key))

    def __repr__(self) -> str:
        return f"Key({self.public})"  # never the seed: what is printed ends in logs

    @property
    def seed(self) -> str:
        letter = _LETTERS[self.kind]
        return _text(bytes([_SEED | letter >> 5, (letter & 31) << 3]) + bytes(self._signing))

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._signing.sign(message).signature


def new_key(kind: Kind) -> Key:
    return Key(kind, secrets.token_bytes(_KEY_BYTES))


def from_seed(text: str, kind: Kind | None = None) -> Key:
    """Raises BadKey; what it says never holds the text."""
    raw = _raw(text)
    if len(raw) != 2 + _KEY_BYTES or raw[0] & 0xF8 != _SEED:
        raise BadKey("no seed")
    found = _KINDS.get((raw[0] & 7) << 5 | raw[1] >> 3)
    if found is None or raw[1] & 7 or kind not in (None, found):
        raise BadKey(f"no seed of {kind or 'a kind that is known'}")
    return Key(found, raw[2:])


def public_bytes(text: str, kind: Kind | None = None) -> bytes:
    """The 32 bytes of a public key. Raises BadKey."""
    raw = _raw(text)
    found = _KINDS.get(raw[0]) if len(raw) == 1 + _KEY_BYTES else None
    if found is None or kind not in (None, found):
        raise BadKey(f"no public key of {kind or 'a kind that is known'}")
    return raw[1:]


def is_public(text: str, kind: Kind) -> bool:
    try:
        public_bytes(text, kind)
    except BadKey:
        return False
    return True


def verify(public: str, message: bytes, signature: bytes) -> bool:
    """Whether the holder of ``public`` signed ``message``; False for whatever is no key or no signature."""
    try:
        VerifyKey(public_bytes(public)).verify(message, signature)
    except (BadKey, BadSignatureError, ValueError, TypeError):
        return False
    return True


def _text(raw: bytes) -> str:
    return base64.b32encode(raw + _checksum(raw)).decode().rstrip("=")


def _raw(text: str) -> bytes:
    try:
        whole = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError, TypeError):
        raise BadKey("no base32") from None
    raw, checksum = whole[:-_CHECKSUM_BYTES], whole[-_CHECKSUM_BYTES:]
    # The same bytes have several base32 texts when the last letter holds spare bits: only one of them is the key.
    if not raw or checksum != _checksum(raw) or _text(raw) != text:
        raise BadKey("wrong checksum")
    return raw


def _checksum(raw: bytes) -> bytes:
    return binascii.crc_hqx(raw, 0).to_bytes(_CHECKSUM_BYTES, "little")

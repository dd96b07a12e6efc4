"""What passes through the broker is sealed between the commons and one node: X25519, XSalsa20-Poly1305 (PyNaCl's Box).

Both ends hold a key of their own and know the other's: the broker can neither read nor forge. A message played again
is known by its number, not by the seal.
"""

from __future__ import annotations

from nacl.exceptions import CryptoError
from nacl.public import Box, PrivateKey, PublicKey


class Unsealable(ValueError):
    """Not sealed by the other end for us."""


def new_key() -> bytes:
    """A private key, 32 bytes."""
    return bytes(PrivateKey.generate())


def public_of(private: bytes) -> bytes:
    """Its public half, 32 bytes."""
    return bytes(PrivateKey(private).public_key)


class Seal:
    """Between ``private`` (ours) and ``public`` (theirs); 40 bytes longer than what it seals."""

    def __init__(self, private: bytes, public: bytes) -> None:
        self._box = Box(PrivateKey(private), PublicKey(public))

    def close(self, text: bytes) -> bytes:
        return bytes(self._box.encrypt(text))

    def open(self, sealed: bytes) -> bytes:
        """Raises Unsealable."""
        try:
            return self._box.decrypt(sealed)
        except (CryptoError, ValueError, TypeError):
            raise Unsealable from None

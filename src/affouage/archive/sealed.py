"""A stream sealed with a passphrase: argon2id makes the key, XChaCha20-Poly1305 (secretstream of libsodium) seals it.

::

    16 bytes  what it is, and which version
     8        operations of argon2id     8  its memory, bytes
    16        salt                      24  header of the stream
    then chunks of 65,536 bytes, each 17 bytes longer once sealed; the last is shorter and says that it is the last

Every chunk is bound to all that stands before it: one that is changed, moved, doubled or cut away is refused, and so is
whatever follows the last. Nothing is given out of a chunk that was not proven whole.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Callable
from typing import IO

from nacl import bindings, pwhash
from nacl.exceptions import CryptoError

from affouage.errors import BadRequest

MAGIC = b"affouage sealed\x01"
CHUNK = 65_536
_PARAMETERS = struct.Struct(">16sQQ16s")
_STREAM_HEADER = bindings.crypto_secretstream_xchacha20poly1305_HEADERBYTES
_EXTRA = bindings.crypto_secretstream_xchacha20poly1305_ABYTES
_MORE = bindings.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_LAST = bindings.crypto_secretstream_xchacha20poly1305_TAG_FINAL
HEADER_BYTES = _PARAMETERS.size + _STREAM_HEADER

Strength = tuple[int, int]
"""Operations and memory (bytes) of argon2id."""

STRONG: Strength = (pwhash.argon2id.OPSLIMIT_MODERATE, pwhash.argon2id.MEMLIMIT_MODERATE)
QUICK: Strength = (pwhash.argon2id.OPSLIMIT_MIN, pwhash.argon2id.MEMLIMIT_MIN)
"""For tests alone: a passphrase is then guessed quickly."""
_MOST: Strength = (20, 1 << 30)
"""A file that asks for more work than that is refused before any is done."""


def broken(what: str) -> BadRequest:
    """A backup that cannot be believed."""
    return BadRequest(
        f"This backup is damaged or was changed: {what}.",
        remedy="Use another copy; nothing was restored from this one.",
        code="backup_damaged",
    )


class SealedWriter:
    """Seals what is written to it. ``finish`` writes the last chunk; without it, the file is refused."""

    def __init__(self, file: IO[bytes], passphrase: str, *, strength: Strength = STRONG) -> None:
        salt = secrets.token_bytes(pwhash.argon2id.SALTBYTES)
        self._header = _PARAMETERS.pack(MAGIC, *strength, salt)
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        key = _key(passphrase, salt, strength)
        self._header += bindings.crypto_secretstream_xchacha20poly1305_init_push(self._state, key)
        self._file = file
        self._waiting = bytearray()
        file.write(self._header)

    def write(self, more: bytes) -> int:
        self._waiting += more
        while len(self._waiting) > CHUNK:  # the last chunk is never empty-handed of its tag: one is kept back
            self._seal(bytes(self._waiting[:CHUNK]), _MORE)
            del self._waiting[:CHUNK]
        return len(more)

    def flush(self) -> None:
        """Chunks are whole: there is nothing to flush."""

    def finish(self) -> None:
        if len(self._waiting) == CHUNK:  # the last is shorter, so that whoever reads knows it by its length too
            self._seal(bytes(self._waiting), _MORE)
            self._waiting.clear()
        self._seal(bytes(self._waiting), _LAST)
        self._waiting.clear()

    def _seal(self, plain: bytes, tag: int) -> None:
        push = bindings.crypto_secretstream_xchacha20poly1305_push
        self._file.write(push(self._state, plain, self._header, tag))


class SealedReader:
    """Gives back what was sealed, as a file that is read once.

    Raises BadRequest: ``backup_damaged``, or ``backup_passphrase`` when the first chunk does not open.
    """

    def __init__(self, file: IO[bytes], ask: Callable[[], str]) -> None:
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
            raise broken("its beginning is missing")
        _, operations, memory, salt = _PARAMETERS.unpack(header[: _PARAMETERS.size])
        least = QUICK
        if not (least[0] <= operations <= _MOST[0] and least[1] <= memory <= _MOST[1]):
            raise broken("it asks for more work than any backup does")
        self._state = bindings.crypto_secretstream_xchacha20poly1305_state()
        key = _key(ask(), salt, (operations, memory))
        bindings.crypto_secretstream_xchacha20poly1305_init_pull(self._state, header[_PARAMETERS.size :], key)
        self._file, self._header = file, header
        self._open = bytearray()
        self._first, self._ended = True, False

    def read(self, size: int = -1) -> bytes:
        while not self._ended and (size < 0 or len(self._open) < size):
            self._open += self._next()
        taken = bytes(self._open) if size < 0 else bytes(self._open[:size])
        del self._open[: len(taken)]
        return taken

    def _next(self) -> bytes:
        sealed = self._file.read(CHUNK + _EXTRA)
        try:
            if len(sealed) < _EXTRA:
                raise broken("it is cut short")
            pull = bindings.crypto_secretstream_xchacha20poly1305_pull
            plain, tag = pull(self._state, sealed, self._header)
        except CryptoError:
            if self._first:
                raise BadRequest(
                    "This backup does not open with that passphrase (or its beginning is damaged).",
                    remedy="Try the passphrase again.",
                    code="backup_passphrase",
                ) from None
            raise broken("a part of it does not open") from None
        self._first = False
        if tag == _LAST:
            self._ended = True
            if self._file.read(1):
                raise broken("something follows its end")
        elif tag != _MORE:
            raise broken("a part of it is of no known kind")
        return plain


def _key(passphrase: str, salt: bytes, strength: Strength) -> bytes:
    size = bindings.crypto_secretstream_xchacha20poly1305_KEYBYTES
    operations, memory = strength
    return pwhash.argon2id.kdf(size, passphrase.encode(), salt, opslimit=operations, memlimit=memory)

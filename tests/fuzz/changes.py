"""Bytes that were well-formed, changed here and there."""

from __future__ import annotations

from random import Random

_LARGE = (b"\xff" * 8, b"\0" * 8, b"9" * 30, b"[" * 2_000, b"-1", b"1e999", b"\xed\xa0\x80", b"../" * 9, b"\x80", b'"')


def changed(seed: bytes, chance: Random) -> bytes:
    """One to five changes, large and small, at any place."""
    for _ in range(chance.randint(1, 5)):
        at = chance.randint(0, len(seed))
        what = chance.choice(_LARGE) if chance.random() < 0.3 else chance.randbytes(chance.randint(1, 6))
        way = chance.randrange(5)
        if way == 0:
            seed = seed[:at] + what + seed[at:]
        elif way == 1:
            seed = seed[:at] + what + seed[at + len(what) :]
        elif way == 2:
            seed = seed[:at] + seed[at + 17 * len(what) :]
        elif way == 3:
            seed = seed[:at] + seed[max(0, at - 97) : at] + seed[at:]
        elif at < len(seed):
            seed = seed[:at] + bytes([seed[at] ^ 1 << chance.randrange(8)]) + seed[at + 1 :]
    return seed

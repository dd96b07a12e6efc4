"""Lines of a stream, each within a bound: one that is longer is passed over to its end, and told."""

from __future__ import annotations

import io
from collections.abc import Iterator

_BLOCK_BYTES = 1 << 20


def bounded_lines(stream: io.RawIOBase, most_bytes: int) -> Iterator[bytes | None]:
    """Each line without its end; None for one longer than ``most_bytes``, of which no more is kept in memory."""
    kept = bytearray()
    too_long = False
    while block := stream.read(_BLOCK_BYTES):
        start = 0
        while (end := block.find(b"\n", start)) >= 0:
            if too_long or len(kept) + end - start > most_bytes:
                yield None
            elif kept:
                yield bytes(kept) + block[start:end]
            else:
                yield block[start:end]
            kept.clear()
            too_long, start = False, end + 1
        if not too_long and len(kept) + len(block) - start > most_bytes:
            too_long = True
            kept.clear()
        elif not too_long:
            kept += block[start:] if start else block
    if too_long:
        yield None
    elif kept:
        yield bytes(kept)

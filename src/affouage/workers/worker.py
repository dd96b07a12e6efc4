"""What a process is told of its place among those of ``affouage up --workers``."""

from __future__ import annotations

import msgspec


class Worker(msgspec.Struct, frozen=True):
    """``number``: 1, 2 ... ``first``: it begins with the house, and settles what was left by one that was killed.

    The home is held for it by whoever started it, and this machine's engines are not its own: the machine is a node of
    the pool, which a process apart serves.
    """

    number: int
    first: bool = False

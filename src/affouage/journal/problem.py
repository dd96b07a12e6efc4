"""Something found wrong, and what everybody who looks for it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
from sqlalchemy import Connection


class Problem(msgspec.Struct, frozen=True):
    """``where``: leaf, node, checkpoint, key, record, witness, or the word of whoever looks; ``at``: its number."""

    where: str
    at: int | None
    what: str

    def __str__(self) -> str:
        return f"{self.where}{'' if self.at is None else f' {self.at}'}: {self.what}"


Hook = Callable[[Connection], Iterator[Problem]]
"""Looks whether what others keep agrees with the log."""

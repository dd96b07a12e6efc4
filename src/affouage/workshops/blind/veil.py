"""An answer shown without the names of those who may have written it. Pure.

Models tell their names when asked who they are, and sometimes unasked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from affouage.catalogue.card import Card

HIDDEN = "▢▢▢"
_FAMILY = re.compile(r"[^\W\d_]{3,}")
"""The letters a name begins with: Qwen of Qwen2.5-Coder."""
SHORTEST = 3


def names_of(model_id: str, card: Card | None) -> frozenset[str]:
    """What would tell which model it is: its names, its family, who publishes it."""
    told = [model_id] if card is None else [model_id, card.name, card.publisher, card.file or "", card.repo or ""]
    families = [found[0] for one in (told[:2]) if (found := _FAMILY.match(one))]
    return frozenset(one.casefold() for one in (*told, *families) if len(one) >= SHORTEST)


def veiled(text: str, names: Iterable[str]) -> str:
    """``text`` with every one of ``names`` hidden, whatever its case, and the number after it (Qwen3)."""
    longest_first = sorted({one.strip() for one in names if one.strip()}, key=lambda one: (-len(one), one))
    if not longest_first:
        return text
    spelt = "|".join(r"[\s_-]+".join(map(re.escape, re.split(r"[\s_-]+", one))) for one in longest_first)
    return re.sub(rf"(?<![^\W\d_])(?:{spelt})(?:[-_. ]?\d[\d.]*)?(?![^\W\d_])", HIDDEN, text, flags=re.IGNORECASE)

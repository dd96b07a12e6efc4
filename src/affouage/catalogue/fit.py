"""What this machine can run; pure.

Measured rule of thumb for llama.cpp: 1.2 times the file, plus the key-value cache of all slots. The cache of one token
is read from the file once it is here; before that it is estimated from the size of the file, on the generous side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from affouage.catalogue.card import Card
from affouage.catalogue.openness import Say

Verdict = Literal["fits", "tight", "too_big", "unknown"]

SYSTEM_BYTES = 1_500_000_000
"""Left to the system and to everything else on the machine."""

COMFORTABLE_FILE_BYTES = 3_500_000_000
"""Without a graphics card each token reads the whole file. Two cores gave 17 tokens a second with 1.1 GB; above 3.5 GB
that falls below five, slower than people read."""

_KV_LEAST_BYTES, _KV_MOST_BYTES = 32 * 1024, 256 * 1024


class Fit(msgspec.Struct, frozen=True):
    """Whether a model fits. ``need_bytes``: memory it takes, None when its size is not known."""

    verdict: Verdict
    need_bytes: int | None
    why: Say


def kv_bytes_per_token(card: Card, file_bytes: int) -> int:
    """The card's figure, else an estimate that grows with the file, between 32 KiB and 256 KiB."""
    return card.kv_bytes_per_token or max(_KV_LEAST_BYTES, min(_KV_MOST_BYTES, file_bytes // 32_768))


def need_bytes(card: Card, *, context_tokens: int = 8192, slots: int = 2) -> int | None:
    """Memory for the model with ``slots`` answers of ``context_tokens`` each; None when its size is not known."""
    file_bytes = card.known_bytes
    if file_bytes is None:
        return None
    tokens = min(context_tokens, card.context_tokens) if card.context_tokens else context_tokens
    return file_bytes * 6 // 5 + slots * tokens * kv_bytes_per_token(card, file_bytes)


def fit(
    card: Card,
    machine_memory_bytes: int | None,
    available_bytes: int | None = None,
    *,
    context_tokens: int = 8192,
    slots: int = 2,
) -> Fit:
    """Whether ``card`` runs on a machine of ``machine_memory_bytes``, of which ``available_bytes`` are free now.

    ``fits``: at once; ``tight``: once other programs are closed; ``too_big``: never here; ``unknown``: a figure lacks.
    """
    need = need_bytes(card, context_tokens=context_tokens, slots=slots)
    if need is None or machine_memory_bytes is None:
        missing_fr = "la taille du fichier" if need is None else "la mémoire de cette machine"
        missing_en = "the size of the file" if need is None else "the memory of this machine"
        return Fit("unknown", need, Say(f"On ne connaît pas {missing_fr}.", f"{missing_en.capitalize()} is not known."))
    room = machine_memory_bytes - SYSTEM_BYTES
    if need > room:
        return Fit("too_big", need, _why("il n'y en a que {room} ici", "there is only {room} here", need, max(room, 0)))
    if available_bytes is not None and need > available_bytes:
        return Fit(
            "tight",
            need,
            _why(
                "{room} sont libres à l'instant : fermez d'autres programmes",
                "{room} is free at the moment: close other programs",
                need,
                available_bytes,
            ),
        )
    return Fit("fits", need, _why("{room} sont disponibles", "{room} is there for it", need, room))


def _why(french: str, english: str, need: int, room: int) -> Say:
    return Say(
        f"Il faut environ {gigabytes(need, ',')} Go de mémoire ; {french.format(room=gigabytes(room, ',') + ' Go')}.",
        f"It needs about {gigabytes(need)} GB of memory; {english.format(room=gigabytes(room) + ' GB')}.",
    )


def gigabytes(size_bytes: int, mark: str = ".") -> str:
    """``1117320768`` -> ``1.1``: decimal gigabytes, one digit (two below 1), ``mark`` as decimal mark."""
    value = size_bytes / 1e9
    return f"{value:.1f}".replace(".", mark) if value >= 1 else f"{value:.2f}".replace(".", mark)


_GRADES = {"assistant": 1, "grounded": 0}
_DATA = {"open": 2, "partial": 1, "closed": 0, "unknown": 0}


def recommend(
    cards: Iterable[Card],
    machine_memory_bytes: int | None,
    available_bytes: int | None = None,
    *,
    admitted: Callable[[Card], bool] = lambda _: True,
    most_file_bytes: int = COMFORTABLE_FILE_BYTES,
    context_tokens: int = 8192,
    slots: int = 2,
) -> Card | None:
    """The admitted model to propose first here, or None when none fits.

    Only models that answer people, that fit at once and whose file is at most ``most_file_bytes``. Among these:
    conversation before grounded work only, published training data first, a digest known beforehand, then the largest.
    """

    def candidate(card: Card) -> bool:
        known = card.known_bytes
        return (
            card.grade in _GRADES
            and card.base is None  # a voice answers nobody without its base
            and known is not None
            and known <= most_file_bytes
            and admitted(card)
            and fit(card, machine_memory_bytes, available_bytes, context_tokens=context_tokens, slots=slots).verdict
            == "fits"
        )

    def order(card: Card) -> tuple[int, int, bool, int, str]:
        data = _DATA[card.openness.training_data.level]
        return (-_GRADES[card.grade], -data, card.sha256 is None, -(card.known_bytes or 0), card.id)

    return min(filter(candidate, cards), key=order, default=None)

"""What ``python -m affouage.training.learning.watching FOLDER`` is asked to look at, and what it tells. No torch.

Beside a run's own files: ``watch.json`` (a Watch, written before the start) and ``looks.jsonl`` (a Cut, then Looks).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

WATCH, LOOKS = "watch.json", "looks.jsonl"


class Watch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``shown``: a passage to show cut into pieces. ``given``: (beginning, what the text has next): the next piece is
    guessed; ``begun``: beginnings it goes on writing from, for ``pieces`` pieces. ``at``: the steps to look at, among
    those that are evaluated; 0 (before it learns) and the last one besides."""

    shown: str
    given: tuple[tuple[str, str], ...]
    begun: tuple[str, ...]
    pieces: int = 60
    at: tuple[int, ...] = ()
    guesses: int = 5
    seed: int = 0


class Cut(msgspec.Struct, frozen=True, tag="cut", kw_only=True):
    """``pieces``, ``numbers``: of the passage shown. ``vocabulary``: how many different ones; ``first``: those
    learnt first, ``longest``: the longest; ``train_tokens``: of the text it learns from."""

    pieces: tuple[str, ...]
    numbers: tuple[int, ...]
    vocabulary: int
    first: tuple[str, ...]
    longest: tuple[str, ...]
    train_tokens: int


class Guess(msgspec.Struct, frozen=True):
    """``likely``: (piece, chance), the most likely first. ``wanted``: what the text has there, with its chance."""

    given: str
    wanted: str
    wanted_chance: float
    likely: tuple[tuple[str, float], ...]


class Writing(msgspec.Struct, frozen=True):
    begun: str
    written: str


class Look(msgspec.Struct, frozen=True, tag="look", kw_only=True):
    """After ``step``. ``cpu_us``: of a processor, spent on looking."""

    at_ms: int
    step: int
    tokens: int
    guesses: tuple[Guess, ...]
    writings: tuple[Writing, ...]
    cpu_us: int


Seen = Cut | Look
_decode = msgspec.json.Decoder(Seen).decode


def read_watch(folder: Path) -> Watch:
    """Raises OSError, msgspec.ValidationError (a ValueError)."""
    return msgspec.json.decode((folder / WATCH).read_bytes(), type=Watch)


def tell(folder: Path, seen: Seen) -> None:
    line = msgspec.json.encode(seen) + b"\n"
    descriptor = os.open(folder / LOOKS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def looks(folder: Path) -> Iterator[Seen]:
    """All that was told, in order; a line that is none (torn by a kill) is passed over."""
    try:
        lines = (folder / LOOKS).read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield _decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            continue

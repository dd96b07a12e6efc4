"""Texts of evaluation sets, found in documents: a model must not be trained on what will measure it.

An item enters with every run of 13 words (or as many as the recipe says); one that is shorter, of eight words or more,
with its own whole length. Shorter ones would stand in innocent texts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from affouage.errors import BadRequest
from affouage.training.corpus.document import Outcast
from affouage.training.corpus.recipe import Decontaminate
from affouage.training.corpus.sources.lines import bounded_lines
from affouage.training.corpus.sources.unpack import bare_name, opened
from affouage.training.corpus.steps.words import Hashes, Words, sequences

LEAST_WORDS = 8
_LINE_BYTES = 16_000_000


class Evaluations:
    """What is looked for, in files under ``base``. ``sha256``: of each, by its name. Raises BadRequest."""

    def __init__(self, step: Decontaminate, base: Path) -> None:
        words = step.words
        self.sha256: dict[str, str] = {}
        found: dict[int, list[Hashes]] = {}
        for name in step.against:
            for item in _items(base / name, step.columns):
                hashes = Words(item).hashes
                size = min(words, len(hashes))
                if size >= LEAST_WORDS:
                    found.setdefault(size, []).append(sequences(hashes, size))
            self.sha256[name] = _sha256(base / name)
        self._runs: dict[int, Hashes] = {size: np.unique(np.concatenate(runs)) for size, runs in sorted(found.items())}

    def check(self, words: Words) -> None:
        """Raises Outcast."""
        for size, runs in self._runs.items():
            here = words.sequences(size)
            places = np.searchsorted(runs, here)
            places[places == len(runs)] = 0
            hits = np.flatnonzero(runs[places] == here)
            if len(hits):
                raise Outcast("evaluation", " ".join(words.lower[int(hits[0]) : int(hits[0]) + size])[:200])


def _items(path: Path, columns: tuple[str, ...]) -> Iterator[str]:
    """Every text of a jsonl file, or of its ``columns``; every paragraph of another. Raises BadRequest."""
    try:
        with closing(opened(path, ratio=250, small_bytes=50_000_000)) as stream:
            structured = bare_name(path.name).endswith((".jsonl", ".json", ".ndjson"))
            for line in bounded_lines(stream, _LINE_BYTES):
                text = (line or b"").decode("utf-8", "replace")
                if structured and text.strip():
                    yield from _texts(msgspec.json.decode(text), columns, inside=not columns)
                else:
                    yield text
    except (OSError, msgspec.MsgspecError) as why:
        raise BadRequest(
            f"The evaluation set {path} cannot be read: {why}.",
            remedy="Give jsonl or text files in the step decontaminate.",
            code="corpus_evaluation",
            file=str(path),
        ) from why


def _texts(value: Any, columns: tuple[str, ...], *, inside: bool) -> Iterator[str]:
    """``inside``: what stands here is wanted; else only what stands under one of ``columns``."""
    if isinstance(value, str):
        if inside:
            yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, columns, inside=inside or name in columns)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, columns, inside=inside)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()

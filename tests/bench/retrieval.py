"""How long a search of sheets takes, by words and by meaning together, as the library grows. Made texts: of speed only.

The words are drawn as a language draws them (few very often, most rarely); vectors are drawn too, so the time that an
encoder takes for the question is outside. What is found, and how well: docs/reference/search.md.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

import msgspec
import numpy as np

from affouage.clock import SystemClock
from affouage.sheets.library import open_library
from affouage.sheets.search.encoder import Matrix, Traits
from affouage.sheets.search.keeping_up import Meaning, Words
from affouage.sheets.sheet import PUBLIC, Block, Collection, Sheet
from affouage.sheets.store import Store, open_store
from tests.bench.figures import Row, Section, percentile, row

DIMENSIONS = 256
PASSAGES = 10
"""Of a sheet, one a heading."""
WORDS = 90
VOCABULARY = 30_000
GROUP = 200
R1_AT, R1_MS = 30_000, 10


class Size(msgspec.Struct, frozen=True):
    passages: tuple[int, ...] = (3_000, 30_000)
    questions: int = 200


FULL = Size(passages=(3_000, 30_000, 100_000))
TINY = Size(passages=(100,), questions=5)


class DrawnEncoder:
    """Vectors drawn from the text itself: the same text, the same vector."""

    name = "drawn"
    traits = Traits(middle=0.0, spread=0.06, weight=1.0)

    async def encode(self, texts: Sequence[str], *, questions: bool, behind: bool = False) -> Matrix:
        seeds = (int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts)
        rows = np.stack([np.random.default_rng(seed).standard_normal(DIMENSIONS, dtype=np.float32) for seed in seeds])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Nothing is held."""


class Texts:
    """Made words, drawn by Zipf's law."""

    def __init__(self, seed: int = 1) -> None:
        self._chance = random.Random(seed)
        letters = "aeiourstlnmpdcbvfg"
        made = {"".join(self._chance.choices(letters, k=self._chance.randint(3, 9))) for _ in range(VOCABULARY)}
        self._words = sorted(made)
        self._weights = list(accumulate(1 / place for place in range(1, len(self._words) + 1)))

    def text(self, words: int) -> str:
        return " ".join(self._chance.choices(self._words, cum_weights=self._weights, k=words))

    def question(self) -> str:
        """Two words that are said often, three that are not."""
        return " ".join([self.text(2), *self._chance.sample(self._words, 3)])

    def sheet(self, number: int) -> Sheet:
        blocks = tuple(Block(text=self.text(WORDS) + ".", path=(self.text(3),)) for _ in range(PASSAGES - 1))
        return Sheet(id=f"s{number}", title=self.text(6), description=self.text(20), blocks=blocks)


async def measure(size: Size, folder: Path) -> list[Section]:
    rows: list[Row] = []
    for passages in size.passages:
        rows += await _one_size(folder / f"sheets-{passages}", passages, size.questions)
    return [Section("Search in sheets", rows)]


async def _one_size(folder: Path, passages: int, questions: int) -> list[Row]:
    texts = Texts()
    with open_store(folder) as store:
        _fill(store, texts, passages)
        began_s = time.process_time()
        Words(store, folder).catch_up()
        built_s = time.process_time() - began_s
        await Meaning(store, folder, [DrawnEncoder()]).catch_up()
    took_ms, cpu_ms = await _asked(folder, texts, questions)
    target = {"most": R1_MS} if passages == R1_AT else {}
    label = f"{passages:,} passages"
    return [
        row(f"search, median, {label}", "ms", [percentile(took_ms, 50)]),
        row(
            f"search, p99 of processor time, {label}", "ms", [percentile(cpu_ms, 99)], "R1" if target else "", **target
        ),
        row(f"search, p99, {label}", "ms", [percentile(took_ms, 99)]),
        row(f"index of words made anew, {label}", "s", [built_s]),
    ]


def _fill(store: Store, texts: Texts, passages: int) -> None:
    store.put_collection(
        Collection(id="made", name="made", kind="folder", source="S", licence="L", origin="", readers=(PUBLIC,))
    )
    for first in range(0, passages // PASSAGES, GROUP):
        sheets = [texts.sheet(number) for number in range(first, min(first + GROUP, passages // PASSAGES))]
        store.save("made", [(one, str(number)) for number, one in enumerate(sheets, first)])


async def _asked(folder: Path, texts: Texts, questions: int) -> tuple[list[float], list[float]]:
    """Of each search, milliseconds: from outside, and of processor."""
    took_ms, cpu_ms, readers = [], [], frozenset((PUBLIC,))
    async with open_library(folder, SystemClock(), [DrawnEncoder()]) as library:
        await library.find(texts.question(), readers)
        for _ in range(questions):
            asked = texts.question()
            began_s, cpu_s = time.perf_counter(), time.process_time()
            finding = await library.find(asked, readers, most=10)
            took_ms.append(1000 * (time.perf_counter() - began_s))
            cpu_ms.append(1000 * (time.process_time() - cpu_s))
            assert finding.encoder, "it was not searched by meaning"
    return took_ms, cpu_ms

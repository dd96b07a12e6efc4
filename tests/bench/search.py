"""How well and how fast sheets are found: ``python -m tests.bench.search HOME QUESTIONS.jsonl...``

HOME is one where the sheets of the questions were imported and indexed (docs/reference/search.md tells the commands).
Of each file and of each half of it: hit@k and MRR@10, words alone and with meaning, the area under the curve of each
signal between questions with and without an answer, and how long a search takes.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from affouage.adapters.encoders.children import installed
from affouage.clock import SystemClock
from affouage.settings import EngineSettings
from affouage.sheets.finding import Finding, Signals
from affouage.sheets.library import open_library
from affouage.sheets.sheet import MEMBERS, PUBLIC
from affouage.workshops.explain.evaluate import Question, half_of, read_questions

READER = frozenset((PUBLIC, MEMBERS))
FOUND = 10


class Found(msgspec.Struct, frozen=True):
    """``rank`` of the first accepted sheet among ten, None when there is none. ``took_ms``: whole, from outside."""

    question: Question
    finding: Finding
    rank: int | None
    took_ms: float


class Quality(msgspec.Struct, frozen=True):
    questions: int
    hit_1: float
    hit_5: float
    hit_10: float
    mrr_10: float


def quality(found: Sequence[Found]) -> Quality:
    """Of the questions that have an answer."""
    ranks = [one.rank for one in found if one.question.scope == "dans"]

    def hit(most: int) -> float:
        return sum(rank is not None and rank <= most for rank in ranks) / max(1, len(ranks))

    reciprocal = sum(1 / rank for rank in ranks if rank is not None) / max(1, len(ranks))
    return Quality(len(ranks), hit(1), hit(5), hit(10), reciprocal)


def area_under_curve(found: Sequence[Found], signal: str) -> float | None:
    """How often a question with an answer has more of a signal than one without; 0.5: it tells nothing."""
    values: dict[str, list[float]] = {"dans": [], "hors": []}
    for one in found:
        value = getattr(one.finding.signals, signal)
        sign = -1 if signal in ("agree", "unheard") else 1
        values[one.question.scope].append(-np.inf if value is None else sign * value)
    inside, outside = np.array(values["dans"]), np.array(values["hors"])
    if not inside.size or not outside.size:
        return None
    more = (inside[:, None] > outside[None]).mean() + (inside[:, None] == outside[None]).mean() / 2
    return float(more)


async def searched(home: Path, questions: Sequence[Question], *, by_meaning: bool) -> list[Found]:
    clock = SystemClock()
    encoders = installed(EngineSettings(), clock) if by_meaning else ()
    async with open_library(home / "sheets", clock, encoders) as library:
        await library.find("une première question, pour que tout soit chargé", READER)
        found = []
        for one in questions:
            began_s = time.perf_counter()
            finding = await library.find(one.question, READER, most=FOUND)
            took_ms = 1000 * (time.perf_counter() - began_s)
            ids = [hit.sheet.sheet_id for hit in finding.hits]
            rank = next((place for place, sheet_id in enumerate(ids, 1) if sheet_id in one.expected), None)
            found.append(Found(one, finding, rank, took_ms))
        return found


def _tell(name: str, found: Sequence[Found]) -> None:
    for half in ("all", "development", "held_out"):
        some = [one for one in found if half in ("all", half_of(one.question.id))]
        of = quality(some)
        print(
            f"  {name:8s} {half:12s} {of.questions:4d} questions  hit@1 {of.hit_1:.3f}  hit@5 {of.hit_5:.3f}  "
            f"hit@10 {of.hit_10:.3f}  MRR@10 {of.mrr_10:.3f}"
        )
    p50, p90, p99 = np.percentile([one.took_ms for one in found], [50, 90, 99])
    print(f"  {name:8s} ms: median {p50:.1f}  p90 {p90:.1f}  p99 {p99:.1f}")
    areas = {signal: area_under_curve(found, signal) for signal in Signals.__struct_fields__}
    print(f"  {name:8s} areas under the curve:", {key: round(one, 3) for key, one in areas.items() if one is not None})


def main() -> None:
    home, *files = map(Path, sys.argv[1:])
    for file in files:
        questions = read_questions(file.read_bytes())
        print(file.name)
        for name, by_meaning in (("words", False), ("meaning", True)):
            found = asyncio.run(searched(home, questions, by_meaning=by_meaning))
            _tell(name, found)
        print("  encoder:", found[0].finding.encoder or "none: run `affouage sheets index` first")


if __name__ == "__main__":
    main()

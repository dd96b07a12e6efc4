"""``python -m tests.bench.corpus_measures [DATA]``: what the filters measure on real French, as quantiles.

The limits of the steps ``quality`` and ``repetition`` were set by these: see docs/reference/corpus.md.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np

from affouage.training.corpus.document import Draft
from affouage.training.corpus.recipe import Limits, Quality, Repetition, Source
from affouage.training.corpus.sources.reading import read_shard
from affouage.training.corpus.sources.shard import Context, Shard
from affouage.training.corpus.steps import quality, repetition
from affouage.training.corpus.steps.words import Words
from tests.bench.corpus import DATA

TEXTS = (
    ("novels", "text", "texte/eltec-fra-plain.tar.xz"),
    ("labour sheets", "sheets", "fiches-travail/fiches-travail.json.xz"),
    ("official sheets", "sheets", "service-public/vosdroits-particuliers.zip"),
)
QUANTILES = (0.0, 0.01, 0.05, 0.5, 0.95, 0.99, 1.0)


def main(data: Path) -> None:
    for name, kind, at in TEXTS:
        source = msgspec.convert({"name": "measured", "kind": kind, "at": str(data / at)}, Source)
        shard = Shard(source=source, label=at, path=str(data / at))
        found: dict[tuple[int, str], list[float]] = {}
        for one in read_shard(shard, Context(limits=Limits(), today="2026-11-29")):
            if isinstance(one, Draft):
                words = Words(one.text)
                measured = [*quality.measures(words, Quality()), *repetition.measures(words, Repetition())]
                for place, (reason, value, *_) in enumerate(measured):
                    found.setdefault((place, reason), []).append(value)
        print(f"{name}: quantiles {' '.join(map(str, QUANTILES))}")
        for (_, reason), values in sorted(found.items()):
            print(f"  {reason:18} {' '.join(f'{one:9.3f}' for one in np.quantile(values, QUANTILES))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)

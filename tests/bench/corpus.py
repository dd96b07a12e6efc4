"""``python -m tests.bench.corpus [DATA]``: documents per processor-second, against bare datatrove with the same steps.

All read the same novels and official sheets with the same readers, in one process, in alternating rounds. ``bare`` has
datatrove's own filters and its four stages of MinHash, with a word splitter that is one regular expression: its own for
French is spaCy, not in our lock. ``steps`` has the very functions of our steps in a plain pipeline of datatrove,
without licences, lists of what was removed, hashes, splits or a manifest: what those cost. Not part of the tests: some
minutes.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from affouage.clock import SystemClock
from affouage.training.corpus.document import Draft
from affouage.training.corpus.recipe import KeepLanguage, Limits, Source
from affouage.training.corpus.sources.reading import read_shard
from affouage.training.corpus.sources.shard import Context, Shard
from affouage.training.corpus.steps import language, personal
from affouage.training.corpus.steps.quality import STOP_WORDS
from tests.conftest import ROOT

DATA = ROOT.parent / "shared" / "data"
SOURCES = (
    ("novels", "text", "texte/eltec-fra-plain.tar.xz", "LicenseRef-public-domain"),
    ("sheets", "sheets", "service-public/vosdroits-particuliers.zip", "etalab-2.0"),
)
STEPS = ("language", "length", "quality", "repetition", "personal", "near-duplicates")
ROUNDS = 2


def ours(data: Path, folder: Path) -> tuple[int, int]:
    """(documents read, kept)."""
    from affouage.training.corpus.building import Builder
    from affouage.training.corpus.store import Corpora

    sources = "".join(
        f'[[source]]\nname = "{name}"\nkind = "{kind}"\nat = "{data / at}"\nlicence = "{stated}"\n'
        for name, kind, at, stated in SOURCES
    )
    Corpora(folder).create("bench", sources + "".join(f'[[step]]\nuse = "{one}"\n' for one in STEPS))
    manifest = Builder(folder, "bench", SystemClock()).here(workers=1).build.manifest
    return sum(one.read for one in manifest.sources), manifest.documents


def steps(data: Path, folder: Path) -> tuple[int, int]:
    """Our functions, nothing around them."""
    import numpy as np
    from datatrove.data import Document
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.base import PipelineStep
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter

    from affouage.training.corpus.document import Outcast
    from affouage.training.corpus.recipe import Length, Quality, Repetition
    from affouage.training.corpus.steps import minhash, quality, repetition
    from affouage.training.corpus.steps.words import Words

    counts, signatures = [0, 0], []

    class Read(PipelineStep):  # type: ignore[misc, unused-ignore]
        name, type = "read", "READER"

        def run(self, data_: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
            for one in drafts(data, rank):
                counts[0] += 1
                yield Document(text=one.text, id=one.id, metadata={"at": one.at})

    class Filter(PipelineStep):  # type: ignore[misc, unused-ignore]
        name, type = "filter", "FILTER"

        def run(self, documents: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
            for one in documents:
                try:
                    language.check(one.text, KeepLanguage())
                    words = Words(one.text)
                    quality.check_length(words, Length())
                    quality.check_quality(words, Quality())
                    repetition.check(words, Repetition())
                except Outcast:
                    continue
                one.text, found = personal.masked(one.text)
                signatures.append(minhash.signature(Words(one.text) if found else words, 5))
                yield one

    class Originals(PipelineStep):  # type: ignore[misc, unused-ignore]
        name, type = "originals", "FILTER"

        def run(self, documents: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
            first = minhash.originals(np.stack(signatures), 0.8)
            for number, one in enumerate(documents):
                if first[number] == number:
                    counts[1] += 1
                    yield one

    kept = str(folder / "kept")
    for number, (pipeline, tasks) in enumerate(
        [
            ([Read(), Filter(), ParquetWriter(kept)], len(SOURCES)),
            ([ParquetReader(kept), Originals(), ParquetWriter(str(folder / "out"))], 1),
        ]
    ):
        logs = str(folder / f"logs-{number}")
        LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
    return counts[0], counts[1]


def drafts(data: Path, place: int) -> Iterator[Draft]:
    name, kind, at, _ = SOURCES[place]
    source = msgspec.convert({"name": name, "kind": kind, "at": str(data / at)}, Source)
    shard = Shard(source=source, label=at, path=str(data / at))
    for one in read_shard(shard, Context(limits=Limits(), today="2026-11-29")):
        if isinstance(one, Draft):
            yield one


def bare(data: Path, folder: Path) -> tuple[int, int]:
    from datatrove.data import Document
    from datatrove.executor.local import LocalPipelineExecutor
    from datatrove.pipeline.base import PipelineStep
    from datatrove.pipeline.dedup import minhash
    from datatrove.pipeline.filters import GopherQualityFilter, GopherRepetitionFilter, LambdaFilter
    from datatrove.pipeline.filters import gopher_quality_filter as quality_module
    from datatrove.pipeline.filters import gopher_repetition_filter as repetition_module
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.hashing import HashConfig

    words = re.compile(r"\w+|[^\w\s]").findall
    quality_module.split_into_words = lambda text, _language: words(text)
    repetition_module.split_into_words = lambda text, _language: words(text)

    class Splitter:
        word_tokenize = staticmethod(words)

    minhash.load_word_tokenizer = lambda _language: Splitter()
    counts = [0, 0]

    class Read(PipelineStep):  # type: ignore[misc, unused-ignore]
        name, type = "read", "READER"

        def run(self, data_: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
            for one in drafts(data, rank):
                counts[0] += 1
                yield Document(text=one.text, id=one.id, metadata={"at": one.at})

    class Mask(PipelineStep):  # type: ignore[misc, unused-ignore]
        name, type = "mask", "FORMATTER"

        def run(self, documents: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
            for one in documents:
                one.text, _ = personal.masked(one.text)
                yield one

    class Count(PipelineStep):  # type: ignore[misc, unused-ignore]
        name, type = "count", "STATS"

        def run(self, documents: Any, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
            for one in documents:
                counts[1] += 1
                yield one

    def is_french(document: Any) -> bool:
        try:
            language.check(document.text, KeepLanguage())
        except Exception:
            return False
        return True

    stop_words = sorted(STOP_WORDS)
    quality = GopherQualityFilter(
        max_doc_words=1_000_000,
        max_ellipsis_lines_ratio=0.4,
        max_non_alpha_words_ratio=0.7,  # punctuation counts as words there
        min_stop_words=8,
        stop_words=stop_words,
    )
    repetition = GopherRepetitionFilter(
        dup_line_frac=0.55,
        dup_para_frac=None,
        dup_line_char_frac=0.55,
        dup_para_char_frac=None,
        top_n_grams=((2, 0.15), (3, 0.18), (4, 0.18)),
        dup_n_grams=((5, 0.65), (10, 0.60)),  # as many n-grams as ours looks at
    )
    config = minhash.MinhashConfig(hash_config=HashConfig(hash_fc="sha1"))
    stages: list[tuple[list[Any], int]] = [
        (
            [
                Read(),
                LambdaFilter(is_french),
                quality,
                repetition,
                Mask(),
                ParquetWriter(str(folder / "kept")),
            ],
            len(SOURCES),
        ),
        ([ParquetReader(str(folder / "kept")), minhash.MinhashDedupSignature(str(folder / "signatures"), config)], 2),
        ([minhash.MinhashDedupBuckets(str(folder / "signatures"), str(folder / "buckets"), config=config)], 14),
        ([minhash.MinhashDedupCluster(str(folder / "buckets"), str(folder / "clusters"), config=config)], 1),
        (
            [
                ParquetReader(str(folder / "kept")),
                minhash.MinhashDedupFilter(str(folder / "clusters")),
                Count(),
                ParquetWriter(str(folder / "out")),
            ],
            2,
        ),
    ]
    for number, (pipeline, tasks) in enumerate(stages):
        logs = str(folder / f"logs-{number}")
        LocalPipelineExecutor(pipeline=pipeline, tasks=tasks, workers=1, logging_dir=logs).run()
    return counts[0], counts[1]


def measured(which: str, data: Path) -> tuple[float, int, int]:
    """(processor seconds of all its processes, documents read, kept), in a program of its own."""
    folder = Path(tempfile.mkdtemp(prefix="bench-corpus-"))
    try:
        told = folder / "told"
        command = [sys.executable, "-m", "tests.bench.corpus", which, str(data), str(folder / "work"), str(told)]
        environ = {**os.environ, "OMP_NUM_THREADS": "1"}
        child = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, env=environ)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{which} failed with {child.returncode}")
        documents, kept = map(int, told.read_text().split())
        return used.ru_utime + used.ru_stime, documents, kept
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(data: Path) -> None:
    seconds: dict[str, float] = {"ours": 0.0, "bare": 0.0, "steps": 0.0}
    for turn in range(ROUNDS):
        for which in sorted(seconds, reverse=bool(turn % 2)):
            used, documents, kept = measured(which, data)
            seconds[which] += used
            print(
                f"{which}: {documents} documents, {kept} kept, {used:.1f} s, {documents / used:.1f} a second",
                flush=True,
            )
    for other in ("bare", "steps"):
        print(f"documents per processor-second, ours over {other}: {seconds[other] / seconds['ours']:.2f}")


if __name__ == "__main__":
    if len(sys.argv) == 5:
        folder_ = Path(sys.argv[3])
        folder_.mkdir()
        found = {"ours": ours, "bare": bare, "steps": steps}[sys.argv[1]](Path(sys.argv[2]), folder_)
        Path(sys.argv[4]).write_text(f"{found[0]} {found[1]}", encoding="ascii")
    else:
        main(Path(sys.argv[1]) if len(sys.argv) > 1 else DATA)

"""A question put to the sheets: understood, searched by words and by meaning at once, weighed, its passages chosen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
import numpy as np

from affouage.clock import Clock
from affouage.errors import EngineFailed, EngineLoading
from affouage.sheets.age import today_utc
from affouage.sheets.finding import Finding, Hit, Signals
from affouage.sheets.search import by_words
from affouage.sheets.search.encoder import Encoder, Matrix
from affouage.sheets.search.everyday import said_officially, weighed_terms
from affouage.sheets.search.for_whom import narrower
from affouage.sheets.search.french_words import terms
from affouage.sheets.search.fusing import Scores, against, best, fused, meaning, signals, top_mean, weighed_mean
from affouage.sheets.search.keeping_up import Indexing, Progress, meaning_kept_up, words_kept_up
from affouage.sheets.search.manner import of_length_one
from affouage.sheets.search.shelves import Shelf, Shelves, key_of
from affouage.sheets.search.spelling import Corrected
from affouage.sheets.search.views import asked
from affouage.sheets.search.word_index import Statistics
from affouage.sheets.store import Key, Store

QUESTION_MOST = 4_000
"""Characters that are read of a question."""
_TERMS_MOST = 64
PASSAGES_MOST = 3
_ENOUGH = 0.9
"""Share of the sheets that must have their vector before an encoder is listened to."""
_FIRST_S = 2.0
"""How long a search waits for the indexes of words, when the library was just opened."""
_TWINS = 3
"""Sheets that may be left out because another collection has them too."""
_BESIDE = 10
"""Sheets further down that may rise, those above being for other people."""


class _Asked(msgspec.Struct, frozen=True):
    """A question understood. ``weights``: of the terms to look for; ``own``: those it holds itself."""

    shelves: list[Shelf]
    corrected: Corrected
    own: tuple[str, ...]
    weights: dict[str, float]
    counts: list[Statistics]


_Compared = list[tuple[Encoder, Scores, float | None]]
"""Per encoder: the cosine of every sheet, and how much nearer the question is to titles than to what none answers."""


class Finder:
    """Open with :func:`open_finder`. What may be read is decided by the caller, and nothing else is opened."""

    def __init__(
        self, store: Store, folder: Path, clock: Clock, encoders: Sequence[Encoder], indexing: Indexing
    ) -> None:
        self._store, self._clock, self._encoders = store, clock, encoders
        self._shelves = Shelves(store, folder, encoders)
        self._indexing = indexing
        self.indexed = asyncio.Event()

    async def find(self, question: str, collection_ids: frozenset[str], *, most: int = 5) -> Finding:
        """The best sheets of these collections, best first, and what tells whether they answer at all.

        ``indexed``, the event, is waited for a moment: a library that was just opened may have words to index.
        """
        began_us = self._clock.monotonic_us()
        with suppress(TimeoutError):
            await asyncio.wait_for(self.indexed.wait(), _FIRST_S)
        question = " ".join(question[:QUESTION_MOST].split())
        if not any(one.isalnum() for one in question):
            return Finding(question=question, hits=(), signals=Signals(), by_meaning=False)
        read = await asyncio.to_thread(self._understood, question, collection_ids)
        words, compared = await asyncio.gather(
            asyncio.to_thread(by_words.scores, read.shelves, read.weights, read.counts), self._compared(read)
        )
        hits, told = await asyncio.to_thread(self._weighed, read, words, compared, most)
        return Finding(
            question=question,
            hits=hits,
            signals=told,
            by_meaning=bool(compared),
            corrected=read.corrected.text if read.corrected.changed else "",
            encoder=" + ".join(encoder.name for encoder, _, _ in compared),
            took_us=self._clock.monotonic_us() - began_us,
        )

    async def nearest(
        self, collection_id: str, sheet_id: str, collection_ids: frozenset[str], *, most: int
    ) -> tuple[Key, ...]:
        """The sheets of these collections whose meaning is nearest, itself left out; none while it has no vector."""
        return await asyncio.to_thread(self._nearest, (collection_id, sheet_id), collection_ids, most)

    async def progress(self) -> Progress:
        """How far the search is, of the whole library."""
        return await asyncio.to_thread(self._indexing.progress)

    # -- in threads ------------------------------------------------------------------------------------------------

    def _understood(self, question: str, collection_ids: frozenset[str]) -> _Asked:
        shelves = self._shelves.of(collection_ids)
        corrected = self._shelves.vocabulary(shelves).correct(question)
        own = tuple(dict.fromkeys(terms(corrected.text)))[:_TERMS_MOST]
        weights = weighed_terms(terms(corrected.text)[:_TERMS_MOST])
        return _Asked(shelves, corrected, own, weights, by_words.counted(shelves, weights))

    def _weighed(self, read: _Asked, words: Scores, compared: _Compared, most: int) -> tuple[tuple[Hit, ...], Signals]:
        near = meaning([(rows, encoder.traits) for encoder, rows, _ in compared])
        scores = fused(words, near)
        places = best(scores, most + _TWINS + _BESIDE)
        if near is None:
            places = [place for place in places if words[place] > 0]
        covered = by_words.covered(read.shelves, read.own, read.weights, read.counts, places[0]) if places else None
        beside = weighed_mean([(nearer, encoder.traits) for encoder, _, nearer in compared if nearer is not None])
        unheard = by_words.unheard(read.own, read.counts) if read.own else None
        told = signals(words, near, covered, beside, unheard)
        return self._hits(read, {key_of(read.shelves, place): float(scores[place]) for place in places}, most), told

    def _hits(self, read: _Asked, scored: Mapping[Key, float], most: int) -> tuple[Hit, ...]:
        headers = self._store.headers(scored, today_utc(self._clock.now_ms()))
        for_all = {key: scored[key] - narrower(read.corrected.text, one.title) for key, one in headers.items()}
        scored = {key: for_all[key] for key in sorted(for_all, key=for_all.__getitem__, reverse=True)}
        kept: dict[tuple[str, str, str], Key] = {}
        for key in scored:
            if not (header := headers[key]).archived:
                kept.setdefault((header.sheet_id, header.title, header.description), key)
        keys = list(kept.values())[:most]
        passages = by_words.best_passages(self._store, read.shelves, read.weights, read.counts, keys, PASSAGES_MOST)
        return tuple(Hit(sheet=headers[key], score=scored[key], passages=passages[key]) for key in keys)

    def _nearest(self, key: Key, collection_ids: frozenset[str], most: int) -> tuple[Key, ...]:
        shelves = self._shelves.of(collection_ids)
        place = next((place for place, one in enumerate(_keys(shelves)) if one == key), None)
        cosines = []
        for encoder in self._listened_to(shelves) if place is not None else ():
            rows = self._shelves.stack(encoder.name, shelves).rows
            cosines.append((against(rows, rows[place]), encoder.traits))
        near = meaning(cosines)
        if near is None or place is None:
            return ()
        near[place] = -np.inf
        return tuple(key_of(shelves, one) for one in best(near, most) if one != place)

    # -- by meaning ------------------------------------------------------------------------------------------------

    def _listened_to(self, shelves: Sequence[Shelf]) -> list[Encoder]:
        sheets = sum(len(one.sheet_ids) for one in shelves)

        def reaches(encoder: Encoder) -> bool:
            there = sum(heads.there for one in shelves if (heads := one.heads.get(encoder.name)))
            return bool(sheets) and there >= _ENOUGH * sheets

        return [one for one in self._encoders if reaches(one)]

    async def _compared(self, read: _Asked) -> _Compared:
        """By each encoder that reaches the sheets and works."""
        encoders = self._listened_to(read.shelves)
        found = await asyncio.gather(*(self._by_meaning(one, read) for one in encoders))
        return [one for one in found if one is not None]

    async def _by_meaning(self, encoder: Encoder, read: _Asked) -> tuple[Encoder, Scores, float | None] | None:
        question = asked(read.corrected.text)
        texts = [question]
        if encoder.traits.paraphrased and (officially := said_officially(question)) != question:
            texts.append(officially)
        try:
            rows = await encoder.encode(texts, questions=True)
        except (EngineFailed, EngineLoading):
            return None  # by words, and by what else there is: the finding says so
        return await asyncio.to_thread(self._against, encoder, rows, read.shelves)

    def _against(
        self, encoder: Encoder, rows: Matrix, shelves: Sequence[Shelf]
    ) -> tuple[Encoder, Scores, float | None]:
        """Cosines of every sheet, and how much nearer the question is to titles than to what no sheet answers.

        ``rows``: of the question, and of it said otherwise.
        """
        stack = self._shelves.stack(encoder.name, shelves)
        row = of_length_one(rows.sum(axis=0, keepdims=True))
        row = row if stack.manner is None else of_length_one(row @ stack.manner)
        elsewhere = self._shelves.elsewhere(encoder.name)
        nearer = None
        if len(stack.titles) and elsewhere is not None:
            nearer = top_mean(against(stack.titles, rows[0])) - top_mean(against(elsewhere, rows[0]))
        return encoder, against(stack.rows, row[0]), nearer


@asynccontextmanager
async def open_finder(
    store: Store, folder: Path, clock: Clock, encoders: Sequence[Encoder] = (), *, keep_up: bool = False
) -> AsyncIterator[Finder]:
    """While open, what changed is indexed by words; with ``keep_up``, by meaning too, behind. Closes the encoders."""
    indexing = Indexing(store, folder, encoders)
    finder = Finder(store, folder, clock, encoders, indexing)
    tasks = [asyncio.create_task(words_kept_up(indexing.words, finder.indexed), name="sheets by words")]
    if keep_up and encoders:
        behind = meaning_kept_up(store, indexing.meaning)
        tasks.append(asyncio.create_task(behind, name="sheets by meaning"))
    try:
        yield finder
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for encoder in encoders:
            await encoder.close()


def _keys(shelves: Sequence[Shelf]) -> list[Key]:
    return [(one.collection_id, sheet_id) for one in shelves for sheet_id in one.sheet_ids]

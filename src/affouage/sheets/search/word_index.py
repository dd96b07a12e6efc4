"""The index of words of one collection, on the disk. Methods block: from async code, call them in a thread.

Each passage is a document: the sheet's title twice, the headings above it, its text. One index per collection, so that
a search opens those that may be read and no other: the rest has no part in the hits, nor in how rare a word is held to
be, nor in the spelling.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import tantivy
from tantivy import Document, Index, Occur, Query, Searcher

from affouage.sheets.search.french_words import as_written, stemmed
from affouage.sheets.sheet import Passage

_HEAP_BYTES = 30_000_000
_MOST_HITS = 600
"""Passages looked at: those of some hundreds of sheets."""
_TEXT, _SURFACE, _SHEET, _NUMBER = "text", "surface", "sheet", "number"


class Cut(msgspec.Struct, frozen=True):
    """A sheet as it is indexed."""

    sheet_id: str
    title: str
    passages: tuple[Passage, ...]


class Statistics(msgspec.Struct, frozen=True):
    """``passages``: of a collection; ``holding``: how many hold each of some terms."""

    passages: int
    holding: Mapping[str, int]


class WordIndex:
    """Made if need be. Several programs may search one while a single one writes in it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._meta = folder / "meta.json"
        self._index = Index(_schema(), path=str(folder))
        self._index.register_tokenizer("stemmed", stemmed())
        self._index.register_tokenizer("as_written", as_written())
        self._index.config_reader(reload_policy="manual")
        self._seen_ns = 0

    def refreshed(self) -> bool:
        """See what was written since, by whomever: whether there was anything."""
        try:
            written_ns = self._meta.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        if written_ns == self._seen_ns:
            return False
        self._seen_ns = written_ns
        self._index.reload()
        return True

    def write(self, sheets: Iterable[Cut], gone: Iterable[str] = ()) -> None:
        """Put these sheets in the place of what there was of them, and take out those that are ``gone``."""
        writer = self._index.writer(_HEAP_BYTES, 1)
        for sheet_id in gone:
            writer.delete_documents_by_query(self._sheet(number_of(sheet_id)))
        for one in sheets:
            number = number_of(one.sheet_id)
            writer.delete_documents_by_query(self._sheet(number))
            for passage in one.passages or (Passage(collection_id="", sheet_id=one.sheet_id, number=0, text=""),):
                writer.add_document(_document(number, one.title, passage))
        writer.commit()
        writer.wait_merging_threads()

    def statistics(self, terms: Iterable[str]) -> Statistics:
        searcher = self._index.searcher()
        return Statistics(searcher.num_docs, {term: searcher.doc_freq(_TEXT, term) for term in terms})

    def vocabulary(self) -> dict[str, int]:
        """Every word of the collection as it is written, and how many passages hold it."""
        return dict(self._index.searcher().terms_with_prefix(_SURFACE, ""))

    def search(self, weights: Mapping[str, float]) -> dict[int, float]:
        """By number of sheet: BM25 of its best passage, for those that hold any of these terms."""
        searcher = self._index.searcher()
        hits = searcher.search(self._any_of(weights), _MOST_HITS, count=False).hits[::-1]
        sheets = searcher.fast_field_values(_SHEET, [place for _, place in hits])
        return dict(
            zip((int(one or 0) for one in sheets), (score for score, _ in hits), strict=True)
        )  # the best one is written last

    def within(
        self, weights: Mapping[str, float], sheets: Sequence[int], most: int = 1_000
    ) -> dict[int, dict[int, float]]:
        """BM25 of the passages of these sheets that hold any of these terms, by number of sheet and of passage."""
        searcher = self._index.searcher()
        return _scores(searcher, self._in_sheets(sheets, self._any_of(weights)), most)

    def held(self, terms: Iterable[str], sheet: int) -> frozenset[str]:
        """Which of these terms a sheet holds."""
        searcher = self._index.searcher()
        return frozenset(
            term
            for term in terms
            if searcher.search(self._in_sheets([sheet], self._any_of({term: 1.0})), 1, count=False).hits
        )

    def _any_of(self, weights: Mapping[str, float]) -> Query:
        terms = (
            Query.boost_query(Query.term_query(self._index.schema, _TEXT, term, "freq"), weight)
            for term, weight in weights.items()
        )
        return Query.boolean_query([(Occur.Should, one) for one in terms])

    def _sheet(self, number: int) -> Query:
        """All that there is of a sheet. (Deleting by a term of a number finds nothing, as of tantivy 0.27.)"""
        return Query.term_query(self._index.schema, _SHEET, number)

    def _in_sheets(self, sheets: Sequence[int], query: Query) -> Query:
        each = (self._sheet(one) for one in sheets)  # a query by a set of terms is slow
        inside = Query.boolean_query([(Occur.Should, Query.const_score_query(one, 0.0)) for one in each])
        return Query.boolean_query([(Occur.Must, inside), (Occur.Must, query)])


def number_of(sheet_id: str) -> int:
    """How the index calls a sheet: 63 bits of a digest of its id."""
    return int.from_bytes(hashlib.sha256(sheet_id.encode()).digest()[:8]) >> 1


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field(_TEXT, tokenizer_name="stemmed", index_option="freq")
    builder.add_text_field(_SURFACE, tokenizer_name="as_written", index_option="basic")
    builder.add_unsigned_field(_SHEET, indexed=True, fast=True)
    builder.add_unsigned_field(_NUMBER, fast=True)
    return builder.build()


def _document(number: int, title: str, passage: Passage) -> Document:
    document = Document()
    document.add_text(_TEXT, "\n".join((title, title, *passage.path, passage.text)))
    document.add_text(_SURFACE, f"{title}\n{passage.text}")
    document.add_unsigned(_SHEET, number)
    document.add_unsigned(_NUMBER, passage.number)
    return document


def _scores(searcher: Searcher, query: Query, most: int) -> dict[int, dict[int, float]]:
    hits = searcher.search(query, most, count=False).hits
    places = [place for _, place in hits]
    found: dict[int, dict[int, float]] = {}
    sheets = searcher.fast_field_values(_SHEET, places)
    numbers = searcher.fast_field_values(_NUMBER, places)
    for (score, _), sheet, number in zip(hits, sheets, numbers, strict=True):
        found.setdefault(int(sheet or 0), {})[int(number or 0)] = float(score)
    return found

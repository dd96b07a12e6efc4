"""What an evaluation found, dated, with what it was made with. Pure."""

from __future__ import annotations

from typing import Literal

import msgspec

HalfName = Literal["all", "development", "held_out"]
"""Questions are split once for all by a hash of their id: what is tuned looks at ``development`` alone."""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Of a set of questions. Shares from 0 to 1, None where there is nothing to count.

    ``hit_at_*``, ``mrr_at_10``: over the questions in scope, whether the search finds an accepted sheet among the
    first. ``right``, ``wrong``, ``refused``: of the same questions, as they are answered: a sheet cited is an accepted
    one, none is, or it was said that nothing answers. ``out_refused``, ``out_answered``: of the questions out of scope.
    """

    in_scope: int = 0
    out_of_scope: int = 0
    hit_at_1: float | None = None
    hit_at_5: float | None = None
    hit_at_10: float | None = None
    mrr_at_10: float | None = None
    right: int = 0
    wrong: int = 0
    refused: int = 0
    out_refused: int = 0
    out_answered: int = 0

    @property
    def refused_share(self) -> float | None:
        """Of the questions in scope: too many refusals help nobody."""
        return self.refused / self.in_scope if self.in_scope else None

    @property
    def out_refused_share(self) -> float | None:
        """Of the questions out of scope: those that were rightly refused."""
        return self.out_refused / self.out_of_scope if self.out_of_scope else None

    @property
    def right_share(self) -> float | None:
        """Of the questions in scope."""
        return self.right / self.in_scope if self.in_scope else None


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """``name``: a half (see ``HalfName``), or a style of question ("fautes", "local")."""

    name: str
    counts: Counts


class CollectionStamp(msgspec.Struct, frozen=True, kw_only=True):
    """A collection as it was searched. ``newest_day``: the latest day any sheet bears, None unknown."""

    id: str
    name: str
    source: str
    sheets: int
    imported_ms: int | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation. ``id`` "" until it is stored.

    ``questions_sha256``: of the file's bytes; two reports are compared only on the same questions. ``halves``: all,
    development, held_out. ``sentences``, ``supported``: what a model wrote and what of it the sheets say (0 without
    one). ``quotes``, ``quotes_exact``: spans shown, and those found again word for word at their place in the sheet.
    ``model`` "": extracts alone. ``limit``: only so many questions, drawn with ``seed``; None for all.
    """

    id: str = ""
    made_ms: int
    took_ms: int
    questions_sha256: str
    questions: int
    halves: tuple[Part, ...]
    styles: tuple[Part, ...]
    sentences: int = 0
    supported: int = 0
    quotes: int = 0
    quotes_exact: int = 0
    affouage: str
    encoder: str
    collections: tuple[CollectionStamp, ...]
    model: str = ""
    seed: int = 0
    limit: int | None = None
    accepted: bool = False

    @property
    def supported_share(self) -> float | None:
        return self.supported / self.sentences if self.sentences else None

    def half(self, name: HalfName) -> Counts:
        return next((one.counts for one in self.halves if one.name == name), Counts())

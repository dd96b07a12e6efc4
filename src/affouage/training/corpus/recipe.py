"""A recipe: which texts, through which steps, into which splits. Read from TOML, checked whole before anything starts.

The steps are applied to every document in the order in which they are written.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from typing import Annotated, Literal

import msgspec

from affouage.errors import BadRequest

SourceKind = Literal["folder", "sheets", "warc", "jsonl", "parquet", "text"]
"""folder: documents (PDF, ODT, DOCX, HTML, text); sheets: official ones; warc: WARC and WET files; jsonl, parquet:
shards in the manner of The Pile and FineWeb; text: plain text, one document a file, or a tar of such files."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Many = Annotated[int, msgspec.Meta(ge=1)]
_Name = Annotated[str, msgspec.Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,39}\Z")]
_Day = Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d{2}-\d{2}\Z")]
_Words = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Consent(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A member lets their own texts enter. ``member``: their id or name; ``day``: of the consent."""

    member: _Words
    day: _Day


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """``at``: a file, a folder, an address (https), or ``collection:ID`` of the commons' library. ``licence``: an SPDX
    name or LicenseRef, of every document that does not state its own.

    ``segments``: ``at`` is a list of files, one a line, each under ``base`` (as Common Crawl's warc.paths.gz); only the
    first ``most_segments`` are taken. ``robots``: further WARC files that hold only what the sites' robots.txt say.
    ``text``, ``address``, ``licence_field``, ``title``, ``day_field``: columns of jsonl and parquet ("meta.url" goes
    down).
    """

    name: _Name
    kind: SourceKind
    at: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    licence: str = ""
    attribution: str = ""
    day: _Day | None = None
    segments: bool = False
    base: str = ""
    most_segments: Many | None = None
    robots: tuple[str, ...] = ()
    text: str = "text"
    address: str = "url"
    title: str = "title"
    licence_field: str = "license"
    day_field: str = "date"
    consent: Consent | None = None


class Extract(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="extract"):
    """The text of web pages (trafilatura). ``precision``: rather too little than menus and banners."""

    precision: bool = True


class KeepLanguage(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="language"
):
    """``keep``: two-letter codes. ``least_share``: of the probability, that the kept languages have together."""

    keep: tuple[str, ...] = ("fr",)
    least_share: Share = 0.65


class Length(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="length"):
    least_words: Count = 50
    most_words: Many = 1_000_000


class Quality(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="quality"):
    """Prose, and not a list, a menu or a listing of numbers. Measured on French: see docs/reference/corpus.md."""

    least_mean_letters: float = 3.8
    most_mean_letters: float = 6.3
    least_stop_words: Share = 0.25
    least_different_stop_words: Count = 8
    least_words_with_letters: Share = 0.80
    most_symbols: Share = 0.10
    most_bullet_lines: Share = 0.90
    most_ellipsis_lines: Share = 0.40
    most_capitals: Share = 0.20


class Repetition(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="repetition"
):
    """In the manner of Gopher (Rae et al. 2021, table A1), with limits that real French keeps: shares of the lines, of
    the characters in lines seen before, in the most frequent n-gram, in n-grams seen before."""

    most_lines: Share = 0.55
    most_line_characters: Share = 0.55
    most_top_2: Share = 0.15
    most_top_3: Share = 0.18
    most_top_4: Share = 0.18
    most_seen_5: Share = 0.65
    most_seen_10: Share = 0.60


class Duplicates(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="duplicates"
):
    """The same words in the same order, whatever the case, the spaces and the punctuation: the first one stays."""


class NearDuplicates(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="near-duplicates"
):
    """MinHash over sequences of ``words``: of documents as similar as ``similarity`` (Jaccard), the first one stays."""

    similarity: Annotated[float, msgspec.Meta(ge=0.5, le=1)] = 0.8
    words: Annotated[int, msgspec.Meta(ge=1, le=20)] = 5


class Personal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="personal"):
    """Addresses, numbers of telephones, of accounts (IBAN) and of social security are masked. ``names``: also what
    follows M., Mme, Dr ...; a program finds what has a form, not every name."""

    names: bool = False
    most: Count = 0
    """A document with more of them is removed: a directory is no text. 0: none is."""


class Decontaminate(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="use", tag="decontaminate"
):
    """A document that holds ``words`` words in a row of an evaluation set is removed. ``against``: jsonl or text
    files. A shorter item of eight words or more counts whole. ``columns``: of jsonl, that hold what must not be learnt
    (questions, answers); all if unsaid."""

    against: tuple[str, ...]
    columns: tuple[str, ...] = ()
    words: Annotated[int, msgspec.Meta(ge=8, le=50)] = 13


Step = Extract | KeepLanguage | Length | Quality | Repetition | Duplicates | NearDuplicates | Personal | Decontaminate


class Splits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Shares of the documents; the rest is for training. ``seed``: another one gives other splits."""

    held_out: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.05
    test: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.05
    seed: int = 0


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Of one document, unless said otherwise. ``ratio``: unpacked over packed, of a shard or a member of an archive
    beyond ``small_bytes``: more is a trap."""

    line_bytes: Many = 32_000_000
    page_bytes: Many = 4_000_000
    characters: Many = 5_000_000
    group_bytes: Many = 2_000_000_000
    ratio: Many = 250
    small_bytes: Many = 50_000_000
    page_s: Many = 10


Refusal = Literal["licence", "robots", "reservation", "readers"]


class Override(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Let in what is refused: ``what`` of ``source``. It stays in the manifest, and on each document it let in."""

    what: Refusal
    source: _Name
    who: _Words
    reason: Annotated[str, msgspec.Meta(min_length=10, max_length=2000)]


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    description: str = ""
    source: tuple[Source, ...] = ()
    step: tuple[Step, ...] = ()
    splits: Splits = Splits()
    limits: Limits = Limits()
    override: tuple[Override, ...] = ()

    def override_of(self, source: str, what: Refusal) -> Override | None:
        return next((one for one in self.override if (one.source, one.what) == (source, what)), None)


def read_recipe(text: str, file: str = "recipe.toml") -> Recipe:
    """Raises BadRequest: which line or key, and what would be right."""
    try:
        recipe = msgspec.convert(tomllib.loads(text), Recipe)
    except tomllib.TOMLDecodeError as wrong:
        raise _wrong(file, str(wrong)) from wrong
    except msgspec.ValidationError as wrong:
        raise _wrong(file, str(wrong)) from wrong
    _check(recipe, file)
    return recipe


def _check(recipe: Recipe, file: str) -> None:
    names = [one.name for one in recipe.source]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise _wrong(file, f"two sources are called {twice}")
    for one in recipe.override:
        if one.source not in names:
            raise _wrong(file, f"an override names the source {one.source}, which there is not")
    if recipe.splits.held_out + recipe.splits.test >= 1:
        raise _wrong(file, "splits leave nothing to train on")
    for kind in (Duplicates, NearDuplicates, Extract, Decontaminate, Personal):
        if sum(isinstance(one, kind) for one in recipe.step) > 1:
            raise _wrong(file, f"the step {kind.__struct_config__.tag} stands twice")
    for source in recipe.source:
        if source.segments and source.kind in ("folder", "sheets"):
            raise _wrong(file, f"{source.name}: a list of segments is of warc, jsonl, parquet or text files")


def _wrong(file: str, why: str) -> BadRequest:
    return BadRequest(
        f"{file} is not in order: {re.sub(r' +', ' ', why)}.",
        remedy="Mend it; docs/reference/corpus.md lists what a recipe may say.",
        code="corpus_recipe",
        file=file,
        why=why,
    )


def step_name(step: Step) -> str:
    """As the recipe calls it."""
    return str(step.__struct_config__.tag)


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

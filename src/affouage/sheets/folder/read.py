"""The door: a folder of documents, one after another, each a sheet, the same as before, or refused."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path

import msgspec
from msgspec.structs import replace

from affouage.french.plain import squeeze
from affouage.sheets.folder import files
from affouage.sheets.folder.limits import LIMITS, Limits
from affouage.sheets.folder.outline import clean
from affouage.sheets.folder.reader import Seen, read_document
from affouage.sheets.folder.refusals import CannotRead, refused
from affouage.sheets.folder.tesseract import Tesseract, find_tesseract
from affouage.sheets.language import language_of
from affouage.sheets.reading import Read, Refused, Same
from affouage.sheets.sheet import Block, Sheet

READER = "folder-1"
"""Changes when documents are read in another way: all of them are then read again."""
_INSTALL = frozenset(("document_no_tesseract", "document_no_french"))
_EARLIEST = "1950-01-01"
_LONGEST_TITLE = 200
_LONGEST_DESCRIPTION = 300
_ENOUGH = 4_000
"""Characters that tell a language."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """``done`` of ``total`` documents; ``name``: the one in hand. ``page`` of ``pages``: of it; 0 of 0 before the
    first, and for a document that has none."""

    done: int
    total: int
    name: str
    page: int = 0
    pages: int = 0

    @property
    def told(self) -> str:
        """``reglement.pdf, 3/12``."""
        return f"{self.name}, {self.page}/{self.pages}" if self.pages > 1 else self.name


def read_folder(
    folder: Path,
    *,
    today: date,
    known: Mapping[str, str] = {},
    limits: Limits = LIMITS,
    on_progress: Callable[[Progress], None] = lambda _progress: None,
) -> Iterator[Read | Same | Refused]:
    """Every document under ``folder``, in the order of their names. It blocks: call it in a thread.

    ``known``: sheet id -> fingerprint of those read before; a document that still has it is not read again. ``today``:
    no document is dated after it. ``on_progress`` may raise: the document in hand is given up and no child is left; so
    does closing the iterator.

    Raises BadRequest when ``folder`` is no folder.
    """
    found = files.listing(folder, limits)
    reader = _Reader(folder, found, known, limits, today)
    for done, file in enumerate(found.files):
        on_progress(progress := Progress(done=done, total=len(found.files), name=file.name))
        try:
            yield reader.read(file, partial(_tell_page, on_progress, progress))
        except CannotRead as why:
            copied = why.code == "document_same"  # what its sheet said has gone, or stands in the other's
            yield refused(file.name, why, "" if copied else sheet_id_of(file.name))


def _tell_page(on_progress: Callable[[Progress], None], progress: Progress, page: int, pages: int) -> None:
    on_progress(replace(progress, page=page, pages=pages))


class _Reader:
    """Reads the documents of one folder, once."""

    def __init__(
        self, folder: Path, found: files.Listing, known: Mapping[str, str], limits: Limits, today: date
    ) -> None:
        self._folder = folder
        self._licences = found.licences
        self._known = known
        self._limits = limits
        self._today = today.isoformat()
        self._seen: dict[str, str] = {}  # digest of a content -> the name it was read under
        self._sight: Tesseract | CannotRead | None = None

    def read(self, file: files.Found, on_page: Callable[[int, int], None]) -> Read | Same:
        """Raises CannotRead."""
        if file.why_not:
            raise CannotRead(file.why_not, **file.details)
        licence = self._licence(file.parts)
        with files.open_below(self._folder, file.parts) as descriptor:
            digest = files.sha256_of(descriptor, self._limits)
            if (other := self._seen.get(digest)) is not None:
                raise CannotRead("document_same", other=other)
            made = sheet_id_of(file.name)
            fingerprint = hashlib.sha256(f"{READER} {digest} {licence}".encode()).hexdigest()
            if self._known.get(made) == fingerprint:
                self._seen[digest] = file.name
                return Same(sheet_id=made, fingerprint=fingerprint)
            kind = files.kind_of(file.name)
            seen = read_document(descriptor, kind, self._limits, tesseract=self._tesseract, on_page=on_page)
            changed = files.changed_on(descriptor)
        self._seen[digest] = file.name
        sheet = sheet_of(file.name, kind, seen, changed=changed, licence=licence, today=self._today)
        return Read(sheet=sheet, fingerprint="" if seen.unread_for in _INSTALL else fingerprint)

    def _licence(self, parts: tuple[str, ...]) -> str:
        """Of the nearest folder above that has one."""
        folders = (parts[:depth] for depth in range(len(parts) - 1, -1, -1))
        return next((licence for folder in folders if (licence := self._licences.get(folder))), "")

    def _tesseract(self) -> Tesseract:
        """Looked for once, when a page first has to be seen. Raises CannotRead."""
        if self._sight is None:
            try:
                self._sight = find_tesseract(self._limits)
            except CannotRead as why:
                self._sight = why
        if isinstance(self._sight, CannotRead):
            raise self._sight
        return self._sight


# --- A document made a sheet (pure) -----------------------------------------------------------------------------------


def sheet_id_of(name: str) -> str:
    """Of the document at ``name`` under its folder: always the same, and another for every name."""
    bare = unicodedata.normalize("NFD", Path(name).stem).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", bare)[:40].strip("-")
    mark = hashlib.sha256(unicodedata.normalize("NFC", name).encode()).hexdigest()[:8]
    return f"{readable}-{mark}" if readable else mark


def sheet_of(name: str, kind: str, seen: Seen, *, changed: str | None, licence: str, today: str) -> Sheet:
    """``name``: of the document under its folder. ``changed``: the day its file was, YYYY-MM-DD; None: not known.

    Notes: ``file:NAME``; ``day:`` front matter, properties or file, where its day comes from; ``licence:NAME``;
    ``ocr:71``, read by sight at that confidence in a hundred; ``doubtful:2,5`` and ``unread:7``, such pages.
    """
    draft = seen.draft
    titles = (draft.name, draft.heading) if kind == "pdf" else (draft.heading, draft.name)
    title = next(filter(None, map(clean, titles)), "") or _title_of(name)
    blocks = tuple(_untitled(block, title) for block in seen.blocks)
    description, blocks = (clean(draft.description), blocks) if draft.description else _described(blocks)
    stated = draft.day is not None and _EARLIEST <= draft.day <= today
    day, day_from = (draft.day, draft.day_from) if stated else (changed and min(changed, today), "file")
    return Sheet(
        id=sheet_id_of(name),
        title=title[:_LONGEST_TITLE],
        description=description,
        url=draft.url if draft.url.startswith(("https://", "http://")) else "",
        day=day,
        language=draft.language or _language(title, blocks),
        audience=clean(draft.audience),
        theme=tuple(map(clean, name.split("/")[:-1])),
        kind="document",
        blocks=blocks,
        notes=tuple(_notes(name, day_from if day else "", draft.licence or licence, seen)),
    )


def _notes(name: str, day_from: str, licence: str, seen: Seen) -> Iterator[str]:
    yield f"file:{name}"
    if day_from:
        yield f"day:{day_from}"
    if licence:
        yield f"licence:{licence}"
    if seen.confidence is not None:
        yield f"ocr:{seen.confidence}"
    for word, pages in (("doubtful", seen.doubtful), ("unread", seen.unread)):
        if pages:
            yield f"{word}:{','.join(map(str, pages))}"


def _title_of(name: str) -> str:
    """``2026-03_reglement-cantine.pdf`` -> ``2026-03 reglement cantine``."""
    spaced = clean(re.sub(r"_+|(?<!\d)-+|-+(?!\d)", " ", Path(name).stem))
    return spaced[:1].upper() + spaced[1:] or name


def _untitled(block: Block, title: str) -> Block:
    """Without the document's title at the head of its path."""
    titled = block.path and squeeze(block.path[0]) == squeeze(title)
    return replace(block, path=block.path[1:]) if titled else block


def _described(blocks: tuple[Block, ...]) -> tuple[str, tuple[Block, ...]]:
    """What the document is about: the paragraph before its first heading, taken from the blocks; else its headings."""
    first = blocks[0]
    if first.kind == "text" and first.path in ((), ("page 1",)) and len(blocks) > 1 and 40 <= len(first.text) <= 600:
        return first.text, blocks[1:]
    headings = dict.fromkeys(block.path[0] for block in blocks if block.path and not _placed(block.path[0]))
    told = ""
    for heading in headings:
        if len(told) + len(heading) > _LONGEST_DESCRIPTION:
            break
        told = f"{told} · {heading}" if told else heading
    return told, blocks


def _placed(heading: str) -> bool:
    """It says where, not what about."""
    return heading == "Notes" or heading.startswith("page ")


def _language(title: str, blocks: tuple[Block, ...]) -> str:
    said = title
    for block in blocks:
        if len(said) > _ENOUGH:
            break
        said = f"{said}\n{block.text[:_ENOUGH]}"
    return language_of(said)

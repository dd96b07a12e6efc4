"""The reader's text, made ready for a lesson: read, cut into documents, a part set apart. Pure, but for reading it."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
import zlib
from pathlib import Path

import msgspec

from affouage.errors import BadRequest, NotFound
from affouage.training.demo.tales import tales

LEAST_CHARACTERS = 4_000
"""Some two pages: under that, nothing can be set apart and anything be learnt."""
LEAST_WORDS, LEAST_PACKED_BYTES = 400, 500
"""Under both, all of it comes to a few pieces, fewer than one step reads: the same letter ten thousand times."""
MOST_CHARACTERS = 2_000_000
"""What comes after is not read: ten minutes would not see it once."""
MOST_BYTES = 50_000_000
DOCUMENT_CHARACTERS = 600
SHOWN_CHARACTERS = 260

_BREAK = re.compile(r"\n\s*\n")
_SENTENCE = re.compile(r"(?<=[.!?…»])\s+(?=[^\W\d_]|[«—–-])")


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """``name``: for people, "" for the tales that are shipped. ``characters``: read; ``left_out``: of those beyond what
    is read. ``encoding``: "" for UTF-8."""

    name: str
    train: tuple[str, ...]
    held_out: tuple[str, ...]
    test: tuple[str, ...]
    characters: int
    left_out: int = 0
    encoding: str = ""

    @property
    def sha256(self) -> str:
        seen = hashlib.sha256()
        for part in (self.train, self.held_out, self.test):
            seen.update(json.dumps(part, ensure_ascii=False).encode())
        return seen.hexdigest()

    def splits(self) -> dict[str, str]:
        """As a run's folder holds them."""
        parts = {"train": self.train, "held_out": self.held_out, "test": self.test}
        return {
            name: "".join(json.dumps({"text": one}, ensure_ascii=False) + "\n" for one in part)
            for name, part in parts.items()
        }


def shipped() -> Text:
    return _apart("", tales())


def read_text(path: Path) -> Text:
    """Raises NotFound, BadRequest: what it is, and what would work."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadRequest(
                f"{path.name} is larger than {MOST_BYTES // 1_000_000} MB.",
                remedy="A lesson reads two million characters at most: give a part of it.",
                code="lesson_large",
            )
        found = path.read_bytes()
    except OSError as refused:
        reason = refused.strerror or "it cannot be read"
        raise NotFound(f"{path} cannot be read: {reason}.", remedy="Give a text file.", code="lesson_unread") from None
    return from_bytes(path.name, found)


def from_bytes(name: str, found: bytes) -> Text:
    """Raises BadRequest."""
    if b"\0" in found or found.startswith((b"%PDF", b"PK\x03\x04")):
        raise BadRequest(
            f"{name} is not a plain text.",
            remedy="Open it, then save it as plain text (.txt, UTF-8).",
            code="lesson_not_text",
        )
    encoding = ""
    try:
        words = found.decode("utf-8-sig")
    except UnicodeDecodeError:
        words, encoding = found.decode("cp1252", "replace"), "Windows-1252"
    return from_words(name, words, encoding)


def from_words(name: str, words: str, encoding: str = "") -> Text:
    """Raises BadRequest: too short, or too much the same, to learn anything from."""
    words = unicodedata.normalize("NFC", words.replace("\r\n", "\n").replace("\r", "\n"))
    read, left_out = words[:MOST_CHARACTERS], max(0, len(words) - MOST_CHARACTERS)
    documents = _documents(read)
    if sum(map(len, documents)) < LEAST_CHARACTERS:
        raise BadRequest(
            f"{name or 'The text'} has {sum(map(len, documents))} characters; a lesson needs {LEAST_CHARACTERS}.",
            remedy="Give some two pages at least; a chapter or a whole book is better.",
            code="lesson_short",
        )
    words_read = sum(len(one.split()) for one in documents)
    if words_read < LEAST_WORDS and len(zlib.compress(read.encode("utf-8", "replace"))) < LEAST_PACKED_BYTES:
        raise BadRequest(
            f"{name or 'The text'} says the same words again and again: nothing can be learnt from it.",
            remedy="Give a text that goes on: a chapter, a tale, articles.",
            code="lesson_same",
        )
    made = _apart(name, documents)
    return msgspec.structs.replace(made, left_out=left_out, encoding=encoding)


def _documents(words: str) -> list[str]:
    """Paragraphs put together until they are long enough, long ones cut between sentences."""
    pieces: list[str] = []
    for paragraph in _BREAK.split(words):
        flat = " ".join(paragraph.split())
        pieces += _SENTENCE.split(flat) if len(flat) > DOCUMENT_CHARACTERS else [flat] if flat else []
    documents, waiting = [], ""
    for piece in (part for one in pieces for part in _bounded(one)):
        waiting = f"{waiting} {piece}".strip()
        if len(waiting) >= DOCUMENT_CHARACTERS:
            documents.append(waiting)
            waiting = ""
    return [*documents, waiting] if waiting else documents


def _bounded(piece: str) -> list[str]:
    """A "sentence" without end is cut all the same."""
    most = 4 * DOCUMENT_CHARACTERS
    return [piece[start : start + most] for start in range(0, len(piece), most)]


def _apart(name: str, documents: list[str]) -> Text:
    """One document in ten is kept apart to look how it learns, one in twenty for the end; at least one of each."""
    held_out = {place for place in range(len(documents)) if place % 20 in (7, 17)} or {len(documents) // 2}
    test = {place for place in range(len(documents)) if place % 20 == 12} or {len(documents) - 1}
    return Text(
        name=name,
        train=tuple(one for place, one in enumerate(documents) if place not in held_out | test),
        held_out=tuple(documents[place] for place in sorted(held_out)),
        test=tuple(documents[place] for place in sorted(test - held_out)) or (documents[-1],),
        characters=sum(map(len, documents)),
    )


# -- what the lesson looks at ------------------------------------------------------------------------------------------


def passage(text: Text) -> str:
    """Words never trained on, to be shown cut into pieces; they end where a word does."""
    one = max(text.held_out, key=lambda words: min(len(words), SHOWN_CHARACTERS))
    return one if len(one) <= SHOWN_CHARACTERS else one[:SHOWN_CHARACTERS].rsplit(" ", 1)[0]


def guesses(text: Text, count: int = 3) -> tuple[tuple[str, str], ...]:
    """(some words, the next word with the space before it), from text never trained on, at different places of it."""
    found: list[tuple[str, str]] = []
    for one in text.held_out:
        words = one.split(" ")
        place = min(len(words) - 1, 8 + 5 * len(found))
        if place >= 4 and words[place]:
            found.append((" ".join(words[:place]), f" {words[place]}"))
        if len(found) == count:
            break
    return tuple(found)


def beginnings(text: Text, count: int = 3) -> tuple[str, ...]:
    """The first words of texts never trained on."""
    apart = dict.fromkeys(" ".join(one.split(" ")[:3]) for one in (*text.test, *text.held_out))
    return tuple(apart)[:count]

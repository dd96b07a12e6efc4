"""The corpus' splits as tokens on the disk: read a document at a time, kept for the next start."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from affouage.training.folder import RunFolder
from affouage.training.learning.ending import RunEnds

SPLITS = ("train", "held_out", "test")
TOKENS, TOKENIZER = "tokens", "tokenizer.json"
_TOGETHER = 256


class Document(msgspec.Struct, frozen=True):
    text: str
    id: str = ""


_document = msgspec.json.Decoder(Document).decode


class Marks(msgspec.Struct, frozen=True):
    """What stands around each document: ``begin`` where the model expects it, ``end`` always."""

    end: int
    begin: int | None = None


class Texts:
    def __init__(self, folder: RunFolder) -> None:
        self._splits = folder.corpus / "splits"
        self.kept = folder.path / TOKENS
        self._digest: str | None = None

    def documents(self, split: str) -> Iterator[str]:
        """Nothing where there is no such split. Raises RunEnds("failed"): a line that is no document."""
        path = self._splits / f"{split}.jsonl"
        if not path.exists():
            return
        with path.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                try:
                    yield _document(line).text
                except msgspec.MsgspecError as wrong:
                    told = f"Line {number} of the corpus' {split} split is no document: {wrong}."
                    raise RunEnds("failed", told, "Build the corpus again.") from wrong

    def digest(self) -> str:
        """Of all splits: the same texts, the same digest."""
        if self._digest is None:
            self._digest = self._read_digest()
        return self._digest

    def _read_digest(self) -> str:
        seen = hashlib.sha256()
        for split in SPLITS:
            path = self._splits / f"{split}.jsonl"
            if path.exists():
                with path.open("rb") as lines:
                    seen.update(f"{split} {hashlib.file_digest(lines, 'sha256').hexdigest()}\n".encode())
        return seen.hexdigest()

    def tokens(self, split: str, tokenizer: Tokenizer, marks: Marks, key: str) -> npt.NDArray[np.uint32]:
        """All documents of a split, one after another; those of the last start where ``key`` is the same."""
        path = self.kept / f"{split}-{key[:16]}.bin"
        if not path.exists():
            self.kept.mkdir(exist_ok=True)
            for old in self.kept.glob(f"{split}-*.bin*"):
                old.unlink()
            aside = path.with_suffix(".bin.partial")
            with aside.open("wb") as file:
                for chunk in _encoded(self.documents(split), tokenizer, marks):
                    file.write(chunk.tobytes())
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        if path.stat().st_size == 0:
            return np.empty(0, np.uint32)
        return np.memmap(path, np.uint32, mode="r")


def _encoded(documents: Iterable[str], tokenizer: Tokenizer, marks: Marks) -> Iterator[npt.NDArray[np.uint32]]:
    rest = iter(documents)
    while some := list(islice(rest, _TOGETHER)):
        for one in tokenizer.encode_batch(some, add_special_tokens=False):
            yield np.asarray([*([] if marks.begin is None else [marks.begin]), *one.ids, marks.end], np.uint32)


def save_tokenizer(tokenizer: Tokenizer, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".partial")
    aside.write_text(tokenizer.to_str(), encoding="utf-8")
    aside.replace(path)

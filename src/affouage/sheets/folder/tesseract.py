"""Pages read by sight, through the program ``tesseract`` found on the system, each in a child with little time.

Tesseract itself finds which way up a page stands, and turns it (``--psm 1``), when it sees enough letters.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Mapping, Sequence

import msgspec

from affouage.sheets.folder import bounded
from affouage.sheets.folder.limits import Limits
from affouage.sheets.folder.outline import clean
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.shapes import Line

_LANGUAGES = ("fra", "eng")
_NOISE = 60
"""Confidence under which a word without a letter or a figure is a stain or a ruling."""


class Reading(msgspec.Struct, frozen=True):
    """``confidence``: 0 to 100, over its letters; None when there is none."""

    lines: tuple[Line, ...]
    letters: int
    confidence: int | None

    @property
    def worth(self) -> float:
        """Letters read with confidence: what the better of two readings has more of."""
        return self.letters * (self.confidence or 0) / 100


NOTHING = Reading((), 0, None)


class Tesseract:
    """Open with :func:`find_tesseract`."""

    def __init__(self, program: str, languages: Sequence[str], limits: Limits) -> None:
        self._program = program
        self._languages = "+".join(languages)
        self._limits = limits

    def read(self, page: bytes) -> Reading:
        """A PGM that we made. Raises CannotRead when it takes too long or cannot be done."""
        with tempfile.TemporaryFile() as file:
            file.write(page)
            file.flush()
            return self.read_file(file.fileno())

    def read_file(self, descriptor: int, page: int = 0) -> Reading:
        """A picture in a file known to be one (``picture.kind_of``). ``page``: 0, 1, ... of a TIFF."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        command = bounded.command(self._limits.memory_bytes, self._limits.sight_s, self._program)
        command += ["stdin", "stdout", "-l", self._languages, "--psm", "1", "-c", f"tessedit_page_number={page}", "tsv"]
        try:
            done = subprocess.run(
                command,
                stdin=descriptor,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=self._limits.sight_s,
                env=bounded.environment(OMP_THREAD_LIMIT="1"),
                start_new_session=True,
            )
        except subprocess.TimeoutExpired:
            raise CannotRead("document_too_hard") from None
        if done.returncode:
            raise CannotRead("document_damaged" if done.returncode > 0 else "document_too_hard")
        return parse_tsv(done.stdout.decode("utf-8", errors="replace"))


def find_tesseract(limits: Limits) -> Tesseract:
    """Raises CannotRead with what to install."""
    program = shutil.which("tesseract")
    if program is None:
        raise CannotRead("document_no_tesseract")
    command = [*bounded.command(limits.memory_bytes, limits.sight_s, program), "--list-langs"]
    try:
        told = subprocess.run(command, capture_output=True, timeout=limits.sight_s, env=bounded.environment())
    except subprocess.TimeoutExpired:
        raise CannotRead("document_too_hard") from None
    learnt = told.stdout.decode(errors="replace").split("\n")
    languages = [one for one in _LANGUAGES if one in learnt]
    if "fra" not in languages:
        raise CannotRead("document_no_french")
    return Tesseract(program, languages, limits)


# --- What it tells ------------------------------------------------------------------------------------------------

Place = tuple[str, ...]
"""Block, paragraph and line, as they are numbered."""


class _Sighted:
    """A line in the making. ``heights``: of its words, in dots; ``least``: confidence in the least sure of them."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.heights: list[int] = []
        self.least = 100.0


def parse_tsv(told: str) -> Reading:
    """Twelve columns: level, page, block, paragraph, line, word, left, top, width, height, confidence, text. Pure.

    Level 5 is a word; the others repeat what its numbers say.
    """
    lines: dict[Place, _Sighted] = {}
    letters, weighed = 0, 0.0
    for row in told.splitlines():
        columns = row.split("\t")
        if len(columns) != 12 or columns[0] != "5":
            continue
        text = clean(columns[11]).strip(_RULINGS)
        try:
            wide, high, confidence = int(columns[8]), int(columns[9]), float(columns[10])
        except ValueError:
            continue
        counted = sum(one.isalnum() for one in text)
        if text and (counted or confidence >= _NOISE):
            line = lines.setdefault(tuple(columns[2:5]), _Sighted())
            line.words.append(text)
            line.least = min(line.least, confidence)
            letters += counted
            weighed += counted * min(max(confidence, 0.0), 100.0)
            if counted >= _TELLING:
                line.heights.append(min(wide, high))  # on a page turned by a quarter, words stand upright
    return Reading(_lines(lines), letters, round(weighed / letters) if letters else None)


_RULINGS = "|_[]{}~=\\"
"""What Tesseract reads in the rulings and boxes of a form."""
_TELLING = 3
"""Letters of a word whose box tells the size of its letters."""


def _lines(lines: Mapping[Place, _Sighted]) -> tuple[Line, ...]:
    heights = [height for line in lines.values() for height in line.heights]
    usual = statistics.median(heights) if heights else 1
    made: list[Line] = []
    before: Place = ()
    for place, line in lines.items():
        made.append(Line(text=" ".join(line.words), size=_size(line, usual), opens=place[:2] != before))
        before = place[:2]
    return tuple(made)


def _size(line: _Sighted, usual: float) -> float:
    """Boxes tell it roughly: a line is of the body, larger, or much larger; in doubt, of the body."""
    text = "".join(line.words)
    wordy = len(line.words) > 1 and sum(one.isalpha() for one in text) >= 0.8 * len(text)
    alike = bool(line.heights) and max(line.heights) <= _ALIKE * min(line.heights)
    if not (wordy and alike and line.least >= _NOISE):
        return 1.0
    height = statistics.median(line.heights) / max(1.0, usual)
    return next((size for size, least in _SIZES if height >= least), 1.0)


_ALIKE = 1.7
"""Times the lowest word of a line that the highest may be: some have letters that rise and fall, others none."""
_SIZES = ((2.0, 1.9), (1.5, 1.4))
"""(size, least height)."""

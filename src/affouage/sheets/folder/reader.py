"""A document read: its child program supervised, its scanned pages seen, its pages laid out."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO

import msgspec

from affouage.sheets.folder import bounded, pixels
from affouage.sheets.folder.layout import Page, lay_out
from affouage.sheets.folder.limits import Limits
from affouage.sheets.folder.refusals import CannotRead, told_by_child
from affouage.sheets.folder.shapes import Draft, Head, Lines, Message, Plain, Refusal, Scan, Whole
from affouage.sheets.folder.tesseract import NOTHING, Reading, Tesseract
from affouage.sheets.sheet import Block

POOR, VERY_POOR = 80, 60
"""Confidence in a hundred under which a page is read again in another way; under which it may be upside down."""
DOUBTFUL = 70
"""Confidence under which a page is named in the sheet's notes."""
_LINE_BYTES = 64_000_000


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A document that was read. ``heading``: its title in its text. ``letters`` of them were read by sight, at
    ``confidence`` in a hundred (None: none was). ``doubtful``, ``unread``: pages, from 1.

    ``unread_for``: why the unread ones were not (a code of ``refusals``), "" when none was.
    """

    draft: Draft
    blocks: tuple[Block, ...]
    confidence: int | None = None
    doubtful: tuple[int, ...] = ()
    unread: tuple[int, ...] = ()
    unread_for: str = ""


def read_document(
    descriptor: int,
    kind: str,
    limits: Limits,
    *,
    tesseract: Callable[[], Tesseract],
    on_page: Callable[[int, int], None],
) -> Seen:
    """``descriptor``: of the open file. ``tesseract`` is asked for when a page has to be seen; it may raise CannotRead.
    ``on_page``: told page and pages, before each; what it raises ends the reading.

    Raises CannotRead.
    """
    with _child(descriptor, kind, limits) as messages:
        message, _dots = next(messages)
        if isinstance(message, Whole):
            return Seen(draft=message.draft, blocks=message.blocks)
        assert isinstance(message, Head)
        sight = _Sight(descriptor, limits, tesseract)
        pages: list[Page] = []
        for number, (page, dots) in enumerate(messages, 1):
            on_page(number, message.pages)
            pages.append(sight.page(number, page, dots))
    heading, blocks = lay_out(pages, message.marks, limits.characters)
    if not blocks:
        raise CannotRead(sight.unread_for or "document_empty")
    draft = msgspec.structs.replace(message.draft, heading=heading)
    return Seen(
        draft=draft,
        blocks=blocks,
        confidence=sight.confidence(),
        doubtful=tuple(sight.doubtful),
        unread=tuple(sight.unread),
        unread_for=sight.unread_for,
    )


# --- Pages read by sight ----------------------------------------------------------------------------------------------


class _Sight:
    """Reads what has to be seen, and keeps count of how well."""

    def __init__(self, descriptor: int, limits: Limits, tesseract: Callable[[], Tesseract]) -> None:
        self.doubtful: list[int] = []
        self.unread: list[int] = []
        self.unread_for = ""
        self._descriptor = descriptor
        self._left = limits.scans
        self._tesseract = tesseract
        self._letters = self._worth = 0.0

    def confidence(self) -> int | None:
        return round(100 * self._worth / self._letters) if self._letters else None

    def page(self, number: int, message: Message, dots: bytes) -> Page:
        if isinstance(message, Lines):
            return Page(message.lines)
        assert isinstance(message, Scan | Plain)
        little = message.lines if isinstance(message, Scan) else ()
        try:
            reading = self._see(message, dots)
        except CannotRead as why:
            self.unread.append(number)
            self.unread_for = self.unread_for or why.code
            return Page(little)
        if reading.letters <= sum(one.isalnum() for line in little for one in line.text):
            return Page(little)
        self._letters += reading.letters
        self._worth += reading.worth
        if (reading.confidence or 0) < DOUBTFUL:
            self.doubtful.append(number)
        return Page(reading.lines, by_sight=True)

    def _see(self, message: Scan | Plain, dots: bytes) -> Reading:
        tesseract = self._tesseract()
        if not self._left:
            raise CannotRead("document_too_hard")
        self._left -= 1
        if isinstance(message, Plain):
            return tesseract.read_file(self._descriptor, message.page)
        return read_scan(pixels.grey(dots, message.width, message.height), message.dpi, tesseract)


def read_scan(page: pixels.Grey, dpi: int, tesseract: Tesseract) -> Reading:
    """As it is; poorly read, without its specks, and larger; very poorly, the other way up. The best of these."""
    best, kept = tesseract.read(pixels.pgm(page)), page
    if (best.confidence or 0) < POOR:
        clearer = pixels.without_specks(page)
        clearer = pixels.twice(clearer) if dpi < pixels.LOW_DPI else clearer
        best, kept = max((best, kept), (tesseract.read(pixels.pgm(clearer)), clearer), key=lambda one: one[0].worth)
    if best.letters and (best.confidence or 0) < VERY_POOR:
        best = max(best, tesseract.read(pixels.pgm(pixels.upside_down(kept))), key=lambda one: one.worth)
    return best if best.letters else NOTHING


# --- The child --------------------------------------------------------------------------------------------------------

_DECODER: msgspec.json.Decoder[Message] = msgspec.json.Decoder(Message)


@contextmanager
def _child(descriptor: int, kind: str, limits: Limits) -> Iterator[Iterator[tuple[Message, bytes]]]:
    """The messages of a child that is gone at the end, however that comes."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    command = bounded.child("affouage.sheets.folder.child", kind, msgspec.json.encode(limits).decode())
    process = subprocess.Popen(
        command,
        stdin=descriptor,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=bounded.environment(OPENBLAS_NUM_THREADS="1"),
        start_new_session=True,  # the terminal's Ctrl-C is for us, who then end it
    )
    try:
        yield _messages(process, limits)
    finally:
        process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def _messages(process: subprocess.Popen[bytes], limits: Limits) -> Iterator[tuple[Message, bytes]]:
    """Raises CannotRead: what the child says, or why it died."""
    assert process.stdout is not None
    some = False
    while True:
        with _deadline(process, limits.step_s):
            line = process.stdout.readline(_LINE_BYTES)
            if not line:
                break
            message = _understood(line)
            dots = _dots(process.stdout, message)
        if isinstance(message, Refusal):
            raise told_by_child(message.code, message.details)
        some = True
        yield message, dots
    if process.wait() or not some:
        raise CannotRead("document_too_hard" if -process.returncode in _STOPPED else "document_damaged")


_STOPPED = (signal.SIGKILL, signal.SIGXCPU)


def _understood(line: bytes) -> Message:
    try:
        return _DECODER.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError):  # cut short: it died while it spoke
        raise CannotRead("document_damaged") from None


def _dots(pipe: IO[bytes], message: Message) -> bytes:
    if not isinstance(message, Scan):
        return b""
    expected = message.width * message.height
    dots = pipe.read(expected)
    if len(dots) != expected:
        raise CannotRead("document_damaged")
    return dots


@contextmanager
def _deadline(process: subprocess.Popen[bytes], seconds: float) -> Iterator[None]:
    """The process is ended when what is within takes longer."""
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

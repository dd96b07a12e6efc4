"""What a folder holds, without ever following a link: names first, then each file opened from the folder down."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from affouage.errors import BadRequest
from affouage.sheets.folder.limits import Limits
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.folder.text import decode

KINDS: Mapping[str, str] = {
    "pdf": "pdf",
    "docx": "docx",
    "odt": "odt",
    "html": "html",
    "htm": "html",
    "xhtml": "html",
    "md": "markdown",
    "markdown": "markdown",
    "txt": "text",
    "text": "text",
    "png": "picture",
    "jpg": "picture",
    "jpeg": "picture",
    "tif": "picture",
    "tiff": "picture",
}
"""End of a name -> kind of document."""
OLD_OFFICE = frozenset(("doc", "dot", "sxw", "wps"))
_LICENCES = frozenset(("licence.txt", "license.txt", "licence", "license", "licence.md", "license.md"))
_NOT_MEANT = frozenset(("thumbs.db", "desktop.ini"))
_PIECE_BYTES = 1 << 20
_BLANKS = "\u00a0\u202f"
"""Of French typography: harmless, though Python calls them unprintable."""


class Found(NamedTuple):
    """A name in the folder. ``parts``: the folders down to it, and itself. ``why_not``: a code, "" when it may be
    read."""

    parts: tuple[str, ...]
    why_not: str = ""
    details: Mapping[str, str | int] = {}

    @property
    def name(self) -> str:
        """As shown and kept: text that moves no terminal, whatever bytes the disk holds."""
        name = os.fsencode("/".join(self.parts)).decode("utf-8", errors="backslashreplace")
        return "".join(one if one.isprintable() or one in _BLANKS else ascii(one)[1:-1] for one in name)


class Listing(NamedTuple):
    """``licences``: folder (its parts) -> the licence that a file of that name in it says."""

    files: list[Found]
    licences: dict[tuple[str, ...], str]


def listing(folder: Path, limits: Limits) -> Listing:
    """All the documents under ``folder``, in the order of their names. Hidden files are not meant for us.

    Raises BadRequest when it is no folder that can be read.
    """
    try:
        root = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as refused:
        raise BadRequest(
            f"{folder} cannot be read as a folder ({refused.strerror}).",
            remedy="Give the folder that holds the documents.",
            code="no_folder",
            folder=str(folder),
        ) from None
    found = Listing([], {})
    try:
        _list(root, (), found, limits)
    finally:
        os.close(root)
    return found


def _list(descriptor: int, parts: tuple[str, ...], found: Listing, limits: Limits) -> None:
    with os.scandir(descriptor) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        here = (*parts, entry.name)
        if entry.name.startswith((".", "~$")) or entry.name.lower() in _NOT_MEANT:
            continue
        if len(found.files) >= limits.files:
            found.files.append(Found(here, "too_many_documents", {"most": limits.files}))
            return
        if entry.is_symlink():
            found.files.append(Found(here, "document_link"))
        elif entry.is_dir(follow_symlinks=False):
            _descend(descriptor, here, found, limits)
            if found.files and found.files[-1].why_not == "too_many_documents":
                return
        elif not entry.is_file(follow_symlinks=False):
            found.files.append(Found(here, "document_not_a_file"))
        elif entry.name.lower() in _LICENCES:
            found.licences[parts] = _licence(descriptor, entry.name)
        else:
            found.files.append(Found(here, _why_not(entry.name)))


def _why_not(name: str) -> str:
    end = _end(name)
    return "" if end in KINDS else "document_old_office" if end in OLD_OFFICE else "document_format"


def kind_of(name: str) -> str:
    return KINDS[_end(name)]


def _end(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _descend(descriptor: int, parts: tuple[str, ...], found: Listing, limits: Limits) -> None:
    if len(parts) > limits.depth:
        found.files.append(Found(parts, "document_too_deep", {"most": limits.depth}))
        return
    try:
        below = os.open(parts[-1], os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=descriptor)
    except OSError:
        found.files.append(Found(parts, "document_unreadable"))
        return
    try:
        _list(below, parts, found, limits)
    finally:
        os.close(below)


def _licence(descriptor: int, name: str) -> str:
    """The first line of a file that names a licence; "" when it cannot be read."""
    try:
        with _opened(descriptor, name) as file:
            text = decode(os.pread(file, 4096, 0))
    except (OSError, CannotRead):
        return ""
    return next((line.strip()[:200] for line in text.splitlines() if line.strip()), "")


# --- One file ---------------------------------------------------------------------------------------------------------


@contextmanager
def open_below(folder: Path, parts: tuple[str, ...]) -> Iterator[int]:
    """A descriptor of the ordinary file at ``parts`` under ``folder``. Raises CannotRead.

    Each step refuses links, so that nothing swapped in since the listing leads out of the folder.
    """
    with ExitStack() as held:
        try:
            above = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            held.callback(os.close, above)
            for part in parts[:-1]:
                above = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=above)
                held.callback(os.close, above)
            file = held.enter_context(_opened(above, parts[-1]))
        except OSError:
            raise CannotRead("document_unreadable") from None
        yield file


@contextmanager
def _opened(descriptor: int, name: str) -> Iterator[int]:
    """Never waits, not even for a pipe. Raises OSError, CannotRead."""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=descriptor)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise CannotRead("document_not_a_file")
        yield file
    finally:
        os.close(file)


def changed_on(file: int) -> str | None:
    """The day it was last changed, YYYY-MM-DD in UTC; None for a time that no calendar has."""
    try:
        return datetime.fromtimestamp(os.fstat(file).st_mtime, UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return None


def sha256_of(file: int, limits: Limits) -> str:
    """Of the content. Raises CannotRead when there is too much of it, before reading any, or none."""
    size = os.fstat(file).st_size
    if size > limits.file_bytes:
        raise CannotRead("document_too_large", mb=round(size / 1_000_000), most_mb=round(limits.file_bytes / 1_000_000))
    if not size:
        raise CannotRead("document_empty")
    digest, at = hashlib.sha256(), 0
    while at <= limits.file_bytes and (piece := os.pread(file, _PIECE_BYTES, at)):
        digest.update(piece)
        at += len(piece)
    return digest.hexdigest()

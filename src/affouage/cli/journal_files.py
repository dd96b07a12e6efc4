"""Files that commands of the public log read and write, to the byte."""

from __future__ import annotations

import sys
from pathlib import Path

from affouage.errors import BadRequest, NotFound
from affouage.journal import note


def checkpoint_in(name: str) -> str:
    """The text of a file that should hold a checkpoint. Raises NotFound."""
    try:
        with Path(name).open(encoding="utf-8", newline="") as file:
            return file.read(note.LARGEST_BYTES + 1)
    except (OSError, ValueError) as wrong:
        why = getattr(wrong, "strerror", None) or "it is no text"
        raise NotFound(f"{name} cannot be read: {why}.", remedy="Give a file that holds a checkpoint.") from None


def write(out: str | None, text: str) -> None:
    """To a file, or to standard output; in UTF-8 whatever the terminal says. Raises BadRequest."""
    if out is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        with Path(out).open("w", encoding="utf-8", newline="") as file:
            file.write(text)
    except OSError as refused:
        raise BadRequest(f"{out} cannot be written: {refused.strerror}.", remedy="Choose another file.") from refused

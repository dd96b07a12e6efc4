"""Standard streams that bear any text: no command fails because its terminal has no word for "é"."""

from __future__ import annotations

import codecs
import io
import sys

_NEAREST = {
    "\u00a0": " ",
    "\u202f": " ",
    "≈": "~",
    "…": "...",
    "’": "'",
    "‘": "'",
    "“": '"',
    "”": '"',
    "«": '"',
    "»": '"',
    "·": "-",
    "–": "-",
    "—": "-",
    "µ": "u",
    "œ": "oe",
    "Œ": "OE",
    "₂": "2",
}


def bear_any_text() -> None:
    """Let the streams write what their encoding lacks as its nearest neighbour, else as ``?``.

    ASCII is what a process without a locale is given, and says nothing of the terminal: there it is UTF-8.
    """
    codecs.register_error("affouage.nearest", _nearest)
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if not isinstance(stream, io.TextIOWrapper):
            continue  # a test's, or none
        ascii_only = codecs.lookup(stream.encoding).name == "ascii"
        if stream is sys.stdin:
            if ascii_only:
                stream.reconfigure(encoding="utf-8", errors="replace")
        else:
            stream.reconfigure(encoding="utf-8" if ascii_only else stream.encoding, errors="affouage.nearest")


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_NEAREST.get(one, "?") for one in error.object[error.start : error.end]), error.end

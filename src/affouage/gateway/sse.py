"""Server-sent events, the writing side: bytes in, bytes out, nothing decoded."""

from __future__ import annotations

DONE = b"data: [DONE]\n\n"
"""OpenAI's end of a complete stream; a stream that broke has none."""


def event(data: bytes) -> bytes:
    """One event. ``data`` is JSON on a single line: raw line ends cannot occur in it and would end the event."""
    return b"data: " + data + b"\n\n"


def comment(text: str) -> bytes:
    """A line that clients skip and that keeps the connection alive; line ends in ``text`` become spaces."""
    return b": " + " ".join(text.splitlines()).encode("utf-8", "replace") + b"\n\n"

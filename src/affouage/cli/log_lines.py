"""What a server writes while it runs: a line for each event, for people or as JSON, and never what somebody wrote.

Our own messages quote no prompt, answer, key or name. Those of libraries may, and errors nearly always do: of another's
message the first line is kept, of an error its kind and its place.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType

from affouage.settings import LogSettings

_OURS = "affouage"
_LONGEST = 2000


class _Lines(logging.Formatter):
    """As the console has always shown them: the sentence alone."""

    def format(self, record: logging.LogRecord) -> str:
        where = place_of(record)
        return f"{said(record)} ({where})" if where else said(record)


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": said(record),
        }
        where = place_of(record)
        return json.dumps({**line, "error": where} if where else line, ensure_ascii=False)


def said(record: logging.LogRecord) -> str:
    """One line. asyncio, for one, writes the error of a lost task, and what it quotes, from the second line on."""
    message = record.getMessage()[:_LONGEST]
    if record.name.partition(".")[0] != _OURS:
        message = message.partition("\n")[0]
    return " ".join(message.split())


def place_of(record: logging.LogRecord) -> str:
    """Kind and place of the error that comes with the record; "" for none."""
    if not record.exc_info or record.exc_info[0] is None:
        return ""
    kind, _, trace = record.exc_info
    return f"{kind.__name__}{_place(trace)}"


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""


def write_log(settings: LogSettings) -> None:
    """From now on, on the error output."""
    output = logging.StreamHandler(sys.stderr)
    output.setFormatter(_Json() if settings.format == "json" else _Lines())
    logging.getLogger().addHandler(output)
    logging.getLogger().setLevel(settings.level.upper())

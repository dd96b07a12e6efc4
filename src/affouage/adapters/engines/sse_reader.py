"""Server-sent events as engines write them, read from bytes cut anywhere; hostile input costs bounded memory."""

from __future__ import annotations


class EventTooLong(Exception):
    """One event is longer than the reader accepts."""


class SseReader:
    """Feed it bytes as they come; it gives back the ``data`` of each complete event.

    Lines end with LF, CRLF or CR; comments, unknown fields and empty events are ignored; several ``data`` lines of one
    event are joined with LF. ``max_event_bytes`` bounds what is held for an event that does not end.
    """

    def __init__(self, max_event_bytes: int = 4_194_304) -> None:
        self._max_event_bytes = max_event_bytes
        self._rest: list[bytes] = []  # a line without its end yet, in parts: joined once, whatever their number
        self._rest_bytes = 0
        self._event: list[bytes] = []
        self._event_bytes = 0
        self._after_cr = False

    def feed(self, block: bytes) -> list[bytes]:
        """The events that ``block`` completes. Raises EventTooLong."""
        if self._after_cr and block:  # the LF of a CRLF cut in two
            self._after_cr = False
            block = block.removeprefix(b"\n")
        if b"\r" in block:
            self._after_cr = block.endswith(b"\r")
            block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        found: list[bytes] = []
        if b"\n" in block:
            lines = b"".join([*self._rest, block]).split(b"\n")
            block = lines.pop()
            self._rest, self._rest_bytes = [], 0
            for line in lines:
                self._take(line, found)
        if block:
            self._rest.append(block)
            self._rest_bytes += len(block)
            self._bound()
        return found

    def end(self) -> list[bytes]:
        """What a server that forgot the last empty line leaves behind; a line cut short is not an event."""
        found: list[bytes] = []
        self._take(b"", found)
        return found

    def _take(self, line: bytes, found: list[bytes]) -> None:
        if not line:
            if self._event:
                found.append(self._event[0] if len(self._event) == 1 else b"\n".join(self._event))
                self._event, self._event_bytes = [], 0
        elif line.startswith(b"data:"):
            self._event.append(line[6:] if line.startswith(b"data: ") else line[5:])
            self._event_bytes += len(line)
            self._bound()

    def _bound(self) -> None:
        if self._rest_bytes + self._event_bytes > self._max_event_bytes:
            raise EventTooLong(f"an event longer than {self._max_event_bytes} bytes")

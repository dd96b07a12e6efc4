"""Framing of server-sent events: what is written is what a reader of the standard reads."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from affouage.gateway import sse

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def read(stream: bytes) -> list[str]:
    """A reader after the standard: data lines joined, comments skipped, an empty line ends the event."""
    events: list[str] = []
    lines: list[str] = []
    for line in stream.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line and lines:
            events.append("\n".join(lines))
            lines = []
        elif line.startswith("data:"):
            lines.append(line.removeprefix("data:").removeprefix(" "))
    return events


@given(st.lists(json_values))
def test_a_reader_gets_every_event_back(values: list[object]) -> None:
    encodable = [value for value in values if _encodes(value)]
    stream = b"".join(sse.event(msgspec.json.encode(value)) for value in encodable) + sse.DONE
    *events, last = read(stream)
    assert [msgspec.json.decode(event) for event in events] == encodable
    assert last == "[DONE]"


def _encodes(value: object) -> bool:
    try:
        return msgspec.json.decode(msgspec.json.encode(value)) == value
    except (UnicodeEncodeError, OverflowError):
        return False


@given(st.text())
def test_a_comment_is_never_an_event(text: str) -> None:
    assert read(sse.comment(text) + sse.event(b"1")) == ["1"]

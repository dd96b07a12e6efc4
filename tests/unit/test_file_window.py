"""Which pieces of a file a node asks for: each in the end, few at once, one by one on a slow line."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from affouage.pool.nodes.file_window import PIECE_BYTES, QUICK_US, WINDOW, Window
from affouage.pool.nodes.wire import FileOffer


def a_window(size_bytes: int, offset: int = 0) -> Window:
    window = Window(FileOffer(model_id="m", file_name="m.gguf", size_bytes=size_bytes, sha256="0" * 64))
    window.begin(offset)
    return window


@given(st.integers(1, 9 * PIECE_BYTES), st.integers(0, 9 * PIECE_BYTES), st.integers(0, 1 << 32))
def test_all_of_it_arrives_once_and_in_order(size_bytes: int, offset: int, seed: int) -> None:
    """Pieces come in any order, some twice, some never until they are asked for again."""
    chance = random.Random(seed)
    content = random.Random(1).randbytes(size_bytes)
    offset = min(offset, size_bytes - 1)
    window, written, on_the_way, now_us = a_window(size_bytes, offset), b"", [], 0
    while offset + len(written) < size_bytes:
        on_the_way += window.to_ask(now_us)
        assert len(set(on_the_way)) <= WINDOW
        chance.shuffle(on_the_way)
        if not on_the_way or chance.random() < 0.2:
            on_the_way.clear()
            window.ask_again()
            continue
        where = on_the_way.pop()
        if chance.random() < 0.8:
            for _ in range(chance.randint(1, 2)):
                window.put(where, content[where : where + PIECE_BYTES], now_us)
        written += b"".join(window.ready())
        now_us += chance.randint(0, 2 * QUICK_US)
    assert written == content[offset:]
    assert window.written_bytes == size_bytes


def asked(window: Window, took_us: int) -> list[int]:
    """How many pieces are on the way, time after time, when each takes so long."""
    counts, now_us = [], 0
    for _ in range(6):
        offsets = list(window.to_ask(now_us))
        counts.append(len(offsets))
        now_us += took_us
        for offset in offsets:
            window.put(offset, bytes(PIECE_BYTES), now_us)
        list(window.ready())
    return counts


def test_a_quick_line_has_more_on_the_way_and_a_slow_one_a_single_piece() -> None:
    assert asked(a_window(100 * PIECE_BYTES), QUICK_US) == [1, 2, 4, 4, 4, 4]
    assert asked(a_window(100 * PIECE_BYTES), QUICK_US + 1) == [1] * 6


def test_what_was_not_asked_for_or_has_another_size_is_dropped() -> None:
    window = a_window(3 * PIECE_BYTES)
    assert list(window.to_ask(0)) == [0]
    for offset, length in ((1, PIECE_BYTES), (PIECE_BYTES, PIECE_BYTES), (0, PIECE_BYTES - 1), (-1, PIECE_BYTES)):
        window.put(offset, bytes(length), 0)
    assert not window.arrived.is_set()
    assert list(window.ready()) == []

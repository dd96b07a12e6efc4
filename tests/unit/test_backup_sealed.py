"""What is sealed comes back byte for byte; a file that was tampered with in any way is refused."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.archive.manifest import Entry, Manifest, checked_name, differences
from affouage.archive.sealed import CHUNK, HEADER_BYTES, MAGIC, QUICK, SealedReader, SealedWriter
from affouage.errors import BadRequest

WORDS = "cinq mots tirés au sort"
SEALED = CHUNK + 17


def seal(plain: bytes, piece: int = 10_000) -> bytes:
    out = io.BytesIO()
    writer = SealedWriter(out, WORDS, strength=QUICK)
    for start in range(0, len(plain), piece):
        writer.write(plain[start : start + piece])
    writer.finish()
    return out.getvalue()


def unseal(sealed: bytes, words: str = WORDS, piece: int = -1) -> bytes:
    reader = SealedReader(io.BytesIO(sealed), lambda: words)
    if piece < 0:
        return reader.read()
    return b"".join(iter(lambda: reader.read(piece), b""))


def plain_of(size: int) -> bytes:
    return (bytes(range(251)) * (size // 251 + 1))[:size]


LONG = seal(plain_of(3 * CHUNK + 500))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
def test_every_length_comes_back(size: int) -> None:
    sealed = seal(plain_of(size))
    assert unseal(sealed) == plain_of(size)
    assert unseal(sealed, piece=1000) == plain_of(size)


@given(st.binary(max_size=2000), st.integers(1, 700))
def test_nothing_of_it_can_be_read_and_it_comes_back(plain: bytes, piece: int) -> None:
    sealed = seal(plain, piece)
    assert unseal(sealed) == plain
    assert len(plain) < 8 or plain not in sealed[HEADER_BYTES:]
    assert WORDS.encode() not in sealed


@given(st.integers(0, len(LONG) - 1))
def test_cut_anywhere_it_is_refused(end: int) -> None:
    with pytest.raises(BadRequest):
        unseal(LONG[:end])


@given(st.integers(0, len(LONG) * 8 - 1))
def test_one_bit_flipped_anywhere_is_refused(bit: int) -> None:
    flipped = bytearray(LONG)
    place = bit // 8
    flipped[place] ^= 1 << bit % 8
    if len(MAGIC) <= place < len(MAGIC) + 16:
        return  # how hard to work: a great number would only make this test slow; see the next one
    with pytest.raises(BadRequest):
        unseal(bytes(flipped))


@pytest.mark.parametrize("place", range(len(MAGIC), len(MAGIC) + 16))
def test_a_file_that_asks_for_endless_work_is_refused_before_any(place: int) -> None:
    greedy = bytearray(LONG)
    greedy[place] = 0xFF
    asked: list[int] = []

    def ask() -> str:
        asked.append(place)
        return WORDS

    with pytest.raises(BadRequest):
        SealedReader(io.BytesIO(bytes(greedy)), ask).read()
    assert not asked or place > 28, "16 MB at most"


def chunks(sealed: bytes) -> list[bytes]:
    body = sealed[HEADER_BYTES:]
    return [body[start : start + SEALED] for start in range(0, len(body), SEALED)]


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=6))
def test_chunks_moved_doubled_or_left_out_are_refused(order: list[int], some: list[int]) -> None:
    parts = chunks(LONG)
    assert len(parts) == 4
    for wanted in (order, some):
        if list(wanted) == [0, 1, 2, 3]:
            continue
        with pytest.raises(BadRequest):
            unseal(LONG[:HEADER_BYTES] + b"".join(parts[one] for one in wanted))


def test_chunks_of_another_file_of_the_same_passphrase_are_refused() -> None:
    other = seal(plain_of(3 * CHUNK + 500))
    mixed = LONG[:HEADER_BYTES] + b"".join([*chunks(LONG)[:2], *chunks(other)[2:]])
    with pytest.raises(BadRequest) as refused:
        unseal(mixed)
    assert refused.value.code == "backup_damaged"


def test_what_follows_the_end_is_refused() -> None:
    for more in (b"x", bytes(17), LONG[-517:], LONG):
        with pytest.raises(BadRequest) as refused:
            unseal(LONG + more)
        assert refused.value.code == "backup_damaged"


@given(st.text(max_size=30))
def test_another_passphrase_is_refused_and_said(words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        unseal(LONG[: HEADER_BYTES + SEALED], words)
    assert refused.value.code == "backup_passphrase"
    assert not words or len(words) < 4 or words not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../../x", "a//b", ".", "a/./b", "run/lock", "backups/x", "a\0b", "a\nb",
     "x/" * 50 + "x", "y" * 1001, "a/", "\udcff"],
)  # fmt: skip
def test_names_that_no_home_has(name: str) -> None:
    with pytest.raises(BadRequest) as refused:
        checked_name(name)
    assert refused.value.code == "backup_damaged"


@given(st.text(max_size=40))
def test_a_name_that_passes_stays_within(name: str) -> None:
    try:
        checked_name(name)
    except BadRequest:
        return
    parts = name.split("/")
    assert ".." not in parts
    assert not name.startswith("/")
    assert "\0" not in name


ENTRIES = [Entry("a", 1, "x"), Entry("b/c", 2, "y")]


@pytest.mark.parametrize(
    ("entries", "found", "said"),
    [
        (ENTRIES, ENTRIES, None),
        (ENTRIES, ENTRIES[:1], "b/c is missing"),
        (ENTRIES[:1], ENTRIES, "b/c is in it"),
        (ENTRIES, [ENTRIES[0], Entry("b/c", 2, "z")], "b/c is not what was copied"),
        ([*ENTRIES, ENTRIES[0]], ENTRIES, "twice"),
    ],
)
def test_the_manifest_decides(entries: list[Entry], found: list[Entry], said: str | None) -> None:
    told = differences(Manifest(entries), {one.name: one for one in found})
    assert told is None if said is None else said in str(told)

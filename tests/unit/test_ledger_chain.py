"""The chain shows every change but a cut at its end."""

from __future__ import annotations

import hashlib

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from affouage.ledger import chain
from affouage.ledger.receipt import Reservation


def _reservation(name: str, member: str = "m1") -> Reservation:
    return Reservation(id=name, member_id=member, door="api", kind="chat", model_id="echo", created_ms=5)


def _written(count: int) -> list[chain.Entry]:
    entries: list[chain.Entry] = []
    previous = chain.GENESIS
    for seq in range(1, count + 1):
        entry = chain.write(seq, previous, "reserved", _reservation(f"rcp_{seq}"), created_ms=seq)
        previous = entry.hash
        entries.append(entry)
    return entries


def _found(entries: list[chain.Entry]) -> list[str]:
    return list(chain.problems(entries))


@given(count=st.integers(0, 12))
def test_what_was_written_holds(count: int) -> None:
    assert _found(_written(count)) == []


def test_a_link_is_plain_sha256() -> None:
    """So that anybody can check it with sha256sum: docs/reference/ledger-and-receipt.md."""
    first, second = _written(2)
    assert first.hash == hashlib.sha256(bytes(32) + first.body.encode()).digest()
    assert second.hash == hashlib.sha256(first.hash + second.body.encode()).digest()


columns = st.sampled_from(["request_id", "attempt", "kind", "member_id", "created_ms", "body", "hash"])


@given(count=st.integers(1, 8), data=st.data(), column=columns)
def test_no_column_can_be_altered(count: int, data: st.DataObject, column: str) -> None:
    entries = _written(count)
    place = data.draw(st.integers(0, count - 1))
    old = getattr(entries[place], column)
    altered = {str: lambda: old + " ", int: lambda: old + 1, bytes: lambda: bytes([old[0] ^ 1]) + old[1:]}[type(old)]()
    entries[place] = msgspec.structs.replace(entries[place], **{column: altered})
    assert _found(entries)


@given(count=st.integers(2, 8), data=st.data())
def test_removing_or_swapping_shows(count: int, data: st.DataObject) -> None:
    entries = _written(count)
    place = data.draw(st.integers(0, count - 2))
    assert _found(entries[:place] + entries[place + 1 :])
    entries[place], entries[place + 1] = entries[place + 1], entries[place]
    assert _found(entries)


def test_rewriting_one_entry_with_a_right_hash_breaks_the_next() -> None:
    entries = _written(3)
    forged = chain.write(2, entries[0].hash, "reserved", _reservation("rcp_2", member="m2"), created_ms=2)
    assert _found([entries[0], forged, entries[2]]) == ["entry 3 was altered, or the one before it"]


def test_a_body_that_cannot_be_read_is_a_problem_and_not_a_crash() -> None:
    entry = _written(1)[0]
    broken = msgspec.structs.replace(entry, body="{", hash=chain.link(chain.GENESIS, "{"))
    assert _found([broken]) == ["entry 1 cannot be read"]


def test_a_cut_at_the_end_does_not_show() -> None:
    """Known and said: the head must be noted elsewhere; the public log's signed checkpoints will do it."""
    assert _found(_written(5)[:3]) == []

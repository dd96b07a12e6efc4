"""A node's readings, signed: by it alone, and not one figure may change afterwards."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.ledger.receipt import Block, LastReading, MeterStamp
from affouage.pool.nodes import nkey
from affouage.pool.nodes.signing import sign, verified
from affouage.pool.nodes.wire import Blocks, SignedBlock, encode, from_node

OURS, THEIRS = nkey.new_key("user"), nkey.new_key("user")

BLOCK = Block(
    id="blk_0123456789abcdef0123",
    machine_id="tower",
    t0_ms=1,
    t1_ms=2,
    meter=MeterStamp(
        id="plug",
        kind="plug",
        quality="measured",
        low_factor=0.97,
        high_factor=1.03,
        method="plug",
        facts={"uncertainty_percent": 3.0, "includes": "machine", "processors": 8},
    ),
    energy_uj=10,
    idle_uj=4,
    unattributed_uj=0,
    contended_uj=0,
    parts={"r1": (1, 2, 3), "r0": (1, 2, 3)},
    idle_us=5,
    known_us=6,
    windows=1,
    readings_sha256="0" * 64,
    last=LastReading(at_us=9, epoch="b", counters_uj={"x": 1}),
)
SIGNED = sign(BLOCK, OURS.seed)


def test_signed_by_us_and_by_nobody_else() -> None:
    assert SIGNED.signed_by == OURS.public
    assert verified(SIGNED, OURS.public)
    assert not verified(SIGNED, THEIRS.public)
    assert not verified(msgspec.structs.replace(SIGNED, signed_by=THEIRS.public), THEIRS.public)
    assert not verified(BLOCK, OURS.public)
    assert not verified(BLOCK, "")
    assert sign(SIGNED, OURS.seed) == SIGNED, "signing again is the same"


@pytest.mark.parametrize("field", ["energy_uj", "idle_uj", "t0_ms", "gap_us", "windows", "attempt"])
def test_no_figure_may_change(field: str) -> None:
    changed = msgspec.structs.replace(SIGNED, **{field: getattr(SIGNED, field) + 1})
    assert not verified(changed, OURS.public)


def test_it_holds_after_the_wire_and_after_the_books() -> None:
    message = from_node(encode(Blocks(blocks=(SignedBlock(block=SIGNED, body=b"x"),))))
    assert isinstance(message, Blocks)
    assert verified(message.blocks[0].block, OURS.public)
    assert verified(msgspec.json.decode(msgspec.json.encode(SIGNED), type=Block), OURS.public)
    other_order = msgspec.structs.replace(SIGNED, parts=dict(reversed(SIGNED.parts.items())))
    assert verified(other_order, OURS.public), "the order of a table is no part of it"


@given(st.text(max_size=140), st.text(max_size=60))
def test_whatever_stands_for_a_signature_or_a_key_is_refused_quietly(signature: str, key: str) -> None:
    forged = msgspec.structs.replace(SIGNED, signature=signature)
    assert not verified(forged, OURS.public)
    assert not verified(msgspec.structs.replace(forged, signed_by=key), key)


def test_a_seed_that_is_none() -> None:
    with pytest.raises(nkey.BadKey):
        sign(BLOCK, OURS.public)
    with pytest.raises(nkey.BadKey):
        sign(BLOCK, nkey.new_key("account").seed)

"""What a node claims of its energy: what is true passes, what cannot be is refused with its reason."""

from __future__ import annotations

import asyncio
import zlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.footprint.windows import pack, unpack
from affouage.ledger.receipt import Block, Energy
from affouage.pool.metering import Metering
from affouage.pool.nodes.reading_check import BODY_BYTES, SLACK_US, Refused, Watch, possible, read_block, sane, shown
from affouage.pool.run import KeptBlock
from affouage.testing import FixedMeter, ManualClock

RID = "run_" + "0123456789abcdef" * 2


def counted(joules: int = 50, seconds: int = 2) -> KeptBlock:
    """A true block, by the real metering: one run at work for some seconds."""

    async def meter_it() -> KeptBlock:
        clock = ManualClock()
        meter = FixedMeter(clock, idle_uw=5_000_000)
        metering = Metering(meter, clock, machine_id="tower")
        await metering.cut()
        metering.start(RID, "petit")
        for _ in range(seconds):
            clock.advance(ms=1000)
            meter.count(joules * 1_000_000 // seconds)
            metering.count(RID, prompt_tokens=4, decoded_tokens=9)
            await metering.cut()
        metering.stop(RID)
        await metering.cut()
        (kept,) = metering.blocks()
        assert isinstance(kept, KeptBlock)
        return kept

    return asyncio.run(meter_it())


TRUE = counted()


def check(block: Block, body: bytes | None = None, max_watts: float = 100) -> None:
    read_block(block, TRUE.body if body is None else body, machine_id="tower", max_watts=max_watts)


def refusal(block: Block, body: bytes | None = None, max_watts: float = 100) -> str:
    with pytest.raises(Refused) as refused:
        check(block, body, max_watts)
    return str(refused.value)


def with_(**changes: Any) -> Block:
    return msgspec.structs.replace(TRUE.block, **changes)


def repacked(**changes: Any) -> tuple[Block, bytes]:
    """Other readings, with a digest that fits them."""
    readings, _ = unpack(TRUE.body)
    body, digest = pack(msgspec.structs.replace(readings, **changes))
    return with_(readings_sha256=digest), body


def test_a_true_block_passes() -> None:
    check(TRUE.block)
    assert TRUE.block.parts[RID][0] + TRUE.block.parts[RID][1] > 0


def test_each_lie_is_refused_for_its_own_reason() -> None:
    static, dynamic, share = TRUE.block.parts[RID]
    assert refusal(TRUE.block, max_watts=10) == "watts"
    assert refusal(with_(machine_id="another")) == "another_machine"
    assert refusal(with_(id="rcp_x")) == "form"
    assert refusal(with_(member_id="m_1")) == "form"
    assert refusal(with_(energy_uj=TRUE.block.energy_uj + 1)) == "sum"
    assert refusal(with_(idle_uj=-1)) == "amount"
    assert refusal(with_(idle_uj=2**63 - 1)) == "amount"
    assert refusal(with_(t0_ms=TRUE.block.t1_ms + 1)) == "time_order"
    assert refusal(with_(parts={"rcp_0123456789abcdef01234567": (static, dynamic, share)})) == "part_of_another"
    assert refusal(with_(parts={"run_" + "f" * 32: (static, dynamic, share)})) == "computed"
    assert refusal(with_(parts={RID: (static + 1, dynamic - 1, share)})) == "computed"
    assert refusal(with_(known_us=TRUE.block.known_us * 10)) == "computed"
    assert refusal(with_(flags=("gap",))) == "computed"
    assert refusal(with_(last=None)) == "computed"
    assert refusal(with_(readings_sha256="0" * 64)) == "digest"
    meter = TRUE.block.meter
    assert refusal(with_(meter=msgspec.structs.replace(meter, quality="estimated"))) == "meter"


def test_readings_that_are_none_are_refused() -> None:
    assert refusal(TRUE.block, b"") == "size"
    assert refusal(TRUE.block, b"\x00" * 40) == "readings"
    assert refusal(TRUE.block, zlib.compress(b"{}")) == "readings"
    assert refusal(TRUE.block, TRUE.body[:-3]) == "size"
    assert refusal(TRUE.block, zlib.compress(b" " * (BODY_BYTES + 1))) == "size", "a few bytes that would be millions"


def test_readings_that_cannot_be_computed_are_refused() -> None:
    readings, _ = unpack(TRUE.body)
    back = msgspec.structs.replace(readings.first, at_us=readings.counted[0].reading.at_us + 1)
    assert refusal(*repacked(first=back)) in ("readings", "computed")
    assert refusal(*repacked(counted=readings.counted * 600)) == "size"
    heavy = msgspec.structs.replace(readings.counted[0].requests[0], kappa=1e300)
    window = msgspec.structs.replace(readings.counted[0], requests=(heavy,))
    assert refusal(*repacked(counted=(window,))) == "weights"


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "believe_me"},
        {"low_factor": 2.0},
        {"high_factor": 0.5},
        {"efficiency": 0.0},
        {"id": "a\nb"},
        {"facts": {"<b>": 1}},
        {"facts": {"watts": "x" * 200}},
        {"facts": {f"f{'o' * n}": n for n in range(30)}},
        {"max_watts": -1.0},
    ],
)
def test_a_meter_that_is_none_is_refused(changes: dict[str, Any]) -> None:
    readings, _ = unpack(TRUE.body)
    assert refusal(*repacked(info=msgspec.structs.replace(readings.info, **changes))) == "meter"


AMOUNT = st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["energy_uj", "idle_uj", "unattributed_uj", "contended_uj", "known_us", "windows"]), AMOUNT)
def test_no_other_figure_than_the_true_one_passes(name: str, amount: int) -> None:
    if amount != getattr(TRUE.block, name):
        assert refusal(with_(**{name: amount}))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_do_harm(body: bytes) -> None:
    assert refusal(TRUE.block, body)


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**8)), max_size=30), st.integers(0, 10**10))
def test_no_more_time_is_claimed_than_passed_and_an_hour(claims: list[tuple[int, int]], away_us: int) -> None:
    watch, now_us, taken_us = Watch(0, away_us), 0, 0
    for length_us, passed_us in claims:
        now_us += passed_us
        if watch.take(length_us, now_us):
            taken_us += length_us
        else:
            assert taken_us + length_us > away_us + SLACK_US + now_us
        assert taken_us <= away_us + SLACK_US + now_us


def test_what_a_machine_can_draw() -> None:
    assert possible(100_000_000, 1_000_000, 100)
    assert not possible(102_000_000, 1_000_000, 100)
    assert not possible(-1, 1_000_000, 100)
    assert possible(1_000_000, 0, 100), "counters move by steps"


def test_what_is_said_of_a_run_is_well_formed_or_not_believed() -> None:
    assert sane(Energy())
    assert sane(Energy(static_uj=1, dynamic_uj=2, machine_share_us=3, facts={"meter": "plug"}))
    assert not sane(Energy(static_uj=1))
    assert not sane(Energy(static_uj=-1, dynamic_uj=2))
    assert not sane(Energy(static_uj=2**62 + 1, dynamic_uj=2))
    assert not sane(Energy(facts={"meter": "\x1b[31m"}))


def test_what_is_shown_is_plain() -> None:
    assert shown("llama.cpp\x1b[31m\n b1234") == "llama.cpp[31m b1234"
    assert len(shown("x" * 500)) == 60

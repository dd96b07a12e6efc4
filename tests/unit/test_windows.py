"""From raw counters to a block: wrap, reset, jump and gap never become energy; what is kept computes again the same."""

from __future__ import annotations

import hashlib
import json
import random
import time
import zlib

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from affouage.footprint.allocation import Part, Presence, Window, allocate
from affouage.footprint.audit import allocate as audit_allocate
from affouage.footprint.audit.readings import written
from affouage.footprint.meter import MeterInfo, Reading, advance
from affouage.footprint.windows import Counted, Readings, Shared, pack, share_out, together, unpack, with_window

SECOND = 1_000_000
RANGE_UJ = 262_143_328_850
"""``max_energy_range_uj`` of many a package."""


def _info(**more: object) -> MeterInfo:
    whole = {
        "id": "powercap",
        "kind": "powercap",
        "covers": ("cpu",),
        "quality": "measured",
        "low_factor": 0.9,
        "high_factor": 1.1,
        "method": "powercap",
        "wraps_uj": {"package-0": RANGE_UJ},
    }
    return MeterInfo(**{**whole, **more})  # type: ignore[arg-type]


def _at(seconds: float, uj: int, epoch: str = "boot", **more: object) -> Reading:
    return Reading(at_us=int(seconds * SECOND), epoch=epoch, counters_uj={"package-0": uj}, **more)  # type: ignore[arg-type]


def _served(request_id: str, start_s: float, end_s: float, tokens: int = 1) -> Presence:
    return Presence(
        request_id=request_id,
        start_us=int(start_s * SECOND),
        end_us=int(end_s * SECOND),
        decoded_tokens=tokens,
    )


# advance: what passed between two readings


@given(st.integers(0, RANGE_UJ - 1), st.integers(0, 20_000 * SECOND))
def test_a_counter_that_wraps_loses_nothing(start_uj: int, passed_uj: int) -> None:
    after = (start_uj + passed_uj) % RANGE_UJ
    found = advance(_at(0, start_uj), _at(1, after), _info())
    assert found.energy_uj == passed_uj
    assert found.flags == (("wrap",) if after < start_uj else ())


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.booleans(), st.floats(0, 100))
def test_never_negative_never_a_guess(before: int, after: int, wraps: bool, seconds: float) -> None:
    info = _info(wraps_uj={"package-0": RANGE_UJ} if wraps else {})
    found = advance(_at(0, before), _at(seconds, after), info)
    if found.energy_uj is None:
        assert found.flags in (("reset",), ("jump",))
    else:
        assert 0 <= found.energy_uj <= info.max_watts * seconds * 1e6 + 1e6
        assert found.energy_uj in (after - before, after - before + RANGE_UJ)


@pytest.mark.parametrize(
    ("after", "flag"),
    [
        (_at(1, 5, epoch="another boot"), "reset"),
        (Reading(at_us=SECOND, epoch="boot", counters_uj={}), "reset"),
        (Reading(at_us=SECOND, epoch="boot", counters_uj={"package-0": 1_000, "dram": 1}), "reset"),
        (_at(1, 10**15), "jump"),
        (_at(1, 900), "reset"),  # down by a little: a whole range in one second is no wrap
    ],
)
def test_what_cannot_be_told_is_unknown_not_zero(after: Reading, flag: str) -> None:
    found = advance(_at(0, 1_000), after, _info())
    assert (found.energy_uj, found.flags) == (None, (flag,))


def test_a_counter_that_goes_down_without_a_known_range_was_reset() -> None:
    assert advance(_at(0, 1_000), _at(1, 10), _info(wraps_uj={})).energy_uj is None


def test_inside_the_power_supply_becomes_the_wall() -> None:
    assert advance(_at(0, 0), _at(1, 86_000_000), _info(efficiency=0.86)).energy_uj == 100_000_000


# share_out: every window in turn


@st.composite
def stories(draw: st.DrawFn) -> tuple[Readings, int]:
    """Readings of a meter that wraps, reboots and falls silent; and what it counted where it can be told."""
    at_us, counter, boot, known = 0, draw(st.integers(0, RANGE_UJ - 1)), 0, 0
    first = Reading(at_us=0, epoch="0", counters_uj={"package-0": counter})
    counted = []
    for _ in range(draw(st.integers(0, 12))):
        length = draw(st.sampled_from([SECOND // 10, SECOND, 30 * SECOND]))
        passed = draw(st.integers(0, 500 * length))
        start_us, at_us = at_us, at_us + length
        if draw(st.sampled_from([False] * 5 + [True])):
            boot, counter = boot + 1, draw(st.integers(0, RANGE_UJ - 1))
        else:
            counter, known = (counter + passed) % RANGE_UJ, known + passed
        ids = draw(st.lists(st.sampled_from("abcd"), unique=True))
        counted.append(
            Counted(
                reading=Reading(
                    at_us=at_us,
                    epoch=str(boot),
                    counters_uj={"package-0": counter},
                    foreign_ppm=draw(st.sampled_from([0, 0, 250_000])),
                ),
                p0_uw=draw(st.none() | st.integers(0, 300 * SECOND)),
                requests=tuple(
                    Presence(
                        request_id=one,
                        start_us=draw(st.integers(start_us - SECOND, at_us)),
                        end_us=at_us + draw(st.integers(0, SECOND)),
                        prompt_tokens=draw(st.integers(0, 900)),
                        decoded_tokens=draw(st.integers(0, 90)),
                        kappa=0.25,
                    )
                    for one in ids
                ),
                departed=tuple(one for one in ids if draw(st.sampled_from([False, False, True]))),
                gap=draw(st.booleans()),
            )
        )
    return Readings(info=_info(), first=first, counted=tuple(counted)), known


@given(stories())
def test_sums_close_exactly(story: tuple[Readings, int]) -> None:
    readings, known_uj = story
    shared = share_out(readings)
    parts = sum(part.energy_uj for part in shared.parts.values())
    assert shared.energy_uj == known_uj
    assert parts + shared.idle_uj + shared.unattributed_uj + shared.contended_uj == known_uj
    assert (
        min(
            [shared.idle_uj, shared.unattributed_uj, shared.contended_uj, *(p.static_uj for p in shared.parts.values())]
        )
        >= 0
    )
    last = readings.counted[-1].reading.at_us if readings.counted else 0
    assert shared.known_us + shared.gap_us == last
    assert shared.windows == len(readings.counted)


@given(stories())
def test_window_by_window_or_all_together_it_is_the_same(story: tuple[Readings, int]) -> None:
    readings, _ = story
    total, before = Shared(), readings.first
    for one in readings.counted:
        total, before = with_window(total, before, one, readings.info), one.reading
    assert share_out(readings) == total


def test_ten_times_the_windows_take_ten_times_as_long() -> None:
    """An auditor's file of 50 MB has half a million windows, each with somebody else in it."""
    many = [Shared(windows=1, parts={f"r{i}": Part(dynamic_uj=i)}) for i in range(50_000)]
    start = time.process_time()
    assert len(together(many).parts) == len(many)
    assert time.process_time() - start < 3


@given(stories())
def test_a_request_served_while_nobody_could_count_is_a_lower_bound(story: tuple[Readings, int]) -> None:
    readings, _ = story
    shared, before, expected = share_out(readings), readings.first, set()
    for one in readings.counted:
        if one.reading.epoch != before.epoch:
            expected |= {request.request_id for request in one.requests}
        before = one.reading
    assert shared.partial == expected
    assert ("reset" in shared.flags) == (shared.gap_us > 0)
    assert ("gap" in shared.flags) == (shared.gap_us > 0 or any(one.gap for one in readings.counted))


@given(stories(), st.integers(0, 12))
def test_cut_anywhere_in_two_blocks_it_is_the_same_energy(story: tuple[Readings, int], place: int) -> None:
    """Settlements cut blocks where they happen to fall."""
    readings, _ = story
    place = min(place, len(readings.counted))
    middle = readings.counted[place - 1].reading if place else readings.first
    first = share_out(msgspec.structs.replace(readings, counted=readings.counted[:place]))
    last = share_out(Readings(info=readings.info, first=middle, counted=readings.counted[place:]))
    whole = share_out(readings)
    for name in ("energy_uj", "idle_uj", "unattributed_uj", "contended_uj", "idle_us", "known_us", "gap_us", "windows"):
        assert getattr(first, name) + getattr(last, name) == getattr(whole, name)
    assert first.partial | last.partial == whole.partial
    for one, part in whole.parts.items():
        both = [side.parts[one] for side in (first, last) if one in side.parts]
        assert sum(each.static_uj for each in both) == part.static_uj
        assert sum(each.dynamic_uj for each in both) == part.dynamic_uj


def test_a_window_shared_out_is_the_window_allocated() -> None:
    served = (_served("r1", 0, 10, 200), _served("r2", 5, 10, 100))
    counted = Counted(reading=_at(10, 5_100 * SECOND), p0_uw=90 * SECOND, requests=served)
    shared = share_out(Readings(info=_info(), first=_at(0, 0), counted=(counted,)))
    alone = allocate(Window(t0_us=0, t1_us=10 * SECOND, energy_uj=5_100 * SECOND, p0_uw=90 * SECOND, requests=served))
    assert shared.parts == alone.parts
    assert shared.parts["r1"].energy_uj == 3_475 * SECOND
    assert shared.parts["r2"].energy_uj == 1_625 * SECOND


def test_the_part_of_who_left_before_the_meter_spoke_again_is_told_to_nobody() -> None:
    served = (_served("stays", 0, 10, 1), _served("left", 0, 10, 1))
    counted = Counted(reading=_at(10, 1_000), p0_uw=0, requests=served, departed=("left",), gap=True)
    shared = share_out(Readings(info=_info(), first=_at(0, 0), counted=(counted,)))
    assert set(shared.parts) == {"stays"}
    assert (shared.parts["stays"].energy_uj, shared.unattributed_uj) == (500, 500)
    assert "gap" in shared.flags


def test_readings_that_go_back_in_time_are_refused() -> None:
    counted = (Counted(reading=_at(2, 10)), Counted(reading=_at(1, 20)))
    with pytest.raises(ValueError, match="back in time"):
        share_out(Readings(info=_info(), first=_at(0, 0), counted=counted))


# pack, unpack


@given(stories())
def test_what_is_kept_computes_again_the_same(story: tuple[Readings, int]) -> None:
    readings, _ = story
    body, digest = pack(readings)
    again, told = unpack(body)
    assert again == readings
    assert told == digest == hashlib.sha256(zlib.decompress(body)).hexdigest()
    assert share_out(again) == share_out(readings)
    assert pack(again) == (body, digest)


@rules(max_examples=300)
@given(st.binary(max_size=300) | st.binary(max_size=300).map(zlib.compress))
def test_bytes_that_are_no_readings_are_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        unpack(body)


@rules(max_examples=300)
@given(stories(), st.randoms(use_true_random=False))
def test_readings_altered_anywhere_are_refused_or_have_another_digest(
    story: tuple[Readings, int], chance: random.Random
) -> None:
    body, digest = pack(story[0])
    if chance.random() < 0.5:
        altered = bytearray(body)
        altered[chance.randrange(len(altered))] ^= chance.randrange(1, 256)
    else:
        text = bytearray(zlib.decompress(body))
        text[chance.randrange(len(text))] = chance.randrange(256)
        altered = bytearray(zlib.compress(bytes(text), 6))
    try:
        _, told = unpack(bytes(altered))
    except ValueError:
        return
    assert told != digest or zlib.decompress(altered) == zlib.decompress(body)


@given(stories())
def test_written_for_an_auditor_it_is_the_same_sharing(story: tuple[Readings, int]) -> None:
    readings, _ = story
    if not readings.counted:
        return
    shared = share_out(readings)
    found = audit_allocate.answer(json.loads(json.dumps(written(readings))))
    for name in ("idle_uj", "unattributed_uj", "contended_uj", "idle_us", "known_us", "gap_us"):
        assert getattr(found, name) == getattr(shared, name)
    assert found.meter_uj == shared.energy_uj
    assert found.flags == sorted(shared.flags)
    parts = {one.id: (one.static_uj, one.dynamic_uj, one.machine_share_us) for one in found.requests}
    for one, part in shared.parts.items():
        assert parts.pop(one) == (part.static_uj, part.dynamic_uj, part.machine_share_us)
    assert not any(any(part) for part in parts.values())
    assert {one.id for one in found.requests if one.at_least} == shared.partial

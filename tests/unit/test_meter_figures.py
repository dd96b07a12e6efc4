"""Whatever a meter writes is a whole number of microjoules, or a gap with its reason; never a crash, never a zero."""

from __future__ import annotations

import json
import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.adapters.meters.figures import MOST_UJ, UNITS_UJ, counter_text, energy_uj, field, number, power_uw
from affouage.adapters.meters.plug_http import parsed, reading_of
from affouage.adapters.meters.tally import RowTally, row_info
from affouage.errors import SettingsError
from affouage.footprint.meter import MeterUnreadable
from affouage.settings import MeterSettings

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=80),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=8), inside, max_size=4),
    max_leaves=8,
)


@given(ANYTHING, st.sampled_from(sorted(UNITS_UJ)))
def test_any_value_is_an_energy_or_a_gap(value: object, unit: str) -> None:
    try:
        counted = energy_uj(value, unit)
    except MeterUnreadable:
        return
    assert type(counted) is int
    assert 0 <= counted <= MOST_UJ
    assert not isinstance(value, (bool, list, dict, type(None)))
    assert math.isclose(float(str(value)) * UNITS_UJ[unit], counted, rel_tol=1e-9, abs_tol=1)


@given(ANYTHING)
def test_any_value_is_a_power_or_a_gap(value: object) -> None:
    try:
        counted = power_uw(value)
    except MeterUnreadable:
        return
    assert 0 <= counted <= 20_000_000_000


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("ascii", "replace")))
def test_any_text_of_a_counter_file_is_a_figure_or_a_gap(text: str) -> None:
    try:
        counted = counter_text(text, "J")
    except MeterUnreadable:
        return
    assert 0 <= counted <= MOST_UJ
    assert any(character in "0123456789" for character in text)


@given(st.binary(max_size=400) | ANYTHING.map(lambda one: json.dumps(one).encode()))
def test_whatever_a_plug_answers_is_a_reading_or_a_gap(body: bytes) -> None:
    for row in (MeterSettings(id="p", energy_field="a.total"), MeterSettings(id="p", power_field="0.w")):
        try:
            reading = reading_of(parsed(body), row, RowTally(row, "boot"), 1_000_000)
        except MeterUnreadable:
            continue
        assert reading.counters_uj["p"] >= 0


@given(ANYTHING, st.text(max_size=30))
def test_any_path_into_any_document(document: object, path: str) -> None:
    with suppress(MeterUnreadable):
        field(document, path)


@pytest.mark.parametrize(
    ("text", "unit", "expected_uj"),
    [
        ("12345", "J", 12_345_000_000),
        ("12345 J\n", "kWh", 12_345_000_000),
        ("1.5 kWh", "J", 5_400_000_000_000),
        ("2Wh", "J", 7_200_000_000),
        ("1e3 mJ", "J", 1_000_000),
        ("262143328850", "uJ", 262_143_328_850),
    ],
)
def test_counters_by_hand(text: str, unit: str, expected_uj: int) -> None:
    assert counter_text(text, unit) == expected_uj


@pytest.mark.parametrize(
    "value",
    [
        "nan",
        "NaN",
        "inf",
        "-inf",
        "1e999",
        "-1",
        "",
        " ",
        "12,5",
        "1_000",
        "٣",
        "0x10",
        "1 2",
        "ON",
        "<html>",
        "-0.001",
    ],
)
def test_what_is_no_energy_is_refused(value: str) -> None:
    with pytest.raises(MeterUnreadable) as gap:
        counter_text(value, "J")
    assert "unknown" in gap.value.remedy


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1, True, None, [], {}, "12 W", 20_001, b"12"])
def test_what_is_no_power_is_refused(value: object) -> None:
    with pytest.raises(MeterUnreadable):
        power_uw(value)


def test_a_decimal_is_taken_as_it_is_written() -> None:
    assert energy_uj("0.1", "Wh") == energy_uj(0.1, "Wh") == 360_000_000
    assert power_uw("0.000001") == 1
    assert number("  7 ") == 7


def test_places_in_a_document() -> None:
    document = {"emeters": [{"total": 1}, {"total": 2}], "a": {"b": 3}}
    assert field(document, "emeters.1.total") == 2
    assert field(document, "a.b") == 3
    for path in ("emeters.2.total", "emeters.-1.total", "emeters.1.total.x", "", "a..b", "emeters.99999999999999"):
        with pytest.raises(MeterUnreadable):
            field(document, path)


def test_a_plug_row_must_say_what_to_read() -> None:
    with pytest.raises(SettingsError, match="energy_field nor power_field"):
        row_info(MeterSettings(id="p", url="http://x"))
    assert row_info(MeterSettings(id="p", energy_field="e", uncertainty_percent=100)).low_factor == 0

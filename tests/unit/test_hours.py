"""Opening hours by the clock on the wall: across midnight, and on the nights the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from affouage.errors import RuleRefused
from affouage.footprint.budget import HoursRules
from affouage.footprint.hours import check_hours, is_open, next_opening_ms, read_time
from affouage.footprint.period import Calendar

PARIS = Calendar("Europe/Paris")
NIGHT = HoursRules(closed_from="23:00", closed_until="06:00")
MINUTE_MS = 60_000


def at(text: str, fold: int = 0, zone: str = "Europe/Paris") -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)
    return round(moment.timestamp() * 1000)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2026-11-22T22:59:59", True),
        ("2026-11-22T23:00:00", False),
        ("2026-11-23T00:00:00", False),
        ("2026-11-23T05:59:59", False),
        ("2026-11-23T06:00:00", True),
        ("2026-11-23T12:00:00", True),
    ],
)
def test_a_night(moment: str, expected: bool) -> None:
    assert is_open(NIGHT, PARIS, at(moment)) is expected


def test_a_closing_within_the_day() -> None:
    noon = HoursRules(closed_from="12:00", closed_until="14:00")
    assert [is_open(noon, PARIS, at(f"2026-11-22T{hour}:00")) for hour in ("11", "12", "13", "14")] == [
        True,
        False,
        False,
        True,
    ]
    assert next_opening_ms(noon, PARIS, at("2026-11-22T12:30:20")) == at("2026-11-22T14:00")


def test_without_hours_it_is_always_open() -> None:
    assert is_open(HoursRules(), PARIS, at("2026-11-22T03:00"))
    assert next_opening_ms(HoursRules(), PARIS, 12345) == 12345


def test_the_next_opening_of_a_night_and_of_the_two_nights_the_clocks_change() -> None:
    assert next_opening_ms(NIGHT, PARIS, at("2026-11-22T23:30")) == at("2026-11-23T06:00")
    spring, autumn = at("2026-03-28T23:00"), at("2026-10-24T23:00")
    assert next_opening_ms(NIGHT, PARIS, spring) - spring == 6 * 60 * MINUTE_MS
    assert next_opening_ms(NIGHT, PARIS, autumn) - autumn == 8 * 60 * MINUTE_MS


def test_an_opening_hour_that_does_not_exist_opens_when_the_clock_jumps_past_it() -> None:
    early = HoursRules(closed_from="23:00", closed_until="02:30")
    opens = next_opening_ms(early, PARIS, at("2026-03-29T01:59"))
    assert datetime.fromtimestamp(opens / 1000, UTC) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert is_open(early, PARIS, opens)


def test_an_hour_that_comes_twice_is_closed_twice() -> None:
    twice = HoursRules(closed_from="02:00", closed_until="03:00")
    assert not is_open(twice, PARIS, at("2026-10-25T02:30"))
    assert not is_open(twice, PARIS, at("2026-10-25T02:30", fold=1))


times = st.builds("{:02d}:{:02d}".format, st.integers(0, 23), st.integers(0, 59))
zones = st.sampled_from(["Europe/Paris", "Indian/Reunion", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])
moments = st.one_of(
    st.integers(at("2026-01-01T00:00"), at("2027-01-01T00:00")),
    st.integers(at("2026-03-28T12:00"), at("2026-03-29T12:00")),
    st.integers(at("2026-10-24T12:00"), at("2026-10-25T12:00")),
    st.integers(at("2026-04-04T00:00", zone="Australia/Lord_Howe"), at("2026-04-06T00:00", zone="Australia/Lord_Howe")),
)


@settings(max_examples=150, deadline=None)
@given(times, times, zones, moments)
@example("23:00", "02:30", "Europe/Paris", 1774742340000)
@example("01:00", "02:15", "Australia/Lord_Howe", 1775312000000)
def test_the_next_opening_is_the_first_open_minute(start: str, end: str, zone: str, now_ms: int) -> None:
    rules, calendar = HoursRules(closed_from=start, closed_until=end), Calendar(zone)
    if start == end:
        return
    opens_ms = next_opening_ms(rules, calendar, now_ms)
    assert is_open(rules, calendar, opens_ms)
    if opens_ms == now_ms:
        return
    assert opens_ms % MINUTE_MS == 0
    assert not any(is_open(rules, calendar, one) for one in range(now_ms, opens_ms, MINUTE_MS))


@given(times, times, zones, moments)
def test_open_by_what_the_wall_shows_and_nothing_else(start: str, end: str, zone: str, now_ms: int) -> None:
    wall = f"{datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)):%H:%M}"
    closed = start <= wall < end if start < end else (wall >= start or wall < end)
    if start != end:
        assert is_open(HoursRules(closed_from=start, closed_until=end), Calendar(zone), now_ms) is not closed


@pytest.mark.parametrize(
    ("written", "read"),
    [("6:00", "06:00"), ("06:00", "06:00"), ("23h30", "23:30"), ("6h", "06:00"), (" 0:05 ", "00:05")],
)
def test_times_as_people_write_them(written: str, read: str) -> None:
    assert read_time(written) == read


@pytest.mark.parametrize("wrong", ["", "6", "24:00", "12:60", "-1:00", "6pm", "06:00:00", "٦:٠٠"])
def test_what_is_no_time_is_refused(wrong: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        read_time(wrong)
    assert refused.value.code == "hours_time"


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        (HoursRules(closed_from="23:00"), "hours_half"),
        (HoursRules(closed_until="06:00"), "hours_half"),
        (HoursRules(closed_from="06:00", closed_until="6:00"), "hours_same"),
        (HoursRules(closed_from="25:00", closed_until="06:00"), "hours_time"),
    ],
)
def test_hours_that_cannot_be_are_refused(rules: HoursRules, code: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        check_hours(rules)
    assert refused.value.code == code
    assert refused.value.remedy
    check_hours(NIGHT)
    check_hours(HoursRules())

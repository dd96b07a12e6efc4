"""Days, months and years in a time zone, and the pure decisions of closing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from affouage.errors import BadRequest, Conflict, SettingsError
from affouage.footprint.period import (
    Calendar,
    Sums,
    check_bill,
    dates,
    days,
    kind_of,
    months,
    refuse_open,
    share_of_one,
    share_pot,
)
from affouage.units import Interval

HOUR_MS = 3_600_000
PARIS = Calendar("Europe/Paris")
ZONES = ("Europe/Paris", "America/St_Johns", "Pacific/Apia", "Asia/Kathmandu", "America/Santiago", "UTC", "")


def test_a_day_begins_at_local_midnight() -> None:
    t0, t1 = PARIS.bounds("2026-11-22")
    assert (t0, t1) == (1_795_302_000_000, 1_795_388_400_000)  # 2026-11-21T23:00Z and a day later
    assert PARIS.day(t0) == "2026-11-22"
    assert PARIS.day(t0 - 1) == "2026-11-21"
    assert (PARIS.month(t0), PARIS.year(t0), PARIS.minute(t0), PARIS.minute(t0 - 1)) == ("2026-11", "2026", 0, 1439)


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_days_when_the_clocks_change(day: str, hours: int) -> None:
    t0, t1 = PARIS.bounds(day)
    assert (t1 - t0) / HOUR_MS == hours


def test_midnight_that_does_not_exist() -> None:
    """In Santiago the clocks went from 23:59:59 to 01:00 that night."""
    santiago = Calendar("America/Santiago")
    (_, end), (start, _) = santiago.bounds("2026-09-05"), santiago.bounds("2026-09-06")
    assert end == start
    assert santiago.day(start) == "2026-09-06"
    assert santiago.day(start - 1) == "2026-09-05"


@given(st.sampled_from(ZONES), st.integers(1_600_000_000_000, 4_000_000_000_000))
def test_every_instant_is_in_its_own_day_month_and_year(zone: str, at_ms: int) -> None:
    calendar = Calendar(zone)
    for period in (calendar.day(at_ms), calendar.month(at_ms), calendar.year(at_ms)):
        t0, t1 = calendar.bounds(period)
        assert t0 <= at_ms < t1


@given(st.sampled_from(ZONES), st.integers(2020, 2099), st.integers(1, 12))
def test_days_make_the_month_and_months_the_year(zone: str, year: int, month: int) -> None:
    calendar, name = Calendar(zone), f"{year}-{month:02}"
    bounds = [calendar.bounds(day) for day in days(name)]
    assert all(one[1] == other[0] for one, other in pairwise(bounds))
    assert (bounds[0][0], bounds[-1][1]) == calendar.bounds(name)
    whole = list(months(f"{year}-01", f"{year}-12"))
    assert len(whole) == 12
    assert (calendar.bounds(whole[0])[0], calendar.bounds(whole[-1])[1]) == calendar.bounds(str(year))


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_without_a_zone_the_machines_own(tokyo: None) -> None:
    here = Calendar("")
    assert here.bounds("2026-11-22") == Calendar("Asia/Tokyo").bounds("2026-11-22")
    assert here.day(here.bounds("2026-11-22")[0]) == "2026-11-22"


@pytest.mark.parametrize("zone", ["Europe/Pari", "../etc/passwd", "Europe", "/etc/localtime", "\0", "a" * 5000])
def test_a_zone_there_is_not(zone: str) -> None:
    assert zone not in available_timezones()
    with pytest.raises(SettingsError) as refused:
        Calendar(zone)
    assert "Europe/Paris" in refused.value.remedy


@pytest.mark.parametrize(
    "text",
    ["", "2026-", "2026-13", "2026-00", "2026-1", "2026-11-31", "2026-02-29", "26", "1999", "2026-11-22T00", " 2026",
     "2026\n", "٢٠٢٦", "2026-11-22-01", "-2026", "today", "2026/11"],
)  # fmt: skip
def test_text_that_is_no_period(text: str) -> None:
    for refused in (lambda: PARIS.bounds(text), lambda: dates(text), lambda: days(text), lambda: kind_of(text)):
        with pytest.raises(BadRequest) as told:
            refused()
        assert "2026-11-22" in told.value.remedy


def test_the_last_year_there_is() -> None:
    assert dates("2999-12")[1].isoformat() == "3000-01-01"
    assert len(days("2028-02")) == 29


def test_only_a_month_that_is_over_can_be_closed() -> None:
    _, end = PARIS.bounds("2026-10")
    refuse_open(PARIS, "2026-10", end)
    with pytest.raises(Conflict):
        refuse_open(PARIS, "2026-10", end - 1)
    for period in ("2026", "2026-10-01"):
        with pytest.raises(BadRequest):
            refuse_open(PARIS, period, end)


WEIGHTS = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 10**15), max_size=30)


@given(st.integers(0, 10**18), st.sampled_from(["pro_rata", "equal"]), WEIGHTS)
def test_shares_of_the_pot_are_exact(pot_uj: int, sharing: str, weights: dict[str, int]) -> None:
    shares = share_pot(pot_uj, sharing, weights)  # type: ignore[arg-type]
    if not weights or (sharing == "pro_rata" and not any(weights.values())):
        assert shares == {}
        return
    assert shares.keys() == weights.keys()
    assert sum(shares.values()) == pot_uj
    assert min(shares.values()) >= 0
    everybody = sum(weights.values())
    for name, share in shares.items():
        exact = pot_uj / len(weights) if sharing == "equal" else pot_uj * weights[name] / everybody
        assert abs(share - exact) <= 1 + exact * 1e-12
        running = share_of_one(
            pot_uj,
            sharing,
            own_dynamic_uj=weights[name],
            all_dynamic_uj=everybody,
            members=len(weights),  # type: ignore[arg-type]
        )
        assert running is not None
        assert 0 <= share - running <= 1


@given(st.integers(0, 10**18), WEIGHTS)
def test_a_kept_pot_is_nobodys(pot_uj: int, weights: dict[str, int]) -> None:
    assert share_pot(pot_uj, "kept", weights) == {}
    assert share_of_one(pot_uj, "kept", own_dynamic_uj=1, all_dynamic_uj=2, members=3) is None


@given(st.integers(0, 10**15), WEIGHTS, st.randoms(use_true_random=False))
def test_the_order_of_names_does_not_matter(pot_uj: int, weights: dict[str, int], chance: object) -> None:
    assume(weights)
    names = list(weights)
    chance.shuffle(names)  # type: ignore[attr-defined]
    assert share_pot(pot_uj, "pro_rata", {one: weights[one] for one in names}) == share_pot(pot_uj, "pro_rata", weights)


def test_equal_shares_of_100_among_three() -> None:
    assert share_pot(100, "equal", {"b": 0, "a": 5, "c": 1}) == {"a": 34, "b": 33, "c": 33}


def test_what_does_not_close_shows() -> None:
    sums = Sums(
        energy_uj=100, requests_uj=60, idle_uj=30, unattributed_uj=5, contended_uj=4, receipts_uj=58, losses_uj=3
    )
    assert (sums.residual_uj, sums.unsettled_uj, sums.pot_uj) == (-1, 2, 38)


@pytest.mark.parametrize(
    ("bill", "at_least", "agrees"), [(10.0, False, True), (9.0, False, True), (8.9, False, False), (11.1, False, False),
                                     (11.1, True, None), (8.9, True, False)],
)  # fmt: skip
def test_the_meter_against_the_bill(bill: float, at_least: bool, agrees: bool | None) -> None:
    counted = Interval(9, 10, 11).scaled(3.6e12)
    assert check_bill(bill, counted, at_least=at_least, pue=Interval(1, 1, 1)).agrees is agrees


def test_the_bill_is_of_the_place() -> None:
    counted = Interval(10, 10, 10).scaled(3.6e12)
    assert check_bill(12.0, counted, at_least=False, pue=Interval(1.2, 1.2, 1.2)).agrees is True
    assert check_bill(12.0, None, at_least=True, pue=Interval(1, 1, 1)).agrees is None


@pytest.mark.parametrize("bill", [0.0, -1.0, float("nan"), float("inf")])
def test_no_bill(bill: float) -> None:
    with pytest.raises(BadRequest):
        check_bill(bill, Interval(1, 1, 1), at_least=False, pue=Interval(1, 1, 1))

"""« À combien sommes-nous ? »: the reference's table, and what must hold for any machine."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from affouage.footprint.curve import STEPS, Parts, Running, curve, spot
from affouage.units import Interval

WH = 3.6e9


def exactly(value: float) -> Interval:
    return Interval(value, value, value)


REFERENCE = Running(  # docs/reference/footprint.md, section 5: 2 cards, 90 W idle, 760 W at work, 20 s a request
    idle_w=exactly(90),
    work_uj=exactly((760 - 90) * 20 * 1e6),
    making_gwp_g_per_day=exactly(665_000 / (8 * 365.25)),
    gwp_g_per_kwh=exactly(52),
    eur_per_kwh=0.25,
    fixed_eur_per_day=exactly(1.0),
)


@pytest.mark.parametrize(
    ("requests", "wh", "use", "idle", "machine", "total", "awake_8_h"),
    [
        (10, 220, 0.19, 11.2, 22.8, 34, 27),
        (100, 25, 0.19, 1.12, 2.28, 3.6, 2.9),
        (1000, 5.9, 0.19, 0.11, 0.23, 0.53, 0.46),
        (3000, 4.4, 0.19, 0.04, 0.08, 0.31, 0.28),
    ],
)
def test_the_table_of_the_reference(
    requests: int, wh: float, use: float, idle: float, machine: float, total: float, awake_8_h: float
) -> None:
    def as_printed(part: Interval | None, printed: float) -> bool:
        assert part is not None
        places = len(f"{printed}".partition(".")[2]) if printed % 1 else 0
        return round(part.central, places) == printed

    one = spot(REFERENCE, requests)
    assert one.energy_uj is not None
    assert as_printed(one.energy_uj.scaled(1 / WH), wh)
    assert as_printed(one.gwp_g.work, use)
    assert as_printed(one.gwp_g.idle, idle)
    assert as_printed(one.gwp_g.machine, machine)
    assert as_printed(one.gwp_g.total, total)
    assert as_printed(spot(replace(REFERENCE, awake_h=8), requests).gwp_g.total, awake_8_h)


def test_at_ten_requests_work_is_next_to_nothing() -> None:
    parts = spot(REFERENCE, 10).gwp_g
    assert parts.work is not None
    assert parts.total is not None
    assert round(100 * parts.work.central / parts.total.central, 1) == 0.6


def test_euros_by_hand() -> None:
    one = spot(REFERENCE, 100).eur
    assert one.work is not None
    assert one.work.central == pytest.approx(670 * 20 / 3.6e6 * 0.25)
    assert one.idle is not None
    assert one.idle.central == pytest.approx(2.16 / 100 * 0.25)
    assert one.machine == exactly(0.01)


amounts = st.floats(0, 1e6)
intervals = st.tuples(amounts, amounts, amounts).map(lambda bounds: Interval(*sorted(bounds)))
maybe = st.none() | intervals
running = st.builds(
    Running,
    idle_w=maybe,
    work_uj=st.none() | intervals.map(lambda one: one.scaled(1e6)),
    making_gwp_g_per_day=maybe,
    gwp_g_per_kwh=maybe,
    eur_per_kwh=st.none() | st.floats(0.001, 10),
    fixed_eur_per_day=maybe,
    awake_h=st.floats(0, 24),
)


@given(running)
def test_a_request_costs_less_the_more_there_are(one: Running) -> None:
    spots = curve(one)
    assert [spot_.requests_per_day for spot_ in spots] == list(STEPS)
    for before, after in pairwise(spots):
        for name in ("gwp_g", "eur"):
            totals = [getattr(place, name).total for place in (before, after)]
            if totals[0] is not None:
                assert totals[1].central <= totals[0].central * (1 + 1e-9)
                assert totals[1].high <= totals[0].high * (1 + 1e-9)


@given(running, st.floats(0.01, 1e6))
def test_parts_sum_to_the_total_and_the_unknown_shows(one: Running, requests: float) -> None:
    for parts in (spot(one, requests).gwp_g, spot(one, requests).eur):
        known = [part for part in (parts.work, parts.idle, parts.machine) if part is not None]
        assert parts.at_least == (len(known) < 3)
        if not known:
            assert parts.total is None
            continue
        assert parts.total is not None
        for bound in ("low", "central", "high"):
            assert getattr(parts.total, bound) == pytest.approx(sum(getattr(part, bound) for part in known))


@given(running, st.floats(0.01, 1e6), st.tuples(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1)))
def test_any_truth_within_the_inputs_is_within_the_result(
    one: Running, requests: float, at: tuple[float, float, float]
) -> None:
    def within(interval: Interval | None, where: float) -> Interval | None:
        return None if interval is None else exactly(interval.low + where * (interval.high - interval.low))

    truth = replace(
        one,
        idle_w=within(one.idle_w, at[0]),
        work_uj=within(one.work_uj, at[1]),
        gwp_g_per_kwh=within(one.gwp_g_per_kwh, at[2]),
        making_gwp_g_per_day=within(one.making_gwp_g_per_day, at[0]),
    )
    told, true = spot(one, requests).gwp_g.total, spot(truth, requests).gwp_g.total
    assert (told is None) == (true is None)
    if told is not None and true is not None:
        assert told.low * (1 - 1e-9) <= true.central <= told.high * (1 + 1e-9)


@given(running)
def test_a_day_adds_up_again(one: Running) -> None:
    """n requests of one n-th of the standby are the standby of a day."""
    for place in curve(one):
        if place.gwp_g.idle is not None and one.idle_w is not None and one.gwp_g_per_kwh is not None:
            day_wh = one.idle_w.central * one.awake_h + one.asleep_w.central * (24 - one.awake_h)
            day_g = day_wh / 1000 * one.gwp_g_per_kwh.central
            assert place.gwp_g.idle.central * place.requests_per_day == pytest.approx(day_g)


def test_nothing_known_is_unknown() -> None:
    one = spot(Running(), 10)
    assert one.energy_uj is None
    assert one.gwp_g == Parts(work=None, idle=None, machine=None)
    assert one.eur.total is None


@pytest.mark.parametrize(("requests", "awake_h"), [(0, 24), (-1, 24), (float("nan"), 24), (10, 25), (10, -1)])
def test_days_that_cannot_be(requests: float, awake_h: float) -> None:
    with pytest.raises(ValueError, match="day"):
        spot(Running(awake_h=awake_h), requests)

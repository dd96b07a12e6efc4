"""Golden cases of the reference page for the use phase, and the laws of interval arithmetic on published factors."""

from __future__ import annotations

import json
from importlib import util
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.footprint.factors import Factor, GridFactors, Site, grid_factors
from affouage.footprint.impact import INDICATORS, add, assess, scaled, times, total
from affouage.ledger.receipt import Energy, Impacts
from affouage.units import Interval, Quality

UJ_PER_KWH = 3.6e12
REL = 1e-6


def exactly(value: float) -> Interval:
    return Interval(value, value, value)


def factor(value: Interval, unit: str = "u", scope: str = "life cycle") -> Factor:
    return Factor(value=value, unit=unit, scope=scope, source="s", url="u", year=2026, licence="l", retrieved="")


def mix(country: str) -> GridFactors:
    """The row of EcoLogits, without any range: what the golden cases were computed with."""
    package = util.find_spec("ecologits")
    assert package is not None
    assert package.origin is not None
    table = json.loads(Path(package.origin).with_name("data").joinpath("electricity_mixes.json").read_text())
    row = next(row for row in table["electricity_mixes"] if row["name"] == country)
    return GridFactors(
        set_id="ecologits",
        country=country,
        gwp=factor(exactly(row["gwp"] * 1000)),
        water=factor(exactly(row["wue"])),
        adpe=factor(exactly(row["adpe"] * 1000)),
        primary_energy=factor(exactly(row["pe"])),
    )


def energy(kwh: float, quality: Quality = "measured") -> Energy:
    return Energy(interval_uj=exactly(kwh * UJ_PER_KWH), quality=quality)


def site(pue: float, on_site_l_per_kwh: float) -> Site:
    return Site(pue=exactly(pue), water_on_site_l_per_kwh=exactly(on_site_l_per_kwh))


def central(interval: Interval | None) -> float:
    assert interval is not None
    return float(interval.central)


GOLDEN = {
    "G1": ("FRA", 2.9717528e-05, site(1, 0), 1.2314944e-03, 1.0917328e-04),
    "G2": ("FRA", 3.1699385e-05, site(1.2, 0.37), 1.576347e-03, 1.5147361e-04),
    "G3": ("SWE", 4.1979121e-05 / 1.16, site(1.16, 0.09), 1.4801838e-03, 2.5645407e-04),
    "G4": ("DEU", 1.4724562e-04 / 1.3, site(1.3, 0.2), 4.8539517e-02, 3.0934038e-04),
}


@pytest.mark.parametrize("case", GOLDEN)
def test_golden_use_phase(case: str) -> None:
    country, machine_kwh, place, gwp_g, water_l = GOLDEN[case]
    impacts = assess(energy(machine_kwh), mix(country), place)
    assert central(impacts.gwp_g) == pytest.approx(gwp_g, rel=REL)
    assert central(impacts.water_l) == pytest.approx(water_l, rel=REL)


def test_golden_g1_minerals_and_primary_energy() -> None:
    impacts = assess(energy(2.9717528e-05), mix("FRA"))
    assert central(impacts.adpe_g_sb) == pytest.approx(1.4436775e-9, rel=REL)
    assert central(impacts.primary_energy_mj) == pytest.approx(2.767742e-04, rel=REL)


def test_golden_g5_the_pue_counts_once_in_water() -> None:
    grid = GridFactors(set_id="s", country="FRA", water=factor(exactly(3.6737)))
    impacts = assess(energy(0.5), grid, site(1.2, 0.37))
    assert central(impacts.water_l) == pytest.approx(2.38922, rel=REL)
    assert central(impacts.water_l) != pytest.approx(2.867064, rel=1e-3)  # what counting it twice would give


def test_golden_g12_interval_arithmetic() -> None:
    counted = Energy(interval_uj=Interval(1460e6 * 0.95, 1460e6, 1460e6 * 1.05), quality="measured")
    grid = GridFactors(set_id="test", country="FRA", gwp=factor(Interval(21.7, 51.9, 98.0)))
    gwp_g = assess(counted, grid).gwp_g
    assert gwp_g is not None
    assert gwp_g.low == pytest.approx(0.00836053, rel=REL)
    assert gwp_g.central == pytest.approx(0.0210483, rel=2e-6)  # the page writes six figures
    assert gwp_g.high == pytest.approx(0.0417317, rel=REL)


def test_without_energy_or_country_all_is_unknown() -> None:
    assert assess(Energy(), grid_factors("FRA")) == Impacts()
    assert assess(energy(1), None) == Impacts()


def test_what_has_no_factor_is_unknown_not_zero() -> None:
    impacts = assess(energy(1), grid_factors("SEN"), site(1, 3))
    assert impacts.gwp_g is not None
    assert impacts.water_l is None  # though water on site is known: a part would look like the whole
    assert impacts.factor_set == "grid-2026-11/SEN"


def test_a_zero_that_is_known_stays_zero() -> None:
    grid = grid_factors("FRA")
    assert assess(energy(0), grid).gwp_g == exactly(0)


def test_a_negative_energy_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        assess(Energy(interval_uj=Interval(-1, 0, 1), quality="measured"), grid_factors("FRA"))


# laws

amounts = st.floats(0, 1e6, allow_subnormal=False)
intervals = st.lists(amounts, min_size=3, max_size=3).map(lambda three: Interval(*sorted(three)))
factors = st.none() | intervals.map(factor)
qualities = st.sampled_from(["measured", "declared", "estimated", "unknown"])
grids = st.builds(
    GridFactors,
    set_id=st.sampled_from(["a", "b"]),
    country=st.just("FRA"),
    gwp=factors,
    water=factors,
    adpe=factors,
    primary_energy=factors,
)
energies = st.builds(
    Energy, interval_uj=intervals.map(lambda one: one.scaled(1e6)), quality=qualities, at_least=st.booleans()
)
sites = st.builds(
    Site,
    pue=st.floats(1, 3).map(exactly) | st.just(Interval(1.1, 1.3, 2.0)),
    water_on_site_l_per_kwh=intervals,
)
impacts_of = st.builds(
    Impacts,
    gwp_g=st.none() | intervals,
    water_l=st.none() | intervals,
    adpe_g_sb=st.none() | intervals,
    primary_energy_mj=st.none() | intervals,
    factor_set=st.sampled_from([None, "a", "b"]),
    quality=st.sampled_from(["declared", "estimated", "unknown"]),
    at_least=st.booleans(),
)
fractions = st.floats(0, 1)


def inside(interval: Interval, fraction: float) -> float:
    return min(interval.high, interval.low + fraction * (interval.high - interval.low))


@given(energies, grids, sites, fractions, fractions, fractions, fractions)
def test_the_truth_stays_inside(e: Energy, g: GridFactors, s: Site, a: float, b: float, c: float, d: float) -> None:
    assert e.interval_uj is not None
    kwh, pue, on_site = inside(e.interval_uj, a) / UJ_PER_KWH, inside(s.pue, b), inside(s.water_on_site_l_per_kwh, c)
    found = assess(e, g, s)
    for value, known in ((found.gwp_g, g.gwp), (found.adpe_g_sb, g.adpe), (found.primary_energy_mj, g.primary_energy)):
        assert (value is None) == (known is None)
        if value is not None and known is not None:
            assert encloses(value, kwh * pue * inside(known.value, d))
    assert (found.water_l is None) == (g.water is None)
    if found.water_l is not None and g.water is not None:
        assert encloses(found.water_l, kwh * (on_site + pue * inside(g.water.value, d)))


def encloses(interval: Interval, truth: float) -> bool:
    return interval.low * (1 - 1e-9) <= truth <= interval.high * (1 + 1e-9)


@given(energies, grids, sites)
def test_carbon_is_never_measured_and_never_better_than_its_energy(e: Energy, g: GridFactors, s: Site) -> None:
    found = assess(e, g, s)
    assert found.quality != "measured"
    assert found.quality == ("declared" if e.quality == "measured" else e.quality)
    assert found.at_least == e.at_least


@given(energies, grids, sites, st.floats(1, 1000))
def test_more_energy_never_costs_less(e: Energy, g: GridFactors, s: Site, more: float) -> None:
    assert e.interval_uj is not None
    less, greater = assess(e, g, s), assess(Energy(interval_uj=e.interval_uj.scaled(more), quality="measured"), g, s)
    for name in INDICATORS:
        one, other = getattr(less, name), getattr(greater, name)
        assert (one is None) == (other is None)
        if one is not None:
            assert one.low <= other.low * (1 + 1e-9)
            assert one.high <= other.high * (1 + 1e-9)


@given(energies, grids, sites, st.floats(0, 100))
def test_a_share_of_the_impacts_is_the_impacts_of_the_share(e: Energy, g: GridFactors, s: Site, part: float) -> None:
    assert e.interval_uj is not None
    shared = Energy(interval_uj=e.interval_uj.scaled(part), quality=e.quality, at_least=e.at_least)
    same(scaled(assess(e, g, s), part), assess(shared, g, s))


@given(energies, energies, grids, sites)
def test_impacts_of_a_sum_are_the_sum_of_impacts(one: Energy, other: Energy, g: GridFactors, s: Site) -> None:
    assert one.interval_uj is not None
    assert other.interval_uj is not None
    both = Energy(interval_uj=one.interval_uj + other.interval_uj, quality="estimated")
    same(add(assess(one, g, s), assess(other, g, s)), assess(both, g, s))


def same(one: Impacts, other: Impacts) -> None:
    for name in INDICATORS:
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None)
        if left is not None:
            for bound in ("low", "central", "high"):
                assert getattr(left, bound) == pytest.approx(getattr(right, bound), rel=1e-9, abs=1e-300)


@given(impacts_of, impacts_of, impacts_of)
def test_addition_has_no_order(a: Impacts, b: Impacts, c: Impacts) -> None:
    assert add(a, b) == add(b, a)
    left, right = add(add(a, b), c), add(a, add(b, c))
    same(left, right)
    assert (left.at_least, left.quality, left.factor_set) == (right.at_least, right.quality, right.factor_set)
    assert total([a, b, c]) == left


@given(impacts_of, impacts_of)
def test_unknown_beside_known_is_at_least(a: Impacts, b: Impacts) -> None:
    found = add(a, b)
    half_known = False
    for name in INDICATORS:
        left, right, value = getattr(a, name), getattr(b, name), getattr(found, name)
        assert (value is None) == (left is None and right is None)
        if value is not None:
            half_known = half_known or left is None or right is None
            for part in (left, right):
                assert part is None or (value.low >= part.low and value.high >= part.high)
    assert found.at_least == (a.at_least or b.at_least or half_known)


def test_a_sum_has_the_worst_quality_and_names_its_sets() -> None:
    declared = Impacts(gwp_g=exactly(1), quality="declared", factor_set="a")
    estimated = Impacts(gwp_g=exactly(2), quality="estimated", factor_set="b")
    found = total([declared, estimated, declared])
    assert (found.quality, found.factor_set, found.at_least) == ("estimated", "a + b", False)
    assert found.gwp_g == exactly(4)
    assert total([]) == Impacts()
    assert add(declared, Impacts()).at_least
    assert add(declared, Impacts()).gwp_g == exactly(1)


def test_scaling_by_less_than_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        scaled(Impacts(gwp_g=exactly(1)), -1)
    with pytest.raises(ValueError, match="negative"):
        times(exactly(-1), exactly(1))

"""Energy without a sensor says so; carbon has a source or is unknown."""

from __future__ import annotations

import tomllib
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import SettingsError
from affouage.footprint.estimate import ASSUMED_WATTS_PER_PROCESSOR, estimate
from affouage.footprint.impact import GridFactor, assess, grid_factor
from affouage.ledger.receipt import Energy
from affouage.units import Interval


def test_a_machine_that_cannot_be_seen_has_no_energy_rather_than_none_spent() -> None:
    energy = estimate(None, declared_watts=100, processors=8)
    assert energy.interval_uj is None
    assert energy.quality == "unknown"
    assert energy.cpu_us is None


@given(cpu_us=st.integers(0, 10**13), watts=st.just(0.0) | st.floats(1, 5000), processors=st.integers(1, 512))
def test_an_estimate_is_never_called_anything_else(cpu_us: int, watts: float, processors: int) -> None:
    energy = estimate(cpu_us, declared_watts=watts, processors=processors)
    assert energy.quality == "estimated"
    assert energy.cpu_us == cpu_us
    assert energy.interval_uj is not None
    assert "not counted" in energy.method
    assert cpu_us == 0 or energy.interval_uj.high > energy.interval_uj.low


def test_ten_seconds_of_one_processor_by_hand() -> None:
    nothing_declared = estimate(10_000_000, declared_watts=0, processors=2).interval_uj
    assert nothing_declared is not None
    assert nothing_declared.central == 10_000_000 * ASSUMED_WATTS_PER_PROCESSOR == 81.25e6
    assert nothing_declared.high == pytest.approx(243.75e6)
    declared = estimate(10_000_000, declared_watts=60, processors=4).interval_uj
    assert declared is not None
    assert (declared.central, declared.high) == (150e6, 187.5e6)
    assert declared.low == pytest.approx(50e6)


def test_golden_case_g12_interval_arithmetic() -> None:
    """1,460 J give or take 5 %, at 21.7, 51.9 and 98 g a kilowatt-hour."""
    energy = Energy(interval_uj=Interval(1460e6 * 0.95, 1460e6, 1460e6 * 1.05), quality="measured")
    grid = GridFactor("FRA", Interval(21.7, 51.9, 98.0), "test", "test")
    gwp_g = assess(energy, grid).gwp_g
    assert gwp_g is not None
    assert gwp_g.low == pytest.approx(0.00836053, rel=1e-6)
    assert gwp_g.central == pytest.approx(0.0210483, rel=1e-5)
    assert gwp_g.high == pytest.approx(0.0417317, rel=1e-6)


def test_no_country_no_carbon() -> None:
    assert grid_factor("") is None
    known = Energy(interval_uj=Interval(1, 2, 3), quality="estimated")
    impacts = assess(known, None)
    assert impacts.gwp_g is None
    assert impacts.factor_set is None


def test_unknown_energy_gives_unknown_carbon() -> None:
    assert assess(Energy(), grid_factor("FRA")).gwp_g is None


def test_what_has_no_factor_is_unknown_not_zero() -> None:
    impacts = assess(Energy(interval_uj=Interval(1, 2, 3), quality="estimated"), grid_factor("FRA"))
    assert impacts.gwp_g is not None
    assert (impacts.water_l, impacts.adpe_g_sb, impacts.primary_energy_mj) == (None, None, None)


@pytest.mark.parametrize("country", ["XXX", "fra", "FR", "WOR", " "])
def test_an_unknown_country_is_refused_and_the_known_ones_named(country: str) -> None:
    with pytest.raises(SettingsError) as refused:
        grid_factor(country)
    assert "FRA" in refused.value.remedy


def test_every_factor_of_the_file_can_be_used() -> None:
    text = resources.files("affouage.footprint").joinpath("factors/grid.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    for field in ("set", "unit", "scope", "source", "licence"):
        assert document[field]
    for country in document["country"]:
        factor = grid_factor(country)
        assert factor is not None
        assert 0 < factor.gwp_g_per_kwh.low <= factor.gwp_g_per_kwh.high < 2000

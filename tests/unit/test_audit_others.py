"""``audit impact``, ``embodied`` and ``close``: units, what is unknown, and what is refused with its place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.audit_words import FACTOR, I200, SECOND, ask, refused

amounts = st.integers(0, 10**9)


@pytest.mark.parametrize("unit", ["kg CO2e/kWh", "kgCO2eq/kWh", "KG CO₂e / kWh"])
def test_units_of_factors(unit: str) -> None:
    said = {"energy_kwh": 2, "factors": {"gwp": {**FACTOR, "value": [0.04, 0.05, 0.06], "unit": unit}}}
    found = ask("impact", said).gwp_g
    assert (found.low, found.central, found.high) == pytest.approx((80, 100, 120))


def test_a_country_s_factors_and_one_of_one_s_own() -> None:
    country = ask("impact", {"energy_kwh": 1, "country": "FRA"})
    own = ask("impact", {"energy_kwh": 1, "country": "FRA", "factors": {"gwp": FACTOR, "adpe": None}})
    assert country.gwp_g.low < country.gwp_g.central < country.gwp_g.high
    assert own.gwp_g.central == 50
    assert own.adpe_g_sb is None
    assert own.water_l == country.water_l
    assert own.factor_set == f"{country.factor_set} + this file"
    assert country.factors["gwp"].source


def test_what_is_shown_of_a_cloud_answer_is_the_very_answer_computed() -> None:
    """Its longest time counts there too."""
    said = {
        "method": "ecologits",
        "billions": 70,
        "tokens_per_s": 20,
        "decoded_tokens": 1000,
        "latency_s": 10,
        "pue": 1.2,
    }
    found = ask("impact", said)
    assert found.seconds == 10
    assert found.shown.energy_uj.central == pytest.approx(found.kwh * 3.6e12)
    assert found.shown.embodied.gwp_g.central == pytest.approx(found.embodied.gwp_kg * 1000)


def test_a_range_out_of_order_is_told_in_the_figures_that_were_written() -> None:
    refused("impact", {"energy_kwh": [3, 2, 1]}, "$.energy_kwh", "3 <= 2 <= 1 does not hold")


def test_an_unknown_energy_has_unknown_impacts() -> None:
    found = ask("impact", {"energy_kwh": None, "country": "FRA"})
    assert (found.gwp_g, found.water_l, found.quality) == (None, None, "unknown")


@pytest.mark.parametrize("quality", ["measured", "declared", "estimated", "unknown"])
def test_carbon_is_never_measured(quality: str) -> None:
    found = ask("impact", {"energy_kwh": 1, "quality": quality, "factors": {"gwp": FACTOR}})
    assert found.quality == ("declared" if quality == "measured" else quality)


@pytest.mark.parametrize(
    ("said", "place", "words"),
    [
        ({}, "$", "energy is missing"),
        ({"energy_kwh": 1, "energy_j": 1}, "$", "both written"),
        ({"energy_kwh": [2, 1, 3]}, "$.energy_kwh", "not in order"),
        ({"energy_kwh": [1, 2]}, "$.energy_kwh", "length >= 3"),
        ({"energy_kwh": -1}, "$.energy_kwh", ">= 0"),
        ({"energy_kwh": [1, 2, 3], "plus_minus_percent": 5}, "$.plus_minus_percent", "range already"),
        ({"energy_kwh": 1, "plus_minus_percent": 101}, "$.plus_minus_percent", "<= 100"),
        ({"energy_kwh": 1, "pue": 0.9}, "$.pue", "at least what its machines use"),
        ({"energy_kwh": 1, "pue": [1.2, 1.1, 1.3]}, "$.pue", "not in order"),
        ({"energy_kwh": 1, "country": "XXX"}, "$.country", "XXX"),
        ({"energy_kwh": 1, "country": "fra"}, "$.country", "fra"),
        ({"energy_kwh": 1, "country": "FRA", "factor_set": "none"}, "$.country", "none"),
        ({"energy_kwh": 1, "factors": {"gwp": {"value": 1, "unit": "g/kWh"}}}, "$.factors.gwp.source", "missing"),
        ({"energy_kwh": 1, "factors": {"gwp": {**FACTOR, "unit": "L/kWh"}}}, "$.factors.gwp.unit", "not known"),
        ({"energy_kwh": 1, "factors": {"gwp": {**FACTOR, "value": [3, 2, 1]}}}, "$.factors.gwp.value", "not in order"),
        ({"energy_kwh": 1, "factors": {"gwp": {**FACTOR, "scope": "best"}}}, "$.factors.gwp.scope", "not known"),
        ({"energy_kwh": 1, "factors": {"co2": FACTOR}}, "$.factors.co2", "not known"),
        ({"energy_kwh": 1, "wue_off_l_per_kwh": 1, "factors": {"water": {**FACTOR, "unit": "L/kWh"}}},
         "$.wue_off_l_per_kwh", "written too"),
        ({"method": "guess", "energy_kwh": 1}, "$.method", "guess"),
        ({"method": "ecologits", "decoded_tokens": 5}, "$", "Write billions"),
        ({"method": "ecologits", "decoded_tokens": 5, "billions": 8, "total_billions": 9}, "$", "Write billions"),
        ({"method": "ecologits", "decoded_tokens": 5, "active_billions": 9, "total_billions": 8}, "$", "cannot be"),
        ({"method": "ecologits", "decoded_tokens": -5, "billions": 8}, "$.decoded_tokens", ">= 0"),
    ],
    ids=lambda said: json.dumps(said)[:70] if not isinstance(said, str) else said[:40],
)  # fmt: skip
def test_impacts_that_have_no_meaning(said: Any, place: str, words: str) -> None:
    refused("impact", said, place, words)


def test_the_day_s_requests_share_each_second_they_are_there_together() -> None:
    requests = [{"id": "a", "start_s": 0, "end_s": 60}, {"id": "b", "start_s": 30, "end_s": 60}]
    found = ask("embodied", {**I200, "requests": requests})
    assert [one.machine_share_us for one in found.requests] == [45 * SECOND, 15 * SECOND]
    day = found.commons_day.gwp_kg.central
    assert [one.made.gwp_kg.central for one in found.requests] == pytest.approx([day * 0.75, day * 0.25])


@pytest.mark.parametrize(
    ("day", "state", "weighs"),
    [("2023-12-31", "before", False), ("2024-01-01", "serving", True), ("2028-01-02", "amortised", False)],
)
def test_a_machine_past_its_life_weighs_nothing(day: str, state: str, weighs: bool) -> None:
    found = ask("embodied", {**I200, "acquired": "2024-01-01", "day": day})
    assert (found.state, found.commons_day.gwp_kg.central > 0) == (state, weighs)


@pytest.mark.parametrize(
    ("said", "place", "words"),
    [
        ({}, "$", "made of"),
        ({"planned_years": 4}, "$", "made of"),
        ({**I200, "parts": []}, "$", "made of"),
        ({**I200, "planned_years": 0}, "$.planned_years", "> 0"),
        ({**I200, "age_years": -1}, "$.age_years", ">= 0"),
        ({**I200, "commons_share": 1.5}, "$", "at most 1"),
        ({**I200, "gwp_kg": [3, 2, 1]}, "$.gwp_kg", "not in order"),
        ({**I200, "acquired": "2024-01-01"}, "$.day", "which day"),
        ({**I200, "day": "yesterday"}, "$.day", "no day"),
        ({**I200, "requests": [{"id": "a"}]}, "$.requests[0]", "machine time"),
        ({**I200, "requests": [{"id": "a", "machine_s": 1}] * 2}, "$.requests[1].id", "twice"),
        ({"gwp_kg": 200, "requests": [{"id": "a", "machine_s": 1}]}, "$", "planned_years is missing"),
        ({"parts": [{"kind": "gpu", "model": "RTX 9999"}]}, "$.parts[0].model", "not known"),
        ({"parts": [{"kind": "gpu", "die_mm2": 471, "vram_gb": 11}]}, "$.parts[0]", "vram_chips is missing"),
        ({"parts": [{"kind": "psu"}, {"kind": "gpu", "die_mm2": -1}]}, "$.parts[1].die_mm2", ">= 0"),
        ({"parts": [{"kind": "flux"}]}, "$.parts[0].kind", "not known"),
        ({"parts": [{"kind": "cpu", "gwp_kg": 5}]}, "$.parts[0]", "without a source"),
        ({"parts": [{"kind": "cpu", "model": "x\ny\u0000", "gwp_kg": 5, "source": "s"}]}, "$.parts[0].model", ""),
    ],
    ids=lambda said: json.dumps(said)[:70] if not isinstance(said, str) else said[:40],
)  # fmt: skip
def test_machines_that_have_no_meaning(said: Any, place: str, words: str) -> None:
    refused("embodied", said, place, words)


@given(
    st.sampled_from(["kept", "pro_rata", "equal"]),
    st.lists(st.tuples(amounts, amounts), max_size=6),
    st.lists(amounts, min_size=5, max_size=5),
)
def test_closing_keeps_every_microjoule(rule: str, uses: list[tuple[int, int]], rest: list[int]) -> None:
    said = {
        "rule": rule,
        "members": [{"id": f"m{i}", "static_uj": s, "dynamic_uj": d} for i, (s, d) in enumerate(uses)],
        **dict(zip(("idle_uj", "unattributed_uj", "losses_uj", "overhead_uj", "contended_uj"), rest, strict=True)),
        "meter_uj": sum(s + d for s, d in uses) + sum(rest),
    }
    found = ask("close", said)
    assert (found.residual_uj, found.pot_uj) == (0, sum(rest[:4]))
    assert found.pot_shared_uj + found.pot_kept_uj == found.pot_uj
    borne = [one.keeping_on_uj for one in found.members]
    if rule == "kept":
        assert borne == [None] * len(uses)
    elif rule == "equal" and uses:
        assert sum(borne) == found.pot_uj
        assert max(borne) - min(borne) <= 1


@pytest.mark.parametrize(
    ("said", "place", "words"),
    [
        ({}, "$.rule", "missing"),
        ({"rule": "mine"}, "$.rule", "mine"),
        ({"rule": "equal", "members": [{"id": "a"}, {"id": "a"}]}, "$.members[1].id", "twice"),
        ({"rule": "equal", "idle_j": None}, "$", "not known"),
        ({"rule": "equal", "idle_j": -1}, "$.idle_j", ">= 0"),
        ({"rule": "equal", "members": [{"id": "a", "use_j": 5, "static_j": 1}]}, "$.members[0]", "parts too"),
        ({"rule": "pro_rata", "members": [{"id": "a", "use_j": 5}]}, "$.members[0]", "dynamic part"),
    ],
    ids=lambda said: json.dumps(said)[:70] if not isinstance(said, str) else said[:40],
)  # fmt: skip
def test_closings_that_have_no_meaning(said: Any, place: str, words: str) -> None:
    refused("close", said, place, words)

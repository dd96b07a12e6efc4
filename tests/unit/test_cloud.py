"""The cloud estimate: golden cases, EcoLogits itself as an oracle, ranges that enclose, nothing compared unlike."""

from __future__ import annotations

import math
import re

import pytest
from ecologits.impacts.llm import compute_llm_impacts
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint.cloud import CloudModel, catalogue, closed_form, compare, gpus_needed, model_of, water_l
from affouage.footprint.factors import Factor, GridFactors, Site
from affouage.units import Interval

PER_KWH = {  # kg CO2e, kg Sb eq, MJ, L
    "FRA": (0.04144, 4.858e-8, 9.3135, 3.6737),
    "SWE": (0.03526, 7.771e-8, 4.73, 6.0315),
    "DEU": (0.32965, 8.787e-8, 8.7477, 1.947),
}
NEAR = {"rel": 1e-6}


def dense(billions: float, **more: object) -> CloudModel:
    return CloudModel(active_billions=billions, total_billions=billions, **more)  # type: ignore[arg-type]


def test_g1() -> None:
    point = closed_form(dense(8), 400)
    gwp, adpe, pe, water = PER_KWH["FRA"]
    assert point.it_kwh == pytest.approx(2.9717528e-05, **NEAR)
    assert point.it_kwh * gwp == pytest.approx(1.2314944e-06, **NEAR)
    assert point.it_kwh * adpe == pytest.approx(1.4436775e-12, **NEAR)
    assert point.it_kwh * pe == pytest.approx(2.767742e-04, **NEAR)
    litres = water_l(point.it_kwh, wue_on_l_per_kwh=0, pue=1, off_site_l_per_kwh=water)
    assert litres == pytest.approx(1.0917328e-04, **NEAR)
    assert point.embodied_gwp_kg == pytest.approx(2.9209228e-06, **NEAR)
    assert point.embodied_adpe_kg_sb == pytest.approx(1.6360724e-10, **NEAR)
    assert point.embodied_pe_mj == pytest.approx(3.6962789e-05, **NEAR)


def test_g2() -> None:
    point = closed_form(CloudModel(active_billions=12.9, total_billions=46.7), 200, latency_s=10)
    assert point.gpus == 2
    assert point.it_kwh == pytest.approx(3.1699385e-05, **NEAR)
    assert 1.2 * point.it_kwh == pytest.approx(3.8039262e-05, **NEAR)
    assert 1.2 * point.it_kwh * PER_KWH["FRA"][0] == pytest.approx(1.576347e-06, **NEAR)
    litres = water_l(point.it_kwh, wue_on_l_per_kwh=0.37, pue=1.2, off_site_l_per_kwh=PER_KWH["FRA"][3])
    assert litres == pytest.approx(1.5147361e-04, **NEAR)
    assert point.embodied_gwp_kg == pytest.approx(3.1373742e-06, **NEAR)


def test_g3() -> None:
    point = closed_form(dense(24), 400)
    assert 1.16 * point.it_kwh == pytest.approx(4.1979121e-05, **NEAR)
    assert 1.16 * point.it_kwh * PER_KWH["SWE"][0] == pytest.approx(1.4801838e-06, **NEAR)
    litres = water_l(point.it_kwh, wue_on_l_per_kwh=0.09, pue=1.16, off_site_l_per_kwh=PER_KWH["SWE"][3])
    assert litres == pytest.approx(2.5645407e-04, **NEAR)
    assert point.embodied_gwp_kg == pytest.approx(3.6277028e-06, **NEAR)


def test_g4() -> None:
    point = closed_form(dense(70, bits=4, tokens_per_s=20, first_token_s=0.5), 1000)
    assert point.seconds == 50.5
    assert 1.3 * point.it_kwh == pytest.approx(1.4724562e-04, **NEAR)
    assert 1.3 * point.it_kwh * PER_KWH["DEU"][0] == pytest.approx(4.8539517e-05, **NEAR)
    litres = water_l(point.it_kwh, wue_on_l_per_kwh=0.2, pue=1.3, off_site_l_per_kwh=PER_KWH["DEU"][3])
    assert litres == pytest.approx(3.0934038e-04, **NEAR)
    assert point.embodied_gwp_kg == pytest.approx(8.219401e-06, **NEAR)


def test_g5_the_building_counts_once() -> None:
    assert water_l(0.5, wue_on_l_per_kwh=0.37, pue=1.2, off_site_l_per_kwh=3.6737) == pytest.approx(2.38922, **NEAR)


sizes = st.floats(0.1, 2000).map(lambda value: round(value, 3))


@given(
    total=sizes,
    part=st.floats(0.01, 1),
    tokens=st.integers(1, 100_000),
    bits=st.sampled_from([4, 8, 16, 32]),
    speed=st.none() | st.tuples(st.floats(1, 500), st.floats(0, 20)),
    latency_s=st.just(math.inf) | st.floats(0.1, 600),
    pue=st.floats(1, 2),
    wue=st.floats(0, 3),
    zone=st.sampled_from(sorted(PER_KWH)),
)
def test_the_same_as_ecologits(
    total: float,
    part: float,
    tokens: int,
    bits: int,
    speed: tuple[float, float] | None,
    latency_s: float,
    pue: float,
    wue: float,
    zone: str,
) -> None:
    tps, ttft = speed or (None, None)
    model = CloudModel(
        active_billions=total * part, total_billions=total, bits=bits, tokens_per_s=tps, first_token_s=ttft
    )
    gwp, adpe, pe, water = PER_KWH[zone]
    theirs = compute_llm_impacts(
        model_active_parameter_count=total * part,
        model_total_parameter_count=total,
        output_token_count=tokens,
        if_electricity_mix_adpe=adpe,
        if_electricity_mix_pe=pe,
        if_electricity_mix_gwp=gwp,
        if_electricity_mix_wue=water,
        datacenter_pue=pue,
        datacenter_wue=wue,
        request_latency=latency_s,
        tps=tps,
        ttft=ttft,
        model_quantization_bits=bits,
    )
    ours = closed_form(model, tokens, latency_s)
    assert ours.it_kwh * pue == pytest.approx(theirs.energy.value, rel=1e-9)
    assert ours.it_kwh * pue * gwp == pytest.approx(theirs.usage.gwp.value, rel=1e-9)
    litres = water_l(ours.it_kwh, wue_on_l_per_kwh=wue, pue=pue, off_site_l_per_kwh=water)
    assert litres == pytest.approx(theirs.usage.wcf.value, rel=1e-9)
    assert ours.embodied_gwp_kg == pytest.approx(theirs.embodied.gwp.value, rel=1e-9)
    assert ours.embodied_adpe_kg_sb == pytest.approx(theirs.embodied.adpe.value, rel=1e-9)
    assert ours.embodied_pe_mj == pytest.approx(theirs.embodied.pe.value, rel=1e-9)


def factor(low: float, central: float, high: float, unit: str) -> Factor:
    return Factor(
        value=Interval(low, central, high),
        unit=unit,
        scope="life cycle",
        source="this test",
        url="",
        year=2024,
        licence="",
        retrieved="2026-11-22",
    )


FRANCE = GridFactors(
    set_id="test",
    country="FRA",
    gwp=factor(41.44, 51.9, 98, "g CO2e/kWh"),
    water=factor(3, 3.6737, 4, "L/kWh"),
    adpe=factor(4e-5, 4.858e-5, 6e-5, "g Sb eq/kWh"),
)


@pytest.mark.parametrize("key", [one.key for one in catalogue().model])
def test_the_range_is_the_documented_one_and_encloses_the_closed_form(key: str) -> None:
    model = model_of(key)
    point, estimate = closed_form(model, 400), compare(400, model, FRANCE)
    pue = catalogue().place.site.pue
    central_uj = point.it_kwh * 3.6e12
    assert estimate.energy_uj.central == pytest.approx(central_uj * pue.central)
    assert estimate.energy_uj.low == pytest.approx(central_uj / 1.5 * pue.low)
    assert estimate.energy_uj.high == pytest.approx(central_uj * 4 * pue.high)
    assert estimate.use.gwp_g is not None
    assert estimate.use.gwp_g.central == pytest.approx(point.it_kwh * pue.central * 51.9)
    assert estimate.use.gwp_g.low == pytest.approx(point.it_kwh / 1.5 * pue.low * 41.44)
    assert estimate.use.primary_energy_mj is None, "an unknown factor gives an unknown impact"
    assert estimate.embodied.gwp_g is not None
    assert estimate.embodied.gwp_g.central == pytest.approx(point.embodied_gwp_kg * 1000)
    assert estimate.embodied.gwp_g.high == pytest.approx(2 * estimate.embodied.gwp_g.central)
    assert estimate.embodied.water_l is None
    assert estimate.total_gwp_g == estimate.use.gwp_g + estimate.embodied.gwp_g
    assert {estimate.quality, estimate.use.quality, estimate.embodied.quality} == {"estimated"}


def test_without_a_zone_there_are_no_grams() -> None:
    estimate = compare(400, model_of("small"), None)
    assert estimate.energy_uj.central > 0
    assert estimate.use.gwp_g is None
    assert estimate.total_gwp_g is None


def test_the_central_figure_of_a_known_place() -> None:
    one = Interval(1.0, 1.0, 1.0)
    estimate = compare(400, dense(8), FRANCE, Site(one, Interval(0.0, 0.0, 0.0)))
    assert estimate.energy_uj.central / 3.6e12 == pytest.approx(2.9717528e-05, **NEAR)


@given(tokens=st.integers(0, 10_000), more=st.integers(0, 10_000), size=sizes, larger=sizes)
def test_more_never_costs_less(tokens: int, more: int, size: float, larger: float) -> None:
    assert closed_form(dense(size), tokens + more).it_kwh >= closed_form(dense(size), tokens).it_kwh
    small, large = sorted((size, larger))
    assert closed_form(dense(large), tokens).it_kwh >= closed_form(dense(small), tokens).it_kwh
    assert gpus_needed(dense(large)) >= gpus_needed(dense(small)) >= 1


def test_sizes_by_name_and_by_figure() -> None:
    assert model_of("large").active_billions == 70
    assert model_of("70").total_billions == 70
    mixture = model_of("12,9/46.7")
    assert (mixture.active_billions, mixture.total_billions) == (12.9, 46.7)


@pytest.mark.parametrize("size", ["", "gpt", "-1", "0", "nan", "inf", "70/8", "1e9", "8/", "8/x", "1/2/3"])
def test_sizes_that_cannot_be(size: str) -> None:
    if size == "8/":
        assert model_of(size).total_billions == 8
        return
    with pytest.raises(BadRequest) as refused:
        model_of(size)
    assert refused.value.remedy


@pytest.mark.parametrize("tokens", [-1, math.nan, math.inf])
def test_counts_that_cannot_be(tokens: float) -> None:
    with pytest.raises(BadRequest):
        closed_form(dense(8), tokens)


def test_published_figures_say_who_when_where_and_what_they_count() -> None:
    cited = catalogue().published
    assert {"Google, Gemini", "Mistral, Large 2"} <= {one.who for one in cited}
    for one in cited:
        assert re.fullmatch(r"20\d\d-\d\d", one.date)
        assert one.url.startswith("https://")
        assert len(one.scope_fr) > 40
        assert len(one.scope_en) > 40
        assert "'" not in one.fr + one.scope_fr
        assert not any(isinstance(getattr(one, name), float) for name in one.__struct_fields__), "words, no operands"

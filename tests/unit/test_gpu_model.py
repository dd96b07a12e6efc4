"""The model of graphics cards: the golden case, and what must hold for any card."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.footprint import gpu_model
from affouage.footprint.gpu_model import CardFacts, exact, making, wafer_area_mm2
from affouage.footprint.parts import facts_of, find_card, known_cards
from affouage.units import Interval

GTX_1080_TI = CardFacts(
    die_mm2=471,
    wafer_mm2=1208.49,
    vram_gb=11,
    vram_chips=11,
    board_cm2=exact(312.14),
    casing_kg=exact(0.252),
    heatsink_kg=exact(0.427),
    mass_kg=exact(0.881),
)
H100_SXM = CardFacts(
    die_mm2=814,
    vram_gb=80,
    vram_chips=6,
    board_cm2=exact(296.37),
    casing_kg=exact(0.78923),
    heatsink_kg=exact(0.90077),
    mass_kg=exact(1.69),
)


def test_golden_case_g6() -> None:
    cost = making(GTX_1080_TI)
    assert cost.gwp_kg is not None
    assert cost.gwp_kg.central == pytest.approx(109.0236, rel=1e-6)
    assert cost.adpe_kg_sb is not None
    assert cost.adpe_kg_sb.central == pytest.approx(0.00488965, rel=1e-6)
    assert cost.primary_energy_mj is not None
    assert cost.primary_energy_mj.central == pytest.approx(1619.64, rel=1e-5)
    large = making(H100_SXM).gwp_kg
    assert large is not None
    assert large.central == pytest.approx(575.098, rel=1e-6)


def test_a_result_is_from_half_to_twice_and_wider_for_what_is_estimated() -> None:
    cost = making(GTX_1080_TI).gwp_kg
    assert cost is not None
    assert (cost.low, cost.high) == pytest.approx((cost.central / 2, cost.central * 2))
    unweighed = CardFacts(
        die_mm2=471,
        wafer_mm2=1208.49,
        vram_gb=11,
        vram_chips=11,
        board_cm2=gpu_model.board_from_size(267, 111),
        mass_kg=gpu_model.mass_from_power(250),
        heatsink_kg=gpu_model.heatsink_from_mass(gpu_model.mass_from_power(250)),
        casing_kg=gpu_model.casing_from_mass(gpu_model.mass_from_power(250)),
    )
    wider = making(unweighed).gwp_kg
    assert wider is not None
    assert wider.low < cost.low < cost.high < wider.high


def test_the_rules_of_estimation_enclose_the_cards_that_were_taken_apart() -> None:
    outer_mm = {  # outer size of the card as sold
        "GeForce GTX 1080 Ti": (267, 111),
        "RTX A4500": (267, 112),
        "Tesla P100 PCIe 16GB": (267, 111),
        "L4": (169, 69),
        "A100 PCIe 40GB": (267, 111),
        "Tesla T4": (169, 69),
    }
    watts = {"GeForce GTX 1080 Ti": 250, "RTX A4500": 200, "Tesla P100 PCIe 16GB": 250, "L4": 72, "A100 PCIe 40GB": 250}
    for name, size in outer_mm.items():
        card = find_card(name)
        assert card.board_cm2 is not None
        board = gpu_model.board_from_size(*size)
        assert board.low <= card.board_cm2 <= board.high, name
    for name, power in watts.items():
        card = find_card(name)
        assert card.mass_kg is not None
        assert card.heatsink_kg is not None
        assert card.casing_kg is not None
        mass = gpu_model.mass_from_power(power)
        assert mass.low <= card.mass_kg <= mass.high, name
        sink = gpu_model.heatsink_from_mass(exact(card.mass_kg))
        assert sink.low <= card.heatsink_kg <= sink.high, name
        casing = gpu_model.casing_from_mass(exact(card.mass_kg))
        assert casing.low <= card.casing_kg <= casing.high, name


def test_published_areas_of_wafer_are_those_of_the_formula() -> None:
    published = [card for card in known_cards() if card.wafer_mm2 is not None]
    assert len(published) >= 8
    for card in published:
        assert wafer_area_mm2(card.die_mm2) == pytest.approx(card.wafer_mm2, rel=5e-3), card.name


@pytest.mark.parametrize("die", [0, -1, 1000.5, float("nan"), float("inf")])
def test_no_such_chip(die: float) -> None:
    with pytest.raises(ValueError, match="mm2"):
        wafer_area_mm2(die)


areas = st.floats(min_value=1, max_value=1000)


@given(areas, areas)
def test_a_larger_chip_never_takes_less_wafer_and_always_more_than_itself(one: float, other: float) -> None:
    small, large = sorted((one, other))
    assert small < wafer_area_mm2(small) <= wafer_area_mm2(large)


kg = st.floats(min_value=0.01, max_value=5)
spans = st.tuples(kg, kg, kg).map(lambda three: Interval(*sorted(three)))
facts = st.builds(
    CardFacts,
    die_mm2=areas,
    vram_gb=st.floats(min_value=0.5, max_value=48),
    vram_chips=st.integers(min_value=1, max_value=32),
    board_cm2=st.tuples(*(st.floats(min_value=10, max_value=500) for _ in "abc")).map(lambda t: Interval(*sorted(t))),
    casing_kg=spans,
    heatsink_kg=spans,
    mass_kg=spans,
)


def figures(card: CardFacts) -> list[float]:
    cost = making(card)
    return [
        bound
        for one in (cost.gwp_kg, cost.adpe_kg_sb, cost.primary_energy_mj)
        if one is not None
        for bound in (one.low, one.central, one.high)
    ]


@settings(max_examples=60)
@given(facts, st.sampled_from(("die_mm2", "vram_gb", "board_cm2", "casing_kg", "heatsink_kg", "mass_kg")))
def test_more_area_memory_or_mass_costs_more(card: CardFacts, which: str) -> None:
    from msgspec.structs import replace

    held = getattr(card, which)
    more = held.scaled(1.02) if isinstance(held, Interval) else min(held * 1.02, 1000.0)
    before, after = figures(card), figures(replace(card, **{which: more}))
    assert len(before) == 9
    assert all(figure > 0 for figure in before)
    assert all(one <= other * (1 + 1e-12) for one, other in zip(before, after, strict=True))


def test_every_known_card_can_be_computed() -> None:
    for card in known_cards():
        low, central, high = figures(facts_of(card)[0])[:3]
        assert 10 < low < central < high < 1500, card.name

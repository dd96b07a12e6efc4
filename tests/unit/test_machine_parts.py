"""Known parts: found by their very name, refused otherwise, each fact with its source."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint.parts import archetype_making, facts_of, find_card, known_archetypes, known_cards

NAMES = sorted({name for card in known_cards() for name in (card.name, *card.aliases)})


def test_the_cards_that_were_asked_for_are_there() -> None:
    wanted = (
        *("GTX 1060 6GB", "GTX 1070", "GTX 1080", "GTX 1080 Ti", "GTX 1660 Super", "RTX 2060", "RTX 2070"),
        *("RTX 2080 Ti", "RTX 3060 12GB", "RTX 3070", "RTX 3080 10GB", "RTX 3090", "RTX 4060 Ti 16GB", "RTX 4070"),
        *("RTX 4090", "Tesla P40", "RTX A2000 6GB", "RTX A4000"),
    )
    for name in wanted:
        assert find_card(name)


@pytest.mark.parametrize(
    ("driver", "name"),
    [
        ("NVIDIA GeForce RTX 3090", "GeForce RTX 3090"),
        ("nvidia  geforce rtx 3090", "GeForce RTX 3090"),
        ("Tesla P40", "Tesla P40"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM 80GB"),
    ],
)
def test_found_by_what_the_driver_says(driver: str, name: str) -> None:
    assert find_card(driver).name == name


def test_the_trap_of_resemblance() -> None:
    """The public tool makes an A4500, or an H100, of each of these."""
    for near in ("RTX 309", "RTX 3090 Ti", "NVIDIA RTX 3091", "GeForce 3090", "RTX3090", "RTX-3090", "RTX A45000", ""):
        with pytest.raises(BadRequest) as refused:
            find_card(near)
        assert refused.value.code == "unknown_card"
        assert "die_mm2" in refused.value.remedy
    with pytest.raises(BadRequest) as refused:
        find_card("RTX 3090 Ti")
    assert "GeForce RTX 3090" in refused.value.remedy


def test_one_name_for_two_memories() -> None:
    with pytest.raises(BadRequest, match=r"8 or 16 GB"):
        find_card("NVIDIA GeForce RTX 4060 Ti")
    assert find_card("NVIDIA GeForce RTX 4060 Ti", 16).vram_chips == 8
    assert find_card("NVIDIA GeForce RTX 4060 Ti", 8).vram_chips == 4
    with pytest.raises(BadRequest, match="12 GB"):
        find_card("NVIDIA GeForce RTX 3060", 8)


@settings(max_examples=200)
@given(st.text(max_size=30) | st.sampled_from(NAMES).map(lambda name: name[:-1]))
def test_any_other_name_is_refused(name: str) -> None:
    if " ".join(name.casefold().split()) in {" ".join(one.casefold().split()) for one in NAMES}:
        return
    with pytest.raises(BadRequest):
        find_card(name)


def test_every_fact_of_every_card_has_its_source_or_its_rule() -> None:
    for card in known_cards():
        _, told = facts_of(card)
        for fact, value in told.items():
            assert "estimated from" in value or "(" in value, (card.name, fact, value)


def test_names_are_those_of_one_card_but_for_memory() -> None:
    for name in NAMES:
        carriers = [card for card in known_cards() if name in (card.name, *card.aliases)]
        assert len({card.vram_gb for card in carriers}) == len(carriers), name


def test_archetypes_are_whole() -> None:
    kinds = {one.kind for one in known_archetypes()}
    assert kinds == {"motherboard", "cpu", "ram", "ssd", "hdd", "psu", "case", "assembly", "computer"}
    for one in known_archetypes():
        assert one.source
        assert one.licence
        cost = archetype_making(one, 16.0 if one.key == "gb" else None)
        assert cost.gwp_kg is not None
        assert 0 < cost.gwp_kg.low <= cost.gwp_kg.central / 2
    mini = next(one for one in known_archetypes() if one.model == "mini-pc")
    assert archetype_making(mini, None).adpe_kg_sb is None, "what nobody publishes is unknown"


@given(st.floats(min_value=0.1, max_value=1000), st.floats(min_value=0.1, max_value=1000))
def test_more_of_a_part_costs_more(one: float, other: float) -> None:
    small, large = sorted((one, other))
    for archetype in known_archetypes():
        if archetype.key is None:
            continue
        less, more = archetype_making(archetype, small).gwp_kg, archetype_making(archetype, large).gwp_kg
        assert less is not None
        assert more is not None
        assert less.low <= more.low
        assert less.high <= more.high


def test_a_size_that_is_needed() -> None:
    ram = next(one for one in known_archetypes() if one.kind == "ram")
    with pytest.raises(ValueError, match="gb"):
        archetype_making(ram, None)

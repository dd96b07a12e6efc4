"""Everyday equivalents: dated, traced, and never beside a figure of another scope."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint.equivalents import equivalents, like
from affouage.units import Interval


def test_the_table_is_that_of_impact_co2_of_june_2026() -> None:
    table = equivalents()
    assert (table.published.isoformat(), table.unit, table.scope) == ("2026-06-12", "g CO2e", "use and making")
    grams = {one.id: one.gwp_g for one in table.equivalent}
    assert grams["tgv-km"] == 2.93
    assert grams["car-km"] == pytest.approx(142.3, abs=0.05)
    assert grams["ter-km"] == pytest.approx(27.7, abs=0.05)
    assert grams["electric-car-km"] == pytest.approx(67.4, abs=0.05)
    assert grams["videoconference-hour"] == pytest.approx(57.1, abs=0.05)
    assert grams["streaming-hour"] == pytest.approx(64.0, abs=0.05)
    assert grams["email"] == pytest.approx(2.46, abs=0.005)
    assert (grams["web-search"], grams["tap-water-litre"]) == (1.23, 0.132)
    assert (grams["vegetarian-meal"], grams["beef-meal"]) == (850, 4970)


def test_each_is_told_in_both_languages_with_what_it_includes_and_where() -> None:
    table = equivalents()
    assert len({one.id for one in table.equivalent}) == len(table.equivalent)
    for one in table.equivalent:
        assert one.fr
        assert one.en
        assert one.includes
        assert one.url.startswith("https://impactco2.fr/")


def test_ten_kilometres_by_train() -> None:
    found = {one.equivalent.id: one.amount for one in like(Interval(14.65, 29.3, 58.6), "use and making")}
    assert found["tgv-km"].low == pytest.approx(5)
    assert found["tgv-km"].central == pytest.approx(10)
    assert found["tgv-km"].high == pytest.approx(20)


def test_electricity_alone_is_not_compared() -> None:
    with pytest.raises(BadRequest) as refused:
        like(Interval(1, 2, 3), "use")
    assert refused.value.code == "unlike_scopes"
    assert "machine" in refused.value.remedy


def test_unknown_is_like_nothing() -> None:
    assert like(None, "use and making") == ()


@given(st.lists(st.floats(0, 1e9), min_size=3, max_size=3).map(sorted))
def test_amounts_weigh_what_was_asked_about(three: list[float]) -> None:
    asked = Interval(*three)
    for one in like(asked, "use and making"):
        assert one.amount.low * one.equivalent.gwp_g == pytest.approx(asked.low)
        assert one.amount.high * one.equivalent.gwp_g == pytest.approx(asked.high)

"""Past periods counted again: the same energies, other factors, and nothing rewritten."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest, SettingsError
from affouage.footprint.factors import Factor, GridFactors, Site
from affouage.footprint.restatement import Booked, Restatement, restate
from affouage.ledger.receipt import Energy
from affouage.units import Interval

KWH_UJ = 3.6e12


def grid(set_id: str, g_per_kwh: float, water: float | None = None) -> GridFactors:
    def factor(value: float) -> Factor:
        return Factor(
            value=Interval(value / 2, value, value * 2),
            unit="u",
            scope="life cycle",
            source="s",
            url="u",
            year=2026,
            licence="l",
            retrieved="",
        )

    return GridFactors(set_id=set_id, country="", gwp=factor(g_per_kwh), water=None if water is None else factor(water))


def row(kwh: float, factor_set: str, day: str = "2026-11-03") -> Booked:
    energy = Energy(interval_uj=Interval(*(kwh * KWH_UJ * k for k in (0.97, 1, 1.03))), quality="measured")
    return Booked(day=day, machine_id="m", factor_set=factor_set, energy=energy)


def again(rows: list[Booked], old: list[GridFactors], new: GridFactors, reason: str = "ADEME corrected") -> Restatement:
    return restate(
        rows, id="r1", periods=("2026-11",), old={one.set_id: one for one in old}, new=new, reason=reason, site=Site()
    )


def test_two_sets_restated_to_a_third() -> None:
    found = again([row(2, "a"), row(3, "b"), row(5, "c")], [grid("a", 50), grid("b", 60)], grid("c", 100))
    assert found.old.gwp_g is not None
    assert found.new.gwp_g is not None
    assert found.old.gwp_g.central == pytest.approx(2 * 50 + 3 * 60 + 5 * 100)
    assert found.new.gwp_g.central == pytest.approx(10 * 100)
    assert found.change()["gwp_g"] == pytest.approx(1000 - 780)
    assert found.change()["water_l"] is None
    assert (found.old_set, found.new_set) == ("a + b + c", "c")
    assert (found.old.quality, found.new.quality) == ("declared", "declared")


def test_what_was_unknown_then_is_counted_now_and_the_old_total_says_at_least() -> None:
    found = again([row(2, "a"), row(3, "")], [grid("a", 50)], grid("c", 100))
    assert found.old.gwp_g is not None
    assert found.old.gwp_g.central == pytest.approx(100)
    assert found.old.at_least
    assert found.new.gwp_g is not None
    assert found.new.gwp_g.central == pytest.approx(500)
    assert not found.new.at_least
    assert again([row(1, "")], [], grid("c", 100)).old.gwp_g is None


def test_a_restatement_goes_through_the_ledger_and_back() -> None:
    found = again([row(2, "a")], [grid("a", 50, 3)], grid("c", 100, 4))
    assert msgspec.json.decode(msgspec.json.encode(found), type=Restatement) == found
    assert (found.id, found.attempt, found.member_id) == ("r1", 1, "")


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(BadRequest, match="reason"):
        again([row(2, "a")], [grid("a", 50)], grid("c", 100), reason="  ")
    with pytest.raises(BadRequest, match="Nothing"):
        again([row(2, "c")], [], grid("c", 100))
    with pytest.raises(BadRequest, match="Nothing"):
        again([], [], grid("c", 100))
    with pytest.raises(SettingsError, match="set a"):
        again([row(2, "a")], [], grid("c", 100))


@given(st.lists(st.tuples(st.floats(0, 1e3), st.sampled_from(["a", "b"])), min_size=1, max_size=12), st.randoms())
def test_the_same_factors_change_nothing_and_the_order_of_rows_neither(rows: list[tuple[float, str]], random) -> None:  # type: ignore[no-untyped-def]
    booked = [row(kwh, name) for kwh, name in rows]
    found = again(booked, [grid("a", 50), grid("b", 50)], grid("c", 50))
    change = found.change()["gwp_g"]
    assert found.old.gwp_g is not None
    assert change == pytest.approx(0, abs=1e-9 * max(1.0, float(found.old.gwp_g.central)))
    random.shuffle(booked)
    shuffled = again(booked, [grid("a", 50), grid("b", 50)], grid("c", 50))
    assert shuffled.new.gwp_g is not None
    assert found.new.gwp_g is not None
    assert shuffled.new.gwp_g.central == pytest.approx(found.new.gwp_g.central)

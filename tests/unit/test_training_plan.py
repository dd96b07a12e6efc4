"""What a run will take: sums of what was measured, never a figure that nobody told."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.adapters.trainers.calibrating import watts_of
from affouage.assembly.member import Role
from affouage.errors import RuleRefused
from affouage.footprint.factors import grid_factors
from affouage.footprint.meter import MeterInfo, Reading
from affouage.training.runs.plan import Plan, Rates, Watts, fits, plan
from affouage.training.runs.receipt import by_plan
from affouage.training.runs.rules import (
    TrainingRules,
    check_training,
    kwh_allowed,
    least_role,
    loosens,
    needs_vote,
    rounded_up,
)
from affouage.units import Interval
from tests.integration.training_house import SEEN, THIRTY_WATTS, TINY, planned

KILOS = st.floats(0, 9_999, allow_nan=False)


def test_the_sums_are_those_of_the_calibration() -> None:
    settings = msgspec.structs.replace(TINY, steps=1_000, evaluate_every_steps=100)
    made = plan(settings, SEEN, THIRTY_WATTS, Rates(), held_out_bytes=26_800, made_ms=5)
    tokens = 1_000 * 4 * 32
    assert (made.tokens, made.evaluations) == (tokens, 12)
    read_s = 12 * (26_800 / 4) / 67_000  # eleven looks at 6,700 tokens, and the test at its end
    assert made.hours.central * 3600 == pytest.approx(0.6 + tokens / 26_000 + read_s)
    assert made.hours.low * 3600 == pytest.approx(0.6 + tokens / 30_000)
    assert made.hours.high * 3600 == pytest.approx(0.6 + 1.5 * (tokens / 18_000 + read_s))
    assert made.kwh is not None
    assert made.kwh.central == pytest.approx(made.hours.central * 0.030)
    assert made.kwh.high == pytest.approx(made.hours.high * 0.090)
    assert (made.memory_bytes.low, made.memory_bytes.high) == (380_000_000, 475_000_000)
    assert (made.eur, made.impacts.gwp_g) == (None, None), "nobody told a price, nor a country"


def test_with_a_country_and_a_price_it_tells_grams_and_euros() -> None:
    rates = Rates(grid=grid_factors("FRA"), eur_per_kwh=0.25)
    made = plan(TINY, SEEN, THIRTY_WATTS, rates, held_out_bytes=0, made_ms=5)
    assert made.kwh is not None
    assert made.eur is not None
    assert made.eur.central == pytest.approx(made.kwh.central * 0.25)
    assert made.impacts.gwp_g is not None
    assert made.impacts.gwp_g.low <= made.impacts.gwp_g.central <= made.impacts.gwp_g.high


def test_no_meter_no_energy_and_then_a_vote() -> None:
    made = planned(TINY, watts=Watts())
    assert (made.kwh, made.eur, made.kwh_high) == (None, None, None)
    assert needs_vote(TrainingRules(without_vote_kwh=10_000), "x", made.kwh_high), "unknown is below no limit"
    assert not needs_vote(TrainingRules(admitted={"x": 1.0}), "x", made.kwh_high), "a vote on that run admits it"


@given(st.integers(1, 10**6), st.integers(0, 10**9))
def test_a_longer_run_never_takes_less(steps: int, held_out_bytes: int) -> None:
    one, more = (planned(msgspec.structs.replace(TINY, steps=many), held_out_bytes) for many in (steps, steps + 1))
    for name in ("hours", "kwh"):
        for bound in ("low", "central", "high"):
            assert getattr(getattr(one, name), bound) <= getattr(getattr(more, name), bound)
    assert msgspec.convert(msgspec.json.decode(msgspec.json.encode(one)), Plan) == one, "kept as it was told"


def test_it_fits_or_not_or_nobody_knows() -> None:
    made = planned(TINY)
    assert [fits(made, total) for total in (379_999_999, 380_000_000, None)] == [False, True, None]


def test_what_no_meter_saw_is_estimated_from_processor_time() -> None:
    made = planned(TINY)
    work_s = 6_400 / 26_000  # of learning, by the wall, for 0.24 s of a processor
    used = by_plan(made, 240_000)
    assert used.interval_uj is not None
    assert used.interval_uj.central == pytest.approx(work_s * 30e6, rel=1e-6)
    assert (used.quality, used.static_uj) == ("estimated", None)
    assert by_plan(planned(TINY, watts=Watts()), 240_000).interval_uj is None


@given(KILOS, KILOS, KILOS)
def test_a_run_starts_alone_exactly_up_to_what_it_may_use(free: float, admitted: float, high: float) -> None:
    rules = TrainingRules(without_vote_kwh=free, admitted={"mairie": admitted})
    check_training(rules)
    assert needs_vote(rules, "mairie", high) == (high > max(free, admitted))
    assert needs_vote(rules, "autre", high) == (high > free)
    assert kwh_allowed(rules, "autre") == free


@given(st.floats(1e-6, 1e4))
def test_what_is_proposed_is_enough_and_hardly_more(kwh: float) -> None:
    assert kwh <= rounded_up(kwh) * (1 + 1e-9) <= kwh * 1.11


def test_what_loosens_takes_a_reinforced_vote_and_admitting_one_run_does_not() -> None:
    now = TrainingRules()
    assert loosens(now, TrainingRules(ask="members"))
    assert loosens(now, TrainingRules(without_vote_kwh=2.0))
    assert not loosens(now, TrainingRules(ask="operators", without_vote_kwh=0.5, admitted={"mairie": 50.0}))
    assert {Role(least_role(TrainingRules(ask=ask))) for ask in ("operators", "stewards", "members")} == {
        Role.OPERATOR,
        Role.STEWARD,
        Role.MEMBER,
    }


@pytest.mark.parametrize("name", ["", "Mairie", "a b", "x" * 41, "../x", "-a", "a--b", "é"])
def test_an_admitted_run_has_a_name(name: str) -> None:
    with pytest.raises(RuleRefused):
        check_training(TrainingRules(admitted={name: 1.0}))
    with pytest.raises(RuleRefused):
        check_training(TrainingRules(admitted={"mairie": float("nan")}))


INFO = MeterInfo(
    id="m", kind="plug", covers=("machine",), quality="measured", low_factor=0.9, high_factor=1.1, method="plug"
)


def reading(at_s: float, uj: int, epoch: str = "e") -> Reading:
    return Reading(at_us=int(at_s * 1e6), epoch=epoch, counters_uj={"m": uj})


def test_watts_are_those_of_the_last_seconds_not_of_the_loading() -> None:
    readings = [reading(0, 0), reading(5, 500_000_000), reading(6, 530_000_000), reading(7, 560_000_000)]
    seen = watts_of(readings, INFO, seconds=2)
    assert seen.interval == Interval(27.0, 30.0, 33.0)
    assert seen.quality == "measured"


def test_watts_nobody_told_are_unknown() -> None:
    short = [reading(0, 0), reading(0.5, 15_000_000)]
    gone = [reading(0, 0), reading(2, 60_000_000), reading(3, 0, "another")]
    assert watts_of([], INFO, 2).interval is None
    assert watts_of(short, INFO, 2).interval is None
    assert watts_of(gone, INFO, 3).interval == Interval(27.0, 30.0, 33.0), "the reading after its end is no part of it"
    assert watts_of([reading(0, 0), reading(3, 5, "x"), reading(4, 5, "y")], INFO, 4).interval is None


def test_a_short_calibration_tells_the_power_of_its_last_passes() -> None:
    readings = [reading(n / 2, n * 15_000_000) for n in range(10)]
    assert watts_of(readings, INFO, seconds=0.5).interval == Interval(27.0, 30.0, 33.0)

"""Figures in words: never zero for what is not, never more precise than known, one language at a time."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from affouage.footprint.estimate import estimate
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web.language import language

FRENCH, ENGLISH = language("fr"), language("en")
positive = st.floats(min_value=1e-9, max_value=1e12)


def read_back(text: str) -> float:
    return float(text.replace("\u202f", "").replace("\u00a0", "").replace(",", "."))


@given(positive)
def test_two_significant_figures_in_french(value: float) -> None:
    shown = wording.figures(value, FRENCH)
    assert "." not in shown
    assert abs(read_back(shown) - value) <= 0.051 * value
    assert read_back(shown) > 0


@given(positive)
def test_english_groups_with_commas_and_has_a_point(value: float) -> None:
    shown = wording.figures(value, ENGLISH)
    assert abs(float(shown.replace(",", "")) - value) <= 0.051 * value


@given(positive, st.floats(min_value=0.1, max_value=1), st.floats(min_value=1, max_value=10))
def test_an_energy_keeps_its_order_and_its_unit(central: float, down: float, up: float) -> None:
    shown, spread = wording.energy(Interval(central * down, central, central * up), FRENCH)
    figure, unit = shown.split(wording.NO_BREAK)
    low, high = spread.split(" à ")
    assert unit in ("kWh", "Wh", "mWh", "µWh")
    assert 0 < read_back(low) <= read_back(figure) * 1.06
    assert read_back(figure) <= read_back(high) * 1.06


def test_the_line_of_the_design() -> None:
    assert wording.energy(Interval(0.1 * 3.6e9, 0.4 * 3.6e9, 1.2 * 3.6e9), FRENCH) == ("0,4\u00a0Wh", "0,1 à 1,2")
    assert wording.duration(300, FRENCH) == "0,3\u00a0s"


def test_what_took_place_took_time() -> None:
    assert wording.duration(0, FRENCH) == "moins de 0,1\u00a0s"
    assert wording.duration(49, ENGLISH) == "less than 0.1\u00a0s"


@given(st.integers(min_value=0, max_value=10**9))
def test_durations_lose_less_than_one_part_in_twenty(ms: int) -> None:
    shown = wording.duration(ms, ENGLISH)
    if shown.startswith("less"):
        assert ms <= 50
        return
    units = {"s": 1000, "min": 60_000, "h": 3_600_000}
    parts = [part.split(wording.NO_BREAK) for part in shown.split(" ")]
    told_ms = sum(float(figure) * units[unit] for figure, unit in parts)
    assert abs(told_ms - ms) <= max(51, 0.05 * ms)


@given(st.integers(min_value=0, max_value=10**15))
def test_sizes_can_be_read_back(size_bytes: int) -> None:
    shown, unit = wording.size(size_bytes, FRENCH).split(wording.NO_BREAK)
    power = {"octets": 1, "ko": 1e3, "Mo": 1e6, "Go": 1e9}[unit]
    assert abs(read_back(shown) * power - size_bytes) <= 0.051 * size_bytes


def test_ordinals() -> None:
    assert [wording.ordinal(place, FRENCH) for place in (1, 2, 3, 21)] == ["1er", "2e", "3e", "21e"]
    assert [wording.ordinal(place, ENGLISH) for place in (1, 2, 3, 11, 12, 13, 21, 112)] == (
        ["1st", "2nd", "3rd", "11th", "12th", "13th", "21st", "112th"]
    )


def test_days_are_written_out() -> None:
    assert wording.day(1_795_348_800_000, FRENCH, UTC) == "22 novembre 2026"
    assert wording.moment(1_795_348_800_000, ENGLISH, UTC).startswith("November 22, 2026, ")


@given(st.integers(min_value=0, max_value=10**9), st.sampled_from([0.0, 65.0, 437.5]), st.integers(1, 256))
def test_the_method_of_every_estimate_is_told_in_french(cpu_us: int, watts: float, processors: int) -> None:
    energy = estimate(cpu_us, declared_watts=watts, processors=processors)
    told, code = wording.method(energy.method, FRENCH)
    assert code == "fr"
    assert "processor" not in told


def test_an_unknown_method_stays_as_it_is_and_is_marked_english() -> None:
    assert wording.method("a better meter", FRENCH) == ("a better meter", "en")


@given(st.text(max_size=500))
def test_a_browser_is_at_most_two_known_words(user_agent: str) -> None:
    assert len(wording.browser(user_agent)) <= 20


def test_browsers() -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0"
    assert wording.browser(firefox) == "Firefox · Linux"
    assert wording.browser(edge) == "Edge · Windows"

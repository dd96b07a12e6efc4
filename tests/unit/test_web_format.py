"""Figures in words: never zero for what is not, never more precise than known, one language at a time."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.footprint.meter import METHODS
from affouage.units import Interval
from affouage.web import format as wording
from affouage.web import methods
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
    low, high = spread.removeprefix("de ").split(" à ")
    assert unit in ("kWh", "Wh", "mWh", "µWh")
    assert 0 < read_back(low) <= read_back(figure) * 1.06
    assert read_back(figure) <= read_back(high) * 1.06


def test_the_line_of_the_design() -> None:
    assert wording.energy(Interval(0.1 * 3.6e9, 0.4 * 3.6e9, 1.2 * 3.6e9), FRENCH) == ("0,4\u00a0Wh", "de 0,1 à 1,2")
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


FACTS: dict[str, str | int | float] = {
    "meter": "prise du salon",
    "includes": "processors memory",
    "left_out": "cards base",
    "uncertainty_percent": 3.0,
    "sensor": "ina238",
    "psu_low": 0.8,
    "psu_high": 0.92,
    "base_watts": 25.0,
    "full_watts": 65.0,
    "idle_watts": 12.5,
    "processors": 8,
    "watts_per_processor": 8.125,
    "spread": 3,
}


def test_every_method_has_its_sentences() -> None:
    assert tuple(methods.TITLES) == METHODS


@pytest.mark.parametrize("code", METHODS)
@pytest.mark.parametrize("facts", [FACTS, {}])
def test_every_method_is_told_in_both_languages(code: str, facts: dict[str, str | int | float]) -> None:
    french, english = methods.sentence(code, facts, FRENCH), methods.sentence(code, facts, ENGLISH)
    assert (french[1], english[1]) == ("fr", "en")
    assert french[0] != english[0]
    assert "{" not in french[0] + english[0]
    for word in ("counter", "processor", "power", "sensor", "Counted"):
        assert word not in french[0]
    assert methods.plain(code, FRENCH) != methods.plain(code, ENGLISH)


def test_a_method_quotes_the_facts_of_its_meter() -> None:
    told, _ = methods.sentence("declared", FACTS, FRENCH)
    assert "12,5 W" in told
    assert "65 W" in told
    assert "3\u202f%" in told
    parts, _ = methods.sentence("parts", FACTS, ENGLISH)
    assert "0.8 to 0.92" in parts
    assert "Counted: processors, memory." in parts
    assert "Not counted: graphics cards, a declared base." in parts


@pytest.mark.parametrize("text", ["a better meter", "processor time x 65 W declared for 8 logical processors; standby"])
def test_an_unknown_method_and_those_of_old_receipts_stay_as_they_are(text: str) -> None:
    assert methods.sentence(text, {}, FRENCH) == (text, "en")


@given(positive, st.floats(min_value=1e-6, max_value=1), st.floats(min_value=1, max_value=1e6))
def test_a_range_is_never_told_as_one_figure(central: float, down: float, up: float) -> None:
    interval = Interval(central * down, central, central * up)
    for write in (wording.mass, wording.volume, wording.joules, wording.euros, wording.energy):
        shown, spread = write(interval, ENGLISH)
        if spread == "to the cent":
            assert write == wording.euros
            assert interval.high <= 1.05 * interval.low
            continue
        low, high = (float(one.replace(",", "")) for one in spread.split(" to "))
        assert 0 < low <= float(shown.split(wording.NO_BREAK)[0].replace(",", "")) <= high
        assert low < high or interval.low > 0.999 * interval.high


def test_what_is_known_closely_in_euros_is_told_to_the_cent_and_no_finer() -> None:
    assert wording.euros(Interval(0.3387, 0.3388, 0.339), FRENCH) == ("0,34\u00a0€", "au centime près")
    assert wording.euros(Interval(12.34, 12.34, 12.34), FRENCH)[0] == "12,34\u00a0€"
    assert wording.euros(Interval(12.3, 12.4, 12.5), FRENCH) == ("12,40\u00a0€", "de 12,30 à 12,50")
    assert wording.euros(Interval(1.1, 2.2, 4.4), FRENCH) == ("2,2\u00a0€", "de 1,1 à 4,4")


def test_narrow_ranges_get_the_figures_they_need() -> None:
    assert wording.volume(Interval(0.00997, 0.01, 0.01003), FRENCH) == ("10\u00a0mL", "de 9,97 à 10,03")
    assert wording.mass(Interval(0, 0, 0), FRENCH)[0] == "0\u00a0g"
    assert wording.euros(Interval(0.002, 0.0031, 0.004), FRENCH) == ("0,31\u00a0centime", "de 0,2 à 0,4")
    assert wording.joules(Interval(0.5, 1, 2000), ENGLISH) == ("1\u00a0MJ", "0.5 to 2,000")


@given(st.integers(1, 10**15), st.floats(0.05, 1), st.floats(1, 20), st.floats(0, 1))
def test_a_part_keeps_the_range_of_its_whole(whole: int, down: float, up: float, share: float) -> None:
    interval, part = Interval(whole * down, whole, whole * up), round(whole * share)
    found = wording.part_of(interval, part)
    assert found.central == part
    assert found.low <= part <= found.high
    assert abs(found.high - part * up) <= 1e-6 * part * up + 1


@given(st.floats(min_value=0, max_value=5))
def test_a_percentage_never_says_nothing_for_something_nor_full_before_it_is(fraction: float) -> None:
    told = wording.percent(fraction, ENGLISH)
    assert (told == "0%") == (fraction == 0)
    number = int(told.removeprefix("less than ").rstrip("%"))
    assert number <= max(1, fraction * 100 + 1e-6)
    assert fraction >= 1 or number < 100 or fraction > 0.9999999


def test_percentages_in_french() -> None:
    assert wording.percent(0.64, FRENCH) == "64\u202f%"
    assert wording.percent(0.004, FRENCH) == "moins de 1\u202f%"


@given(st.text(max_size=500))
def test_a_browser_is_at_most_two_known_words(user_agent: str) -> None:
    assert len(wording.browser(user_agent)) <= 20


def test_browsers() -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    edge = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0"
    assert wording.browser(firefox) == "Firefox · Linux"
    assert wording.browser(edge) == "Edge · Windows"

"""A set of factors is read strictly: each refusal names the file, the line and what would do."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import SettingsError
from affouage.footprint.factor_file import line_of, read_set
from affouage.footprint.factors import RANGES, SCOPES, UNITS
from affouage.footprint.meter import METHODS
from tests.docs.tree import ROOT

GOOD = """\
set = "our-grid-2026"

[source.letter]
name = "Letter of the grid"
url = "https://grid.example/letter"
unit = "g CO2e/kWh"
scope = "life cycle"
year = 2025
licence = "CC BY 4.0"
retrieved = 2026-11-22

[source.smoke]
name = "Smoke alone"
url = "https://grid.example/smoke"
unit = "g CO2e/kWh"
scope = "direct only"
licence = "CC BY 4.0"
retrieved = 2026-11-22

[source.rain]
name = "Water authority"
url = "https://water.example"
unit = "L/kWh"
scope = "consumed off site"
licence = "CC0"
retrieved = 2026-11-22

[FRA]
gwp = { low = 10, central = 12.5, high = 30, from = ["letter"] }
water = { low = 0, central = 1, high = 2, from = ["rain"] }
published = { letter = 12.5, smoke = 3 }
"""


def line(fragment: str, text: str = GOOD) -> int:
    return next(number for number, one in enumerate(text.splitlines(), 1) if fragment in one)


def refused(text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read_set(text, "ours.toml")
    error = caught.value
    assert error.message.startswith(f"ours.toml, line {error.details['line']}: ")
    assert error.remedy
    return error


def test_a_good_set_says_everything_back() -> None:
    grid = read_set(GOOD, "ours.toml").countries["FRA"]
    assert grid.gwp is not None
    assert (grid.gwp.value.low, grid.gwp.value.central, grid.gwp.value.high) == (10, 12.5, 30)
    assert (grid.gwp.unit, grid.gwp.scope, grid.gwp.year) == ("g CO2e/kWh", "life cycle", 2025)
    assert (grid.gwp.source, grid.gwp.retrieved) == ("Letter of the grid", "2026-11-22")
    assert grid.water is not None
    assert grid.water.value.low == 0
    assert [(one.value.central, one.scope) for one in grid.others] == [(12.5, "life cycle"), (3, "direct only")]


@pytest.mark.parametrize(
    ("old", "new", "at", "words"),
    [
        ("low = 10,", "low = 13,", "gwp =", "order"),
        ("high = 30", "high = 12", "gwp =", "order"),
        ("low = 10,", "low = -1,", "gwp =", ">= 0"),
        ("low = 10,", "low = nan,", "gwp =", "nan"),
        ("high = 30", "high = inf", "gwp =", "inf"),
        ("high = 30", "high = 1e9", "gwp =", "cannot be"),
        ("high = 30", 'high = "30"', "gwp =", "str"),
        ("high = 30", "high = true", "gwp =", "bool"),
        ("high = 30, ", "", "gwp =", "high"),
        ('from = ["letter"] }', "from = [] }", "gwp =", "length"),
        (', from = ["letter"] }', " }", "gwp =", "from"),
        ('["letter"]', '["nobody"]', "gwp =", "nobody"),
        ('["letter"]', '["rain"]', "gwp =", "L/kWh"),
        ('["letter"]', '["letter", "smoke"]', "gwp =", "direct only"),
        ('["letter"]', '["smoke"]', "gwp =", "direct only"),
        ("gwp = {", "co2 = {", "co2 =", "unknown field"),
        ("central = 12.5,", "central = 12.5, middle = 3,", "gwp =", "unknown field"),
        ("smoke = 3", "smoke = nan", "published =", "nan"),
        ("smoke = 3", "hearsay = 3", "published =", "hearsay"),
        ("smoke = 3", "rain = 3", "published =", "L/kWh"),
        ('unit = "L/kWh"', 'unit = "gallon/kWh"', 'unit = "gallon', "unknown unit"),
        ('scope = "direct only"', 'scope = "whatever"', 'scope = "whatever', "unknown scope"),
        ('licence = "CC0"\n', "", "[source.rain]", "licence"),
        ('licence = "CC0"', 'licence = ""', "licence = ", "length"),
        ('name = "Smoke alone"\n', "", "[source.smoke]", "name"),
        ("year = 2025", 'year = "last"', 'year = "last', "int"),
        ("year = 2025", "yaer = 2025", "yaer", "unknown field"),
        ("[FRA]", "[FRANCE]", "[FRANCE]", "country"),
        ("[FRA]", "[FRX]", "[FRX]", "country"),
        ("[FRA]", "[WOR]", "[WOR]", "country"),
        ("[FRA]", "[fra]", "[fra]", "country"),
        ('set = "our-grid-2026"', "set = 3", "set = 3", "id"),
        ('set = "our-grid-2026"', 'set = "Our grid"', "set = ", "id"),
        ('set = "our-grid-2026"', 'set = "../x"', "set = ", "id"),
        ('set = "our-grid-2026"', 'set = "s"\nmixes_sha256 = "abc"', "mixes_sha256", "digest"),
        ('set = "our-grid-2026"', 'set = "s"\ncolour = "green"', "colour", "key of a set"),
        ("[source.letter]", "[source.letter", "[source.letter", "TOML"),
        ("[FRA]", "[source.rain]", "[source.rain]\ngwp", "TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(old: str, new: str, at: str, words: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1) if old != 'licence = "CC0"' else GOOD.replace(old, new)
    error = refused(text)
    assert words in error.message
    lines = text.splitlines()
    first = at.splitlines()[0]
    candidates = [number for number, one in enumerate(lines, 1) if first in one]
    assert error.details["line"] in candidates, (error.message, candidates)


def test_a_set_without_country_id_or_text_is_refused() -> None:
    refused("")
    assert refused(GOOD[: GOOD.index("[FRA]")]).details["line"] == 1
    assert "tells nothing" in refused(GOOD[: GOOD.index("gwp")]).message
    assert refused('set = "s"\nsource = 3\n').details["line"] == 2
    assert refused('set = "s"\nFRA = 3\n').details["line"] == 2


def test_a_text_made_to_break_a_reader_is_refused_like_another() -> None:
    refused("x = " + "[" * 5_000)
    refused("x = " + "9" * 6_000)
    refused("#" * 600_000)
    assert refused('set = "s"\n[FRA]\ngwp = 9e999\n').details["line"] == 3


def test_the_line_of_a_value_is_that_where_it_begins() -> None:
    text = "# FRA gwp\na = 1\n\n[FRA]\npublished = [\n  1,\n  2,\n]\ngwp = 3\n[FRA.water]\nlow = 1\n"
    assert line_of(text, ["FRA", "gwp"]) == 9
    assert line_of(text, ["FRA", "published"]) == 5
    assert line_of(text, ["FRA", "water", "low"]) == 11
    assert line_of(text, ["FRA"]) == 4
    assert line_of(text, ["FRA", "adpe"]) == 4
    assert line_of(text, ["DEU"]) == 1


_PACKAGED = resources.files("affouage.footprint").joinpath("factors/grid-2026-11.toml").read_text(encoding="utf-8")


@given(st.data())
def test_a_mangled_set_is_read_or_refused_never_broken(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([GOOD, _PACKAGED[-1500:]]))
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(len(text), start + 12)))
        put = data.draw(st.text(alphabet='[]{}"=.,#-\n\\0123456789einfatrue \u00e9\x00', max_size=6))
        text = text[:start] + put + text[end:]
    refusal = _refusal(text)
    assert refusal is None or re.match(r"f\.toml, line \d+: ", refusal.message)
    assert refusal is None or 1 <= refusal.details["line"] <= max(1, len(text.splitlines()))


def _refusal(text: str) -> SettingsError | None:
    try:
        read_set(text, "f.toml")
    except SettingsError as error:
        return error
    return None


@given(st.text(max_size=200))
def test_any_text_is_refused_with_a_line(text: str) -> None:
    with pytest.raises(SettingsError, match=r"^f, line \d+: "):
        read_set(text, "f")


@given(
    st.lists(st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.integers(-5, 6000)), min_size=3, max_size=3)
)
def test_three_figures_are_kept_exactly_or_refused(three: list[float]) -> None:
    low, central, high = three
    text = GOOD.replace("low = 10, central = 12.5, high = 30", f"low = {low!r}, central = {central!r}, high = {high!r}")
    if 0 <= low <= central <= high <= 5000:
        factor = read_set(text, "f").countries["FRA"].gwp
        assert factor is not None
        assert (factor.value.low, factor.value.central, factor.value.high) == (low, central, high)
    else:
        assert refused(text).details["line"] == line("gwp =", text)


def test_the_set_that_the_page_shows_can_be_read() -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-factor.md").read_text(encoding="utf-8")
    example, choice = re.findall(r"^```toml\n(.+?)^```", page, re.M | re.S)
    found = read_set(example, "page")
    grid = found.countries["FRA"]
    assert f'factor_set = "{found.id}"' in choice
    assert grid.gwp is not None
    assert grid.gwp.value.high == 60
    assert len(grid.others) == 2
    for indicator, unit in UNITS.items():
        assert f"| `{indicator}` | `{unit}` |" in page
        for scope in SCOPES[indicator]:
            assert f"`{scope}`" in page


def test_the_reference_page_tells_every_method_and_range() -> None:
    page = (ROOT / "docs" / "reference" / "footprint.md").read_text(encoding="utf-8")
    for method in METHODS:
        assert f"\n### {method}\n" in page
    for code in RANGES:
        assert f"`{code}`" in page

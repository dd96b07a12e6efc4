"""The sets of this version: every country told with its sources, nothing invented, nothing that changes by itself."""

from __future__ import annotations

import csv
import hashlib
import json
import math
import statistics
import subprocess
import sys
import tomllib
from importlib import resources, util
from pathlib import Path
from typing import Any

import pytest

from affouage.errors import SettingsError
from affouage.footprint.factors import (
    GridFactors,
    all_grids,
    factor_set,
    grid_factors,
    own_sets,
    packaged_sets,
)
from affouage.footprint.mixes import completed, installed_table, with_mix
from tests.conftest import missing

_EU = """
    AUT BEL BGR CYP CZE DEU DNK ESP EST FIN FRA GRC HRV HUN IRL ITA LTU LUX LVA MLT NLD POL PRT ROU SVK SVN SWE
"""
EU = _EU.split()

OWN = """
set = "our-2026"
[source.letter]
name = "Letter of the grid"
url = "minutes of 3 March"
unit = "g CO2e/kWh"
scope = "life cycle"
licence = "own"
retrieved = 2026-03-03
[FRA]
gwp = { low = 10, central = 12, high = 30, from = ["letter"] }
"""


def document(set_id: str) -> dict[str, Any]:
    text = resources.files("affouage.footprint").joinpath(f"factors/{set_id}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def ecologits_rows() -> dict[str, dict[str, Any]]:
    package = util.find_spec("ecologits")
    assert package is not None
    assert package.origin is not None
    table = json.loads(Path(package.origin).with_name("data").joinpath("electricity_mixes.json").read_text())
    return {row["name"]: row for row in table["electricity_mixes"]}


def every_grid() -> list[GridFactors]:
    return [grid for set_id in packaged_sets() for grid in all_grids(factor_set(set_id))]


def test_the_file_of_a_set_bears_its_id() -> None:
    assert packaged_sets()
    for set_id in packaged_sets():
        assert factor_set(set_id).id == set_id


def test_all_of_the_european_union_and_more_has_carbon() -> None:
    known = {grid.country for grid in all_grids(factor_set())}
    assert len(EU) == 27
    assert known >= {*EU, "GBR", "CHE", "NOR"}
    assert len(known) >= 30
    for country in EU:
        grid = grid_factors(country)
        assert grid is not None
        assert grid.gwp is not None
        assert 0 < grid.gwp.value.low < grid.gwp.value.high < 3000


def test_every_figure_is_traced_and_a_range() -> None:
    for grid in every_grid():
        for factor in (grid.gwp, grid.water, grid.adpe, grid.primary_energy):
            if factor is None:
                continue
            assert factor.value.low < factor.value.central < factor.value.high, grid.country
            assert factor.source
            assert factor.licence
            assert factor.note
            assert factor.url.startswith("https://")
        for figure in grid.others:
            assert figure.source
            assert figure.retrieved
            assert figure.url.startswith("https://")


def test_what_is_computed_with_is_never_direct_only() -> None:
    for grid in every_grid():
        assert grid.gwp is None or grid.gwp.scope == "life cycle"


def test_the_ranges_follow_the_rule_that_the_reference_page_tells() -> None:
    for set_id in packaged_sets():
        scopes = {key: source["scope"] for key, source in document(set_id)["source"].items()}
        for code, table in document(set_id).items():
            if not isinstance(table, dict) or code == "source":
                continue
            figures = {key: value for key, value in table["published"].items() if scopes[key] == "life cycle"}
            carbon, values = table["gwp"], sorted(figures.values())
            assert set(carbon["from"]) == set(figures), code
            assert figures[carbon["from"][0]] == carbon["central"], code
            if carbon["range"] == "published":
                assert len(values) >= 3, code
                middle = statistics.median(values)
                assert (carbon["low"], carbon["central"], carbon["high"]) == (values[0], middle, values[-1]), code
            else:
                assert carbon["range"] == "one-series", code
                assert carbon["low"] == pytest.approx(values[0] / 1.3, rel=1e-3), code
                assert carbon["high"] == pytest.approx(values[-1] * 2, rel=1e-3), code
            if "water" in table:
                water = table["water"]
                assert water["low"] == pytest.approx(water["central"] / 3, rel=1e-3), code
                assert water["high"] == pytest.approx(water["central"] * 2, rel=1e-3), code


def test_france_by_hand() -> None:
    grid = grid_factors("FRA")
    assert grid is not None
    assert grid.gwp is not None
    assert (grid.gwp.value.low, grid.gwp.value.central, grid.gwp.value.high) == (41.44, 51.9, 98.0)
    beside = {(figure.value.central, figure.scope) for figure in grid.others}
    assert beside == {
        (21.7, "direct only"),
        (41.44, "life cycle"),
        (44.2, "life cycle"),
        (51.9, "life cycle"),
        (56.039, "life cycle"),
        (98.0, "life cycle"),
    }
    assert grid.water is not None
    assert grid.water.value.central == 3.6737
    assert grid.adpe is not None
    assert grid.adpe.value.central == pytest.approx(4.858e-5, rel=1e-12)  # 4.858e-8 kg
    assert grid.primary_energy is not None
    assert grid.primary_energy.value.central == 9.3135


def test_carbon_and_water_are_those_of_ecologits() -> None:
    rows, tables = ecologits_rows(), document("grid-2026-11")
    for code in factor_set("grid-2026-11").countries:
        assert tables[code]["published"]["ecologits"] == pytest.approx(rows[code]["gwp"] * 1000, abs=5e-4)
        if "electricity-mix-wue-world" in (rows[code]["warnings"] or []):
            assert "water" not in tables[code], code
        else:
            assert tables[code]["water"]["central"] == rows[code]["wue"], code


def test_carbon_of_2019_and_2020_is_that_of_boaviztapi() -> None:
    if not Path(sys.prefix, "oracle").is_dir():
        missing("BoaviztAPI, in an environment of its own: .venv/oracle")
    file = next(Path(sys.prefix, "oracle").rglob("boaviztapi/data/crowdsourcing/electrical_mix.csv"))
    with file.open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    tables, seen = document("grid-2026-11"), 0
    for year in ("2019", "2020"):
        row = next(row for row in rows if row["name"] == "gwp" and row["reference_year"] == year)
        source = "jrc-2019" if year == "2019" else "ember-2020"
        for code in factor_set("grid-2026-11").countries:
            figure = tables[code]["published"].get(source)
            if figure is not None:
                assert figure == pytest.approx(float(row[code]) * 1000), code
                seen += 1
    assert seen > 30


def test_the_installed_mixes_are_those_the_newest_set_names() -> None:
    """If this fails, ecologits was upgraded: write a new set with its digest, never another digest in an old set."""
    assert installed_table(document(packaged_sets()[-1])["mixes_sha256"]) is not None


def test_minerals_are_not_copied_into_the_sets() -> None:
    for set_id in packaged_sets():
        for code, table in document(set_id).items():
            assert code == "source" or not isinstance(table, dict) or not {"adpe", "primary_energy"} & table.keys()


def test_nothing_comes_from_the_row_of_the_world() -> None:
    rows = ecologits_rows()
    inherited = 0
    for grid in every_grid():
        if "electricity-mix-adpe-world" in (rows[grid.country]["warnings"] or []):
            inherited += 1
            assert (grid.adpe, grid.primary_energy) == (None, None), grid.country
    assert inherited > 0
    croatia = grid_factors("HRV")
    assert croatia is not None
    assert croatia.water is None  # the world's, too
    assert croatia.adpe is not None


def test_a_table_whose_row_repeats_the_world_without_warning_is_not_believed() -> None:
    rows = [
        {"name": "WOR", "adpe": 1e-8, "pe": 2.5, "warnings": None},
        {"name": "FRA", "adpe": 1e-8, "pe": 9.0, "warnings": None},
    ]
    table = json.dumps({"electricity_mixes": rows}).encode()
    grid = with_mix(GridFactors(set_id="s", country="FRA"), table)
    assert grid.adpe is None
    assert grid.primary_energy is not None
    assert with_mix(GridFactors(set_id="s", country="DEU"), table) == GridFactors(set_id="s", country="DEU")


def test_another_version_of_the_mixes_or_none_gives_unknown() -> None:
    grid = factor_set().countries["FRA"]
    assert completed(grid, "0" * 64) == grid
    assert completed(grid, "") == grid
    assert grid.adpe is None


def test_reading_the_mixes_imports_nothing(tmp_path: Path) -> None:
    program = (
        "import sys; from affouage.footprint.factors import grid_factors; g = grid_factors('FRA');"
        "print(g.adpe is not None, 'ecologits' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]
    hidden = f"import importlib.util; importlib.util.find_spec = lambda name: None; {program}"
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_a_set_never_changes_once_published() -> None:
    """Digest of the figures of each set. A correction is a new set; words may be mended."""
    digests = {}
    for set_id in packaged_sets():
        figures = {
            grid.country: [
                None if factor is None else [factor.value.low, factor.value.central, factor.value.high]
                for factor in (grid.gwp, grid.water, grid.adpe, grid.primary_energy)
            ]
            for grid in all_grids(factor_set(set_id))
        }
        digests[set_id] = hashlib.sha256(json.dumps(figures, sort_keys=True).encode()).hexdigest()
    assert digests == PUBLISHED


PUBLISHED = {"grid-2026-11": "ec14544ad5f00c43b6e911f1559b787b3bb26e7001b82ba2e430f307eb0bd3ff"}


@pytest.mark.parametrize("country", ["XXX", "fra", "FR", "WOR", "EEE", " ", "USA"])
def test_an_unknown_country_is_refused_and_the_known_ones_named(country: str) -> None:
    with pytest.raises(SettingsError) as refused:
        grid_factors(country)
    assert "FRA" in refused.value.remedy
    assert refused.value.code == "no_country"


def test_no_country_is_no_factor() -> None:
    assert grid_factors("") is None


def test_an_unknown_set_is_refused_and_the_known_ones_named() -> None:
    with pytest.raises(SettingsError) as refused:
        grid_factors("FRA", "grid-1789", {"ours.toml": OWN})
    assert packaged_sets()[-1] in refused.value.remedy
    assert "our-2026" in refused.value.remedy


def test_a_collective_counts_with_its_own_set() -> None:
    own = {"ours.toml": OWN}
    grid = grid_factors("FRA", "our-2026", own)
    assert grid is not None
    assert grid.set_id == "our-2026"
    assert grid.gwp is not None
    assert (grid.gwp.value.low, grid.gwp.value.high) == (10, 30)
    assert grid.adpe is None  # it names no table of mixes
    with pytest.raises(SettingsError):
        grid_factors("DEU", "our-2026", own)


def test_own_sets_are_not_looked_at_when_this_versions_is_asked_for() -> None:
    assert grid_factors("FRA", "", {"broken.toml": "set = "}) == grid_factors("FRA")


def test_an_id_is_used_once() -> None:
    with pytest.raises(SettingsError, match="already"):
        own_sets({"a.toml": OWN, "b.toml": OWN})
    with pytest.raises(SettingsError, match="already"):
        own_sets({"a.toml": OWN.replace("our-2026", packaged_sets()[-1])})


def test_every_value_is_finite() -> None:
    for grid in every_grid():
        for figure in grid.others:
            assert math.isfinite(figure.value.central)

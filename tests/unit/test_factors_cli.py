"""``affouage footprint factors``: what the command says, and how it refuses."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from affouage.cli.footprint.factors import factors
from tests.unit.test_factors_file import GOOD


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "factors").mkdir()
    (tmp_path / "factors" / "ours.toml").write_text(GOOD, encoding="utf-8")
    return tmp_path


def run(home: Path, *words: str, language: str = "en") -> Result:
    return CliRunner().invoke(factors, words, env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": language})


def test_the_list_in_french(home: Path) -> None:
    said = run(home, language="fr")
    assert said.exit_code == 0
    assert "Allemagne" in said.output
    assert re.search(r"52 \((de )?41 à 98\)", said.output)
    assert "Aucun pays n’est indiqué" in said.output
    assert "our-grid-2026" in said.output


def test_the_country_of_the_commons_is_marked(home: Path) -> None:
    (home / "settings.toml").write_text('[footprint]\ncountry = "DEU"\n', encoding="utf-8")
    assert "Germany *" in run(home).output


def test_every_source_of_one_country(home: Path) -> None:
    said = run(home, "--country", "FRA").output
    for words in ("21.7", "41.4", "44.2", "51.9", "56", "98", "direct emissions only", "rte-france.com", "ADEME"):
        assert words in said
    french = run(home, "--country", "FRA", language="fr").output
    assert "émissions directes" in french
    assert "direct emissions" not in french
    assert "µg Sb éq/kWh" in french


def test_unknown_is_a_word(home: Path) -> None:
    assert "Water: unknown" in run(home, "--country", "SEN").output


def test_the_collectives_own_set(home: Path) -> None:
    found = json.loads(run(home, "--set", "our-grid-2026", "--country", "FRA", "--json").output)
    assert found["gwp"]["value"] == {"low": 10, "central": 12.5, "high": 30}
    every = json.loads(run(home, "--json").output)
    assert every["sets"][-1] == "our-grid-2026"
    assert len(every["countries"]) >= 30


@pytest.mark.parametrize(
    "words", [("--country", "XXX"), ("--set", "nope"), ("--set", "our-grid-2026", "--country", "DEU")]
)
def test_what_is_not_known_is_refused_with_2(home: Path, words: tuple[str, ...]) -> None:
    said = run(home, *words)
    assert said.exit_code == 2
    assert "FRA" in said.output or "grid-2026-11" in said.output


def test_a_set_is_checked(home: Path, tmp_path: Path) -> None:
    file = home / "factors" / "ours.toml"
    said = run(home, "check", str(file))
    assert said.exit_code == 0
    assert "our-grid-2026" in said.output
    file.write_text(GOOD.replace("low = 10", "low = 40"), encoding="utf-8")
    said = run(home, "check", str(file))
    assert said.exit_code == 2
    assert "line 29" in said.output
    assert "ligne 29" in run(home, "check", str(file), language="fr").output
    assert run(home, "check", str(tmp_path / "none.toml")).exit_code == 2
    file.write_bytes(b"\xff\xfe")
    assert run(home, "check", str(file)).exit_code == 2


def test_a_set_may_not_take_the_name_of_this_versions(home: Path) -> None:
    file = home / "factors" / "ours.toml"
    file.write_text(GOOD.replace("our-grid-2026", "grid-2026-11"), encoding="utf-8")
    said = run(home, "check", str(file))
    assert said.exit_code == 2
    assert "already" in said.output


def test_an_unknown_country_is_named_and_no_setting_is_blamed(home: Path) -> None:
    said = run(home, "--country", "XXX", language="fr")
    assert said.exit_code == 2
    assert "XXX" in said.output
    assert "Aucun pays n’est réglé" not in said.output

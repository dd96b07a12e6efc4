"""``affouage footprint compare`` on a new home, on one where questions were asked, and with what cannot be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from affouage import settings
from affouage.cli import main
from affouage.footprint.cloud import CloudModel, compare, model_of
from affouage.footprint.factors import grid_factors
from affouage.testing import EchoEngine, serving

MACHINE = """
[machine]
id = "box"
acquired = "2026-01-01"
planned_years = 4
price_eur = 1461

[[part]]
kind = "computer"
model = "desktop"
"""


def run(home: Path, *words: str, **environ: str) -> Result:
    told = {"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "en", **environ}
    return CliRunner().invoke(main, ["footprint", "compare", *words], env=told)


def test_a_new_home_gets_the_cloud_and_no_invented_figure(home: Path) -> None:
    told = run(home, "--country", "FRA", "--tokens", "400", "--model-size", "70")
    assert told.exit_code == 0, told.output
    assert "An estimate: nobody outside knows." in told.output
    assert "nothing was asked yet" in told.output
    assert "Not known: the electricity of the month" in told.output
    assert not re.search(r"(?<![\d.,])0(?:\.0+)? (?:€|Wh|g)\b", told.output)


def test_json_is_the_closed_form(home: Path) -> None:
    found = json.loads(run(home, "--country", "DEU", "--tokens", "400", "--model-size", "41/675", "--json").stdout)
    model = CloudModel(active_billions=41, total_billions=675)
    expected = compare(400, model, grid_factors("DEU"))
    assert found["cloud"]["energy_uj"]["central"] == pytest.approx(expected.energy_uj.central)
    assert expected.use.gwp_g is not None
    assert found["cloud"]["use"]["gwp_g"]["high"] == pytest.approx(expected.use.gwp_g.high)
    assert found["cloud"]["quality"] == "estimated"
    assert "tokens read" in found["cloud"]["leaves_out"]
    assert found["here"] is None
    assert found["costs"]["total_eur"] is None
    assert set(found["costs"]["missing"]) == {"energy", "price", "machine"}
    assert [one["requests_per_day"] for one in found["curve"]] == [10, 30, 100, 300, 1000, 3000, 10_000]


def test_without_a_country_carbon_is_unknown(home: Path) -> None:
    found = json.loads(run(home, "--json").stdout)
    assert found["cloud"]["energy_uj"]["central"] > 0
    assert found["cloud"]["gwp_g"] is None
    assert all(one["gwp_g"]["work"] is None for one in found["curve"])


def test_a_home_where_somebody_asked(home: Path) -> None:
    environ = {
        "AFFOUAGE_FOOTPRINT_COUNTRY": "FRA",
        "AFFOUAGE_FOOTPRINT_PRICE_EUR_PER_KWH": "0.25",
        "AFFOUAGE_FOOTPRINT_DECLARED_IDLE_WATTS": "40",
        "AFFOUAGE_FOOTPRINT_DECLARED_WATTS": "120",
        "AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo",
    }
    home.mkdir(exist_ok=True)
    (home / "machine.toml").write_text(MACHINE, encoding="utf-8")
    with serving(settings.read(environ, home=home), engines=[EchoEngine("echo", word_ms=20)]) as live:
        import httpx

        headers = {"authorization": f"Bearer {live.api_key('Odile')}"}
        body = {"model": "echo", "messages": [{"role": "user", "content": "un deux trois"}]}
        for _ in range(2):
            answer = httpx.post(f"{live.url}/v1/chat/completions", json=body, headers=headers, timeout=30)
            assert answer.status_code == 200, answer.text
    found = json.loads(run(home, "--json", **environ).stdout)
    assert found["here"]["requests"] == 2
    assert found["here"]["tokens"] == 3
    assert found["cloud"]["tokens_decoded"] == 3
    assert found["here"]["making_g"] is not None
    assert found["costs"]["hardware_eur"]["central"] > 0
    assert found["costs"]["missing"] == []
    assert found["share"]["members"] == 1
    assert found["requests_per_day"] == 2
    first, last = (next(one for one in found["curve"] if one["requests_per_day"] == n) for n in (2, 10_000))
    assert first["gwp_g"]["idle"]["central"] == pytest.approx(5000 * last["gwp_g"]["idle"]["central"])
    assert first["gwp_g"]["total"]["central"] > last["gwp_g"]["total"]["central"]
    assert not first["gwp_g"]["at_least"]
    french = run(home, AFFOUAGE_LANG="fr", **{key: value for key, value in environ.items() if key != "AFFOUAGE_LANG"})
    assert french.exit_code == 0, french.output
    assert "À combien sommes-nous" in french.output
    assert "ce mois-ci, jusqu’à aujourd’hui" in french.output


@pytest.mark.parametrize(
    ("words", "clue"),
    [
        (("--model-size", "énorme"), "41/675"),
        (("--model-size", "70/8"), "active"),
        (("--country", "XYZ"), "XYZ"),
        (("--tokens", "0"), "tokens"),
        (("--hours", "25"), "hours"),
    ],
)
def test_what_cannot_be_ends_with_2_and_says_what_would_work(home: Path, words: tuple[str, ...], clue: str) -> None:
    told = run(home, *words)
    assert told.exit_code == 2
    assert clue in told.output + told.stderr


def test_the_sizes_of_the_help_are_those_there_are() -> None:
    told = CliRunner().invoke(main, ["footprint", "compare", "--help"]).output
    for size in ("small", "medium", "large", "mixture"):
        assert size in told
        assert model_of(size).key == size

"""``affouage footprint machine`` on real homes, and descriptions kept in the books."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from affouage.cli import main
from affouage.footprint.machine import Machine, read_machine
from affouage.ledger.ledger import verify
from affouage.ledger.machines import in_force, machine_ids, record_if_changed
from affouage.storage import open_database
from affouage.storage.home import prepare

DESCRIBED = """[machine]
id = "tower"
name = "La tour du local"
acquired = 2024-05-01
age_years = 4
planned_years = 26
commons_share = 0.5

[[part]]
kind = "gpu"
model = "NVIDIA GeForce GTX 1080 Ti"
count = 2

[[part]]
kind = "computer"
model = "mini-pc"
"""


def run(home: Path, *words: str, language: str = "en") -> Result:
    environ = {"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": language}
    return CliRunner().invoke(main, ["footprint", "machine", *words], env=environ)


@pytest.fixture
def described(home: Path) -> Path:
    home.mkdir()
    (home / "machine.toml").write_text(DESCRIBED, encoding="utf-8")
    return home


def test_an_undescribed_machine_says_what_to_do(home: Path) -> None:
    told = run(home, "show")
    assert told.exit_code == 0
    assert "machine init" in told.output
    assert json.loads(run(home, "show", "--json").stdout)["machine"] is None
    french = run(home, "show", language="fr").output
    assert "« au moins »" in french.replace("\u00a0", " ").replace("\u202f", " ")
    for words in (["check"], ["record"]):
        refused = run(home, *words)
        assert refused.exit_code == 2
        assert "machine init" in refused.stderr


def test_init_writes_what_check_accepts_and_never_over_it(home: Path) -> None:
    assert run(home, "init").exit_code == 0
    path = home / "machine.toml"
    path.write_text(path.read_text(encoding="utf-8") + "\n# mine\n", encoding="utf-8")
    assert run(home, "check").exit_code == 0, run(home, "check").output
    refused = run(home, "init")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert path.read_text(encoding="utf-8").endswith("# mine\n")
    assert run(home, "init", "--force").exit_code == 0
    assert not path.read_text(encoding="utf-8").endswith("# mine\n")
    shown = json.loads(run(home, "show", "--json").stdout)
    assert shown["machine"]["acquired"] <= date.today().isoformat()
    assert shown["today"]["state"] == "serving"


def test_show_in_figures(described: Path) -> None:
    shown = json.loads(run(described, "show", "--json").stdout)
    assert shown["described"] is True
    card = shown["machine"]["parts"][0]
    assert card["gwp_kg"]["central"] == pytest.approx(109.0236, rel=1e-6)
    assert shown["totals"]["gwp_kg"]["central"] == pytest.approx(2 * 109.0236 + 173.9, rel=1e-6)
    assert shown["totals"]["lower_bounds"] == ["adpe_kg_sb", "primary_energy_mj"]
    a_day_g = shown["totals"]["gwp_kg"]["central"] * 1000 / (30 * 365.25) * 0.5
    assert shown["per_day"]["gwp_g"]["central"] == pytest.approx(a_day_g)
    assert shown["today"]["impacts"] == shown["per_day"]
    assert shown["per_year"]["gwp_g"]["central"] == pytest.approx(365.25 * a_day_g)
    assert shown["per_day"]["water_l"] is None
    assert shown["paid_off"] == "2050-05-01"


def test_show_in_words(described: Path) -> None:
    told = run(described, "show")
    assert told.exit_code == 0, told.output
    said = told.output.replace("\u00a0", " ")
    assert "La tour du local" in said
    assert "2 x GeForce GTX 1080 Ti, each:" in said
    assert "110 kg CO2e (55 to 220)" in said
    assert "ADEME 9357" in said
    assert "minerals unknown" in said
    assert "lower bounds" in said
    assert "Water used in making it: unknown." in said
    french = run(described, "show", language="fr").output.replace("\u00a0", " ").replace("\u202f", " ")
    assert re.search(r"110 kg CO2e \((de )?55 à 220\)", french)
    assert "amortie le 1er mai 2050" in french
    assert "estimated" not in french


def test_paid_off(described: Path) -> None:
    path = described / "machine.toml"
    path.write_text(DESCRIBED.replace("2024-05-01", "2004-05-01").replace("= 26", "= 3"), encoding="utf-8")
    assert "paid off since" in run(described, "show").output
    assert "amortie depuis le" in run(described, "show", language="fr").output
    shown = json.loads(run(described, "show", "--json").stdout)
    assert shown["today"]["state"] == "amortised"
    assert shown["today"]["impacts"]["gwp_g"]["central"] == 0
    assert shown["per_day"]["gwp_g"]["central"] > 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (DESCRIBED.replace("0.5", "1.5").encode(), "line 7"),
        (DESCRIBED.replace("1080 Ti", "1080 Tie").encode(), "GeForce GTX 1080 Ti"),
        (DESCRIBED.encode("utf-16"), "UTF-8"),
        (b"[machine", "not TOML"),
    ],
)
def test_a_wrong_description_ends_with_2_and_its_line(home: Path, tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "other.toml"
    path.write_bytes(content)
    refused = run(home, "check", str(path))
    assert refused.exit_code == 2
    assert words in refused.stderr
    french = run(home, "check", str(path), language="fr")
    assert french.exit_code == 2
    assert "La description de la machine est fausse." in french.stderr


def test_check_says_what_it_read(described: Path) -> None:
    checked = run(described, "check")
    assert checked.exit_code == 0, checked.output
    assert "machine.toml is right: 3 parts, 390 kg CO2e" in checked.stdout.replace("\u00a0", " ")


def test_cards(home: Path) -> None:
    rows = json.loads(run(home, "cards", "--json").stdout)
    assert len(rows) >= 18
    card = next(row for row in rows if "NVIDIA GeForce RTX 3090" in row["aliases"])
    assert card["gwp_kg"]["low"] < card["gwp_kg"]["central"] < card["gwp_kg"]["high"]
    assert "Hardwareluxx" in card["facts"]["mass"]
    assert "GeForce RTX 3090" in run(home, "cards").output
    assert not home.exists(), "looking at the cards writes nothing"


def test_recorded_once_and_again_when_it_changed(described: Path) -> None:
    assert "Written" in run(described, "record").output
    assert "already" in run(described, "record").output
    path = described / "machine.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("count = 2", "count = 1"), encoding="utf-8")
    assert "Written" in run(described, "record").output
    database = open_database(described / "affouage.db")
    try:
        found = database.read_now(verify)
        assert (found.entries, found.problems) == (2, [])
        assert database.read_now(machine_ids) == ["tower"]
    finally:
        database.close()


def test_the_description_in_force_at_a_moment(home: Path) -> None:
    prepare(home)
    database = open_database(home / "affouage.db")
    first = read_machine(DESCRIBED.replace("= 26", "= 4"))
    second = replace(first, commons_share=1.0)
    try:
        assert database.read_now(lambda c: in_force(c, "tower", 0, Machine)) is None
        for machine, at_ms, new in (
            (first, 1000, True),
            (first, 1500, False),
            (second, 2000, True),
            (first, 2000, True),
        ):
            assert database.write_now(lambda c, m=machine, t=at_ms: record_if_changed(c, m, t)) is new
        moments = {0: first, 1000: first, 1999: first, 2000: second, 2001: first, 9999: first}
        for at_ms, expected in moments.items():
            assert database.read_now(lambda c, t=at_ms: in_force(c, "tower", t, Machine)) == expected, at_ms
        assert database.read_now(lambda c: in_force(c, "laptop", 2000, Machine)) is None
        assert database.read_now(verify).problems == []
        assert database.read_now(verify).entries == 3
    finally:
        database.close()

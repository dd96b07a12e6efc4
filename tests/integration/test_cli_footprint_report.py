"""`affouage footprint report | close | restate` on a home of two months."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection

from affouage.cli import main
from affouage.footprint.budget import BudgetRules, Limit, PotRules
from affouage.footprint.factors import packaged_sets
from affouage.storage import open_database
from affouage.storage.home import prepare
from tests.integration.footprint_days import WH, a_machine, a_receipt, describe, enter, rule, settle

Run = Callable[..., Result]
SETTINGS = """
[commons]
time_zone = "Europe/Paris"
[footprint]
country = "FRA"
price_eur_per_kwh = 0.25
"""

WHY = ("--reason", "Elle demande quelle est sa part.")


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """October 2025: m1 asked for 2 Wh, 1 Wh standby; one answer whose energy is not known."""
    prepare(home)
    (home / "settings.toml").write_text(SETTINGS)
    monkeypatch.setenv("AFFOUAGE_HOME", str(home))
    database = open_database(home / "affouage.db")

    def post(c: Connection) -> None:
        enter(c, "m1", "m2")
        rule(c, "pot", PotRules(sharing="equal"))
        rule(c, "budget", BudgetRules(limits=(Limit(scope="commons", span="month", unit="kwh", amount=2.0),)))
        describe(c, a_machine(acquired="2025-01-01"))
        settle(c, a_receipt("r1", factor_set=packaged_sets()[-1]), "2025-10-03", idle_uj=WH)
        settle(c, a_receipt("r2", "m2", uj=None, model="=cmd()", factor_set=""), "2025-10-04", idle_uj=0)

    database.write_now(post)
    database.close()

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(main, ["footprint", *words])

    return invoke


def test_a_month_in_words(run: Run) -> None:
    done = run("report", "2025-10")
    assert done.exit_code == 0
    assert "October 2025 (over, not closed yet)" in done.stdout
    assert "at least 3\xa0Wh" in done.stdout
    assert "2.7 to 3.3" in done.stdout
    for words in ("Standby", "of which losses", "Carbon, CO₂e", "By model", "By machine, standby included", "unknown"):
        assert words in done.stdout


def test_in_french(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AFFOUAGE_LANG", "fr")
    done = run("report", "2025-10")
    assert "au moins 3\xa0Wh" in done.stdout
    assert "Par machine, veille comprise" in done.stdout
    assert "Pertes\u202f: réponses" in done.stdout


def test_this_month_is_the_default(run: Run) -> None:
    done = run("report", "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["requests"] == 0


def test_json_and_csv_say_the_same(run: Run) -> None:
    said = json.loads(run("report", "2025-10", "--json").stdout)
    rows = list(csv.DictReader(io.StringIO(run("report", "2025-10", "--csv").stdout, newline="")))
    total = next(row for row in rows if row["table"] == "total")
    assert int(total["energy_uj"]) == said["total"]["energy_uj"] == 3 * WH
    assert total["at_least"] == "yes"
    assert {row["name"] for row in rows if row["table"] == "model"} == {"small", "'=cmd()"}
    unknown = next(row for row in rows if row["name"] == "'=cmd()")
    assert (unknown["requests"], unknown["energy_uj"], unknown["energy_kwh"]) == ("1", "", "")


def test_one_form_at_a_time(run: Run) -> None:
    done = run("report", "--json", "--csv")
    assert done.exit_code == 2
    assert "Choose one of them" in done.stderr


def test_a_members_own(run: Run) -> None:
    done = run("report", "2025-10", "--mine", "m1", *WHY)
    assert "own use" in done.stdout
    assert "share of keeping it on" in done.stdout
    said = json.loads(run("report", "2025-10", "--mine", "M1", "--json", *WHY).stdout)
    assert (said["mine"]["use"]["energy_uj"], said["mine"]["keeping_on"]["energy_uj"]) == (2 * WH, WH // 2)
    nobody = run("report", "--mine", "Nobody")
    assert nobody.exit_code == 2


@pytest.mark.parametrize("period", ["2025-13", "october", "2025-02-30"])
@pytest.mark.parametrize("command", ["report", "close"])
def test_no_period(run: Run, command: str, period: str) -> None:
    done = run(command, period)
    assert done.exit_code == 2
    assert "2026-11-22" in done.stderr


def test_closing(run: Run) -> None:
    done = run("close", "2025-10", "--bill-kwh", "0.003")
    assert done.exit_code == 0
    assert "October 2025 is closed." in done.stdout
    assert "they agree" in done.stdout
    assert "3\xa0Wh of 2\xa0kWh" in done.stdout
    again = run("close", "2025-10")
    assert again.exit_code == 0
    assert "already closed" in again.stdout
    said = json.loads(run("close", "2025-10", "--json").stdout)
    assert (said["new"], said["entry"]["residual_uj"], said["entry"]["pot_shared_uj"]) == (False, 0, WH)
    other = run("close", "2025-10", "--bill-kwh", "9")
    assert other.exit_code == 2
    assert "not rewritten" in other.stderr
    assert "closed, entry 1 of the ledger" in run("report", "2025-10").stdout


@pytest.mark.parametrize(
    "words", [("2999-01",), ("2025",), ("2025-10", "--bill-kwh", "0"), ("2025-10", "--bill-kwh", "nan")]
)
def test_what_cannot_be_closed(run: Run, words: tuple[str, ...]) -> None:
    done = run("close", *words)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_restating(run: Run, home: Path) -> None:
    newest = packaged_sets()[-1]
    assert run("restate", "2025-10", "--factors", newest, "--reason", "x").exit_code == 2  # not closed
    run("close", "2025-10")
    assert run("restate", "2025-10", "--factors", "no-such-set", "--reason", "x").exit_code == 2
    assert run("restate", "2025-10", "--factors", newest, "--reason", " ").exit_code == 2
    done = run("restate", "2025-10", "--factors", newest, "--reason", "r2 was without factors")
    assert done.exit_code == 0, done.output
    assert "counted again" in done.stdout
    assert "r2 was without factors" in run("report", "2025-10").stdout
    assert run("restate", "2025-10", "--factors", newest, "--reason", "again").exit_code == 2


def test_restating_without_a_country(run: Run, home: Path) -> None:
    (home / "settings.toml").write_text('[commons]\ntime_zone = "Europe/Paris"\n')
    run("close", "2025-10")
    done = run("restate", "2025-10", "--factors", packaged_sets()[-1], "--reason", "x")
    assert done.exit_code == 2
    assert "country" in done.stderr


def test_a_time_zone_there_is_not(run: Run, home: Path) -> None:
    (home / "settings.toml").write_text('[commons]\ntime_zone = "Europe/Nowhere"\n')
    done = run("report")
    assert done.exit_code == 2
    assert "Europe/Paris" in done.stderr


def test_a_period_to_come_is_said_so_and_blames_no_setting(run: Run) -> None:
    told = run("report", "2099-01").stdout
    assert "to come" in told
    assert "Nothing was counted in this period" in told
    assert "No country is set" not in told

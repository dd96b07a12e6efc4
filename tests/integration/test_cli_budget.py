"""``affouage footprint budget``: what is typed, what is refused, what is printed."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.clock import SystemClock
from affouage.ledger import allowance as books
from affouage.ledger.ledger import Ledger
from affouage.ledger.receipt import Energy
from affouage.storage import open_database
from affouage.storage.home import prepare
from affouage.units import Interval
from tests.integration.books import a_receipt

KWH_UJ = 3_600_000_000_000
WHY = ("--reason", "Elle demande où elle en est.")


def run(home: Path, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(main, ["footprint", "budget", *words], env={"AFFOUAGE_HOME": str(home), **environ})


def done(home: Path, *words: str, **environ: str) -> str:
    result = run(home, *words, **environ)
    assert result.exit_code == 0, result.output
    return plain(result.stdout)


def plain(text: str) -> str:
    """With ordinary spaces."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def shown(home: Path, *words: str, **environ: str) -> Any:
    return json.loads(done(home, "show", "--json", *words, **environ))


def used(home: Path, uj: int, member: str = "m1", workshop: str = "explain", held_uj: int = 0) -> None:
    """Somebody used so much today, and a running request is promised so much more."""
    prepare(home)
    database = open_database(home / "affouage.db")
    energy = Energy(interval_uj=Interval(uj, uj, uj), static_uj=0, dynamic_uj=uj, quality="measured")

    async def write() -> None:
        ledger = Ledger(database, SystemClock())
        await ledger.settle(a_receipt(f"rcp_{uj}_{workshop}", member, energy=energy, workshop=workshop), None)
        promise = books.Hold(request_id="running", member_id=member, workshop=workshop, energy_uj=held_uj)
        if held_uj:
            await database.write(lambda connection: books.hold(connection, promise))

    try:
        asyncio.run(write())
    finally:
        database.close()


def test_nothing_decided(home: Path) -> None:
    assert "No limit is in force" in done(home)
    found = shown(home)
    assert (found["limits"], found["to_come"]) == ([], [])
    assert {area: rule["version"] for area, rule in found["rules"].items()} == {"budget": 0, "hours": 0, "pot": 0}


def test_limits_are_set_shown_changed_and_removed_and_each_decision_is_kept(home: Path) -> None:
    told = done(home, "set", "--commons-day-kwh", "2", "--member-day-wh", "50", "--reason", "Assembly of 22 November")
    assert "Decided: budget@1, in force at once." in told
    assert "Reason: Assembly of 22 November" in told
    assert "decided by the command line" in told
    done(
        home,
        "set",
        "--commons-day-kwh",
        "2,5",
        "--workshop-month-kwh",
        "explain=3",
        "--reason",
        "More",
        "--decided-by",
        "Odile",
    )
    found = shown(home)
    amounts = {one["name"]: one["amount"] for one in found["limits"]}
    assert amounts == {"commons-day-kwh": 2.5, "member-day-kwh": 0.05, "workshop-month-kwh=explain": 3.0}
    rule = found["rules"]["budget"]
    assert (rule["version"], rule["decided_by"], rule["reason"]) == (2, "Odile", "More")
    done(home, "remove", "member-day-wh", "workshop-month=explain", "--reason", "Less")
    assert [one["name"] for one in shown(home)["limits"]] == ["commons-day-kwh"]
    done(home, "remove", "--all", "--reason", "None")
    assert shown(home)["limits"] == []
    ledger = CliRunner().invoke(main, ["ledger", "verify", "--json"], env={"AFFOUAGE_HOME": str(home)})
    assert json.loads(ledger.stdout)["entries"] == 4


def test_how_much_is_used_stands_beside_each_limit(home: Path) -> None:
    done(home, "set", "--commons-day-kwh", "2", "--workshop-day-kwh", "1", "--member-day-kwh", "4", "--reason", "x")
    used(home, KWH_UJ, held_uj=KWH_UJ // 5)
    told = done(home)
    assert "60%: 1 kWh used and 200 Wh promised of 2 kWh" in told
    assert "██████████▒▒░░░░░░░░" in told
    assert "Workshop: explain, per day" in told
    assert "Each member, per day" in told
    limits = {one["name"]: one for one in shown(home)["limits"]}
    assert limits["commons-day-kwh"]["used"] == pytest.approx(1.0)
    assert limits["commons-day-kwh"]["held"] == pytest.approx(0.2)
    assert limits["commons-day-kwh"]["fraction"] == pytest.approx(0.6)
    assert limits["workshop-day-kwh"]["key"] == "explain"
    assert limits["member-day-kwh"]["used"] is None, "no member is shown unless asked for by name"


def test_a_member_is_shown_by_name_only(home: Path) -> None:
    CliRunner().invoke(main, ["members", "add", "Odile"], env={"AFFOUAGE_HOME": str(home)})
    done(home, "set", "--member-day-kwh", "4", "--reason", "x")
    assert "Odile, per day" in done(home, "show", "--member", "Odile", *WHY)
    assert shown(home, "--member", "Odile", *WHY)["limits"][0]["used"] == 0
    assert run(home, "show", "--member", "Nobody").exit_code == 2


def test_grams_and_euros(home: Path) -> None:
    known = {"AFFOUAGE_FOOTPRINT_COUNTRY": "FRA", "AFFOUAGE_FOOTPRINT_PRICE_EUR_PER_KWH": "0.25"}
    done(home, "set", "--commons-year-kg", "40", "--commons-month-eur", "12", "--reason", "x", **known)
    used(home, KWH_UJ)
    limits = {one["name"]: one for one in shown(home, **known)["limits"]}
    assert limits["commons-month-eur"]["used"] == pytest.approx(0.25)
    assert limits["commons-year-g"]["amount"] == 40_000
    assert 20 < limits["commons-year-g"]["used"] < 100
    assert "cannot be counted" in done(home), "the settings have lost country and price"
    assert shown(home)["limits"][0]["used"] is None


def test_hours_and_pot(home: Path) -> None:
    assert "from 23:00 to 06:00" in done(home, "hours", "23h", "6:00", "--reason", "Quiet nights")
    assert shown(home)["rules"]["hours"]["rule"] == {"closed_from": "23:00", "closed_until": "06:00"}
    done(home, "hours", "--always-open", "--reason", "The night shift")
    assert shown(home)["rules"]["hours"]["rule"] == {"closed_from": "", "closed_until": ""}
    assert "shared equally" in done(home, "pot", "equal", "--reason", "Together")
    assert shown(home)["rules"]["pot"]["rule"] == {"sharing": "equal"}


def test_a_day_to_come_and_what_replaces_it(home: Path) -> None:
    told = done(home, "set", "--commons-day-kwh", "2", "--from", "2998-01-01", "--reason", "Later")
    assert "in force from January 1, 2998" in told
    assert "To come: budget@1, from January 1, 2998" in told
    found = shown(home)
    assert (found["limits"], found["to_come"][0]["version"]) == ([], 1)
    replaced = done(home, "set", "--commons-day-kwh", "1", "--reason", "Now")
    assert "budget@1, planned for January 1, 2998, is replaced by it" in replaced
    assert shown(home)["to_come"] == []


WRONG: list[tuple[list[str], str]] = [
    (["set", "--reason", "x"], "nothing to set"),
    (["set", "--commons-day-kwh", "0", "--reason", "x"], "close the hours instead"),
    (["set", "--commons-day-kwh", "-1", "--reason", "x"], "not negative"),
    (["set", "--commons-day-kwh", "lots", "--reason", "x"], "no amount"),
    (["set", "--commons-day-kwh", "nan", "--reason", "x"], "no amount"),
    (["set", "--workshop-day-kwh", "=3", "--reason", "x"], "names no workshop"),
    (["set", "--commons-year-kg", "40", "--reason", "x"], "footprint.country"),
    (["set", "--commons-year-eur", "40", "--reason", "x"], "price_eur_per_kwh"),
    (["set", "--commons-day-kwh", "2"], "--reason"),
    (["set", "--commons-day-kwh", "2", "--reason", " "], "who decided it and why"),
    (["set", "--notice-percent", "100", "--reason", "x"], "1 to 99"),
    (["set", "--at-full", "sober", "--reason", "x"], "sober model"),
    (["set", "--at-full", "sober", "--sober-model", "nowhere", "--reason", "x"], "not in this commons"),
    (["set", "--exempt", "Ça!", "--reason", "x"], "cannot name a use"),
    (["set", "--commons-day-kwh", "2", "--from", "2020-01-01", "--reason", "x"], "in the past"),
    (["set", "--commons-day-kwh", "2", "--from", "soon", "--reason", "x"], "is no day"),
    (["set", "--commons-day-kwh", "2", "--from", "2999-01", "--reason", "x"], "is no day"),
    (["set", "--commons-week-kwh", "2", "--reason", "x"], "No such option"),
    (["remove", "--reason", "x"], "nothing to remove"),
    (["remove", "commons-day-kwh", "--reason", "x"], "No limit is called"),
    (["remove", "anything", "--reason", "x"], "No limit is called"),
    (["hours", "--reason", "x"], "beginning and an end"),
    (["hours", "23:00", "--reason", "x"], "beginning and an end"),
    (["hours", "23:00", "25:00", "--reason", "x"], "no time of day"),
    (["hours", "6:00", "06:00", "--reason", "x"], "never open"),
    (["hours", "23:00", "6:00", "--always-open", "--reason", "x"], "beginning and an end"),
    (["pot", "lottery", "--reason", "x"], "lottery"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda one: " ".join(one) if isinstance(one, list) else "")
def test_what_cannot_be_applied_ends_with_2_says_why_and_changes_nothing(
    home: Path, words: list[str], said: str
) -> None:
    told = run(home, *words)
    assert told.exit_code == 2, told.output
    assert said in told.output
    assert "Traceback" not in told.output
    found = shown(home)
    assert found["limits"] == []
    assert {rule["version"] for rule in found["rules"].values()} == {0}


NOT_OURS = ("pot", "--commons-week-kwh", "nowhere")
"""Told by click, or by the models' own sentence."""


@pytest.mark.parametrize("words", [words for words, _ in WRONG if not set(words) & set(NOT_OURS)], ids=" ".join)
def test_and_says_it_in_french(home: Path, words: list[str]) -> None:
    told = run(home, *words, AFFOUAGE_LANG="fr")
    assert told.exit_code == 2
    assert "affouage :" in plain(told.output)
    assert "In detail" not in told.output
    assert "en anglais" not in told.output, "each has its own sentence"


def test_in_french(home: Path) -> None:
    told = done(home, "set", "--commons-day-kwh", "2", "--reason", "Assemblée", AFFOUAGE_LANG="fr")
    assert "Décidé : budget@1, en vigueur tout de suite." in told
    assert "0 kWh utilisés sur 2 kWh" in told
    assert "décision : la ligne de commande" in told


def test_the_sober_model_must_be_there(home: Path) -> None:
    prepare(home)
    (home / "settings.toml").write_text('[[upstream]]\nid = "small"\nurl = "http://127.0.0.1:9/v1"\n', encoding="utf-8")
    done(home, "set", "--commons-day-kwh", "2", "--at-full", "sober", "--sober-model", "small", "--reason", "x")
    rule = shown(home)["rules"]["budget"]["rule"]
    assert (rule["at_full"], rule["sober_model"]) == ("sober", "small")


def test_exempt_uses_replace_the_list(home: Path) -> None:
    done(home, "set", "--exempt", "desk", "--exempt", "emergency", "--reason", "x")
    assert shown(home)["rules"]["budget"]["rule"]["exempt_uses"] == ["desk", "emergency"]
    done(home, "set", "--exempt", "none", "--reason", "x")
    assert shown(home)["rules"]["budget"]["rule"]["exempt_uses"] == []


def test_help_gives_the_form_and_examples(home: Path) -> None:
    told = done(home, "set", "--help")
    assert "--SCOPE-SPAN-UNIT" in told
    assert "--workshop-month-kwh explain=3" in told

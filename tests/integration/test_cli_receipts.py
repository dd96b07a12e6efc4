"""``affouage receipts`` on real homes; and how a receipt is told."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import msgspec
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Role
from affouage.cli import main
from affouage.cli.receipts import in_words, one_line
from affouage.clock import SystemClock
from affouage.ledger.receipt import Energy, Impacts, Receipt, TokenCounts
from affouage.storage import open_database
from affouage.units import Interval
from affouage.web.language import language
from tests.integration.books import a_receipt, fill

ENGLISH, FRENCH = language("en", "affouage.cli"), language("fr", "affouage.cli")


WHY = ("--reason", "Elle demande pourquoi sa réponse a tant attendu.")


def _run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["receipts", *words], env={"AFFOUAGE_HOME": str(home)})


def _members(home: Path) -> tuple[str, str]:
    """(id of the commons, id of Jeanne)"""
    home.mkdir(exist_ok=True)
    database = open_database(home / "affouage.db")
    accounts = Accounts(database, SystemClock())

    async def enter() -> tuple[str, str]:
        jeanne, _ = await accounts.add_member("Jeanne Moreau", Role.MEMBER, language="fr")
        return (await accounts.commons()).id, jeanne.id

    try:
        return asyncio.run(enter())
    finally:
        database.close()


def test_showing_one(home: Path) -> None:
    fill(home, a_receipt("rcp_1"))
    told = _run(home, "show", "rcp_1", *WHY)
    assert told.exit_code == 0, told.output
    for expected in ("completed", "Écho", "training data closed", "10 read (3 of them from the cache)", "estimated"):
        assert expected in told.output
    shown = msgspec.convert(json.loads(_run(home, "show", "rcp_1", "--json", *WHY).stdout), Receipt, strict=False)
    assert shown == a_receipt("rcp_1")


def test_one_that_does_not_exist_ends_with_2_and_a_remedy(home: Path) -> None:
    told = _run(home, "show", "rcp_none")
    assert told.exit_code == 2
    assert "No receipt rcp_none" in told.output


def test_listing_a_members_own_newest_first(home: Path) -> None:
    commons, jeanne = _members(home)
    fill(home, a_receipt("rcp_1", jeanne), a_receipt("rcp_2", commons), a_receipt("rcp_3", jeanne))
    assert re.findall(r"^rcp_\d", _run(home, "list", "jeanne moreau", *WHY).output, re.M) == ["rcp_3", "rcp_1"]
    assert [one["id"] for one in json.loads(_run(home, "list", "commons", "--json").stdout)] == ["rcp_2"]
    assert [
        one["id"] for one in json.loads(_run(home, "list", "Jeanne Moreau", "--limit", "1", "--json", *WHY).stdout)
    ] == ["rcp_3"]
    assert _run(home, "list", "Nobody").exit_code == 2


def test_unknown_is_said_and_never_a_zero() -> None:
    told = in_words(a_receipt(energy=Energy(), impacts=Impacts(), tokens=TokenCounts()), ENGLISH)
    lines = dict(line.split(maxsplit=1) for line in told.splitlines() if line[:1].strip())
    assert lines["energy"] == "unknown"
    assert lines["water"] == lines["minerals"] == "unknown"
    assert lines["carbon"] == "(CO2e)    unknown"
    assert "unknown written" in lines["tokens"]
    assert "energy unknown" in one_line(a_receipt(energy=Energy()), ENGLISH)


def test_in_french_as_on_the_pages(home: Path) -> None:
    interval = Interval(18e6, 54e6, 162e6)
    energy = Energy(interval_uj=interval, quality="estimated", method="processor time x 65 W declared for 8 x")
    receipt = a_receipt(energy=energy, impacts=Impacts())
    assert one_line(receipt, FRENCH).replace("\u00a0", " ") == (
        "réponse terminée · Écho · 5 mots-jetons · énergie ≈ 15 mWh (estimé, de 5 à 45) · carbone inconnu · reçu rcp_1"
    )
    told = in_words(receipt, FRENCH)
    for expected in (
        "données d'entraînement\u202f: non publié",
        "10 lus (dont déjà calculés\u202f: 3)",
        "moins de 0,1",
    ):
        assert expected in told
    for english in ("unknown", "estimated", "receipt", "waited", " read "):
        assert english not in told
    failed = a_receipt(outcome="failed", problem="engine_failed", tokens=TokenCounts())
    assert one_line(failed, FRENCH).startswith("interrompue (Le programme qui fait tourner le modèle s’est arrêté)")
    fill(home, receipt)
    shown = CliRunner().invoke(
        main, ["receipts", "show", "rcp_1", *WHY], env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": "fr"}
    )
    assert "carbone (CO2e)   inconnu" in shown.output
    as_json = ["receipts", "show", "rcp_1", "--json", *WHY]
    in_both = [
        CliRunner().invoke(main, as_json, env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": code})
        for code in ("fr", "en")
    ]
    assert in_both[0].stdout == in_both[1].stdout, "what programs read never changes"


@given(low=st.integers(0, 10**15), more=st.integers(0, 10**15), still_more=st.integers(0, 10**15))
def test_an_energy_is_always_three_figures_in_one_unit(low: int, more: int, still_more: int) -> None:
    interval = Interval(low, low + more, low + more + still_more)
    energy = Energy(interval_uj=interval, quality="estimated", method="x")
    line = one_line(a_receipt(energy=energy, impacts=Impacts()), ENGLISH)
    told = re.search(r"energy ≈ ([\d.,]+)\u00a0([mµk]?Wh) \(estimated, ([\d.,]+) to ([\d.,]+)\)", line)
    assert told is not None, line
    central, least, most = (float(told[i].replace(",", "")) for i in (1, 3, 4))
    assert least <= central <= most
    scale = {"kWh": 3.6e12, "Wh": 3.6e9, "mWh": 3.6e6, "µWh": 3.6e3}[told[2]]
    assert abs(central * scale - interval.central) <= 0.06 * interval.central

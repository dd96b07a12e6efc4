"""*La coupe*, the public page and the sources over real HTTP: figures that add up, privacy, two clicks to a source."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest

from affouage import settings
from affouage.catalogue.machine import machine_id
from affouage.footprint.budget import BudgetRules, HoursRules, Limit
from affouage.footprint.export import COLUMNS
from affouage.footprint.meter import METHODS
from affouage.testing import EchoEngine, FixedMeter, LiveCommons, ManualClock, serving
from tests.integration.footprint_days import WH, a_receipt, settle
from tests.integration.web_visitor import Visitor, receipt_id, words

NOV_22 = 1_795_345_200_000
"""2026-11-22, noon in Paris."""
SPACES = str.maketrans("\u00a0\u202f", "  ")
PEOPLE = ("Karim", "Odile", "Aline", "Bruno", "Chloé", "Denis")
MACHINE = """
[machine]
id = "{id}"
name = "La tour du local"
acquired = 2024-05-01
age_years = 4
planned_years = 4
commons_share = 0.5
price_eur = 900
[[part]]
kind = "computer"
model = "desktop"
"""


class Served:
    """One commons with two months of past answers, its clock and its meter."""

    def __init__(self, live: LiveCommons, clock: ManualClock, meter: FixedMeter) -> None:
        self.live = live
        self.clock = clock
        self.meter = meter
        self.visitors = {name: Visitor(live) for name in PEOPLE}
        self.ids = [self.visitors[name].join(name).id for name in PEOPLE]
        chance = random.Random(3)
        for month, days in (("10", 31), ("11", 21)):
            for day in range(1, days + 1):
                self._day(chance, f"2026-{month}-{day:02}")
        limits = (
            Limit(scope="commons", span="month", unit="kwh", amount=4),
            Limit(scope="member", span="month", unit="kwh", amount=1),
        )
        charter = live.commons.charter
        live.run(charter.enact("budget", BudgetRules(limits=limits), "L’assemblée d’octobre", "Payer moins"))

    def _day(self, chance: random.Random, day: str) -> None:
        for place in range(4):
            receipt = a_receipt(
                f"rcp_{day}_{place}",
                chance.choice(self.ids),
                uj=(chance.randrange(WH), chance.randrange(2 * WH)),
                model="echo",
                machine_id=machine_id(),
                factor_set="grid-2026-11",
                quality="measured",
            )
            self.live.commons.db.write_now(lambda c, one=receipt: settle(c, one, day, idle_uj=8 * WH))

    @property
    def karim(self) -> Visitor:
        return self.visitors["Karim"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home: Path = tmp_path_factory.mktemp("coupe") / "home"
    home.mkdir()
    (home / "machine.toml").write_text(MACHINE.format(id=machine_id()), encoding="utf-8")
    environ = {
        "AFFOUAGE_COMMONS_NAME": "Les Amis du Bois",
        "AFFOUAGE_COMMONS_TIME_ZONE": "Europe/Paris",
        "AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo",
        "AFFOUAGE_FOOTPRINT_COUNTRY": "FRA",
        "AFFOUAGE_FOOTPRINT_PRICE_EUR_PER_KWH": "0.25",
    }
    clock = ManualClock(NOV_22)
    meter = FixedMeter(clock, idle_uw=30_000_000)
    with serving(settings.read(environ, home=home), engines=[EchoEngine()], clock=clock, meter=meter) as live:
        yield Served(live, clock, meter)


def read(answer: httpx.Response) -> str:
    assert answer.status_code == 200, words(answer.text)
    return words(answer.text).translate(SPACES)


def test_the_month_for_a_member(served: Served) -> None:
    told = read(served.karim.get("/coupe"))
    for expected in ("novembre 2026", "Veille", "Mes réponses", "Tout le commun, par mois", "Vous, par mois"):
        assert expected in told
    assert "La tour du local" in told
    assert "Elle recommence le 1er décembre 2026." in told


def test_the_table_adds_up_to_the_meter(served: Served) -> None:
    report = served.karim.get("/coupe.json?period=2026-10").json()
    parts = ("to_requests", "idle", "unattributed", "contended")
    assert sum(report[name]["energy_uj"] for name in parts) == report["total"]["energy_uj"] > 0
    days = report["days"]
    assert sum(day["energy_uj"] for day in days) == report["total"]["energy_uj"]
    assert len(days) == 31


def test_periods_can_be_walked(served: Served) -> None:
    page = served.karim.get("/coupe").text
    for _ in range(3):
        previous = re.search(r'href="(/coupe\?period=[\d-]+)" rel="prev"', page)
        assert previous is not None
        page = served.karim.get(previous[1]).text
    assert "août 2026" in words(page)
    for period in ("2026", "2026-11-05", "2026-12", "2027"):
        read(served.karim.get(f"/coupe?period={period}"))


@pytest.mark.parametrize("path", ["/coupe", "/coupe.csv", "/coupe.json", "/commons"])
@pytest.mark.parametrize("period", ["2026-13", "hier", "2026-02-30", "%3Cscript%3E", "2026-1"])
def test_what_is_no_period_is_refused_with_what_would_do(served: Served, path: str, period: str) -> None:
    answer = served.karim.get(f"{path}?period={period}")
    assert answer.status_code == 400
    assert "Ce n’est pas une période." in words(answer.text)
    assert "<script>" not in answer.text


def test_the_tables_for_spreadsheets_and_programs(served: Served) -> None:
    answer = served.karim.get("/coupe.csv?period=2026-10")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="coupe-2026-10.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert tuple(rows[0]) == COLUMNS
    assert {"total", "idle", "model", "mine_use", "day"} <= {row["table"] for row in rows}
    as_json = json.loads(served.karim.get("/coupe.json?period=2026-10").text)
    total = next(row for row in rows if row["table"] == "total")
    assert int(total["energy_uj"]) == as_json["total"]["energy_uj"]


def test_nothing_of_other_members(served: Served) -> None:
    for path in ("/coupe", "/coupe.csv", "/coupe.json"):
        text = served.karim.get(path).text
        assert not [one for one in served.ids[1:] if one in text]
        assert not [name for name in PEOPLE[1:] if name in text]


def test_each_member_has_their_own_part(served: Served) -> None:
    mine = [served.visitors[name].get("/coupe.json?period=2026-10").json()["mine"] for name in PEOPLE]
    assert sum(one["requests"] for one in mine) == 4 * 31
    assert len({one["use"]["energy_uj"] for one in mine}) == len(PEOPLE)


# -- in public -------------------------------------------------------------------------------------------------------


def test_the_public_page_needs_no_name(served: Served) -> None:
    with httpx.Client(base_url=served.live.url, headers={"accept-language": "fr"}) as stranger:
        told = read(stranger.get("/commons"))
        assert "Les Amis du Bois" in told
        assert "octobre 2026" in told
        assert "Au plus 4 kWh par mois pour tout le commun." in told
        assert "Décidée par : L’assemblée d’octobre. Raison : Payer moins" in told
        assert "Prise avec compteur (mesuré)" in told
        assert not [name for name in PEOPLE if name in told]
        assert "Ce mois n’est pas fini" in read(stranger.get("/commons?period=2026-11"))
        assert "Moins de 5 personnes" in read(stranger.get("/commons?period=2026-08"))
        english = read(stranger.get("/commons?lang=en"))
        assert "October 2026" in english


def test_a_stranger_sees_no_price_and_no_coupe(served: Served) -> None:
    with httpx.Client(base_url=served.live.url, headers={"accept-language": "fr"}) as stranger:
        told = read(stranger.get("/sources"))
        assert "0,25 €/kWh" not in told
        assert "900 €" not in told
        assert stranger.get("/coupe").status_code == 303
        assert stranger.get("/coupe.csv").status_code == 303
    assert "0,25 €/kWh" in read(served.karim.get("/sources"))


# -- from a figure to its source -------------------------------------------------------------------------------------


def ids(page: str) -> set[str]:
    return set(re.findall(r'\bid="([a-z_-]+)"', page))


def test_every_link_to_a_source_leads_to_its_place(served: Served) -> None:
    there = ids(served.karim.get("/sources").text)
    assert {"energy", "grid", "water", "minerals", "primary-energy", "machine", "cloud", "price", *METHODS} <= there
    answered = served.karim.ask("Bonjour")
    receipt = served.karim.get(f"/receipts/{receipt_id(answered.text)}").text
    for page in (receipt, served.karim.get("/coupe").text, served.karim.get("/commons?period=2026-10").text):
        anchors = set(re.findall(r'href="/sources#([a-z_-]+)"', page))
        assert anchors
        assert anchors <= there
    assert {"grid", "water", "minerals", "primary-energy", "machine", "plug"} <= set(
        re.findall(r'href="/sources#([a-z_-]+)"', receipt)
    )


def test_a_source_says_figure_range_scope_year_licence_and_day(served: Served) -> None:
    told = read(served.karim.get("/sources"))
    grid = served.live.commons.grid
    assert grid is not None
    assert grid.gwp is not None
    assert grid.water is not None
    for factor in (grid.gwp, grid.water, *grid.others):
        assert factor.licence in told
        assert factor.source in told
    assert "Du tiers au double de la valeur publiée" in told
    assert "émissions directes seules" in told
    assert "Une prise compte tout ce que la machine prend au mur, à 3 % près." in told
    assert "La tour du local" in told
    assert "12 juin 2026" in told


# -- refusals and notices --------------------------------------------------------------------------------------------


def test_a_limit_nearly_reached_is_told_under_the_answer_then_refused_in_words(served: Served) -> None:
    charter, odile = served.live.commons.charter, served.visitors["Odile"]
    before = charter.in_force("budget").value

    def enact(rules: BudgetRules) -> None:
        served.live.run(charter.enact("budget", rules, "essai", "essai"))

    used_kwh = odile.get("/coupe.json").json()["total"]["energy_uj"] / WH / 1000
    try:
        enact(BudgetRules(limits=(Limit(scope="commons", span="month", unit="kwh", amount=used_kwh * 1.2),)))
        told = read(odile.ask("Bonjour"))
        assert "Le commun a utilisé 80 % de sa coupe" in told
        assert "Voir où nous en sommes" in told
        page = read(odile.get(f"/receipts/{receipt_id(odile.ask('Encore').text)}"))
        assert "Le commun a utilisé 80 % de sa coupe" in page
        enact(BudgetRules(limits=(Limit(scope="commons", span="month", unit="kwh", amount=used_kwh / 2),)))
        refused = read(odile.ask("Bonjour"))
        assert "La coupe du commun (l’énergie qu’il s’accorde) pour ce mois ne laisse pas assez." in refused
        assert "Ce qui coûterait moins" in refused
        assert "Elle recommence le 1er décembre 2026." in refused
    finally:
        enact(before)


def test_closed_hours_are_told_with_when_it_opens(served: Served) -> None:
    charter = served.live.commons.charter
    served.live.run(charter.enact("hours", HoursRules(closed_from="11:00", closed_until="13:00"), "essai", "essai"))
    try:
        told = read(served.karim.ask("Bonjour"))
    finally:
        served.live.run(charter.enact("hours", HoursRules(), "essai", "essai"))
    assert "Le commun est fermé de 11:00 à 13:00" in told
    assert "Il ouvre à 13:00" in told


# -- the receipt -----------------------------------------------------------------------------------------------------


def test_the_making_of_the_machine_is_shared_out_at_midnight(served: Served) -> None:
    number = receipt_id(served.karim.ask("Bonjour à toutes et à tous").text)
    page = read(served.karim.get(f"/receipts/{number}"))
    assert "Une prise compte tout ce que la machine prend au mur, à 3 % près." in page
    assert "Jeu de facteurs grid-2026-11" in page
    as_json = served.karim.get(f"/receipts/{number}?format=json").json()
    assert as_json["energy"]["method"] == "plug"
    assert as_json["energy"]["facts"]["meter"] == "fixed"
    assert {"static_uj", "dynamic_uj", "at_least", "machine_share_us"} <= as_json["energy"].keys()
    assert {"quality", "at_least", "water_l"} <= as_json["impacts"].keys()
    receipt = served.live.run(served.live.commons.ledger.receipt(number, served.ids[0]))
    assert served.live.run(served.live.commons.books.making_of(receipt)) is None, "the day is not over"
    share = msgspec.structs.replace(
        receipt,
        energy=msgspec.structs.replace(receipt.energy, machine_share_us=2_000_000),
        created_ms=NOV_22 - 86_400_000,
    )
    making = served.live.run(served.live.commons.books.making_of(share))
    day = served.live.run(served.live.commons.books.report("2026-11-21"))
    assert making is not None
    assert making.gwp_g is not None
    assert day.embodied.to_requests.gwp_g is not None
    assert making.gwp_g.central == pytest.approx(day.embodied.to_requests.gwp_g.central / 2), "2 s of the day's 4"

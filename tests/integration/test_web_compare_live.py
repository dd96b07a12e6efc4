"""The page *Comparer* of a living commons: real questions, real books, plain links."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from affouage import settings
from affouage.footprint.comparison import month_costs
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.web.compare import basis_of
from tests.integration.web_visitor import Visitor, words

MACHINE = """
[machine]
id = "box"
acquired = "2026-01-01"
planned_years = 4
price_eur = 1461
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCommons]:
    environ = {
        "AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo",
        "AFFOUAGE_FOOTPRINT_COUNTRY": "FRA",
        "AFFOUAGE_FOOTPRINT_PRICE_EUR_PER_KWH": "0.25",
        "AFFOUAGE_FOOTPRINT_SUBSCRIPTION_EUR_PER_MONTH": "22",
    }
    home = tmp_path_factory.mktemp("web-compare") / "home"
    home.mkdir()
    (home / "machine.toml").write_text(MACHINE, encoding="utf-8")
    with serving(settings.read(environ, home=home), engines=[EchoEngine("echo")]) as running:
        yield running


@pytest.fixture(scope="module")
def odile(live: LiveCommons) -> Visitor:
    visitor = Visitor(live)
    visitor.join("Odile")
    return visitor


def test_a_new_commons_has_its_page(odile: Visitor) -> None:
    answer = odile.get("/compare")
    assert answer.status_code == 200
    text = words(answer.text)
    assert "Rien n’a encore été demandé" in text
    assert "22 €" in text
    assert "0,25 € le kWh" in text


def test_after_a_question_the_page_counts_it(odile: Visitor) -> None:
    odile.ask("un deux trois quatre cinq")
    text = words(odile.get("/compare").text)
    assert "La réponse moyenne du mois a 5 mots-jetons" in text
    assert "Ici, tout compté" in text
    assert "demandes par jour" in text


def test_the_same_euros_as_in_the_report(live: LiveCommons) -> None:
    commons = live.commons
    of = live.run(commons.books.report(commons.calendar.month(commons.clock.now_ms())))
    paid, _ = month_costs(of, basis_of(commons))
    assert paid.fixed is not None
    assert of.fixed_cost_eur is not None
    assert paid.fixed.central == pytest.approx(of.fixed_cost_eur.central)
    assert paid.fixed.central == pytest.approx(1.0), "opened today: one day of it"
    assert paid.electricity is not None
    assert of.total.cost_eur is not None
    assert paid.electricity.central == pytest.approx(of.total.cost_eur.central)


def test_the_form_works_by_plain_links(odile: Visitor) -> None:
    chosen = odile.get("/compare?size=mixture&hours=8").text
    assert '<option value="mixture" selected>' in chosen
    assert '<option value="8" selected>' in chosen
    assert '<option value="24" selected>' in odile.get("/compare?hours=1000000").text, "hours no day has"
    strange = odile.get("/compare?size=%3Cscript%3E")
    assert strange.status_code == 400
    assert "<script>" not in strange.text.replace("<script src", "")


def test_in_english_too(odile: Visitor) -> None:
    text = words(odile.get("/compare?lang=en").text)
    assert "How many are we?" in text
    assert "here no meter measures" in text
    odile.get("/compare?lang=fr")


def test_strangers_are_sent_to_sign_in(live: LiveCommons) -> None:
    answer = Visitor(live).get("/compare")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")


def test_each_anchor_leads_somewhere(odile: Visitor) -> None:
    shown, sources = odile.get("/compare").text, odile.get("/sources").text
    for anchor in set(re.findall(r'href="/sources#([a-z-]+)"', shown)):
        assert f'id="{anchor}"' in sources, anchor

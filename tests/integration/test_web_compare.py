"""The page *Comparer*: what it says of a month, in both languages, with everything known and with nothing known."""

from __future__ import annotations

import html
import re
from datetime import date
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint import cloud
from affouage.footprint.comparison import Basis, month_costs, requests_per_day, running_of
from affouage.footprint.curve import mean_request, spot, work_of_one
from affouage.footprint.factors import Factor, GridFactors, Site
from affouage.footprint.machine import Machine, PartImpact
from affouage.footprint.report import Day, Embodied, Line, Report, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval
from affouage.web.compare import Compare, view
from affouage.web.language import language
from affouage.web.pages import Frame
from affouage.web.site import environment
from tests.integration.web_visitor import words

KWH = 3.6e12


def triple(low: float, central: float, high: float) -> Interval:
    return Interval(low, central, high)


def spent(kwh: float, *, range_: float = 0.05, g_per_kwh: float | None = 50, **more: object) -> Sum:
    grams = None if g_per_kwh is None else triple(*(kwh * part * g_per_kwh for part in (1 - range_, 1, 1 + range_)))
    known = {
        "energy_uj": round(kwh * KWH),
        "interval_uj": triple(kwh * KWH * (1 - range_), kwh * KWH, kwh * KWH * (1 + range_)),
        "quality": "measured",
        "use": Impacts(gwp_g=grams, quality="declared" if grams else "unknown"),
    }
    return Sum(**(known | more))  # type: ignore[arg-type]


def report(**more: object) -> Report:
    """21 days of November: 40 kWh, of which 4 for 630 answers; on all the time."""
    known = {
        "period": "2026-11",
        "t0_ms": 0,
        "t1_ms": 1,
        "closed": False,
        "members": 20,
        "requests": 630,
        "total": spent(40),
        "to_requests": spent(4),
        "idle": spent(35),
        "unattributed": spent(1),
        "contended": Sum(),
        "losses": Sum(),
        "gap_s": 0,
        "first_day": "2026-11-01",
        "known_s": 21 * 86_400,
        "embodied": Embodied(
            total=Impacts(gwp_g=triple(2100, 4200, 8400), quality="estimated"),
            to_requests=Impacts(),
            to_pot=Impacts(),
        ),
        "days": tuple(
            Day(
                day=f"2026-11-{day:02}",
                requests=30,
                energy_uj=0,
                requests_uj=0,
                idle_uj=0,
                unattributed_uj=0,
                contended_uj=0,
                gap_s=0,
            )
            for day in range(1, 22)
        ),
        "models": (
            Line(key="small", requests=600, tokens_decoded=120_000),
            Line(key="large", requests=None),
        ),
        "workshops": (),
        "machines": (),
        "uses": (),
        "limits": (),
        "fixed_cost_eur": None,
        "factor_sets": (),
        "pot_sharing": "kept",
    }
    return Report(**(known | more))  # type: ignore[arg-type]


EMPTY = {
    "requests": 0,
    "members": 3,
    "total": Sum(),
    "to_requests": Sum(),
    "idle": Sum(),
    "unattributed": Sum(),
    "embodied": Embodied(total=Impacts(), to_requests=Impacts(), to_pot=Impacts()),
    "days": (),
    "first_day": "",
    "models": (),
    "known_s": 0,
}

FRANCE = GridFactors(
    set_id="test",
    country="FRA",
    gwp=Factor(
        value=triple(41, 50, 98),
        unit="g CO2e/kWh",
        scope="life cycle",
        source="this test",
        url="",
        year=2024,
        licence="",
        retrieved="2026-11-22",
    ),
)
BOX = Machine(
    id="box",
    acquired="2026-01-01",
    planned_years=4.0,
    price_eur=1461.0,
    parts=(PartImpact(kind="computer", model="box", gwp_kg=triple(150, 300, 600), quality="estimated"),),
)


def basis(**more: object) -> Basis:
    known = {
        "grid": FRANCE,
        "site": Site(),
        "machines": (BOX,),
        "idle_w": 70.0,
        "eur_per_kwh": 0.25,
        "hosting_eur_per_month": 0.0,
        "subscription_eur": 20.0,
        "today": date(2026, 11, 21),
    }
    return Basis(**(known | more))  # type: ignore[arg-type]


NOTHING = basis(grid=None, machines=(), idle_w=None, eur_per_kwh=None, subscription_eur=None)


def page(of: Report, by: Basis, *, size: str = "large", awake_h: int = 24, code: str = "fr") -> Compare:
    return view(of, by, size=size, awake_h=awake_h, language=language(code))


def rendered(shown: Compare, code: str = "fr") -> str:
    frame = Frame(code, "Les Communs", "Odile", False, False, "", "compare", None)
    return environment(code).get_template(shown.template).render(page=shown, frame=frame)


# -- figures ---------------------------------------------------------------------------------------------------------


def test_the_average_request_by_hand() -> None:
    mean = mean_request(report())
    assert mean is not None
    assert mean.all_uj is not None
    assert mean.all_uj.central == pytest.approx(40 * KWH / 630)
    assert mean.own_uj is not None
    assert mean.own_uj.central == pytest.approx(4 * KWH / 630)
    assert mean.tokens == 200, "models whose requests are not told are left out of both counts"
    assert mean.all_g is not None
    assert mean.all_g.central == pytest.approx((2000 + 4200) / 630)
    assert mean_request(report(**EMPTY)) is None


def test_work_is_what_the_static_power_leaves() -> None:
    work = work_of_one(report(), 70.0)
    assert work is not None
    assert work.central == pytest.approx((40 - 0.070 * 24 * 21) * KWH / 630)
    assert work.low == pytest.approx(work.central * 0.95), "the range of the meter"
    assert work_of_one(report(contended=spent(1)), 70.0) is not None
    assert work_of_one(report(), 1e6) == triple(0, 0, 0)
    assert work_of_one(report(), None) is None
    assert work_of_one(report(**EMPTY), 70.0) is None


def test_the_curve_at_our_own_number_is_our_own_average() -> None:
    """Computed the two ways, from the sums and from the machine: the same request."""
    each_day = requests_per_day(report(), basis())
    assert each_day == 30
    one = spot(running_of(report(), basis(), 24), each_day)
    mean = mean_request(report())
    assert mean is not None
    assert mean.all_uj is not None
    assert one.energy_uj is not None
    assert one.energy_uj.central == pytest.approx(mean.all_uj.central)


def test_the_month_so_far() -> None:
    paid, part = month_costs(report(), basis())
    assert paid.electricity is not None
    assert paid.electricity.central == pytest.approx(10)
    assert paid.hardware is not None
    assert paid.hardware.central == pytest.approx(21), "1461 euros over 1461 days, 21 of them"
    assert part.per_member is not None
    assert part.per_member.central == pytest.approx(31 / 20)
    assert part.subscriptions == pytest.approx(20 * 20 * 21 / 30)
    assert not part.at_least


def test_a_commons_opened_in_the_month_pays_from_that_day() -> None:
    paid, part = month_costs(report(first_day="2026-11-12"), basis(hosting_eur_per_month=30.0))
    assert paid.hardware is not None
    assert (paid.hardware.central, paid.hosting) == (pytest.approx(10), pytest.approx(10))
    assert part.subscriptions == pytest.approx(20 * 20 * 10 / 30)


def test_what_the_books_say_the_machine_cost_wins() -> None:
    booked = report(fixed_cost_eur=triple(36, 36, 36))
    paid, _ = month_costs(booked, basis(hosting_eur_per_month=30.0))
    assert paid.hardware == triple(15, 15, 15)
    assert paid.fixed == triple(36, 36, 36)


def test_electricity_of_the_building_is_paid_too() -> None:
    paid, _ = month_costs(report(), basis(site=Site(pue=triple(1.5, 1.5, 1.5))))
    assert paid.electricity is not None
    assert paid.electricity.central == pytest.approx(15)


# -- the page --------------------------------------------------------------------------------------------------------


def test_everything_known_in_words() -> None:
    shown = page(report(), basis())
    assert shown.lacking == ()
    text = words(rendered(shown))
    assert "À combien sommes-nous\u202f?".replace("\u202f", " ") in text.replace("\u202f", " ").replace("\xa0", " ")
    assert "La réponse moyenne du mois a 200 mots-jetons" in text
    assert "Ici, un compteur mesure" in text
    assert "Pour chacun des 20 membres" in text
    assert "inconnu" not in text
    assert "au moins" not in text
    assert [row.requests for row in shown.spots if row.here] == ["30"]
    assert shown.drawing is not None
    ElementTree.fromstring(str(shown.drawing))  # noqa: S314 - our own text


def test_the_cloud_is_an_estimate_and_its_limits_are_told() -> None:
    shown = page(report(), basis())
    assert [row.quality for row in shown.answers] == ["measured", "measured", "estimated"]
    text = words(rendered(shown))
    assert "La lecture de votre texte n’y est pas" in text
    assert "personne, de l’extérieur, ne sait" in text
    estimated = page(report(total=spent(40, quality="estimated")), basis())
    assert "Une estimation à côté d’une estimation" in words(rendered(estimated))


def test_no_order_is_told_where_ranges_meet() -> None:
    there = cloud.compare(200, cloud.model_of("large"), FRANCE).energy_uj
    cases = {"plus d’énergie": there.high * 1.1, "moins d’énergie": there.low * 0.9, "se touchent": there.central}
    for told, each_uj in cases.items():
        own = spent(each_uj * 630 / KWH, range_=0.001)
        assert told in page(report(to_requests=own), basis()).verdict
    least = spent(there.low * 0.9 * 630 / KWH, range_=0.001)
    partial = page(report(to_requests=least, total=spent(40, at_least=True)), basis())
    assert "se touchent" in partial.verdict, "a lower bound is never less than anything"


def test_nothing_known_says_what_is_missing_and_who_can_fill_it() -> None:
    shown = page(report(**EMPTY), NOTHING)
    text = words(rendered(shown))
    assert len(shown.lacking) == 6
    for clue in ("price_eur_per_kwh", "machine.toml", "meter calibrate", "[footprint] country", "meter list"):
        assert clue in text
    assert shown.drawing is None
    assert [row.name for row in shown.answers] == ["Service en ligne, pendant qu’il répond"]
    assert not re.search(r"(?<![\d,.])0(?:,0+)? (?:€|c€|Wh|kWh|g|kg|mg)\b", text), "unknown is never zero"
    assert shown.in_subscriptions == ""
    assert all(row.total.text is None and row.euros.text is None for row in shown.spots)


@pytest.mark.parametrize(
    ("more", "clue"),
    [
        ({"grid": None}, "country"),
        ({"idle_w": None}, "calibrate"),
        ({"eur_per_kwh": None}, "price_eur_per_kwh"),
        ({"machines": ()}, "machine.toml"),
        ({"machines": (Machine(id="box", acquired="2026-01-01"),)}, "price_eur"),
    ],
)
def test_each_lack_is_told_and_makes_lower_bounds(more: dict[str, object], clue: str) -> None:
    shown = page(report(), basis(**more))
    assert clue in " ".join(one.remedy for one in shown.lacking)
    assert all(one.anchor for one in shown.lacking)
    if "grid" in more:
        assert all(row.total.text is None or row.total.at_least for row in shown.spots)
    elif "idle_w" not in more:
        assert shown.per_member.at_least
        assert "au moins" in shown.in_subscriptions
        assert all(row.euros.at_least for row in shown.spots)


def test_a_machine_paid_off_costs_no_more_and_says_so() -> None:
    old = Machine(id="old", acquired="2015-01-01", planned_years=4.0, price_eur=800.0, parts=BOX.parts)
    shown = page(report(), basis(machines=(old,)))
    assert next(row for row in shown.pay if row.name == "La machine").note == "elle est amortie"
    assert shown.lacking == ()


def test_published_figures_are_quoted_with_what_they_count() -> None:
    text = words(rendered(page(report(), basis())))
    assert "0,24 Wh" in text
    assert "1,14 g de CO2e" in text
    assert "jamais repris dans un calcul" in text
    assert "88 fois moins" in text


def test_fewer_hours_on_weigh_less() -> None:
    day, part = page(report(), basis()), page(report(), basis(), awake_h=8)
    assert day.spots[0].idle != part.spots[0].idle
    assert 'value="8" selected' in rendered(part)


def test_a_size_by_figure_and_one_that_cannot_be() -> None:
    shown = page(report(), basis(), size="12")
    assert ("12", "12 milliards") in shown.sizes
    assert 'value="12" selected' in rendered(shown)
    with pytest.raises(BadRequest):
        page(report(), basis(), size="énorme")


@pytest.mark.parametrize("code", ["fr", "en"])
def test_no_style_no_script_and_a_table_beside_the_plot(code: str) -> None:
    text = rendered(page(report(), basis(), code=code), code)
    main = text[text.index("<main") :]
    assert not re.search(r"<script|<style|style=|\son\w+=", main)
    assert main.count("<table>") == 2
    assert len(re.findall(r'<th scope="row">', main)) == 3 + 7, "30 a day is one of the steps"
    ids = re.findall(r'\bid="([^"]+)"', main)
    assert len(ids) == len(set(ids))
    for anchor in set(re.findall(r'href="/sources#([a-z-]+)"', main)):
        assert anchor in {"cloud", "price", "machine", "grid", "energy"}
    assert len(text.encode()) < 30_000, "light enough for the page's 60 kB with its style"
    if code == "en":
        assert "≈" in text
        assert not re.search(r"demandes|réponse", html.unescape(main).replace("Déclaré", ""))


amounts = st.floats(0, 1e4)
sums = st.one_of(
    st.just(Sum()),
    st.builds(
        spent,
        amounts,
        range_=st.floats(0, 1),
        g_per_kwh=st.none() | st.floats(0, 1000),
        at_least=st.booleans(),
        quality=st.sampled_from(["measured", "declared", "estimated"]),
    ),
)


@given(
    total=sums,
    own=sums,
    requests=st.integers(0, 100_000),
    members=st.integers(0, 5000),
    idle_w=st.none() | st.floats(0, 2000),
    price=st.none() | st.floats(0.001, 5),
    machines=st.sampled_from([(), (BOX,), (BOX, Machine(id="bare"))]),
    grid=st.sampled_from([None, FRANCE, GridFactors(set_id="x", country="XXX")]),
    awake_h=st.sampled_from([24, 16, 8]),
    size=st.sampled_from(["small", "medium", "large", "mixture"]),
    code=st.sampled_from(["fr", "en"]),
)
def test_any_month_makes_a_page(  # type: ignore[no-untyped-def]
    total, own, requests, members, idle_w, price, machines, grid, awake_h, size, code
) -> None:
    of = report(total=total, to_requests=own, requests=requests, members=members)
    by = basis(idle_w=idle_w, eur_per_kwh=price, machines=machines, grid=grid)
    text = rendered(page(of, by, size=size, awake_h=awake_h, code=code), code)
    assert "nan" not in words(text).split()
    assert "inf" not in words(text).split()
    for drawing in re.findall(r"<svg.*?</svg>", text, re.DOTALL):
        ElementTree.fromstring(drawing)  # noqa: S314 - our own text


# -- the page, served ------------------------------------------------------------------------------------------------

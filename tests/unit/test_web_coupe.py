"""The page *La coupe* from constructed reports: figures have ranges, unknown stays unknown, others stay private."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.errors import BadRequest
from affouage.footprint.budget import BudgetRules, HoursRules, Limit, LimitState, Scope
from affouage.footprint.report import Day, Embodied, Line, Report, Sum
from affouage.ledger.receipt import Impacts
from affouage.units import Interval
from affouage.web import coupe, public
from affouage.web.amounts import impact_rows
from affouage.web.coupe import Coupe
from affouage.web.language import Language, language
from affouage.web.limits import BAR_CELLS, text_bar
from affouage.web.pages import Frame
from affouage.web.periods import by_month, chooser, first_period, month_before, named
from affouage.web.site import environment
from tests.unit.reports import MAKING, WH, a_day, a_mine, a_report, a_sum

FRENCH, ENGLISH = language("fr"), language("en")
TODAY = "2026-11-22"
SPACES = str.maketrans("\u00a0\u202f", "  ")


def seen(report: Report, spoken: Language = FRENCH, member_id: str = "m1", **more: Any) -> Coupe:
    return coupe.view(report, today=TODAY, member_id=member_id, day_of=lambda _: "2026-12-01", language=spoken, **more)


def words(page: Any, code: str = "fr") -> str:
    """The page as it is read, spaces single."""
    frame = Frame(code, "Les Amis", "Karim", False, False, "", "coupe", None)
    html = environment(code).get_template(page.template).render(page=page, frame=frame)
    return " ".join(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", html, flags=re.DOTALL).translate(SPACES).split())


def state(scope: Scope, key: str = "", used: float = 1.0, held: float = 0.0, **limit: Any) -> LimitState:
    asked = {"span": "day", "unit": "kwh", "amount": 2.0, **limit}
    return LimitState(limit=Limit(scope=scope, **asked), key=key, used=used, held=held, resets_ms=0)


def test_the_treasurer_sees_energy_and_euros_of_the_month_standby_included() -> None:
    told = words(seen(a_report(mine=a_mine())))
    assert "novembre 2026" in told
    assert "≈ 40 Wh (mesuré, de 36 à 44)" in told
    assert "≈ 1 centime (de 0,8 à 1,2)" in told
    first = told[told.index("Électricité, veille comprise") : told.index("Où l’énergie est allée")]
    assert re.search(r"Son prix ≈ [\d,]+ centimes? .* Un membre de plus ajouterait ≈ [\d,]+ centimes? \(de", first)
    assert "Veille ≈ 35 Wh (de 32 à 38) 87 %" in told
    assert "Mes réponses ≈ 2 Wh (de 1,8 à 2,2) 2 réponses" in told
    assert "Mon coût réel ≈ 3,1 € (de 2,9 à 3,4)" in told
    assert "la part de chaque membre passerait de 3 € à 2,67 €" in told
    assert "provisoires" in told


def test_in_english_too() -> None:
    told = words(seen(a_report(mine=a_mine()), ENGLISH), "en")
    assert "November 2026" in told
    assert "≈ 40 Wh (measured, 36 to 44)" in told
    assert "Standby ≈ 35 Wh (32 to 38) 87%" in told


def test_a_figure_is_never_alone() -> None:
    """Energies, masses, volumes and euros that are not exact stand with their range."""
    told = words(seen(a_report(mine=a_mine()), ENGLISH), "en")
    for figure in re.finditer(r"≈ ([\d.,]+) (?:[km]?Wh|[km]?g|m?L|[MGk]J|€|cents?)", told):
        after = told[figure.end() :][:40]
        assert re.match(r"(?: CO₂e| Sb eq)? \((?:measured, )?[\d.,]+ to [\d.,]+\)", after), figure[0] + after


def test_nothing_at_all_is_told_without_a_range() -> None:
    told = words(seen(a_report(unattributed=a_sum(0))))
    assert "Sans attribution 0 Wh 0 % 0 €" in told
    assert "≈ 0 " not in told


def test_other_programs_only_when_there_are() -> None:
    """Most meters cannot tell whose work it was: a row of zeros would say that nobody else was there."""
    for nothing in (a_sum(0), Sum(), Sum(at_least=True)):
        assert "Autres programmes" not in words(seen(a_report(contended=nothing)))
    told = words(seen(a_report(contended=a_sum(2 * WH))))
    assert "Autres programmes ≈ 2 Wh (de 1,8 à 2,2) 5 %" in told


def test_unknown_is_a_word_and_a_gap_makes_it_at_least() -> None:
    nothing = Sum(at_least=True)
    unknown = a_report(
        total=nothing,
        to_requests=nothing,
        idle=nothing,
        unattributed=nothing,
        contended=nothing,
        losses=nothing,
        days=(),
        models=(Line(key="small", requests=4, sum=nothing),),
        embodied=Embodied(total=Impacts(), to_requests=Impacts(), to_pot=Impacts(), undescribed=("tower",)),
        fixed_cost_eur=None,
    )
    told = words(seen(unknown))
    assert not re.search(r"\b0(?:,0+)? (?:k?Wh|g|kg|€)", told)
    assert told.count("inconnu") > 15
    assert "Personne n’a encore décrit ces machines" in told
    assert "personne n’a dit le prix du kilowattheure" in told.lower()
    silent = words(seen(a_report(gap_s=720, total=a_sum(40 * WH, at_least=True))))
    assert "Le compteur est resté muet pendant 12 min" in silent
    assert "au moins ≈ 40 Wh" in silent


def test_an_indicator_that_misses_a_part_is_at_least() -> None:
    use = Impacts(gwp_g=Interval(1, 2, 3), water_l=Interval(1, 2, 3), adpe_g_sb=Interval(0.1, 0.2, 0.3))
    carbon, water, minerals, primary = impact_rows(use, MAKING, ENGLISH)
    assert (carbon.total, carbon.at_least) == (("0.1\u00a0kg", "0.051 to 0.2"), False)
    assert (water.making, water.total, water.at_least) == (None, ("2\u00a0L", "1 to 3"), True)
    assert not minerals.at_least
    assert (primary.use, primary.at_least) == (None, True)
    nothing = impact_rows(Impacts(), Impacts(), ENGLISH)
    assert [row.total for row in nothing] == [None] * 4


def test_equivalents_only_when_the_making_is_counted() -> None:
    assert seen(a_report()).equivalents
    assert all("(de " in one.words for one in seen(a_report()).equivalents)
    assert "12 juin 2026" in seen(a_report()).equivalents[0].source
    unmade = a_report(embodied=Embodied(total=Impacts(), to_requests=Impacts(), to_pot=Impacts()))
    assert seen(unmade).equivalents == ()
    assert seen(a_report(total=a_sum(WH, use=Impacts()))).equivalents == ()
    partial = a_report(total=msgspec.structs.replace(a_sum(WH), use=Impacts(gwp_g=Interval(1, 2, 3), at_least=True)))
    assert all(one.words.startswith("au moins ") for one in seen(partial).equivalents)


def test_a_long_table_keeps_its_biggest_rows() -> None:
    many = tuple(Line(key=f"m{place}", requests=1, sum=a_sum(place * WH)) for place in range(30))
    page = seen(a_report(models=many))
    assert [row.name for row in page.models.rows] == [f"m{place}" for place in range(29, 17, -1)]
    assert "et 18 autres" in words(page)


# -- limits ----------------------------------------------------------------------------------------------------------


def test_nobody_reads_the_limit_of_another_member() -> None:
    states = (state("commons"), state("member", "m1", 1.7), state("member", "m2", 1.9), state("workshop", "web", 3.0))
    page = seen(a_report(limits=states), budget=BudgetRules(limits=tuple(one.limit for one in states)))
    assert [row.name for row in page.limits] == [
        "Tout le commun, par jour",
        "Vous, par jour",
        "Atelier\u202f: ces pages, par jour",
    ]
    assert [row.state for row in page.limits] == ["calm", "near", "full"]
    assert "m2" not in words(page)


def test_a_limit_tells_what_is_used_and_promised_and_when_it_begins_again() -> None:
    page = seen(a_report(limits=(state("commons", used=1.2, held=0.3),)), budget=BudgetRules())
    told = words(page)
    assert "Tout le commun, par jour : 75 %" in told
    assert "1,2 kWh utilisés sur 2 kWh, 300 Wh promis aux réponses en cours" in told
    assert "Elle recommence le 1er décembre 2026." in told
    assert page.limits[0].bar == "█" * 12 + "▒" * 3 + "░" * 5


@given(st.floats(0, 3), st.floats(0, 3))
def test_a_bar_has_all_its_cells_and_shows_whatever_there_is(used: float, held: float) -> None:
    bar = text_bar(used, held)
    assert len(bar) == BAR_CELLS
    assert bar == "".join(sorted(bar, key="█▒░".index))
    assert (bar.count("█") == 0) == (used == 0)
    assert used >= 1 or bar.count("█") <= max(1, used * BAR_CELLS)


def test_rules_say_what_happens() -> None:
    limits = (Limit(scope="commons", span="month", unit="kwh", amount=3),)
    refusing = words(seen(a_report(), budget=BudgetRules(limits=limits)))
    assert "À 80 % d’une limite, un avis" in refusing
    assert "À 100 %, les questions sont refusées" in refusing
    assert "Jamais refusés, mais comptés en public : accessibilité, urgence." in refusing
    rules = BudgetRules(limits=limits, at_full="sober", sober_model="petit", exempt_uses=())
    sober = words(
        seen(a_report(pot_sharing="equal"), budget=rules, hours=HoursRules(closed_from="23:00", closed_until="06:00"))
    )
    assert "un modèle plus petit répond : petit" in sober
    assert "Jamais refusés" not in sober
    assert "Le commun ne répond à personne de 23:00 à 06:00." in sober
    assert "à parts égales" in sober


# -- periods ---------------------------------------------------------------------------------------------------------

PERIODS = st.dates(min_value=date(2020, 2, 1), max_value=date(2030, 12, 31))


@given(PERIODS, PERIODS, st.sampled_from([4, 7, 10]))
def test_a_chooser_goes_there_and_back_and_never_beyond_today(day: Any, other: Any, length: int) -> None:
    period, today = sorted((day.isoformat(), other.isoformat()))
    period = period[:length]
    chosen = chooser(period, today, ENGLISH)
    assert chosen.previous is not None
    back = chooser(chosen.previous.period, today, ENGLISH)
    assert back.next is not None
    assert back.next.period == period
    assert chosen.next is None or period < chosen.next.period <= today
    assert all(place.period <= today for place in (*chosen.around, *chosen.inside))
    assert period not in [place.period for place in chosen.around]


def test_periods_have_names() -> None:
    assert [named(one, FRENCH) for one in ("2026", "2026-11", "2026-11-01")] == (
        ["2026", "novembre 2026", "1er novembre 2026"]
    )
    assert named("2026-11-01", ENGLISH) == "November 1, 2026"


def test_the_first_period() -> None:
    assert first_period("", TODAY) == "2026-11"
    assert first_period("2026-10-05", TODAY) == "2026-10-05"
    assert first_period("2026-12", TODAY) == first_period("2027", TODAY) == "2026-11"
    assert month_before("2026-01-31") == "2025-12"
    for wrong in ("2026-13", "hier", "2026-02-30"):
        with pytest.raises(BadRequest):
            first_period(wrong, TODAY)


AMOUNTS = st.integers(0, 10**12)
DAYS = st.builds(
    lambda day, requests, idle, other, gap: a_day(day, requests, idle, unattributed_uj=other, gap_s=gap),
    PERIODS.map(lambda day: day.isoformat()),
    AMOUNTS,
    AMOUNTS,
    AMOUNTS,
    st.integers(0, 100),
)


@given(st.lists(DAYS, max_size=30))
def test_months_add_up_to_their_days(found: list[Day]) -> None:
    months = by_month(found)
    for field in ("energy_uj", "requests_uj", "idle_uj", "unattributed_uj", "gap_s", "requests"):
        assert sum(getattr(one, field) for one in months) == sum(getattr(one, field) for one in found)
    assert [one.day for one in months] == sorted({one.day[:7] for one in found})


def test_day_by_day_with_a_drawing_and_its_table() -> None:
    gap = a_day("2026-11-10", gap_s=60)
    tiny = a_day("2026-11-11", 1, 0)
    shown = seen(a_report(days=(a_day("2026-11-03"), gap, tiny, a_day("2026-11-30")))).days
    assert [row.period for row in shown.rows] == ["2026-11-03", "2026-11-10", "2026-11-11"], "nothing of days to come"
    assert shown.unit == "Wh"
    assert [row.total for row in shown.rows] == ["10", "≥\u00a010", "<\u00a00,001"]
    assert shown.rows[2].idle == "0"
    assert shown.drawing is not None
    assert "Une barre par ligne" in shown.drawing
    year = seen(a_report("2026", days=(a_day("2026-10-03"), a_day("2026-11-03"), a_day("2026-11-04")))).days
    assert [(row.period, row.total) for row in year.rows] == [("2026-10", "10"), ("2026-11", "20")]
    day = seen(a_report("2026-11-03", days=(a_day("2026-11-03"),))).days
    assert (day.rows, day.drawing) == ((), None)


def test_a_closed_and_restated_period() -> None:
    from affouage.footprint.report import Restated

    old, new = Impacts(gwp_g=Interval(1, 2, 3)), Impacts(gwp_g=Interval(2, 3, 4))
    restated = Restated(
        entry_seq=9, old_sets=("set-1",), new_set="set-2", reason="une faute", at_ms=0, old=old, new=new
    )
    told = words(seen(a_report("2026-10", closed=True, entry_seq=8, restated=(restated,))))
    assert "définitifs et inscrits au livre de comptes. Écriture 8." in told
    assert "une faute" in told
    assert "≈ 2 g CO₂e (de 1 à 3) → ≈ 3 g CO₂e (de 2 à 4)" in told


# -- in public -------------------------------------------------------------------------------------------------------


def test_a_report_for_members_is_never_told_in_public() -> None:
    with pytest.raises(ValueError, match="members"):
        public.figures(a_report(), {}, FRENCH)


def test_lines_that_are_not_told() -> None:
    hidden = Line(key="petit", requests=None)
    told = words(seen(a_report(models=(hidden,))))
    assert "petit moins de 5 personnes : pas dit" in told


def test_rules_in_words_with_who_decided_them() -> None:
    from affouage.assembly.charter import COMMAND_LINE, Version

    limit = Limit(scope="workshop", span="year", unit="g", amount=500, key="desk")
    rules = BudgetRules(limits=(limit, Limit(scope="member", span="month", unit="eur", amount=2)))
    decision = Version(area="budget", version=2, in_force_ms=0, value=rules, decided_by=COMMAND_LINE, reason="Essai")
    (row,) = public.rule_rows({"budget": (rules, 2)}, {"budget": [decision]}, FRENCH)
    assert row.sentences[:2] == (
        "Au plus 500\u00a0g CO₂e par an pour l’atelier desk.",
        "Au plus 2\u00a0€ par mois pour chaque membre.",
    )
    assert (row.version, row.decided_by, row.reason) == (2, "la personne qui s’occupe de la machine", "Essai")
    (plain,) = public.rule_rows({"hours": (HoursRules(), 0)}, {"hours": []}, FRENCH)
    assert (plain.sentences, plain.version, plain.since_ms) == (("Ouvert à toute heure.",), 0, None)


def test_only_whole_months_in_public() -> None:
    assert public.public_period("", TODAY) == "2026-10"
    assert public.public_period("2026-11-03", TODAY) == "2026-10"
    assert public.public_period("2026-11", TODAY) == "2026-11", "told to be running, without figures"
    chosen = public.months_only("2026-09", TODAY, FRENCH)
    assert chosen.next is not None
    assert chosen.next.period == "2026-10"
    assert public.months_only("2026-10", TODAY, FRENCH).next is None

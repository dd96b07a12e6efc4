"""What the allowance says to people: refusals with their figures and cheaper ways, notices by their code."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.chat import ChatRequest, Message
from affouage.errors import AffouageError, AllowanceSpent, AllowanceUncountable, Closed
from affouage.footprint.budget import HoursRules, Limit, Standing
from affouage.footprint.period import Calendar
from affouage.inference import refusal
from affouage.inference.estimate import RequestEstimate
from affouage.web import sentences
from affouage.web.language import language
from affouage.web.notices import notice
from tests.unit.reports import WH

FRENCH, ENGLISH = language("fr"), language("en")
PARIS = Calendar("Europe/Paris")
NOV_22 = 1_795_345_200_000
"""2026-11-22, noon in Paris."""
SPACES = str.maketrans("\u00a0\u202f", "  ")
ASKED = ChatRequest(model="grand", messages=(Message(role="user", content="bonjour"),))


def a_refusal(used_uj: int = 95 * WH, need_uj: int = 10 * WH, **limit: Any) -> AllowanceSpent:
    """As the allowance itself raises it."""
    asked = {"scope": "commons", "span": "day", "unit": "kwh", "amount": 0.1, **limit}
    standing = Standing(
        limit=Limit(**asked),
        key="",
        limit_uj=100 * WH,
        used_uj=used_uj,
        held_uj=2 * WH,
        resets_ms=PARIS.bounds("2026-11-22")[1],
    )
    return refusal.spent(standing, ASKED, need_uj, 3, RequestEstimate(assumed_watts=65), PARIS, NOV_22)


def told(error: Any, spoken: Any = FRENCH) -> tuple[str, str]:
    message, remedy = sentences.explain(error, spoken)
    return message.translate(SPACES), remedy.translate(SPACES)


def test_a_spent_allowance_says_how_much_when_again_and_what_would_cost_less() -> None:
    message, remedy = told(a_refusal())
    assert message == (
        "La coupe du commun (l’énergie qu’il s’accorde) pour aujourd’hui ne laisse pas assez. 95 Wh sur 100 Wh sont "
        "utilisés, 2 Wh sont promis aux réponses en cours ; celle-ci demanderait jusqu’à 10 Wh. Règle : coupe, "
        "version 3."
    )
    assert remedy.startswith("Elle recommence le 23 novembre 2026. Ce qui coûterait moins : ")
    english = told(a_refusal(), ENGLISH)
    assert english[0].startswith("The energy allowance of the commons for today does not leave enough. 95 Wh of 100 Wh")
    assert "It begins again on November 23, 2026." in english[1]


def test_what_is_promised_comes_back() -> None:
    error = a_refusal(used_uj=50 * WH, need_uj=49 * WH)
    assert error.code == "allowance_promised"
    assert told(error)[1].startswith("Redemandez dans un instant : ce qui est promis et pas utilisé est rendu.")


@pytest.mark.parametrize("scope", ["commons", "member", "workshop"])
@pytest.mark.parametrize("span", ["day", "month", "year"])
@pytest.mark.parametrize("unit", ["kwh", "g", "eur"])
def test_every_limit_has_its_sentence(scope: str, span: str, unit: str) -> None:
    french, english = (
        told(a_refusal(scope=scope, span=span, unit=unit)),
        told(a_refusal(scope=scope, span=span, unit=unit), ENGLISH),
    )
    assert french != english
    assert "{" not in "".join(french + english)
    assert "allowance" not in "".join(french)
    assert (("Votre" in french[0]), ("Your" in english[0])) == (scope == "member",) * 2


def test_a_cheaper_way_is_named_when_there_is_one() -> None:
    error = a_refusal()
    error.details.update(max_tokens=1200, smaller_model="petit")
    assert "Ce qui coûterait moins : une réponse de 1 200 mots-jetons au plus, le modèle petit." in told(error)[1]


def test_closed_hours() -> None:
    error = refusal.closed(HoursRules(closed_from="11:00", closed_until="13:30"), 2, PARIS, NOV_22)
    assert isinstance(error, Closed)
    message, remedy = told(error)
    assert message == "Le commun est fermé de 11:00 à 13:30 : ainsi le veulent ses règles (horaires, version 2)."
    assert remedy == "Il ouvre à 13:30, dans 1 h 30 min."


def test_the_command_line_reads_the_server_s_refusals_by_their_code_and_facts() -> None:
    for error in (a_refusal(), refusal.closed(HoursRules(closed_from="11:00", closed_until="13:30"), 2, PARIS, NOV_22)):
        read = AffouageError(error.message, code=error.code, **error.details)
        assert told(read)[0] == told(error)[0]
    assert told(read)[1] == "Il ouvre à 13:30."


def test_nothing_promised_is_not_told() -> None:
    error = a_refusal()
    error.details["held"] = 0.0
    assert "promis" not in told(error)[0]


def test_a_limit_that_cannot_be_counted() -> None:
    error = refusal.uncountable_limit(Limit(scope="commons", span="year", unit="g", amount=1), 1)
    assert isinstance(error, AllowanceUncountable)
    assert "footprint.country" in told(error)[0]
    assert told(error)[1] == "Prévenez la personne qui s’occupe de la machine."


def test_without_its_facts_a_refusal_still_says_something() -> None:
    for code in ("allowance_spent", "allowance_promised", "closed", "allowance_uncountable"):
        assert "{" not in sentences.explain_code(code, FRENCH)
    assert told(AllowanceSpent("x"))[0] == "La coupe (l’énergie accordée) ne laisse pas assez pour cela."


def test_notices() -> None:
    assert notice("budget:commons:month:80", FRENCH).translate(SPACES) == (
        "Le commun a utilisé 80 % de sa coupe (l’énergie qu’il s’accorde) du mois."
    )
    assert notice("budget:member:day:100", ENGLISH) == "You have used 100% of your energy allowance of the day."
    assert "à la place de grand" in notice("sober:grand", FRENCH)


@given(st.text(max_size=40))
def test_a_notice_nobody_knows_stays_as_it_is(code: str) -> None:
    assert notice(f"budget:{code}", ENGLISH) in (f"budget:{code}", notice(f"budget:{code}", ENGLISH))
    assert notice(f"other{code}", FRENCH) == f"other{code}"

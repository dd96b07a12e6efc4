"""A commons served for real, seen through Chromium. Engines echo; everything else is the product."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from affouage import settings
from affouage.assembly import mandate_book
from affouage.assembly.member import Member, Role
from affouage.catalogue.machine import machine_id
from affouage.footprint.budget import BudgetRules, HoursRules, Limit
from affouage.footprint.period import days
from affouage.testing import EchoEngine, LiveCommons, serving
from affouage.web.periods import month_before
from tests.integration.books import a_receipt as answered
from tests.integration.explain_house import a_report, wait_until_found
from tests.integration.explain_house import fill as fill_library
from tests.integration.footprint_days import WH, a_receipt, settle
from tests.integration.training_house import corpus, told_so_far
from tests.pages.assembly_played import play_assembly

PASSWORD = "quatre mots sans lien"
# Without windows, if it is there: half the work.
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser")
CHROMIUM = os.environ.get("AFFOUAGE_CHROMIUM") or next(filter(None, map(shutil.which, PROGRAMS)), None)
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"),
    *("--disable-sync", "--no-first-run", "--disable-dev-shm-usage"),
]

CARD = """
id = "{id}"
name = "{name}"
publisher = "Atelier des essais"
grade = "assistant"
languages = ["fr", "en"]
context_tokens = 2048
about_bytes = 900000000
[licence]
id = "Apache-2.0"
[[good_at]]
fr = "Répéter ce qu'on lui dit : sans rien y changer."
en = "Repeating what it is told, without any change."
[[bad_at]]
fr = "Tout le reste ; il ne sait rien du monde."
en = "Everything else; it knows nothing of the world."
[openness.weights]
level = "open"
fr = "Il n'y a pas de poids."
en = "There are no weights."
source = "ce fichier"
"""


@dataclass(frozen=True)
class Place:
    """The served commons, its engines by name, and two people who have a session."""

    live: LiveCommons
    engines: dict[str, EchoEngine]
    member: Member
    operator: Member
    sessions: dict[str, str]

    @property
    def url(self) -> str:
        return self.live.url


def write_cards(home: Path, names: dict[str, str]) -> None:
    (home / "cards").mkdir(parents=True)
    for model_id, name in names.items():
        (home / "cards" / f"{model_id}.toml").write_text(CARD.format(id=model_id, name=name), encoding="utf-8")


async def enter(live: LiveCommons, name: str, role: Role) -> tuple[Member, str]:
    """A member who joined by a link and has a session: (member, cookie)."""
    accounts = live.commons.accounts
    _, link = await accounts.add_member(name, role, "fr")
    member, token = await accounts.accept(link.secret, None, PASSWORD, "fr", "Firefox · Linux")
    return member, token.text


MACHINE = """
[machine]
id = "{id}"
name = "La tour du local"
acquired = 2024-05-01
age_years = 4
planned_years = 4
price_eur = 900
[[part]]
kind = "computer"
model = "desktop"
"""


def past_months(live: LiveCommons, *people: str, models: Sequence[str] = ("echo", "slow", "breaking")) -> None:
    """This month up to yesterday and the one before, as the busiest pages show them: every day with its answers."""
    today = live.commons.calendar.day(live.commons.clock.now_ms())
    members = (*people, *(f"m{place}" for place in range(6)))
    past = [day for month in (month_before(today), today[:7]) for day in days(month) if day < today]
    for number, day in enumerate(past):
        receipt = a_receipt(
            f"rcp_past_{number}",
            members[number % len(members)],
            uj=(WH, 2 * WH),
            model=models[number % len(models)],
            workshop=("web", "api")[number % 2],
            use="accessibility" if number % 7 == 0 else "",
            machine_id=machine_id(),
            factor_set="grid-2026-11",
        )
        silent = {"gap_us": 600_000_000} if number % 10 == 0 else {}
        live.commons.db.write_now(lambda c, one=receipt, on=day, more=silent: settle(c, one, on, **more))
    limits = (
        Limit(scope="commons", span="day", unit="kwh", amount=50),
        Limit(scope="member", span="month", unit="eur", amount=5),
        Limit(scope="workshop", span="year", unit="g", amount=9000),
    )
    charter = live.commons.charter
    live.run(charter.enact("budget", BudgetRules(limits=limits), "L’assemblée d’octobre", "Payer moins"))
    live.run(charter.enact("hours", HoursRules(), "L’assemblée d’octobre", "Ouvert la nuit aussi"))


def moderated(live: LiveCommons, operator: Member, member: Member) -> None:
    """Odile moderates: a report waits, another was decided about Karim, who may appeal."""
    now_ms, reports = live.commons.clock.now_ms(), live.commons.reports
    live.commons.db.write_now(
        lambda c: mandate_book.grant(c, operator.id, "moderator", now_ms, now_ms + 30 * 86_400_000, now_ms)
    )
    live.run(live.commons.ledger.settle(answered("rcp_reported", member.id), b"s" * 16))
    why = "Un signalement dit que ce texte est raciste : il faut le lire."
    for number in range(2):
        told = {"receipt_id": "rcp_reported", "line": "hatred", "content": "Un texte montré"}
        report_id = live.run(reports.file(None, words="C’est raciste.", address=f"10.0.0.{number}", **told))
        if number:
            live.run(reports.read(operator, report_id, why))
            live.run(reports.decide(operator, report_id, "warning", "Ce texte trie des gens d’après leur origine."))


def measured(live: LiveCommons) -> None:
    """Two evaluations of the explanations, the first of which was accepted."""
    kept = live.commons.explain.evaluations
    assert kept is not None
    for made_ms, accepted in ((1_795_000_000_000, True), (1_796_000_000_000, False)):
        live.run(kept.keep(a_report(made_ms, accepted=accepted)))


SETTLED = {
    "AFFOUAGE_COMMONS_NAME": "Les Amis du Bois",
    "AFFOUAGE_FOOTPRINT_COUNTRY": "FRA",
    "AFFOUAGE_FOOTPRINT_PRICE_EUR_PER_KWH": "0.25",
    "AFFOUAGE_FOOTPRINT_HOSTING_EUR_PER_MONTH": "12",
}
"""Of a commons that has told what it can."""


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("pages") / "home"
    names = {"echo": "Écho rapide", "slow": "Écho lent", "breaking": "Écho fêlé"}
    write_cards(home, names)
    fill_library(home)
    engines = {
        "echo": EchoEngine("echo", slots=8, context_tokens=2048),
        "slow": EchoEngine("slow", slots=1, context_tokens=2048, word_ms=120),
        "breaking": EchoEngine("breaking", context_tokens=2048, word_ms=10),
    }
    engines["breaking"].fail_after_words = 4
    (home / "machine.toml").write_text(MACHINE.format(id=machine_id()), encoding="utf-8")
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo", **SETTLED}
    with serving(settings.read(environ, home=home), engines=list(engines.values())) as live:
        operator, operator_session = live.run(enter(live, "Odile", Role.OPERATOR))
        member, member_session = live.run(enter(live, "Karim", Role.MEMBER))
        past_months(live, operator.id, member.id)
        moderated(live, operator, member)
        live.run(play_assembly(live, operator, member))
        live.run(told_so_far(live.commons.training, corpus(home.parent / "mairie")))
        measured(live)
        wait_until_found(live)
        sessions = {"Odile": operator_session, "Karim": member_session}
        yield Place(live, engines, member, operator, sessions)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing: install it (scripts/system_packages.sh), or set AFFOUAGE_CHROMIUM")
        pytest.skip("Chromium is missing: install it, or set AFFOUAGE_CHROMIUM")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, place: Place) -> Iterator[Open]:
    """``open_page(path, who="Karim", scripts=True, dark=False, language="fr", width=1100)`` -> a page, loaded.

    The test fails when a page asks anything of another host, or breaks its own content policy.
    """
    contexts: list[BrowserContext] = []
    strange: list[str] = []

    def open_(
        path: str,
        *,
        who: str | None = "Karim",
        scripts: bool = True,
        dark: bool = False,
        language: str = "fr",
        width: int = 1100,
    ) -> Page:
        context = browser.new_context(
            java_script_enabled=scripts,
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            locale="fr-FR" if language == "fr" else "en-GB",
            base_url=place.url,
        )
        contexts.append(context)
        cookies = [{"name": "affouage_lang", "value": language, "url": place.url}]
        if who is not None:
            cookies.append({"name": "affouage_session", "value": place.sessions[who], "url": place.url})
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("request", lambda one: None if one.url.startswith(place.url) else strange.append(one.url))
        page.on("console", lambda one: strange.append(one.text) if "Content Security Policy" in one.text else None)
        page.on("pageerror", lambda one: strange.append(str(one)))
        page.goto(path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert not strange, strange

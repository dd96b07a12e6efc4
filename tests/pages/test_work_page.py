"""The page of the work in Chromium, with a question that awaits the reader and months that were heavy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Page, expect

from affouage import settings
from affouage.assembly.member import Role
from affouage.testing import EchoEngine, ManualClock, serving
from tests.integration.work_played import play_work, work_this_week
from tests.pages.conftest import Open, Place, enter
from tests.pages.test_accessibility import (
    WAYS,
    check_axe,
    check_targets,
    check_weight,
    check_width,
    unfold,
    with_scripts,
)
from tests.pages.test_assembly_page import tab_to

pytestmark = pytest.mark.browser

THURSDAY_MS = round(datetime(2026, 12, 10, 10, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Karim and Odile worked at the desk this week; before, the tool made work heavier for three months."""
    home = tmp_path_factory.mktemp("work-pages") / "home"
    environ = {"AFFOUAGE_COMMONS_NAME": "Mairie de Val-Dormant", "AFFOUAGE_COMMONS_TIME_ZONE": "Europe/Paris"}
    engines = {"echo": EchoEngine()}
    with serving(settings.read(environ, home=home), engines=engines.values(), clock=ManualClock(THURSDAY_MS)) as live:
        operator, operator_session = live.run(enter(live, "Odile", Role.OPERATOR))
        member, session = live.run(enter(live, "Karim", Role.STEWARD))
        play_work(live)
        for who in (member, operator):
            work_this_week(live, who)
        live.run(live.commons.assembly.found())
        yield Place(live, engines, member, operator, {"Odile": operator_session, "Karim": session})


def too_long(page: Page) -> None:
    page.check("#said-heavier")
    page.evaluate("document.getElementById('words').removeAttribute('maxlength')")
    page.fill("#words", "x" * 501)
    page.click("main form[action='/work'] button")
    page.wait_for_selector("#words-wrong")


PAGES = {"work-wrong": ("/work", too_long), "agenda": ("/assembly", unfold)}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_work(open_page: Open, name: str, way: str) -> None:
    path, prepare = PAGES[name]
    page = open_page(path, **WAYS[way])
    prepare(page)
    page.wait_for_load_state()
    assert page.locator("h1").count() == 1
    check_weight(page)
    if not WAYS[way].get("scripts", True):
        page = with_scripts(page, open_page, WAYS[way])
    check_width(page)
    check_targets(page)
    check_axe(page)


def test_the_question_is_answered_by_keyboard_alone(open_page: Open) -> None:
    page = open_page("/work", who="Odile", scripts=False, width=360)
    tab_to(page, "said-lighter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#said-heavier")).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.type("Trop à relire.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".notice[role=status]")).to_have_text("Votre réponse est gardée, sans votre nom.")
    assert page.locator("form[action='/work']").count() == 0

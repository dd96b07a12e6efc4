"""A commons on its first day, as whoever started it sees it: no administrator, then one, then what is left to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from affouage import settings
from affouage.assembly.member import Role
from affouage.testing import EchoEngine, LiveCommons, serving
from tests.pages.conftest import PASSWORD
from tests.pages.test_accessibility import check_axe, check_targets, check_weight, check_width

pytestmark = pytest.mark.browser


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[LiveCommons]:
    """Nobody was ever here."""
    with serving(settings.read({}, home=tmp_path / "home"), engines=[EchoEngine()]) as live:
        yield live


@pytest.fixture
def page(browser: Browser, fresh: LiveCommons) -> Iterator[Page]:
    """A telephone without scripts."""
    context = browser.new_context(
        base_url=fresh.url, locale="fr-FR", viewport={"width": 360, "height": 800}, java_script_enabled=False
    )
    yield context.new_page()
    context.close()


def titles(page: Page, state: str) -> list[str]:
    return [text.strip() for text in page.locator(f".step.{state} h3").all_inner_texts()]


def test_the_first_day(page: Page, fresh: LiveCommons) -> None:
    page.goto("/")
    assert "Personne ne veille encore" in page.inner_text("main")
    assert page.locator("main a[href='/sign-in']").count() == 0, "nobody could sign in"
    check_width(page)

    link = fresh.run(fresh.commons.accounts.first_administrator_link())
    assert link is not None
    page.goto(link.path)
    page.fill("#name", "Odile")
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/first-steps")
    assert "Odile" in page.inner_text("#account")
    assert "Le nom du collectif" in titles(page, "open")
    assert "affouage backup create" in page.inner_text("#backup")
    assert page.get_by_role("link", name="Premiers pas").get_attribute("aria-current") == "page"
    check_width(page)
    check_targets(page)
    check_weight(page)

    page.goto("/")
    assert page.url.endswith("/chat")
    fresh.run(fresh.commons.accounts.add_member("Karim", Role.MEMBER))
    page.goto("/first-steps")
    assert "Les premiers membres" in titles(page, "done"), "looked at anew each time"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_before_anybody_in_both_languages(browser: Browser, fresh: LiveCommons, language: str) -> None:
    context = browser.new_context(base_url=fresh.url, locale=f"{language}-{language.upper()}")
    page = context.new_page()
    page.goto("/")
    assert "journalctl" in page.inner_text("main")
    check_axe(page)
    context.close()


def test_who_is_invited_is_led_to_questions(page: Page, fresh: LiveCommons) -> None:
    _, link = fresh.run(fresh.commons.accounts.add_member("Karim", Role.OPERATOR))
    page.goto(link.path)
    page.fill("#password", PASSWORD)
    page.fill("#again", PASSWORD)
    page.click("main button")
    page.wait_for_url("**/chat")

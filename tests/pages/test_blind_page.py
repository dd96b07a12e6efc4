"""A blind comparison in Chromium, from the question to the names: by keyboard, without scripts, at 320 px, with axe."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Open, Place
from tests.pages.test_accessibility import check_axe, check_targets, check_weight, check_width, unfold, with_scripts

pytestmark = pytest.mark.browser


def compare(page: Page, first: str = "echo", second: str = "slow") -> None:
    page.fill("#question", "Bonjour à tous")
    folded = page.locator("main details:not([open]) > summary")
    if folded.count():
        folded.click()
    page.select_option("#first", first)
    page.select_option("#second", second)
    page.locator(".send button").click(no_wait_after=True)


@pytest.mark.parametrize(
    "way",
    [{}, {"language": "en", "scripts": False, "width": 320}],
    ids=["fr", "en-320-without-scripts"],
)
def test_from_the_question_to_the_names(open_page: Open, way: dict[str, object]) -> None:
    def check(page: Page) -> None:
        check_weight(page)
        seen = page if way.get("scripts", True) else with_scripts(page, open_page, way)
        unfold(seen)
        check_width(seen)
        check_targets(seen)
        check_axe(seen)

    page = open_page("/blind", **way)
    check(page)
    compare(page)
    expect(page.locator("button[value=left]")).to_be_visible(timeout=15_000)
    expect(page.locator("main h3")).to_have_count(2)
    assert "Écho" not in page.content()
    check(page)
    page.click("button[value=left]")
    page.wait_for_selector("#kept")
    expect(page.locator("main h3").filter(has_text="Écho rapide")).to_have_count(1)
    expect(page.locator("main h3").filter(has_text="Écho lent")).to_have_count(1)
    assert page.locator(".receipt-line .range, .receipt-line a").count() >= 2
    check(page)
    page.click("button[value=left]")
    page.wait_for_selector(".notice.good")
    page.goto("/blind/results")
    check(page)


def test_many_comparisons_are_told_with_their_ranges(open_page: Open, place: Place) -> None:
    from affouage.workshops.blind import book
    from affouage.workshops.blind.report import Told

    told = Told(month="2026-10", left="echo", right="slow", preferred="left", kept="right", cheaper="right")
    for _ in range(25):
        place.live.commons.db.write_now(lambda c: book.add(c, told, ()))
    page = open_page("/blind/results", width=320)
    expect(page.locator("main")).to_contain_text("Écho rapide est préféré.")
    check_width(page)
    check_axe(page)


def test_by_keyboard_alone(open_page: Open) -> None:
    page = open_page("/blind")
    page.focus("#question")
    keys = page.keyboard
    keys.type("Bonjour")
    while page.evaluate("document.activeElement.textContent.trim()") != "Faire répondre les deux":
        keys.press("Tab")
    keys.press("Enter")
    page.wait_for_selector("button[value=both]")
    for _ in range(60):
        if page.evaluate("document.activeElement.value") == "both":
            break
        keys.press("Tab")
    keys.press("Enter")
    page.wait_for_selector("#kept")
    expect(page.locator("main")).to_contain_text("Vous avez trouvé les deux bonnes.")

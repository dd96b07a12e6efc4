"""Easy reading in Chromium: from a pasted text to a printed page, by keyboard and without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Open
from tests.pages.test_accessibility import WAYS, check_axe, check_targets, check_weight, check_width, with_scripts

pytestmark = pytest.mark.browser

TEXT = """Le logement

Nonobstant la loi, le bailleur perçoit 25 % du loyer, sauf s'il y renonce (art. 3).
Vous avez deux mois.
Venez demain.
"""


def check(page: Page) -> None:
    page.fill("#text", TEXT)
    page.click("main form >> button")
    page.wait_for_selector(".marked")


def propose(page: Page) -> None:
    page.click("button[value=model]")
    page.wait_for_selector(".chosen button", state="attached")


def finish(page: Page) -> None:
    page.fill("#own-2", "Le propriétaire reçoit 1 partie du loyer sur 4.\nSauf s'il renonce.")
    page.click(".chosen > p > .button")
    page.wait_for_selector(".easy")


@pytest.mark.parametrize("way", WAYS)
def test_each_step(open_page: Open, way: str) -> None:
    page = open_page("/easy-read", **WAYS[way])
    for step in (check, propose, finish):
        step(page)
        assert page.locator("h1").count() == 1
        check_weight(page)
        scripted = WAYS[way].get("scripts", True)
        seen = page if scripted else with_scripts(page, open_page, WAYS[way])
        check_width(seen)
        check_targets(seen)
        if scripted or step is propose:  # the fullest page is looked at in both ways
            check_axe(seen)


def test_by_keyboard_from_a_text_to_paper(open_page: Open) -> None:
    page = open_page("/easy-read")
    page.focus("#text")
    page.keyboard.type("Venez avant le 12/03/2026.")
    page.focus("main form button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".marked")
    page.focus("button[value=hands]")
    page.keyboard.press("Enter")
    page.focus(".chosen > p > .button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".easy")
    page.emulate_media(media="print")
    expect(page.locator(".easy")).to_contain_text("Brouillon à relire avec les personnes concernées")
    expect(page.locator(".easy")).to_contain_text("Venez avant le 12 mars 2026.")
    for hidden in ("nav", "form", ".no-print"):
        assert not page.locator(hidden).first.is_visible()
    style = page.evaluate(
        "() => { const one = getComputedStyle(document.querySelector('.easy p:not(.label)'));"
        "return [parseFloat(one.fontSize), one.textAlign, one.hyphens] }"
    )
    assert style[0] >= 14 * 96 / 72 - 0.1, "14 points"
    assert style[1:] == ["left", "none"]

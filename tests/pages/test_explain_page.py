"""Explanations and sheets in Chromium: sheets before words, by keyboard alone, on paper; scripts on or off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.pages.conftest import Open

pytestmark = pytest.mark.browser

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
QUESTION = "Combien coûte la carte de la médiathèque pour un majeur ?"
SAID = "La carte de la médiathèque coûte 12 € par an."


def search(page: Page, question: str = QUESTION) -> None:
    page.fill("#question", question)
    page.click("main form button")
    page.wait_for_selector("#say, #no")


def have_written(page: Page, model: str) -> None:
    """Ask for a written answer without waiting for its end."""
    folded = page.locator("#write ~ details:not([open]) > summary")
    if folded.count():
        folded.click()
    page.select_option("#model", model)
    page.locator(".send button").click(no_wait_after=True)


def test_from_the_question_to_a_checked_answer_by_keyboard_alone(open_page: Open) -> None:
    page = open_page("/explain")
    keys = page.keyboard
    keys.press("Tab")
    keys.press("Enter")  # past the navigation
    keys.press("Tab")
    assert page.evaluate("document.activeElement.id") == "question"
    keys.type(QUESTION)
    keys.press("Tab")
    keys.press("Enter")
    page.wait_for_selector("#say")
    expect(page.locator(".quote blockquote").first).to_contain_text(SAID)
    for _ in range(60):
        keys.press("Tab")
        there = page.evaluate("[document.activeElement.tagName, document.activeElement.textContent.trim()]")
        if there == ["SUMMARY", "En faire rédiger une quand même"]:
            keys.press("Enter")
        if there == ["BUTTON", "Rédiger une réponse"]:
            break
    else:
        pytest.fail("the button is not reached")
    keys.press("Enter")
    expect(page.locator(".final")).to_be_visible(timeout=15_000)
    assert page.url.endswith("/explain#answer")


@SCRIPTS
def test_the_sheets_are_there_while_the_answer_is_waited_for(open_page: Open, scripts: bool) -> None:
    page = open_page("/explain", scripts=scripts)
    search(page)
    have_written(page, "slow")
    expect(page.locator(".status p:visible")).to_contain_text("La réponse s’écrit, puis elle est vérifiée…")
    assert page.locator(".status p:visible").count() == 1
    expect(page.locator("#say ~ .found .quote").first).to_contain_text(SAID)
    assert page.locator(".final").count() == 0
    page.locator("button.stop").click(no_wait_after=True)
    expect(page.locator(".final.cancelled")).to_be_visible(timeout=15_000)
    expect(page.locator("button.stop")).to_be_hidden()


def test_a_mark_leads_to_the_words_it_stands_on(open_page: Open) -> None:
    page = open_page("/explain")
    search(page)
    have_written(page, "echo")
    mark = page.locator(".final a.mark").first
    expect(mark).to_be_visible(timeout=15_000)
    mark.click()
    quote = page.locator(".stands > li:target")
    expect(quote).to_have_count(1)
    expect(quote.locator("blockquote")).to_be_in_viewport()


def test_a_quote_opens_the_sheet_at_its_place_and_the_question_is_not_lost(open_page: Open) -> None:
    page = open_page("/explain", scripts=False)
    search(page)
    with page.context.expect_page() as opened:
        page.locator(".found h3 a").first.click()
    expect(opened.value.locator("#here")).to_contain_text("12 €")
    expect(opened.value.locator("#here")).to_be_in_viewport()
    expect(page.locator(".question")).to_have_text(QUESTION)


def test_a_printed_explanation_reads_on_a4(open_page: Open) -> None:
    """What was asked, what the sheets say, their date and address; nothing to press, nothing cut."""
    page = open_page("/explain", width=660)
    search(page)
    page.emulate_media(media="print")
    for seen in (".question", ".quote blockquote", ".notice", ".found h3"):
        expect(page.locator(seen).first).to_be_visible()
    assert page.locator("form:visible, nav:visible, button:visible").count() == 0
    wide = page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter("
        "one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert wide == 0
    address = page.evaluate("getComputedStyle(document.querySelector('.notice a'), '::after').content")
    assert "https://www.exemple.fr/fiches/F1" in address, "a link on paper is its address"
    sheets = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "18mm"))
    assert sheets.count(b"/Type /Page\n") + sheets.count(b"/Type /Page ") <= 2


def test_a_long_sheet_turns_its_pages(open_page: Open) -> None:
    page = open_page("/sheets/commune/F5", scripts=False, width=360)
    page.locator("a[rel=next]").first.click()
    expect(page.locator(".turning").first).to_contain_text("page 2 sur")
    page.locator("summary").first.click()
    page.locator(".toc a").last.click()
    expect(page.locator("h2:has-text('Textes de loi')")).to_be_in_viewport()

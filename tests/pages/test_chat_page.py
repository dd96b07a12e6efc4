"""The conversation in Chromium: it streams, it stops, it ends with its receipt; scripts on or off."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.integration.conftest import until
from tests.pages.conftest import Open, Place

pytestmark = pytest.mark.browser

SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])


def send(page: Page, question: str) -> None:
    """Send without waiting for the end of the page, which is the end of the answer."""
    page.fill("#question", question)
    page.locator(".send button").click(no_wait_after=True)


def open_receipt(page: Page) -> Page:
    """The receipt opens beside the conversation, which is stored nowhere and must not be lost."""
    with page.context.expect_page() as opened:
        page.locator(".final .receipt-line a").click()
    assert page.locator(".final").count() == 1
    return opened.value


@SCRIPTS
def test_the_words_come_while_the_page_is_loading(open_page: Open, scripts: bool) -> None:
    page = open_page("/chat?model=slow", scripts=scripts)
    send(page, " ".join(f"mot{n}" for n in range(40)))
    expect(page.locator(".raw")).to_contain_text("mot3")
    expect(page.locator(".question")).to_contain_text("mot39")
    expect(page.locator(".status")).to_contain_text("Réponse en cours…")
    assert page.locator(".final").count() == 0
    assert page.locator(".status p:visible").count() == 1
    expect(page.locator(".final.completed .text")).to_contain_text("mot39", timeout=15_000)
    expect(page.locator(".raw")).to_be_hidden()
    expect(page.locator(".receipt-line")).to_contain_text("CO₂e (de ")


@SCRIPTS
def test_who_waits_sees_the_place_in_the_queue(open_page: Open, place: Place, scripts: bool) -> None:
    """While the page is still coming: what is in its text may yet be hidden."""
    first, second = (open_page("/chat?model=slow", scripts=scripts) for _ in range(2))
    send(first, " ".join(f"mot{n}" for n in range(200)))
    expect(first.locator(".raw")).to_contain_text("mot1")
    send(second, "Bonjour")
    seen = second.locator(".status p:visible")
    expect(seen).to_have_count(1)
    expect(seen).to_contain_text("C’est bientôt votre tour")
    first.locator("button.stop").click(no_wait_after=True)
    expect(second.locator(".final.completed")).to_be_visible(timeout=5_000)


@SCRIPTS
def test_stop_ends_the_answer_on_the_same_page(open_page: Open, place: Place, scripts: bool) -> None:
    page = open_page("/chat?model=slow", scripts=scripts)
    send(page, " ".join(f"mot{n}" for n in range(200)))
    expect(page.locator(".raw")).to_contain_text("mot2")
    page.locator("button.stop").click(no_wait_after=True)
    expect(page.locator(".final.cancelled .text")).to_contain_text("mot2", timeout=5_000)
    expect(page.locator(".status p:visible")).to_have_text("Réponse arrêtée.")
    expect(page.locator("button.stop")).to_be_hidden()
    assert page.url.endswith("/chat#now")
    paper = open_receipt(page)
    expect(paper.locator(".receipt header")).to_contain_text("arrêtée par vous")
    assert place.engines["slow"].in_flight == 0


@SCRIPTS
def test_leaving_the_page_frees_the_machine(open_page: Open, place: Place, scripts: bool) -> None:
    page = open_page("/chat?model=slow", scripts=scripts)
    send(page, " ".join(["mot"] * 300))
    expect(page.locator(".raw")).to_contain_text("mot mot")
    page.goto("/receipts")

    def settled() -> bool:
        page.reload()
        return "arrêtée par vous" in page.locator("main").inner_text()

    until(settled)  # the meter is read once more before the answer is settled
    assert place.engines["slow"].in_flight == 0


def test_a_screen_reader_hears_the_answer_once(open_page: Open) -> None:
    page = open_page("/chat")
    send(page, "uniquemot")
    expect(page.locator(".final.completed")).to_be_visible()
    tree = page.locator("main").aria_snapshot()
    answer = tree[tree.index("Le modèle") : tree.index("Voir le texte exact")]
    assert answer.count("uniquemot") == 1


def test_the_status_is_there_from_the_first_paint_and_tells_the_end(open_page: Open) -> None:
    page = open_page("/chat?model=slow", scripts=False)
    send(page, " ".join(["mot"] * 20))
    status = page.get_by_role("status")
    expect(status).to_have_count(1)
    expect(status).to_contain_text("Réponse en cours")
    expect(page.locator(".final.completed")).to_be_attached(timeout=10_000)
    assert "Réponse terminée." in page.locator(".progress").aria_snapshot()


def test_two_turns_without_scripts_carry_the_first(open_page: Open, place: Place) -> None:
    page = open_page("/chat", scripts=False)
    send(page, "  première\n  ligne")
    expect(page.locator(".composer")).to_be_visible()
    send(page, "deuxième")
    expect(page.locator(".turn")).to_have_count(2)
    expect(page.locator(".composer")).to_be_visible()
    assert "user: première\n  ligne\nassistant: première ligne\nuser: deuxième" in place.engines["echo"].seen[-1]


def test_the_exact_text_can_be_copied_and_checked(open_page: Open, place: Place) -> None:
    page = open_page("/chat")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    send(page, "une   question\n\nà vérifier <b>")
    page.locator(".exact summary").click()
    page.locator(".exact button.copy").click()
    expect(page.locator(".exact button.copy")).to_have_text("Copié")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == place.engines["echo"].seen[-1]
    paper = open_receipt(page)
    paper.fill("#text", copied)
    paper.get_by_role("button", name="Vérifier").click()
    expect(paper.locator(".notice.good")).to_contain_text("Oui")


def test_the_script_sends_once_and_gives_the_button_back(open_page: Open, place: Place) -> None:
    page = open_page("/chat?model=slow")
    before = len(place.engines["slow"].seen)
    page.fill("#question", " ".join(["mot"] * 8))
    page.evaluate("for (let i = 0; i < 3; i++) document.querySelector('.ask').requestSubmit()")
    expect(page.locator(".final.completed")).to_be_attached(timeout=10_000)
    assert len(place.engines["slow"].seen) == before + 1
    page.go_back()
    expect(page.locator(".send button")).to_have_text("Envoyer")


def test_a_broken_answer_keeps_what_came_and_the_question(open_page: Open) -> None:
    page = open_page("/chat?model=breaking")
    send(page, "un deux trois quatre cinq six")
    expect(page.locator(".final.failed")).to_contain_text("un deux trois quatre")
    expect(page.locator(".final.failed")).to_contain_text("s’est arrêté")
    expect(page.locator("#question")).to_have_value("un deux trois quatre cinq six")


def test_keeping_and_deleting(open_page: Open) -> None:
    page = open_page("/chat", scripts=False)
    page.check("#keep")
    send(page, "à garder trente jours")
    page.get_by_role("link", name="La voir").click()
    expect(page.locator(".kept")).to_contain_text("Gardée jusqu’au")
    page.get_by_role("button", name="Supprimer cette conversation").click()
    expect(page.get_by_role("status")).to_have_text("La conversation est supprimée.")


def test_signing_in_and_out_without_scripts(open_page: Open) -> None:
    page = open_page("/receipts", who=None, scripts=False)
    expect(page).to_have_title("Se connecter · Les Amis du Bois")
    page.fill("#name", "odile")
    page.fill("#password", "quatre mots sans lien")
    page.locator("main button").click()
    expect(page.locator("h1")).to_have_text("Mes reçus")
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_role("status")).to_have_text("Votre session est fermée.")

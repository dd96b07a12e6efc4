"""A morning at the desk in Chromium: keyboard alone, both languages, a telephone's width, without scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from affouage import settings
from affouage.assembly.member import Role
from affouage.testing import EchoEngine, serving
from affouage.workshops.desk.drafting import Drafter
from affouage.workshops.desk.rules import DeskRules
from tests.integration.desk_house import PRICE
from tests.integration.test_web_desk import INVENTED, AndAnInvention
from tests.pages.conftest import Open, Place, enter
from tests.pages.test_accessibility import WAYS, check_axe, check_targets, check_weight, check_width, with_scripts

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A desk with a question that waits and one that was answered, under a rule that lets the public ask."""
    home = tmp_path_factory.mktemp("desk-pages") / "home"
    engine = EchoEngine("echo")
    with serving(settings.read({"AFFOUAGE_COMMONS_NAME": "Mairie de Bois"}, home=home), engines=[engine]) as live:
        desk, sheets = live.commons.desk, AndAnInvention()
        assert desk.drafting is not None
        desk.drafting._drafter = Drafter(sheets.find, sheets.write)
        rules = DeskRules(public_open=True, blind_percent=0, items_per_hour=120)
        live.run(live.commons.charter.enact("desk", rules, "tests", "to see"))
        operator, operator_session = live.run(enter(live, "Odile", Role.OPERATOR))
        member, member_session = live.run(enter(live, "Karim", Role.MEMBER))
        live.run(desk.receive(operator, "Une question qui attend ?", take=False))
        live.run(desk.receive(operator, PRICE, contact="06 00 00 00 00"))
        live.run(desk.drafting.work_off())
        yield Place(live, {"echo": engine}, member, operator, {"Odile": operator_session, "Karim": member_session})


def mine(place: Place) -> str:
    (one,) = place.live.run(place.live.commons.desk.queue(place.operator, "mine"))
    return f"/desk/{one.id}"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", ["queue", "item", "ask", "pick-up"])
def test_a_page_of_the_desk(open_page: Open, place: Place, name: str, way: str) -> None:
    path = {"queue": "/desk", "item": mine(place), "ask": "/questions", "pick-up": "/questions/answer"}[name]
    page = open_page(path, who="Odile" if name in ("queue", "item") else None, **WAYS[way])
    assert page.locator("h1").count() == 1
    check_weight(page)
    if not WAYS[way].get("scripts", True):
        page = with_scripts(page, open_page, WAYS[way])
    check_width(page)
    check_targets(page)
    check_axe(page)


def tab_to(page: Page, selector: str) -> None:
    """By the Tab key alone, as somebody without a mouse."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("(one) => document.activeElement?.matches(one)", selector):
            return
    pytest.fail(f"{selector} is never reached")


def test_a_question_answered_with_the_keyboard_alone(open_page: Open, place: Place) -> None:
    page = open_page("/desk", who="Odile")
    tab_to(page, "#question")
    page.keyboard.type(PRICE)
    tab_to(page, "form[action='/desk'] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/desk/dsk_*")
    while not page.locator("mark").count():  # the draft is made meanwhile
        page.reload()
    assert page.locator("mark").inner_text() == INVENTED
    tab_to(page, "form[action$='/open'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector("figure.quote")
    tab_to(page, "form[action$='/send'] button")
    page.keyboard.press("Enter")
    page.wait_for_selector(".letter")
    assert INVENTED not in page.locator(".letter").inner_text()
    tab_to(page, "a[href$='/letter']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/letter")
    page.emulate_media(media="print")
    assert page.locator(".letter").first.is_visible()
    assert not page.locator("nav").first.is_visible()
    assert "relu par une personne" in page.locator(".letter").inner_text()
    page.emulate_media(media="screen")
    tab_to(page, "form[action='/easy-read'] button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/easy-read")
    assert "rendez-vous" in page.locator("#text").input_value()


def test_a_citizen_asks_and_reads_the_answer_without_scripts(open_page: Open, place: Place) -> None:
    page = open_page("/questions", who=None, scripts=False, width=320)
    page.fill("#question", "Comment renouveler mon passeport ?")
    page.click("main form button")
    code = page.locator("code.secret").inner_text()
    desk, clerk = place.live.commons.desk, place.operator
    assert desk.drafting is not None
    place.live.run(desk.drafting.work_off())
    item = next(one for one in place.live.run(desk.queue(clerk)) if one.question.startswith("Comment"))
    place.live.run(desk.take(clerk, item.id))
    place.live.run(desk.open_passage(clerk, item.id, "public/F1/1"))
    place.live.run(desk.answer(clerk, item.id, "En mairie, sur rendez-vous."))
    page.click("main a.button")
    page.fill("#code", code.upper())
    page.click("main form button")
    assert "En mairie, sur rendez-vous." in page.locator("main").inner_text()
    page.fill("#words", "Le téléphone ne répond pas.")
    page.click("main form button")
    assert page.locator(".notice.good").is_visible()

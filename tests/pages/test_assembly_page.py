"""The assembly by keyboard alone, in both languages; founding; what stands on paper. Served for real, in Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from affouage import settings
from affouage.assembly.member import Role
from affouage.testing import EchoEngine, serving
from tests.pages.conftest import Open, enter
from tests.pages.test_accessibility import WAYS, check_axe, check_targets, check_weight, check_width, unfold

pytestmark = pytest.mark.browser


def focus(page: Page) -> str:
    return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))


def tab_to(page: Page, wanted: str, most: int = 80) -> None:
    """Walk with the tabulator until what has that id, or that text, has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if focus(page) == wanted:
            return
    raise AssertionError(f"{wanted} is not reached; the focus is on {focus(page)}")


@pytest.mark.parametrize(("language", "change"), [("fr", "Changer mon vote"), ("en", "Change my vote")])
def test_a_vote_is_cast_by_keyboard_alone(open_page: Open, language: str, change: str) -> None:
    page = open_page("/assembly/votes/4", who="Odile", language=language, width=360)
    tab_to(page, "c-for" if page.locator("input:checked").count() == 0 else str(_checked(page)))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1")
    page.goto("/assembly/votes/4")
    assert page.locator("#ballot ~ form button").inner_text() == change


def _checked(page: Page) -> str | None:
    return page.locator("input:checked").get_attribute("id")


def test_the_reminder_is_on_every_page_and_leads_to_the_vote(open_page: Open) -> None:
    for path in ("/chat", "/models", "/account"):
        page = open_page(path)
        page.click(".reminder a")
        page.wait_for_url("**/assembly")
        assert page.locator("#vote ~ ul a.button").count() >= 1
    assert open_page("/commons", who=None).locator(".reminder").count() == 0


def test_a_folded_line_opens_when_something_in_it_is_wrong(open_page: Open) -> None:
    page = open_page("/assembly/propose/rule?of=governance", width=360)
    assert page.locator("#f6").is_visible() is False
    page.click("summary >> nth=0")
    page.fill("#f7", "365")
    page.fill("#title", "Un an pour voter")
    page.fill("#reason", "Pour voir.")
    page.click("main form button")
    page.wait_for_selector("#f7-w")
    assert page.locator("#f7").is_visible()
    assert page.locator("#f7").input_value() == "365"
    assert page.locator("#title").input_value() == "Un an pour voter"
    check_axe(page)


@pytest.mark.parametrize("path", ["/assembly/minutes", "/assembly/log", "/assembly/votes/1"])
def test_it_fits_on_paper(open_page: Open, path: str) -> None:
    page = open_page(path, width=660)
    page.emulate_media(media="print")
    check_width(page)
    assert not page.locator("nav").first.is_visible()
    assert page.locator("h1").is_visible()


@pytest.fixture
def unfounded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, dict[str, str]]]:
    home = tmp_path_factory.mktemp("unfounded") / "home"
    environ = {"AFFOUAGE_ENGINE_DEFAULT_MODEL": "echo"}
    with serving(settings.read(environ, home=home), engines=[EchoEngine("echo")]) as live:
        sessions = {
            "Odile": live.run(enter(live, "Odile", Role.OPERATOR))[1],
            "Karim": live.run(enter(live, "Karim", Role.MEMBER))[1],
        }
        yield live.url, sessions


@pytest.mark.parametrize("way", WAYS)
def test_an_assembly_is_founded(browser: Browser, unfounded: tuple[str, dict[str, str]], way: str) -> None:
    url, sessions = unfounded
    language = "en" if way.startswith("en") else "fr"
    context = browser.new_context(
        base_url=url,
        viewport={"width": 320 if "320" in way else 1100, "height": 900},
        color_scheme="dark" if "dark" in way else "light",
    )

    def as_one(who: str) -> None:
        cookies = {"affouage_session": sessions[who], "affouage_lang": language}
        context.add_cookies([{"name": name, "value": value, "url": url} for name, value in cookies.items()])

    page = context.new_page()
    as_one("Karim")
    page.goto("/assembly")
    check_axe(page)
    assert page.locator("a[href='/assembly/found']").count() == 0
    as_one("Odile")
    page.goto("/assembly/found")
    unfold(page)
    for check in (check_axe, check_width, check_targets, check_weight):
        check(page)
    page.check("#preset-informal")
    page.check("#sure")
    page.click("main form button")
    page.wait_for_selector("#vote")
    check_axe(page)
    context.close()

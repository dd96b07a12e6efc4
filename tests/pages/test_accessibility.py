"""Every page, in both languages, light and dark, wide and at 320 px, with scripts and without: axe finds nothing,
nothing scrolls sideways, and a page weighs at most 60 kB all included.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from tests.pages.conftest import Open, Place

pytestmark = pytest.mark.browser

WEIGHT_MAX_BYTES = 60_000

Prepare = Callable[[Page], None]


def ask(question: str) -> Prepare:
    def prepare(page: Page) -> None:
        page.fill("#question", question)
        page.click(".send button")
        page.wait_for_selector(".final", state="attached")
        page.wait_for_selector(".composer", state="attached")

    return prepare


def open_all(page: Page) -> None:
    for summary in page.query_selector_all("summary"):
        summary.click()


def receipt(page: Page) -> None:
    ask("Bonjour")(page)
    page.goto(str(page.get_attribute(".final .receipt-line a", "href")))
    page.wait_for_selector(".receipt")


def wrong_copy(page: Page) -> None:
    receipt(page)
    page.fill("#text", "autre chose")
    page.click("button:has-text('Vérifier'), button:has-text('Check')")
    page.wait_for_selector("#check ~ .wrong")


def make_key(page: Page) -> None:
    page.fill("#label", "essai")
    page.click("#keys ~ form button")
    page.wait_for_selector(".secret")


def wrong_sign_in(page: Page) -> None:
    page.fill("#name", "Personne")
    page.fill("#password", "faux faux faux")
    page.click("main button")
    page.wait_for_selector(".wrong")


def invite(page: Page) -> None:
    page.click("#invite ~ form button")
    page.wait_for_selector(".secret")


def keep(page: Page) -> None:
    page.check("#keep")
    ask("Une conversation à garder")(page)
    page.click("text=/La voir|See it/")
    page.wait_for_selector(".kept")


def last_month(page: Page) -> None:
    page.click("a[rel=prev]")
    page.wait_for_load_state()


def one_day(page: Page) -> None:
    last_month(page)
    page.click("th.day a >> nth=10")
    page.wait_for_load_state()


def nothing(page: Page) -> None:
    """The page as it opens."""


def report(page: Page) -> None:
    page.check("#line-2")
    page.fill("#receipt", "rcp_reported")
    page.fill("#words", "C’est raciste.")
    page.click("main button")
    page.wait_for_selector(".notice.good")


def wrong_report(page: Page) -> None:
    page.check("#line-2")
    page.fill("#receipt", "rcp_none")
    page.fill("#words", "C’est raciste.")
    page.click("main button")
    page.wait_for_selector("#receipt-wrong")


def decision(page: Page) -> None:
    page.click(".lines a:has-text('à votre sujet'), .lines a:has-text('about you')")
    page.wait_for_selector("#appeal")


def one_report(page: Page) -> None:
    page.click(".lines li:has-text('décider') a, .lines li:has-text('be decided') a >> nth=0")
    page.wait_for_selector("#shown")


def read_report(page: Page) -> None:
    one_report(page)
    if page.locator("#reading").count():
        page.fill("#reading", "Ce texte a été signalé : il faut le lire.")
        page.click("main button")
    page.wait_for_selector("#decide")


def unfold(page: Page) -> None:
    """Open what is folded, within what is folded too."""
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


def preview_limit(page: Page) -> None:
    page.select_option("[id='m0.3.name']", "member-day-kwh")
    page.fill("[id='m0.3.0']", "2")
    page.fill("#title", "Moins d’électricité")
    page.fill("#reason", "Le budget est serré.")
    page.click("main form button")
    page.wait_for_selector("#impact")


def wrong_limit(page: Page) -> None:
    page.select_option("[id='m0.3.name']", "member-day-kwh")
    page.fill("[id='m0.3.0']", "beaucoup")
    page.click("main form button")
    page.wait_for_selector(".wrong")


def vote_again(page: Page) -> None:
    page.check("#c-abstain")
    page.click("#ballot ~ form button")
    page.wait_for_selector("h1:has-text('vote')")


def search(question: str) -> Prepare:
    def prepare(page: Page) -> None:
        page.fill("#question", question)
        page.click("main form button")
        page.wait_for_selector(".question, .wrong")
        unfold(page)

    return prepare


def have_written(page: Page) -> None:
    search(EXPLAINED)(page)
    page.click(".send button")
    page.wait_for_selector(".final", state="attached")
    unfold(page)


EXPLAINED = "Combien coûte la carte de la médiathèque pour un majeur ?"
MARKDOWN = "# Titre [lien](https://exemple.fr) `code` **gras**"

PAGES: dict[str, tuple[str, str | None, Prepare]] = {
    "welcome": ("/", None, nothing),
    "sign-in": ("/sign-in", None, nothing),
    "sign-in-wrong": ("/sign-in", None, wrong_sign_in),
    "join-not-found": ("/join/nothing", None, nothing),
    "how-it-works": ("/how-it-works", None, nothing),
    "chat": ("/chat", "Karim", open_all),
    "answer": ("/chat", "Karim", ask(MARKDOWN)),
    "answer-broken": ("/chat?model=breaking", "Karim", ask("un deux trois quatre cinq six")),
    "kept": ("/chat", "Karim", keep),
    "conversations": ("/conversations", "Karim", nothing),
    "receipts": ("/receipts", "Karim", nothing),
    "receipt": ("/chat", "Karim", receipt),
    "receipt-wrong-copy": ("/chat", "Karim", wrong_copy),
    "coupe": ("/coupe", "Karim", nothing),
    "coupe-past": ("/coupe", "Karim", last_month),
    "coupe-day": ("/coupe", "Karim", one_day),
    "commons": ("/commons", None, nothing),
    "sources": ("/sources", "Karim", nothing),
    "compare": ("/compare", "Karim", nothing),
    "compare-chosen": ("/compare?size=mixture&hours=8", "Karim", nothing),
    "machines": ("/machines", "Karim", nothing),
    "models": ("/models", "Odile", nothing),
    "models-open": ("/models", "Odile", open_all),
    "account": ("/account", "Karim", nothing),
    "invite": ("/invite", "Karim", nothing),
    "key": ("/account", "Karim", make_key),
    "erase": ("/account/erase", "Karim", nothing),
    "report": ("/report", None, nothing),
    "report-sent": ("/report", "Karim", report),
    "report-wrong": ("/report", "Karim", wrong_report),
    "reports": ("/reports", "Karim", nothing),
    "report-decided": ("/reports", "Karim", decision),
    "moderation": ("/moderation", "Odile", nothing),
    "moderation-case": ("/moderation", "Odile", one_report),
    "moderation-read": ("/moderation", "Odile", read_report),
    "first-steps": ("/first-steps", "Odile", nothing),
    "members": ("/members", "Odile", open_all),
    "invitation": ("/members", "Odile", invite),
    "refused": ("/members", "Karim", nothing),
    "assembly": ("/assembly", "Karim", unfold),
    "assembly-operator": ("/assembly", "Odile", unfold),
    "assembly-propose": ("/assembly/propose", "Karim", nothing),
    "assembly-limit": ("/assembly/propose/rule?of=budget", "Karim", nothing),
    "assembly-limit-wrong": ("/assembly/propose/rule?of=budget", "Karim", wrong_limit),
    "assembly-preview": ("/assembly/propose/rule?of=budget", "Karim", preview_limit),
    "assembly-charter": ("/assembly/propose/rule?of=uses", "Karim", unfold),
    "assembly-votes": ("/assembly/propose/rule?of=governance", "Karim", unfold),
    "assembly-models": ("/assembly/propose/rule?of=models", "Karim", nothing),
    "assembly-mandate": ("/assembly/propose/mandate", "Karim", nothing),
    "assembly-choice": ("/assembly/propose/choice", "Karim", nothing),
    "proposal": ("/assembly/proposals/3", "Karim", unfold),
    "proposal-author": ("/assembly/proposals/3", "Odile", unfold),
    "proposal-over": ("/assembly/proposals/1", "Karim", unfold),
    "proposal-amend": ("/assembly/proposals/3/amend", "Karim", nothing),
    "ballot": ("/assembly/votes/4", "Odile", nothing),
    "ballot-grades": ("/assembly/votes/2", "Karim", nothing),
    "ballot-secret": ("/assembly/votes/5", "Karim", nothing),
    "ballot-cast": ("/assembly/votes/4", "Odile", vote_again),
    "result": ("/assembly/votes/1", "Karim", unfold),
    "result-secret": ("/assembly/votes/3", "Karim", unfold),
    "proxies": ("/assembly/proxies", "Karim", nothing),
    "standing": ("/assembly/standing", "Odile", nothing),
    "emergency": ("/assembly/emergency", "Odile", nothing),
    "log": ("/assembly/log", None, unfold),
    "log-entry": ("/assembly/log?seq=8", None, unfold),
    "minutes": ("/assembly/minutes", "Karim", unfold),
    "explain-unknown": ("/explain", "Karim", search("À quelle heure ouvre la mairie de Plouzané ?")),
    "explain-wrong": ("/explain", "Karim", search(" ? ")),
    "explain-written": ("/explain", "Karim", have_written),
    "sheets": ("/sheets?q=carte", "Karim", nothing),
    "sheet": ("/sheets/commune/F1?passage=3", "Karim", unfold),
    "sheet-long": ("/sheets/commune/F5?part=2", "Karim", unfold),
    "evaluations": ("/evaluations", None, nothing),
    "training": ("/training", "Karim", nothing),
    "training-run": ("/training/mairie-1", "Karim", nothing),
    "not-found": ("/nowhere", "Karim", nothing),
}

WAYS: dict[str, dict[str, object]] = {
    "fr": {},
    "en-320-without-scripts": {"language": "en", "scripts": False, "width": 320},
}


def with_scripts(page: Page, open_page: Open, way: dict[str, object]) -> Page:
    """The same page, as it stands, where axe can run: our own script is kept out."""
    content = page.content()
    other = open_page("/sign-in", who=None, **{**way, "scripts": True})
    other.route("**/affouage.js*", lambda route: route.abort())
    other.route("**/as-it-stands", lambda route: route.fulfill(body=content, content_type="text/html; charset=utf-8"))
    other.goto("/as-it-stands")
    return other


def check_axe(page: Page) -> None:
    """Everything in light colours, then what colours alone may spoil in dark ones."""
    for scheme, rules in (("light", {}), ("dark", {"runOnly": ["color-contrast", "link-in-text-block"]})):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        results = Axe().run(page, options={"resultTypes": ["violations"], **rules})
        assert results.violations_count == 0, (scheme, results.generate_report())


def check_width(page: Page) -> None:
    wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide[0] <= wide[1], f"scrolls sideways: {wide}"


def check_weight(page: Page) -> None:
    weight = len(page.content().encode())
    loaded = page.evaluate("performance.getEntriesByType('resource').map(one => one.decodedBodySize)")
    assert weight + sum(loaded) <= WEIGHT_MAX_BYTES, (weight, loaded)


def check_targets(page: Page) -> None:
    """WCAG 2.2, 2.5.8: 24 px, but for links within a sentence."""
    small = page.evaluate(
        """() => [...document.querySelectorAll('button, main input:not([type=hidden]), select, summary, nav a')]
        .filter(one => one.checkVisibility()).map(one => [one.outerHTML.slice(0, 80), one.getBoundingClientRect()])
        .filter(([, box]) => box.width < 22 || box.height < 22).map(([html]) => html)"""
    )
    assert small == []


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", PAGES)
def test_a_page(open_page: Open, name: str, way: str) -> None:
    path, who, prepare = PAGES[name]
    page = open_page(path, who=who, **WAYS[way])
    prepare(page)
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == ("en" if way.startswith("en") else "fr")
    assert page.locator("h1").count() == 1
    check_weight(page)
    if not WAYS[way].get("scripts", True):
        page = with_scripts(page, open_page, WAYS[way])
    check_width(page)
    check_targets(page)
    check_axe(page)


def test_the_join_page(open_page: Open, place: Place) -> None:
    from affouage.assembly.member import Role

    for way in WAYS.values():
        link = place.live.run(place.live.commons.accounts.invite(Role.MEMBER, None))
        page = open_page(link.path, who=None, **{**way, "scripts": True})
        check_axe(page)
        check_width(page)


@pytest.mark.parametrize("width", [1280, 640])
def test_enlarged_text_is_not_cut(open_page: Open, width: int) -> None:
    """Text alone doubled still fits (a 1280 px window zoomed to 400 % is the 320 px of the other tests)."""
    page = open_page("/chat", width=width)
    ask("Une assez longue question pour voir si tout tient encore dans la page agrandie")(page)
    page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
    check_width(page)


def test_by_keyboard_the_first_stop_skips_to_the_content(open_page: Open) -> None:
    page = open_page("/chat")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    box = page.locator(".skip").bounding_box()
    assert box is not None
    assert box["y"] >= 0, "seen when it has the focus"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "question"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"


def test_a_question_from_the_keyboard_alone(open_page: Open) -> None:
    page = open_page("/chat")
    page.focus("#question")
    page.keyboard.type("Bonjour")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".final.completed", state="attached")
    page.focus("#question")
    page.keyboard.type("Encore")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".turn >> nth=1", state="attached")


def test_forced_colours_and_paper_keep_what_matters(open_page: Open) -> None:
    page = open_page("/chat")
    receipt(page)
    page.emulate_media(forced_colors="active")
    assert page.locator(".receipt h1").is_visible()
    page.emulate_media(media="print", forced_colors="none")
    assert page.locator(".receipt").is_visible()
    assert not page.locator("nav").first.is_visible()
    assert not page.locator("#text").is_visible()


@pytest.mark.parametrize("path", ["/coupe", "/commons", "/sources"])
def test_figures_fit_on_paper(open_page: Open, path: str) -> None:
    """A4 upright, 18 mm around: nothing is cut on the right, tables show all they hold, links to sources are plain."""
    page = open_page(path, width=660)
    page.emulate_media(media="print")
    check_width(page)
    cut = page.evaluate(
        """() => [...document.querySelectorAll('main .scrolls, main table, main svg')]
        .filter(one => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX !== 'visible')
        .map(one => one.outerHTML.slice(0, 80))"""
    )
    assert cut == []
    wide = page.evaluate(
        "() => [...document.querySelectorAll('main *')].filter("
        "one => one.checkVisibility() && one.getBoundingClientRect().right > innerWidth + 1)"
        ".map(one => one.outerHTML.slice(0, 80))"
    )
    assert wide == []
    assert not page.locator("nav").first.is_visible()
    assert page.locator("h1").is_visible()


def test_a_receipt_fits_on_two_sheets(open_page: Open) -> None:
    page = open_page("/chat")
    receipt(page)
    sheets = page.pdf(format="A4", margin=dict.fromkeys(("top", "bottom", "left", "right"), "18mm"))
    assert 1 <= sheets.count(b"/Type /Page\n") + sheets.count(b"/Type /Page ") <= 3


def test_reduced_motion_stills_the_page(open_page: Open) -> None:
    page = open_page("/chat")
    page.emulate_media(reduced_motion="reduce")
    ask("Bonjour")(page)
    moving = page.evaluate("document.getAnimations().length")
    assert moving == 0

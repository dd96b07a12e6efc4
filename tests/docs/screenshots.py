"""Write the pictures of the documentation: ``python -m tests.docs.screenshots``.

A real commons, with the starter model, seen in Chromium, in both languages. The person who asks and what they ask are
made up, as are the months that *La coupe* shows; the answers and their figures are not. A minute or two; the pictures
differ a little from machine to machine, which is why no test makes them again.
"""

from __future__ import annotations

import base64
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from affouage import settings
from affouage.assembly.member import Role
from affouage.catalogue.card import load_cards
from affouage.catalogue.machine import machine_id
from affouage.catalogue.store import ModelStore
from affouage.testing import LiveCommons, serving
from tests.docs.tree import ROOT
from tests.integration.explain_house import fill as fill_library
from tests.integration.explain_house import wait_until_found
from tests.pages.assembly_played import play_assembly
from tests.pages.conftest import CHROMIUM, FLAGS, MACHINE, SETTLED, enter, past_months

PICTURES = ROOT / "docs" / "pictures"
BYTES_MAX = 60_000
STARTER = "qwen2.5-coder-1.5b-instruct"
QUESTIONS = {
    "fr": "Résume : le conseil se réunit mardi à 18 h à la salle des fêtes, et parlera du toit de l’école.",
    "en": "Sum up: the council meets on Tuesday at 6 pm in the hall; it will speak of the school roof.",
}
CARD = {
    "fr": "Combien coûte la carte de la médiathèque pour un majeur ?",
    "en": "Combien coûte la carte de la médiathèque pour un majeur ?",  # the sheets of the tests are in French
}


@dataclass(frozen=True)
class Picture:
    """``prepare``: what is done on the page first, given the language; ``height``: of the window, in pixels."""

    path: str
    who: str | None
    prepare: Callable[[Page, str], None]
    height: int = 640
    width: int = 900


def _as_it_opens(page: Page, language: str) -> None:
    """Nothing is done."""


def _ask(page: Page, language: str) -> None:
    page.fill("#question", QUESTIONS[language])
    page.click(".send button")
    page.wait_for_selector(".final.completed", state="attached", timeout=180_000)
    page.locator(".turn").first.scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, 0)")


def _receipt(page: Page, language: str) -> None:
    _ask(page, language)
    page.goto(str(page.get_attribute(".final .receipt-line a", "href")))
    page.wait_for_selector(".receipt")


def _explain(page: Page, language: str) -> None:
    page.fill("#question", CARD[language])
    page.click("main form button")
    page.wait_for_selector(".quote")
    page.evaluate("document.querySelector('.quote').scrollIntoView({block: 'center'})")


PICTURES_OF = {
    "ask": Picture("/chat", "Karim", _ask),
    "receipt": Picture("/chat", "Karim", _receipt, height=900),
    "coupe": Picture("/coupe", "Karim", _as_it_opens, height=760),
    "assembly": Picture("/assembly", "Karim", _as_it_opens),
    "explain": Picture("/explain", "Karim", _explain),
    "first-steps": Picture("/first-steps", "Odile", _as_it_opens, height=800),
    "telephone": Picture("/chat", "Karim", _ask, width=360, height=720),
}


@contextmanager
def _commons(folder: Path) -> Iterator[tuple[LiveCommons, dict[str, str]]]:
    """A commons that has lived two months, with the starter model; the sessions of its people by name."""
    home = folder / "home"
    home.mkdir()
    cached = ModelStore(ROOT / ".cache" / "models").find(STARTER)
    if cached is None:
        sys.exit("The starter model is missing: make starter-model")
    ModelStore(home / "models").import_file(cached.path, load_cards(None)[STARTER])
    fill_library(home)
    (home / "machine.toml").write_text(MACHINE.format(id=machine_id()), encoding="utf-8")
    with serving(settings.read(SETTLED, home=home)) as live:
        operator, odile = live.run(enter(live, "Odile", Role.OPERATOR))
        member, karim = live.run(enter(live, "Karim", Role.MEMBER))
        past_months(live, operator.id, member.id, models=(STARTER,))
        live.run(play_assembly(live, operator, member))
        wait_until_found(live)
        yield live, {"Odile": odile, "Karim": karim}


def _take(browser: Browser, url: str, session: str | None, picture: Picture, language: str) -> bytes:
    """The picture as WebP, of a quality that keeps it small."""
    context = browser.new_context(
        base_url=url, locale=f"{language}-FR", viewport={"width": picture.width, "height": picture.height}
    )
    cookies = [{"name": "affouage_lang", "value": language, "url": url}]
    if session is not None:
        cookies.append({"name": "affouage_session", "value": session, "url": url})
    context.add_cookies(cookies)  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(picture.path)
        picture.prepare(page, language)
        chromium = context.new_cdp_session(page)
        for quality in (80, 60, 40, 20):
            taken = chromium.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
            content = base64.b64decode(taken["data"])
            if len(content) <= BYTES_MAX:
                return content
        raise ValueError(f"{picture.path}: {len(content)} bytes")
    finally:
        context.close()


def main() -> None:
    """Take them all, and write them to docs/pictures."""
    PICTURES.mkdir(exist_ok=True)
    if CHROMIUM is None:
        sys.exit("Chromium is missing: scripts/system_packages.sh")
    with tempfile.TemporaryDirectory() as folder, _commons(Path(folder)) as (live, sessions), sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        for language in ("fr", "en"):
            for name, picture in PICTURES_OF.items():
                session = sessions[picture.who] if picture.who else None
                content = _take(browser, live.url, session, picture, language)
                (PICTURES / f"{name}.{language}.webp").write_bytes(content)
                print(f"docs/pictures/{name}.{language}.webp: {len(content)} bytes")
        browser.close()


if __name__ == "__main__":
    main()

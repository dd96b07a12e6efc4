"""The documentation site, as `make site` builds it: whole, of one house, readable from a folder by anybody."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import ROOT, missing
from tests.docs.tree import tracked
from tests.pages.test_accessibility import check_axe, check_width

BUILDER = ROOT / ".venv" / "site" / "bin" / "python"
SEEN = {
    "docs/index.html": "affouage",
    "docs/quick-start.fr.html": "Premiers pas",
    "docs/how-to/index.html": "How-to guides",
    "docs/reference/settings.html": "Settings",
    "docs/how-to/behind-nginx.html": "Behind nginx",
    "search.html": "Search",
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as the Makefile does: a warning, such as a link that leads nowhere, is an error."""
    if not BUILDER.exists():
        missing("what builds the site: make .venv/.site")
    built, read = (tmp_path_factory.mktemp(name) for name in ("site", "read"))
    command = ["-m", "sphinx", "-W", "--keep-going", "--quiet", "-b", "html", "-d", str(read), "-c", "docs/site", "."]
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(read)}
    done = subprocess.run(
        [BUILDER, *command, str(built)], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=170
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return built


class _Read(HTMLParser):
    """``loaded``: addresses a browser fetches by itself; ``links``: where one may go; ``ids``: what may be pointed at;
    ``language``: of the page; ``silent``: pictures that say nothing."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.language = ""
        self.silent: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.ids |= {held[name] for name in ("id", "name") if name in held}
        if tag == "html":
            self.language = held.get("lang", "")
        if tag == "a" and "href" in held:
            self.links.append(held["href"])
        elif tag in ("script", "img", "iframe", "source") and "src" in held:
            self.loaded.append(held["src"])
        elif tag == "link" and "href" in held:
            self.loaded.append(held["href"])
        if tag == "img" and not held.get("alt"):
            self.silent.append(held.get("src", ""))


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[str, _Read]:
    return {path.relative_to(site).as_posix(): _Read(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}


def test_every_document_has_its_page(pages: dict[str, _Read]) -> None:
    ours = [one.relative_to(ROOT) for one in tracked() if one.suffix == ".md"]
    expected = {one.with_suffix(".html").as_posix() for one in ours if one.parts[0] == "docs" or len(one.parts) == 1}
    assert expected - set(pages) == set()


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, _Read]) -> None:
    for name, page in pages.items():
        assert [one for one in page.loaded if re.match(r"(?:[a-z]+:)?//", one)] == [], name
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//|@import\s+['\"]?http", sheet.read_text("utf-8")), sheet
    assert not list(site.rglob("*.woff*")), "the fonts are the reader's own"


def test_every_link_leads_somewhere(site: Path, pages: dict[str, _Read]) -> None:
    lost = []
    for name, page in pages.items():
        for link in (*page.links, *page.loaded):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            there = ((site / name).parent / unquote(parts.path)).resolve() if parts.path else site / name
            if not there.is_file():
                lost.append((name, link))
            elif parts.fragment and there.suffix == ".html":
                target = pages[there.relative_to(site.resolve()).as_posix()] if parts.path else page
                if unquote(parts.fragment) not in target.ids:
                    lost.append((name, link))
    assert lost == []


def test_pages_say_their_language_and_pictures_what_they_show(pages: dict[str, _Read]) -> None:
    for name, page in pages.items():
        assert page.language == ("fr" if name.endswith(".fr.html") else "en"), name
        assert page.silent == [], name


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser that opens files of the disk, and fails when a page asks anything of a network."""
    context = browser.new_context(viewport={"width": 1200, "height": 900})
    strange: list[str] = []
    made = context.new_page()
    made.on("request", lambda one: None if one.url.startswith(("file:", "data:")) else strange.append(one.url))
    made.on("pageerror", lambda one: strange.append(str(one)))
    yield made
    context.close()
    assert strange == []


@pytest.mark.browser
@pytest.mark.parametrize("name", SEEN)
def test_a_page_opens_from_a_folder_and_is_for_everybody(page: Page, site: Path, name: str) -> None:
    page.goto((site / name).as_uri())
    assert SEEN[name] in page.locator("h1").first.inner_text()
    check_axe(page)
    page.set_viewport_size({"width": 320, "height": 800})
    check_width(page)


@pytest.mark.browser
def test_the_first_page_leads_on_and_a_word_is_found(page: Page, site: Path) -> None:
    """The search stays in the browser, and needs no server."""
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/docs/index.html")
    page.goto(f"{(site / 'search.html').as_uri()}?q=passphrase")
    page.wait_for_selector("#search-results a")
    assert page.locator("#search-results a[href*='back-up']").count() >= 1

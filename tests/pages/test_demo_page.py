"""The page of a lesson in Chromium, as a file: axe in both languages, at 320 px, on paper, and no request at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.unit.test_demo_lesson import made_page

pytestmark = pytest.mark.browser


def test_the_page_of_a_lesson(browser: Browser, tmp_path: Path) -> None:
    for code in ("fr", "en"):
        path = tmp_path / f"page-{code}.html"
        path.write_text(made_page(code), encoding="utf-8")
        page = browser.new_page(viewport={"width": 320, "height": 800})
        asked: list[str] = []
        page.on("request", lambda one, to=asked: to.append(one.url))
        page.goto(path.as_uri())
        assert asked == [path.as_uri()]
        wide = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1], f"scrolls sideways: {wide}"
        results = Axe().run(page, options={"resultTypes": ["violations"]})
        assert results.violations_count == 0, results.generate_report()
        assert page.locator("h1").count() == 1
        printed = page.pdf(prefer_css_page_size=True)
        assert printed.startswith(b"%PDF")
        assert 2 <= printed.count(b"/Type /Page\n") <= 9
        page.close()

"""How Sphinx makes the documentation site of the Markdown files as they stand; ``make site`` runs it.

Nothing of the result comes from another host: no font, no script, no picture, no count of visits. It can be read from
a folder, without a server and without scripts; only the search needs scripts, and it stays in the browser.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[2]

project = "affouage"
author = "The affouage contributors"
copyright = "the affouage contributors, AGPL-3.0-or-later"
html_title = "affouage"
language = "en"

extensions = ["myst_parser"]
# The sources are the files of the project, where they are: a link that works there works here.
include_patterns = ["docs/**.md", "*.md"]
exclude_patterns = [".*", "build", "dist", "src", "tests", "packaging", "scripts"]
root_doc = "docs/index"
myst_heading_anchors = 4

html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_favicon = "../../src/affouage/web/static/logo.svg"
templates_path = ["templates"]
html_additional_pages = {"index": "to_index.html"}
html_copy_source = False
html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses in a folder
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#83470f", "color-brand-content": "#83470f"},
    "dark_css_variables": {"color-brand-primary": "#e3a765", "color-brand-content": "#e3a765"},
}

_PARTS = {
    "docs/index": ("docs/quick-start.fr", "docs/quick-start.en", "docs/how-to/index", "docs/reference/index"),
    "docs/how-to/index": ("docs/how-to/*",),
    "docs/reference/index": ("docs/reference/*", "docs/reference/audit/*"),
    "docs/decisions/README": ("docs/decisions/0*",),
}
_ABOUT = ("docs/*", "docs/decisions/README", *sorted(one.stem for one in ROOT.glob("*.md")))


def _with_contents(app: Sphinx, name: str, source: list[str]) -> None:
    """The tree of pages, for the side of each page: told here, so that the Markdown files stay plain."""
    text = re.sub(r"\]\(([\w./-]+)/\)", _folder(app, name), source[0])
    if name in _PARTS:
        text += _tree(_PARTS[name])
    if name == root_doc:
        text += _tree(_ABOUT)
    source[0] = text


def _tree(names: tuple[str, ...]) -> str:
    return "\n".join(["\n\n```{toctree}", ":hidden:", ":glob:", "", *(f"/{one}" for one in names), "```\n"])


def _folder(app: Sphinx, name: str) -> Any:
    """A link to a folder leads to its first page."""

    def first_page(found: re.Match[str]) -> str:
        folder = (Path(app.srcdir) / name).parent / found[1]
        page = next((one for one in ("index.md", "README.md") if (folder / one).exists()), "")
        return f"]({found[1]}/{page})"

    return first_page


def _language(app: Sphinx, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
    """A page whose name ends with .fr says that it is French."""
    if name.endswith(".fr"):
        context["language"] = "fr"


_MENDED = {
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="Contents">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="On this page">',
    "<pre>": '<pre tabindex="0">',  # what scrolls sideways can be reached with the keyboard
    '<div id="search-results">': '<h1>Search</h1>\n<div id="search-results">',
}
"""What the theme leaves out: two landmarks without a name, a page without a title."""


def _for_everybody(app: Sphinx, failed: Exception | None) -> None:
    """Mend the pages that were written; those of an earlier run are mended already."""
    for path in Path(app.outdir).rglob("*.html"):
        text = mended = path.read_text(encoding="utf-8")
        for bare, whole in _MENDED.items():
            mended = mended if whole in mended else mended.replace(bare, whole)
        if mended != text:
            path.write_text(mended, encoding="utf-8")


def setup(app: Sphinx) -> None:
    app.connect("source-read", _with_contents)
    app.connect("html-page-context", _language)
    app.connect("build-finished", _for_everybody)


release = re.search(r'__version__ = "([^"]+)"', (ROOT / "src/affouage/__init__.py").read_text())[1]  # type: ignore[index]

"""Every relative link of every document leads somewhere, to the very heading it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.tree import ROOT, tracked

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.M | re.S)
DOCUMENTS = [one for one in tracked() if one.suffix == ".md"]


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ +(.+)$", _FENCE.sub("", text), re.M)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: str(one.relative_to(ROOT)))
def test_its_links_lead_somewhere(document: Path) -> None:
    text = _FENCE.sub("", document.read_text(encoding="utf-8"))
    for target in _LINK.findall(text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (document.parent / path).resolve() if path else document
        assert there.exists(), f"{target} leads nowhere"
        if anchor and there.suffix == ".md":
            assert anchor in _anchors(there.read_text(encoding="utf-8")), f"{target}: no such heading"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: str(one.relative_to(ROOT)))
def test_the_pages_it_names_exist(document: Path) -> None:
    """Also those named in code quotes, and in the messages of the program (below)."""
    for name in re.findall(r"docs/[\w/.-]+\.md", document.read_text(encoding="utf-8")):
        assert (ROOT / name).exists(), name


def test_the_pages_the_program_names_exist() -> None:
    """A remedy that sends somebody to a page must send them to one that is there."""
    for source in tracked():
        if source.suffix not in {".py", ".toml", ".html", ".po"} or source == Path(__file__):
            continue
        for name in re.findall(r"docs/[\w/.-]+\.md", source.read_text(encoding="utf-8")):
            assert (ROOT / name).exists(), f"{source.relative_to(ROOT)} names {name}"

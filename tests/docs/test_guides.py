"""The first pages of the documentation: nothing is missing from them, and both languages say to type the same."""

from __future__ import annotations

import re

import pytest

from tests.docs.screenshots import BYTES_MAX, PICTURES, PICTURES_OF
from tests.docs.tree import ROOT

DOCS = ROOT / "docs"


def _blocks(page: str) -> list[list[str]]:
    """Commands and settings to type, block by block, without what is told beside them or is in a language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    found = []
    for block in re.findall(r"^```(?:sh|toml)\n(.*?)^```", text, re.M | re.S):
        lines = [re.sub(r"\s+#.*|\".*\"", "", line).strip() for line in block.splitlines()]
        found.append([line for line in lines if line and not line.startswith("language")])
    return found


def test_both_quick_starts_have_the_same_to_type() -> None:
    french, english = _blocks("quick-start.fr.md"), _blocks("quick-start.en.md")
    assert len(french) >= 8
    assert french == english


def test_a_quick_start_installs_what_the_engine_is_linked_with() -> None:
    """A bare Debian has no OpenMP library, and the engine cannot be loaded without."""
    for code in ("fr", "en"):
        text = (DOCS / f"quick-start.{code}.md").read_text(encoding="utf-8")
        assert re.search(r"apt install .*\blibgomp1\b", text)
        assert re.search(r"apt install .*\bpython3-venv\b", text)


@pytest.mark.parametrize("folder", ["how-to", "reference"])
def test_every_page_is_on_the_list_of_its_folder(folder: str) -> None:
    listed = (DOCS / folder / "index.md").read_text(encoding="utf-8")
    pages = {one.name for one in (DOCS / folder).glob("*.md")} - {"index.md"}
    assert sorted(one for one in pages if f"({one}" not in listed) == []


def test_pictures_are_those_that_are_taken_small_and_shown_with_words() -> None:
    taken = {f"{name}.{code}.webp" for name in PICTURES_OF for code in ("fr", "en")}
    kept = {one.name for one in PICTURES.iterdir()}
    assert kept == taken, "run: .venv/bin/python -m tests.docs.screenshots"
    for one in PICTURES.iterdir():
        content = one.read_bytes()
        assert content[:4] + content[8:12] == b"RIFFWEBP", one.name
        assert len(content) <= BYTES_MAX, one.name
    shown = "".join(page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
    described = re.findall(r"!\[([^\]]*)\]\((?:\.\./)?pictures/([\w.-]+)\)", shown)
    assert {name for _, name in described} == taken, "each is shown somewhere"
    for words, name in described:
        assert len(words) > 30, f"{name}: say what it shows"

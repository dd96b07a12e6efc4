"""Reference pages that come from the code say what the code says."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from affouage import settings
from tests.docs.generate import DOCS, pages


@pytest.mark.parametrize("page", sorted(pages()), ids=lambda page: page.name)
def test_the_page_is_not_stale(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == pages()[page], "run: .venv/bin/python -m tests.docs.generate"


def test_every_setting_is_documented_with_a_whole_sentence() -> None:
    text = (DOCS / "reference" / "settings.md").read_text(encoding="utf-8")
    for kind in (*settings.TABLES.values(), settings.UpstreamSettings):
        for key in fields(kind):
            sentence = key.metadata["sentence"]
            assert sentence.endswith("."), key.name
            assert f"| `{key.name}` |" in text
            assert sentence in text


def test_every_member_of_the_receipt_is_documented() -> None:
    from affouage.ledger.receipt import Receipt

    text = (DOCS / "reference" / "ledger-and-receipt.md").read_text(encoding="utf-8")
    for name in Receipt.__struct_fields__:
        assert f"`{name}`" in text, name

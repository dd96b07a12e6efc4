"""The examples of docs/reference/counting.md are counted as it says."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from affouage.assembly.tally import METHODS
from affouage.assembly.tally.file import VoteFile, count_file, read
from tests.conftest import ROOT

PAGE = (Path(ROOT) / "docs" / "reference" / "counting.md").read_text(encoding="utf-8")


def test_every_example_is_counted() -> None:
    found = [count_file(read(one.encode())) for one in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    assert [(one.outcome, one.winner) for one in found] == [
        ("adopted", None),
        ("adopted", "Bayrou"),
        ("adopted", "Nashville"),
        ("tie_rejected", None),
    ]


def test_every_method_and_every_key_is_described() -> None:
    for name in (*METHODS, *(field.name for field in msgspec.structs.fields(VoteFile))):
        assert f"`{name}`" in PAGE

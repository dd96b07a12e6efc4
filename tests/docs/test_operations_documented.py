"""The pages for whoever runs a commons name what exists: tests, metrics, checks, files."""

from __future__ import annotations

import re

import pytest

from affouage.gateway.ready import CHECKS
from tests.docs.tree import ROOT

PAGES = [
    *("SECURITY.md", "docs/reference/threat-model.md", "docs/how-to/watch.md"),
    *("docs/how-to/behind-nginx.md", "docs/how-to/run-as-a-service.md"),
]


def read(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_every_test_and_file_it_rests_on_is_there(page: str) -> None:
    text = read(page)
    for name in re.findall(r"`((?:tests|packaging)/[\w/.-]+)`", text):
        assert (ROOT / name).exists(), name
    for name in re.findall(r"`(\w+(?:/\w+)+\.py)`", text):
        assert (ROOT / name).exists() or (ROOT / "src" / "affouage" / name).exists(), name


def test_every_metric_to_watch_is_one_that_is_told() -> None:
    told = "".join((ROOT / "src/affouage/gateway" / name).read_text() for name in ("metrics.py", "vitals.py"))
    names = set(re.findall(r"\b(?:affouage|process)_[a-z_]+\b", read("docs/how-to/watch.md")))
    names = {name.removesuffix("_bucket") for name in names}
    assert len(names) >= 10
    assert [name for name in sorted(names) if f'"{name}"' not in told] == []


def test_the_checks_of_readiness_are_named() -> None:
    for check in CHECKS:
        assert f"**{check}**" in read("docs/how-to/watch.md")


def test_a_threat_model_is_short_enough_to_be_read() -> None:
    assert 600 < len(read("docs/reference/threat-model.md").split()) < 1500, "two pages or so"

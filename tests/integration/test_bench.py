"""The bench still runs, part by part, one tiny round of each; and the page of figures is what its figures say."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import msgspec
import pytest

from tests.bench import document, engine, gateways, growth, long_run, retrieval
from tests.bench.__main__ import DOCUMENT, FIGURES
from tests.bench.figures import Report, Section, row
from tests.conftest import missing
from tests.contracts.tiny_gguf import write_tiny_model


def test_the_page_of_figures_is_what_they_say() -> None:
    report = msgspec.json.decode(FIGURES.read_bytes(), type=Report)
    assert DOCUMENT.read_text(encoding="utf-8") == document.written(report)
    unknown = {one.title for one in report.sections if not one.skipped} - document.MEANINGS.keys()
    assert not unknown, "each section says what its figures mean"


def test_a_missed_target_is_written_as_missed() -> None:
    held, missed = row("held", "x", [1.0, 2.0, 3.0], most=2), row("missed", "x", [3.0], most=2)
    assert (held.verdict, missed.verdict) == ("met", "MISSED")
    told = {
        "command": "make bench",
        "affouage": "1",
        "commit": None,
        "python": "3",
        "versions": {},
        "processor": "p",
        "cores": 2,
        "system": "s",
    }
    report = Report(told | {"load_before": 9.0, "load_after": 9.0, "busy": True}, [Section("S", [held, missed])])
    assert "**MISSED**" in document.written(report)
    assert "busy" in document.written(report)
    assert report.missed == [missed]


def test_gateways_side_by_side(tmp_path: Path) -> None:
    """Ours with everything and with nothing, nginx, and what they stand before: each word of each answer comes."""
    _needs("cc", "nginx")
    found = asyncio.run(gateways.measure(gateways.TINY, tmp_path, ("nginx", gateways.OFF, gateways.ALL)))
    figures = {one.name: one for section in found for one in section.rows}
    assert figures["processor time of a request, all / nginx"].median > 1
    wrong = [one for name, one in figures.items() if name.startswith("words missing")]
    assert len(wrong) == 4
    assert not any(one.median for one in wrong)


def test_killed_and_left(tmp_path: Path) -> None:
    _needs("cc")
    (section,) = asyncio.run(long_run.measure(long_run.TINY, tmp_path))
    figures = {one.name: one.median for one in section.rows}
    assert figures["killed under load, answers read whole"] > 0
    assert figures["of these, not settled in the books"] == 0
    assert figures["broken links of the chain"] == 0


def test_as_things_grow(tmp_path: Path) -> None:
    _needs("cc")
    found = asyncio.run(growth.measure(growth.TINY, tmp_path))
    found += asyncio.run(retrieval.measure(retrieval.TINY, tmp_path))
    assert all(one.median > 0 for section in found for one in section.rows)


def test_beside_the_engine_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the gateway and directly, of a model that says nothing: that both roads lead there."""
    monkeypatch.setenv("AFFOUAGE_STARTER_MODEL", str(write_tiny_model(tmp_path / "tiny.gguf")))
    (section,), told = asyncio.run(engine.measure(engine.TINY, tmp_path))
    assert all(one.median > 0 for one in section.rows)
    assert told["model"]["file"] == "tiny.gguf"


def _needs(*programs: str) -> None:
    for one in programs:
        if shutil.which(one) is None and not Path("/usr/sbin", one).exists():
            missing(one)

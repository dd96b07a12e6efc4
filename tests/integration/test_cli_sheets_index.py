"""``affouage sheets index`` as somebody runs it, with the encoders that are installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from affouage.cli import main


def test_what_was_imported_is_made_searchable_by_meaning_and_then_nothing_is_left_to_do(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AFFOUAGE_HOME", str(home))
    folder = tmp_path / "bureau"
    folder.mkdir()
    (folder / "salle.md").write_text("# Salle des fêtes\n\nLa salle se réserve à la mairie.\n", "utf-8")
    (folder / "cantine.md").write_text("# Cantine scolaire\n\nLes repas se paient en ligne.\n", "utf-8")

    def done(*words: str) -> str:
        result = CliRunner().invoke(main, ["sheets", *words])
        assert result.exit_code == 0, result.output
        return result.stdout

    done("import", str(folder), "--name", "Bureau")
    assert not json.loads(done("search", "réserver la salle", "--json"))["by_meaning"]
    expected = {"sheets": 2, "by_words": 2, "by_meaning": 2}
    assert json.loads(done("index", "--json")) == expected
    assert "2 of 2 sheets can be found by meaning." in done("index")
    found = json.loads(done("search", "book a place for my wedding party", "--json"))
    assert found["by_meaning"]
    assert found["hits"][0]["sheet"]["title"] == "Salle des fêtes"
    assert found["signals"]["beside"] is not None

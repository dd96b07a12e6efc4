"""``affouage train`` as people type it: planned from a calibration, followed, compared, drawn, in both languages."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from tests.integration import training_house as house
from tests.integration.training_house import TINY


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return house.corpus(tmp_path_factory.mktemp("corpus") / "mairie")


class Typed:
    def __init__(self, home: Path) -> None:
        self.home = home

    def run(self, *words: str, **environ: str) -> Result:
        return CliRunner().invoke(main, ["train", *words], env={"AFFOUAGE_HOME": str(self.home), **environ})

    def done(self, *words: str, **environ: str) -> str:
        result = self.run(*words, **environ)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))


def test_from_a_plan_to_a_model_and_its_receipt(home: Path, texts: Path, tmp_path: Path) -> None:
    typed, settings = Typed(home), tmp_path / "settings.json"
    settings.write_bytes(msgspec.json.encode(TINY))
    asked = ("plan", "mairie-1", "--corpus", str(texts), "--settings", str(settings), "--seconds", "1.5")
    made = typed.json(*asked, "--licence", "etalab-2.0")
    plan = made["plan"]
    assert (made["needs_vote"], made["fits"]) == (False, True)
    assert plan["tokens"] == TINY.steps * TINY.step_tokens
    assert 0 < plan["hours"]["low"] <= plan["hours"]["central"] <= plan["hours"]["high"]
    assert plan["calibrated"]["tokens"] > 0
    if plan["watts"]["interval"] is not None:  # a busy machine may have had no second of readings
        assert plan["watts"]["interval"]["central"] > 0
        assert plan["kwh"]["high"] > plan["kwh"]["low"] > 0
    again = typed.run(*asked)
    assert (again.exit_code, "already a run named mairie-1" in again.stderr) == (2, True)
    # a run whose energy is limited to nothing waits for a vote, and says which
    typed.done("rule", "set", "--without-vote-kwh", "0", "--reason", "every run is voted")
    waits = typed.json("start", "mairie-1")
    assert waits["state"] == "asked"
    assert "admitted/mairie-1=" in waits["how"]
    assert "admitted/mairie-1=" in typed.done("status", "mairie-1", AFFOUAGE_LANG="fr")
    typed.done("rule", "set", "--admit", "mairie-1=1", "--reason", "the vote of Tuesday")
    assert typed.json("start", "mairie-1")["state"] == "exported", "it began by itself, and is followed to its end"
    assert "mairie-1" in typed.done("list")
    assert [one["state"] for one in typed.json("list")] == ["exported"]
    assert "without-vote" not in typed.done("rule", "show")
    status = typed.json("status", "mairie-1")
    assert status["rule"] == "training@2"
    assert status["story"]["step"] == TINY.steps
    told = typed.json("receipt", "mairie-1")
    text = typed.done("receipt", "mairie-1")
    assert hashlib.sha256(text.encode()).hexdigest() == told["sha256"]
    assert (told["final"], told["in_log"], told["receipt"]["decided"]["rule"]) == (True, True, "training@2")
    assert typed.done("export", "mairie-1", str(tmp_path / "out")).count("\n") >= 4
    drawing = tmp_path / "curves.svg"
    typed.done("status", "mairie-1", "--svg", str(drawing), AFFOUAGE_LANG="fr")
    assert ET.fromstring(drawing.read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314 - our own drawing
    rows = typed.json("compare", "mairie-1", "mairie-1")
    assert rows[0] == rows[1]
    assert "Perplexité" in typed.done("compare", "mairie-1", "mairie-1", AFFOUAGE_LANG="fr")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("status", "rien"), "no run named"),
        (("start", "rien"), "no run named"),
        (("plan", "a", "--corpus", "nulle-part", "--layers", "2"), "no corpus nulle-part"),
        (("plan", "a", "--corpus", "{texts}"), "Say what is to be trained"),
        (("plan", "Pas un nom", "--corpus", "{texts}", "--layers", "2"), "no name for a run"),
        (("plan", "a", "--corpus", "{texts}", "--layers", "99"), "1 to 32 layers"),
        (("plan", "a", "--corpus", "{texts}", "--lora", "smollm3-3b"), "not on this machine"),
        (("plan", "a", "--corpus", "{texts}", "--layers", "2", "--steps", "-1"), "cannot be -1"),
        (("plan", "a", "--corpus", "{texts}", "--settings", "/nowhere.json"), "holds no settings"),
        (("rule", "set", "--admit", "mairie", "--reason", "x"), "admits nothing"),
        (("rule", "set", "--at-once", "99", "--reason", "x"), "at_once"),
    ],
)
def test_bad_input_says_what_would_work(home: Path, texts: Path, words: tuple[str, ...], said: str) -> None:
    typed = Typed(home)
    for language in ("en", "fr"):
        refused = typed.run(*(word.format(texts=texts) for word in words), AFFOUAGE_LANG=language)
        assert (refused.exit_code, refused.stdout) == (2, ""), refused.output
        assert language == "fr" or said in refused.stderr
        assert len(refused.stderr.strip().splitlines()) >= 2, "what is wrong, then what would work"
    assert not list((home / "training" / "runs").glob("trn_*")), "nothing is left of what was refused"

"""``affouage corpus`` from a recipe to a withdrawal."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from affouage.__main__ import main
from affouage.training.corpus.recipe import read_recipe
from tests.integration.corpus_made import (
    folder_of,
    french,
)

pytest.importorskip("datatrove")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


# --- By the command line ----------------------------------------------------------------------------------------------


def run(home: Path, *words: str, lang: str = "en") -> Result:
    return CliRunner().invoke(main, ["corpus", *words], env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": lang})


def test_a_corpus_by_the_command_line(home: Path, tmp_path: Path) -> None:
    texts_of = folder_of(tmp_path / "lettres", {f"{n}.txt": french(n) for n in range(6)})
    (texts_of / "copie.txt").write_text(french(0), encoding="utf-8")
    assert run(home, "show").output.startswith("There is no corpus yet")
    assert run(home, "new", "Conseil !").exit_code == 2
    made = run(home, "new", "conseil", lang="fr")
    assert made.exit_code == 0, made.output
    assert "Recette d'un corpus" in (home / "corpora" / "conseil" / "recipe.toml").read_text("utf-8")
    assert run(home, "new", "conseil").exit_code == 2
    assert run(home, "add", "conseil", str(tmp_path / "none")).exit_code == 2
    added = run(home, "add", "conseil", str(texts_of), "--kind", "text", "--member", "Jeanne", "--json")
    assert msgspec.json.decode(added.stdout)["name"] == "lettres"
    assert run(home, "add", "conseil", str(texts_of), "--licence", "etalab-2.0").output == (
        "lettres-2 (folder) is in the recipe of conseil.\n"
    )
    assert "was not built yet" in run(home, "show", "conseil").output
    done = run(home, "build", "conseil", "--json")
    assert done.exit_code == 0, done.output
    manifest = msgspec.json.decode(done.stdout)["build"]["manifest"]
    assert manifest["documents"] == 6
    shown = run(home, "show", "conseil", "--removed").output
    assert "copies, the same text as another document" in shown
    assert "etalab-2.0" not in shown.split("Did not enter")[0]
    assert "consentement repris" not in run(home, "show", "conseil", lang="fr").output
    assert run(home, "show", "conseil", lang="fr").output.startswith("conseil  6 documents")
    licences = msgspec.json.decode(run(home, "licence", "conseil", "--json").stdout)
    assert licences["licences"] == {"LicenseRef-member-consent": 6}
    assert "CC-BY-NC-4.0" in run(home, "licence").output
    assert run(home, "verify", "conseil").output.startswith("The corpus holds: 6 documents")
    taken = msgspec.json.decode(run(home, "withdraw", "conseil", "jeanne", "--erase", "--json").stdout)
    assert [(one["documents"], one["erased"]) for one in taken["builds"]] == [(6, True)]
    assert "were erased" in run(home, "show", "conseil").output
    again = msgspec.json.decode(run(home, "build", "conseil", "--json").stdout)["build"]["manifest"]
    assert again["licences"] == {"etalab-2.0": 6}
    split = home / "corpora" / "conseil" / "current" / "splits" / "train.jsonl"
    split.write_bytes(split.read_bytes()[:-10])
    assert run(home, "verify", "conseil").exit_code == 1
    assert run(home, "build", "conseil", "--slurm").exit_code == 2


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_what_a_new_recipe_proposes_can_be_taken_at_its_word(home: Path, lang: str) -> None:
    assert run(home, "new", "essai", lang=lang).exit_code == 0
    text = (home / "corpora" / "essai" / "recipe.toml").read_text("utf-8")
    assert len(read_recipe(text).step) == 8
    proposed = re.sub(r"^# (?=\[\[|[a-z]+ = )", "", text, flags=re.MULTILINE)
    whole = read_recipe(proposed)
    assert (len(whole.source), len(whole.step), len(whole.override)) == (1, 9, 1)
    assert whole.source[0].consent is not None

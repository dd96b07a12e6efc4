"""``affouage pool share`` and ``pool confidentiality``: what is typed, what is refused, what is printed and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.pool.reach import ConfidentialityRules
from affouage.pool.share_rules import ShareRules
from affouage.web.language import language
from affouage.web.share_words import confidentiality_sentences, share_sentences
from tests.integration.founded import FoundedHouse, opened


def run(home: Path, *words: str, **environ: str) -> Result:
    return CliRunner().invoke(main, ["pool", *words], env={"AFFOUAGE_HOME": str(home), **environ})


def done(home: Path, *words: str, **environ: str) -> str:
    result = run(home, *words, **environ)
    assert result.exit_code == 0, result.output
    return result.stdout.replace("\u202f", " ").replace("\u00a0", " ")


def shown(home: Path, area: str) -> Any:
    return json.loads(done(home, area, "show", "--json"))


def test_nothing_decided(home: Path) -> None:
    assert "nobody has decided anything yet" in done(home, "share")
    assert "nobody has decided anything yet" in done(home, "confidentiality")
    for area, rule in (("share", "unit"), ("confidentiality", "most")):
        found = shown(home, area)
        assert (found["version"], found["decided_by"], found["to_come"]) == (0, None, [])
        assert rule in found["rule"]


def test_the_rule_of_turns_is_changed_name_by_name_and_each_decision_is_kept(home: Path) -> None:
    told = done(home, "share", "set", "--use", "desk=250%", "--role", "steward=150", "--reason", "Assembly")
    assert "Decided: share@1, in force at once." in told
    assert "stewards 150%" in told
    assert "Desk 250%" in told
    words = ("--use", "desk=none", "--use", "school=120", "--floor", "school=20", "--batch-hours", "22h-6:00")
    done(home, "share", "set", *words, "--contribution-most-percent", "0", "--decided-by", "Odile", "--reason", "More")
    found = shown(home, "share")
    assert (found["version"], found["decided_by"], found["reason"]) == (2, "Odile", "More")
    rule = found["rule"]
    assert (rule["use_percent"], rule["class_percent"], rule["floors"]) == (
        {"school": 120},
        {"steward": 150},
        {"school": 20},
    )
    assert (rule["batch_hours"], rule["contribution_most_percent"]) == ([["22:00", "06:00"]], 0)
    done(home, "share", "set", "--batch-hours", "none", "--unit", "joules", "--reason", "x")
    assert (shown(home, "share")["rule"]["batch_hours"], shown(home, "share")["rule"]["unit"]) == ([], "joules")
    ledger = CliRunner().invoke(main, ["ledger", "verify", "--json"], env={"AFFOUAGE_HOME": str(home)})
    assert json.loads(ledger.stdout)["entries"] == 3


def test_the_rule_of_who_may_read(home: Path) -> None:
    told = done(home, "confidentiality", "set", "--most", "trusted", "--workshop", "health=local", "--reason", "x")
    assert "Nobody may choose more than the machines of the collective and of trusted members." in told
    assert "workshop health: no more than the machine of the commons alone" in told
    later = ("--default", "local", "--most", "local", "--from", "2999-01-01", "--reason", "Then")
    assert "in force from" in done(home, "confidentiality", "set", *later)
    found = shown(home, "confidentiality")
    assert (found["rule"]["most"], found["rule"]["workshops"]) == ("trusted", {"health": "local"})
    assert [one["rule"]["most"] for one in found["to_come"]] == ["local"]
    done(home, "confidentiality", "set", "--workshop", "health=none", "--reason", "x")
    assert shown(home, "confidentiality")["rule"]["workshops"] == {}


WRONG: list[tuple[list[str], str]] = [
    (["share", "set", "--reason", "x"], "nothing to set"),
    (["share", "set", "--unit", "joules"], "--reason"),
    (["share", "set", "--unit", "joules", "--reason", "x", "--from", "2020-01-01"], "in the past"),
    (["share", "set", "--use", "desk=0", "--reason", "x"], "never be served"),
    (["share", "set", "--role", "member=-100", "--reason", "x"], "never be served"),
    (["share", "set", "--role", "visitor=100", "--reason", "x"], "no role"),
    (["share", "set", "--use", "desk", "--reason", "x"], "NAME=VALUE"),
    (["share", "set", "--use", "=3", "--reason", "x"], "NAME=VALUE"),
    (["share", "set", "--use", "desk=nan", "--reason", "x"], "no percentage"),
    (["share", "set", "--use", "Ça=3", "--reason", "x"], "names nothing"),
    (["share", "set", "--use", "desk=10001", "--reason", "x"], "cannot be 10001"),
    (["share", "set", "--floor", "a=50", "--floor", "b=40", "--reason", "x"], "promise 90 %"),
    (["share", "set", "--prompt-weight", "0", "--reason", "x"], "cannot be 0"),
    (["share", "set", "--batch-hours", "night", "--reason", "x"], "no period"),
    (["share", "set", "--batch-hours", "25:00-6:00", "--reason", "x"], "no time of day"),
    (["share", "set", "--batch-hours", "6:00-06:00", "--reason", "x"], "never begin"),
    (["share", "set", *(["--batch-hours", "1:00-2:00"] * 9), "--reason", "x"], "too many"),
    (["confidentiality", "set", "--reason", "x"], "nothing to set"),
    (["confidentiality", "set", "--default", "everyone", "--most", "local", "--reason", "x"], "wider"),
    (["confidentiality", "set", "--workshop", "desk=all", "--reason", "x"], "no confidentiality class"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=lambda one: " ".join(one)[:60] if isinstance(one, list) else "")
def test_what_cannot_be_applied_ends_with_2_says_why_and_changes_nothing(
    home: Path, words: list[str], said: str
) -> None:
    told = run(home, *words)
    assert told.exit_code == 2, told.output
    assert said in told.output
    french = run(home, *words, AFFOUAGE_LANG="fr")
    assert french.exit_code == 2
    assert "en anglais" not in french.output, "each has its own sentence"
    assert shown(home, words[0])["version"] == 0


def test_in_french(home: Path) -> None:
    told = done(home, "share", "set", "--use", "accessibility=300", "--reason", "Assemblée", AFFOUAGE_LANG="fr")
    assert "Décidé : share@1, en vigueur tout de suite." in told
    assert "Poids dans la file : accessibilité 300 %. Le poids habituel est de 100 %." in told
    assert "Sans choix particulier" in done(home, "confidentiality", AFFOUAGE_LANG="fr")


@pytest.mark.parametrize("code", ["fr", "en"])
def test_every_form_of_the_rules_is_a_sentence(code: str) -> None:
    """As the public page and the command line both show them."""
    here = language(code)
    shares = [
        ShareRules(unit="engine_seconds", batch_hours=(), contribution_most_percent=0),
        ShareRules(unit="joules", class_percent={"member": 1, "commons": 50}, floors={"api": 80}, batch_latest_h=1),
    ]
    reaches = [ConfidentialityRules(default="local", most="local"), ConfidentialityRules(workshops={"desk": "trusted"})]
    said = [line for one in shares for line in share_sentences(one, here)]
    said += [line for one in reaches for line in confidentiality_sentences(one, here)]
    assert all(line.endswith(".") and "{" not in line for line in said), said
    alone = {
        "fr": "Aucune question ne quitte la machine du commun.",
        "en": "No question leaves the machine of the commons.",
    }
    assert alone[code] in said


def test_once_the_assembly_is_founded_each_command_says_how_to_propose(home: Path) -> None:
    done(home, "share", "set", "--unit", "joules", "--reason", "before")
    with opened(home) as db:
        FoundedHouse(db).found()
    result = run(home, "share", "set", "--floor", "school=20", "--reason", "x")
    assert result.exit_code == 2
    assert "The members decide now" in result.stderr
    assert "affouage assembly propose" in result.stderr
    assert "floors/school=20" in result.stderr
    for words in (
        ["confidentiality", "set", "--most", "local", "--default", "local"],
        ["share", "set", "--unit", "tokens"],
    ):
        assert run(home, *words, "--reason", "x").exit_code == 2
    french = run(home, "share", "set", "--use", "desk=200", "--reason", "x", AFFOUAGE_LANG="fr")
    assert "Les membres décident maintenant" in french.stderr
    assert "use_percent/desk=200" in french.stderr
    budget = ["footprint", "budget", "hours", "23:00", "6:00", "--reason", "x"]
    refused = CliRunner().invoke(main, budget, env={"AFFOUAGE_HOME": str(home)})
    assert refused.exit_code == 2
    assert "closed_from=23:00" in refused.stderr
    assert shown(home, "share")["version"] == 1

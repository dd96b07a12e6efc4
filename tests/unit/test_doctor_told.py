"""What ``affouage doctor`` finds is told in both languages; certificates, units and clocks are judged as they are."""

from __future__ import annotations

import string
from pathlib import Path

import pytest

from affouage.catalogue.openness import Say
from affouage.cli.checks import Finding, of_error, ok, warning
from affouage.cli.checks.outside import DAY_MS, judge_certificate, judge_time, judge_unit
from affouage.errors import SettingsError
from affouage.web.language import language

FRENCH, ENGLISH = language("fr", "affouage.cli"), language("en", "affouage.cli")
NOW_MS = 1_795_000_000_000
HOME = Path("/var/lib/affouage")
UNIT = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "UnitFileState": "enabled",
    "Result": "success",
    "Environment": f"LANG=C AFFOUAGE_HOME={HOME}",
}


def test_facts_fill_the_sentence_of_each_language() -> None:
    found = ok("disk", "{free:.1f} GB free on {where}.", free=67.5, where="/srv")
    assert found.told(ENGLISH)[0] == found.what == "67.5 GB free on /srv."
    assert found.told(FRENCH)[0] == "67,5 Go libres sur /srv."


def test_a_fact_that_is_a_sentence_is_told_too() -> None:
    found = warning("sheets", "They are found {less}.", "Report this.", less="by words alone")
    assert found.told(FRENCH) == ("Elles se trouvent par les mots seulement.", "Signalez-le.")
    listed = warning("walls", "A program that reads a model or a document could: {can}.", "", can=["read a file"])
    assert listed.told(FRENCH)[0].endswith("lire un fichier.")
    why = ok("memory", "{why}", why=Say(fr="Il faut 2 Go.", en="It needs 2 GB."))
    assert (why.told(FRENCH)[0], why.what) == ("Il faut 2 Go.", "It needs 2 GB.")


def test_braces_of_others_are_left_alone() -> None:
    assert ok("upstream x", "It said {nothing}.").what == "It said {nothing}."
    assert ok("home", "{home} can be written.", home="/a{b}").what == "/a{b} can be written."


def test_an_error_is_told_as_errors_are() -> None:
    wrong = SettingsError("server.port is not a number.", remedy="Give a number.")
    assert (of_error("settings", wrong).what, of_error("settings", wrong).remedy) == (wrong.message, wrong.remedy)
    assert of_error("settings", wrong).told(FRENCH)[0] == "Un réglage du commun est faux."
    assert of_error("broker", wrong, remedy="Report this.").told(FRENCH)[1] == "Signalez-le."


@pytest.mark.parametrize(
    ("days", "status"), [(-1, "problem"), (0, "problem"), (1, "warning"), (13, "warning"), (14, "ok"), (90, "ok")]
)
def test_a_certificate_is_renewed_in_time(days: int, status: str) -> None:
    assert judge_certificate("https://commons.example", NOW_MS + days * DAY_MS, NOW_MS).status == status


@pytest.mark.parametrize(
    ("change", "statuses"),
    [
        ({}, ["ok"]),
        ({"UnitFileState": "disabled"}, ["warning"]),
        ({"ActiveState": "failed", "Result": "exit-code"}, ["problem"]),
        ({"ActiveState": "inactive", "Result": "oom-kill"}, ["problem"]),
        ({"LoadState": "not-found"}, ["ok"]),
        ({"Environment": "AFFOUAGE_HOME=/somewhere/else"}, []),
    ],
)
def test_a_unit_that_stays_down_is_seen(change: dict[str, str], statuses: list[str]) -> None:
    assert [one.status for one in judge_unit(UNIT | change, HOME)] == statuses


def test_a_clock_that_nothing_sets_is_a_warning() -> None:
    assert [[one.status for one in judge_time(said)] for said in ("yes", "no", "")] == [["ok"], ["warning"], []]


def _findings() -> list[Finding]:
    return [
        *judge_unit(UNIT, HOME),
        *judge_unit(UNIT | {"Result": "x"}, HOME),
        *judge_time("no"),
        judge_certificate("x", 0, 1),
    ]


def test_french_has_no_english_left_in_it() -> None:
    for one in _findings():
        what, remedy = one.told(FRENCH)
        assert what != one.what
        assert "{" not in what + remedy
        assert not any(name for _, name, _, _ in string.Formatter().parse(what) if name)

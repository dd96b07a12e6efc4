"""The golden cases, the pages that show them and the schemas, all by the command an auditor uses."""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.footprint.audit import SUBJECTS, schema
from tests.docs.audit_examples import FILES, PAGES, page, schemas

TOLERANCE = 1e-6
TOLERANCES = {"G6": 5e-6}
"""The reference page gives six or seven figures, rounded."""

CASES = sorted(one.stem for one in FILES.glob("*.json"))


def _subject(name: str) -> str:
    if name.startswith("close"):
        return "close"
    if name == "G6" or name.startswith("G11"):
        return "embodied"
    return "impact" if name in {"G1", "G2", "G3", "G4", "G5", "G12"} else "allocate"


def _run(*words: str, text: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["audit", *words], input=text)


def _matches(expected: Any, found: Any, tolerance: float, place: str = "$") -> None:
    if isinstance(expected, dict):
        for name, value in expected.items():
            _matches(value, found[name], tolerance, f"{place}.{name}")
    elif isinstance(expected, list):
        assert len(expected) == len(found), place
        for i, (one, other) in enumerate(zip(expected, found, strict=True)):
            _matches(one, other, tolerance, f"{place}[{i}]")
    elif isinstance(expected, float):
        assert math.isclose(expected, found, rel_tol=tolerance), f"{place}: {expected} expected, {found} found"
    else:
        assert expected == found, place


def test_every_golden_case_of_the_reference_is_there() -> None:
    names = {one.partition("-")[0] for one in CASES}
    assert {f"G{i}" for i in range(1, 13)} | {"G8b"} <= names
    assert {one.stem for one in (FILES / "expected").glob("*.json")} == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    told = _run(_subject(name), str(FILES / f"{name}.json"), "--json")
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    expected = json.loads((FILES / "expected" / f"{name}.json").read_text(encoding="utf-8"))
    _matches(expected, found, TOLERANCES.get(name, TOLERANCE))
    for one in (found, *found.get("windows", [])):
        assert one.get("residual_uj", 0) == 0


@pytest.mark.parametrize("name", CASES)
def test_golden_from_standard_input_and_in_words(name: str) -> None:
    text = (FILES / f"{name}.json").read_text(encoding="utf-8")
    assert json.loads(_run(_subject(name), "-", "--json", text=text).stdout)
    french = CliRunner().invoke(main, ["audit", _subject(name), "-"], input=text, env={"AFFOUAGE_LANG": "fr"})
    assert french.exit_code == 0
    assert french.stdout.strip()


@pytest.mark.parametrize("name", CASES)
def test_golden_files_follow_their_schema(name: str) -> None:
    jsonschema.Draft202012Validator(schema(_subject(name))).validate(  # type: ignore[arg-type]
        json.loads((FILES / f"{name}.json").read_text(encoding="utf-8"))
    )


@pytest.mark.parametrize("subject", SUBJECTS)
def test_the_schema_is_printed_and_refuses_what_the_program_refuses(subject: str) -> None:
    printed = json.loads(_run("schema", subject).stdout)
    jsonschema.Draft202012Validator.check_schema(printed)
    for wrong in ({"nonsense": 1}, 7, "text"):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, printed, jsonschema.Draft202012Validator)
        assert _run(subject, "-", text=json.dumps(wrong)).exit_code == 2


@pytest.mark.parametrize("path", sorted(schemas()), ids=lambda one: one.name)
def test_the_written_schema_is_not_stale(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == schemas()[path], "run: .venv/bin/python -m tests.docs.audit_examples"


@pytest.mark.parametrize("path", PAGES, ids=lambda one: one.name)
def test_each_example_of_the_page_gives_what_it_says(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert page(text) == text, "run: .venv/bin/python -m tests.docs.audit_examples"


def test_every_file_is_shown_on_a_page() -> None:
    text = "".join(one.read_text(encoding="utf-8") for one in PAGES)
    assert [name for name in CASES if f" {name} -->" not in text] == []


def test_every_field_is_on_the_page() -> None:
    text = PAGES[0].read_text(encoding="utf-8")
    units = ("_uj", "_j", "_wh", "_kwh", "_s", "_ms", "_us", "_ns", "_uw", "_mw", "_w")
    for subject in SUBJECTS:
        for definition in schema(subject)["$defs"].values():
            for name in definition.get("properties", {}):
                base = next((name.removesuffix(unit) for unit in units if name.endswith(unit)), name)
                assert f"`{name}`" in text or f"`{base}_" in text or f'"{base}_' in text or f'"{name}"' in text, name


@pytest.mark.parametrize(
    ("file", "why"),
    [("nowhere.json", "No such file"), (".", "Is a directory"), ("a\0b", "cannot be read")],
)
def test_a_file_that_cannot_be_read(file: str, why: str) -> None:
    told = _run("allocate", file)
    assert told.exit_code == 2
    assert why in told.output


def test_refused_in_words_with_its_place_and_a_remedy() -> None:
    text = '{"length_s": 1, "energy_j": 5, "requests": [{"id": "a"}, {"id": "b", "decoded_token": 3}]}'
    told = _run("allocate", "-", text=text)
    assert told.exit_code == 2
    assert "$.requests[1].decoded_token" in told.output
    assert "decoded_tokens" in told.output
    assert told.stdout == ""
    french = CliRunner().invoke(main, ["audit", "allocate", "-"], input=text, env={"AFFOUAGE_LANG": "fr"})
    assert french.exit_code == 2
    assert "$.requests[1].decoded_token" in french.output


def test_bytes_that_are_not_text() -> None:
    told = CliRunner().invoke(main, ["audit", "allocate", "-"], input=io.BytesIO(b"\xff\xfe\xff\x00{"))
    assert told.exit_code == 2

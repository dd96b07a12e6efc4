"""``affouage pool simulate``: what is read, what is printed, what is refused; and the page that describes it."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.pool.trace import EXAMPLE, Member, Request, Station, Trace, schema
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "reference" / "trace.md"
SCHEMA = ROOT / "docs" / "reference" / "trace" / "trace.schema.json"


def simulate(*words: str, given: str | bytes | None = EXAMPLE, language: str = "en") -> Result:
    return CliRunner().invoke(main, ["pool", "simulate", *words], input=given, env={"AFFOUAGE_LANG": language})


def test_the_example_goes_round() -> None:
    shown = simulate("--example")
    assert shown.stdout == EXAMPLE
    told = simulate("-", given=shown.stdout)
    assert told.exit_code == 0, told.output
    assert "Fair turns" in told.stdout
    assert "First come" in told.stdout
    assert "No slot ever stood idle while somebody waited for it." in told.stdout


def test_in_french() -> None:
    told = simulate("-", "--policy", "vtc", language="fr")
    assert told.exit_code == 0, told.output
    assert "Tours équitables" in told.stdout
    assert "premier servi" not in told.stdout


def test_json_and_decisions_agree(tmp_path: Path) -> None:
    turns = tmp_path / "turns.jsonl"
    told = simulate("-", "--json", "--decisions", str(turns))
    found = json.loads(told.stdout)
    assert found.keys() == {"version", "unit", "until_s", "vtc", "fcfs"}
    written = turns.read_bytes()
    assert hashlib.sha256(written).hexdigest() == found["vtc"]["decisions_sha256"]
    lines = [json.loads(line) for line in written.splitlines()]
    assert len(lines) == found["vtc"]["decisions"]
    assert lines[0] == {"at_us": 0, "what": "admitted", "request": "a1", "station": "machine"}
    assert found["vtc"]["members"]["b"]["waits"]["max_ms"] < found["fcfs"]["members"]["b"]["waits"]["max_ms"]
    alone = json.loads(simulate("-", "--json", "--policy", "fcfs", "--decisions", str(turns)).stdout)
    assert alone.keys() == {"version", "unit", "until_s", "fcfs"}
    assert hashlib.sha256(turns.read_bytes()).hexdigest() == alone["fcfs"]["decisions_sha256"]


@pytest.mark.parametrize(
    ("words", "given", "expected"),
    [
        ((), "", "--example"),
        (("nowhere.json",), "", "nowhere.json cannot be read"),
        (("-",), "", "$: the file is not JSON"),
        (("-",), "[]", "$: Expected"),
        (
            ("-",),
            '{"version": 1, "until_s": 1, "requests": [{"id": "a"}]}',
            "$.requests[0].member: this field is missing",
        ),
        (("-",), '{"version": 1, "until_s": 1, "requests": [], "slot": 3}', "$.slot: this field is not known"),
        (("-", "--json", "--decisions", "-"), EXAMPLE, "one output"),
        (("-", "--decisions", "/nowhere/turns"), EXAMPLE, "cannot be written"),
    ],
)
def test_what_its_user_can_mend_ends_with_2(words: tuple[str, ...], given: str, expected: str) -> None:
    told = simulate(*words, given=given)
    assert told.exit_code == 2
    assert expected in told.stderr
    assert told.stdout == ""
    assert "Traceback" not in told.output


def test_many_members_are_cut_short_in_words_and_whole_in_json() -> None:
    trace = json.loads(EXAMPLE)
    trace["requests"] = [{**trace["requests"][0], "id": str(one), "member": f"m{one}"} for one in range(30)]
    assert "and 10 others, in --json" in simulate("-", given=json.dumps(trace)).stdout
    assert len(json.loads(simulate("-", "--json", given=json.dumps(trace)).stdout)["vtc"]["members"]) == 30


def test_the_page_says_every_field_and_shows_the_example() -> None:
    page = PAGE.read_text(encoding="utf-8")
    kinds: tuple[Any, ...] = (Trace, Request, Member, Station)
    names = {field.name for kind in kinds for field in msgspec.structs.fields(kind)}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []
    assert EXAMPLE in page


def test_the_schema_is_that_of_the_page_and_takes_the_example() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == schema() == json.loads(simulate("--schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(EXAMPLE), schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**json.loads(EXAMPLE), "slot": 1}, schema())

"""What a commons is made of: the bill of materials, the licences, the wheel."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import sysconfig
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from scripts import licences, locks, sbom

from tests.conftest import ROOT, missing

AUDIT = ROOT / ".venv" / "audit" / "bin" / "python"
_VALIDATED = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
print(wrong or "valid")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    """By the command, with every extra."""
    file = tmp_path_factory.mktemp("sbom") / "x.json"
    extras = list(locks.SHIPPED)[1:]
    subprocess.run([sys.executable, "-m", "scripts.sbom", *extras, "-o", str(file)], cwd=ROOT, check=True)
    return file.read_text(encoding="utf-8")


@pytest.mark.incident("poisoned-package")
def test_the_bill_of_materials_names_everything_once(made: str) -> None:
    told = json.loads(made)
    names = [one["name"] for one in told["components"]]
    locked = {one.name for lock in locks.SHIPPED.values() for one in locks.read(ROOT / lock)}
    assert sorted(names) == sorted(locked)
    refs = {one["bom-ref"] for one in told["components"]}
    needs = {one["ref"]: one["dependsOn"] for one in told["dependencies"]}
    assert set(needs) == refs | {told["metadata"]["component"]["bom-ref"]}
    assert all(set(one) <= refs for one in needs.values())
    direct = {re.split(r"[/@]", one)[1] for one in needs[told["metadata"]["component"]["bom-ref"]]}
    assert {"aiohttp", "xllamacpp"} <= direct
    assert "multidict" not in direct, "aiohttp's affair"
    by_name = {one["name"]: one for one in told["components"]}
    assert by_name["starlette"]["licenses"] == [{"expression": "BSD-3-Clause"}]
    digests = {one["value"] for one in by_name["starlette"]["properties"] if one["name"] == "affouage:file:sha256"}
    assert all(f"sha256:{one}" in (ROOT / "requirements.txt").read_text() for one in digests)


def test_it_is_the_same_each_time_and_smaller_without_extras(made: str) -> None:
    again = json.loads(json.dumps(sbom.sbom(list(locks.SHIPPED)[1:])))
    assert json.loads(made) == again
    assert len(sbom.sbom([])["components"]) == len({one.name for one in locks.read(ROOT / "requirements.txt")})


def test_it_has_the_form_of_cyclonedx(made: str) -> None:
    """Judged by its authors' own library, which has the schema; so that it can be refused, one that is spoilt is."""
    if not AUDIT.exists():
        missing("CycloneDX's schema, in an environment of its own: make .venv/.audit")
    program = [str(AUDIT), "-c", _VALIDATED]
    spoilt = made.replace('"specVersion": "1.6"', '"specVersion": 16')
    environ = {"PYTHONPATH": sysconfig.get_path("purelib")}  # jsonschema is the tests' own
    good, bad = (
        subprocess.run(program, input=one, env=environ, capture_output=True, text=True, check=False)
        for one in (made, spoilt)
    )
    assert good.stdout == "valid\n", good.stdout + good.stderr
    assert bad.stdout != "valid\n"


# --- Licences ---------------------------------------------------------------------------------------------------------


def test_every_licence_is_known_and_may_stand_beside_ours() -> None:
    told = licences.written()
    wanted = {
        one.name for lock in locks.SHIPPED.values() for one in locks.read(ROOT / lock) if "emscripten" not in one.marker
    }
    assert set(told) == wanted, "run: .venv/bin/python -m scripts.licences"
    assert {name: licence for name, licence in told.items() if not licences.compatible(licence)} == {}


def test_the_page_says_what_the_packages_say() -> None:
    looked_at = 0
    for name, licence in licences.written().items():
        try:
            assert licences.licence_of(distribution(name)) == licence, name
        except PackageNotFoundError:
            continue
        looked_at += 1
    assert looked_at > 40


@pytest.mark.parametrize("licence", ["SSPL-1.0", "GPL-2.0-only", "unknown", "MIT AND Proprietary", "CC-BY-NC-4.0"])
def test_one_that_may_not_would_be_refused(licence: str) -> None:
    assert not licences.compatible(licence)
    assert licences.compatible("Apache-2.0 OR GPL-2.0-only")


# --- The wheel --------------------------------------------------------------------------------------------------------

_SECRET = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY-----|PRIVATE\+KEY\+\S+\+[0-9a-f]{8}\+|\baff_[a-z0-9]{8,}_[A-Za-z0-9_-]{20,}"
    rb"|\bghp_[A-Za-z0-9]{30}|\bAKIA[0-9A-Z]{16}\b|\bS[UAO][A-Z2-7]{56}\b"
)
_STRANGE = re.compile(r"(^|/)(tests?|docs|\.[^/]*|.*\.(pth|pem|key|db|sqlite3?|log|env|orig|rej|pyc|so))(/|$)")


def wrong_in(wheel: Path) -> list[str]:
    found = []
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not re.match(r"affouage(-[0-9.]+\.dist-info)?/", name) or _STRANGE.search(name):
                found.append(f"{name} has no business there")
            elif _SECRET.search(archive.read(name)):
                found.append(f"{name} looks as if it held a secret")
    return found


def test_the_wheel_holds_no_test_no_secret_and_nothing_that_runs_by_itself(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)], cwd=ROOT, check=True
    )
    [wheel] = tmp_path.glob("*.whl")
    assert wrong_in(wheel) == []
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("affouage_start.pth", "import os")
        archive.writestr("affouage/test_key.py", "KEY = 'aff_abcdefgh_" + "0aZ" * 10 + "'")
    assert len(wrong_in(wheel)) == 2

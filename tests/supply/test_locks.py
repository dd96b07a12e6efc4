"""What is installed is what was locked, and nothing in it is known to be bad."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from scripts import audit, locks

from tests.conftest import ROOT, missing

AUDIT = ROOT / ".venv" / "audit" / "bin" / "python"
MOST = 50
"""Distributions of the default install; few, so that somebody can have read what they are."""


def test_every_lock_is_whole() -> None:
    found = locks.every_lock()
    assert set(locks.SHIPPED.values()) < set(found)
    assert all(found.values())
    assert 10 < len({one.name for one in found["requirements.txt"]}) <= MOST


@pytest.mark.incident("poisoned-package")
def test_no_lock_holds_a_version_that_is_denied() -> None:
    assert list(audit.denied(locks.every_lock())) == []


@pytest.mark.parametrize(
    "text",
    [
        "litellm==1.82.7 \\\n    --hash=sha256:" + "0" * 64,
        "nats-server==0.1 --hash=sha256:" + "0" * 64,
    ],
)
def test_a_denied_version_would_be_found(text: str) -> None:
    assert len(list(audit.denied({"x.txt": locks.read_text(text)}))) == 1


@pytest.mark.parametrize(
    "line",
    [
        "aiohttp==3.14.5",
        "aiohttp>=3.14 --hash=sha256:" + "0" * 64,
        "aiohttp==3.14.5 --hash=md5:" + "0" * 32,
        "aiohttp==3.14.5 --hash=sha256:" + "0" * 63,
        "aiohttp==3.14.5 --hash=sha256:" + "0" * 65,
        "aiohttp @ https://example.org/aiohttp.whl --hash=sha256:" + "0" * 64,
        "--extra-index-url https://example.org/simple",
        "-e .",
        "git+https://example.org/x.git",
        "aiohttp==3.14.5 --hash=sha256:" + "0" * 64 + " --config-settings=x",
    ],
)
def test_what_is_no_lock_is_refused(line: str) -> None:
    with pytest.raises(locks.NotALock):
        locks.read_text(line)


def test_npm_packages_are_locked_by_digest_and_without_an_address() -> None:
    lock = json.loads((ROOT / "tests" / "interop" / "npm" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: one for name, one in lock["packages"].items() if name}
    assert packages
    for name, one in packages.items():
        assert one["integrity"].startswith("sha512-"), name
        assert "resolved" not in one, name


# --- What Python runs at every start ----------------------------------------------------------------------------------


@pytest.mark.incident("poisoned-package")
def test_nothing_unknown_runs_at_the_start_of_python() -> None:
    folders = audit.environments()
    assert ROOT / ".venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages" in folders
    assert [one for folder in folders for one in audit.run_at_start(folder)] == []


@pytest.mark.incident("poisoned-package")
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("litellm_init.pth", "import os; os.system('true')"),
        ("_editable_impl_affouage.pth", "import os; os.system('true')"),
        ("_editable_impl_affouage.pth", "../src\nimport os"),
        ("_editable_impl_affouage.pth", "../src; import os"),
        ("distutils-precedence.pth", "import os"),
        ("distutils-precedence.pth", audit._SETUPTOOLS + " import x"),
        ("distutils-precedence.pth", audit._SETUPTOOLS + "\nimport x"),
        ("sitecustomize.py", ""),
        ("usercustomize.py", ""),
        ("anything.start", "x:y"),
    ],
)
def test_a_planted_file_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "a_package").mkdir()
    (tmp_path / "a_package" / "harmless.py").write_text("")
    assert list(audit.run_at_start(tmp_path)) == []
    (tmp_path / name).write_text(text)
    assert len(list(audit.run_at_start(tmp_path))) == 1


def test_a_planted_file_runs_and_the_audit_tells(tmp_path: Path) -> None:
    """In an environment made for it: what is looked for is what Python really runs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / "bin" / "python"
    [folder] = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (folder / "innocent.pth").write_text("import sys; sys.stdout.write('it ran ')\n")
    assert "it ran" in subprocess.run([python, "-c", "pass"], capture_output=True, text=True, check=True).stdout
    [found] = audit.run_at_start(folder)
    assert "innocent.pth" in found


# --- What was published since -----------------------------------------------------------------------------------------


def told(*rows: dict[str, object]) -> str:
    return json.dumps({"dependencies": list(rows), "fixes": []})


def test_holes_and_names_without_an_answer_are_told_apart() -> None:
    hole = {"id": "PYSEC-1", "fix_versions": ["2"], "aliases": [], "description": ""}
    rows = told(
        {"name": "a", "version": "1", "vulns": []},
        {"name": "b", "version": "1", "vulns": [hole]},
        {"name": "c", "skip_reason": "not found"},
    )
    assert audit.judged(rows) == (["b 1: PYSEC-1, mended in 2"], ["c"])


def test_without_a_network_it_says_that_it_could_not_ask() -> None:
    if not AUDIT.exists():
        missing("pip-audit, in an environment of its own: make .venv/.audit")
    nowhere = {
        "PATH": os.environ.get("PATH", ""),
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    holes, why_not = audit.published(AUDIT, "six==1.17.0 --hash=sha256:" + "0" * 64 + "\n", nowhere)
    assert holes == []
    assert why_not, "no answer is not a good answer"


def test_what_is_asked_about_is_all_that_may_be_installed() -> None:
    asked = {one.name for one in locks.read_text(audit.shipped())}
    for lock in locks.SHIPPED.values():
        assert {one.name for one in locks.read(ROOT / lock)} <= asked

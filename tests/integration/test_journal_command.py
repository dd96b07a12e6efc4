"""``affouage journal`` on real homes, and the verifier that needs nothing of ours."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nacl
import pytest
from click.testing import CliRunner, Result

from affouage.cli import main
from affouage.journal import note, tree
from tests.integration.journal_home import Home, furnish


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    furnish(made)
    yield made
    made.close()


def _run(home: Path, *words: str, language: str = "en") -> Result:
    return CliRunner().invoke(main, ["journal", *words], env={"AFFOUAGE_HOME": str(home), "AFFOUAGE_LANG": language})


def test_a_whole_log(lived: Home) -> None:
    told = _run(lived.path, "verify")
    assert told.exit_code == 0, told.output
    assert "The public log holds." in told.output
    found = json.loads(_run(lived.path, "verify", "--json").stdout)
    assert found["problems"] == []
    assert found["key"] == str(lived.log.key)
    assert "Le journal public tient." in _run(lived.path, "verify", language="fr").output


def test_an_empty_home_holds(tmp_path: Path) -> None:
    assert _run(tmp_path / "new", "verify").exit_code == 0
    assert json.loads(_run(tmp_path / "new", "show", "--json").stdout)["size"] == 0


def test_a_log_that_was_changed_ends_with_1(lived: Home) -> None:
    lived.db.write_now(
        lambda c: c.exec_driver_sql("UPDATE journal_leaf SET body = replace(body, '\"n\":1', '\"n\":8') WHERE seq = 1")
    )
    told = _run(lived.path, "verify")
    assert told.exit_code == 1
    assert "leaf 1: its hash is not that of its text" in told.output
    assert "does NOT hold" in told.output
    assert json.loads(_run(lived.path, "verify", "--json").stdout)["problems"]


def test_the_key_of_somebody_else(lived: Home) -> None:
    stranger = str(note.new_key("affouage.log/x", b"s" * 32).verifier)
    assert _run(lived.path, "verify", "--key", stranger).exit_code == 1
    assert _run(lived.path, "verify", "--key", "nonsense").exit_code == 2


def test_a_kept_checkpoint(lived: Home, tmp_path: Path) -> None:
    kept = tmp_path / "kept.txt"
    assert _run(lived.path, "checkpoint", "--out", str(kept)).exit_code == 0
    assert _run(lived.path, "verify", "--kept", str(kept)).exit_code == 0
    kept.write_text(kept.read_text(encoding="utf-8").replace("\n\n", "\nx\n\n"), encoding="utf-8")
    assert _run(lived.path, "verify", "--kept", str(kept)).exit_code == 1
    assert _run(lived.path, "verify", "--kept", str(tmp_path / "none")).exit_code == 2


def test_proofs(lived: Home) -> None:
    found = json.loads(_run(lived.path, "proof", "2").stdout)
    _, said = note.open_checkpoint(found["checkpoint"], lived.log.key)
    path = [base64.b64decode(one) for one in found["proof"]]
    assert tree.inclusion_holds(tree.leaf_hash(found["leaf"].encode()), 2, said.size, path, said.root)
    grown = json.loads(_run(lived.path, "proof", str(said.size), "--from", "5").stdout)
    old, new = (base64.b64decode(grown[name]) for name in ("from_root", "to_root"))
    path = [base64.b64decode(one) for one in grown["proof"]]
    assert tree.consistency_holds(5, said.size, old, new, path)
    assert _run(lived.path, "proof", "99999").exit_code == 2
    assert _run(lived.path, "proof", "3", "--from", "99999").exit_code == 2


def test_keys_from_the_command_line(lived: Home) -> None:
    old = str(lived.log.key)
    rotated = json.loads(_run(lived.path, "rotate-key", "--json").stdout)
    assert rotated["old"] == old
    assert _run(lived.path, "show", "--key").output.strip() == rotated["new"]
    for key in rotated.values():
        assert _run(lived.path, "verify", "--key", key).exit_code == 0
    assert _run(lived.path, "restart", "--reason", "to see").exit_code == 2
    (lived.path / "journal" / "key").unlink()
    assert _run(lived.path, "checkpoint").exit_code == 2
    assert _run(lived.path, "verify").exit_code == 0, "the key signs; it is not needed to check"
    assert _run(lived.path, "restart", "--reason", "the key was lost").exit_code == 0
    assert _run(lived.path, "verify").exit_code == 0
    assert _run(lived.path, "verify", "--key", old).exit_code == 1


# -- away from here --------------------------------------------------------------------------------------------------


@pytest.fixture
def away(lived: Home, tmp_path: Path) -> Path:
    """A folder with the bundle, the verifier, and PyNaCl alone of all that is installed here."""
    folder = tmp_path / "away"
    packages = folder / "packages"
    packages.mkdir(parents=True)
    installed = Path(nacl.__file__).parents[1]
    for name in ("nacl", "cffi", "pycparser", *(path.name for path in installed.glob("_cffi_backend*"))):
        if (installed / name).exists():
            (packages / name).symlink_to(installed / name)
    assert _run(lived.path, "export", "--out", str(folder / "log.jsonl")).exit_code == 0
    assert _run(lived.path, "verifier", "--out", str(folder / "check.py")).exit_code == 0
    return folder


def _away(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys._base_executable, "-I", "-S", "-c", _ISOLATED, *words],  # type: ignore[attr-defined]
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


_ISOLATED = """
import sys
sys.path.insert(0, "packages")
try:
    import affouage
except ImportError:
    pass
else:
    sys.exit("this machine has affouage")
source = open("check.py", encoding="utf-8").read()
exec(compile(source, "check.py", "exec"), {"__name__": "__main__", "__doc__": ""})
"""


def test_another_machine_checks_it_without_affouage(lived: Home, away: Path) -> None:
    told = _away(away, "log.jsonl", "--key", str(lived.log.key))
    assert told.returncode == 0, told.stderr + told.stdout
    assert "The log holds." in told.stdout
    found = json.loads(_away(away, "log.jsonl", "--key", str(lived.log.key), "--json").stdout)
    own = json.loads(_run(lived.path, "verify", "--json").stdout)
    assert (found["root"], found["entries"], found["problems"]) == (own["root"], own["entries"], [])


def test_what_was_kept_before_is_compared(lived: Home, away: Path) -> None:
    (away / "kept.txt").write_text(_run(lived.path, "checkpoint").output, encoding="utf-8")
    words = ("log.jsonl", "--key", str(lived.log.key), "--kept", "kept.txt")
    assert _away(away, *words).returncode == 0
    lived.append(2)
    (away / "kept.txt").write_text(_run(lived.path, "checkpoint").output, encoding="utf-8")
    told = _away(away, *words)
    assert told.returncode == 1
    assert "rolled back" in told.stdout


def test_every_line_of_a_bundle_counts(lived: Home, away: Path) -> None:
    """By the same function in this process, so that all of it can be tried; the file is the one that is given out."""
    from affouage.journal import offline_verifier

    lines = (away / "log.jsonl").read_bytes().splitlines(keepends=True)
    key = str(lived.log.key)

    def code(changed: list[bytes]) -> int:
        (away / "changed.jsonl").write_bytes(b"".join(changed))
        return offline_verifier.main([str(away / "changed.jsonl"), "--key", key])

    assert code(lines) == 0
    for at, line in enumerate(lines):
        kind = json.loads(line)["type"]
        if kind == "leaf" or at == len(lines) - 1:
            assert code(lines[:at] + lines[at + 1 :]) != 0, line
        if kind == "leaf":
            assert code([*lines[:at], line, *lines[at:]]) != 0
            text = json.loads(line)
            for place in range(0, len(text["leaf"]), 7):
                told = text["leaf"][:place] + "~" + text["leaf"][place + 1 :]
                assert code([*lines[:at], json.dumps({**text, "leaf": told}).encode() + b"\n", *lines[at + 1 :]]) != 0
        if kind == "checkpoint":
            text = json.loads(line)
            origin, size, root, *rest = text["note"].split("\n")
            wrong = "\n".join([origin, size, ("B" if root[0] == "A" else "A") + root[1:], *rest])
            assert code([*lines[:at], json.dumps({**text, "note": wrong}).encode() + b"\n", *lines[at + 1 :]]) != 0
    assert code(lines[:1]) != 0
    assert code([]) != 0
    assert code([b"no json\n", *lines]) == 2
    assert code([*lines, b'{"type":"else"}\n']) == 2
    assert code([*lines, b"\xff\n"]) == 2


def test_the_command_reads_the_same_file(lived: Home, away: Path) -> None:
    bundle = str(away / "log.jsonl")
    assert _run(lived.path, "verify", bundle, "--key", str(lived.log.key)).exit_code == 0
    stranger = str(note.new_key("affouage.log/x", b"s" * 32).verifier)
    assert _run(lived.path, "verify", bundle, "--key", stranger).exit_code == 1
    assert _run(lived.path, "verify", str(away / "check.py")).exit_code == 2
    assert _run(lived.path, "verify", str(away / "none")).exit_code == 2

"""What holds for the whole tree: no foreign address, no file too long, few dependencies, commands that exist."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.tree import ROOT, tracked

LINES_MAX = 450
DISTRIBUTIONS_MAX = 50
_GENERATED = {"requirements.txt", "requirements-dev.txt", "requirements-pool.txt", "LICENSE", "docs/reference/cli.md"}

# Written in pieces, so that this file does not contain what it looks for.
_REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npmjs" + ".org", "deb." + "debian.org", "--index" + "-url")
_PLACES = ("/wo" + "rk/", "/tmp/" + "scratch", "/tmp/" + "brief", "/root/" + ".", "sub" + "agent")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _texts() -> list[tuple[str, str]]:
    found = []
    for path in tracked():
        try:
            found.append((_name(path), path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


@pytest.mark.parametrize("forbidden", [*_REGISTRIES, *_PLACES])
def test_no_file_names_a_registry_or_the_place_it_was_written_in(forbidden: str) -> None:
    guilty = [name for name, text in _texts() if forbidden in text]
    assert guilty == []


def test_every_file_can_be_read_in_one_sitting() -> None:
    code = {".py", ".md", ".html", ".css", ".js", ".toml", ".sh", ".po"}
    long = {
        name: text.count("\n")
        for name, text in _texts()
        # Catalogues and lists of words are looked up, not read.
        if Path(name).suffix in code and name not in _GENERATED and not name.endswith((".po", ".pot", "_words.toml"))
        if text.count("\n") >= LINES_MAX
    }
    assert long == {}


@pytest.mark.incident("poisoned-package")
def test_few_distributions_and_no_torch() -> None:
    names = re.findall(r"^([a-z0-9][a-z0-9._-]*)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.M)
    assert 10 < len(set(names)) <= DISTRIBUTIONS_MAX
    assert not [name for name in names if name.startswith(("torch", "tensorflow", "litellm", "nvidia-c"))]


@pytest.mark.incident("poisoned-package")
@pytest.mark.parametrize(
    "lock",
    [
        *("requirements.txt", "requirements-pool.txt", "requirements-dev.txt", "requirements-build.txt"),
        *("requirements-bench.txt", "requirements-litellm.txt"),
        *("requirements-interop.txt", "requirements-site.txt", "requirements-open-webui.txt"),
    ],
)
def test_locks_have_a_hash_for_everything_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    assert "://" not in text
    for entry in re.split(r"\n(?=\S)", text.strip()):
        assert entry.startswith("#") or re.match(r"[a-z0-9._\[\],-]+==\S+", entry), entry[:80]
        assert entry.startswith("#") or "--hash=sha256:" in entry, entry[:80]


def test_the_licence_is_the_whole_text_unchanged() -> None:
    """The GNU Affero General Public License, version 3, as its publisher distributes it."""
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license"] == "AGPL-3.0-or-later"


def test_the_make_commands_the_documents_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    assert {"up", "test", "install", "check", "bench", "clean"} <= targets
    for name, text in _texts():
        if name.endswith(".md"):
            named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.M))
            assert named <= targets, f"{name}: {named - targets}"


def test_the_commands_the_documents_name_exist() -> None:
    import click

    from affouage.cli import main

    nouns = {name: main.get_command(click.Context(main), name) for name in main.list_commands(click.Context(main))}
    for name, text in _texts():
        if not name.endswith(".md") or name in _GENERATED:
            continue
        for noun, verb in re.findall(r"(?:^|`|/)affouage ([a-z-]+)(?: ([a-z-]+))?", text, re.M):
            assert noun in nouns, f"{name}: affouage {noun}"
            command = nouns[noun]
            if isinstance(command, click.Group) and verb:
                assert verb in command.list_commands(click.Context(command)), f"{name}: affouage {noun} {verb}"


def test_the_map_of_the_house_names_every_room() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for room in (ROOT / "src" / "affouage").iterdir():
        if room.name not in {"__pycache__", "__init__.py", "py.typed"}:
            assert f"{room.name}{'/' if room.is_dir() else ''}" in text, room.name
    assert text.count("\n") < 80, "one page"


def test_decisions_are_numbered_and_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(one.name for one in folder.glob("0*.md"))
    assert [int(one[:4]) for one in records] == list(range(1, len(records) + 1))
    listed = (folder / "README.md").read_text(encoding="utf-8")
    for one in records:
        assert f"({one})" in listed
        assert (folder / one).read_text(encoding="utf-8").startswith(f"# {one[:4]} ")

"""The code that learns, and nothing more, so that it can be read before it leaves; and the packages it stands on."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

import msgspec

import affouage
from affouage.errors import SetUpError

ENTRY = "affouage.training.learning.__main__"
LOCKS = ("requirements.txt", "requirements-training.txt")
BY_THE_SITE = ("torch",)
"""Built for a computer's own cards: the site's own build is the one to take, by its version."""


class Code(msgspec.Struct, frozen=True):
    """``files``: of this package, by path from its root; ``imports``: of others, by their first name."""

    files: dict[str, Path]
    imports: frozenset[str]


def code_of(entry: str = ENTRY) -> Code:
    """Everything that the program may import, wherever in its files it does so."""
    root = Path(affouage.__file__).resolve().parent
    files: dict[str, Path] = {}
    imports: set[str] = set()
    left, seen = [entry], set()
    while left:
        module = left.pop()
        if module in seen or (file := _file(root, module)) is None:
            continue
        seen.add(module)
        files[file.relative_to(root.parent).as_posix()] = file
        parts = module.split(".")
        left += [".".join(parts[:end]) for end in range(1, len(parts))]
        for name in _imported(ast.parse(file.read_text(encoding="utf-8"))):
            if name.split(".")[0] == "affouage":
                left.append(name)
            elif name.split(".")[0] not in sys.stdlib_module_names:
                imports.add(name.split(".")[0])
    for folder in {file.parent for file in files.values() if file.parent != root and "training" in file.parts}:
        for one in folder.iterdir():
            if one.is_file() and one.suffix in (".toml", ".txt", ".json", ".jsonl"):
                files[one.relative_to(root.parent).as_posix()] = one
    return Code(dict(sorted(files.items())), frozenset(imports))


def _file(root: Path, module: str) -> Path | None:
    path = root.parent.joinpath(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return None


def _imported(tree: ast.Module) -> list[str]:
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return names


class Locked(msgspec.Struct, frozen=True):
    """``text``: a requirements file with hashes; ``versions``: by package; ``by_the_site``: those without a hash."""

    text: str
    versions: dict[str, str]
    by_the_site: dict[str, str]


def locked(imports: frozenset[str], folder: Path | None = None) -> Locked:
    """What is needed of the locks, with what that needs in turn. Raises SetUpError without locks or packages."""
    root = Path(affouage.__file__).resolve().parents[2] if folder is None else folder
    blocks: dict[str, str] = {}
    for name in LOCKS:
        try:
            blocks |= _blocks((root / name).read_text(encoding="utf-8"))
        except OSError:
            raise SetUpError(
                f"The lock of the packages, {name}, is not beside the program.",
                remedy="Write the bundle from the folder of affouage's sources (the one with the Makefile).",
                code="bundle_lock",
                name=name,
            ) from None
    wanted, left = set(), [_distribution(one) for one in sorted(imports)]
    while left:
        name = left.pop()
        if name in wanted:
            continue
        wanted.add(name)
        if name not in BY_THE_SITE:  # what comes with it is the site's too
            left += [one for one in _needs(name) if one in blocks and one not in wanted]
    theirs = {name: metadata.version(name) for name in BY_THE_SITE if name in wanted}
    missing = sorted(wanted - blocks.keys() - theirs.keys())
    if missing:
        raise SetUpError(
            f"Packages that the program imports are in no lock: {', '.join(missing)}.",
            remedy="make lock, in the folder of affouage; then write the bundle again.",
            code="bundle_lock",
            name=", ".join(missing),
        )
    kept = sorted(wanted - theirs.keys())
    versions = {name: found[1] for name in kept if (found := re.search(r"==([^\s;\\]+)", blocks[name]))}
    return Locked("".join(blocks[name] for name in kept), versions, theirs)


def _blocks(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        if head := re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)==", line):
            name = _plain(head[1])
            found[name] = ""
        if name and not line.lstrip().startswith("#"):
            found[name] += line
    return found


@cache
def _owners() -> Mapping[str, list[str]]:
    """Every package that is installed, read once: it takes a second."""
    return metadata.packages_distributions()


def _distribution(imported: str) -> str:
    owners = _owners().get(imported)
    if not owners:
        raise SetUpError(
            f"The package {imported} is not installed.",
            remedy="There: make training, in the folder of affouage (or pip install 'affouage[training]')",
            code="training_extra",
        )
    return _plain(owners[0])


def _needs(name: str) -> list[str]:
    try:
        asked = metadata.requires(name) or []
    except metadata.PackageNotFoundError:
        return []
    plain = (one for one in asked if not re.search(r"extra\s*==", one))
    return [_plain(found[0]) for one in plain if (found := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", one))]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()

"""The corpora of a home: their recipes, their builds, and whose consent was taken back."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from affouage.errors import BadRequest, Conflict, NotFound
from affouage.training.corpus.document import Line, Removed
from affouage.training.corpus.finishing import DOCUMENTS, MANIFEST, REMOVED, SPLIT_FOLDER
from affouage.training.corpus.manifest import SHORT, Manifest, Split
from affouage.training.corpus.recipe import Recipe, Source, read_recipe

FOLDER, RECIPE, BUILDS, CURRENT = "corpora", "recipe.toml", "builds", "current"
WITHDRAWALS, ERASED = "withdrawals.jsonl", "erased.json"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


class Withdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """A member took their consent back. ``day``: YYYY-MM-DD; a consent given on a later day counts again."""

    member: str
    day: str
    at_ms: int


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """A finished corpus: never changed once it stands. ``path``: its folder."""

    path: Path
    manifest: Manifest

    @property
    def documents_path(self) -> Path:
        return self.path / DOCUMENTS

    def split(self, split: Split) -> Path:
        """Lines ``{"id": ..., "text": ...}``."""
        return self.path / SPLIT_FOLDER / f"{split}.jsonl"

    @property
    def erased(self) -> bool:
        return (self.path / ERASED).exists()

    def documents(self) -> Iterator[Line]:
        decode = msgspec.json.Decoder(Line).decode
        with self.documents_path.open("rb") as file:
            yield from map(decode, file)

    def removed(self) -> Iterator[Removed]:
        decode = msgspec.json.Decoder(Removed).decode
        with (self.path / REMOVED).open("rb") as file:
            yield from map(decode, file)


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a build were deleted; what it was made of stays known."""

    at_ms: int
    member: str


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A build that holds texts of a member. ``sha256``: of the corpus, as runs name it."""

    corpus: str
    sha256: str
    documents: int
    current: bool
    erased: bool = False


class Corpora:
    def __init__(self, home: Path) -> None:
        self.path = home / FOLDER

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(one.parent.name for one in self.path.glob(f"*/{RECIPE}")))

    def folder(self, name: str) -> Path:
        """Raises NotFound."""
        if not _NAME.fullmatch(name) or not (self.path / name / RECIPE).is_file():
            raise NotFound(
                f"There is no corpus {name}.",
                remedy="They are all in: affouage corpus show",
                code="corpus_not_found",
                name=name,
            )
        return self.path / name

    def create(self, name: str, recipe: str) -> Path:
        """The path of its recipe. Raises BadRequest (the name, the recipe), Conflict (it is there)."""
        if not _NAME.fullmatch(name):
            raise BadRequest(
                f"A corpus cannot be called {name}.",
                remedy="Use small letters, figures and dashes, 40 at most.",
                code="corpus_name",
                name=name,
            )
        read_recipe(recipe)
        path = self.path / name / RECIPE
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(recipe)
        except FileExistsError:
            raise Conflict(
                f"There is a corpus {name} already.",
                remedy=f"Edit {path}, or choose another name.",
                code="corpus_exists",
                name=name,
                path=str(path),
            ) from None
        return path

    def recipe_text(self, name: str) -> str:
        """Raises NotFound, BadRequest (not in UTF-8)."""
        try:
            return (self.folder(name) / RECIPE).read_text(encoding="utf-8")
        except UnicodeDecodeError as wrong:
            raise BadRequest(
                f"The recipe of {name} is not a text in UTF-8.",
                remedy="Save it again as UTF-8.",
                code="corpus_recipe",
                file=RECIPE,
                why="UTF-8",
            ) from wrong

    def recipe(self, name: str) -> Recipe:
        return read_recipe(self.recipe_text(name), str(self.folder(name) / RECIPE))

    def add(self, name: str, source: Source) -> None:
        """Append a source to the recipe, which stays as it is otherwise. Raises BadRequest."""
        text = self.recipe_text(name)
        longer = f"{text.rstrip()}\n\n{toml_of(source)}"
        read_recipe(longer, str(self.folder(name) / RECIPE))
        aside = self.folder(name) / f".{RECIPE}-{os.getpid()}"
        aside.write_text(longer, encoding="utf-8")
        aside.replace(self.folder(name) / RECIPE)

    def builds(self, name: str) -> tuple[Build, ...]:
        """Finished ones, the oldest first."""
        found = [read_build(one.parent) for one in (self.folder(name) / BUILDS).glob(f"*/{MANIFEST}")]
        return tuple(sorted(found, key=lambda one: (one.manifest.made_ms, one.manifest.sha256)))

    def current(self, name: str) -> Build | None:
        path = self.folder(name) / CURRENT
        return read_build(path.resolve()) if (path / MANIFEST).is_file() else None

    def withdraw(self, name: str, member: str, *, day: str, now_ms: int) -> None:
        """From now on no build of ``name`` holds their texts. Raises NotFound."""
        one = Withdrawal(member=member, day=day, at_ms=now_ms)
        with (self.folder(name) / WITHDRAWALS).open("ab") as file:
            file.write(msgspec.json.encode(one) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def erase(self, name: str, sha256: str, *, member: str, now_ms: int) -> None:
        """Delete the texts of a build; its manifest and its lists stay, for runs refer to them. Raises NotFound."""
        build = next((one for one in self.builds(name) if one.manifest.sha256 == sha256), None)
        if build is None:
            raise _no_build(name, sha256)
        (build.path / ERASED).write_bytes(msgspec.json.encode(Erased(at_ms=now_ms, member=member)))
        shutil.rmtree(build.path / SPLIT_FOLDER, ignore_errors=True)

    def withdrawals(self, name: str) -> tuple[Withdrawal, ...]:
        path = self.folder(name) / WITHDRAWALS
        if not path.is_file():
            return ()
        lines = path.read_bytes().splitlines()
        return tuple(msgspec.json.decode(line, type=Withdrawal) for line in lines if line.strip())

    @contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """One build of a corpus at a time. Raises Conflict."""
        lock = os.open(self.folder(name) / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(
                    f"{name} is being built by another command.",
                    remedy="Wait for it to end, or stop it.",
                    code="corpus_busy",
                    name=name,
                ) from None
            yield
        finally:
            os.close(lock)


def same_member(one: str, other: str) -> bool:
    """An id, or a name as people write it."""
    return " ".join(one.split()).casefold() == " ".join(other.split()).casefold()


def is_withdrawn(withdrawals: tuple[Withdrawal, ...], member: str, day: str) -> bool:
    """A consent of ``day`` holds unless it was taken back on that day or later. Pure."""
    return any(same_member(one.member, member) and one.day >= day for one in withdrawals)


def read_build(path: Path) -> Build:
    """Raises NotFound: no build, or a damaged one."""
    try:
        manifest = msgspec.json.decode((path / MANIFEST).read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as why:
        raise NotFound(
            f"{path} holds no finished corpus.",
            remedy="Build it: affouage corpus build NAME",
            code="corpus_no_build",
            path=str(path),
        ) from why
    return Build(path=path, manifest=manifest)


def find_build(home: Path, name: str, sha256: str = "") -> Build:
    """The last build of the corpus, or the one whose sha256 begins so; its texts may be erased. Raises NotFound."""
    corpora = Corpora(home)
    found = corpora.current(name) if not sha256 else None
    if sha256:
        builds = corpora.builds(name)
        found = next((one for one in builds if one.manifest.sha256.startswith(sha256[:64])), None)
    if found is None:
        raise _no_build(name, sha256)
    return found


def open_build(home: Path, name: str, sha256: str = "") -> Build:
    """:func:`find_build`, to be trained on. Raises NotFound, also for one whose texts were erased."""
    found = find_build(home, name, sha256)
    if found.erased:
        raise NotFound(
            f"The texts of this build of {name} were erased: a member took their consent back.",
            remedy=f"Build it again: affouage corpus build {name}",
            code="corpus_erased",
            name=name,
        )
    return found


def _no_build(name: str, sha256: str) -> NotFound:
    return NotFound(
        f"The corpus {name} has no such build." if sha256 else f"The corpus {name} was not built yet.",
        remedy=f"Build it: affouage corpus build {name}",
        code="corpus_no_build",
        name=name,
    )


def builds_with(home: Path, member: str) -> tuple[Holding, ...]:
    """Builds of any corpus that hold texts of this member (an id or a name, as their consent was noted)."""
    corpora = Corpora(home)
    found: list[Holding] = []
    for name in corpora.names():
        current = corpora.current(name)
        for build in corpora.builds(name):
            theirs = [one.documents for one in build.manifest.consents if same_member(one.member, member)]
            if theirs:
                sha256 = build.manifest.sha256
                last = current is not None and current.manifest.sha256 == sha256
                found.append(
                    Holding(corpus=name, sha256=sha256, documents=sum(theirs), current=last, erased=build.erased)
                )
    return tuple(found)


def toml_of(source: Source) -> str:
    """A source as a recipe writes it."""
    fields = msgspec.to_builtins(source)
    consent = fields.pop("consent", None)
    lines = ["[[source]]", *(f"{name} = {_value(one)}" for name, one in fields.items())]
    if consent:
        lines.append(f"consent = {{ member = {_value(consent['member'])}, day = {_value(consent['day'])} }}")
    return "\n".join(lines) + "\n"


def _value(one: object) -> str:
    if isinstance(one, bool):
        return "true" if one else "false"
    if isinstance(one, int):
        return str(one)
    if isinstance(one, list | tuple):
        return "[" + ", ".join(map(_value, one)) + "]"
    return msgspec.json.encode(str(one)).decode().replace("\x7f", "\\u007f")


__all__ = ["SHORT", "Build", "Corpora", "Holding", "Withdrawal", "builds_with", "find_build", "open_build"]

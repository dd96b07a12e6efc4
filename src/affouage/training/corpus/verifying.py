"""Is a build what its manifest says? Everything that can be computed again from its files is."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator

import msgspec

from affouage.training.corpus import licences
from affouage.training.corpus.document import Line
from affouage.training.corpus.manifest import SPLITS, Split, digest
from affouage.training.corpus.recipe import read_recipe, sha256_of
from affouage.training.corpus.store import Build

_MOST = 100


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """``what``: manifest, recipe, split, text, documents, licence, removed; ``detail``: which, and what was found."""

    what: str
    detail: str


class _Text(msgspec.Struct):
    id: str
    text: str


def verify(build: Build) -> tuple[Fault, ...]:
    """What does not hold, a hundred at most; () when all does. It reads all of the corpus."""
    found: list[Fault] = []
    for fault in _faults(build):
        found.append(fault)
        if len(found) >= _MOST:
            break
    return tuple(found)


def _faults(build: Build) -> Iterator[Fault]:
    manifest = build.manifest
    if build.erased:
        yield Fault(what="split", detail="its texts were erased: a member took their consent back")
        return
    try:
        raw = build.documents_path.read_bytes().splitlines()
        lines = {line.id: line for line in build.documents()}
    except (OSError, msgspec.MsgspecError) as why:
        yield Fault(what="documents", detail=str(why))
        return
    if len(raw) != len(lines):
        yield Fault(what="documents", detail=f"{len(raw)} lines, {len(lines)} ids")
    hashes: dict[Split, str] = {}
    seen: set[str] = set()
    for split in SPLITS:
        whole = hashlib.sha256()
        try:
            yield from _of_split(build, split, lines, seen, whole)
        except OSError as why:
            yield Fault(what="split", detail=f"{split}: {why.strerror}")
            continue
        hashes[split] = whole.hexdigest()
        if hashes[split] != manifest.split_sha256.get(split):
            yield Fault(what="split", detail=f"{split}: another sha256 than in the manifest")
    for missing in sorted(set(lines) - seen)[:_MOST]:
        yield Fault(what="text", detail=f"{missing}: listed, its text is in no split")
    if len(hashes) == len(SPLITS) and digest(raw, hashes) != manifest.sha256:
        yield Fault(what="manifest", detail="another sha256 than its documents and splits have")
    yield from _counts(build, list(lines.values()))


def _of_split(
    build: Build, split: Split, lines: dict[str, Line], seen: set[str], whole: hashlib._Hash
) -> Iterator[Fault]:
    decode = msgspec.json.Decoder(_Text).decode
    with build.split(split).open("rb") as file:
        for number, text in enumerate(file, 1):
            whole.update(text)
            try:
                one = decode(text)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                yield Fault(what="split", detail=f"{split}, line {number}: no document")
                continue
            seen.add(one.id)
            listed = lines.get(one.id)
            if listed is None:
                yield Fault(what="text", detail=f"{one.id}: in {split}, not listed")
            elif listed.split != split:
                yield Fault(what="text", detail=f"{one.id}: in {split}, listed in {listed.split}")
            elif hashlib.sha256(one.text.encode()).hexdigest() != listed.sha256:
                yield Fault(what="text", detail=f"{one.id}: another text than was listed")


def _counts(build: Build, lines: list[Line]) -> Iterator[Fault]:
    manifest = build.manifest
    if sha256_of(manifest.recipe) != manifest.recipe_sha256:
        yield Fault(what="recipe", detail="another sha256 than its text has")
    if dict(Counter(one.licence for one in lines)) != manifest.licences:
        yield Fault(what="licence", detail="the documents have other licences than the manifest counts")
    if (len(lines), sum(one.characters for one in lines)) != (manifest.documents, manifest.characters):
        yield Fault(what="manifest", detail="other documents or characters than it counts")
    counted = Counter((one.step, one.reason) for one in build.removed())
    if counted != Counter({(one.step, one.reason): one.documents for one in manifest.removed}):
        yield Fault(what="removed", detail="other removals than the manifest counts")
    recipe = read_recipe(manifest.recipe)
    for line in lines:
        permitted = licences.permission(line.licence) == "yes"
        if not permitted and recipe.override_of(line.source, "licence") is None:
            yield Fault(what="licence", detail=f"{line.id}: {line.licence} does not permit it, and nobody let it in")

"""All is read: what compares documents is decided, the build is written aside, then takes its place."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from msgspec.structs import replace

from affouage.training.corpus import packages
from affouage.training.corpus.chain import RESERVATION_AT
from affouage.training.corpus.document import READ, RESERVATION, Line, Removed
from affouage.training.corpus.manifest import (
    SHORT,
    SPLITS,
    Amount,
    Consented,
    Manifest,
    RemovedCount,
    SourceRead,
    Split,
    digest,
)
from affouage.training.corpus.recipe import (
    Decontaminate,
    Duplicates,
    NearDuplicates,
    Recipe,
    Refusal,
    Splits,
    read_recipe,
    sha256_of,
    step_name,
)
from affouage.training.corpus.reservations import Site, host_of, together
from affouage.training.corpus.steps.decontaminate import Evaluations
from affouage.training.corpus.steps.minhash import originals
from affouage.training.corpus.work import READ_AT, STAYS, Done, Entry, Plan, entries, part, read_plan

DOCUMENTS, REMOVED, MANIFEST, SPLIT_FOLDER = "documents.jsonl", "removed.jsonl", "manifest.json", "splits"


def finish(work: Path) -> Path:
    """The folder of the build. Raises OSError (disk full): nothing took its place then."""
    plan = read_plan(work)
    recipe = read_recipe(plan.recipe)
    found = [entry for _, entry in entries(work, len(plan.tasks))]
    _same_ids(found)
    _reserved(found, recipe, together(_sites(work, plan)))
    _copies(found, recipe, work, plan)
    kept = [one for one in found if one.removed_at == STAYS]
    for entry, split in zip(kept, split_all([one.line.id for one in kept], recipe.splits), strict=True):
        entry.line = replace(entry.line, split=split)
    aside = work / "out"
    shutil.rmtree(aside, ignore_errors=True)
    (aside / SPLIT_FOLDER).mkdir(parents=True)
    manifest = _written(aside, plan, recipe, found, work)
    return _placed(aside, manifest, Path(plan.builds))


def _sites(work: Path, plan: Plan) -> Iterator[Site]:
    decode = msgspec.json.Decoder(Site).decode
    for task in range(len(plan.tasks)):
        with part(work, task, "sites.jsonl").open("rb") as file:
            yield from map(decode, file)


# --- What compares documents ------------------------------------------------------------------------------------------


def _remove(entry: Entry, place: int, step: str, reason: str, detail: str) -> None:
    entry.removed_at, entry.step, entry.reason, entry.detail = place, step, reason, detail


def _same_ids(found: Iterable[Entry]) -> None:
    """The same page read twice (the same address on the same day): once is enough, and an id names one document."""
    seen: set[str] = set()
    for entry in found:
        if entry.removed_at > READ_AT and entry.line.id in seen:
            _remove(entry, READ_AT, READ, "same_id", "")
        seen.add(entry.line.id)


def _reserved(found: Iterable[Entry], recipe: Recipe, sites: dict[str, tuple[Site, ...]]) -> None:
    for entry in found:
        if not entry.address or entry.removed_at < RESERVATION_AT:
            continue
        said = sites.get(host_of(entry.address), ())
        reason = next((why for site in said if (why := site.reserves(entry.address))), "")
        if not reason:
            continue
        override = recipe.override_of(entry.line.source, "robots" if reason == "robots" else "reservation")
        if override is None:
            _remove(entry, RESERVATION_AT, RESERVATION, reason, entry.address)
        elif entry.removed_at == STAYS:
            told = "; ".join(filter(None, (entry.line.override, f"{reason}: {override.who}")))
            entry.line = replace(entry.line, override=told)


def _copies(found: list[Entry], recipe: Recipe, work: Path, plan: Plan) -> None:
    """Each step that looks for copies sees the documents that came as far as it, and no others."""
    wanted = [one for one in recipe.step if isinstance(one, Duplicates | NearDuplicates)]
    if not wanted:
        return
    files = [np.load(part(work, task, "keys.npz")) for task in range(len(plan.tasks))]
    for place, step in enumerate(recipe.step):
        if isinstance(step, Duplicates):
            keyed = [one for one in found if one.same]
            keys = np.concatenate([file["same"] for file in files])
            here = [n for n, one in enumerate(keyed) if one.removed_at > place]
            first: dict[bytes, Entry] = {}
            for n in here:
                other = first.setdefault(keys[n].tobytes(), keyed[n])
                if other is not keyed[n]:
                    _remove(keyed[n], place, step_name(step), "same_text", other.line.id)
        elif isinstance(step, NearDuplicates):
            keyed = [one for one in found if one.like]
            here = [n for n, one in enumerate(keyed) if one.removed_at > place]
            if not here:
                continue
            signatures = np.concatenate([file["like"] for file in files if len(file["like"])])[here]
            for n, original in zip(here, originals(signatures, step.similarity), strict=True):
                other = keyed[here[original]]
                if other is not keyed[n]:
                    _remove(keyed[n], place, step_name(step), "nearly_same_text", other.line.id)


def split_all(ids: list[str], splits: Splits) -> list[Split]:
    """By the hash of each document's id: it stays in its split whatever else comes in or goes.

    A split that is asked for and that nothing fell in takes from training the document nearest to it, where there are
    at least three: a small corpus must be measured too.
    """
    places = [_place(one, splits.seed) for one in ids]
    found: list[Split] = [_split(place, splits) for place in places]
    for split, share in (("test", splits.test), ("held_out", splits.held_out)):
        if share and len(ids) >= 3 and split not in found:
            others = [n for n, one in enumerate(found) if one == "train"]
            if len(others) > 1:
                found[min(others, key=places.__getitem__)] = "test" if split == "test" else "held_out"
    return found


def _place(document_id: str, seed: int) -> float:
    """From 0 to 1."""
    drawn = hashlib.sha256(f"{seed}\n{document_id}".encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(drawn[:8], "big") / 2**64


def _split(place: float, splits: Splits) -> Split:
    if place < splits.test:
        return "test"
    return "held_out" if place < splits.test + splits.held_out else "train"


# --- Written ----------------------------------------------------------------------------------------------------------


def _written(aside: Path, plan: Plan, recipe: Recipe, found: list[Entry], work: Path) -> Manifest:
    kept = {one.line.id: one.line for one in found if one.removed_at == STAYS}
    removed = [*_refused(plan), *(_told(one) for one in found if one.removed_at != STAYS)]
    lines = [msgspec.json.encode(one) for one in kept.values()]
    with (aside / DOCUMENTS).open("wb") as file:
        file.writelines(line + b"\n" for line in lines)
    with (aside / REMOVED).open("wb") as file:
        file.writelines(msgspec.json.encode(one) + b"\n" for one in removed)
    split_sha256 = _texts(aside, work, plan, {one.id: one.split for one in kept.values()})
    masked = sum((Counter(one.masked) for one in found if one.removed_at == STAYS), Counter[str]())
    done = [_done(work, task) for task in range(len(plan.tasks))]
    manifest = Manifest(
        name=plan.name,
        sha256=digest(lines, split_sha256),
        made_ms=plan.made_ms,
        code=plan.code,
        recipe=plan.recipe,
        recipe_sha256=sha256_of(plan.recipe),
        description=recipe.description,
        documents=len(kept),
        characters=sum(one.characters for one in kept.values()),
        splits={split: _amount(one for one in kept.values() if one.split == split) for split in SPLITS},
        split_sha256=split_sha256,
        licences=dict(sorted(Counter(one.licence for one in kept.values()).items())),
        sources=tuple(_sources(recipe, plan, done, kept.values())),
        removed=_counted(removed),
        masked=dict(sorted(masked.items())),
        evaluation_sha256=_evaluated(recipe, Path(plan.base)),
        overrides=recipe.override,
        overridden=tuple(_overridden(recipe, kept.values())),
        consents=tuple(_consents(recipe, kept.values())),
        packages=packages.versions(packages.needed(recipe)),
        where=plan.where,
        cpu_us=sum(one.cpu_us for one in done),
    )
    (aside / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")
    return manifest


def _done(work: Path, task: int) -> Done:
    return msgspec.json.decode(part(work, task, "done.json").read_bytes(), type=Done)


def _told(entry: Entry) -> Removed:
    line = entry.line
    return Removed(
        id=line.id, source=line.source, at=line.at, step=entry.step, reason=entry.reason, detail=entry.detail
    )


def _refused(plan: Plan) -> Iterator[Removed]:
    """Sources that were not even read: one line for all of it."""
    for one in plan.refused:
        yield Removed(id=f"{one.source}:*", source=one.source, step=one.step, reason=one.reason, detail=one.detail)


def _texts(aside: Path, work: Path, plan: Plan, split_of: dict[str, str]) -> dict[Split, str]:
    """The texts, each in its split, copied as they were written; their hashes."""
    files: dict[str, IO[bytes]] = {split: (aside / SPLIT_FOLDER / f"{split}.jsonl").open("wb") for split in SPLITS}
    hashes: dict[str, Any] = {split: hashlib.sha256() for split in SPLITS}
    written: set[str] = set()
    try:
        for task in range(len(plan.tasks)):
            with part(work, task, "text.jsonl").open("rb") as texts:
                for line in texts:
                    made = msgspec.json.decode(line[: line.index(b',"text":')] + b"}")["id"]
                    split = split_of.get(made)
                    if split is not None and made not in written:
                        written.add(made)
                        files[split].write(line)
                        hashes[split].update(line)
        for file in files.values():
            file.flush()
            os.fsync(file.fileno())
    finally:
        for file in files.values():
            file.close()
    return {split: hashes[split].hexdigest() for split in SPLITS}


def _amount(lines: Iterable[Line]) -> Amount:
    sizes = [one.characters for one in lines]
    return Amount(documents=len(sizes), characters=sum(sizes))


def _counted(removed: Iterable[Removed]) -> tuple[RemovedCount, ...]:
    counts = Counter((one.step, one.reason) for one in removed)
    return tuple(
        RemovedCount(step=step, reason=reason, documents=count) for (step, reason), count in sorted(counts.items())
    )


def _sources(recipe: Recipe, plan: Plan, done: list[Done], kept: Iterable[Line]) -> Iterator[SourceRead]:
    """As they were read: a collection of the library brings its own licence and whom to name."""
    staying = Counter(one.source for one in kept)
    as_read = {shard.source.name: shard.source for task in plan.tasks for shard in task}
    for stated in recipe.source:
        source = as_read.get(stated.name, stated)
        yield SourceRead(
            name=source.name,
            kind=source.kind,
            at=source.at,
            licence=source.licence,
            attribution=source.attribution,
            shards=tuple(shard for one in done for name, shard in one.shards if name == source.name),
            read=sum(one.read.get(source.name, 0) for one in done),
            kept=staying[source.name],
        )


_SAYS: dict[Refusal, tuple[str, ...]] = {
    "licence": ("licence_",),
    "robots": ("robots:",),
    "reservation": ("noai:", "noindex:", "tdm_reservation:"),
    "readers": ("readers:",),
}
"""How what a document says of an override begins."""


def _overridden(recipe: Recipe, kept: Iterable[Line]) -> Iterator[int]:
    marked = [one for one in kept if one.override]
    for one in recipe.override:
        yield sum(
            line.source == one.source and any(said.startswith(_SAYS[one.what]) for said in line.override.split("; "))
            for line in marked
        )


def _consents(recipe: Recipe, kept: Iterable[Line]) -> Iterator[Consented]:
    counts = Counter(one.source for one in kept if one.member)
    for source in recipe.source:
        if source.consent and counts[source.name]:
            yield Consented(
                member=source.consent.member,
                day=source.consent.day,
                source=source.name,
                documents=counts[source.name],
            )


def _evaluated(recipe: Recipe, base: Path) -> dict[str, str]:
    step = next((one for one in recipe.step if isinstance(one, Decontaminate)), None)
    return Evaluations(step, base).sha256 if step else {}


def _placed(aside: Path, manifest: Manifest, builds: Path) -> Path:
    """The finished build takes its name in one step; of one that stands already, the record is brought up to date."""
    builds.mkdir(parents=True, exist_ok=True)
    target = builds / manifest.sha256[:SHORT]
    if target.exists():
        old = aside.with_name("old")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        aside.rename(target)
        shutil.rmtree(old, ignore_errors=True)
    else:
        aside.rename(target)
    if not manifest.documents:
        return target  # it says why nothing is left, and takes nobody's place
    link = builds.parent / f".current-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(builds.name) / target.name)
    link.replace(builds.parent / "current")
    return target

"""A build under way: its plan, and what each task leaves in its folder. A task reads its shards from end to end.

```
work/plan.json                                what is asked, frozen
work/read/00000.{docs,text,sites}.jsonl       of task 0: documents and what was removed, texts, what sites reserve
work/read/00000.keys.npz                      keys by which copies are found
work/read/00000.done.json                     written last: the task is over
work/read/00000.count                         documents so far, for whoever watches
```
"""

from __future__ import annotations

import contextlib
import hashlib
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import msgspec
import numpy as np

from affouage.training.corpus.chain import Chain, Passed
from affouage.training.corpus.document import READ, Draft, Line, Unread
from affouage.training.corpus.manifest import Shard as ShardRead
from affouage.training.corpus.recipe import read_recipe
from affouage.training.corpus.reservations import Site
from affouage.training.corpus.sources.reading import read_shard
from affouage.training.corpus.sources.shard import Context, Shard

PLAN = "plan.json"
READ_AT = -3
STAYS = 1 << 20
"""Place of the step that removed a document which none did."""
_TOLD_EVERY = 100


class RefusedSource(msgspec.Struct, frozen=True):
    source: str
    step: str
    reason: str
    detail: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """``key``: the same for a build of the same sources by the same recipe and software: it can go on. ``tasks``:
    shards of each. ``refused``: sources that are not read at all. ``builds``: folder of the finished
    ones; ``base``: of the recipe."""

    key: str
    name: str
    recipe: str
    today: str
    made_ms: int
    builds: str
    base: str
    tasks: tuple[tuple[Shard, ...], ...]
    refused: tuple[RefusedSource, ...] = ()
    code: str = ""
    where: str = "local"


class Entry(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A document, or something that could not be read, as a task leaves it. ``removed_at``: place of the step that did.

    ``same``, ``like``: whether it has a key of this kind, in the order of the file of keys.
    """

    line: Line
    address: str = ""
    removed_at: int = STAYS
    step: str = ""
    reason: str = ""
    detail: str = ""
    same: bool = False
    like: bool = False
    masked: dict[str, int] = {}


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """``read``: documents of each source. ``cpu_us``: of a processor, by this task."""

    shards: tuple[tuple[str, ShardRead], ...]
    read: dict[str, int]
    cpu_us: int


def read_plan(work: Path) -> Plan:
    return msgspec.json.decode((work / PLAN).read_bytes(), type=Plan)


def part(work: Path, task: int, kind: str) -> Path:
    return work / "read" / f"{task:05d}.{kind}"


def read_task(work: Path, task: int) -> None:
    """Read the shards of a task through the steps. Begun again, it begins from its start. Raises OSError."""
    plan = read_plan(work)
    recipe = read_recipe(plan.recipe)
    context = Context(limits=recipe.limits, today=plan.today)
    chain = Chain(recipe, Path(plan.base))
    before_us = _cpu_us()
    shards: list[tuple[str, ShardRead]] = []
    (work / "read").mkdir(exist_ok=True)
    with _Writer(work, task) as writer:
        for shard in plan.tasks[task]:
            for found in read_shard(shard, context):
                if isinstance(found, Draft):
                    writer.document(found, chain.through(found, shard.source, shard.override))
                elif isinstance(found, Unread):
                    writer.unread(shard.source.name, found)
                else:
                    writer.site(found)
            shards.append((shard.source.name, _identified(shard)))
    done = Done(shards=tuple(shards), read=writer.read, cpu_us=_cpu_us() - before_us)
    part(work, task, "done.json").write_bytes(msgspec.json.encode(done))


class _Writer:
    def __init__(self, work: Path, task: int) -> None:
        self._work, self._task = work, task
        self._encode = msgspec.json.Encoder().encode
        self._same: list[bytes] = []
        self._like: list[np.ndarray[tuple[int], np.dtype[np.uint32]]] = []
        self._count = 0
        self.read: dict[str, int] = {}

    def __enter__(self) -> _Writer:
        with contextlib.ExitStack() as held:
            self._docs, self._texts, self._sites = (
                held.enter_context(part(self._work, self._task, f"{kind}.jsonl").open("wb"))
                for kind in ("docs", "text", "sites")
            )
            self._held = held.pop_all()
        return self

    def __exit__(self, *why: object) -> None:
        self._tell()
        self._held.close()
        if why[0] is None:
            same = np.frombuffer(b"".join(self._same), dtype=np.uint64).reshape(-1, 2)
            like = np.stack(self._like) if self._like else np.empty((0, 0), dtype=np.uint32)
            np.savez(part(self._work, self._task, "keys.npz"), same=same, like=like)

    def document(self, draft: Draft, passed: Passed) -> None:
        entry = Entry(line=passed.line, address=draft.address, masked=passed.keys.masked)
        if passed.keys.same is not None:
            entry.same = True
            self._same.append(passed.keys.same)
        if passed.keys.like is not None:
            entry.like = True
            self._like.append(passed.keys.like)
        if passed.removal is None:
            text = passed.text.encode("utf-8", "replace").decode()
            self._line(self._texts, {"id": passed.line.id, "text": text})
        else:
            entry.removed_at, entry.step, entry.reason, entry.detail = passed.removal
        self._line(self._docs, entry)
        self.read[draft.source] = self.read.get(draft.source, 0) + 1
        self._count += 1
        if self._count % _TOLD_EVERY == 0:
            self._tell()

    def unread(self, source: str, one: Unread) -> None:
        line = Line(id=one.id, source=source, at=one.at, licence="", sha256="", characters=0)
        self._line(self._docs, Entry(line=line, removed_at=READ_AT, step=READ, reason=one.reason, detail=one.detail))

    def site(self, one: Site) -> None:
        self._line(self._sites, one)

    def _line(self, file: IO[bytes], value: object) -> None:
        file.write(self._encode(value) + b"\n")

    def _tell(self) -> None:
        part(self._work, self._task, "count").write_text(str(self._count), encoding="ascii")


def _cpu_us() -> int:
    """Of this process and of the children it waited for (documents of a folder are read by some)."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return round(sum(one.ru_utime + one.ru_stime for one in used) * 1_000_000)


def _identified(shard: Shard) -> ShardRead:
    """The file that was read, by its hash."""
    at = shard.label or shard.collection or shard.path
    if shard.collection or not shard.file.is_file():
        return ShardRead(at=at)
    with shard.file.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    return ShardRead(at=at, bytes=shard.file.stat().st_size, sha256=found)


def entries(work: Path, tasks: int) -> Iterator[tuple[int, Entry]]:
    """(task, entry), in the order of the sources."""
    decode = msgspec.json.Decoder(Entry).decode
    for task in range(tasks):
        with part(work, task, "docs.jsonl").open("rb") as file:
            for line in file:
                yield task, decode(line)

"""From a recipe to a plan: which files there are, fetched where need be, in tasks of a reasonable size."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit

import msgspec

from affouage.errors import BadRequest, NotFound
from affouage.sheets.sheet import MEMBERS, PUBLIC
from affouage.sheets.store import open_store
from affouage.training.corpus.document import CONSENT, LICENCE
from affouage.training.corpus.recipe import Recipe, Source, SourceKind
from affouage.training.corpus.sources.lines import bounded_lines
from affouage.training.corpus.sources.shard import Shard
from affouage.training.corpus.sources.texts import ENDINGS
from affouage.training.corpus.sources.unpack import bare_name, opened
from affouage.training.corpus.work import RefusedSource

OnBytes = Callable[[str, int, int | None], None]
"""Told the file being fetched, bytes done, and in all (None: unknown)."""

MOST_BYTES = 50_000_000_000
"""Of a file that is fetched; the largest shard of The Pile has 16."""
MOST_SEGMENTS = 100_000
COLLECTION = "collection:"
_TASK_BYTES = 8_000_000
"""Small files are read together by one task."""
_ENDINGS: Mapping[SourceKind, tuple[str, ...]] = {
    "warc": (".warc", ".wet"),
    "jsonl": (".jsonl", ".ndjson"),
    "parquet": (".parquet",),
    "text": (*ENDINGS, ".tar"),
    "sheets": (".zip", ".json", ".tgz"),
}


class Sources:
    """Of one recipe, on this machine. ``downloads``: where what is fetched is kept; ``library``: of the commons;
    ``local_hosts``: of a private network, that the settings name and a recipe may therefore have fetched from."""

    def __init__(
        self,
        recipe: Recipe,
        *,
        base: Path,
        downloads: Path,
        library: Path,
        withdrawn: Callable[[str, str], bool],
        local_hosts: Sequence[str] = (),
        on_bytes: OnBytes = lambda _name, _done, _total: None,
    ) -> None:
        self._recipe, self._base, self._downloads, self._library = recipe, base, downloads, library
        self._withdrawn, self._on_bytes = withdrawn, on_bytes
        self._local_hosts = local_hosts
        self.refused: list[RefusedSource] = []

    def shards(self) -> Iterator[Shard]:
        """Raises BadRequest (nothing there), NotFound (no such collection), PullFailed."""
        for source in self._recipe.source:
            if source.consent and self._withdrawn(source.consent.member, source.consent.day):
                self.refused.append(RefusedSource(source.name, CONSENT, "withdrawn", source.consent.member))
            elif source.at.startswith(COLLECTION):
                yield from self._collection(source)
            else:
                yield from self._files(_named(source))

    def _files(self, source: Source) -> Iterator[Shard]:
        found = list(self._segments(source) if source.segments else self._whole(source, source.at))
        if not found:
            raise _nothing(source, f"no file of the kind {source.kind} in it")
        yield from found
        for at in source.robots:
            yield from (msgspec.structs.replace(one, robots=True) for one in self._whole(source, at))

    def _whole(self, source: Source, at: str) -> Iterator[Shard]:
        path = self._local(at)
        if source.kind == "folder":
            if not path.is_dir():
                raise _nothing(source, f"{path} is no folder")
            yield Shard(source=source, label="", path=str(path), mark=_mark_of_folder(path))
        elif path.is_dir():
            for file in sorted(path.rglob("*")):
                hidden = any(piece.startswith(".") for piece in file.relative_to(path).parts)
                if is_of(source.kind, file.name) and file.is_file() and not hidden:
                    yield _shard(source, file.relative_to(path).as_posix(), file)
        elif path.is_file():
            yield _shard(source, _label(at), path)
        else:
            raise _nothing(source, f"there is no {path}")

    def _segments(self, source: Source) -> Iterator[Shard]:
        """A list of files, one a line. Names that climb out of their base are refused."""
        with closing(opened(self._local(source.at), ratio=250, small_bytes=50_000_000)) as stream:
            lines = [(line or b"").decode("utf-8", "replace").strip() for line in bounded_lines(stream, 4_000)]
        wanted = [line for line in lines if line and not line.startswith("#")]
        most = source.most_segments or MOST_SEGMENTS
        for line in wanted[:most]:
            if ".." in PurePosixPath(line).parts:
                raise _nothing(source, f"the list leads out of its base: {line}")
            at = urljoin(source.base, line) if is_address(source.base) else str(Path(source.base) / line)
            yield _shard(source, line, self._local(line if is_address(line) else at))

    def _local(self, at: str) -> Path:
        """A path as it is, within the folder of the recipe; an address fetched once, resumed where it broke off."""
        if not is_address(at):
            return self._base / Path(at).expanduser()
        name = _label(at)
        target = self._downloads / f"{hashlib.sha256(at.encode()).hexdigest()[:8]}-{name}"
        if not target.exists():
            from affouage.outward import Outward
            from affouage.sheets.fetching import fetch  # aiohttp takes a quarter of a second to import

            def told(done: int, total: int | None) -> None:
                self._on_bytes(name, done, total)

            outward = Outward.naming(local_hosts=self._local_hosts)
            asyncio.run(fetch((at,), target, most_bytes=MOST_BYTES, on_bytes=told, outward=outward))
        return target

    def _collection(self, source: Source) -> Iterator[Shard]:
        collection_id = source.at.removeprefix(COLLECTION)
        with open_store(self._library) as store:
            collection = next((one for one in store.collections() if one.id == collection_id), None)
            if collection is None:
                raise NotFound(
                    f"The library has no collection {collection_id}.",
                    remedy="They are all in: affouage sheets list",
                    code="corpus_collection",
                    collection=collection_id,
                )
            known = sorted((name, one.sha256, one.archived) for name, one in store.known(collection_id).items())
        override = self._recipe.override_of(source.name, "readers")
        if not {PUBLIC, MEMBERS} & set(collection.readers) and override is None:
            self.refused.append(RefusedSource(source.name, LICENCE, "readers", ", ".join(collection.readers)))
            return
        stated = source.licence or collection.licence
        yield Shard(
            source=msgspec.structs.replace(source, licence=stated, attribution=source.attribution or collection.source),
            label=collection_id,
            library=str(self._library),
            collection=collection_id,
            override=f"readers: {override.who}" if override else "",
            mark=hashlib.sha256(repr(known).encode()).hexdigest(),
        )


def is_address(at: str) -> bool:
    return at.startswith(("https://", "http://"))


def is_of(kind: SourceKind, name: str) -> bool:
    """Is it a file of that kind, by its name?"""
    return bare_name(name).endswith(_ENDINGS.get(kind, ()))


def kind_of(at: str) -> SourceKind:
    """Of a source, by what it is called and, of a folder, by what is in it. Raises BadRequest."""
    name = urlsplit(at).path if is_address(at) else at
    if at.startswith(COLLECTION) or name.lower().endswith((".zip", ".json", ".json.xz", ".tgz")):
        return "sheets"
    kinds: tuple[SourceKind, ...] = ("warc", "jsonl", "parquet", "text")
    path = Path(at).expanduser()
    if not is_address(at) and path.is_dir():
        names = [one.name for one in sorted(path.rglob("*"))[:1_000] if one.is_file()]
        return next((kind for kind in kinds[:3] if any(is_of(kind, one) for one in names)), "folder")
    found = next((kind for kind in kinds if is_of(kind, Path(name).name)), None)
    if found is None:
        raise BadRequest(
            f"It is not clear what {at} is.",
            remedy="Say it: --kind folder, sheets, warc, jsonl, parquet or text.",
            code="corpus_kind",
            source=at,
        )
    return found


def in_tasks(shards: list[Shard]) -> tuple[tuple[Shard, ...], ...]:
    """Neighbours that are small go together: a task each would cost more than reading them."""
    tasks: list[tuple[Shard, ...]] = []
    size = 0
    for shard in shards:
        bytes_ = shard.file.stat().st_size if shard.path and shard.file.is_file() else _TASK_BYTES
        if tasks and size + bytes_ <= _TASK_BYTES:
            tasks[-1] = (*tasks[-1], shard)
            size += bytes_
        else:
            tasks.append((shard,))
            size = bytes_
    return tuple(tasks)


def _named(source: Source) -> Source:
    """Official sheets may be used by all who name where they come from: that is known."""
    if source.kind != "sheets" or source.attribution:
        return source
    whom = "service-public.fr (DILA)" if source.at.lower().endswith(".zip") else "Ministère du Travail"
    return msgspec.structs.replace(source, attribution=whom)


def _shard(source: Source, label: str, file: Path) -> Shard:
    return Shard(source=source, label=label, path=str(file), mark=_mark(file))


def _mark(file: Path) -> str:
    try:
        found = file.stat()
    except OSError:
        return "missing"
    return f"{found.st_size}.{found.st_mtime_ns}"


def _mark_of_folder(folder: Path) -> str:
    files = sorted(str(one.relative_to(folder)) + _mark(one) for one in folder.rglob("*") if one.is_file())
    return hashlib.sha256("\n".join(files).encode("utf-8", "surrogateescape")).hexdigest()


def _label(at: str) -> str:
    path = urlsplit(at).path if is_address(at) else at
    return PurePosixPath(path).name or "index"


def _nothing(source: Source, why: str) -> BadRequest:
    return BadRequest(
        f"The source {source.name} cannot be read: {why}.",
        remedy="Correct its `at` in the recipe, or its `kind`.",
        code="corpus_source",
        source=source.name,
        why=why,
    )

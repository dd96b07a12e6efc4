"""What a person brought back, taken out of its archive with nothing believed: names, kinds, sizes, fingerprints."""

from __future__ import annotations

import hashlib
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from affouage.errors import BadRequest
from affouage.tars import CarefulTarInfo, HeaderTooLarge
from affouage.training.bundle import manifest as m
from affouage.training.bundle.writing import zstd
from affouage.training.folder import CHECKPOINTS, CORPUS, EVENTS, OUT, SETTINGS

MOST_FILES = 20_000
_RATIO = 200
_KB, _MB, _GB = 10**3, 10**6, 10**9
LIMITS: tuple[tuple[str, int], ...] = (
    (rf"{re.escape(m.MANIFEST)}|{m.SUMS}|{re.escape(m.README)}|{re.escape(m.OFFLINE)}", 64 * _MB),
    (rf"{re.escape(m.JOB)}|{re.escape(m.REPORT)}|{m.PACKAGES}/requirements\.txt", _MB),
    (rf"{m.SOURCE}/affouage(/[a-z0-9_]+)*/[a-z0-9_]+\.(py|toml|txt|json|jsonl)", 4 * _MB),
    (rf"{m.RUN}/{SETTINGS}", _MB),
    (rf"{m.RUN}/{EVENTS}", 2 * _GB),
    (rf"{m.RUN}/base\.gguf", 200 * _GB),
    (rf"{m.RUN}/{CORPUS}/(manifest\.json|documents\.jsonl|splits/(train|held_out|test)\.jsonl)", 200 * _GB),
    (rf"{m.RUN}/{OUT}/([A-Za-z0-9_-][A-Za-z0-9._-]*/)?[A-Za-z0-9_-][A-Za-z0-9._-]*", 200 * _GB),
    (rf"{m.RUN}/{CHECKPOINTS}/(step-[0-9]{{1,12}}/[A-Za-z0-9_-][A-Za-z0-9._-]*|best\.pt)", 400 * _GB),
    (rf"{m.FACTS}/[A-Za-z0-9_-][A-Za-z0-9._-]*", 64 * _MB),
)
"""Every name that may come back, and how large it may be: anything else is refused before it is read."""

_PASSED_OVER = re.compile(
    rf"journal-[A-Za-z0-9._-]*|retour-[A-Za-z0-9._-]*|{m.PACKAGES}/env/.*|{m.RUN}/(tokens/.*|learning\.log)"
    r"|(.*/)?__pycache__(/.*)?|(.*/)?\..*"
)
"""Of a folder that comes back whole: what work leaves behind, which nobody needs."""


def refused(what: str, remedy: str = "", **facts: Any) -> BadRequest:
    return BadRequest(
        f"These results are refused: {what}",
        remedy=remedy or "Gather them again there with `bash rapporter.sh`, and copy the file anew.",
        code="bundle_results",
        what=what,
        **facts,
    )


def take_out(source: Path, aside: Path) -> dict[str, str]:
    """Its files under ``aside``, each with the sha256 of what was read. Raises BadRequest (``bundle_results``)."""
    room = shutil.disk_usage(aside).free
    taker = _Taker(aside, room)
    if source.is_dir():
        for path, file in _walked(source):
            with file.open("rb") as content:
                taker.take(path, file.stat().st_size, content)
    elif source.is_file():
        _from_archive(source, taker)
    else:
        raise refused(f"{source} is not there.", "Give the path of the archive, or of the folder.")
    return taker.taken


class _Taker:
    def __init__(self, aside: Path, room: int) -> None:
        self.taken: dict[str, str] = {}
        self._aside = aside
        self._room = room

    def take(self, path: str, size: int, content: IO[bytes]) -> None:
        limit = next((most for pattern, most in LIMITS if re.fullmatch(pattern, path)), None)
        if limit is None:
            raise refused(f"{path!r:.120} is no file that a run brings back.", path=path[:200])
        if path in self.taken:
            raise refused(f"{path!r:.120} is there twice.", path=path[:200])
        if len(self.taken) >= MOST_FILES:
            raise refused(f"there are more than {MOST_FILES} files.")
        if size > limit:
            raise refused(f"{path!r:.120} is larger than it can be ({size} bytes).", path=path[:200])
        if size > self._room:
            raise refused(
                f"there is no room for {path!r:.120} on this disk.", "Make room, then the same command again."
            )
        there = self._aside / path
        there.parent.mkdir(parents=True, exist_ok=True)
        digest, left = hashlib.sha256(), size
        with there.open("xb") as written:
            while left and (block := content.read(min(left, 1 << 20))):
                digest.update(block)
                written.write(block)
                left -= len(block)
        if left:
            raise refused(f"{path!r:.120} is cut short.", path=path[:200])
        self._room -= size
        self.taken[path] = digest.hexdigest()


def _walked(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if _PASSED_OVER.fullmatch(path):
            continue
        if file.is_symlink():
            raise refused(f"{path!r:.120} is a link.", path=path[:200])
        if file.is_file():
            yield path, file
        elif not file.is_dir():
            raise refused(f"{path!r:.120} is neither a file nor a folder.", path=path[:200])


def _from_archive(source: Path, taker: _Taker) -> None:
    packed_bytes, unpacked_bytes = source.stat().st_size, 0
    try:
        with _uncompressed(source) as stream, tarfile.open(fileobj=stream, mode="r|", tarinfo=CarefulTarInfo) as tar:
            first = ""
            for member in tar:
                path, first = _placed(member.name, first)
                if member.isdir():
                    continue
                if not member.isreg() or member.issparse():
                    raise refused(
                        f"{member.name!r:.120} is a link, a device or a file with holes.", path=member.name[:200]
                    )
                if _PASSED_OVER.fullmatch(path):
                    continue
                unpacked_bytes += member.size
                if unpacked_bytes > 100 * _MB + _RATIO * packed_bytes:  # no text, and no model, packs so well
                    raise refused("it unpacks to far more than it holds.")
                content = tar.extractfile(member)
                assert content is not None, "a regular file has content"
                taker.take(path, member.size, content)
    except HeaderTooLarge:
        raise refused("one of its headers is larger than it can be.") from None
    except _broken_archives() as broken:
        if isinstance(broken, OSError) and broken.errno is not None:
            raise
        raise refused(f"{source.name} is no whole archive ({type(broken).__name__}).") from None


def _placed(name: str, first: str) -> tuple[str, str]:
    """Its path under the archive's own folder, which it may have or not."""
    path = name[2:] if name.startswith("./") else name
    if path in ("", "."):
        return "", first
    if path.startswith("/") or "\\" in path or "\x00" in path or ".." in path.split("/"):
        raise refused(f"{name!r:.120} would be written elsewhere.", path=name[:200])
    head, _, rest = path.partition("/")
    if not first:
        first = head if re.fullmatch(r"(affouage|retour)-[A-Za-z0-9._-]+", head) else "."
    return (rest if head == first else path), first


@contextmanager
def _uncompressed(source: Path) -> Iterator[IO[bytes]]:
    with source.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic == b"\x28\xb5\x2f\xfd":
            with zstd().ZstdDecompressor(max_window_size=1 << 27).stream_reader(raw) as content:
                yield content
        elif magic[:2] == b"\x1f\x8b":
            import gzip

            with gzip.GzipFile(fileobj=raw) as content:
                yield content  # type: ignore[misc]
        else:
            yield raw


def _broken_archives() -> tuple[type[Exception], ...]:
    known = (tarfile.TarError, EOFError, zlib.error, OSError)
    try:
        import zstandard
    except ImportError:
        return known
    return (*known, zstandard.ZstdError)

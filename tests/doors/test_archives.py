"""Every reader of archives, given the tricks of archives: nothing is written outside, nothing bursts, all is refused.

What each reader does with a good archive is its own tests' affair; here stands what none of them may do.
"""

from __future__ import annotations

import contextlib
import gzip
import io
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from affouage.archive import reading
from affouage.assembly.belenios.archive import read_archive as read_belenios
from affouage.errors import AffouageError
from affouage.sheets.dila.reader import read_archive as read_dila
from affouage.sheets.folder.docx import read_docx
from affouage.sheets.folder.odt import read_odt
from affouage.sheets.folder.refusals import CannotRead
from affouage.sheets.labour.reader import read_file as read_labour
from affouage.sheets.unreadable import Unreadable
from affouage.tars import CarefulTarInfo, HeaderTooLarge
from affouage.training.bundle.importing import import_results

pytestmark = pytest.mark.incident("archive-tricks")
MEGABYTE = 1_000_000
SWOLLEN = 120
MEMORY_MOST = 60 * MEGABYTE
"""What a reader may hold of an archive that unpacks to twice as much, or to anything."""
OUTSIDE = "../../dehors.txt"


def tricky(kind: bytes, name: str = "dedans.json", target: str = "", size: int = 0) -> bytes:
    header = tarfile.TarInfo(name)
    header.type, header.linkname, header.size = kind, target, size
    return header.tobuf(tarfile.GNU_FORMAT)


def packed(*pieces: bytes) -> bytes:
    return gzip.compress(b"".join(pieces) + b"\0" * 1024, mtime=0)


def swollen(kind: bytes) -> bytes:
    """A header that says it has 120 MB of name, and has them: 120 kB once packed."""
    raw = io.BytesIO()
    with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as archive:
        archive.write(tricky(kind, "././@LongLink", size=SWOLLEN * MEGABYTE))
        for _ in range(SWOLLEN):
            archive.write(b"a" * MEGABYTE)
    return raw.getvalue()


TARS = {
    "a path that climbs": packed(tricky(tarfile.REGTYPE, OUTSIDE, size=1), b"x".ljust(512, b"\0")),
    "a path from the root": packed(tricky(tarfile.REGTYPE, "/tmp/dehors.json", size=1), b"x".ljust(512, b"\0")),
    "a symbolic link": packed(tricky(tarfile.SYMTYPE, target="/etc/passwd")),
    "a hard link": packed(tricky(tarfile.LNKTYPE, target="/etc/passwd")),
    "a device": packed(tricky(tarfile.CHRTYPE)),
    "a pipe": packed(tricky(tarfile.FIFOTYPE)),
    "a name of 120 MB": swollen(tarfile.GNUTYPE_LONGNAME),
    "attributes of 120 MB": swollen(tarfile.XHDTYPE),
    "a size beyond all": packed(tricky(tarfile.REGTYPE, "dedans.json", size=1 << 40)),
    "nothing whole": packed(b"x" * 700)[:-9],
}


def zipped(name: str, content: bytes = b"x", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", method) as archive:
        archive.writestr(zipfile.ZipInfo(name), content, method)
    return raw.getvalue()


def linked() -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w") as archive:
        link = zipfile.ZipInfo("F1.xml")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return raw.getvalue()


def bomb(name: str) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open(name, "w") as member:
        member.write(b"<a>")
        for _ in range(SWOLLEN):
            member.write(b" " * MEGABYTE)
    return raw.getvalue()


ZIPS = {
    "a path that climbs": zipped(OUTSIDE.replace("txt", "xml")),
    "a path from the root": zipped("/tmp/dehors.xml"),
    "a path of Windows": zipped("..\\..\\dehors.xml"),
    "a symbolic link": linked(),
    "a bomb of XML": bomb("F1.xml"),
    "a bomb of a document": bomb("word/document.xml"),
    "a bomb of a text": bomb("content.xml"),
    "nothing whole": zipped("F1.xml")[:-9],
}


def of_backup(path: Path, _folder: Path) -> None:
    reading.read(path, lambda: "")


def of_results(path: Path, folder: Path) -> None:
    import_results(path, folder)


def of_labour(path: Path, _folder: Path) -> None:
    list(read_labour(path))


def of_dila(path: Path, _folder: Path) -> None:
    list(read_dila(path))


def of_belenios(path: Path, _folder: Path) -> None:
    """Theirs are not packed: what is given is the tar itself, as far as it unpacks at all."""
    with gzip.open(path) as packed_tar, contextlib.suppress(EOFError):
        read_belenios(packed_tar.read(10 * MEGABYTE))


def of_office(path: Path, _folder: Path) -> None:
    for read in (read_docx, read_odt):
        with path.open("rb") as file, contextlib.suppress(CannotRead):
            read(file, 100_000, MEGABYTE)


Reader = Callable[[Path, Path], Any]


@pytest.mark.parametrize("trick", TARS)
@pytest.mark.parametrize("read", [of_backup, of_results, of_labour, of_belenios])
def test_no_tar_does_more_than_be_refused(tmp_path: Path, read: Reader, trick: str) -> None:
    tried(tmp_path, read, TARS[trick], "x.tgz")


@pytest.mark.parametrize("trick", ZIPS)
@pytest.mark.parametrize("read", [of_dila, of_office])
def test_no_zip_does_more_than_be_refused(tmp_path: Path, read: Reader, trick: str) -> None:
    tried(tmp_path, read, ZIPS[trick], "x.zip")


def tried(tmp_path: Path, read: Reader, content: bytes, name: str) -> None:
    """Read it deep in a folder of its own: it is refused or gives nothing, and leaves nothing anywhere."""
    deep, folder = tmp_path / "a" / "b" / "c", tmp_path / "a" / "b" / "d"
    deep.mkdir(parents=True)
    folder.mkdir()
    (deep / name).write_bytes(content)
    tracemalloc.start()
    try:
        read(deep / name, folder)
    except (AffouageError, Unreadable):
        pass
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < MEMORY_MOST
    left = [one.relative_to(tmp_path).as_posix() for one in tmp_path.rglob("*") if one.is_file()]
    assert left == [f"a/b/c/{name}"]
    assert not Path("/tmp/dehors.json").exists()
    assert not Path("/tmp/dehors.xml").exists()


def test_a_header_is_bounded_before_it_is_read() -> None:
    for kind in (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE, tarfile.XGLTYPE):
        raw = io.BytesIO(tricky(kind, size=65_537))
        with pytest.raises(HeaderTooLarge), tarfile.open(fileobj=raw, mode="r|", tarinfo=CarefulTarInfo) as tar:
            tar.next()


def test_every_reader_of_tars_is_careful() -> None:
    """No source opens a tar of others otherwise."""
    import affouage

    careless = []
    for source in Path(affouage.__file__).parent.rglob("*.py"):
        for line in source.read_text(encoding="utf-8").splitlines():
            if "tarfile.open(" in line and 'mode="w' not in line and "CarefulTarInfo" not in line:
                careless.append(f"{source.name}: {line.strip()}")
    assert careless == []

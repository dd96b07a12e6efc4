"""An archive "Comment faire", file by file: its sheets, and those that could not be read with the reason."""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from affouage.sheets.archive import ZIP_LIMITS, Archive, ZipLimits, open_archive, plain_name
from affouage.sheets.dila.guides import SETS_VARIABLES, Guides
from affouage.sheets.dila.publication import read_publication
from affouage.sheets.dila.services import Service, read_service
from affouage.sheets.dila.xml import parse
from affouage.sheets.reading import Read, Refused
from affouage.sheets.unreadable import Unreadable, refused

_ADDRESS = re.compile(rb'spUrl="(https?://[^"<>]*/)F\d+"')
_NAME = re.compile(r"([FR]\d{1,9})\.xml", re.ASCII)


def read_archive(path: Path, limits: ZipLimits = ZIP_LIMITS) -> Iterator[Read | Refused]:
    """Every sheet (F files) of an archive of the DILA, in its order. Forms and services (R) become facts of the sheets
    they go with; the pages that only list sheets (N) are left out.

    Raises Unreadable, at the first step only, when the archive as a whole is none; a bad file is told as Refused.
    """
    with open_archive(path, limits) as archive:
        first = _First()
        yield from first.look(archive)
        for sheet_id, entry in first.sheets.items():
            try:
                root = parse(archive.read(entry))
                found = read_publication(root, sheet_id, first.guides, first.services, first.going_with(sheet_id))
            except Unreadable as why:
                if why.code == "zip_too_large":
                    raise
                yield refused(entry.filename, why, sheet_id)
            else:
                yield Read(sheet=found if found.url else msgspec.structs.replace(found, url=first.address(sheet_id)))


class _First:
    """A first look: which sheets there are, what the guides call their conditions, which forms there are."""

    def __init__(self) -> None:
        self.sheets: dict[str, zipfile.ZipInfo] = {}
        self.guides = Guides()
        self.services: dict[str, Service] = {}
        self._with: dict[str, list[Service]] = {}
        self._before_id: Counter[str] = Counter()

    def look(self, archive: Archive) -> Iterator[Refused]:
        for entry in archive:
            try:
                name = _NAME.fullmatch(plain_name(entry))
            except Unreadable as why:
                yield refused(ascii(entry.filename)[1:200], why)
                continue
            if name is None:
                continue
            try:
                self._file(archive, entry, name[1])
            except Unreadable as why:
                if why.code == "zip_too_large":
                    raise
                if name[1].startswith("R") or why.code == "sheet_twice":  # a sheet is told when it is read
                    yield refused(entry.filename, why)

    def _file(self, archive: Archive, entry: zipfile.ZipInfo, sheet_id: str) -> None:
        if sheet_id.startswith("F"):
            if sheet_id in self.sheets:
                raise Unreadable("sheet_twice", id=sheet_id)
            self.sheets[sheet_id] = entry
        content = archive.read(entry)
        if sheet_id.startswith("R"):
            self._note(read_service(parse(content)))
            return
        if SETS_VARIABLES in content:
            self.guides.add(parse(content))
        if found := _ADDRESS.search(content, 0, 2_000):  # it stands in the root
            self._before_id[found[1].decode("ascii", "replace")] += 1

    def _note(self, service: Service | None) -> None:
        if service is not None:
            self.services[service.id] = service
            for sheet_id in service.sheets:
                self._with.setdefault(sheet_id, []).append(service)

    def going_with(self, sheet_id: str) -> list[Service]:
        return self._with.get(sheet_id, [])

    def address(self, sheet_id: str) -> str:
        """Of a sheet that does not tell its own: built as most of its archive are; "" when none tells."""
        return f"{self._before_id.most_common(1)[0][0]}{sheet_id}" if self._before_id else ""

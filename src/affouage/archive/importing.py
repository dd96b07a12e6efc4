"""Beginning elsewhere with what a collective exported: people as invitations, sheets, cards, and the past to be read.

What cannot come is not made up: rules were decided by members and are decided again, books and log stay those of the
commons that wrote them, in the folder ``imported``, where they are read and verified.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from affouage.archive.aside import folder_aside
from affouage.archive.exporting import FORMAT, Exported, entries
from affouage.archive.manifest import checked_name
from affouage.assembly.accounts import Accounts
from affouage.assembly.member import PERSONS, Role
from affouage.clock import Clock
from affouage.errors import AffouageError, BadRequest, Conflict
from affouage.sheets.sheet import Collection, Sheet
from affouage.sheets.store import Store, open_store
from affouage.storage import Database

_BATCH = 200


class Invited(msgspec.Struct, frozen=True):
    """``path``: of the link by which they choose a password, once."""

    name: str
    role: str
    path: str


class Imported(msgspec.Struct, frozen=True):
    """``refused``: people who could not be invited, and why. ``past``: where the export now stands, to be read."""

    invited: list[Invited]
    refused: list[str]
    sheets: dict[str, int]
    texts: list[str]
    past: str


class _Line(msgspec.Struct):
    sheet: Sheet
    fingerprint: str
    archived_ms: int | None


def read_export(folder: Path) -> Exported:
    """The manifest, every file compared with it. Raises BadRequest ``export_damaged``."""
    try:
        found = msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Exported)
    except (OSError, msgspec.MsgspecError) as refused:
        raise _damaged(f"{folder} has no manifest that can be read") from refused
    if found.format > FORMAT:
        raise BadRequest(
            f"This export was made by a newer affouage ({found.affouage}).",
            remedy="Update affouage, then try again.",
            code="export_newer",
            version=found.affouage,
        )
    told = {checked_name(one.name): one for one in found.files}
    there = {one.name: one for one in entries(folder)}
    wrong = next((name for name in {**told, **there} if told.get(name) != there.get(name)), None)
    if wrong is not None:
        raise _damaged(f"{wrong} is not what was exported")
    return found


def _damaged(what: str) -> BadRequest:
    return BadRequest(
        f"This export is damaged or was changed: {what}.", remedy="Export it again.", code="export_damaged"
    )


def import_all(folder: Path, home: Path, database: Database, clock: Clock) -> Imported:
    """Raises BadRequest ``export_damaged``, Conflict ``home_lived_in``: somebody is on the roll here already."""
    found = read_export(folder)
    accounts = Accounts(database, clock)
    if any(one.role in PERSONS for one in asyncio.run(accounts.members())):
        raise Conflict(
            "Somebody is on the roll here already: an export is a beginning.",
            remedy="Set AFFOUAGE_HOME to a folder that is not there yet.",
            code="home_lived_in",
        )
    past = home / "imported" / str(found.made_ms)
    past.parent.mkdir(mode=0o700, exist_ok=True)
    if not past.exists():
        with folder_aside(past.parent, ".importing-") as aside:
            shutil.copytree(folder, aside / "export").rename(past)
    texts = list(_texts(past, home))
    sheets = dict(_sheets(past, home))
    invited, refused = asyncio.run(_people(past, accounts))  # last: what was invited once is not invited again
    return Imported(invited, refused, sheets, texts, str(past))


def _texts(past: Path, home: Path) -> Iterator[str]:
    names = [one for folder in ("cards", "factors", "sites") for one in sorted((past / folder).glob("*.toml"))]
    for path in [*names, *([past / "machine.toml"] if (past / "machine.toml").exists() else [])]:
        named = path.relative_to(past)
        if not (home / named).exists():
            (home / named).parent.mkdir(exist_ok=True)
            shutil.copyfile(path, home / named)
            yield named.as_posix()


def _sheets(past: Path, home: Path) -> Iterator[tuple[str, int]]:
    folders = sorted((past / "sheets").glob("*/collection.json"))
    if not folders:
        return
    with open_store(home / "sheets") as store:
        for path in folders:
            one = msgspec.json.decode(path.read_bytes(), type=Collection)
            yield one.id, _collection(store, one, path.with_name("sheets.jsonl"))


def _collection(store: Store, one: Collection, lines: Path) -> int:
    store.put_collection(one)
    count, gone = 0, []
    batch: list[tuple[Sheet, str]] = []
    with lines.open("rb") as file:
        for text in file:
            line = msgspec.json.decode(text, type=_Line)
            batch.append((line.sheet, line.fingerprint))
            count += 1
            if line.archived_ms is not None:
                gone.append((line.sheet.id, line.archived_ms))
            if len(batch) >= _BATCH:
                store.save(one.id, batch)
                batch = []
    store.save(one.id, batch)
    for sheet_id, archived_ms in gone:
        store.archive(one.id, [sheet_id], archived_ms)
    if one.imported_ms is not None:
        store.imported(one.id, one.imported_ms, "")
    return count


async def _people(past: Path, accounts: Accounts) -> tuple[list[Invited], list[str]]:
    invited, refused = [], []
    with (past / "members.jsonl").open("rb") as file:
        for text in file:
            one: dict[str, Any] = msgspec.json.decode(text)
            if one.get("erased") or one.get("deactivated_ms") is not None or one["role"] not in PERSONS:
                continue
            try:
                _, link = await accounts.add_member(one["name"], Role(one["role"]), one["language"])
            except AffouageError as wrong:
                refused.append(f"{one['name']}: {wrong.message}")
                continue
            invited.append(Invited(one["name"], one["role"], link.path))
    return invited, refused
